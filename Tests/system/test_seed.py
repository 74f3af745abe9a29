"""The examples of the provider's own page, one after the other, against the local region (Batchport.docc, Provider.md)."""

import secrets

import pytest

from conftest import deployed
from test_bad_input_environments import checked
from test_incidents import fault, limit, region  # noqa: F401 (fixtures)
from test_map import results, submit

ARN = "arn:aws:batch:us-local-1:000000000000:"


def environment(**changes) -> dict:
    return {"name": "seed-" + secrets.token_hex(4), "ioBucket": "batchport-local",
            "jobDefinition": ARN + "job-definition/batchport-runner", "jobQueue": ARN + "job-queue/local",
            "languages": ["python", "shell", "command"], "grants": [{"everyone": True}],
            "limits": {"memory": 2048}} | changes


def person(instance, name: str, role: str, scopes: str):
    """A person with a token and an access key of the local region: API and the key's id."""
    email = f"{name}-{secrets.token_hex(4)}@example.org"
    aws = instance.demo["aws"]
    file = instance.state / "keys" / f"{email}.secret"

    def command(*words: str, stdin: str | None = None) -> str:
        done = instance.command("admin", *words, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip().splitlines()[-1]

    command("add-person", "--email", email, "--name", name, "--role", role, "--password-file", "/dev/stdin",
            stdin="a long " + secrets.token_hex(12))
    file.write_text(aws["secretAccessKey"])
    instance.own(file)
    key = command("add-credential", "--email", email, "--name", "mine", "--region", "us-local-1", "--access-key-id",
                  aws["accessKeyId"], "--secret-file", str(file), "--default")
    file.unlink()
    return instance.api(command("add-token", "--email", email, "--name", "test", "--scopes", scopes)), key


@pytest.fixture(scope="module")
def owner(instance):
    """An admin with an access key of their own."""
    return person(instance, "Ada", "admin", "jobs:read,jobs:submit,environments:read,environments:write")


def made(instance, api, **changes) -> str:
    """An environment, once it was checked."""
    answer = api.post("/environments", environment(**changes))
    assert answer.status_code == 201, answer.text
    found = checked(api, answer.json()["id"])
    assert found["health"]["healthy"], found
    return found["name"]


def property(api, job: str, name: str):
    answer = api.get(f"/jobs/{job}/properties/{name}").json()
    assert answer["name"] == name.rsplit("/", 1)[-1]
    return answer.get("value", answer.get("missing"))


def test_an_environment_is_made_and_a_job_goes_its_way(instance, owner):
    """Create it, submit, query, query again once it has ended, download. ServiceObject is Automatic: the submitter's own."""
    api, key = owner
    name = made(instance, api)
    job = api.submitted(api.job("print(2); open('output/a.txt', 'w').write('out')") | {"environment": name})
    assert property(api, job, "JobStatus") in ("Submitted", "Pending", "Runnable", "Starting", "Running") \
        or property(api, job, "JobInProgressQ") is True
    ended = api.wait(job)
    assert property(api, job, "JobStatus") == "Succeeded" and property(api, job, "JobSucceededQ") is True
    assert property(api, job, "JobFailedQ") is False and property(api, job, "JobInProgressQ") is False
    assert property(api, job, "ProviderJobID") == ended["providerJobID"] and property(api, job, "JobUUID") == job
    assert api.download(job, "a.txt") == b"out"
    assert instance.sql(f"SELECT credential FROM jobs WHERE id = '{job}'") == key


def test_an_environment_with_an_explicit_service_object(instance, owner, api):
    """Whoever submits, the credential that the environment names signs."""
    boss, key = owner
    name = made(instance, boss, serviceObject={"credential": key})
    job = api.wait(api.submitted(api.job("print(1)") | {"environment": name}))
    assert job["displayStatus"] == "Succeeded"
    assert instance.sql(f"SELECT credential FROM jobs WHERE id = '{job['jobUUID']}'") == key


def test_without_a_credential_of_ones_own_automatic_says_so(instance, owner, stranger):
    name = made(instance, owner[0])
    answer = stranger[2].submit(stranger[2].job("print(1)") | {"environment": name})
    assert answer.status_code == 422 and answer.json()["errors"][0]["code"] == "noCredential"


@pytest.fixture(scope="module")
def machine():
    """A local region that pretends to have two GPUs and four cores."""
    with deployed("--set", "local.gpus=2", "--set", "local.cores=4") as made:
        made.sql("UPDATE environments SET max_gpus = 2, max_vcpus = 4, max_memory_mib = 65536 WHERE name = 'local'")
        yield made


def test_an_array_with_gpus(machine):
    """Each child has a GPU reserved for it; the array's output is downloaded as one list."""
    api = machine.api()
    settings = {"gpuCount": 1, "memory": 256}
    job = submit(api, "def f(x): return x * 2", [1, 2, 3, 4], method={"childJobs": 4}, settings=settings)
    ended = api.wait(job, seconds=240)
    assert ended["jobStatus"] == "Succeeded" and ended["providerSettings"]["gpuCount"]["value"] == 1
    assert machine.sql(f"SELECT string_agg(DISTINCT gpus::text, ' ') FROM jobs WHERE parent = '{ended['providerJobID']}'",
                       "batchport_local") == "1"
    assert [item["value"] for item in results(api, job)] == [2, 4, 6, 8]
    more = api.submit(api.job("1", settings={"gpuCount": 3}))
    assert more.json()["errors"][0]["pointer"] == "/settings/gpuCount" and more.json()["errors"][0]["limit"] == 2


def test_four_vcpus(machine):
    """A weight at AWS, and as many parallel workers where the code does not say otherwise."""
    api = machine.api()
    settings = {"vcpuCount": 4, "memory": 512}
    single = api.run("import os; print(os.environ['OMP_NUM_THREADS'])", settings=settings)
    assert single["providerSettings"]["vcpuCount"]["value"] == 4 and api.log(single["jobUUID"]) == "4\n"
    asked = machine.sql(f"SELECT vcpus FROM jobs WHERE id = '{single['providerJobID']}'", "batchport_local")
    assert asked == "4"
    source = "import os, time\ndef f(x):\n    time.sleep(0.2)\n    return os.getpid()"
    array = submit(api, source, list(range(40)), method={"childJobs": 1}, settings=settings)
    assert api.wait(array, seconds=240)["jobStatus"] == "Succeeded"
    assert len({item["value"] for item in results(api, array)}) == 4


def test_automatic_memory_follows_vcpus_and_gpus(machine):
    api = machine.api()
    machine.sql("UPDATE environments SET mib_per_vcpu = 1000, mib_per_gpu = 3000, floor_mib = 600 WHERE name = 'local'")
    for settings, value, term in [
            ({}, 1000, "vcpus"), ({"vcpuCount": 4}, 4000, "vcpus"), ({"vcpuCount": 2, "gpuCount": 1}, 3000, "gpus"),
            ({"gpuCount": 2}, 6000, "gpus")]:
        answer = api.post("/jobs?validateOnly=true", api.job("1", settings=settings)).json()["effective"]["memory"]
        assert (answer["value"], answer["source"], answer["term"]) == (value, "automatic", term), settings


def test_killed_for_memory_then_adjusted(api):
    """Killed at its limit, the job says how much more to give; with that it succeeds."""
    source = "b = bytearray(200_000_000)\nb[::4096] = b'x' * len(b[::4096])\nprint(len(b))"
    killed = api.run(source, settings={"memory": 128})
    assert killed["jobExitCode"] == 137 and killed["verdict"]["cause"] == "outOfMemory", killed["verdict"]
    assert "128 MiB" in killed["verdict"]["text"] and killed["verdict"]["changes"] == {"memory": "256"}
    again = api.get(f"/jobs/{killed['jobUUID']}/submission").json()
    again["settings"]["memory"] = "512 MiB"
    done = api.wait(api.submitted(again))
    assert done["displayStatus"] == "Succeeded" and done["providerSettings"]["memory"]["value"] == 512
    assert api.log(done["jobUUID"]) == "200000000\n"


def test_status_with_its_reason_and_the_console(api):
    job = api.run("print('first'); print('second'); raise SystemExit(4)")
    id = job["jobUUID"]
    assert property(api, id, "JobStatus") == "Failed" and property(api, id, "JobExitCode") == 4
    assert property(api, id, "JobStatusReason") == "Essential container in task exited"
    assert property(api, id, "JobLog") == "first\nsecond\n"
    assert property(api, id, "TimeConstraint") and property(api, id, "ProviderSettings")["memory"]["value"]


def test_an_arrays_children_their_reasons_and_the_first_ones_log(api):
    source = "def f(x):\n    print('saw', x)\n    if x == 2: raise ValueError('no')\n    return x"
    job = submit(api, source, [1, 2, 3], method={"childJobs": 3})
    ended = api.wait(job, seconds=240)
    assert property(api, job, "ChildJobStatuses")["items"] == ["Succeeded", "Failed", "Succeeded"]
    assert property(api, job, "ChildJobExitCodes")["items"] == [0, 1, 0]
    reasons = property(api, job, "ChildJobStatusReasons")["items"]
    assert reasons == ["Essential container in task exited"] * 3
    assert "failed" in property(api, job, "JobStatusReason").lower()
    assert property(api, job, "JobLog")["cause"] == property(api, job, "JobExitCode")["cause"] == "notApplicable"
    child = property(api, job, "ChildJobObjects")["items"][0]
    assert child["providerJobID"] == ended["providerJobID"] + ":0"
    assert api.http.get(api.url.removesuffix("/api/v1") + child["self"], timeout=60).json()["jobStatus"] == "Succeeded"
    first = f"{job}/children/0"
    assert property(api, first, "JobType") == "ArrayChild" and property(api, first, "JobExitCode") == 0
    assert property(api, first, "JobStatusReason") == "Essential container in task exited"
    assert property(api, first, "ProviderJobID") == ended["providerJobID"] + ":0"
    assert property(api, first, "JobLog").splitlines()[-1:] == ["saw 1"]


def test_what_the_evaluation_came_to(api):
    job = api.run("import json, os, time\nsum(range(3_000_000))\nopen(os.environ['BATCHPORT_RESULT'], 'w').write(json.dumps([1]))")
    id = job["jobUUID"]
    data = property(api, id, "EvaluationData")
    assert data["result"] == property(api, id, "EvaluationResult") == [1] and data["exitCode"] == 0
    assert 0 < property(api, id, "EvaluationTiming") and 0 < property(api, id, "EvaluationAbsoluteTiming")
    assert property(api, id, "EvaluationMessagesText") == []
    assert property(api, id, "EvaluationMessagesExpressions")["cause"] == "notApplicable"


def test_metadata_expired_while_the_output_is_still_there(region, instance, api):  # noqa: F811
    """AWS forgets the job; nothing of it is lost here, and its output is where it was."""
    job = api.run("open('output/a.txt', 'w').write('still here'); print('kept')")
    id = job["jobUUID"]
    fault(region, "forget", matching=f"bp-{id}")
    batch = region.client("batch")
    assert batch.describe_jobs(jobs=[job["providerJobID"]])["jobs"] == []
    instance.sql(f"UPDATE jobs SET settled_at = settled_at - interval '2 days', stopped_at = stopped_at - interval '2 days' WHERE id = '{id}'")
    assert property(api, id, "JobStatus") == "Succeeded" and property(api, id, "JobLog") == "kept\n"
    assert api.download(id, "a.txt") == b"still here"
    assert id in [item["jobUUID"] for item in api.get("/jobs", params={"ids": id}).json()["items"]]


def test_a_job_that_was_forgotten_before_its_end_was_seen(region, api, limit):  # noqa: F811
    """What AWS had not told is a missing value with its cause, never an empty one; the three questions are all false."""
    limit("submission.lostSeconds", 3)
    limit("track.graceSeconds", 1)
    job = api.submitted(api.job("import time; time.sleep(600)"))
    provider = api.wait(job, lambda job: job["displayStatus"] == "Running")["providerJobID"]
    fault(region, "vanish", matching=f"bp-{job}")
    assert api.wait(job, seconds=120)["phase"] == "lost"
    for name in ("JobSucceededQ", "JobFailedQ", "JobInProgressQ"):
        assert property(api, job, name) is False, name
    assert property(api, job, "JobExitCode")["cause"] in ("metadataExpired", "lost")
    region.client("batch").terminate_job(jobId=provider, reason="the test is over")

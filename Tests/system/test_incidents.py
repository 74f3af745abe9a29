"""What has happened to others who submit to AWS Batch (trust.md 2c), each tried here with the local region's faults."""

import json
import os
import secrets
import signal
import time

import pytest

from portal import Instance
from region import Region
from processes import pids_of, wait_for


@pytest.fixture
def region(instance: Instance):
    region = Region.of(instance)
    region.instance = instance
    yield region
    order(region, {"clear": True})


def order(region, script: dict):
    """Faults and simulations, as `batchport local order` takes them."""
    instance = region.instance
    call = [str(instance.state / "app/bin/batchport"), "local", "order", "--settings",
            str(instance.state / "settings/local.conf")]
    done = instance.as_service(call, input=json.dumps(script))
    assert done.returncode == 0, done.stderr


def fault(region, kind: str, operation: str = "*", **more):
    order(region, {"faults": [{"kind": kind, "operation": operation, **more}]})


def accepted(region, job: str) -> int:
    """How often AWS has the job: the region's ledger says so, not the portal."""
    return int(region.sql(f"SELECT count(*) FROM jobs WHERE name = 'bp-{job}'"))


@pytest.fixture
def limit(instance):
    """Sets limits of the site for one test."""
    before = {}

    def set(name: str, value: int):
        before.setdefault(name, instance.sql(f"SELECT value FROM limits WHERE name = '{name}'"))
        instance.sql(f"UPDATE limits SET value = {value} WHERE name = '{name}'")

    yield set
    for name, value in before.items():
        instance.sql(f"UPDATE limits SET value = {value} WHERE name = '{name}'")


def test_nextflow_7301_an_id_that_aws_no_longer_knows_is_not_polled_for_ever(region, api, limit):
    limit("submission.lostSeconds", 3)
    limit("track.graceSeconds", 1)
    job = api.submitted(api.job("import time; time.sleep(600)"))
    api.wait(job, lambda job: job["displayStatus"] == "Running")
    fault(region, "vanish", matching=f"bp-{job}")
    lost = api.wait(job, seconds=120)
    assert lost["phase"] == "lost" and lost["displayStatus"] != "Succeeded"
    assert lost["jobExitCode"] is None and lost["missing"]["jobExitCode"]["cause"]
    region.client("batch").terminate_job(
        jobId=region.sql(f"SELECT id FROM jobs WHERE name = 'bp-{job}'"), reason="the test is over")


def test_openneuro_145_what_was_captured_outlives_aws_s_memory(region, api):
    job = api.submitted(api.job("print('kept')"))
    done = api.wait(job)
    fault(region, "forget", matching=f"bp-{job}")
    fault(region, "error", "GetLogEvents", status=400, code="ResourceNotFoundException",
          message="The specified log stream does not exist.", times=1000)
    assert region.client("batch").describe_jobs(
        jobs=[region.sql(f"SELECT id FROM jobs WHERE name = 'bp-{job}'")])["jobs"] == []
    again = api.get(f"/jobs/{job}").json()
    assert (again["displayStatus"], again["jobExitCode"]) == (done["displayStatus"], 0) == ("Succeeded", 0)
    assert api.log(job) == "kept\n"


def test_metaflow_an_empty_answer_right_after_submission_is_not_the_end(region, api, limit):
    limit("submission.lostSeconds", 2)
    limit("track.graceSeconds", 30)
    name = secrets.token_hex(4)
    fault(region, "lag", "DescribeJobs", milliseconds=6000)
    fault(region, "lag", "ListJobs", milliseconds=1000)
    done = api.run(f"print('{name}')")
    assert done["displayStatus"] == "Succeeded" and accepted(region, done["jobUUID"]) == 1


def test_cromwell_5004_near_equal_submissions_each_run_their_own(region, api):
    jobs = {api.submitted(api.job(f"print('sample {number}')")): number for number in range(12)}
    for job, number in jobs.items():
        assert api.wait(job)["displayStatus"] == "Succeeded"
        assert api.log(job) == f"sample {number}\n"


def test_nextflow_2169_an_interruption_leaves_no_orphan(region, instance, api):
    """AWS takes the job, the answer is lost, and the worker dies: the job is found and followed, not left alone."""
    fault(region, "hangAfter", "SubmitJob", milliseconds=60_000, times=1)
    job = api.submitted(api.job("print('ran')"))
    wait_for(lambda: accepted(region, job) == 1)
    for pid in pids_of(instance, "worker"):
        os.kill(pid, signal.SIGKILL)
    done = api.wait(job, seconds=120)
    assert done["displayStatus"] == "Succeeded" and api.log(job) == "ran\n" and accepted(region, job) == 1


def test_airflow_19218_a_redeploy_submits_nothing_twice(region, instance, api):
    """The worker is told to end while AWS's answer is on its way, three times over."""
    fault(region, "delayAfter", "SubmitJob", milliseconds=700, times=6)
    jobs = []
    for _ in range(3):
        jobs += [api.submitted(api.job("print('ran')")) for _ in range(2)]
        wait_for(lambda: accepted(region, jobs[-1]) == 1)
        for pid in pids_of(instance, "worker"):
            os.kill(pid, signal.SIGTERM)
    for job in jobs:
        assert api.wait(job, seconds=120)["displayStatus"] == "Succeeded" and accepted(region, job) == 1


def test_cromwell_4303_throttling_of_every_call_delays_and_loses_nothing(region, api):
    seed = secrets.randbits(31)
    print("seed", seed)
    for operation in ("SubmitJob", "DescribeJobs", "ListJobs", "GetLogEvents"):
        fault(region, "throttle", operation, probability=0.5, seed=seed)
    jobs = [api.submitted(api.job("print('ran')")) for _ in range(15)]
    for job in jobs:
        assert api.wait(job, seconds=180)["displayStatus"] == "Succeeded"
        assert accepted(region, job) == 1 and api.log(job) == "ran\n"
    seen = int(region.sql("SELECT seen FROM faults WHERE operation = 'SubmitJob' ORDER BY id DESC LIMIT 1"))
    assert seen <= 15 * 8, f"{seen} calls for 15 jobs of which half the calls are throttled: a storm"


def test_hyp3_911_an_unknown_error_does_not_stop_the_polling(region, api):
    job = api.submitted(api.job("import time; time.sleep(2); print('ran')"))
    api.wait(job, lambda job: job["displayStatus"] == "Running")
    fault(region, "error", "DescribeJobs", status=400, code="BrandNewException", times=6, message="Never heard of it")
    fault(region, "error", "ListJobs", status=418, code="TeapotException", times=3)
    assert api.wait(job, seconds=120)["displayStatus"] == "Succeeded"
    assert region.sql("SELECT remaining FROM faults WHERE code = 'BrandNewException' ORDER BY id DESC LIMIT 1") < "6"


def test_old_answers_take_nothing_back(region, instance, api):
    """Answers that are repeated and come out of order: no status goes backwards, and the end is the end."""
    fault(region, "stale", "DescribeJobs", probability=0.5, seed=11, milliseconds=3000)
    fault(region, "stale", "ListJobs", probability=0.5, seed=12, milliseconds=3000)
    jobs = [api.submitted(api.job("import time; time.sleep(1)")) for _ in range(6)]
    for job in jobs:
        assert api.wait(job, seconds=120)["displayStatus"] == "Succeeded"
    order_of = ["Submitted", "Pending", "Runnable", "Starting", "Running", "Succeeded"]
    for job in jobs:
        seen = instance.sql(
            f"SELECT status FROM status_changes WHERE job = '{job}' ORDER BY n").splitlines()
        places = [order_of.index(status) for status in seen]
        assert places == sorted(places), seen


@pytest.mark.parametrize("simulation, words", [
    ("spotLoss", "The machine under it went away."), ("outOfMemory", "memory limit"),
    ("outOfMemoryExitZero", "memory limit"), ("cannotPull", "image could not be pulled"),
    ("timeout", "time limit"), ("spotLossBeforeStart", "The machine under it went away."),
])
def test_why_it_died_is_said(region, api, simulation, words):
    """AWS's own words for an end become one sentence, whatever the exit code pretends."""
    fault(region, "attempt", simulation=simulation)
    job = api.wait(api.submitted(api.job("print('never')")))
    assert job["displayStatus"] == "Failed"
    assert words in job["verdict"]["text"], job["verdict"]


def test_a_clock_that_is_an_hour_off_is_learnt(region, api):
    """Either the client signs by AWS's clock after the first refusal, or the job waits; it is never refused for good."""
    fault(region, "skew", milliseconds=3_600_000)
    job = api.submitted(api.job("print('ran')"))
    wait_for(lambda: region.sql("SELECT 1") == "1" and api.get(f"/jobs/{job}").json()["phase"] in ("sent", "queued", "held"))
    time.sleep(2)
    order(region, {"clear": True})
    assert api.wait(job, seconds=120)["displayStatus"] == "Succeeded" and accepted(region, job) == 1
    # And that it is right again is learnt as well.
    assert api.run("print('again')")["displayStatus"] == "Succeeded"

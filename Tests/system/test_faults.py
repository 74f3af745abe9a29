"""Parts of the installation fail; the portal says so, loses nothing and comes back by itself."""

import base64
import contextlib
import os
import pathlib
import secrets
import signal
import subprocess
import sys
import time

import pytest

from processes import pids_of, send, wait_for
from region import Region


# What the region is told to do so that the phase lasts, and how the portal's row shows it.
PHASES = {
    "before upload": ("PutObject", "delay", 1, "phase = 'queued'"),
    "after intent": ("SubmitJob", "hang", 1, "phase = 'sending'"),
    "mid-send": ("SubmitJob", "delay", 1, "phase = 'sending'"),
    "after acceptance": ("DescribeJobs", "delay", 1, "phase = 'sent' AND settled_at IS NULL"),
    "before adoption": ("SubmitJob", "dropAfter", 1, "phase = 'checking'"),
    # The log is also followed while the job runs, so one delayed answer may be used up before its capture.
    "mid-capture": ("GetLogEvents", "delay", 100, "status IN ('Succeeded', 'Failed') AND settled_at IS NULL"),
}


@pytest.mark.parametrize("phase", PHASES)
def test_worker_killed(instance, api, phase):
    """Ten jobs; the worker is killed in the phase of each. Every one runs once, by the region's own record, and settles."""
    operation, kind, times, shown = PHASES[phase]
    kills = tries = 0
    while kills < 10:
        tries += 1
        assert tries <= 40, f"the phase was too short to be seen in {tries - kills} of {tries} jobs"
        instance.sql(
            f"INSERT INTO faults (operation, kind, milliseconds, remaining) VALUES ('{operation}', '{kind}', 1500, {times})",
            "batchport_local")
        id = api.submitted(api.job("print('ran')"))
        where = f"FROM jobs WHERE id = '{id}'"
        wait_for(lambda: instance.sql(f"SELECT {shown} OR settled_at IS NOT NULL {where}") == "t")
        if instance.sql(f"SELECT settled_at IS NULL {where}") == "t":
            kills += 1
            for pid in pids_of(instance, "worker"):
                os.kill(pid, signal.SIGKILL)
        instance.sql("DELETE FROM faults", "batchport_local")
        job = api.wait(id, seconds=120)
        assert job["displayStatus"] == "Succeeded" and api.log(id) == "ran\n"
        assert instance.sql(f"SELECT count(*) FROM jobs WHERE name = 'bp-{id}'", "batchport_local") == "1"


@pytest.mark.parametrize("kind", ["dropBefore", "dropAfter"])
def test_ambiguous_submission(instance, api, kind):
    """The connection breaks before or after AWS has taken the job: it is looked up by name, and runs once."""
    instance.sql(f"INSERT INTO faults (operation, kind, milliseconds, remaining) VALUES ('SubmitJob', '{kind}', 0, 1)", "batchport_local")
    id = api.submitted(api.job("print('ran')"))
    api.wait(id, lambda job: job["phase"] == "checking", seconds=30)
    job = api.wait(id, seconds=150)
    assert job["displayStatus"] == "Succeeded"
    assert instance.sql(f"SELECT count(*) FROM jobs WHERE name = 'bp-{id}'", "batchport_local") == "1"


def test_database_stopped(instance, api):
    """503 with Retry-After while it is away; everything as before once it is back."""
    id = api.submitted(api.job("import time; time.sleep(3); print('ran')"))
    postmaster = int((instance.state / "pg/postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGINT)
    answers = []
    wait_for(lambda: answers.append(api.get("/me")) or answers[-1].status_code == 503, 20)
    assert answers[-1].headers["Retry-After"] and answers[-1].headers["Content-Type"] == "application/problem+json"
    wait_for(lambda: api.get("/me").status_code == 200, 30)
    assert api.wait(id)["displayStatus"] == "Succeeded" and api.log(id) == "ran\n"


def test_region_stopped_in_mid_job(instance, api):
    """The host is lost, as AWS would say it; the portal's page and API go on."""
    id = api.submitted(api.job("print('started', flush=True)\nimport time; time.sleep(60)"))
    api.wait(id, lambda job: job["displayStatus"] == "Running")
    for pid in pids_of(instance, "local"):
        send(pid, signal.SIGKILL)
    assert api.get(f"/jobs/{id}").status_code == 200
    job = api.wait(id, seconds=120)
    assert job["displayStatus"] == "Failed" and job["jobExitCode"] is None
    assert job["jobStatusReason"].startswith("Host EC2 (instance i-")
    assert job["missing"]["jobExitCode"]["cause"]


@contextlib.contextmanager
def small_disk(folder: pathlib.Path, size: str):
    """What is written to the folder meanwhile has so much room and no more."""
    owner = folder.stat()
    names = [entry.name for entry in folder.iterdir() if entry.is_dir()]
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700,uid={owner.st_uid},gid={owner.st_gid}", "tmpfs", folder],
                   check=True)
    try:
        for name in names:
            (folder / name).mkdir(0o700)
            os.chown(folder / name, owner.st_uid, owner.st_gid)
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_disk_full_in_the_local_region(instance, api):
    """Objects that find no room are refused and leave nothing; a job waits for the room, says why, and runs once."""
    if os.getuid() != 0:
        return  # Nobody else may mount anything.
    data = os.urandom(600 << 10)
    s3, bucket = Region.of(instance).client("s3"), "full-" + secrets.token_hex(6)
    s3.create_bucket(Bucket=bucket)
    with small_disk(instance.state / "region/objects", "256k"):
        with pytest.raises(s3.exceptions.ClientError) as refused:
            s3.put_object(Bucket=bucket, Key="x", Body=data)
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 507
        assert "disk is full" in str(refused.value)
        with pytest.raises(s3.exceptions.ClientError):
            s3.head_object(Bucket=bucket, Key="x")
        assert list((instance.state / "region/objects/incoming").iterdir()) == []
        id = api.submitted(api.job("print(len(open('x', 'rb').read()))",
                                   inputFiles={"x": {"base64": base64.b64encode(data).decode()}}))
        job = api.wait(id, lambda job: job["phaseReason"], seconds=60)
        assert job["phase"] in ("queued", "held") and "disk is full" in job["phaseReason"], job
        assert "disk is full" in instance.signed_in().get(f"/jobs/{id}").text
    job = api.wait(id, seconds=150)
    assert job["displayStatus"] == "Succeeded" and api.log(id) == f"{len(data)}\n"
    assert instance.sql(f"SELECT count(*) FROM jobs WHERE name = 'bp-{id}'", "batchport_local") == "1"


def test_web_restarted_under_load(instance, api):
    """Thirty restarts while requests run: none fails."""
    load = subprocess.Popen(
        [sys.executable, "-c", """
import sys, time, threading, requests
url, token, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
bad, count, end = [], [0], time.monotonic() + seconds
def ask():
    with requests.Session() as http:
        http.headers['Authorization'] = 'Bearer ' + token
        while time.monotonic() < end:
            answer = http.get(url + '/api/v1/me', timeout=30)
            count[0] += 1
            if answer.status_code != 200: bad.append(answer.status_code)
threads = [threading.Thread(target=ask) for _ in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
print(count[0], len(bad), bad[:5])
""", instance.url, instance.demo["token"], "12"], stdout=subprocess.PIPE, text=True)
    supervisor = min(pids_of(instance, "web"))
    for _ in range(30):
        os.kill(supervisor, signal.SIGHUP)
        time.sleep(0.35)
    count, bad, _ = load.communicate(timeout=60)[0].split(" ", 2)
    assert int(count) > 500 and int(bad) == 0


def test_credential_that_aws_refuses_and_bucket_that_is_not_there(instance, api):
    done = instance.command(
        "admin", "add-credential", "--email", instance.demo["member"]["email"], "--name", "refused", "--region",
        instance.demo["aws"]["region"], "--access-key-id", "AKIAIOSFODNN7EXAMPLE", "--secret-file", "/dev/stdin", stdin="x" * 40)
    assert done.returncode == 0, done.stderr
    wait_for(lambda: instance.sql("SELECT health FROM credentials WHERE name = 'refused' AND deleted_at IS NULL") == "refused")
    page = instance.signed_in().get("/credentials").text
    assert "Refused" in page and "x" * 40 not in page


def test_bucket_that_does_not_exist(instance, api):
    """The check says so before anybody submits; a job sent there all the same is not sent to AWS and says why."""
    name = "no-bucket-" + secrets.token_hex(3)
    done = instance.command(
        "admin", "add-environment", "--name", name, "--bucket", "there-is-no-such-bucket", "--credential", "local region",
        "--owner", instance.demo["member"]["email"])
    assert done.returncode == 0, done.stderr
    wait_for(lambda: instance.sql(f"SELECT checked_at IS NOT NULL FROM environments WHERE name = '{name}'") == "t")
    page = instance.signed_in().get(f"/environments/{done.stdout.strip()}").text
    assert "there-is-no-such-bucket" in page and "does not exist" in page
    id = api.submitted(api.job("1") | {"environment": name})
    job = api.wait(id, lambda job: job["phase"] in ("held", "refused"), seconds=60)
    assert "bucket" in job["phaseReason"].lower(), job["phaseReason"]
    assert instance.sql(f"SELECT count(*) FROM jobs WHERE name = 'bp-{id}'", "batchport_local") == "0"

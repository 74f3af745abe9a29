"""A session with AWS's own command line against the local region, over HTTP and over TLS."""

import json
import os
import pathlib
import secrets
import subprocess
import sys
import time

import pytest
import requests

from region import REGION, SCHEMES, Region

EXTERNAL_ID, PORTAL = "batchport-local-external-id", "arn:aws:iam::000000000000:role/batchport-portal"


class CommandLine:
    """`aws`, knowing nothing but what it is given."""

    def __init__(self, region: Region, folder: pathlib.Path, keys: dict[str, str]):
        self.folder = folder
        config = folder / "config"
        # Otherwise version 1 makes links of Signature Version 2.
        config.write_text("[default]\ns3 =\n  signature_version = s3v4\n  multipart_threshold = 8MB\n")
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "AWS_CONFIG_FILE": str(config),
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
            "AWS_ENDPOINT_URL": region.endpoint, "AWS_CA_BUNDLE": region.ca, "AWS_DEFAULT_REGION": REGION,
            "AWS_DEFAULT_OUTPUT": "json", "AWS_PAGER": "", **keys}

    def run(self, *words: str) -> subprocess.CompletedProcess:
        program = pathlib.Path(sys.executable).with_name("aws")
        return subprocess.run(
            [str(program), *words], env=self.environment, cwd=self.folder, text=True, capture_output=True)

    def __call__(self, *words: str):
        """What it prints: JSON as a value, anything else as text."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else done.stdout

    def refused(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode in (1, 254, 255), done
        return done.stderr


@pytest.fixture(params=SCHEMES)
def region(request):
    return Region.asked(request)


@pytest.fixture
def aws(region, tmp_path):
    user = region.users["first"]
    return CommandLine(region, tmp_path, {
        "AWS_ACCESS_KEY_ID": user["accessKeyId"], "AWS_SECRET_ACCESS_KEY": user["secretAccessKey"]})


def test_files(region, aws, tmp_path):
    bucket = "s3://cli-" + secrets.token_hex(6)
    aws("s3", "mb", bucket)
    large = os.urandom(20 << 20)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/large").write_bytes(large)
    (tmp_path / "in/a b+c ü.txt").write_text("small")
    # S3 dates objects by whole seconds, and sync sends again what is younger by less than one.
    for file in (tmp_path / "in").iterdir():
        os.utime(file, (time.time() - 10, time.time() - 10))
    aws("s3", "cp", "--recursive", "in", bucket + "/x", "--no-progress")
    listed = aws("s3", "ls", "--recursive", bucket).split("\n")
    assert [line.split(maxsplit=3)[2:] for line in listed if line] == [["5", "x/a b+c ü.txt"], ["20971520", "x/large"]]
    # In parts of 8 MiB up, in ranges down.
    assert aws("s3api", "head-object", "--bucket", bucket[5:], "--key", "x/large")["ETag"].endswith('-3"')
    aws("s3", "cp", bucket + "/x/large", "back", "--no-progress")
    assert (tmp_path / "back").read_bytes() == large
    part = aws("s3api", "get-object", "--bucket", bucket[5:], "--key", "x/large", "--range", "bytes=5-9", "part")
    assert part["ContentRange"] == "bytes 5-9/20971520" and (tmp_path / "part").read_bytes() == large[5:10]
    (tmp_path / "in/new").write_text("new")
    uploads = aws("s3", "sync", "in", bucket + "/x", "--no-progress").splitlines()
    assert len(uploads) == 1 and uploads[0].startswith("upload: in/new to ")
    link = aws("s3", "presign", bucket + "/x/new", "--expires-in", "60").strip()
    assert requests.get(link).text == "new"
    assert "NoSuchKey" in aws.refused("s3api", "get-object", "--bucket", bucket[5:], "--key", "none", "none")
    assert "BucketNotEmpty" in aws.refused("s3", "rb", bucket)
    aws("s3", "rm", "--recursive", bucket)
    aws("s3", "rb", bucket)
    assert "NoSuchBucket" in aws.refused("s3", "ls", bucket)


def wait(aws, job: str, wanted: set[str]) -> dict:
    end = time.monotonic() + 120
    while True:
        [found] = aws("batch", "describe-jobs", "--jobs", job)["jobs"]
        if found["status"] in wanted:
            return found
        assert time.monotonic() < end, found


def test_jobs_and_their_logs(region, aws):
    name = "cli-" + secrets.token_hex(6)
    needs = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "64"}]
    container = {"image": "busybox", "command": ["sh", "-c", "echo Ref::word"], "resourceRequirements": needs}
    made = aws("batch", "register-job-definition", "--job-definition-name", name, "--type", "container",
               "--container-properties", json.dumps(container), "--tags", "team=lab")
    assert made["revision"] == 1
    [definition] = aws("batch", "describe-job-definitions", "--job-definition-name", name)["jobDefinitions"]
    assert definition["status"] == "ACTIVE"
    assert aws("batch", "list-tags-for-resource", "--resource-arn", made["jobDefinitionArn"])["tags"] == {"team": "lab"}
    said = json.dumps({"command": ["sh", "-c", "echo said; echo again"]})
    job = aws("batch", "submit-job", "--job-name", name, "--job-queue", "local", "--job-definition", name,
              "--container-overrides", said, "--retry-strategy", "attempts=2")["jobId"]
    ended = wait(aws, job, {"SUCCEEDED", "FAILED"})
    assert ended["status"] == "SUCCEEDED" and ended["container"]["exitCode"] == 0
    stream = ended["container"]["logStreamName"]
    events = aws("logs", "get-log-events", "--log-group-name", "/aws/batch/job", "--log-stream-name", stream,
                 "--start-from-head")["events"]
    assert [event["message"] for event in events] == ["said", "again"]
    found = aws("logs", "filter-log-events", "--log-group-name", "/aws/batch/job", "--log-stream-names", stream,
                "--filter-pattern", "again")["events"]
    assert [event["message"] for event in found] == ["again"]
    streams = aws("logs", "describe-log-streams", "--log-group-name", "/aws/batch/job",
                  "--log-stream-name-prefix", stream)["logStreams"]
    assert [item["logStreamName"] for item in streams] == [stream]
    # A job that runs until it is ended.
    held = json.dumps({"environment": [{"name": "BATCHPORT_SIMULATION", "value": "held"}]})
    kept = aws("batch", "submit-job", "--job-name", name + "-held", "--job-queue", "local", "--job-definition", name,
               "--container-overrides", held)["jobId"]
    wait(aws, kept, {"RUNNING"})
    running = aws("batch", "list-jobs", "--job-queue", "local", "--max-items", "100")["jobSummaryList"]
    assert kept in [item["jobId"] for item in running]
    filters = json.dumps([{"name": "JOB_NAME", "values": [name + "*"]}])
    both = aws("batch", "list-jobs", "--job-queue", "local", "--filters", filters)["jobSummaryList"]
    assert [item["jobId"] for item in both] == [kept, job]
    aws("batch", "cancel-job", "--job-id", kept, "--reason", "has no effect")
    aws("batch", "terminate-job", "--job-id", kept, "--reason", "enough")
    ended = wait(aws, kept, {"FAILED"})
    assert ended["statusReason"] == "enough" and ended["isTerminated"]
    array = aws("batch", "submit-job", "--job-name", name + "-array", "--job-queue", "local", "--job-definition", name,
                "--array-properties", "size=2", "--container-overrides", said)["jobId"]
    assert wait(aws, array, {"SUCCEEDED", "FAILED"})["arrayProperties"]["statusSummary"]["SUCCEEDED"] == 2
    children = aws("batch", "list-jobs", "--array-job-id", array, "--job-status", "SUCCEEDED")["jobSummaryList"]
    assert sorted(item["jobId"] for item in children) == [array + ":0", array + ":1"]
    aws("batch", "deregister-job-definition", "--job-definition", name + ":1")
    assert "ClientException" in aws.refused(
        "batch", "submit-job", "--job-name", name, "--job-queue", "local", "--job-definition", name)


def test_what_is_there(aws):
    assert aws("batch", "describe-job-queues", "--job-queues", "local")["jobQueues"][0]["state"] == "ENABLED"
    environments = aws("batch", "describe-compute-environments")["computeEnvironments"]
    assert "batchport-local" in [item["computeEnvironmentName"] for item in environments]
    assert "frontOfQueue" in aws("batch", "get-job-queue-snapshot", "--job-queue", "local")
    [stack] = aws("cloudformation", "describe-stacks", "--stack-name", "batchport-local")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert "ValidationError" in aws.refused("cloudformation", "describe-stacks", "--stack-name", "none")


def test_becoming_a_role(region, aws, tmp_path):
    assert aws("sts", "get-caller-identity")["Arn"].endswith(":user/first")
    words = ["sts", "assume-role", "--role-arn", PORTAL, "--role-session-name", "cli"]
    assert "(AccessDenied)" in aws.refused(*words)
    assert "(ValidationError)" in aws.refused(*words, "--external-id", EXTERNAL_ID, "--duration-seconds", "3601")
    keys = aws(*words, "--external-id", EXTERNAL_ID)["Credentials"]
    portal = CommandLine(region, tmp_path, {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"]})
    assert portal("sts", "get-caller-identity")["Arn"].endswith(":assumed-role/batchport-portal/cli")
    (tmp_path / "file").write_text("by a role")
    portal("s3", "cp", "file", "s3://batchport-local/batchport/cli", "--no-progress")
    portal("s3", "rm", "s3://batchport-local/batchport/cli")
    assert "is not authorized to perform: s3:ListAllMyBuckets" in portal.refused("s3", "ls")
    assert "(AccessDeniedException)" in portal.refused(
        "batch", "deregister-job-definition", "--job-definition", "plain:1")

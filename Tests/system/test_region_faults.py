"""The local region's faults as boto3, an independent client, meets them."""

import datetime
import email.utils
import secrets
import threading
import time

import botocore.config
import botocore.exceptions
import pytest

from region import SCHEMES, Region
from region_requests import refused

DROPPED = (botocore.exceptions.ConnectionClosedError, botocore.exceptions.EndpointConnectionError)

# Of what has nothing to do with the way there, and takes its time.
once = pytest.mark.parametrize("region", ["http"], indirect=True)


@pytest.fixture(params=SCHEMES)
def region(request):
    region = Region.asked(request)
    yield region
    region.sql("UPDATE faults SET remaining = 0 WHERE remaining IS DISTINCT FROM 0")


@pytest.fixture
def batch(region):
    return region.client("batch")


def submit(batch, name=None, **more):
    return batch.submit_job(
        jobName=name or "fault-" + secrets.token_hex(6), jobQueue="local", jobDefinition="plain", **more)


def accepted(region, name) -> int:
    return int(region.sql(f"SELECT count(*) FROM jobs WHERE name = '{name}'"))


def order(region, **columns):
    values = ", ".join("NULL" if value is None else f"'{value}'" for value in columns.values())
    region.sql(f"INSERT INTO faults ({', '.join(columns)}) VALUES ({values})")


@pytest.mark.parametrize("kind, is_done", [("errorAfter", True), ("error", False)])
def test_a_server_error_before_or_after_acceptance(region, batch, kind, is_done):
    order(region, operation="SubmitJob", kind=kind, status=500, code="ServerException")
    name = "fault-" + secrets.token_hex(6)
    assert refused(submit, batch, name) == ("ServerException", 500)
    assert accepted(region, name) == is_done


@pytest.mark.parametrize("kind, is_done", [("dropAfter", True), ("dropBefore", False)])
def test_a_dropped_connection(region, batch, kind, is_done):
    order(region, operation="SubmitJob", kind=kind)
    name = "fault-" + secrets.token_hex(6)
    with pytest.raises(DROPPED):
        submit(batch, name)
    assert accepted(region, name) == is_done


@pytest.mark.parametrize("kind, is_done", [("hangAfter", True), ("hang", False)])
def test_no_answer(region, kind, is_done):
    impatient = region.client("batch", config=botocore.config.Config(read_timeout=0.5, retries={"max_attempts": 0}))
    order(region, operation="SubmitJob", kind=kind, milliseconds=60_000)
    name = "fault-" + secrets.token_hex(6)
    with pytest.raises(botocore.exceptions.ReadTimeoutError):
        submit(impatient, name)
    assert accepted(region, name) == is_done


@pytest.mark.parametrize("service, call, expected", [
    ("batch", lambda c: c.describe_jobs(jobs=["x"]), ("TooManyRequestsException", 429)),
    ("logs", lambda c: c.get_log_events(logGroupName="g", logStreamName="s"), ("ThrottlingException", 400)),
    ("s3", lambda c: c.list_buckets(), ("SlowDown", 503)),
    ("sts", lambda c: c.get_caller_identity(), ("Throttling", 400)),
])
def test_throttling_and_sessions_end_in_each_services_words(region, service, call, expected):
    client = region.client(service)
    order(region, operation="*", kind="throttle")
    assert refused(call, client) == expected
    order(region, operation="*", kind="expiredToken")
    assert refused(call, client)[0] in ("ExpiredToken", "ExpiredTokenException")


def test_boto3_retries_throttled_calls_until_they_pass(region):
    """Standard mode knows the code: AWS's own client agrees that this is a throttle."""
    patient = region.client("batch", config=botocore.config.Config(retries={"mode": "standard", "total_max_attempts": 3}))
    order(region, operation="DescribeJobs", kind="throttle", remaining=2)
    assert patient.describe_jobs(jobs=["x"])["ResponseMetadata"]["RetryAttempts"] == 2


def test_the_clock_is_wrong(region, batch):
    """Whoever signs by the true time is refused, and the Date header says how wrong the region's is."""
    order(region, operation="*", kind="skew", milliseconds=3_600_000, remaining=None)
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        batch.describe_jobs(jobs=["x"])
    answer = raised.value.response
    assert answer["Error"]["Code"] == "InvalidSignatureException" and "expired" in answer["Error"]["Message"]
    shown = email.utils.parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    ahead = shown - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(minutes=59) < ahead < datetime.timedelta(minutes=61)
    region.sql("UPDATE faults SET remaining = 0 WHERE kind = 'skew'")
    assert batch.describe_jobs(jobs=["x"])["jobs"] == []


@once
def test_answers_overtake_each_other(region, batch):
    """A delayed answer was made before what a later request sees, and comes after it."""
    held = {"environment": [{"name": "BATCHPORT_SIMULATION", "value": "held"}]}
    id = submit(batch, containerOverrides=held)["jobId"]
    order(region, operation="DescribeJobs", kind="delayAfter", milliseconds=5000)
    late = []
    other = region.client("batch")
    thread = threading.Thread(target=lambda: late.append(other.describe_jobs(jobs=[id])["jobs"][0]["status"]))
    thread.start()
    deadline = time.monotonic() + 10
    while region.sql("SELECT count(*) FROM faults WHERE kind = 'delayAfter' AND remaining = 1") != "0":
        assert time.monotonic() < deadline
    batch.terminate_job(jobId=id, reason="over")
    while batch.describe_jobs(jobs=[id])["jobs"][0]["status"] != "FAILED":
        assert time.monotonic() < deadline
    assert not late
    thread.join()
    assert late[0] != "FAILED"


@once
def test_what_is_remembered_of_jobs(region, batch):
    name = "fault-" + secrets.token_hex(6)
    order(region, operation="DescribeJobs", kind="lag", milliseconds=3_600_000, matching=name, remaining=None)
    order(region, operation="ListJobs", kind="lag", milliseconds=3_600_000, matching=name, remaining=None)
    id = submit(batch, name)["jobId"]
    filters = [{"name": "JOB_NAME", "values": [name]}]
    assert batch.describe_jobs(jobs=[id])["jobs"] == []
    assert batch.list_jobs(jobQueue="local", filters=filters)["jobSummaryList"] == []
    region.sql("UPDATE faults SET remaining = 0 WHERE kind = 'lag'")
    assert [job["jobId"] for job in batch.list_jobs(jobQueue="local", filters=filters)["jobSummaryList"]] == [id]
    assert batch.describe_jobs(jobs=[id])["jobs"][0]["jobName"] == name


@once
def test_the_ledger_tells_what_an_answer_met(region, batch):
    order(region, operation="SubmitJob", kind="dropAfter")
    name = "fault-" + secrets.token_hex(6)
    with pytest.raises(DROPPED):
        submit(batch, name)
    assert region.sql(
        "SELECT t.kind FROM jobs JOIN faults_taken AS t USING (request_id) "
        f"WHERE name = '{name}'") == "dropAfter"

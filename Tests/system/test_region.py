"""The local region against boto3, an independent client: who one is, every way to be refused, and faults."""

import datetime
import secrets

import botocore.config
import botocore.exceptions
import pytest
import requests

from region import REGION, region  # noqa: F401 (fixtures)
from region_requests import code_of, refused, send, signed
from region_s3 import bucket, s3  # noqa: F401 (fixtures)


# Who am I


def test_caller_identity(region):
    first = region.client("sts").get_caller_identity()
    assert first["Account"] == "000000000000"
    assert first["Arn"] == "arn:aws:iam::000000000000:user/first"
    second = region.client("sts", "second").get_caller_identity()
    assert second["Arn"].endswith("user/second") and second["UserId"] != first["UserId"]


def test_the_stack_of_the_environment_that_stands_here(region):
    cloudformation = region.client("cloudformation")
    stack = cloudformation.describe_stacks(StackName="batchport-local")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}
    batch = region.client("batch")
    queue = batch.describe_job_queues(jobQueues=[outputs["jobQueue"]])["jobQueues"]
    definition = batch.describe_job_definitions(jobDefinitions=[outputs["jobDefinition"]])["jobDefinitions"]
    assert [q["state"] for q in queue] == ["ENABLED"] and definition[0]["tags"] == {"batchport:runner": "1"}
    assert region.client("s3").head_bucket(Bucket=outputs["ioBucket"])
    assert cloudformation.describe_stacks(StackName=stack["StackId"])["Stacks"][0] == stack
    assert refused(cloudformation.describe_stacks, StackName="other") == ("ValidationError", 400)
    assert refused(cloudformation.list_stacks) == ("InvalidAction", 400)


def test_status_page_says_it_is_not_aws(region):
    page = requests.get(region.endpoint + "/")
    assert page.status_code == 200 and page.headers["content-type"].startswith("text/plain")
    assert "not AWS" in page.text


@pytest.mark.parametrize("service, call, bad_secret, bad_key", [
    ("sts", lambda c: c.get_caller_identity(), "SignatureDoesNotMatch", "InvalidClientTokenId"),
    ("cloudformation", lambda c: c.describe_stacks(), "SignatureDoesNotMatch", "InvalidClientTokenId"),
    ("s3", lambda c: c.list_buckets(), "SignatureDoesNotMatch", "InvalidAccessKeyId"),
    ("batch", lambda c: c.describe_jobs(jobs=["x"]), "InvalidSignatureException", "UnrecognizedClientException"),
    ("logs", lambda c: c.get_log_events(logGroupName="g", logStreamName="s"), "InvalidSignatureException",
     "UnrecognizedClientException"),
])
def test_wrong_keys(region, service, call, bad_secret, bad_key):
    status = 400 if service == "logs" else 403
    assert refused(call, region.client(service, aws_secret_access_key="wrong")) == (bad_secret, status)
    assert refused(call, region.client(service, aws_access_key_id="AKIA" + "Z" * 16)) == (bad_key, status)
    assert refused(call, region.client(service, aws_session_token="none needed"))[0] in (bad_key, "InvalidToken")


def test_session_tokens(region):
    key, secret, token = "ASIA" + secrets.token_hex(8).upper(), secrets.token_hex(20), "/+=" + secrets.token_hex(600)
    region.sql(
        "INSERT INTO access_keys (id, secret, session_token, principal, expires_at) "
        f"VALUES ('{key}', '{secret}', '{token}', 'assumed-role/batchport-job/one', now() + interval '1 hour')")
    keys = {"aws_access_key_id": key, "aws_secret_access_key": secret}
    answer = region.client("sts", **keys, aws_session_token=token).get_caller_identity()
    assert answer["Arn"] == "arn:aws:sts::000000000000:assumed-role/batchport-job/one"
    assert answer["UserId"].startswith("AROA") and answer["UserId"].endswith(":one")
    s3 = region.client("s3", **keys, aws_session_token=token)
    s3.put_object(Bucket="batchport-local", Key="by/token", Body=b"t")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "batchport-local", "Key": "by/token"})
    assert requests.get(url).content == b"t"
    assert refused(region.client("s3", **keys).get_object, Bucket="batchport-local", Key="by/token") == (
        "InvalidToken", 400)
    assert refused(region.client("sts", **keys, aws_session_token="x").get_caller_identity)[0] == "InvalidClientTokenId"
    region.sql(f"UPDATE access_keys SET expires_at = now() - interval '1 second' WHERE id = '{key}'")
    assert refused(s3.get_object, Bucket="batchport-local", Key="by/token") == ("ExpiredToken", 400)
    assert code_of(requests.get(url)) == "ExpiredToken"
    assert refused(region.client("batch", **keys, aws_session_token=token).describe_jobs, jobs=["x"]) == (
        "ExpiredTokenException", 403)


def test_unsigned_requests_are_refused(region):
    assert code_of(requests.get(region.endpoint + "/batchport-local/x")) == "AccessDenied"
    assert code_of(requests.put(region.endpoint + "/batchport-local/x", data=b"x")) == "AccessDenied"
    batch = requests.post(region.endpoint + "/v1/submitjob", json={})
    assert batch.status_code == 403 and batch.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    logs = requests.post(region.endpoint + "/", json={}, headers={"X-Amz-Target": "Logs_20140328.GetLogEvents"})
    assert logs.status_code == 400 and logs.json()["__type"] == "MissingAuthenticationTokenException"


def test_clock_skew_scope_and_unsigned_headers(region):
    now = datetime.datetime.now(datetime.timezone.utc)
    for shift in (-16, 16):
        late = send(signed(region, "GET", "/", now=now + datetime.timedelta(minutes=shift)))
        assert (late.status_code, code_of(late)) == (403, "RequestTimeTooSkewed")
        assert "<MaxAllowedSkewMilliseconds>900000<" in late.text
    assert send(signed(region, "GET", "/", now=now - datetime.timedelta(minutes=14))).status_code == 200
    elsewhere = send(signed(region, "GET", "/", region_name="eu-west-1"))
    assert (elsewhere.status_code, code_of(elsewhere)) == (400, "AuthorizationHeaderMalformed")
    assert f"<Region>{REGION}</Region>" in elsewhere.text
    unknown = send(signed(region, "GET", "/", name="events"))
    assert unknown.status_code == 400
    request = signed(region, "PUT", "/batchport-local/unsigned-header", b"x")
    request.headers["x-amz-meta-a"] = "smuggled"
    assert code_of(send(request)) == "AccessDenied"
    old = requests.get(region.endpoint + "/", headers={"Authorization": "AWS AKIA:c2ln"})
    assert (old.status_code, code_of(old)) == (400, "InvalidRequest")


# Faults


def test_faults(region, s3, bucket):
    dropped = (botocore.exceptions.ConnectionClosedError, botocore.exceptions.EndpointConnectionError)
    region.order_fault("PutObject", "dropBefore")
    with pytest.raises(dropped):
        s3.put_object(Bucket=bucket, Key="before", Body=b"x")
    region.order_fault("PutObject", "dropAfter")
    with pytest.raises(dropped):
        s3.put_object(Bucket=bucket, Key="after", Body=b"x")
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["after"]
    region.order_fault("PutObject", "error")
    assert refused(s3.put_object, Bucket=bucket, Key="error", Body=b"x") == ("InternalError", 500)
    region.order_fault("PutObject", "delay", milliseconds=50)
    s3.put_object(Bucket=bucket, Key="late", Body=b"x")
    # More often than there are threads: each must come back when its client has gone.
    region.order_fault("GetObject", "hang", milliseconds=600_000, remaining=20)
    impatient = region.client("s3", config=botocore.config.Config(
        read_timeout=0.2, retries={"max_attempts": 0}, s3={"addressing_style": "path"}))
    for _ in range(20):
        with pytest.raises(botocore.exceptions.ReadTimeoutError):
            impatient.get_object(Bucket=bucket, Key="after")
    assert s3.get_object(Bucket=bucket, Key="after")["Body"].read() == b"x"
    assert region.sql("SELECT count(*) FROM faults WHERE remaining > 0") == "0"

"""Sessions of the local region's roles, with boto3 as the judge: whom a role lets in, for how long, and for what."""

import datetime
import json

import botocore.config
import pytest
import requests

from region import region  # noqa: F401 (fixtures)
from region_identity import (  # noqa: F401 (fixtures)
    ACCOUNT, BUCKET, EXTERNAL_ID, PORTAL, message_of, policy, role, session, statement, user)
from region_requests import refused


# Sessions


def test_a_session_of_the_role_that_needs_an_external_id(region):
    sts = region.client("sts")
    answer = sts.assume_role(RoleArn=PORTAL, RoleSessionName="portal", ExternalId=EXTERNAL_ID)
    left = answer["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert 3500 < left.total_seconds() <= 3600
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/batchport-portal/portal"
    assert answer["AssumedRoleUser"]["AssumedRoleId"].endswith(":portal") and "PackedPolicySize" not in answer
    keys = session(region, PORTAL, ExternalId=EXTERNAL_ID)
    me = region.client("sts", **keys).get_caller_identity()
    assert me["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/batchport-portal/test-session"
    s3, batch = region.client("s3", **keys), region.client("batch", **keys)
    s3.put_object(Bucket="batchport-local", Key="batchport/by-role", Body=b"x")
    assert requests.get(s3.generate_presigned_url(
        "get_object", Params={"Bucket": "batchport-local", "Key": "batchport/by-role"})).content == b"x"
    assert batch.describe_job_queues(jobQueues=["local"])["jobQueues"]
    job = batch.submit_job(jobName="by-role", jobQueue="local", jobDefinition="plain", tags={"a": "b"})["jobId"]
    batch.terminate_job(jobId=job, reason="enough")
    region.client("logs", **keys).filter_log_events(logGroupName="/aws/batch/job", limit=1)
    assert region.client("cloudformation", **keys).describe_stacks(StackName="batchport-local")["Stacks"]
    assert refused(s3.list_buckets) == ("AccessDenied", 403)
    assert refused(batch.cancel_job, jobId=job, reason="r") == ("AccessDeniedException", 403)
    assert refused(region.client("logs", **keys).describe_log_groups) == ("AccessDeniedException", 400)


@pytest.mark.parametrize("more", [{}, {"ExternalId": "another"}, {"ExternalId": EXTERNAL_ID.upper()}],
                         ids=["missing", "wrong", "of another case"])
def test_without_the_external_id_there_is_no_session(region, more):
    """And no way to tell that from a role that does not exist."""
    sts = region.client("sts")
    named = {"RoleSessionName": "portal", **more}
    assert refused(sts.assume_role, RoleArn=PORTAL, **named) == ("AccessDenied", 403)
    said = message_of(sts.assume_role, RoleArn=PORTAL, **named)
    assert said == (
        f"User: arn:aws:iam::{ACCOUNT}:user/first is not authorized to perform: sts:AssumeRole on resource: {PORTAL}")
    nowhere = PORTAL + "-none"
    assert message_of(sts.assume_role, RoleArn=nowhere, **named) == said + "-none"


@pytest.mark.parametrize("named, code, words", [
    ({"RoleArn": "short"}, "ValidationError",
     "1 validation error detected: Value 'short' at 'roleArn' failed to satisfy constraint: Member must have length "
     "greater than or equal to 20"),
    ({"RoleArn": "arn:aws:iam::000000000000:user/first"}, "ValidationError", "Request ARN is invalid"),
    ({"RoleSessionName": "x"}, "ValidationError", "Member must have length greater than or equal to 2"),
    ({"RoleSessionName": "x" * 65}, "ValidationError", "Member must have length less than or equal to 64"),
    ({"RoleSessionName": "a b"}, "ValidationError", "Member must satisfy regular expression pattern: [\\w+=,.@-]*"),
    ({"RoleSessionName": "ü!", "DurationSeconds": 1}, "ValidationError", "2 validation errors detected: "),
    ({"DurationSeconds": 899}, "ValidationError", "Member must have value greater than or equal to 900"),
    ({"DurationSeconds": 43201}, "ValidationError", "Member must have value less than or equal to 43200"),
    ({"DurationSeconds": 3601}, "ValidationError",
     "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."),
    ({"ExternalId": "x"}, "ValidationError", "Member must have length greater than or equal to 2"),
    ({"ExternalId": "a b"}, "ValidationError", "Member must satisfy regular expression pattern"),
    ({"SourceIdentity": "x"}, "ValidationError", "Member must have length greater than or equal to 2"),
    ({"Policy": "{}"}, "MalformedPolicyDocument", "Statement is missing."),
    ({"Policy": "{"}, "MalformedPolicyDocument", "not in the valid JSON format"),
    ({"Policy": " " * 2049}, "ValidationError",
     "Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048"),
    ({"PolicyArns": [{"arn": f"arn:aws:iam::{ACCOUNT}:policy/none"}]}, "MalformedPolicyDocument", "does not exist"),
    ({"PolicyArns": [{"arn": f"arn:aws:iam::{ACCOUNT}:policy/none"}] * 11}, "ValidationError",
     "less than or equal to 10"),
    ({"Tags": [{"Key": f"k{i}", "Value": "v"} for i in range(51)]}, "ValidationError", "less than or equal to 50"),
    ({"Tags": [{"Key": "k", "Value": "v"}, {"Key": "K", "Value": "w"}]}, "InvalidParameterValue", "Duplicate tag keys"),
    ({"Tags": [{"Key": "k" * 129, "Value": "v"}]}, "ValidationError", "less than or equal to 128"),
    ({"Tags": [{"Key": f"k{i}", "Value": "v" * 250} for i in range(9)]}, "PackedPolicyTooLarge", "% of allotted space"),
], ids=lambda value: next(iter(value)) if isinstance(value, dict) else None)
def test_what_assume_role_does_not_take(region, role, named, code, words):
    unchecked = botocore.config.Config(parameter_validation=False, retries={"max_attempts": 0})
    call = region.client("sts", config=unchecked).assume_role
    named = {"RoleArn": role(statement("*")), "RoleSessionName": "test", **named}
    assert refused(call, **named) == (code, 400)
    assert words in message_of(call, **named)


def test_how_long_a_session_lasts(region, role):
    sts = region.client("sts")
    long = role(statement("*"), seconds=43_200)
    for seconds in (900, 43_200):
        answer = sts.assume_role(RoleArn=long, RoleSessionName="test", DurationSeconds=seconds)
        left = answer["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
        assert seconds - 60 < left.total_seconds() <= seconds
    # A chain of roles lasts an hour at most, whatever the second role allows.
    chained = region.client("sts", **session(region, long))
    chained.assume_role(RoleArn=long, RoleSessionName="chained", DurationSeconds=3600)
    named = {"RoleArn": long, "RoleSessionName": "chained", "DurationSeconds": 3601}
    assert refused(chained.assume_role, **named) == ("ValidationError", 400)
    assert message_of(chained.assume_role, **named) == (
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")


def test_a_sessions_policy_narrows(region, role):
    may = role(statement(["s3:PutObject", "s3:GetObject"], BUCKET + "/*"))
    narrow = policy(statement("s3:*", BUCKET + "/by/session/*"), statement("s3:DeleteObject", BUCKET + "/*"))
    answer = region.client("sts").assume_role(RoleArn=may, RoleSessionName="narrow", Policy=json.dumps(narrow))
    assert 0 < answer["PackedPolicySize"] < 50
    s3 = region.client("s3", **session(region, may, Policy=json.dumps(narrow)))
    s3.put_object(Bucket="batchport-local", Key="by/session/a", Body=b"x")
    assert message_of(s3.put_object, Bucket="batchport-local", Key="by/other", Body=b"x").endswith(
        "because no session policy allows the s3:PutObject action")
    # What the role may not do, no session can.
    assert message_of(s3.delete_object, Bucket="batchport-local", Key="by/session/a").endswith(
        "because no identity-based policy allows the s3:DeleteObject action")
    denying = policy(statement("s3:*"), statement("s3:PutObject", effect="Deny"))
    s3 = region.client("s3", **session(region, may, Policy=json.dumps(denying)))
    assert message_of(s3.put_object, Bucket="batchport-local", Key="by/session/a", Body=b"x").endswith(
        "with an explicit deny in a session policy")
    region.identity({"policies": {"reading": policy(statement("s3:Get*"))}})
    named = {"PolicyArns": [{"arn": f"arn:aws:iam::{ACCOUNT}:policy/reading"}]}
    s3 = region.client("s3", **session(region, may, **named))
    assert s3.get_object(Bucket="batchport-local", Key="by/session/a")["Body"].read() == b"x"
    assert refused(s3.put_object, Bucket="batchport-local", Key="by/session/a", Body=b"y") == ("AccessDenied", 403)


def test_a_source_identity_is_kept(region, role, user):
    trust = {"Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
             "Condition": {"StringLike": {"sts:SourceIdentity": "person-*"}}}
    may = role(statement("sts:*"), statement("s3:ListAllMyBuckets", Condition={
        "StringEquals": {"aws:SourceIdentity": "person-7"}}), trust=trust)
    sts = region.client("sts")
    named = {"RoleArn": may, "RoleSessionName": "test"}
    assert refused(sts.assume_role, **named) == ("AccessDenied", 403)
    assert refused(sts.assume_role, **named, SourceIdentity="robot-7") == ("AccessDenied", 403)
    assert sts.assume_role(**named, SourceIdentity="person-7")["SourceIdentity"] == "person-7"
    seven = session(region, may, SourceIdentity="person-7")
    region.client("s3", **seven).list_buckets()
    eight = session(region, may, SourceIdentity="person-8")
    assert refused(region.client("s3", **eight).list_buckets) == ("AccessDenied", 403)
    chained = region.client("sts", **seven)
    assert chained.assume_role(**named)["SourceIdentity"] == "person-7"
    assert refused(chained.assume_role, **named, SourceIdentity="person-8") == ("AccessDenied", 403)
    # Whoever may not say on whose behalf says nothing.
    poor = user(statement("sts:AssumeRole"))
    assert "sts:SetSourceIdentity" in message_of(
        region.client("sts", poor).assume_role, **named, SourceIdentity="person-7")


def test_a_sessions_tags(region, role):
    own = role(statement("s3:*", BUCKET + "/team/${aws:PrincipalTag/team}/*"))
    s3 = region.client("s3", **session(region, own, Tags=[{"Key": "team", "Value": "blue"}]))
    s3.put_object(Bucket="batchport-local", Key="team/blue/a", Body=b"x")
    assert refused(s3.put_object, Bucket="batchport-local", Key="team/red/a", Body=b"x") == ("AccessDenied", 403)
    s3 = region.client("s3", **session(region, own))
    assert refused(s3.put_object, Bucket="batchport-local", Key="team/${aws:PrincipalTag/team}/a", Body=b"x") == (
        "AccessDenied", 403)
    closed = role(statement("*"), trust={"Action": "sts:AssumeRole"})
    assert "sts:TagSession" in message_of(
        region.client("sts").assume_role, RoleArn=closed, RoleSessionName="test", Tags=[{"Key": "a", "Value": "b"}])


CALLS = {
    "sts": lambda c: c.get_caller_identity(), "cloudformation": lambda c: c.describe_stacks(),
    "s3": lambda c: c.list_buckets(), "batch": lambda c: c.describe_jobs(jobs=["x"]),
    "logs": lambda c: c.describe_log_groups(),
}


@pytest.mark.parametrize("service, bad_token, expired", [
    ("sts", ("InvalidClientTokenId", 403), ("ExpiredToken", 403)),
    ("cloudformation", ("InvalidClientTokenId", 403), ("ExpiredToken", 403)),
    ("s3", ("InvalidToken", 400), ("ExpiredToken", 400)),
    ("batch", ("UnrecognizedClientException", 403), ("ExpiredTokenException", 403)),
    ("logs", ("UnrecognizedClientException", 400), ("ExpiredTokenException", 400)),
])
def test_the_token_counts_for_every_service(region, role, service, bad_token, expired):
    keys = session(region, role(statement("*")))
    call = CALLS[service]
    call(region.client(service, **keys))
    for token in (None, "wrong", keys["aws_session_token"] + "x"):
        # Without one boto3 would take that of its surroundings; there is none.
        assert refused(call, region.client(service, **{**keys, "aws_session_token": token})) == bad_token
    region.sql(
        "UPDATE access_keys SET expires_at = now() - interval '1 second' "
        f"WHERE id = '{keys['aws_access_key_id']}'")
    assert refused(call, region.client(service, **keys)) == expired

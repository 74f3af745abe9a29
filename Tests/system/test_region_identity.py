"""Policies of the local region's users and buckets, with boto3 as the judge: what they allow, and AWS's words for a refusal."""

import datetime
import secrets

import pytest
import requests

from region import REGION, region  # noqa: F401 (fixtures)
from region_identity import (  # noqa: F401 (fixtures)
    ACCOUNT, BUCKET, EXTERNAL_ID, PORTAL, bucket, message_of, outcome, policy, statement, user)
from region_requests import code_of, refused


# Refusals


@pytest.mark.parametrize("service, call, code, status", [
    ("batch", lambda c: c.describe_jobs(jobs=["x"]), "AccessDeniedException", 403),
    ("logs", lambda c: c.describe_log_groups(), "AccessDeniedException", 400),
    ("cloudformation", lambda c: c.describe_stacks(), "AccessDenied", 403),
    ("s3", lambda c: c.list_buckets(), "AccessDenied", 403),
    ("sts", lambda c: c.assume_role(RoleArn=PORTAL, RoleSessionName="s-s", ExternalId=EXTERNAL_ID),
     "AccessDenied", 403),
])
def test_a_deny_wins(region, user, service, call, code, status):
    name = user(statement("*"), statement(service + ":*", effect="Deny"))
    client = region.client(service, name)
    assert refused(call, client) == (code, status)
    assert "with an explicit deny in an identity-based policy" in message_of(lambda: call(client))
    # Except of this, whoever is denied it.
    assert region.client("sts", name).get_caller_identity()["Arn"].endswith(name)


def test_conditions(region, user):
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    tomorrow = later.strftime("%Y-%m-%dT%H:%M:%SZ")
    for operator, key, value, holds in [
        ("IpAddress", "aws:SourceIp", "127.0.0.0/8", True), ("IpAddress", "aws:SourceIp", "10.0.0.0/8", False),
        ("StringLike", "s3:prefix", "home/${aws:username}/*", True), ("StringEquals", "s3:prefix", "", False),
        ("NumericLessThanEquals", "s3:max-keys", "7", True), ("NumericLessThanEquals", "s3:max-keys", "6", False),
        ("DateLessThan", "aws:CurrentTime", tomorrow, True), ("DateGreaterThan", "aws:CurrentTime", tomorrow, False),
        ("Bool", "aws:SecureTransport", "false", region.endpoint.startswith("http:")),
        ("StringEquals", "aws:RequestedRegion", REGION, True), ("StringEquals", "aws:PrincipalType", "User", True),
        ("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:user/user-*", True),
        ("Null", "aws:TokenIssueTime", "true", True), ("StringEquals", "s3:authType", "REST-HEADER", True),
        ("StringLike", "aws:UserAgent", "Boto3/*", True),
    ]:
        name = user(statement("s3:ListBucket", BUCKET, Condition={operator: {key: value}}))
        code, _, _ = outcome(
            region.client("s3", name).list_objects_v2,
            {"Bucket": "batchport-local", "Prefix": f"home/{name}/x", "MaxKeys": 7})
        assert code == (None if holds else "AccessDenied"), (operator, key, value)


def test_a_bucket_may_demand_tls(region, bucket):
    name = bucket(statement("s3:*", ["arn:aws:s3:::BUCKET", "arn:aws:s3:::BUCKET/*"], "Deny", Principal="*",
                            Condition={"Bool": {"aws:SecureTransport": "false"}}))
    code, _, _ = outcome(region.client("s3").put_object, {"Bucket": name, "Key": "k", "Body": b"x"})
    assert code == (None if region.endpoint.startswith("https:") else "AccessDenied")


def test_what_is_missing_is_told_to_those_who_may_list(region, user):
    name = user(statement("s3:GetObject", BUCKET + "/*"))
    s3 = region.client("s3", name)
    assert refused(s3.get_object, Bucket="batchport-local", Key="none") == ("AccessDenied", 403)
    assert refused(s3.head_object, Bucket="batchport-local", Key="none") == ("403", 403)
    name = user(statement("s3:GetObject", BUCKET + "/*"), statement("s3:ListBucket", BUCKET))
    assert refused(region.client("s3", name).get_object, Bucket="batchport-local", Key="none") == ("NoSuchKey", 404)
    assert refused(s3.list_objects_v2, Bucket="no-such-bucket") == ("NoSuchBucket", 404)


def test_deleting_many_asks_about_each(region, user, bucket):
    name = bucket()
    first = region.client("s3")
    for key in ("mine/a", "mine/b", "theirs/a"):
        first.put_object(Bucket=name, Key=key, Body=b"x")
    s3 = region.client("s3", user(statement("s3:DeleteObject", f"arn:aws:s3:::{name}/mine/*")))
    objects = [{"Key": key} for key in ("mine/a", "theirs/a", "mine/none")]
    answer = s3.delete_objects(Bucket=name, Delete={"Objects": objects})
    assert sorted(item["Key"] for item in answer["Deleted"]) == ["mine/a", "mine/none"]
    assert [(item["Key"], item["Code"]) for item in answer["Errors"]] == [("theirs/a", "AccessDenied")]
    assert [item["Key"] for item in first.list_objects_v2(Bucket=name)["Contents"]] == ["mine/b", "theirs/a"]


def test_links_and_forms_are_worth_what_their_signer_may(region, user, bucket):
    name = bucket()
    region.client("s3").put_object(Bucket=name, Key="a", Body=b"a")
    poor = region.client("s3", user(statement("s3:GetObject", f"arn:aws:s3:::{name}/b")))
    link = requests.get(poor.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "a"}))
    assert (link.status_code, code_of(link)) == (403, "AccessDenied")
    post = poor.generate_presigned_post(name, "up")
    form = requests.post(post["url"], data=post["fields"], files={"file": ("n", b"x")})
    assert (form.status_code, code_of(form)) == (403, "AccessDenied") and "s3:PutObject" in form.text
    links = {"StringEquals": {"s3:authType": "REST-QUERY-STRING"}, "NumericLessThan": {"s3:signatureAge": 600_000}}
    rich = region.client("s3", user(statement("s3:GetObject", f"arn:aws:s3:::{name}/a", Condition=links)))
    assert requests.get(rich.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "a"})).content == b"a"
    assert refused(rich.get_object, Bucket=name, Key="a") == ("AccessDenied", 403)


# Buckets' policies


def test_a_copy_asks_its_sources_bucket(region, user, bucket):
    name = bucket(statement("s3:Get*", "arn:aws:s3:::BUCKET/locked/*", "Deny", Principal="*"))
    for key, tags in (("locked/k", ""), ("open", ""), ("tagged", "a=b")):
        region.client("s3").put_object(Bucket=name, Key=key, Body=b"x", Tagging=tags)
    target = f"arn:aws:s3:::{bucket()}"
    s3 = region.client("s3", user(statement(["s3:PutObject", "s3:PutObjectTagging"], target + "/*"),
                                  statement("s3:GetObject", f"arn:aws:s3:::{name}/*")))
    asked = {"Bucket": target.rpartition(":")[2], "Key": "copy"}
    for source in ("locked/k", "tagged"):
        assert refused(s3.copy_object, **asked, CopySource=f"{name}/{source}") == ("AccessDenied", 403)
    s3.copy_object(**asked, CopySource=f"{name}/open")
    s3.copy_object(**asked, CopySource=f"{name}/tagged", TaggingDirective="REPLACE", Tagging="c=d")


def test_a_buckets_policy(region, user, bucket):
    nobody = user()
    arn = f"arn:aws:iam::{ACCOUNT}:user/{nobody}"
    name = bucket(
        statement(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::BUCKET/shared/*", Principal={"AWS": arn}),
        statement("s3:*", "arn:aws:s3:::BUCKET/locked/*", "Deny", Principal="*"))
    s3 = region.client("s3", nobody)
    s3.put_object(Bucket=name, Key="shared/a", Body=b"x")
    assert s3.get_object(Bucket=name, Key="shared/a")["Body"].read() == b"x"
    assert refused(s3.put_object, Bucket=name, Key="other", Body=b"x") == ("AccessDenied", 403)
    assert refused(s3.list_objects_v2, Bucket=name) == ("AccessDenied", 403)
    first = region.client("s3")
    first.put_object(Bucket=name, Key="other", Body=b"x")
    message = message_of(first.put_object, Bucket=name, Key="locked/a", Body=b"x")
    assert message.endswith("with an explicit deny in a resource-based policy")


# Scripts


def test_a_wrong_script_changes_nothing(region):
    name = "user-" + secrets.token_hex(6)
    said = region.identity({
        "users": [{"name": name, "policies": {"p": {"Statement": []}}}, {"name": "ü", "polices": {}}],
        "roles": [{"name": "r", "trust": policy(statement("sts:AssumeRole"))}]}, fails=True)
    assert "/users/0/policies/p: Statement is empty." in said and "/users/1: " in said
    assert "/roles/0/trust: Missing Principal." in said and "polices" in said
    assert region.sql(f"SELECT count(*) FROM users WHERE name = '{name}'") == "0"

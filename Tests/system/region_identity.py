"""Users, roles and buckets of the local region with policies as a test wants them."""

import json
import secrets

import pytest

from region import REGION, region  # noqa: F401 (fixtures)

ACCOUNT = "000000000000"
BUCKET = "arn:aws:s3:::batchport-local"
BATCH, LOGS = f"arn:aws:batch:{REGION}:{ACCOUNT}:", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:"
GROUP = LOGS + "/aws/batch/job:log-stream:"
EXTERNAL_ID, PORTAL = "batchport-local-external-id", f"arn:aws:iam::{ACCOUNT}:role/batchport-portal"


def statement(action, resource="*", effect="Allow", **more):
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


@pytest.fixture
def user(region):
    """Makes a user with these statements and answers its name."""

    def make(*statements):
        name = "user-" + secrets.token_hex(6)
        policies = {"own": policy(*statements)} if statements else {}
        region.identity({"users": [{"name": name, "policies": policies}]})
        return name

    return make


@pytest.fixture
def role(region):
    """Makes a role that the account's users may assume, with these statements, and answers its ARN."""

    def make(*statements, trust=None, seconds=3600):
        name = "role-" + secrets.token_hex(6)
        trusted = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:*"} | (trust or {})
        region.identity({"roles": [{
            "name": name, "trust": policy(trusted), "policies": {"own": policy(*statements)} if statements else {},
            "maxSessionSeconds": seconds}]})
        return f"arn:aws:iam::{ACCOUNT}:role/{name}"

    return make


@pytest.fixture
def bucket(region):
    """An empty one, with a policy if there is one."""
    made = []

    def make(*statements):
        name = "identity-" + secrets.token_hex(6)
        made.append(name)
        document = policy(*statements) if statements else None
        text = json.dumps(document).replace("BUCKET", name)
        region.identity({"buckets": [{"name": name, "policy": json.loads(text)}]})
        return name

    yield make
    for name in made:
        region.identity({"buckets": [{"name": name, "policy": None}]})
        s3 = region.client("s3")
        for item in s3.list_objects_v2(Bucket=name).get("Contents", []):
            s3.delete_object(Bucket=name, Key=item["Key"])
        s3.delete_bucket(Bucket=name)


def session(region, role, by="first", **more):
    """Keys as boto3 takes them."""
    answer = region.client("sts", by).assume_role(RoleArn=role, RoleSessionName="test-session", **more)
    keys = answer["Credentials"]
    return {"aws_access_key_id": keys["AccessKeyId"], "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"]}


def message_of(call, **named):
    with pytest.raises(Exception) as raised:
        call(**named)
    return raised.value.response["Error"]["Message"]


# What each operation needs


def outcome(call, named):
    """Code, status and message of the error, or none of them."""
    try:
        call(**named)
    except Exception as error:
        answer = error.response
        return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"].get("Message", "")
    return None, None, ""

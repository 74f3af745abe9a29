"""Roles to assume, against the local region's STS and IAM (trust.md S33, S34): what is refused when it is saved, and what a
session may do."""

import json
import re
import secrets

import boto3
import botocore.exceptions
import pytest

from processes import wait_for
from region import REGION, SESSION, Region
from role_member import ACCOUNT, Member

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@pytest.fixture(scope="module")
def region(instance):
    return Region.of(instance)


@pytest.fixture
def member(instance):
    return Member(instance)


@pytest.fixture
def portal(instance, member) -> str:
    wait_for(lambda: instance.sql("SELECT arn IS NOT NULL FROM portal_identity") == "t")
    return instance.sql("SELECT arn FROM portal_identity")


def statements(portal: str, condition: dict | None) -> list[dict]:
    first = {"Effect": "Allow", "Principal": {"AWS": portal}, "Action": "sts:AssumeRole"}
    return [first | ({"Condition": condition} if condition else {}),
            {"Effect": "Allow", "Principal": {"AWS": portal}, "Action": "sts:SetSourceIdentity"}]


@pytest.fixture
def role(region, portal):
    """Makes one with this condition in its trust policy, that may do everything; answers its ARN."""

    def make(condition: dict | None, policies: dict = {"all": EVERYTHING}) -> str:
        name = "portal-" + secrets.token_hex(5)
        region.identity({"roles": [{
            "name": name, "trust": {"Version": "2012-10-17", "Statement": statements(portal, condition)},
            "policies": policies}]})
        return f"arn:aws:iam::{ACCOUNT}:role/{name}"

    return make


def asks_for(external_id: str, operator: str = "StringEquals") -> dict:
    return {operator: {"sts:ExternalId": external_id}}


@pytest.fixture
def environment(instance):
    """One that signs with each person's own credential."""
    name = "roles-" + secrets.token_hex(4)
    instance.sql(
        "INSERT INTO environments (name, region, account, io_bucket, prefix, job_definition, job_queue, service_object, languages,"
        " is_local, definition, definition_arn, checked_at, healthy) SELECT "
        f"'{name}', region, account, io_bucket, '{name}/', job_definition, job_queue, 'automatic', languages,"
        " is_local, definition, definition_arn, now(), true FROM environments WHERE name = 'local';"
        f"INSERT INTO environment_grants (environment) SELECT id FROM environments WHERE name = '{name}'")
    return name


def test_the_page_shows_what_works_when_it_is_pasted(region, instance, member, portal):
    """The trust policy and the permissions exactly as the page has them make a role that a job runs with."""
    member.external_id()
    page = member.browser.get(f"/credentials/roles?account={ACCOUNT}").text
    trust = json.loads(re.search(r'<pre id="trust">(.*?)</pre>', page, re.S).group(1).replace("&quot;", '"'))
    permissions = json.loads(re.search(r'<pre id="permissions-0">(.*?)</pre>', page, re.S).group(1).replace("&quot;", '"'))
    name = "pasted-" + secrets.token_hex(5)
    region.identity({"roles": [{"name": name, "trust": trust, "policies": {"batchport": permissions}}]})
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    assert member.add(arn).status_code == 303
    assert member.health(arn) == ("ok", "")
    shown = member.browser.get("/credentials").text
    assert arn in shown and f"assumed-role/{name}/batchport" in shown and "what it may do is checked in each environment" in shown


def test_s33_a_role_that_lets_in_without_the_external_id_is_refused(member, role):
    member.external_id()
    arn = role(None)
    assert member.add(arn).status_code == 303
    health, detail = member.health(arn)
    assert health == "refused" and "without an ExternalId" in detail
    page = member.browser.get("/credentials").text
    assert "Trust policy" in page and "sts:ExternalId" in page


def test_s33_a_role_that_lets_in_with_any_external_id_is_refused(member, role):
    member.external_id()
    arn = role(asks_for("*", "StringLike"))
    member.add(arn)
    health, detail = member.health(arn)
    assert health == "refused" and "with any ExternalId" in detail


def test_s33_another_persons_role_is_no_use(instance, member, role, environment):
    """B knows A's role and its ARN; the portal does not get in on B's behalf, and B's job waits."""
    arn = role(asks_for(member.external_id()))
    member.add(arn)
    assert member.health(arn) == ("ok", "")
    other = Member(instance)
    assert other.add(arn).status_code == 422
    assert other.external_id() != member.external_id()
    other.add(arn)
    assert other.health(arn)[0] == "refused"
    job = other.api.submitted(other.api.job("print(1)") | {"environment": environment})
    other.api.wait(job, lambda job: job["phase"] == "held")


def test_s33_nobody_chooses_an_external_id(instance, member):
    own = member.external_id()
    for name in ("external_id", "externalId", "value"):
        fields = member.browser.form("/credentials/roles", "/credentials/external-ids") | {"account": ACCOUNT, name: "x" * 40}
        member.browser.post("/credentials/external-ids", fields)
    assert member.external_id() == own
    assert instance.sql("SELECT count(*) FROM external_ids WHERE value LIKE '%xxx%'") == "0"
    with pytest.raises(RuntimeError, match="never changed"):
        instance.sql(f"UPDATE external_ids SET value = repeat('y', 40) WHERE owner = '{member.id}'")


@pytest.mark.parametrize("arn, word", [
    (f"arn:aws-cn:iam::{ACCOUNT}:role/r", "partition aws-cn, the region us-local-1 of aws"),
    (f"arn:aws-us-gov:iam::{ACCOUNT}:role/r", "partition aws-us-gov, the region us-local-1 of aws"), ("arn:aws:iam::999999999999:role/r", "No ExternalId of yours"),
    (f"arn:aws:iam::{ACCOUNT}:user/r", "must be of a role"), (f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s", "service iam"),
    ("", "missing"), ("nonsense", "form"), (f"arn:aws:iam::{ACCOUNT}:role/" + "r" * 65, "64"), (f"arn:aws:iam::{ACCOUNT}:role/<b>", "letters"),
])
def test_bad_arns_are_said(instance, member, arn, word):
    member.external_id()
    answer = member.add(arn)
    assert answer.status_code == 422 and 'id="role_arn-error"' in answer.text and word in answer.text
    assert instance.sql(f"SELECT count(*) FROM credentials WHERE owner = '{member.id}'") == "0"


def test_s34_a_job_runs_with_sessions_that_are_cut_to_its_environment(instance, region, member, role, environment):
    arn = role(asks_for(member.external_id()))
    member.add(arn)
    assert member.health(arn) == ("ok", "")
    api = member.api
    job = api.submitted(api.job("print('ran'); open('output/a', 'w').write('x')") | {"environment": environment})
    assert api.wait(job)["displayStatus"] == "Succeeded" and api.log(job) == "ran\n" and api.download(job, "a") == b"x"
    role_name = arn.split("/")[1]
    principal = f"assumed-role/{role_name}/batchport"
    assert region.sql(f"SELECT principal FROM jobs WHERE name = 'bp-{job}'") == principal
    # Never longer than an hour, never without a policy, always in the person's name.
    assert region.sql(
        "SELECT count(*) FROM access_keys WHERE principal LIKE 'assumed-role/portal-%' AND (session_policies IS NULL"
        " OR expires_at > created_at + interval '1 hour' OR source_identity IS NULL)") == "0"
    assert region.sql(f"SELECT DISTINCT source_identity FROM access_keys WHERE principal = '{principal}'") == member.id
    # The session that was used for the job, in an attacker's hands.
    key, secret, token = region.sql(
        f"SELECT id, secret, session_token FROM access_keys WHERE principal = '{principal}'"
        f" AND session_policies::text LIKE '%SubmitJob%' LIMIT 1").split("|")

    def client(service):
        return SESSION.client(
            service, region_name=REGION, endpoint_url=region.endpoint, aws_access_key_id=key, aws_secret_access_key=secret,
            aws_session_token=token, config=boto3.session.Config(
                retries={"max_attempts": 0}, signature_version="s3v4" if service == "s3" else None, s3={"addressing_style": "path"}))
    s3, batch = client("s3"), client("batch")
    bucket = instance.sql(f"SELECT io_bucket FROM environments WHERE name = '{environment}'")
    s3.put_object(Bucket=bucket, Key=f"{environment}/inside", Body=b"x")
    s3.list_objects_v2(Bucket=bucket, Prefix=environment + "/jobs/")
    s3.delete_object(Bucket=bucket, Key=f"{environment}/inside")
    logs, stream = client("logs"), instance.sql(f"SELECT log_stream FROM attempts WHERE job = '{job}'")
    group = "/aws/batch/job"
    assert [event["message"] for event in logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]] == ["ran"]
    assert logs.filter_log_events(logGroupName=group, logStreamNames=[stream])["events"]
    others = [group + "2", "/aws/batch", "/aws/lambda/" + secrets.token_hex(4)]
    for other in others:
        region.sql(f"INSERT INTO log_groups (name) VALUES ('{other}') ON CONFLICT DO NOTHING;"
                   f"INSERT INTO log_streams (log_group, name) VALUES ('{other}', '{stream}') ON CONFLICT DO NOTHING")
    queue, definition = f"arn:aws:batch:{REGION}:{ACCOUNT}:job-queue/local", "batchport-runner"
    outside = [
        lambda: s3.put_object(Bucket=bucket, Key="elsewhere/x", Body=b"x"),
        lambda: s3.get_object(Bucket=bucket, Key="batchport/x"),
        lambda: s3.delete_object(Bucket=bucket, Key=environment + "x"),
        lambda: s3.list_objects_v2(Bucket=bucket), lambda: s3.list_objects_v2(Bucket=bucket, Prefix="batchport/"),
        lambda: s3.create_bucket(Bucket="another"),
        lambda: batch.submit_job(jobName="x", jobQueue="another", jobDefinition=definition),
        lambda: batch.submit_job(jobName="x", jobQueue=queue, jobDefinition="plain"),
        lambda: batch.register_job_definition(jobDefinitionName="x", type="container", containerProperties={"image": "x"}),
        lambda: client("sts").assume_role(RoleArn=arn, RoleSessionName="on"),
        lambda: logs.describe_log_groups(),
        lambda: logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[{"timestamp": 1, "message": "x"}]),
    ]
    for other in others:
        outside.append(lambda other=other: logs.get_log_events(logGroupName=other, logStreamName=stream))
        outside.append(lambda other=other: logs.filter_log_events(logGroupName=other))
    for number, act in enumerate(outside):
        with pytest.raises(botocore.exceptions.ClientError) as raised:
            act()
        assert raised.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException"), number
    # Each use stands in the trail, and no key of a session anywhere.
    assert int(instance.sql(f"SELECT count(*) FROM audit WHERE action = 'credential.used' AND detail->>'job' = '{job}'")) >= 2
    assert key not in instance.sql("SELECT detail::text FROM audit") and instance.sql(
        "SELECT count(*) FROM credentials WHERE kind = 'role' AND (sealed IS NOT NULL OR ingress IS NOT NULL)") == "0"


def test_s33_a_role_that_changes_its_mind_signs_no_more(instance, region, member, role, portal, environment):
    """The trust policy loses its condition after it was proven: the next check refuses it, and the job waits."""
    arn = role(asks_for(member.external_id()))
    member.add(arn)
    assert member.health(arn) == ("ok", "")
    region.identity({"roles": [{
        "name": arn.split("/")[1], "trust": {"Version": "2012-10-17", "Statement": statements(portal, None)},
        "policies": {"all": EVERYTHING}}]})
    credential = instance.sql(f"SELECT id FROM credentials WHERE role_arn = '{arn}'")
    fields = member.browser.form("/credentials", f"/credentials/{credential}/check")
    member.browser.post(f"/credentials/{credential}/check", fields)
    wait_for(lambda: instance.sql(f"SELECT health FROM credentials WHERE id = '{credential}'") == "refused")
    api = member.api
    job = api.submitted(api.job("print(1)") | {"environment": environment})
    held = api.wait(job, lambda job: job["phase"] == "held")
    assert region.sql(f"SELECT count(*) FROM jobs WHERE name = 'bp-{job}'") == "0"
    # Mended, it goes on by itself.
    region.identity({"roles": [{
        "name": arn.split("/")[1], "trust": {"Version": "2012-10-17", "Statement": statements(portal, asks_for(member.external_id()))},
        "policies": {"all": EVERYTHING}}]})
    member.browser.post(f"/credentials/{credential}/check", fields)
    assert api.wait(job)["displayStatus"] == "Succeeded", held


def test_the_portals_identity_may_do_nothing_else(instance, region, portal):
    key = json.loads((instance.state / "keys/portal.json").read_text())
    client = SESSION.client("s3", region_name=REGION, endpoint_url=region.endpoint, aws_access_key_id=key["accessKeyId"],
                            aws_secret_access_key=key["secretAccessKey"])
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        client.list_buckets()

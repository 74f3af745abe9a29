"""Refusals of the local region in each service's own words."""

import copy
import datetime

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
import requests

from region import REGION, region  # noqa: F401 (fixtures)
from region_identity import PORTAL, outcome, user  # noqa: F401 (fixtures)
from region_requests import code_of, send, signed


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

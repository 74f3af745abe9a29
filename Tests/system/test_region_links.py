"""What the local region takes without a signature of its own: presigned URLs and forms."""

import base64
import datetime
import json

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
import requests

from region import REGION, region  # noqa: F401 (fixtures)
from region_requests import code_of, form
from region_s3 import bucket, s3  # noqa: F401 (fixtures)


# Presigned


def test_presigned(region, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"body")
    params = {"Bucket": bucket, "Key": "k"}
    url = s3.generate_presigned_url("get_object", Params=params, ExpiresIn=60)
    assert requests.get(url).content == b"body"
    assert requests.get(url, headers={"Range": "bytes=1-2"}).content == b"od"
    for tampered in (url.replace("/k?", "/l?"), url[:-1] + ("0" if url[-1] != "0" else "1"),
                     url.replace("X-Amz-Expires=60", "X-Amz-Expires=6000"), url + "&response-content-type=text/html"):
        answer = requests.get(tampered)
        assert (answer.status_code, code_of(answer)) == (403, "SignatureDoesNotMatch"), tampered
    assert requests.delete(url).status_code == 403
    assert code_of(requests.get(url, headers={"x-amz-meta-a": "b"})) == "AccessDenied"
    assert code_of(requests.get(url.replace("X-Amz-Expires=60", "X-Amz-Expires=604801"))) == (
        "AuthorizationQueryParametersError")
    assert code_of(requests.get(url.split("&X-Amz-Date")[0])) == "AuthorizationQueryParametersError"
    put = s3.generate_presigned_url("put_object", Params={**params, "ContentType": "text/x"}, ExpiresIn=60)
    assert requests.put(put, data=b"new", headers={"Content-Type": "text/y"}).status_code == 403
    assert requests.put(put, data=b"new", headers={"Content-Type": "text/x"}).status_code == 200
    assert s3.get_object(**params)["ContentType"] == "text/x"


@pytest.mark.parametrize("seconds, expected", [(-61, "Request has expired"), (16 * 60, "Request is not yet valid")])
def test_presigned_at_another_time(region, bucket, seconds, expected):
    keys = region.users["first"]
    credentials = botocore.credentials.Credentials(keys["accessKeyId"], keys["secretAccessKey"])
    request = botocore.awsrequest.AWSRequest("GET", f"{region.endpoint}/{bucket}/k")
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    request.context["timestamp"] = moment.strftime("%Y%m%dT%H%M%SZ")
    signer = botocore.auth.S3SigV4QueryAuth(credentials, "s3", REGION, expires=60)
    signer._modify_request_before_signing(request)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(text, request))
    answer = requests.get(request.url)
    assert (answer.status_code, code_of(answer)) == (403, "AccessDenied") and expected in answer.text


# Forms


def test_post_policy(region, s3, bucket):
    post = form(s3, bucket, fields={"Content-Type": "text/csv", "x-amz-meta-who": "me"},
                conditions=[{"Content-Type": "text/csv"}, ["starts-with", "$x-amz-meta-who", "m"]])
    assert requests.post(post["url"], data=post["fields"], files={"file": ("c:\\dir\\ü.csv", b"1,2")}).status_code == 204
    got = s3.get_object(Bucket=bucket, Key="up/ü.csv")
    assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (b"1,2", "text/csv", {"who": "me"})

    def outcome(post, content=b"1,2", fields=None):
        answer = requests.post(post["url"], data={**post["fields"], **(fields or {})}, files={"file": ("n", content)})
        return answer.status_code, code_of(answer)

    before = region.objects(bucket)
    assert outcome(form(s3, bucket), b"x" * 101) == (400, "EntityTooLarge")
    assert outcome(form(s3, bucket), b"x" * 20_000_000) == (400, "EntityTooLarge")
    assert outcome(form(s3, bucket), b"") == (400, "EntityTooSmall")
    assert outcome(form(s3, bucket), fields={"Content-Type": "text/html"}) == (403, "AccessDenied")
    assert outcome(form(s3, bucket, key="fixed"), fields={"key": "other"}) == (403, "AccessDenied")
    assert outcome(form(s3, bucket), fields={"x-amz-signature": "0" * 64}) == (403, "SignatureDoesNotMatch")
    assert outcome(form(s3, bucket, ExpiresIn=-1)) == (403, "AccessDenied")
    other = form(s3, bucket)
    elsewhere = {**other, "url": other["url"].replace(bucket, "batchport-local")}
    assert outcome(elsewhere) == (403, "AccessDenied")
    wider = json.loads(base64.b64decode(other["fields"]["policy"]))
    wider["conditions"] = [c for c in wider["conditions"] if "content-length-range" not in c]
    assert outcome(other, b"x" * 101, {"policy": base64.b64encode(json.dumps(wider).encode()).decode()}) == (
        403, "SignatureDoesNotMatch")
    assert requests.post(
        f"{region.endpoint}/{bucket}", data={"key": "k"}, files={"file": ("n", b"x")}).status_code == 403
    assert region.objects(bucket) == before


def test_post_answers(region, s3, bucket):
    for status in ("200", "201"):
        post = form(s3, bucket, key="k", fields={"success_action_status": status},
                    conditions=[{"success_action_status": status}])
        answer = requests.post(post["url"], data=post["fields"], files={"file": ("n", b"x")})
        assert answer.status_code == int(status) and (status == "200" or "<Key>k</Key>" in answer.text)
        there = f"{region.endpoint}/{bucket}/k"
        assert answer.headers["Location"] == there
        assert status == "200" or f"<Location>{there}</Location>" in answer.text
    there = "http://127.0.0.1:1/done?a=b"
    post = form(s3, bucket, key="k", fields={"success_action_redirect": there},
                conditions=[{"success_action_redirect": there}])
    answer = requests.post(post["url"], data=post["fields"], files={"file": ("n", b"x")}, allow_redirects=False)
    assert answer.status_code == 303 and answer.headers["location"].startswith(there + "&bucket=")

"""Requests to the local region that are made by hand, and what came of them."""

import hashlib
import os
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import pytest
import requests

from region import REGION, opened


def refused(call, *arguments, **named):
    """Code and status of the error that a call must end with."""
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        call(*arguments, **named)
    answer = raised.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def code_of(answer: requests.Response) -> str:
    return answer.text.split("<Code>")[1].split("</Code>")[0]


# Who am I


def signed(region, method, path, data=b"", headers=None, now=None, name="s3", region_name=REGION, sha256=None):
    """A request signed by botocore, with knobs for what its clients do not let one choose."""
    keys = region.users["first"]
    credentials = botocore.credentials.Credentials(keys["accessKeyId"], keys["secretAccessKey"])
    request = botocore.awsrequest.AWSRequest(method, region.endpoint + path, headers=headers or {}, data=data)
    signer = (botocore.auth.S3SigV4Auth if name == "s3" else botocore.auth.SigV4Auth)(credentials, name, region_name)
    if sha256:
        request.headers["X-Amz-Content-SHA256"] = sha256
        signer.payload = lambda _: sha256
    if now is not None:
        moment = now.strftime("%Y%m%dT%H%M%SZ")
        request.context["timestamp"] = moment
        request.headers["X-Amz-Date"] = moment
        request.headers["X-Amz-Content-SHA256"] = hashlib.sha256(data).hexdigest()
        canonical = signer.canonical_request(request)
        text = signer.string_to_sign(request, canonical)
        signer._inject_signature_to_request(request, signer.signature(text, request))
    else:
        signer.add_auth(request)
    return request.prepare()


def send(prepared, body=None):
    session = requests.Session()
    # Where a request is prepared beforehand, it does not look there by itself.
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE", True)
    return session.send(requests.Request(
        prepared.method, prepared.url, headers=dict(prepared.headers), data=prepared.body if body is None else body
    ).prepare())


# Objects


def raw_get(url: str) -> bytes:
    """As written: requests would tidy `..` away."""
    return raw(url).read()


def raw(url: str):
    parts = urllib.parse.urlsplit(url)
    connection = opened(url)
    connection.request("GET", url[url.index(parts.netloc) + len(parts.netloc):])
    return connection.getresponse()


# Bodies and their digests


def chunked(pieces, trailers):
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return body + b"0\r\n" + b"".join(b"%s:%s\r\n" % item for item in trailers.items()) + b"\r\n"


# Forms


def form(s3, bucket, key="up/${filename}", limit=100, fields=None, conditions=(), **options):
    return s3.generate_presigned_post(
        bucket, key, Fields=dict(fields or {}), Conditions=[["content-length-range", 1, limit], *conditions], **options)

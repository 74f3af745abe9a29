"""Signs again, with botocore, the requests that our client sent, and says where the two differ; judges them by botocore's
input shapes, and says what those do not allow.

Standard input: one JSON object a line. `kind` is `headers`, `query` or `policy`; see BotocoreTests.swift.
Standard output: one line for each difference or fault, then `N compared`, then `operations: …`, all that were asked for.
"""
import datetime
import json
import sys
import urllib.parse

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import shapes


def moment(timestamp):
    return datetime.datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)


def signer(case, s3, other):
    botocore.auth.get_current_datetime = lambda *_: moment(case["timestamp"])
    credentials = Credentials(case["accessKeyID"], case["secretAccessKey"], case.get("sessionToken"))
    if case["kind"] == "query":
        kind = s3 if case["service"] == "s3" else other
        return kind(credentials, case["service"], case["region"], expires=case["seconds"])
    return (s3 if case["service"] == "s3" else other)(credentials, case["service"], case["region"])


def headers(case):
    skipped = ("authorization", "x-amz-date", "x-amz-security-token", "content-length", "x-amz-content-sha256")
    kept = {name: value for name, value in case["headers"] if name.lower() not in skipped}
    request = AWSRequest(case["method"], case["url"], headers=kept, data=bytes.fromhex(case["body"]))
    signer(case, botocore.auth.S3SigV4Auth, botocore.auth.SigV4Auth).add_auth(request)
    return request.headers["Authorization"]


def query(case):
    request = AWSRequest(case["method"], case["url"], headers=dict(case["headers"]))
    signer(case, botocore.auth.S3SigV4QueryAuth, botocore.auth.SigV4QueryAuth).add_auth(request)
    return urllib.parse.parse_qs(urllib.parse.urlsplit(request.url).query)["X-Amz-Signature"][0]


def policy(case):
    request = AWSRequest("POST", "https://unused.example/")
    request.context["timestamp"] = case["timestamp"]
    return signer(case, botocore.auth.S3SigV4PostAuth, None).signature(case["policy"], request)


compared = 0
operations = set()
for line in sys.stdin:
    case = json.loads(line)
    theirs = {"headers": headers, "query": query, "policy": policy}[case["kind"]](case)
    compared += 1
    if theirs != case["ours"]:
        print(f"{case['kind']} {case.get('method')} {case.get('url')}: ours {case['ours']}, botocore's {theirs}")
    if case["kind"] == "headers":
        name, faults = shapes.judged(case)
        operations.add(name)
        for fault in faults:
            print(f"{name}: {fault}")
print(f"{compared} compared")
print("operations:", *sorted(operations))

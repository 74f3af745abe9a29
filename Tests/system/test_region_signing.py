"""Requests with paths, queries and headers that are hard to sign, made by chance: botocore's own signers sign them, and
the local region must find every signature right, and every one of them wrong after the smallest change.

The seed is printed; BATCHPORT_TEST_SEED repeats a run."""

import base64
import hashlib
import json
import os
import random
import secrets
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
import requests

from region import REGION, SCHEMES, Region, opened

MANY = 240
BUCKET = "batchport-local"
PIECES = ["a", "Z", "0", "-", ".", "_", "~", "/", "//", "..", ".", " ", "+", "%", "%20", "%2F", "?", "&", "=", "#", ";", ":",
          "@", "!", "$", "'", "(", ")", "*", ",", "[", "]", "\"", "<", ">", "\\", "^", "`", "{", "|", "}", "ü", "é", "e\u0301",
          "日本", "😀", "\u00a0", "\u200b", "key", "x" * 60]
# As S3 takes them: a path is what was sent, whatever it looks like.
SAFE_PATH = "/-._~"


@pytest.fixture(scope="module", params=SCHEMES)
def region(request):
    return Region.asked(request)


@pytest.fixture(scope="module")
def rounds(region):
    """Fewer over TLS, where the same code verifies what nginx has decrypted: is the host signed as it comes?"""
    return range(MANY if region.endpoint.startswith("http:") else MANY // 8)


@pytest.fixture(scope="module")
def chance():
    seed = int(os.environ.get("BATCHPORT_TEST_SEED") or secrets.randbits(48))
    print(f"\nBATCHPORT_TEST_SEED={seed}")
    return random.Random(seed)


@pytest.fixture(scope="module")
def signers(region):
    """A user's keys and temporary ones."""
    user = region.users["first"]
    key, secret, token = "ASIA" + secrets.token_hex(8).upper(), secrets.token_hex(20), "+/=" + secrets.token_hex(400)
    region.sql(
        "INSERT INTO access_keys (id, secret, session_token, principal, expires_at) "
        f"VALUES ('{key}', '{secret}', '{token}', 'assumed-role/signing/one', now() + interval '1 hour')")
    everything = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    region.sql("INSERT INTO identity_policies (holder, name, document) "
               f"VALUES ('role/signing', 'everything', '{everything}') ON CONFLICT DO NOTHING")
    return [botocore.credentials.Credentials(user["accessKeyId"], user["secretAccessKey"]),
            botocore.credentials.Credentials(key, secret, token)]


def text(chance, most=8, pieces=PIECES) -> str:
    return "".join(chance.choice(pieces) for _ in range(chance.randint(1, most)))


def query(chance, names) -> list[tuple[str, str]]:
    return [(name, text(chance)) for name in chance.sample(names, chance.randint(0, len(names)))]


def encoded(pairs) -> str:
    return "&".join(f"{urllib.parse.quote(name, safe='-._~')}={urllib.parse.quote(value, safe='-._~')}" for name, value in pairs)


def header_value(chance) -> str:
    """Blanks of every kind, which both sides must fold alike."""
    word = chance.choice(["a", "b  c", " d ", "e\t f", "=;,", '"x  y"', "1" * 300])
    return " ".join(chance.choice([word, "z"]) for _ in range(chance.randint(1, 4)))


def sent(request, path, body=b"") -> tuple[int, bytes]:
    """The request as it was signed, byte for byte: nothing tidies its path."""
    connection = opened(request.url)
    connection.putrequest(request.method, path, skip_host=True, skip_accept_encoding=True)
    headers = dict(request.headers.items())
    headers.setdefault("Host", urllib.parse.urlsplit(request.url).netloc)
    if request.method in ("PUT", "POST"):
        headers["Content-Length"] = str(len(body))
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders(body if body else None)
    answer = connection.getresponse()
    return answer.status, answer.read()


def target(request) -> str:
    parts = urllib.parse.urlsplit(request.url)
    return request.url[request.url.index(parts.netloc) + len(parts.netloc):]


def is_signature(status: int, answer: bytes) -> bool:
    return status == 403 and (b"SignatureDoesNotMatch" in answer or b"signature we calculated" in answer)


def by_header(region, credentials, service, method, path, pairs, headers, body):
    url = region.endpoint + path + ("?" + encoded(pairs) if pairs else "")
    request = botocore.awsrequest.AWSRequest(method, url, headers=headers, data=body)
    kind = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    kind(credentials, service, REGION).add_auth(request)
    return request


def changed(chance, request, body):
    """The request with one thing changed that its signature covers; path, body."""
    path = target(request)
    authorization = request.headers["Authorization"]
    match chance.choice(["signature", "query", "date", "method"]):
        case "signature":
            digit = authorization[-1]
            del request.headers["Authorization"]
            request.headers["Authorization"] = authorization[:-1] + ("0" if digit != "0" else "1")
        case "query":
            path += ("&" if "?" in path else "?") + "prefix=other"
        case "date":
            moment = request.headers["X-Amz-Date"]
            del request.headers["X-Amz-Date"]
            # Another second of the same minute.
            request.headers["X-Amz-Date"] = moment[:13] + f"{(int(moment[13:15]) + 1) % 60:02}Z"
        case "method":
            request.method = {"GET": "HEAD", "HEAD": "GET", "PUT": "POST", "POST": "PUT", "DELETE": "GET"}[request.method]
    return path


def test_objects_signed_by_header(region, rounds, chance, signers):
    for number in rounds:
        credentials = chance.choice(signers)
        key = f"signing/{number}/{text(chance)}"
        path = f"/{BUCKET}/" + urllib.parse.quote(key, safe=SAFE_PATH)
        body = text(chance, 40).encode()
        own = {"Content-Type": header_value(chance), "x-amz-meta-one": header_value(chance)}
        put = by_header(region, credentials, "s3", "PUT", path, query(chance, ["x-id", "Aa", "aA", "a", "z z"]), own, body)
        assert sent(put, target(put), body)[0] == 200, (path, own)
        wanted = query(chance, ["response-content-language", "x-id", "A", "~", "a.b"])
        get = by_header(region, credentials, "s3", "GET", path, wanted, {"Range": "bytes=0-9999"}, b"")
        assert sent(get, target(get)) == (206, body), get.url
        again = changed(chance, get, b"")
        status, answer = sent(get, again)
        assert is_signature(status, answer) or get.method == "HEAD" and status == 403, (again, status, answer)
        gone = by_header(region, credentials, "s3", "DELETE", path, [], {}, b"")
        assert sent(gone, target(gone))[0] == 204


def test_objects_by_presigned_urls(region, rounds, chance, signers):
    for number in rounds:
        credentials = chance.choice(signers)
        path = f"/{BUCKET}/" + urllib.parse.quote(f"signing/{number}/{text(chance)}", safe=SAFE_PATH)
        body = text(chance, 40).encode()
        held = {"Content-Type": chance.choice(["text/csv", "a/b;  c=d"])} if chance.random() < 0.5 else {}

        def presigned(method, pairs, headers):
            url = region.endpoint + path + ("?" + encoded(pairs) if pairs else "")
            request = botocore.awsrequest.AWSRequest(method, url, headers=headers)
            botocore.auth.S3SigV4QueryAuth(credentials, "s3", REGION, expires=60).add_auth(request)
            return request

        put = presigned("PUT", query(chance, ["x-id", "Aa"]), held)
        assert sent(put, target(put), body)[0] == 200, put.url
        if held:
            put.headers.replace_header("Content-Type", "text/html")
            assert is_signature(*sent(put, target(put), body)), put.url
        get = presigned("GET", query(chance, ["response-content-language", "x-id", "ä"]), {})
        assert sent(get, target(get)) == (200, body), get.url
        later = target(get).replace("X-Amz-Expires=60", "X-Amz-Expires=61")
        assert is_signature(*sent(get, later)), later
        gone = presigned("DELETE", [], {})
        assert sent(gone, target(gone))[0] == 204


def test_the_other_services(region, rounds, chance, signers):
    """Paths that are normalised and encoded twice, bodies that are hashed."""
    for number in rounds:
        credentials = chance.choice(signers)
        word = text(chance)
        service, method, path, pairs, headers, body = chance.choice([
            ("batch", "POST", "/v1/describejobs", [], {"Content-Type": "application/json"},
             json.dumps({"jobs": [word]}).encode()),
            ("batch", "GET", "/v1/tags/" + urllib.parse.quote("arn:aws:batch:" + word, safe="-._~"), [], {}, b""),
            # Dots and empty segments, which are on the wire and not in what is signed. Not at the end: of "a/." RFC 3986 makes
            # "a/", and botocore "a".
            ("batch", "GET", "/v1/tags/arn" + urllib.parse.quote(word, safe="/-._~") + "/end", [], {}, b""),
            ("batch", "DELETE", "/v1/tags/arn%3Aaws%3A" + urllib.parse.quote(word, safe="-._~"),
             [("tagKeys", text(chance)) for _ in range(3)], {}, b""),
            ("logs", "POST", "/", [], {"X-Amz-Target": "Logs_20140328.GetLogEvents",
                                       "Content-Type": "application/x-amz-json-1.1"},
             json.dumps({"logGroupName": word, "logStreamName": "s"}).encode()),
            ("sts", "POST", "/", [], {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
             encoded([("Action", "GetCallerIdentity"), ("Version", "2011-06-15"), ("Other", word)]).encode()),
            ("cloudformation", "POST", "/", [], {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
             encoded([("Action", "DescribeStacks"), ("Version", "2010-05-15"), ("StackName", word)]).encode()),
        ])
        request = by_header(region, credentials, service, method, path, pairs, headers, body)
        status, answer = sent(request, target(request), body)
        assert status in (200, 400, 404), (service, request.url, status, answer)
        assert not is_signature(status, answer)
        if body:
            status, answer = sent(request, target(request), body[:-1] + b"!")
            assert status in (400, 403) and (is_signature(status, answer) or status == 400), (service, status, answer)
        status, answer = sent(request, changed(chance, request, body), body)
        assert status in (400, 403, 404, 501) and status != 200, (service, request.method, status, answer)


def test_forms(region, rounds, chance, signers):
    for number in rounds[::4]:
        credentials = chance.choice(signers)
        key = f"signing/{number}/{text(chance)}"
        # A form's values end where their line does; the key may hold anything else.
        fields = {"key": key, "x-amz-meta-one": text(chance, 4, ["a", " ", "ü", "=", "\"", "$"]) + "."}
        if chance.random() < 0.5:
            fields["Content-Type"] = "text/csv; charset=utf-8"
        conditions = [{"bucket": BUCKET}, ["starts-with", "$key", "signing/"], ["content-length-range", 0, 1000]]
        conditions += [chance.choice([{name: value}, ["eq", "$" + name, value]])
                       for name, value in fields.items() if name != "key"]
        request = botocore.awsrequest.AWSRequest("POST", region.endpoint + "/" + BUCKET)
        request.context["s3-presign-post-fields"] = fields
        request.context["s3-presign-post-policy"] = {"expiration": "2099-01-01T00:00:00Z", "conditions": conditions}
        botocore.auth.S3SigV4PostAuth(credentials, "s3", REGION).add_auth(request)
        body = text(chance, 40).encode()
        ours = request.context["s3-presign-post-fields"]
        answer = requests.post(request.url, data=ours, files={"file": ("n", body)})
        assert answer.status_code == 204, (fields, answer.text)
        policy = base64.b64decode(ours["policy"])
        wider = {**ours, "policy": base64.b64encode(policy.replace(b"1000]", b"2000]")).decode()}
        answer = requests.post(request.url, data=wider, files={"file": ("n", body)})
        assert answer.status_code == 403 and "SignatureDoesNotMatch" in answer.text
        path = f"/{BUCKET}/" + urllib.parse.quote(key, safe=SAFE_PATH)
        get = by_header(region, credentials, "s3", "GET", path, [], {}, b"")
        assert sent(get, target(get)) == (200, body)
        gone = by_header(region, credentials, "s3", "DELETE", path, [], {}, b"")
        assert sent(gone, target(gone))[0] == 204


def test_the_digest_of_a_request_is_of_its_bytes(region, signers):
    body = b"signed"
    put = by_header(region, signers[1], "s3", "PUT", f"/{BUCKET}/signing/digest", [], {}, body)
    assert put.headers["X-Amz-Content-SHA256"] == hashlib.sha256(body).hexdigest()
    status, answer = sent(put, target(put), b"Signed")
    assert status == 400 and b"XAmzContentSHA256Mismatch" in answer

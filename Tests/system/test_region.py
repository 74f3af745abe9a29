"""The local region against boto3, an independent client: keys that are hard to sign, parts, presigned URLs, forms,
faults, and every way to be refused."""

import base64
import concurrent.futures
import datetime
import hashlib
import json
import os
import secrets
import socket
import urllib.parse
import zlib

import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions
import pytest
import requests

from region import REGION, SCHEMES, Region, opened

NASTY = [
    "a b+c%20d", "ü/ñ", "dir/../x", "//double//", "q?x=1&y#z", "trailing/", "100%", "~tilde*'()!", "日本/語.txt",
    "a\\b", "line\nbreak", "..", "x/./y", "%2F%2f", "k" * 1024,
]


@pytest.fixture(scope="module", params=SCHEMES)
def region(request):
    return Region.asked(request)


@pytest.fixture(scope="module")
def s3(region):
    return region.client("s3")


@pytest.fixture
def bucket(s3):
    name = "test-" + secrets.token_hex(6)
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    yield name
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
        for item in page.get("Contents", []):
            s3.delete_object(Bucket=name, Key=item["Key"])
    s3.delete_bucket(Bucket=name)


def refused(call, *arguments, **named):
    """Code and status of the error that a call must end with."""
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        call(*arguments, **named)
    answer = raised.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def code_of(answer: requests.Response) -> str:
    return answer.text.split("<Code>")[1].split("</Code>")[0]


# Who am I


def test_caller_identity(region):
    first = region.client("sts").get_caller_identity()
    assert first["Account"] == "000000000000"
    assert first["Arn"] == "arn:aws:iam::000000000000:user/first"
    second = region.client("sts", "second").get_caller_identity()
    assert second["Arn"].endswith("user/second") and second["UserId"] != first["UserId"]


def test_the_stack_of_the_environment_that_stands_here(region):
    cloudformation = region.client("cloudformation")
    stack = cloudformation.describe_stacks(StackName="batchport-local")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}
    batch = region.client("batch")
    queue = batch.describe_job_queues(jobQueues=[outputs["jobQueue"]])["jobQueues"]
    definition = batch.describe_job_definitions(jobDefinitions=[outputs["jobDefinition"]])["jobDefinitions"]
    assert [q["state"] for q in queue] == ["ENABLED"] and definition[0]["tags"] == {"batchport:runner": "1"}
    assert region.client("s3").head_bucket(Bucket=outputs["ioBucket"])
    assert cloudformation.describe_stacks(StackName=stack["StackId"])["Stacks"][0] == stack
    assert refused(cloudformation.describe_stacks, StackName="other") == ("ValidationError", 400)
    assert refused(cloudformation.list_stacks) == ("InvalidAction", 400)


def test_status_page_says_it_is_not_aws(region):
    page = requests.get(region.endpoint + "/")
    assert page.status_code == 200 and page.headers["content-type"].startswith("text/plain")
    assert "not AWS" in page.text


@pytest.mark.parametrize("service, call, bad_secret, bad_key", [
    ("sts", lambda c: c.get_caller_identity(), "SignatureDoesNotMatch", "InvalidClientTokenId"),
    ("cloudformation", lambda c: c.describe_stacks(), "SignatureDoesNotMatch", "InvalidClientTokenId"),
    ("s3", lambda c: c.list_buckets(), "SignatureDoesNotMatch", "InvalidAccessKeyId"),
    ("batch", lambda c: c.describe_jobs(jobs=["x"]), "InvalidSignatureException", "UnrecognizedClientException"),
    ("logs", lambda c: c.get_log_events(logGroupName="g", logStreamName="s"), "InvalidSignatureException",
     "UnrecognizedClientException"),
])
def test_wrong_keys(region, service, call, bad_secret, bad_key):
    status = 400 if service == "logs" else 403
    assert refused(call, region.client(service, aws_secret_access_key="wrong")) == (bad_secret, status)
    assert refused(call, region.client(service, aws_access_key_id="AKIA" + "Z" * 16)) == (bad_key, status)
    assert refused(call, region.client(service, aws_session_token="none needed"))[0] in (bad_key, "InvalidToken")


def test_session_tokens(region):
    key, secret, token = "ASIA" + secrets.token_hex(8).upper(), secrets.token_hex(20), "/+=" + secrets.token_hex(600)
    region.sql(
        "INSERT INTO access_keys (id, secret, session_token, principal, expires_at) "
        f"VALUES ('{key}', '{secret}', '{token}', 'assumed-role/batchport-job/one', now() + interval '1 hour')")
    keys = {"aws_access_key_id": key, "aws_secret_access_key": secret}
    answer = region.client("sts", **keys, aws_session_token=token).get_caller_identity()
    assert answer["Arn"] == "arn:aws:sts::000000000000:assumed-role/batchport-job/one"
    assert answer["UserId"].startswith("AROA") and answer["UserId"].endswith(":one")
    s3 = region.client("s3", **keys, aws_session_token=token)
    s3.put_object(Bucket="batchport-local", Key="by/token", Body=b"t")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "batchport-local", "Key": "by/token"})
    assert requests.get(url).content == b"t"
    assert refused(region.client("s3", **keys).get_object, Bucket="batchport-local", Key="by/token") == (
        "InvalidToken", 400)
    assert refused(region.client("sts", **keys, aws_session_token="x").get_caller_identity)[0] == "InvalidClientTokenId"
    region.sql(f"UPDATE access_keys SET expires_at = now() - interval '1 second' WHERE id = '{key}'")
    assert refused(s3.get_object, Bucket="batchport-local", Key="by/token") == ("ExpiredToken", 400)
    assert code_of(requests.get(url)) == "ExpiredToken"
    assert refused(region.client("batch", **keys, aws_session_token=token).describe_jobs, jobs=["x"]) == (
        "ExpiredTokenException", 403)


def test_unsigned_requests_are_refused(region):
    assert code_of(requests.get(region.endpoint + "/batchport-local/x")) == "AccessDenied"
    assert code_of(requests.put(region.endpoint + "/batchport-local/x", data=b"x")) == "AccessDenied"
    batch = requests.post(region.endpoint + "/v1/submitjob", json={})
    assert batch.status_code == 403 and batch.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    logs = requests.post(region.endpoint + "/", json={}, headers={"X-Amz-Target": "Logs_20140328.GetLogEvents"})
    assert logs.status_code == 400 and logs.json()["__type"] == "MissingAuthenticationTokenException"


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


def test_clock_skew_scope_and_unsigned_headers(region):
    now = datetime.datetime.now(datetime.timezone.utc)
    for shift in (-16, 16):
        late = send(signed(region, "GET", "/", now=now + datetime.timedelta(minutes=shift)))
        assert (late.status_code, code_of(late)) == (403, "RequestTimeTooSkewed")
        assert "<MaxAllowedSkewMilliseconds>900000<" in late.text
    assert send(signed(region, "GET", "/", now=now - datetime.timedelta(minutes=14))).status_code == 200
    elsewhere = send(signed(region, "GET", "/", region_name="eu-west-1"))
    assert (elsewhere.status_code, code_of(elsewhere)) == (400, "AuthorizationHeaderMalformed")
    assert f"<Region>{REGION}</Region>" in elsewhere.text
    unknown = send(signed(region, "GET", "/", name="events"))
    assert unknown.status_code == 400
    request = signed(region, "PUT", "/batchport-local/unsigned-header", b"x")
    request.headers["x-amz-meta-a"] = "smuggled"
    assert code_of(send(request)) == "AccessDenied"
    old = requests.get(region.endpoint + "/", headers={"Authorization": "AWS AKIA:c2ln"})
    assert (old.status_code, code_of(old)) == (400, "InvalidRequest")


# Objects


@pytest.mark.parametrize("key", NASTY, ids=lambda key: key[:20].encode().hex())
def test_nasty_keys(region, s3, bucket, key):
    body = key.encode()
    assert s3.put_object(Bucket=bucket, Key=key, Body=body)["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == body
    assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == len(body)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=60)
    assert raw_get(url) == body
    listed = s3.list_objects_v2(Bucket=bucket)
    assert [item["Key"] for item in listed["Contents"]] == [key]
    s3.delete_object(Bucket=bucket, Key=key)
    assert refused(s3.get_object, Bucket=bucket, Key=key) == ("NoSuchKey", 404)


def test_keys_are_bytes(s3, bucket):
    composed, decomposed = "\u00e9", "e\u0301"
    s3.put_object(Bucket=bucket, Key=composed, Body=b"1")
    s3.put_object(Bucket=bucket, Key=decomposed, Body=b"2")
    assert s3.get_object(Bucket=bucket, Key=composed)["Body"].read() == b"1"
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [decomposed, composed]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": decomposed}]})
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [composed]


def test_many_writers_of_one_key(region, bucket):
    """Readers always find a whole object of one of the writers."""
    bodies = [bytes([number]) * 100_000 for number in range(6)]
    region.client("s3").put_object(Bucket=bucket, Key="k", Body=bodies[0])

    def work(number):
        client = region.client("s3")
        for _ in range(10):
            if number % 2:
                client.put_object(Bucket=bucket, Key="k", Body=bodies[number])
            else:
                assert client.get_object(Bucket=bucket, Key="k")["Body"].read() in bodies

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert region.objects(bucket) == 1


def raw_get(url: str) -> bytes:
    """As written: requests would tidy `..` away."""
    return raw(url).read()


def raw(url: str):
    parts = urllib.parse.urlsplit(url)
    connection = opened(url)
    connection.request("GET", url[url.index(parts.netloc) + len(parts.netloc):])
    return connection.getresponse()


def test_headers_metadata_and_overrides(region, s3, bucket):
    s3.put_object(
        Bucket=bucket, Key="k", Body=b"body", ContentType="text/csv", CacheControl="no-store",
        ContentDisposition='attachment; filename="x"', ContentEncoding="identity", ContentLanguage="de",
        Metadata={"my_key": "under_score", "my-other": "dash  es"})
    head = s3.head_object(Bucket=bucket, Key="k")
    assert head["Metadata"] == {"my_key": "under_score", "my-other": "dash  es"}
    assert (head["ContentType"], head["CacheControl"], head["ContentLanguage"]) == ("text/csv", "no-store", "de")
    url = s3.generate_presigned_url("get_object", Params={
        "Bucket": bucket, "Key": "k", "ResponseContentType": "application/octet-stream",
        "ResponseContentDisposition": "attachment; filename=\"a b.csv\"; filename*=UTF-8''%C3%BC.csv"})
    answer = requests.get(url)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].endswith("filename*=UTF-8''%C3%BC.csv")
    s3.put_object(Bucket=bucket, Key="plain", Body=b"")
    plain = s3.get_object(Bucket=bucket, Key="plain")
    assert plain["ContentType"] == "binary/octet-stream" and plain["Body"].read() == b""


def test_ranges(s3, bucket):
    body = bytes(range(256)) * 4
    s3.put_object(Bucket=bucket, Key="k", Body=body)

    def get(text):
        answer = s3.get_object(Bucket=bucket, Key="k", Range=text)
        return answer["ResponseMetadata"]["HTTPStatusCode"], answer.get("ContentRange"), answer["Body"].read()

    assert get("bytes=0-0") == (206, "bytes 0-0/1024", body[:1])
    assert get("bytes=1000-5000") == (206, "bytes 1000-1023/1024", body[1000:])
    assert get("bytes=1020-") == (206, "bytes 1020-1023/1024", body[1020:])
    assert get("bytes=-3") == (206, "bytes 1021-1023/1024", body[-3:])
    assert get("bytes=-5000") == (206, "bytes 0-1023/1024", body)
    assert get("bytes=5-2") == (200, None, body)
    assert get("bytes=0-1,3-4") == (200, None, body)
    assert get("rows=1-2") == (200, None, body)
    assert refused(s3.get_object, Bucket=bucket, Key="k", Range="bytes=1024-") == ("InvalidRange", 416)
    assert refused(s3.get_object, Bucket=bucket, Key="k", Range="bytes=-0") == ("InvalidRange", 416)


def test_conditions(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfMatch='"0"') == ("PreconditionFailed", 412)
    assert refused(s3.put_object, Bucket=bucket, Key="new", Body=b"2", IfMatch='"0"') == ("NoSuchKey", 404)
    assert refused(s3.get_object, Bucket=bucket, Key="k", IfNoneMatch=etag) == ("304", 304)
    assert refused(s3.get_object, Bucket=bucket, Key="k", IfMatch='"0"') == ("PreconditionFailed", 412)
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    assert refused(s3.get_object, Bucket=bucket, Key="k", IfModifiedSince=later) == ("304", 304)
    earlier = later - datetime.timedelta(days=2)
    assert refused(s3.get_object, Bucket=bucket, Key="k", IfUnmodifiedSince=earlier) == ("PreconditionFailed", 412)
    assert s3.get_object(Bucket=bucket, Key="k", IfMatch=etag)["Body"].read() == b"1"
    s3.put_object(Bucket=bucket, Key="k", Body=b"3", IfMatch=etag)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"3"


def test_what_is_not_there(s3, bucket):
    assert refused(s3.head_object, Bucket=bucket, Key="none") == ("404", 404)
    assert refused(s3.head_bucket, Bucket="no-such-bucket") == ("404", 404)
    assert refused(s3.get_object, Bucket="no-such-bucket", Key="k") == ("NoSuchBucket", 404)
    assert refused(s3.put_object, Bucket="no-such-bucket", Key="k", Body=b"x") == ("NoSuchBucket", 404)
    assert refused(s3.list_objects_v2, Bucket="no-such-bucket") == ("NoSuchBucket", 404)
    assert s3.delete_object(Bucket=bucket, Key="none")["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refused(s3.put_object, Bucket=bucket, Key="k" * 1025, Body=b"") == ("KeyTooLongError", 400)


def test_what_is_not_served_is_said(s3, bucket):
    assert refused(s3.get_bucket_acl, Bucket=bucket)[1] == 501
    assert refused(s3.get_bucket_versioning, Bucket=bucket)[1] == 501
    assert refused(s3.get_object, Bucket=bucket, Key="k", VersionId="1")[1] == 501
    assert refused(s3.delete_object, Bucket=bucket, Key="k", IfMatch='"0"')[1] == 501


def test_buckets(region, s3, bucket):
    assert bucket in [item["Name"] for item in s3.list_buckets()["Buckets"]]
    assert refused(s3.create_bucket, Bucket=bucket) == ("BucketAlreadyOwnedByYou", 409)
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == REGION
    header = s3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
    assert header["x-amz-bucket-region"] == REGION and header["x-amz-request-id"]
    for name in ("Upper", "ab", "-a-", "a..b"):
        assert code_of(send(signed(region, "PUT", "/" + name))) == "InvalidBucketName"
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    assert refused(s3.delete_bucket, Bucket=bucket) == ("BucketNotEmpty", 409)
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)
    assert refused(s3.head_bucket, Bucket=bucket) == ("404", 404)
    s3.create_bucket(Bucket=bucket)


def test_listing(s3, bucket):
    keys = sorted([f"d{i % 7}/{i:03}" for i in range(120)] + ["d1", "d1!", "e\uffffx", "e\U0001f600/1", "z z/+%"],
                  key=lambda key: key.encode())
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")

    def walk(size, **options):
        found, groups, pages = [], [], 0
        options = {"Bucket": bucket, "MaxKeys": size, **options}
        while True:
            page = s3.list_objects_v2(**options)
            pages += 1
            assert page["KeyCount"] == len(page.get("Contents", [])) + len(page.get("CommonPrefixes", [])) <= size
            found += [item["Key"] for item in page.get("Contents", [])]
            groups += [item["Prefix"] for item in page.get("CommonPrefixes", [])]
            if not page["IsTruncated"]:
                return found, groups, pages
            options["ContinuationToken"] = page["NextContinuationToken"]

    assert walk(1000) == (keys, [], 1)
    for size in (1, 7, 25):
        assert walk(size)[0] == keys
        plain = [key for key in keys if "/" not in key]
        groups = sorted({key.split("/")[0] + "/" for key in keys if "/" in key}, key=lambda key: key.encode())
        assert walk(size, Delimiter="/")[:2] == (plain, groups)
    assert walk(3, Prefix="d3/")[0] == [key for key in keys if key.startswith("d3/")]
    assert walk(3, Prefix="d1", Delimiter="/")[:2] == (["d1", "d1!"], ["d1/"])
    assert walk(9, StartAfter="d5/100")[0] == [key for key in keys if key.encode() > b"d5/100"]
    assert walk(1000, Prefix="nothing")[:2] == ([], [])
    assert s3.list_objects_v2(Bucket=bucket, MaxKeys=0)["IsTruncated"] is False
    assert refused(s3.list_objects_v2, Bucket=bucket, ContinuationToken="!") == ("InvalidArgument", 400)
    assert "Owner" in s3.list_objects_v2(Bucket=bucket, FetchOwner=True, MaxKeys=1)["Contents"][0]


def test_deleting_many(region, s3, bucket):
    keys = [f"k/{i} &<>\"'" for i in range(30)]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    gone = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys[:-1] + ["never"]]})
    assert sorted(item["Key"] for item in gone["Deleted"]) == sorted(keys[:-1] + ["never"])
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == keys[-1:]
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": keys[-1]}], "Quiet": True})
    assert "Deleted" not in quiet and region.objects(bucket) == 0
    document = b"<Delete><Object><Key>x</Key></Object></Delete>"
    assert code_of(send(signed(region, "POST", f"/{bucket}?delete", document))) == "InvalidRequest"
    digest = {"Content-MD5": base64.b64encode(hashlib.md5(b"<Delete").digest()).decode()}
    assert code_of(send(signed(region, "POST", f"/{bucket}?delete", b"<Delete", digest))) == "MalformedXML"


# Bodies and their digests


def test_body_must_be_what_was_signed(region, s3, bucket):
    request = signed(region, "PUT", f"/{bucket}/k", b"signed")
    answer = send(request, b"other!")
    assert (answer.status_code, code_of(answer)) == (400, "XAmzContentSHA256Mismatch")
    digest = base64.b64encode(hashlib.md5(b"else").digest()).decode()
    answer = send(signed(region, "PUT", f"/{bucket}/k", b"signed", {"Content-MD5": digest}))
    assert (answer.status_code, code_of(answer)) == (400, "BadDigest")
    answer = send(signed(region, "PUT", f"/{bucket}/k", b"signed", {"x-amz-checksum-crc32": "AAAAAA=="}))
    assert (answer.status_code, code_of(answer)) == (400, "BadDigest")
    assert code_of(send(signed(region, "PUT", f"/{bucket}/k", b"x", {"x-amz-checksum-sha512": "AAAA"}))) == "NotImplemented"
    assert code_of(send(signed(region, "PUT", f"/{bucket}/k", b"x", sha256="nonsense"))) == "InvalidArgument"
    assert region.objects(bucket) == 0
    request = signed(region, "POST", "/v1/describejobs", b'{"jobs":["x"]}', name="batch")
    answer = send(request, b'{"jobs":["y"]}')
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (403, "InvalidSignatureException")


def test_checksums(region, s3, bucket):
    crc = base64.b64encode(zlib.crc32(b"123456789").to_bytes(4, "big")).decode()
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"123456789", ChecksumAlgorithm="CRC32")
    assert put["ChecksumCRC32"] == crc
    assert s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["ChecksumCRC32"] == crc
    for name, value in {"crc32c": "E3069283", "crc64nvme": "AE8B14860A799888",
                        "sha1": hashlib.sha1(b"123456789").hexdigest(),
                        "sha256": hashlib.sha256(b"123456789").hexdigest()}.items():
        header = {f"x-amz-checksum-{name}": base64.b64encode(bytes.fromhex(value)).decode()}
        assert send(signed(region, "PUT", f"/{bucket}/k", b"123456789", header)).status_code == 200, name


def chunked(pieces, trailers):
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return body + b"0\r\n" + b"".join(b"%s:%s\r\n" % item for item in trailers.items()) + b"\r\n"


def put_chunks(region, path, pieces, trailers=None, length=None, cut=0, twice=False):
    """`twice` sends it in HTTP's own chunks, of no announced length, as boto3 does over TLS."""
    content = b"".join(pieces)
    if trailers is None:
        trailers = {b"x-amz-checksum-crc32": base64.b64encode(zlib.crc32(content).to_bytes(4, "big"))}
    body = chunked(pieces, trailers)
    headers = {
        "Content-Encoding": "aws-chunked", "X-Amz-Trailer": "x-amz-checksum-crc32",
        "X-Amz-Decoded-Content-Length": str(len(content) if length is None else length)}
    request = signed(region, "PUT", path, b"", headers, sha256="STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    body = body[:len(body) - cut]
    if not twice:
        return send(request, body)
    request.headers.pop("Content-Length", None)
    return send(request, (body[i:i + 1000] for i in range(0, len(body), 1000)))


def test_aws_chunked(region, s3, bucket):
    pieces = [b"a" * 70_000, b"\r\n0\r\n", b"z"]
    assert put_chunks(region, f"/{bucket}/k", pieces).status_code == 200
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == b"".join(pieces) and "ContentEncoding" not in got
    assert put_chunks(region, f"/{bucket}/k2", pieces, twice=True).status_code == 200
    assert s3.get_object(Bucket=bucket, Key="k2")["Body"].read() == b"".join(pieces)
    assert code_of(put_chunks(region, f"/{bucket}/no", pieces, cut=2, twice=True)) == "IncompleteBody"
    wrong = {b"x-amz-checksum-crc32": b"AAAAAA=="}
    assert code_of(put_chunks(region, f"/{bucket}/no", pieces, wrong)) == "BadDigest"
    assert code_of(put_chunks(region, f"/{bucket}/no", pieces, {})) == "BadDigest"
    assert code_of(put_chunks(region, f"/{bucket}/no", pieces, length=3)) == "IncompleteBody"
    assert code_of(put_chunks(region, f"/{bucket}/no", pieces, cut=2)) == "IncompleteBody"
    assert region.objects(bucket) == 2


def test_what_boto3_really_sends(region, s3, bucket):
    """Over TLS chunks with a trailer, otherwise a header with the checksum: both are checked, and stored the same."""
    sent = []
    s3.meta.events.register("before-send.s3.PutObject", lambda request, **_: sent.append(dict(request.headers)))
    s3.put_object(Bucket=bucket, Key="k", Body=b"body" * 20_000, ContentType="text/x")
    names = {name.lower() for name in sent[0]}
    trailing = {"x-amz-trailer", "x-amz-decoded-content-length", "content-encoding"}
    assert trailing <= names if region.endpoint.startswith("https") else "x-amz-checksum-crc32" in names
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == b"body" * 20_000 and got["ChecksumCRC32"]
    assert got["ContentType"] == "text/x" and not got.get("ContentEncoding")


def test_a_length_must_be_said(region, bucket):
    request = signed(region, "PUT", f"/{bucket}/k", sha256="UNSIGNED-PAYLOAD")
    request.headers.pop("Content-Length", None)
    for _ in range(10):
        answer = send(request, iter([b"a", b"b"]))
        assert (answer.status_code, code_of(answer)) == (411, "MissingContentLength")
    assert region.objects(bucket) == 0


@pytest.mark.parametrize("sent", [0, 1, 3_000_000])
def test_a_body_that_breaks_off_stores_nothing(region, s3, bucket, sent):
    s3.put_object(Bucket=bucket, Key="old", Body=b"old")
    request = signed(region, "PUT", f"/{bucket}/old", sha256="UNSIGNED-PAYLOAD", headers={"Content-Length": "5000000"})
    parts = urllib.parse.urlsplit(request.url)
    with region.connect() as connection:
        lines = [f"PUT {parts.path} HTTP/1.1", f"Host: {parts.netloc}", "Content-Length: 5000000"]
        lines += [f"{name}: {value}" for name, value in request.headers.items() if name.lower() != "content-length"]
        connection.sendall("\r\n".join(lines + ["", ""]).encode() + b"x" * sent)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    assert s3.get_object(Bucket=bucket, Key="old")["Body"].read() == b"old"
    assert region.objects(bucket) == 1


# Parts


def test_multipart(region, s3, bucket):
    import boto3.s3.transfer

    body = os.urandom(13 << 20)
    config = boto3.s3.transfer.TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
    import io

    s3.upload_fileobj(io.BytesIO(body), bucket, "big file", Config=config, ExtraArgs={"Metadata": {"a_b": "c"}})
    head = s3.head_object(Bucket=bucket, Key="big file")
    digests = b"".join(hashlib.md5(body[i:i + (5 << 20)]).digest() for i in range(0, len(body), 5 << 20))
    assert head["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    assert head["Metadata"] == {"a_b": "c"}
    back = io.BytesIO()
    s3.download_fileobj(bucket, "big file", back, Config=config)
    assert back.getvalue() == body
    assert region.sql("SELECT count(*) FROM uploads WHERE bucket = '%s'" % bucket) == "0"


def test_multipart_by_hand(region, s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    named = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    small = s3.upload_part(**named, PartNumber=1, Body=b"small")["ETag"]
    last = s3.upload_part(**named, PartNumber=7, Body=b"last")["ETag"]
    assert refused(s3.get_object, Bucket=bucket, Key="k") == ("NoSuchKey", 404)
    assert [part["PartNumber"] for part in s3.list_parts(**named)["Parts"]] == [1, 7]
    assert s3.list_parts(**named, MaxParts=1)["IsTruncated"]
    assert [item["UploadId"] for item in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload]

    def complete(*parts):
        return refused(s3.complete_multipart_upload, **named, MultipartUpload={
            "Parts": [{"PartNumber": number, "ETag": etag} for number, etag in parts]})[0]

    assert complete((1, small), (7, last)) == "EntityTooSmall"
    assert complete((7, last), (1, small)) == "InvalidPartOrder"
    assert complete((1, last)) == "InvalidPart"
    assert complete((2, small)) == "InvalidPart"
    assert refused(s3.upload_part, **{**named, "Key": "other"}, PartNumber=1, Body=b"") == ("NoSuchUpload", 404)
    assert refused(s3.upload_part, **named, PartNumber=10001, Body=b"") == ("InvalidArgument", 400)
    large = s3.upload_part(**named, PartNumber=1, Body=b"L" * (5 << 20))["ETag"]
    whole = s3.complete_multipart_upload(**named, MultipartUpload={
        "Parts": [{"PartNumber": 1, "ETag": large}, {"PartNumber": 7, "ETag": last}]})
    assert whole["Location"] == f"{region.endpoint}/{bucket}/k"
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"L" * (5 << 20) + b"last"
    assert complete((1, large)) == "NoSuchUpload"
    other = s3.create_multipart_upload(Bucket=bucket, Key="k2")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="k2", UploadId=other, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(Bucket=bucket, Key="k2", UploadId=other)
    assert refused(s3.list_parts, Bucket=bucket, Key="k2", UploadId=other) == ("NoSuchUpload", 404)


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


def form(s3, bucket, key="up/${filename}", limit=100, fields=None, conditions=(), **options):
    return s3.generate_presigned_post(
        bucket, key, Fields=dict(fields or {}), Conditions=[["content-length-range", 1, limit], *conditions], **options)


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


# Faults


def test_faults(region, s3, bucket):
    dropped = (botocore.exceptions.ConnectionClosedError, botocore.exceptions.EndpointConnectionError)
    region.order_fault("PutObject", "dropBefore")
    with pytest.raises(dropped):
        s3.put_object(Bucket=bucket, Key="before", Body=b"x")
    region.order_fault("PutObject", "dropAfter")
    with pytest.raises(dropped):
        s3.put_object(Bucket=bucket, Key="after", Body=b"x")
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["after"]
    region.order_fault("PutObject", "error")
    assert refused(s3.put_object, Bucket=bucket, Key="error", Body=b"x") == ("InternalError", 500)
    region.order_fault("PutObject", "delay", milliseconds=50)
    s3.put_object(Bucket=bucket, Key="late", Body=b"x")
    # More often than there are threads: each must come back when its client has gone.
    region.order_fault("GetObject", "hang", milliseconds=600_000, remaining=20)
    impatient = region.client("s3", config=botocore.config.Config(
        read_timeout=0.2, retries={"max_attempts": 0}, s3={"addressing_style": "path"}))
    for _ in range(20):
        with pytest.raises(botocore.exceptions.ReadTimeoutError):
            impatient.get_object(Bucket=bucket, Key="after")
    assert s3.get_object(Bucket=bucket, Key="after")["Body"].read() == b"x"
    assert region.sql("SELECT count(*) FROM faults WHERE remaining > 0") == "0"

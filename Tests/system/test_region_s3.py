"""S3 of the local region as boto3 uses it, every answer judged by botocore's models: copies, lists, parts, checksums, tags,
signed chunks, and keys by every way."""

import base64
import hashlib
import hmac
import http.client
import io
import os
import secrets
import urllib.parse
import zlib

import boto3.s3.transfer
import pytest
import requests

from model import judge
from region import REGION, SCHEMES, Region, opened
from test_region import chunked, code_of, form, refused, send, signed

KEYS = ["a b+c%20d", "ü/ñ", "dir/../x", "//double//", "q?x=1&y#z"]
MIB = 1 << 20


@pytest.fixture(scope="module", params=SCHEMES)
def region(request):
    return Region.asked(request)


@pytest.fixture(scope="module")
def s3(region):
    return judge(region.client("s3"), "s3")


@pytest.fixture
def bucket(s3):
    name = "test-" + secrets.token_hex(6)
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    yield name
    for upload in s3.list_multipart_uploads(Bucket=name).get("Uploads", []):
        s3.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
        # One by one: XML has no way to name some of them.
        for item in page.get("Contents", []):
            s3.delete_object(Bucket=name, Key=item["Key"])
    s3.delete_bucket(Bucket=name)


def read(s3, bucket, key, **options):
    return s3.get_object(Bucket=bucket, Key=key, **options)["Body"].read()


def reflected(width: int, polynomial: int, data: bytes) -> str:
    """A CRC as S3 writes it."""
    ones = (1 << width) - 1
    value = ones
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)
    return base64.b64encode((value ^ ones).to_bytes(width // 8, "big")).decode()


CHECKSUMS = {
    "CRC32": lambda data: base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode(),
    "CRC32C": lambda data: reflected(32, 0x82F63B78, data),
    "CRC64NVME": lambda data: reflected(64, 0x9A6C9329AC4BC9B5, data),
    "SHA1": lambda data: base64.b64encode(hashlib.sha1(data).digest()).decode(),
    "SHA256": lambda data: base64.b64encode(hashlib.sha256(data).digest()).decode(),
}


# Keys, by header, by presigned URL and by form


def by_url(method: str, url: str, body=None) -> http.client.HTTPResponse:
    """As written: requests would tidy `..` away."""
    parts = urllib.parse.urlsplit(url)
    connection = opened(url)
    connection.request(method, url[url.index(parts.netloc) + len(parts.netloc):], body)
    return connection.getresponse()


@pytest.mark.parametrize("key", KEYS)
def test_a_key_by_every_way(region, s3, bucket, key):
    s3.put_object(Bucket=bucket, Key=key, Body=b"by header")
    get = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": key})
    assert by_url("GET", get).read() == b"by header"
    assert by_url("PUT", put, b"by URL").status == 200
    assert read(s3, bucket, key) == b"by URL" and by_url("GET", get).read() == b"by URL"
    post = form(s3, bucket, key=key)
    assert requests.post(post["url"], data=post["fields"], files={"file": ("n", b"by form")}).status_code == 204
    assert read(s3, bucket, key) == b"by form"
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key})
    s3.copy_object(Bucket=bucket, Key=key + "!", CopySource={"Bucket": bucket, "Key": "copy"})
    assert read(s3, bucket, key + "!") == b"by form"
    assert [item["Key"] for item in s3.list_objects(Bucket=bucket, Prefix=key)["Contents"]] == [key, key + "!"]
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"in parts")
    assert [item["Key"] for item in s3.list_multipart_uploads(Bucket=bucket, Prefix=key)["Uploads"]] == [key]
    s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={
        "Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    assert read(s3, bucket, key) == b"in parts"
    deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}]})["Deleted"]
    assert [item["Key"] for item in deleted] == [key]
    assert by_url("GET", get).status == 404


# Copies


def test_copying(s3, bucket):
    s3.put_object(Bucket=bucket, Key="from", Body=b"body", ContentType="text/csv", Metadata={"a": "b"}, Tagging="t=1&u=")
    source = {"Bucket": bucket, "Key": "from"}
    made = s3.copy_object(Bucket=bucket, Key="to", CopySource=source)["CopyObjectResult"]
    head = s3.head_object(Bucket=bucket, Key="to")
    assert made["ETag"] == head["ETag"] == f'"{hashlib.md5(b"body").hexdigest()}"'
    assert head["LastModified"] == made["LastModified"].replace(microsecond=0)
    assert (head["ContentType"], head["Metadata"], head["ContentLength"]) == ("text/csv", {"a": "b"}, 4)
    assert s3.get_object_tagging(Bucket=bucket, Key="to")["TagSet"] == [
        {"Key": "t", "Value": "1"}, {"Key": "u", "Value": ""}]
    s3.copy_object(Bucket=bucket, Key="to", CopySource=source, MetadataDirective="REPLACE", ContentType="text/html",
                   TaggingDirective="REPLACE", Tagging="v=2")
    head = s3.head_object(Bucket=bucket, Key="to")
    assert (head["ContentType"], head["Metadata"]) == ("text/html", {})
    assert s3.get_object_tagging(Bucket=bucket, Key="to")["TagSet"] == [{"Key": "v", "Value": "2"}]
    assert read(s3, bucket, "to") == b"body"
    s3.copy_object(Bucket=bucket, Key="from", CopySource=source, MetadataDirective="REPLACE", Metadata={"new": "1"})
    assert s3.head_object(Bucket=bucket, Key="from")["Metadata"] == {"new": "1"}


def test_copying_into_another_bucket(region, s3, bucket):
    s3.put_object(Bucket=bucket, Key="from", Body=b"body")
    s3.copy_object(Bucket="batchport-local", Key="copied", CopySource=f"/{bucket}/from")
    assert read(s3, "batchport-local", "copied") == b"body"
    s3.delete_object(Bucket="batchport-local", Key="copied")
    assert read(s3, bucket, "from") == b"body"


@pytest.mark.parametrize("change, expected", [
    ({"CopySource": "{bucket}/none"}, ("NoSuchKey", 404)),
    ({"CopySource": "no-such-bucket/from"}, ("NoSuchBucket", 404)),
    ({"CopySource": "{bucket}"}, ("InvalidArgument", 400)),
    ({"CopySource": "{bucket}/from?versionId=1"}, ("NoSuchVersion", 404)),
    ({"Key": "from"}, ("InvalidRequest", 400)),
    ({"Bucket": "no-such-bucket"}, ("NoSuchBucket", 404)),
    ({"MetadataDirective": "OTHER"}, ("InvalidArgument", 400)),
    ({"ChecksumAlgorithm": "MD4"}, ("InvalidRequest", 400)),
    ({"CopySourceIfMatch": '"0"'}, ("PreconditionFailed", 412)),
    ({"CopySourceIfNoneMatch": '"841a2d689ad86bd1611447453c22c6fc"'}, ("PreconditionFailed", 412)),
    ({"CopySourceIfModifiedSince": "2099-01-01"}, ("PreconditionFailed", 412)),
    ({"CopySourceIfUnmodifiedSince": "2001-01-01"}, ("PreconditionFailed", 412)),
    ({"IfNoneMatch": "*", "Key": "there"}, ("PreconditionFailed", 412)),
])
def test_copies_that_are_refused(region, s3, bucket, change, expected):
    s3.put_object(Bucket=bucket, Key="from", Body=b"body")
    s3.put_object(Bucket=bucket, Key="there", Body=b"there")
    asked = {"Bucket": bucket, "Key": "to", "CopySource": "{bucket}/from", **change}
    asked["CopySource"] = asked["CopySource"].format(bucket=bucket)
    assert refused(s3.copy_object, **asked) == expected
    assert region.objects(bucket) == 2 and read(s3, bucket, "there") == b"there"


def test_copying_a_checksum(s3, bucket):
    s3.put_object(Bucket=bucket, Key="from", Body=b"body", ChecksumAlgorithm="SHA1")
    kept = s3.copy_object(Bucket=bucket, Key="to", CopySource=f"{bucket}/from")["CopyObjectResult"]
    assert kept["ChecksumSHA1"] == CHECKSUMS["SHA1"](b"body") and kept["ChecksumType"] == "FULL_OBJECT"
    other = s3.copy_object(Bucket=bucket, Key="to", CopySource=f"{bucket}/from", ChecksumAlgorithm="CRC64NVME")
    assert other["CopyObjectResult"]["ChecksumCRC64NVME"] == CHECKSUMS["CRC64NVME"](b"body")
    head = s3.head_object(Bucket=bucket, Key="to", ChecksumMode="ENABLED")
    assert head["ChecksumCRC64NVME"] == CHECKSUMS["CRC64NVME"](b"body") and "ChecksumSHA1" not in head


def test_copying_in_parts(region, s3, bucket):
    body = os.urandom(13 * MIB)
    s3.put_object(Bucket=bucket, Key="from", Body=body)
    config = boto3.s3.transfer.TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.copy({"Bucket": bucket, "Key": "from"}, bucket, "to", Config=config)
    assert s3.head_object(Bucket=bucket, Key="to")["ETag"].endswith('-3"')
    assert read(s3, bucket, "to") == body
    whole = s3.copy_object(Bucket=bucket, Key="whole", CopySource=f"{bucket}/to")["CopyObjectResult"]
    assert whole["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    asked = {"Bucket": bucket, "Key": "k", "UploadId": upload, "PartNumber": 1, "CopySource": f"{bucket}/from"}
    part = s3.upload_part_copy(**asked, CopySourceRange="bytes=1-5242881")["CopyPartResult"]
    assert part["ETag"] == f'"{hashlib.md5(body[1:5242882]).hexdigest()}"'
    for bad in ("bytes=0-13631488", "bytes=5-", "bytes=-5", "0-5", "bytes=5-4"):
        assert refused(s3.upload_part_copy, **asked, CopySourceRange=bad) == ("InvalidArgument", 400), bad
    assert refused(s3.upload_part_copy, **asked, CopySourceIfMatch='"0"') == ("PreconditionFailed", 412)
    assert refused(s3.upload_part_copy, **{**asked, "UploadId": "none"}) == ("NoSuchUpload", 404)
    listed = s3.list_parts(Bucket=bucket, Key="k", UploadId=upload)["Parts"]
    assert [(item["PartNumber"], item["Size"]) for item in listed] == [(1, 5242881)]


# Lists


def test_the_first_list(region, s3, bucket):
    """ListObjects, the one before V2, whose markers are keys."""
    keys = sorted([f"d{i % 5}/{i:02}" for i in range(40)] + ["d1", "d1!", "e\uffffx", "e\U0001f600/1", "z z/+%"],
                  key=lambda key: key.encode())
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")

    def walk(size, **options):
        found, groups, marker = [], [], ""
        while True:
            page = s3.list_objects(Bucket=bucket, MaxKeys=size, Marker=marker, **options)
            assert len(page.get("Contents", [])) + len(page.get("CommonPrefixes", [])) <= size
            assert page["Marker"] == marker and all("Owner" in item for item in page.get("Contents", []))
            found += [item["Key"] for item in page.get("Contents", [])]
            groups += [item["Prefix"] for item in page.get("CommonPrefixes", [])]
            if not page["IsTruncated"]:
                return found, groups
            # Only with a delimiter does S3 say it.
            assert ("NextMarker" in page) == ("Delimiter" in options)
            marker = page.get("NextMarker") or page["Contents"][-1]["Key"]

    plain = [key for key in keys if "/" not in key]
    grouped = sorted({key.split("/")[0] + "/" for key in keys if "/" in key}, key=lambda key: key.encode())
    for size in (1, 7, 1000):
        assert walk(size) == (keys, [])
        assert walk(size, Delimiter="/") == (plain, grouped)
    assert walk(3, Prefix="d3/")[0] == [key for key in keys if key.startswith("d3/")]
    pages = s3.get_paginator("list_objects").paginate(Bucket=bucket, PaginationConfig={"PageSize": 11})
    assert [item["Key"] for page in pages for item in page["Contents"]] == keys
    raw = send(signed(region, "GET", f"/{bucket}?encoding-type=url&marker=z&prefix=z%20z")).text
    assert "<Key>z%20z/%2B%25</Key>" in raw and "<EncodingType>url</EncodingType>" in raw
    assert refused(s3.list_objects, Bucket="no-such-bucket") == ("NoSuchBucket", 404)
    assert code_of(send(signed(region, "GET", f"/{bucket}?encoding-type=base64"))) == "InvalidArgument"


def test_uploads_under_way(s3, bucket):
    keys = ["a", "a", "b/1", "b/2", "c", "ü/x"]
    begun = [(key, s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]) for key in keys]
    begun.sort(key=lambda item: (item[0].encode(), item[1]))
    for size in (1, 2, 1000):
        pages = list(s3.get_paginator("list_multipart_uploads").paginate(
            Bucket=bucket, PaginationConfig={"PageSize": size}))
        assert [(item["Key"], item["UploadId"]) for page in pages for item in page["Uploads"]] == begun
        assert all(len(page["Uploads"]) <= size for page in pages)
        pages = list(s3.get_paginator("list_multipart_uploads").paginate(
            Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": size}))
        assert [item["Key"] for page in pages for item in page.get("Uploads", [])] == ["a", "a", "c"]
        assert [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])] == ["b/", "ü/"]
    found = s3.list_multipart_uploads(Bucket=bucket, Prefix="b/")["Uploads"]
    assert [item["Key"] for item in found] == ["b/1", "b/2"]
    # A page that ended with an upload that has gone since goes on behind it.
    first = s3.list_multipart_uploads(Bucket=bucket, MaxUploads=1)
    s3.abort_multipart_upload(Bucket=bucket, Key=begun[0][0], UploadId=begun[0][1])
    rest = s3.list_multipart_uploads(
        Bucket=bucket, KeyMarker=first["NextKeyMarker"], UploadIdMarker=first["NextUploadIdMarker"])
    assert [(item["Key"], item["UploadId"]) for item in rest["Uploads"]] == begun[1:]


def test_parts_by_page(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    for number in (1, 3, 10_000):
        s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=number, Body=b"x" * number)
    pages = list(s3.get_paginator("list_parts").paginate(
        Bucket=bucket, Key="k", UploadId=upload, PaginationConfig={"PageSize": 2}))
    assert [[(item["PartNumber"], item["Size"]) for item in page["Parts"]] for page in pages] == [
        [(1, 1), (3, 3)], [(10_000, 10_000)]]


# Checksums


@pytest.mark.parametrize("name", CHECKSUMS)
def test_a_checksum(region, s3, bucket, name):
    body = os.urandom(1000)
    right = {"Checksum" + name: CHECKSUMS[name](body)}
    made = s3.put_object(Bucket=bucket, Key="k", Body=body, **right)
    assert made["Checksum" + name] == CHECKSUMS[name](body) and made["ChecksumType"] == "FULL_OBJECT"
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["Checksum" + name] == CHECKSUMS[name](body) and got["Body"].read() == body
    assert "Checksum" + name not in s3.head_object(Bucket=bucket, Key="k")
    part = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED", Range="bytes=0-1")
    assert "Checksum" + name not in part and part["Body"].read() == body[:2]
    wrong = {"Checksum" + name: CHECKSUMS[name](body + b"x")}
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=body, **wrong) == ("BadDigest", 400)
    # In a trailer, as boto3 sends it over TLS.
    trailer = {b"x-amz-checksum-" + name.lower().encode(): CHECKSUMS[name](body).encode()}
    headers = {"Content-Encoding": "aws-chunked", "X-Amz-Trailer": "x-amz-checksum-" + name.lower(),
               "X-Amz-Decoded-Content-Length": "1000"}
    request = signed(region, "PUT", f"/{bucket}/t", b"", headers, sha256="STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    assert send(request, chunked([body], trailer)).status_code == 200
    assert s3.head_object(Bucket=bucket, Key="t", ChecksumMode="ENABLED")["Checksum" + name] == CHECKSUMS[name](body)


def parts_of(s3, bucket, bodies, name, **asked):
    """An upload with two parts and their checksums: what its completion needs."""
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm=name, **asked)
    assert upload["ChecksumAlgorithm"] == name
    named = {"Bucket": bucket, "Key": "k", "UploadId": upload["UploadId"]}
    parts = []
    for number, body in enumerate(bodies, 1):
        sum = {"Checksum" + name: CHECKSUMS[name](body)}
        part = s3.upload_part(**named, PartNumber=number, Body=body, **sum)
        parts.append({"PartNumber": number, "ETag": part["ETag"], **sum})
    return named, parts, upload["ChecksumType"]


@pytest.mark.parametrize("name, type", [
    ("CRC32", "COMPOSITE"), ("CRC32", "FULL_OBJECT"), ("CRC32C", "COMPOSITE"), ("SHA1", "COMPOSITE"),
    ("SHA256", "COMPOSITE"), ("CRC64NVME", "FULL_OBJECT"),
])
def test_the_checksum_of_parts(s3, bucket, name, type):
    # The slow checksums are of few bytes that repeat; only their first part counts for S3's least size.
    bodies = [os.urandom(5 * MIB) if name in ("CRC32", "SHA1", "SHA256") else b"small", b"last"]
    named, parts, default = parts_of(s3, bucket, bodies, name, ChecksumType=type)
    assert default == type
    if len(bodies[0]) < 5 * MIB:
        parts, bodies = parts[:1], bodies[:1]
    listed = s3.list_parts(**named)
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == (name, type)
    assert [item["Checksum" + name] for item in listed["Parts"]][:len(parts)] == [p["Checksum" + name] for p in parts]
    wrong = [{**parts[0], "Checksum" + name: CHECKSUMS[name](b"other")}] + parts[1:]
    assert refused(s3.complete_multipart_upload, **named, MultipartUpload={"Parts": wrong}) == ("InvalidPart", 400)
    if type == "COMPOSITE":
        bare = [{"PartNumber": p["PartNumber"], "ETag": p["ETag"]} for p in parts]
        assert refused(s3.complete_multipart_upload, **named, MultipartUpload={"Parts": bare}) == ("InvalidRequest", 400)
        sums = b"".join(base64.b64decode(part["Checksum" + name]) for part in parts)
        expected = CHECKSUMS[name](sums) + f"-{len(parts)}"
    else:
        expected = CHECKSUMS[name](b"".join(bodies))
        false = {"Checksum" + name: CHECKSUMS[name](b"other")}
        assert refused(s3.complete_multipart_upload, **named, **false, MultipartUpload={"Parts": parts}) == (
            "BadDigest", 400)
    made = s3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts}, MpuObjectSize=len(b"".join(bodies)))
    assert (made["Checksum" + name], made["ChecksumType"]) == (expected, type)
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (head["Checksum" + name], head["ChecksumType"]) == (expected, type)
    assert read(s3, bucket, "k") == b"".join(bodies)


def test_checksums_that_do_not_go_together(s3, bucket):
    for name, type in (("CRC64NVME", "COMPOSITE"), ("SHA1", "FULL_OBJECT"), ("SHA256", "FULL_OBJECT")):
        asked = {"Bucket": bucket, "Key": "k", "ChecksumAlgorithm": name, "ChecksumType": type}
        assert refused(s3.create_multipart_upload, **asked) == ("InvalidRequest", 400)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm="SHA256")["UploadId"]
    named = {"Bucket": bucket, "Key": "k", "UploadId": upload, "PartNumber": 1}
    assert refused(s3.upload_part, **named, Body=b"x", ChecksumSHA1=CHECKSUMS["SHA1"](b"x")) == ("InvalidRequest", 400)
    part = s3.upload_part(**named, Body=b"x", ChecksumSHA256=CHECKSUMS["SHA256"](b"x"))
    done = {"Bucket": bucket, "Key": "k", "UploadId": upload, "MultipartUpload": {"Parts": [
        {"PartNumber": 1, "ETag": part["ETag"], "ChecksumSHA256": CHECKSUMS["SHA256"](b"x")}]}}
    assert refused(s3.complete_multipart_upload, **done, MpuObjectSize=2) == ("InvalidRequest", 400)
    s3.complete_multipart_upload(**done, MpuObjectSize=1)


def test_thirteen_megabytes_of_boto3s_own_checksums(s3, bucket):
    body = os.urandom(13 * MIB)
    config = boto3.s3.transfer.TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_fileobj(io.BytesIO(body), bucket, "big", Config=config)
    head = s3.head_object(Bucket=bucket, Key="big", ChecksumMode="ENABLED")
    parts = [body[i:i + 5 * MIB] for i in range(0, len(body), 5 * MIB)]
    sums = b"".join(base64.b64decode(CHECKSUMS["CRC32"](part)) for part in parts)
    assert head["ChecksumCRC32"] in (CHECKSUMS["CRC32"](sums) + "-3", CHECKSUMS["CRC32"](body))
    back = io.BytesIO()
    s3.download_fileobj(bucket, "big", back, Config=config)
    assert back.getvalue() == body


# Tags and metadata


def test_tags(s3, bucket):
    tags = [{"Key": f"k{n} +/=@é", "Value": "" if n else "v=+/@:"} for n in range(10)]
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Tagging=urllib.parse.urlencode(
        {tag["Key"]: tag["Value"] for tag in tags}), Metadata={"a": "1"})
    got = s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"]
    assert sorted(got, key=lambda tag: tag["Key"]) == tags
    before = s3.get_object(Bucket=bucket, Key="k")
    assert before["TagCount"] == 10
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    after = s3.get_object(Bucket=bucket, Key="k")
    assert (after["TagCount"], after["ETag"], after["LastModified"], after["Metadata"]) == (
        1, before["ETag"], before["LastModified"], {"a": "1"})
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
    assert "TagCount" not in s3.get_object(Bucket=bucket, Key="k")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="m", Tagging="in=parts")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="m", UploadId=upload, PartNumber=1, Body=b"x")
    s3.complete_multipart_upload(Bucket=bucket, Key="m", UploadId=upload, MultipartUpload={
        "Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    assert s3.get_object_tagging(Bucket=bucket, Key="m")["TagSet"] == [{"Key": "in", "Value": "parts"}]
    xml = "<Tagging><TagSet><Tag><Key>by</Key><Value>form</Value></Tag></TagSet></Tagging>"
    post = form(s3, bucket, key="f", fields={"tagging": xml}, conditions=[{"tagging": xml}])
    assert requests.post(post["url"], data=post["fields"], files={"file": ("n", b"x")}).status_code == 204
    assert s3.get_object_tagging(Bucket=bucket, Key="f")["TagSet"] == [{"Key": "by", "Value": "form"}]


@pytest.mark.parametrize("tags, code", [
    ([{"Key": f"k{n}", "Value": ""} for n in range(11)], "BadRequest"),
    ([{"Key": "k", "Value": ""}, {"Key": "k", "Value": "2"}], "InvalidTag"),
    ([{"Key": "k" * 129, "Value": ""}], "InvalidTag"), ([{"Key": "k", "Value": "v" * 257}], "InvalidTag"),
    ([{"Key": "", "Value": "v"}], "InvalidTag"),
])
def test_tags_that_are_refused(s3, bucket, tags, code):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Tagging="kept=1")
    asked = {"Bucket": bucket, "Key": "k", "Tagging": {"TagSet": tags}}
    if all(tag["Key"] for tag in tags):
        assert refused(s3.put_object_tagging, **asked) == (code, 400)
    header = "&".join(urllib.parse.urlencode([(tag["Key"], tag["Value"])]) for tag in tags)
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"y", Tagging=header) == (code, 400)
    assert read(s3, bucket, "k") == b"x"
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "kept", "Value": "1"}]


def test_tags_of_what_is_not_there(s3, bucket):
    for call in (s3.get_object_tagging, s3.delete_object_tagging):
        assert refused(call, Bucket=bucket, Key="none") == ("NoSuchKey", 404)
        assert refused(call, Bucket="no-such-bucket", Key="none") == ("NoSuchBucket", 404)
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"", Metadata={"a": "x" * 2048}) == (
        "MetadataTooLarge", 400)


# Signed chunks, which boto3 does not send and other clients do


def put_signed_chunks(region, path, pieces, trailer=None, spoil=None):
    """`STREAMING-AWS4-HMAC-SHA256-PAYLOAD[-TRAILER]` after S3's documentation. `spoil` may change the pieces sent."""
    content = b"".join(pieces)
    headers = {"Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": str(len(content))}
    if trailer:
        headers["X-Amz-Trailer"] = trailer[0]
    word = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if trailer else "")
    request = signed(region, "PUT", path, b"", headers, sha256=word)
    previous = request.headers["Authorization"].split("Signature=")[1]
    timestamp = request.headers["X-Amz-Date"]
    scope = f"{timestamp[:8]}/{REGION}/s3/aws4_request"
    key = ("AWS4" + region.users["first"]["secretAccessKey"]).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()

    def sign(kind, *rest):
        text = "\n".join([f"AWS4-HMAC-SHA256-{kind}", timestamp, scope, previous, *rest])
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()

    body = b""
    for piece, sent in zip([*pieces, b""], [*(spoil(pieces) if spoil else pieces), b""]):
        previous = sign("PAYLOAD", hashlib.sha256(b"").hexdigest(), hashlib.sha256(piece).hexdigest())
        body += b"%x;chunk-signature=%s\r\n" % (len(sent), previous.encode())
        body += sent + b"\r\n" if sent else b""
    if trailer:
        name, value, false = (*trailer, None)[:3]
        line = f"{name}:{value}"
        previous = sign("TRAILER", hashlib.sha256((line + "\n").encode()).hexdigest())
        body += f"{line}\r\nx-amz-trailer-signature:{false or previous}\r\n".encode()
    return send(request, body + b"\r\n")


def test_signed_chunks(region, s3, bucket):
    pieces = [os.urandom(70_000), os.urandom(8192), b"last"]
    content = b"".join(pieces)
    assert put_signed_chunks(region, f"/{bucket}/k", pieces).status_code == 200
    assert read(s3, bucket, "k") == content
    sum = CHECKSUMS["CRC32"](content)
    trailer = ("x-amz-checksum-crc32", sum)
    assert put_signed_chunks(region, f"/{bucket}/t", pieces, trailer).status_code == 200
    head = s3.head_object(Bucket=bucket, Key="t", ChecksumMode="ENABLED")
    assert head["ChecksumCRC32"] == sum and read(s3, bucket, "t") == content
    assert put_signed_chunks(region, f"/{bucket}/empty", []).status_code == 200

    def refusal(*arguments, **named):
        answer = put_signed_chunks(region, f"/{bucket}/no", *arguments, **named)
        return code_of(answer), answer.status_code

    mismatch = ("SignatureDoesNotMatch", 403)
    assert refusal(pieces, spoil=lambda p: [p[0], p[1][:-1] + bytes([p[1][-1] ^ 1]), p[2]]) == mismatch
    assert refusal([b"a" * 9000, b"b" * 9000], spoil=lambda p: p[::-1]) == mismatch
    assert refusal(pieces, (*trailer, "0" * 64)) == mismatch
    assert refusal(pieces, ("x-amz-checksum-crc32", CHECKSUMS["CRC32"](b"other"))) == ("BadDigest", 400)
    assert refusal([b"small", pieces[0]]) == ("InvalidChunkSizeError", 403)
    assert region.objects(bucket) == 3

"""S3 of the local region as boto3 uses it: keys by every way, copies, lists and uploads under way."""

import hashlib
import http.client
import os
import urllib.parse

import boto3.s3.transfer
import pytest
import requests

from region import opened, region  # noqa: F401 (fixtures)
from region_s3 import CHECKSUMS, MIB, bucket, read, s3  # noqa: F401 (fixtures)
from region_requests import code_of, form, refused, send, signed

KEYS = ["a b+c%20d", "ü/ñ", "dir/../x", "//double//", "q?x=1&y#z"]


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

"""Objects of the local region by boto3: keys that are hard to sign, headers, ranges, conditions, lists."""

import base64
import concurrent.futures
import datetime
import hashlib

import pytest
import requests

from region import REGION, region  # noqa: F401 (fixtures)
from region_requests import code_of, raw_get, refused, send, signed
from region_s3 import bucket, s3  # noqa: F401 (fixtures)

NASTY = [
    "a b+c%20d", "ü/ñ", "dir/../x", "//double//", "q?x=1&y#z", "trailing/", "100%", "~tilde*'()!", "日本/語.txt",
    "a\\b", "line\nbreak", "..", "x/./y", "%2F%2f", "k" * 1024,
]


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

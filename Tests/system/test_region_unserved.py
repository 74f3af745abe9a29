"""What S3 has and the local region does not is refused, not dropped."""

import secrets

import pytest
import requests

from region import REGION, region  # noqa: F401 (fixtures)
from region_s3 import bucket, read, s3  # noqa: F401 (fixtures)
from region_requests import refused

UNSERVED = [
    {"ACL": "public-read"}, {"GrantRead": "id=1"}, {"StorageClass": "GLACIER"}, {"StorageClass": "STANDARD_IA"},
    {"ServerSideEncryption": "aws:kms"}, {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "k"},
    {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}, {"BucketKeyEnabled": True},
    {"WebsiteRedirectLocation": "/x"}, {"ObjectLockLegalHoldStatus": "ON"},
]
TAKEN = {"ACL": "bucket-owner-full-control", "StorageClass": "STANDARD", "ServerSideEncryption": "AES256"}


@pytest.mark.parametrize("asked", UNSERVED, ids=lambda asked: "-".join(map(str, asked)) + "-" + str(list(asked.values())[0])[:12])
def test_writes(s3, bucket, asked):
    if "SSECustomerAlgorithm" in asked and s3.meta.endpoint_url.startswith("http:"):
        # botocore itself sends no key in clear.
        asked = {"ServerSideEncryption": "aws:kms:dsse"}
    s3.put_object(Bucket=bucket, Key="there", Body=b"as it was", **TAKEN)
    common = {"Bucket": bucket, "Key": "there", **asked}
    assert refused(s3.put_object, Body=b"other", **common) == ("NotImplemented", 501)
    assert refused(s3.create_multipart_upload, **common) == ("NotImplemented", 501)
    source = {"Bucket": bucket, "Key": "there"}
    assert refused(s3.copy_object, CopySource=source, MetadataDirective="REPLACE", **common) == ("NotImplemented", 501)
    assert read(s3, bucket, "there") == b"as it was" and "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_what_is_true_anyway_is_taken(s3, bucket):
    for acl in ("private", "bucket-owner-full-control"):
        s3.put_object(Bucket=bucket, Key="a", Body=b"x", **(TAKEN | {"ACL": acl}))
    s3.copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "a"}, **TAKEN)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="c", **TAKEN)["UploadId"]
    s3.abort_multipart_upload(Bucket=bucket, Key="c", UploadId=upload)
    assert read(s3, bucket, "b") == b"x"
    assert refused(s3.put_object, Bucket=bucket, Key="a", Body=b"", StorageClass="COLD") == ("InvalidStorageClass", 400)


def test_bytes_behind_others(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"first")
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"x", WriteOffsetBytes=5) == ("NotImplemented", 501)
    assert read(s3, bucket, "k") == b"first"


def test_conditions_of_a_deletion(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"first")
    assert refused(s3.delete_object, Bucket=bucket, Key="k", IfMatchSize=1) == ("NotImplemented", 501)
    assert read(s3, bucket, "k") == b"first"


def test_links_and_forms(s3, bucket):
    for asked in ({"ACL": "public-read"}, {"StorageClass": "GLACIER"}):
        url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k", **asked})
        name, value = ("x-amz-acl", "public-read") if "ACL" in asked else ("x-amz-storage-class", "GLACIER")
        headers = {} if name in url.lower().split("signedheaders")[0] else {name: value}
        assert requests.put(url, data=b"x", headers=headers).status_code == 501
    for fields in ({"acl": "public-read"}, {"x-amz-storage-class": "GLACIER"}):
        post = s3.generate_presigned_post(bucket, "k", Fields=fields, Conditions=[fields])
        answer = requests.post(post["url"], data=post["fields"], files={"file": ("n", b"x")})
        assert answer.status_code == 501, answer.text
    assert refused(s3.head_object, Bucket=bucket, Key="k") == ("404", 404)


def test_where_a_bucket_is(s3):
    def make(**configuration):
        return refused(s3.create_bucket, Bucket="b-" + secrets.token_hex(6), CreateBucketConfiguration=configuration)

    assert make(LocationConstraint="eu-west-1") == ("IllegalLocationConstraintException", 400)
    assert make(Tags=[{"Key": "a", "Value": "b"}]) == ("NotImplemented", 501)
    assert refused(s3.create_bucket, Bucket="b-" + secrets.token_hex(6), ACL="public-read") == ("NotImplemented", 501)
    name = "b-" + secrets.token_hex(6)
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.delete_bucket(Bucket=name)


def test_buckets_page_by_page(s3):
    prefix = "page-" + secrets.token_hex(6) + "-"
    names = [prefix + str(n) for n in range(5)]
    for name in names:
        s3.create_bucket(Bucket=name)
    try:
        page = s3.list_buckets(Prefix=prefix, MaxBuckets=2)
        found = [[item["Name"] for item in page["Buckets"]]]
        while token := page.get("ContinuationToken"):
            page = s3.list_buckets(Prefix=prefix, MaxBuckets=2, ContinuationToken=token)
            found.append([item["Name"] for item in page["Buckets"]])
        assert found == [names[:2], names[2:4], names[4:]] and page["Prefix"] == prefix
        assert set(names) <= {item["Name"] for item in s3.list_buckets()["Buckets"]}
        assert s3.list_buckets(Prefix=prefix, BucketRegion="eu-west-1")["Buckets"] == []
        assert refused(s3.list_buckets, ContinuationToken="x") == ("InvalidArgument", 400)
    finally:
        for name in names:
            s3.delete_bucket(Bucket=name)

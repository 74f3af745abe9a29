"""The local region's S3 with a bucket of one's own, every answer judged by botocore's models."""

import base64
import hashlib
import secrets
import zlib

import pytest

from model import judge
from region import REGION, region  # noqa: F401 (fixtures)

MIB = 1 << 20


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

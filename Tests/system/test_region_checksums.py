"""Checksums of the local region's S3, of objects, of parts and of chunks that are signed, and what else stands with an object:
tags and metadata."""

import base64
import hashlib
import hmac
import io
import os
import urllib.parse

import boto3.s3.transfer
import pytest
import requests

from region import REGION, region  # noqa: F401 (fixtures)
from region_s3 import CHECKSUMS, MIB, bucket, read, s3  # noqa: F401 (fixtures)
from region_requests import chunked, code_of, form, refused, send, signed


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

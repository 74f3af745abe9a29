"""Bodies that come to the local region whole, in chunks, in parts, or not to their end."""

import base64
import hashlib
import os
import socket
import urllib.parse
import zlib

import pytest

from region import region  # noqa: F401 (fixtures)
from region_requests import chunked, code_of, refused, send, signed
from region_s3 import bucket, s3  # noqa: F401 (fixtures)


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

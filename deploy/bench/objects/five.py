"""five.py DEMO.JSON [GIGABYTES]: so many gigabytes put by boto3 in parts, as it would send them to S3, and got again.
Prints seconds, and fails unless the bytes are equal."""

import hashlib
import json
import os
import sys
import time

import boto3
import boto3.s3.transfer

BLOCK = 1 << 20


class Source:
    """Bytes that do not repeat, without a file."""

    def __init__(self, size: int):
        self.left, self.number, self.rest = size, 0, b""
        self.noise, self.digest = os.urandom(BLOCK), hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        pieces, wanted = [self.rest], self.left if size < 0 else size
        have = len(self.rest)
        while have < wanted and self.left > have:
            self.number += 1
            piece = self.number.to_bytes(8, "big") + self.noise[8:]
            pieces.append(piece)
            have += len(piece)
        whole = b"".join(pieces)[:self.left]
        out, self.rest = whole[:wanted], whole[wanted:]
        self.left -= len(out)
        self.digest.update(out)
        return out


demo, size = json.load(open(sys.argv[1])), int(float(sys.argv[2] if len(sys.argv) > 2 else 5) * 10**9)
aws = demo["aws"]
s3 = boto3.client("s3", endpoint_url=aws["endpoint"], region_name=aws["region"], aws_access_key_id=aws["accessKeyId"],
                  aws_secret_access_key=aws["secretAccessKey"])
named = {"Bucket": "batchport-local", "Key": "bench/five"}
source, start = Source(size), time.monotonic()
config = boto3.s3.transfer.TransferConfig(multipart_chunksize=64 << 20, max_concurrency=2)
s3.upload_fileobj(source, named["Bucket"], named["Key"], Config=config)
put, digest = time.monotonic() - start, hashlib.sha256()
head = s3.head_object(**named, ChecksumMode="ENABLED")
assert head["ContentLength"] == size, head
start = time.monotonic()
for piece in s3.get_object(**named)["Body"].iter_chunks(BLOCK):
    digest.update(piece)
got = time.monotonic() - start
assert digest.digest() == source.digest.digest(), "other bytes came back"
print(f"{size / 10**9:.1f} GB by boto3 in {head['ETag'].strip(chr(34)).split('-')[1]} parts: put {put:.1f} s, "
      f"got {got:.1f} s, bytes equal")
s3.delete_object(**named)

"""links.py DEMO.JSON put|get SIZE COUNT: presigned links of as many objects bench/SIZE/N, by boto3."""

import json
import sys

import boto3
from botocore.config import Config

demo, method, size, count = json.load(open(sys.argv[1])), sys.argv[2], sys.argv[3], int(sys.argv[4])
aws = demo["aws"]
s3 = boto3.client("s3", endpoint_url=aws["endpoint"], region_name=aws["region"], aws_access_key_id=aws["accessKeyId"],
                  aws_secret_access_key=aws["secretAccessKey"], config=Config(signature_version="s3v4"))
for number in range(count):
    params = {"Bucket": "batchport-local", "Key": f"bench/{size}/{number}"}
    print(s3.generate_presigned_url(method + "_object", Params=params, ExpiresIn=3600))

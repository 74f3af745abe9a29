"""presign.py DEMO.JSON: a PUT and a GET link for the object bench/gigabyte, by boto3."""

import json
import sys

import boto3
from botocore.config import Config

demo = json.load(open(sys.argv[1]))
aws = demo["aws"]
s3 = boto3.client("s3", endpoint_url=aws["endpoint"], region_name=aws["region"], aws_access_key_id=aws["accessKeyId"],
                  aws_secret_access_key=aws["secretAccessKey"], config=Config(signature_version="s3v4"))
for act in "put_object", "get_object":
    print(s3.generate_presigned_url(act, Params={"Bucket": "batchport-local", "Key": "bench/gigabyte"}, ExpiresIn=3600))

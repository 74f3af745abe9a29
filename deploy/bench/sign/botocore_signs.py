"""The same as main.swift, by botocore: prints signatures a second."""

import time

import botocore.auth
import botocore.awsrequest
import botocore.credentials

credentials = botocore.credentials.Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
start, count = time.monotonic(), 0
while time.monotonic() < start + 3:
    for _ in range(100):
        count += 1
        request = botocore.awsrequest.AWSRequest(
            "PUT", f"https://bucket.s3.eu-central-1.amazonaws.com/jobs/{count}/a%20b%2Bc/%C3%BC.csv"
            f"?partNumber={count}&uploadId=abc%2F",
            headers={"content-type": "text/csv; charset=utf-8", "X-Amz-Content-SHA256": empty})
        botocore.auth.S3SigV4Auth(credentials, "s3", "eu-central-1").add_auth(request)
assert "Signature=" in request.headers["Authorization"]
print(int(count / (time.monotonic() - start)))

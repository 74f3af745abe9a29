"""The local region as its clients see it: boto3 with its keys, and raw requests for what boto3 would not send."""

import json
import os
import pathlib
import subprocess

import boto3
import botocore.config

REGION = "us-local-1"


class Region:
    def __init__(self, endpoint: str, users: pathlib.Path, sql):
        self.endpoint = endpoint.rstrip("/")
        self.users = {user["name"]: user for user in json.loads(users.read_text())}
        self.sql = sql

    @classmethod
    def under_test(cls):
        """The one that a Swift test has started for us, if that is who asks."""
        if not (endpoint := os.environ.get("BATCHPORT_TEST_REGION")):
            return None

        def sql(statement: str) -> str:
            call = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
                    "-d", os.environ["BATCHPORT_TEST_REGION_DATABASE"]]
            return subprocess.run(call, input=statement, text=True, capture_output=True, check=True).stdout.strip()

        return cls(endpoint, pathlib.Path(os.environ["BATCHPORT_TEST_REGION_STATE"]) / "users.json", sql)

    @classmethod
    def of(cls, instance):
        return cls(
            instance.setting("local.conf", "local.endpoint"), instance.state / "region/users.json",
            lambda statement: instance.sql(statement, "batchport_local"))

    def client(self, service: str, user: str = "first", **other):
        keys = self.users[user]
        options = {
            "aws_access_key_id": keys["accessKeyId"], "aws_secret_access_key": keys["secretAccessKey"],
            "region_name": REGION, "endpoint_url": self.endpoint,
            "config": botocore.config.Config(
                retries={"max_attempts": 0}, read_timeout=60, signature_version="s3v4" if service == "s3" else None,
                s3={"addressing_style": "path"}),
        }
        return boto3.session.Session().client(service, **{**options, **other})

    def order_fault(self, operation: str, kind: str, milliseconds: int = 0, remaining: int = 1):
        self.sql(
            "INSERT INTO faults (operation, kind, milliseconds, remaining) "
            f"VALUES ('{operation}', '{kind}', {milliseconds}, {remaining})")

    def objects(self, bucket: str) -> int:
        return int(self.sql(f"SELECT count(*) FROM objects WHERE bucket = '{bucket}'"))

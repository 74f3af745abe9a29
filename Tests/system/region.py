"""The local region as its clients see it: boto3 with its keys, and raw requests for what boto3 would not send."""

import copy
import http.client
import json
import os
import pathlib
import socket
import ssl
import subprocess
import urllib.parse

import boto3
import botocore.config
import pytest

REGION = "us-local-1"
# One, so that botocore reads its models once.
SESSION = boto3.session.Session()


# What a fixture that is to be had both ways takes as its params.
SCHEMES = ["http", "https"]


def opened(url: str) -> http.client.HTTPConnection:
    """For requests that must go as they are written."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.netloc)
    context = ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"])
    return http.client.HTTPSConnection(parts.netloc, context=context)


class Region:
    def __init__(self, endpoint: str, secure_endpoint: str, ca: pathlib.Path, users: pathlib.Path, sql, command):
        self.endpoint = endpoint.rstrip("/")
        self.secure_endpoint = secure_endpoint
        self.ca = str(ca)
        self.users = {user["name"]: user for user in json.loads(users.read_text())}
        self.sql = sql
        self.command = command

    @classmethod
    def of(cls, instance):
        def command(*words: str, stdin: str) -> subprocess.CompletedProcess:
            call = [str(instance.state / "app/bin/batchport"), *words, "--settings",
                    str(instance.state / "settings/local.conf")]
            return instance.as_service(call, input=stdin)

        return cls(
            instance.setting("local.conf", "local.endpoint"), instance.demo["aws"]["secureEndpoint"],
            instance.state / "tls/ca.pem", instance.state / "region/users.json",
            lambda statement: instance.sql(statement, "batchport_local"), command)

    @classmethod
    def asked(cls, request):
        """The instance's; over TLS if the fixture's parameter says so."""
        region = cls.of(request.getfixturevalue("instance"))
        return region.over_tls() if getattr(request, "param", "http") == "https" else region

    def over_tls(self):
        """The same, reached by its certificate. `requests` trusts the authority from now on."""
        os.environ["REQUESTS_CA_BUNDLE"] = self.ca
        region = copy.copy(self)
        region.endpoint = self.secure_endpoint
        return region

    def connect(self) -> socket.socket:
        parts = urllib.parse.urlsplit(self.endpoint)
        connection = socket.create_connection((parts.hostname, parts.port))
        if parts.scheme == "http":
            return connection
        return ssl.create_default_context(cafile=self.ca).wrap_socket(connection, server_hostname=parts.hostname)

    def identity(self, script: dict, fails: bool = False) -> str:
        """Makes users, roles and policies; the users' keys are known from then on. Answers what was written."""
        done = self.command("local", "identity", stdin=json.dumps(script))
        assert (done.returncode != 0) == fails, done.stderr
        if not fails:
            self.users |= {user["name"]: user for user in map(json.loads, done.stdout.splitlines())}
        return done.stdout + done.stderr

    def client(self, service: str, user: str = "first", **other):
        keys = self.users[user]
        options = {
            "aws_access_key_id": keys["accessKeyId"], "aws_secret_access_key": keys["secretAccessKey"],
            "region_name": REGION, "endpoint_url": self.endpoint, "verify": self.ca,
            "config": botocore.config.Config(
                retries={"max_attempts": 0}, read_timeout=60, signature_version="s3v4" if service == "s3" else None,
                s3={"addressing_style": "path"}),
        }
        return SESSION.client(service, **{**options, **other})

    def order_fault(self, operation: str, kind: str, milliseconds: int = 0, remaining: int = 1):
        self.sql(
            "INSERT INTO faults (operation, kind, milliseconds, remaining) "
            f"VALUES ('{operation}', '{kind}', {milliseconds}, {remaining})")

    def temporary_key(self, id: str, secret: str, token: str):
        """Of a session of a role that may do everything, for an hour."""
        self.sql(
            "INSERT INTO identity_policies (holder, name, document) VALUES ('role/everything', 'all', "
            """'{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}') """
            "ON CONFLICT DO NOTHING")
        self.sql(
            "INSERT INTO access_keys (id, secret, session_token, principal, expires_at) "
            f"VALUES ('{id}', '{secret}', '{token}', 'assumed-role/everything/one', now() + interval '1 hour')")

    def objects(self, bucket: str) -> int:
        return int(self.sql(f"SELECT count(*) FROM objects WHERE bucket = '{bucket}'"))


@pytest.fixture(scope="module", params=SCHEMES)
def region(request):
    return Region.asked(request)

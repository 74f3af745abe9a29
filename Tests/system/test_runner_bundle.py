"""The runner's bundle in an image that has nothing else: no shell, no C library, no certificates, perhaps no /proc."""

import hashlib
import http.server
import json
import pathlib
import ssl
import subprocess
import threading
import uuid

import boto3
import pytest
from moto.server import ThreadedMotoServer

RUNNER = "/opt/batchport/batchport-runner"


@pytest.fixture(scope="module")
def bundle(instance) -> pathlib.Path:
    return instance.state / "app/runner"


@pytest.fixture(scope="module")
def s3():
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1",
                       aws_access_key_id="test", aws_secret_access_key="test")
    server.stop()


class Job:
    """A job in a bucket of its own: an input file, and the runner itself as the only command that the image has."""

    def __init__(self, s3):
        self.s3, self.id = s3, str(uuid.uuid4())
        self.bucket, self.folder = f"job-{self.id}", f"jobs/{self.id}/"
        s3.create_bucket(Bucket=self.bucket)
        data = bytes(range(256)) * 5000
        s3.put_object(Bucket=self.bucket, Key=self.folder + "inputs/0", Body=data)
        manifest = {
            "version": 1, "job": self.id, "jobType": "Single", "language": "command", "argv": [RUNNER, "--version"],
            "environment": {}, "resultFormat": "json",
            "inputFiles": [{"name": "data.bin", "key": self.folder + "inputs/0", "size": len(data),
                            "sha256": hashlib.sha256(data).hexdigest()}],
        }
        s3.put_object(Bucket=self.bucket, Key=self.folder + "manifest.json", Body=json.dumps(manifest))

    @property
    def address(self):
        return f"s3://{self.bucket}/{self.folder}manifest.json"

    def outcome(self):
        answer = self.s3.get_object(Bucket=self.bucket, Key=self.folder + "attempts/1/outcome.json")
        return json.loads(answer["Body"].read())


def in_empty_image(bundle, argument, endpoint, *mounts):
    """Runs the launcher in a root folder that holds the bundle, /tmp and `mounts` only; the network is this machine's."""
    variables = {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "test",
                 "AWS_SECRET_ACCESS_KEY": "test", "BATCHPORT_PATIENCE_SECONDS": "0"}
    call = ["bwrap", "--unshare-user", "--unshare-pid", "--die-with-parent", "--clearenv",
            "--ro-bind", str(bundle), "/opt/batchport", "--tmpfs", "/tmp", "--chdir", "/", *mounts]
    for name, value in variables.items():
        call += ["--setenv", name, value]
    return subprocess.run(call + ["--", RUNNER, argument], capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("mounts", [["--proc", "/proc"], []], ids=["with /proc", "without /proc"])
def test_runs_a_job(bundle, s3, mounts):
    job = Job(s3)
    done = in_empty_image(bundle, job.address, s3.meta.endpoint_url, *mounts)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("batchport-runner, for manifests of version ")
    outcome = job.outcome()
    assert (outcome["phase"], outcome["exitCode"], outcome["messages"]) == ("complete", 0, [])


def test_knows_only_the_certificates_it_brings(bundle, tmp_path):
    """An unknown authority is refused, which takes a CA file that can be read; one that is named is believed."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-out", certificate, "-keyout", key],
                   check=True, capture_output=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"https://127.0.0.1:{server.server_address[1]}"
    address = f"s3://bucket/jobs/{uuid.uuid4()}/manifest.json"

    stranger = in_empty_image(bundle, address, endpoint)
    assert stranger.returncode == 72
    assert "no trusted TLS connection (libcurl 60)" in stranger.stderr

    friend = in_empty_image(bundle, address, endpoint, "--ro-bind", str(certificate), "/ca.pem",
                            "--setenv", "AWS_CA_BUNDLE", "/ca.pem")
    assert friend.returncode == 72
    assert "AWS s3 GetObject: 501" in friend.stderr
    server.shutdown()

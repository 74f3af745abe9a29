"""The runner's bundle in an image that has nothing else: no shell, no C library, no certificates, perhaps no /proc."""

import hashlib
import http.server
import json
import os
import pathlib
import signal
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
    """A job in a bucket of its own, with an input file. Its code is a shell script, or the runner itself as the only
    command that an empty image has."""

    def __init__(self, s3, script=None):
        self.s3, self.id = s3, str(uuid.uuid4())
        self.bucket, self.folder = f"job-{self.id}", f"jobs/{self.id}/"
        s3.create_bucket(Bucket=self.bucket)
        data = bytes(range(256)) * 5000
        manifest = {
            "version": 1, "job": self.id, "jobType": "Single", "environment": {}, "resultFormat": "json",
            "inputFiles": [{"name": "data.bin", **self.stored("inputs/0", data)}],
        }
        if script is None:
            manifest |= {"language": "command", "argv": [RUNNER, "--version"]}
        else:
            manifest |= {"language": "shell", "code": self.stored("code", script.encode())}
        s3.put_object(Bucket=self.bucket, Key=self.folder + "manifest.json", Body=json.dumps(manifest))

    def stored(self, name, data):
        self.s3.put_object(Bucket=self.bucket, Key=self.folder + name, Body=data)
        return {"key": self.folder + name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}

    @property
    def address(self):
        return f"s3://{self.bucket}/{self.folder}manifest.json"

    def left(self, name):
        """What the first attempt left."""
        return self.s3.get_object(Bucket=self.bucket, Key=self.folder + "attempts/1/" + name)["Body"].read()

    def outcome(self):
        return json.loads(self.left("outcome.json"))


def call_in_empty_image(bundle, argument, endpoint, *mounts):
    """The launcher in a root folder that holds the bundle, /tmp and `mounts` only; the network is this machine's."""
    variables = {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "test",
                 "AWS_SECRET_ACCESS_KEY": "test", "BATCHPORT_PATIENCE_SECONDS": "0"}
    call = ["bwrap", "--unshare-user", "--unshare-pid", "--die-with-parent", "--clearenv",
            "--ro-bind", str(bundle), "/opt/batchport", "--tmpfs", "/tmp", "--chdir", "/", *mounts]
    for name, value in variables.items():
        call += ["--setenv", name, value]
    return call + ["--", RUNNER, argument]


def in_empty_image(bundle, argument, endpoint, *mounts):
    call = call_in_empty_image(bundle, argument, endpoint, *mounts)
    return subprocess.run(call, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("mounts", [["--proc", "/proc"], []], ids=["with /proc", "without /proc"])
def test_runs_a_job(bundle, s3, mounts):
    job = Job(s3)
    done = in_empty_image(bundle, job.address, s3.meta.endpoint_url, *mounts)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("batchport-runner, for manifests of version ")
    outcome = job.outcome()
    assert (outcome["phase"], outcome["exitCode"], outcome["messages"]) == ("complete", 0, [])


def test_a_full_disk_is_said_so(bundle, s3):
    job = Job(s3)
    done = in_empty_image(bundle, job.address, s3.meta.endpoint_url, "--size", "1000000", "--tmpfs", "/tmp")
    assert done.returncode == 75
    assert "data.bin\u201d cannot be written: write" in done.stderr and "No space left on device" in done.stderr
    assert job.outcome()["phase"] == "download"


SHELL = ["--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib",
         "--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev"]


def test_as_process_1_it_passes_signals_on_and_leaves_nothing(bundle, s3):
    """In a container the runner is process 1, which no signal reaches that it does not ask for."""
    job = Job(s3, """
        trap 'echo caught > output/caught; exit 3' TERM
        env > output/env
        (sleep 1000 &)
        setsid sh -c 'echo ready; exec sleep 1000' &
        while :; do sleep 1; done
        """)
    information, theirs = os.pipe()
    call = call_in_empty_image(
        bundle, job.address, s3.meta.endpoint_url, *SHELL, "--as-pid-1", "--info-fd", str(theirs),
        "--setenv", "LD_LIBRARY_PATH", "/image/lib", "--setenv", "OPENSSL_CONF", "/image/openssl.cnf")
    process = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, pass_fds=[theirs])
    os.close(theirs)
    with os.fdopen(information) as file:
        runner = json.load(file)["child-pid"]
    assert process.stdout.readline() == "ready\n"
    os.kill(runner, signal.SIGTERM)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 3
    outcome = job.outcome()
    assert (outcome["phase"], outcome["exitCode"]) == ("complete", 3)
    assert outcome["messages"][0] == "SIGTERM was passed on to the code."
    assert "processes had not: they were killed" in outcome["messages"][1]
    ours = [line for line in errors.splitlines() if line.startswith("batchport-runner: ")]
    assert ours == ["batchport-runner: " + message for message in outcome["messages"]]
    assert job.left("output/caught") == b"caught\n"
    variables = job.left("output/env").decode().splitlines()
    assert "LD_LIBRARY_PATH=/image/lib" in variables and "OPENSSL_CONF=/image/openssl.cnf" in variables
    names = {line.split("=")[0] for line in variables if line.startswith("BATCHPORT_")}
    assert names == {"BATCHPORT_JOB", "BATCHPORT_ATTEMPT", "BATCHPORT_RESULT", "BATCHPORT_OUTPUT"}


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

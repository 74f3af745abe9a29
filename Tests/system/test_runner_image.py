"""An image with the runner in it, made as an admin would make one: the bundle's archive, laid by umoci over Debian 11's
root file system, whose C library is older than the runner's."""

import json
import os
import pathlib
import subprocess

import pytest

from test_runner_bundle import RUNNER, Job, s3  # noqa: F401

CLONE = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def archive(instance, tmp_path_factory) -> pathlib.Path:
    file = tmp_path_factory.mktemp("bundle") / "runner.tar"
    program = instance.state / "app/runner/libexec/batchport-runner"
    subprocess.run([CLONE / "deploy/runner/bundle", file], env={**os.environ, "RUNNER": str(program)}, check=True)
    return file


@pytest.fixture(scope="module")
def image(archive, tmp_path_factory):
    """The image's root folder, as a container engine would unpack it."""
    folder = tmp_path_factory.mktemp("image")
    old = folder / "old.tar"
    subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "--include=python3-minimal", "bullseye", old], check=True)
    subprocess.run([CLONE / "deploy/aws/image", archive, folder / "oci", old], check=True)
    subprocess.run(["umoci", "unpack", "--rootless", "--image", f"{folder}/oci:jobs", folder / "unpacked"],
                   check=True, capture_output=True)
    return folder


def inside(image: pathlib.Path, *call: str, **variables: str) -> subprocess.CompletedProcess:
    run = ["bwrap", "--unshare-user", "--unshare-pid", "--die-with-parent", "--clearenv", "--setenv", "PATH", "/usr/bin:/bin",
           "--bind", str(image / "unpacked/rootfs"), "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--chdir", "/"]
    for name, value in variables.items():
        run += ["--setenv", name, value]
    return subprocess.run(run + ["--", *call], capture_output=True, text=True, timeout=120)


def test_equal_bundles_make_equal_archives(instance, archive, tmp_path):
    program = instance.state / "app/runner/libexec/batchport-runner"
    again = tmp_path / "runner.tar"
    subprocess.run([CLONE / "deploy/runner/bundle", again], env={**os.environ, "RUNNER": str(program)}, check=True)
    assert again.read_bytes() == archive.read_bytes()


def test_the_image_names_the_runner(image):
    index = json.loads((image / "oci/index.json").read_text())
    blob = lambda digest: json.loads((image / "oci/blobs/sha256" / digest.split(":")[1]).read_text())
    manifest = blob(index["manifests"][0]["digest"])
    assert len(manifest["layers"]) == 2
    assert blob(manifest["config"]["digest"])["config"]["Cmd"] == [RUNNER]


def test_the_old_system_could_not_start_the_program_by_itself(image):
    """What the launcher is for: without it the same program finds this system's C library."""
    assert "Debian" in inside(image, "cat", "/etc/issue").stdout
    alone = inside(image, "/opt/batchport/libexec/batchport-runner", "--version")
    assert alone.returncode != 0 and ("GLIBC" in alone.stderr or "cannot open shared object" in alone.stderr)
    assert inside(image, RUNNER, "--version").returncode == 0


def test_it_runs_a_job_there(image, s3):  # noqa: F811
    job = Job(s3, 'python3 -c "import sys; print(sys.version_info[:2])" > output/python; cat /etc/debian_version > output/version')
    done = inside(image, RUNNER, job.address, AWS_REGION="us-east-1", AWS_ENDPOINT_URL=s3.meta.endpoint_url,
                  AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
    assert (done.returncode, job.outcome()["phase"]) == (0, "complete"), done.stderr
    assert job.left("output/python") == b"(3, 9)\n"
    assert job.left("output/version").startswith(b"11.")

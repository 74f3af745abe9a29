"""A running Batchport for the tests of the whole: the one whose state folder is in BATCHPORT_TEST_STATE, or one that
deploy/up makes for this run and deploy/down stops."""

import contextlib
import gc
import os
import pathlib
import random
import re
import secrets
import shutil
import socket
import subprocess
import tempfile

import pytest

from browsing import Browser
from portal import API, Instance

CLONE = pathlib.Path(__file__).resolve().parents[2]
# botocore's models are a million objects that stay: Python looks through them ten thousand times otherwise.
gc.set_threshold(100_000, 20, 100)


def free_port() -> int:
    """A port that is free on all three addresses, and that the system gives to no client."""
    while True:
        port = random.randrange(20_000, 32_000)
        with contextlib.ExitStack() as sockets, contextlib.suppress(OSError):
            for address in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
                sockets.enter_context(socket.socket()).bind((address, port))
            return port


# By the supervisor's word and the keeper's. What tests end, they end by SIGTERM, SIGKILL and, a worker, SIGSEGV.
CRASHED = re.compile(r"ended with (signal\((4|5|6|7|8|11)\)|(132|133|134|135|136)$)")


def crashes(logs: pathlib.Path) -> list[str]:
    """What the logs say of processes that ended by a fault of their own."""
    lines = (line for file in sorted(logs.glob("*.log")) for line in file.read_text(errors="replace").splitlines())
    return [line for line in lines if CRASHED.search(line)]


@contextlib.contextmanager
def deployed(*options: str):
    """One that deploy/up makes, with these options beside its usual ones, and deploy/down stops."""
    state = pathlib.Path(tempfile.mkdtemp(prefix="batchport-", dir=os.environ.get("BATCHPORT_TEST_FOLDER", "/var/tmp")))
    state.chmod(0o755)
    up = [str(CLONE / "deploy/up"), "--port", str(free_port()), "--state", str(state / "s"), "--no-sample",
          "--set", "worker.lease_seconds=2", "--set", "worker.bound_seconds=2", *options]
    try:
        subprocess.run(up, check=True)
        yield Instance(state / "s")
        assert not (found := crashes(state / "s/logs")), "\n".join(found)
    finally:
        subprocess.run([str(CLONE / "deploy/down"), "--state", str(state / "s")], check=False)
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="session")
def instance():
    if state := os.environ.get("BATCHPORT_TEST_STATE"):
        yield Instance(pathlib.Path(state))
        return
    with deployed() as made:
        yield made


@pytest.fixture
def new_instance():
    """One that has no admin yet."""
    with deployed() as made:
        yield made


@pytest.fixture
def api(instance) -> API:
    """The member, by a token, as a service would."""
    return instance.api()


@pytest.fixture
def browser(instance) -> Browser:
    """The member, signed in by form, without JavaScript."""
    return instance.signed_in()


@pytest.fixture(scope="session")
def stranger(instance):
    """Another member with a token of their own: e-mail, password, API."""
    return instance.add_member("stranger-" + secrets.token_hex(4))


@pytest.fixture(scope="session")
def admin(instance):
    """An admin, signed in in a browser without JavaScript."""
    return instance.add_admin("admin-" + secrets.token_hex(4))

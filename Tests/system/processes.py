"""The processes of an instance, to be stopped, killed and replaced by a test."""

import contextlib
import os
import signal
import pathlib
import subprocess
import time

from portal import CLEAN, Instance


def pids(command: str) -> list[int]:
    """Of processes whose command line begins so; those that keep them running do not count."""
    found = []
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        # One that ends meanwhile has no file, or none that can be read.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
            if pid != os.getpid() and words.startswith(command.encode()):
                found.append(pid)
    return found


def pids_of(instance: Instance, program: str) -> list[int]:
    return pids(f"{instance.state}/app/bin/batchport {program}")


def wait_for(check, seconds: float = 60):
    end = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < end, f"waited {seconds} s"
        time.sleep(0.05)
    return found


def send(pid: int, what: int):
    """To one that may have ended."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, what)


@contextlib.contextmanager
def without(instance: Instance, service: str):
    """The instance's own `worker` or `web` is away, and its keeper does not bring it back before the end."""
    keeper = int((instance.state / f"run/{service}.pid").read_text().split()[0])
    os.kill(keeper, signal.SIGSTOP)
    try:
        for pid in pids_of(instance, service):
            send(pid, signal.SIGTERM)
        wait_for(lambda: not running(instance, service), 45)
        yield
    finally:
        os.kill(keeper, signal.SIGCONT)
        wait_for(lambda: running(instance, service), 45)


def running(instance: Instance, service: str) -> list[int]:
    """Without those that have ended and that a stopped keeper has not waited for."""
    def is_alive(pid: int) -> bool:
        try:
            with open(f"/proc/{pid}/stat") as file:
                return file.read().rpartition(")")[2].split()[0] != "Z"
        except FileNotFoundError:
            return False
    return [pid for pid in pids_of(instance, service) if is_alive(pid)]


@contextlib.contextmanager
def worker(instance: Instance, **environment: str):
    """One more worker, for as long as the block; ended by SIGTERM if it has not ended by itself."""
    call = [f"{instance.state}/app/bin/batchport", "worker", "--settings", f"{instance.state}/settings/worker.conf"]
    words = [f"{name}={value}" for name, value in environment.items()]
    call = ["env", *words, *call] if words else call
    with open(instance.state / "logs/test-workers.log", "ab") as log:
        process = subprocess.Popen(
            instance.call_as_service(call), env=CLEAN, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield process
    finally:
        send(process.pid, signal.SIGCONT)
        process.terminate()
        process.wait(45)


def clock_library(folder: pathlib.Path) -> str:
    """clock.c as a library for LD_PRELOAD, where every user can read it."""
    folder.chmod(0o755)
    library = folder / "clock.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, pathlib.Path(__file__).with_name("clock.c")], check=True)
    return str(library)

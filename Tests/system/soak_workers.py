"""Workers for a soak to kill and to stop."""

import signal
import subprocess
import threading
import time

from portal import CLEAN, Instance
from processes import pids, send


class Workers:
    """More worker processes beside the instance's own, started again whenever one ends."""

    def __init__(self, instance: Instance, count: int):
        self.instance = instance
        self.program = f"{instance.state}/app/bin/batchport worker"
        self.is_over = threading.Event()
        self.stopped: list[tuple[float, int]] = []
        self.children = [self.start() for _ in range(count)]
        self.thread = threading.Thread(target=self.keep)
        self.thread.start()

    def start(self) -> subprocess.Popen:
        call = [*self.program.split(), "--settings", f"{self.instance.state}/settings/worker.conf"]
        with open(self.instance.state / "logs/soak-workers.log", "ab") as log:
            return subprocess.Popen(
                self.instance.call_as_service(call), env=CLEAN, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def keep(self):
        while not self.is_over.wait(0.05):
            self.children = [child if child.poll() is None else self.start() for child in self.children]
            due = [pid for at, pid in self.stopped if at <= time.monotonic()]
            self.stopped = [(at, pid) for at, pid in self.stopped if at > time.monotonic()]
            for pid in due:
                send(pid, signal.SIGCONT)

    def pids(self) -> list[int]:
        paused = {pid for _, pid in self.stopped}
        return [pid for pid in pids(self.program) if pid not in paused]

    def some(self, at_least: int = 1) -> list[int]:
        """They come back by themselves."""
        while len(found := self.pids()) < at_least:
            time.sleep(0.05)
        return found

    def pause(self, pid: int, seconds: float):
        send(pid, signal.SIGSTOP)
        self.stopped.append((time.monotonic() + seconds, pid))

    def end(self):
        self.is_over.set()
        self.thread.join()
        for _, pid in self.stopped:
            send(pid, signal.SIGCONT)
        for child in self.children:
            child.terminate()
        for child in self.children:
            child.wait(60)

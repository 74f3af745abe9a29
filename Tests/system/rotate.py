#!/usr/bin/env python3
"""The vault's keys are replaced while jobs run and workers are killed; afterwards every sealed record must open, and no
call may have failed. Alone: rotate.py STATE-FOLDER --records N --kills N --seed N."""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import random
import secrets
import signal
import sys
import threading
import time

from browsing import Browser
from portal import Instance
from processes import pids_of, wait_for


def worker_pids(instance) -> list[int]:
    return pids_of(instance, "worker")


def kill_workers(instance):
    for pid in worker_pids(instance):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


class Load:
    """Jobs through the environment's shared credential, one after the other, for as long as it is asked for."""

    def __init__(self, api):
        self.api, self.jobs, self.failures = api, [], []
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()

    def run(self):
        while not self.is_over.wait(0.3):
            answer = self.api.submit(self.api.job("print('ran')"))
            if answer.status_code == 201:
                self.jobs.append(answer.json()["jobUUID"])
            else:
                self.failures.append(answer.text)


@dataclasses.dataclass
class Report:
    seed: int
    records: int
    rotations: int = 0
    killed: int = 0
    jobs: int = 0
    seconds: float = 0
    unreadable: int = 0
    failed: list = dataclasses.field(default_factory=list)

    def __str__(self):
        return (f"seed {self.seed}: {self.rotations} rotations of {self.records} records in {self.seconds:.1f} s, "
                f"{self.killed} kills, {self.jobs} jobs meanwhile; {self.unreadable} unreadable, {len(self.failed)} failed")


class Rotations:
    def __init__(self, instance: Instance, records: int, seed: int):
        self.instance, self.random = instance, random.Random(seed)
        self.report = Report(seed, records)

    def fill(self, owners: int = 3):
        """Access keys of several people, each opened and sealed again by the worker; a sealed variable beside them."""
        key = local_key(self.instance)
        # As many of one person as the site's limit may allow at all.
        self.sql("UPDATE limits SET value = most WHERE name = 'credential.mostPerPerson'")
        owners = max(owners, -(-self.report.records // 400))
        browsers = [self.member() for _ in range(owners)]

        def add(number: int):
            browser, token = browsers[number % owners]
            answer = browser.post("/credentials", {
                "form_token": token, "name": f"r {number}", "region": "us-local-1",
                "access_key_id": key[0], "secret_access_key": key[1], "session_token": ""})
            assert answer.status_code == 303, answer.text
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(add, range(self.report.records)))
        wait_for(lambda: self.sql("SELECT count(*) FROM credentials WHERE ingress IS NOT NULL") == "0", 900)

    def member(self) -> tuple[Browser, str]:
        email, password, _ = self.instance.add_member("rotation-" + secrets.token_hex(4))
        browser = Browser(self.instance.url)
        assert browser.sign_in(email, password).status_code == 303
        return browser, browser.form("/credentials")["form_token"]

    def sql(self, text: str) -> str:
        return self.instance.sql(text)

    def rotate(self, what: str, kills: int):
        """To its end; each kill comes when something more has been done, or at a random moment."""
        done = self.instance.command("admin", "vault", "rotate", what)
        assert done.returncode == 0, done.stderr
        for _ in range(kills):
            if self.is_done():
                break
            time.sleep(self.random.uniform(0, 0.4))  # The fault's own moment.
            kill_workers(self.instance)
            self.report.killed += 1
            wait_for(lambda: worker_pids(self.instance))
        wait_for(self.is_done, 300)
        self.report.rotations += 1

    def is_done(self) -> bool:
        return self.sql("SELECT count(*) FROM vault_rotations WHERE finished_at IS NULL") == "0"

    def run(self, kills: int, api) -> Report:
        """Owners' keys again and again until so many workers were killed."""
        start = time.monotonic()
        with Load(api) as load:
            while True:
                self.rotate("owners", kills - self.report.killed)
                if self.report.killed >= kills:
                    break
        self.report.seconds = time.monotonic() - start
        self.check(load, api)
        return self.report

    def check(self, load: Load, api):
        self.report.failed += load.failures
        self.report.jobs += len(load.jobs)
        for job in load.jobs:
            found = api.wait(job, seconds=180)
            if found["displayStatus"] != "Succeeded":
                self.report.failed.append(found)
        self.report.failed += self.sql("SELECT detail FROM audit WHERE action = 'credential.notOpened'").splitlines()
        self.report.unreadable = self.unreadable()

    def unreadable(self) -> int:
        """Each one is opened; whether AWS then takes it is another matter."""
        self.sql(
            "UPDATE credentials SET checked_at = NULL, health = 'unchecked' WHERE sealed IS NOT NULL;"
            "SELECT enqueue_task('checkCredential', jsonb_build_object('credential', id), 'ordinary', NULL,"
            " 'checkCredential/' || id, 25) FROM credentials WHERE sealed IS NOT NULL")
        wait_for(lambda: self.sql(
            "SELECT count(*) FROM credentials WHERE sealed IS NOT NULL AND health IN ('unchecked', 'unreachable')") == "0",
            900)
        return int(self.sql("SELECT count(*) FROM credentials WHERE sealed IS NOT NULL AND health <> 'ok' AND health <> 'refused'"))


def local_key(instance: Instance) -> tuple[str, str]:
    user = json.loads((instance.state / "region/users.json").read_text())[0]
    return user["accessKeyId"], user["secretAccessKey"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("state", type=pathlib.Path)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    given = parser.parse_args()
    instance = Instance(given.state)
    rotations = Rotations(instance, given.records, given.seed)
    rotations.fill(owners=10)
    report = rotations.run(given.kills, instance.api())
    print(report)
    return 1 if report.unreadable or report.failed else 0


if __name__ == "__main__":
    sys.exit(main())

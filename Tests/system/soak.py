#!/usr/bin/env python3
"""Submissions by the JSON API while answers of AWS get lost and workers are killed and stopped at random; then a checker
compares the region's ledger with the portal's database. Everything random comes from one seed, which is printed: the
same seed orders the same faults and the same kills. Alone: soak.py STATE-FOLDER --seed N --submissions N --kills N."""

import argparse
import concurrent.futures
import contextlib
import pathlib
import random
import secrets
import signal
import sys
import threading
import time

import requests

from portal import Instance
from soak_checks import Checks, nearly_the_same
from soak_disturbing import Disturbing
from soak_plan import Plan, Report
from soak_preparing import Preparing
from soak_watch import AWAY, UNWATCH, WATCH
from soak_workers import Workers


class Soak(Preparing, Disturbing, Checks):
    def __init__(self, instance: Instance, plan: Plan, say=print):
        self.instance, self.plan, self.say = instance, plan, say
        self.random = random.Random(plan.seed)
        self.name = "soak-" + secrets.token_hex(4)
        self.report = Report(plan)
        self.ids: list[str] = []
        self.sessions = threading.local()
        self.sending: concurrent.futures.Future | None = None

    def sql(self, statement: str, database: str = "batchport") -> str:
        """Asked again while the database is away."""
        end = time.monotonic() + 60
        while True:
            try:
                return self.instance.sql(statement, database)
            except RuntimeError as error:
                if time.monotonic() > end or not any(word in str(error) for word in AWAY):
                    raise
                time.sleep(0.2)

    def region(self, *words: str, stdin: str | None = None) -> str:
        call = [str(self.instance.state / "app/bin/batchport"), "local", *words,
                "--settings", str(self.instance.state / "settings/local.conf")]
        done = self.instance.as_service(call, input=stdin)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    def run(self, tamper=lambda soak: None) -> Report:
        """`tamper` may spoil what the checker will see, to try the checker."""
        self.say(f"soak: seed {self.plan.seed}, {self.plan.submissions} submissions, {self.plan.kills} kills, "
                 f"{self.plan.stops} stops")
        with self.at_work() as workers:
            self.submit_and_disturb(workers)
            self.wait_until_settled()
            tamper(self)
            self.check()
        return self.report

    def run_late(self) -> list[list[dict]]:
        """AWS lists jobs later than the portal waits before it sends again, and none starts: what AWS has twice must be
        found and all but one stopped. Answers the ledger's entries of each such submission, once all have settled."""
        with self.at_work():
            self.submit_all()
            try:
                self.wait_for(lambda: self.sent() >= len(self.ids) and not self.unstopped(), self.sent, "one of each left")
            except TimeoutError as error:
                self.say(str(error))
            twins = [found for found in self.ledger().values() if len(found) > 1]
            self.region("order", stdin='{"simulations": [{"name": "soak", "runningMs": 200}]}')
            self.region("move", "--simulation", "soak", "--from", "RUNNABLE")
            self.wait_until_settled()
            self.check()
        return twins

    @contextlib.contextmanager
    def at_work(self):
        """With the faults, the watch over writes, and more workers; without any of them afterwards."""
        began = time.monotonic()
        self.prepare()
        before = self.web_connections()
        self.instance.sql(UNWATCH + WATCH)
        workers = Workers(self.instance, self.plan.workers)
        try:
            yield workers
        finally:
            workers.end()
            self.region("order", stdin='{"clear": true}')
            self.instance.sql(UNWATCH)
            self.report.seconds = time.monotonic() - began
            self.report.connections = (before, self.web_connections())

    def web_connections(self) -> int:
        return int(self.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'batchport_web'"))

    def submit_and_disturb(self, workers: Workers):
        is_over = threading.Event()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            self.sending = pool.submit(self.submit_all)
            ending = pool.submit(self.end_connections)
            witnesses = [pool.submit(self.witness, number, is_over) for number in range(2)]
            try:
                self.disturb(workers)
                self.sending.result()
                ending.result()
            finally:
                is_over.set()
            for each in witnesses:
                each.result()

    def witness(self, number: int, is_over: threading.Event):
        """Two people ask all the time who they are: whatever connection answers, it is they."""
        api = self.instance.api(self.witnesses[number][1])
        while not is_over.wait(0.05):
            with contextlib.suppress(requests.ConnectionError):
                answer = api.get("/me")
                if answer.status_code == 200 and answer.json()["email"] != self.witnesses[number][0]:
                    self.report.strangers.append(answer.json())
                elif answer.status_code not in (200, 502, 503):
                    self.report.strangers.append({"status": answer.status_code, "text": answer.text})

    def submit_all(self):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for id in pool.map(self.submit, range(self.plan.submissions)):
                self.ids.append(id)

    def submit(self, number: int) -> str:
        """As a careful client: the same key again until there is an answer."""
        api = self.api()
        body = {"environment": self.name, "name": f"soak {number}", **nearly_the_same(number)}
        while True:
            try:
                answer = api.submit(body, f"{self.name}-{number}-0123456789")
            except requests.ConnectionError:
                continue
            if answer.status_code in (200, 201):
                return answer.json()["jobUUID"]
            if answer.status_code not in (409, 429, 502, 503):
                raise RuntimeError(f"{answer.status_code} {answer.text}")
            time.sleep(0.2)

    def api(self):
        """A session for each thread."""
        if not hasattr(self.sessions, "api"):
            self.sessions.api = self.instance.api(self.token)
        return self.sessions.api

    def sent(self) -> int:
        return int(self.sql(
            f"SELECT count(*) FROM jobs WHERE number > {self.numbered} AND queue = '{self.name}'", "batchport_local"))

    def settled(self) -> int:
        return int(self.sql(
            f"SELECT count(*) FROM jobs WHERE environment_name = '{self.name}' AND settled_at IS NOT NULL"))

    def wait_until_settled(self):
        def progress():
            return (self.settled(), self.sent())
        try:
            self.wait_for(lambda: self.settled() >= self.plan.submissions, progress, "all settled")
        except TimeoutError as error:
            self.say(str(error))

    def wait_for(self, is_reached, progress, what: str):
        last, since = None, time.monotonic()
        while not is_reached():
            if self.sending and self.sending.done():
                self.sending.result()
            now = progress()
            if now != last:
                last, since = now, time.monotonic()
            if time.monotonic() - since > self.plan.patience_seconds:
                raise TimeoutError(f"no progress for {self.plan.patience_seconds} s towards: {what}; at {now}")
            time.sleep(0.25)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("state", type=pathlib.Path)
    options.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(31))
    options.add_argument("--submissions", type=int, default=10_000)
    options.add_argument("--kills", type=int, default=500)
    options.add_argument("--stops", type=int, default=1000)
    options.add_argument("--database-stops", type=int, default=20)
    options.add_argument("--web-kills", type=int, default=50)
    options.add_argument("--terminations", type=int, default=600)
    options.add_argument("--workers", type=int, default=8)
    asked = options.parse_args()
    plan = Plan(asked.seed, asked.submissions, asked.kills, asked.stops, asked.database_stops, asked.web_kills,
                asked.terminations, asked.workers)
    # So that its workers end with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(f"soak: seed {plan.seed}: told to stop"))
    try:
        report = Soak(Instance(asked.state), plan, lambda text: print(text, flush=True)).run()
    except (RuntimeError, TimeoutError, requests.RequestException) as error:
        sys.exit(f"soak: seed {plan.seed}: {error}")
    print(report)
    sys.exit(0 if report.is_good else 1)


if __name__ == "__main__":
    main()

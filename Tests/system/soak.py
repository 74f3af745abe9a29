#!/usr/bin/env python3
"""Submissions by the JSON API while answers of AWS get lost and workers are killed and stopped at random; then a checker
compares the region's ledger with the portal's database. Everything random comes from one seed, which is printed: the
same seed orders the same faults and the same kills. Alone: soak.py STATE-FOLDER --seed N --submissions N --kills N."""

import argparse
import collections
import concurrent.futures
import contextlib
import dataclasses
import json
import os
import pathlib
import random
import secrets
import signal
import subprocess
import sys
import threading
import time

import requests

from portal import CLEAN, Instance

# Each a share of the submissions: whether AWS has taken the job, the client cannot tell. Together about 15 %.
AMBIGUOUS = {"dropBefore": 0.035, "dropAfter": 0.05, "error": 0.02, "errorAfter": 0.03, "hang": 0.012, "hangAfter": 0.02}
# Of all other calls.
NUISANCES = [
    {"operation": "SubmitJob", "kind": "throttle", "probability": 0.03},
    {"operation": "DescribeJobs", "kind": "throttle", "probability": 0.05},
    {"operation": "DescribeJobs", "kind": "dropAfter", "probability": 0.03},
    {"operation": "DescribeJobs", "kind": "stale", "probability": 0.2, "milliseconds": 2500},
    {"operation": "ListJobs", "kind": "errorAfter", "probability": 0.05},
    {"operation": "GetLogEvents", "kind": "throttle", "probability": 0.03},
    {"operation": "PutObject", "kind": "dropAfter", "probability": 0.01},
]

# Told by the database, not by the program: a worker's connection holds at most one task, so a write of one whose task has
# gone to somebody else is stale.
WATCH = """
CREATE SCHEMA soak;
CREATE TABLE soak.claims (pid int PRIMARY KEY, task bigint NOT NULL, token uuid NOT NULL);
CREATE TABLE soak.stale_writes (at timestamptz NOT NULL DEFAULT clock_timestamp(), pid int, relation text, written text);
CREATE FUNCTION soak.note_claim() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO soak.claims VALUES (pg_backend_pid(), NEW.id, NEW.lease_token)
    ON CONFLICT (pid) DO UPDATE SET task = excluded.task, token = excluded.token;
    RETURN NULL;
END $$;
CREATE FUNCTION soak.judge_write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO soak.stale_writes (pid, relation, written)
    SELECT pg_backend_pid(), TG_TABLE_NAME, left(to_jsonb(NEW)::text, 300)
    WHERE session_user = 'batchport_worker' AND NOT EXISTS (
        SELECT FROM soak.claims JOIN tasks ON tasks.id = task AND lease_token = token WHERE pid = pg_backend_pid());
    RETURN NULL;
END $$;
CREATE TRIGGER soak_claim AFTER UPDATE ON tasks FOR EACH ROW
    WHEN (NEW.lease_token IS NOT NULL AND NEW.lease_token IS DISTINCT FROM OLD.lease_token)
    EXECUTE FUNCTION soak.note_claim();
CREATE TRIGGER soak_write AFTER INSERT OR UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION soak.judge_write();
CREATE TRIGGER soak_write AFTER INSERT OR UPDATE ON attempts FOR EACH ROW EXECUTE FUNCTION soak.judge_write();
CREATE TRIGGER soak_write AFTER INSERT OR UPDATE ON outputs FOR EACH ROW EXECUTE FUNCTION soak.judge_write();
CREATE TRIGGER soak_write AFTER INSERT OR UPDATE ON results FOR EACH ROW EXECUTE FUNCTION soak.judge_write();
"""
UNWATCH = """
DROP TRIGGER IF EXISTS soak_claim ON tasks; DROP TRIGGER IF EXISTS soak_write ON jobs;
DROP TRIGGER IF EXISTS soak_write ON attempts; DROP TRIGGER IF EXISTS soak_write ON outputs;
DROP TRIGGER IF EXISTS soak_write ON results; DROP SCHEMA IF EXISTS soak CASCADE;
"""


@dataclasses.dataclass
class Plan:
    seed: int
    submissions: int
    kills: int
    stops: int
    workers: int = 3
    lease_seconds: float = 2
    # How long a new job stays out of AWS's lists: below the portal's bound nothing may ever run twice.
    list_lag_seconds: float = 1
    # Jobs wait in RUNNABLE until the run lets them go on.
    holds: bool = False
    # Without any progress for so long, the run has failed.
    patience_seconds: float = 240


@dataclasses.dataclass
class Report:
    """What the checker found; every list is of submissions that went wrong, and empty when all is well."""

    plan: Plan
    acknowledged: int = 0
    accepted: int = 0
    ambiguous: float = 0
    killed: int = 0
    stopped: int = 0
    seconds: float = 0
    duplicates: list = dataclasses.field(default_factory=list)
    lost: list = dataclasses.field(default_factory=list)
    unsettled: list = dataclasses.field(default_factory=list)
    wrong: list = dataclasses.field(default_factory=list)
    stale_writes: list = dataclasses.field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not (self.duplicates or self.lost or self.unsettled or self.wrong or self.stale_writes)

    def __str__(self):
        faults = {name: getattr(self, name) for name in ("duplicates", "lost", "unsettled", "wrong", "stale_writes")}
        lines = [
            f"seed {self.plan.seed}: {self.acknowledged} submissions acknowledged, {self.accepted} jobs accepted by the region, "
            f"{self.ambiguous:.1%} ambiguous answers, {self.killed} kills, {self.stopped} stops, {self.seconds:.0f} s",
            ", ".join(f"{len(items)} {name.replace('_', ' ')}" for name, items in faults.items())]
        return "\n".join(lines + [f"  {name}: {item}" for name, items in faults.items() for item in items[:5]])


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
        found = subprocess.run(["pgrep", "-f", "^" + self.program], capture_output=True, text=True).stdout.split()
        paused = {pid for _, pid in self.stopped}
        return sorted(int(pid) for pid in found if int(pid) not in paused)

    def some(self) -> list[int]:
        """At least one: they come back by themselves."""
        while not (found := self.pids()):
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


def send(pid: int, what: int):
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        pass


class Soak:
    def __init__(self, instance: Instance, plan: Plan, say=print):
        self.instance, self.plan, self.say = instance, plan, say
        self.random = random.Random(plan.seed)
        self.name = "soak-" + secrets.token_hex(4)
        self.report = Report(plan)
        self.ids: list[str] = []
        self.sessions = threading.local()
        self.sending: concurrent.futures.Future | None = None

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
        self.instance.sql(UNWATCH + WATCH)
        workers = Workers(self.instance, self.plan.workers)
        try:
            yield workers
        finally:
            workers.end()
            self.region("order", stdin='{"clear": true}')
            self.instance.sql(UNWATCH)
            self.report.seconds = time.monotonic() - began

    # Preparing

    def prepare(self):
        """An environment whose jobs only pretend to run, a member, and last the faults."""
        instance = self.instance
        self.region("order", stdin=json.dumps({"clear": True, "simulations": [{"name": "soak"}]}))
        instance.sql(
            f"""INSERT INTO job_queues (name, tags) VALUES ('{self.name}', '{{"batchport:simulation": "soak"}}')""",
            "batchport_local")
        owner, credential = instance.sql(
            "SELECT email, c.name FROM environments AS e JOIN credentials AS c ON c.id = e.credential "
            f"JOIN people ON people.id = c.owner WHERE e.name = '{instance.environment}'").split("|")
        done = instance.command(
            "admin", "add-environment", "--name", self.name, "--credential", credential, "--owner", owner, "--job-queue",
            f"arn:aws:batch:us-local-1:000000000000:job-queue/{self.name}")
        if done.returncode:
            raise RuntimeError(done.stderr)
        self.wait_for(
            lambda: instance.sql(f"SELECT checked_at IS NOT NULL FROM environments WHERE name = '{self.name}'") == "t",
            lambda: None, "the environment is checked")
        self.token = instance.add_member(self.name)[2].http.headers["Authorization"].split()[1]
        self.numbered = int(instance.sql("SELECT coalesce(max(number), 0) FROM jobs", "batchport_local"))
        self.taken = int(instance.sql("SELECT coalesce(max(number), 0) FROM faults_taken", "batchport_local"))
        self.region("order", stdin=json.dumps(self.orders()))

    def orders(self) -> dict:
        faults = [{"operation": "SubmitJob", "kind": kind, "probability": share, "milliseconds": 60_000}
                  for kind, share in AMBIGUOUS.items()] + NUISANCES
        faults = [{**fault, "seed": self.random.getrandbits(31)} for fault in faults]
        lag = {"operation": "ListJobs", "kind": "lag", "milliseconds": int(self.plan.list_lag_seconds * 1000),
               "probability": 1 if self.plan.holds else 0.5, "seed": self.random.getrandbits(31)}
        simulation = {"name": "soak", "runnableMs": None if self.plan.holds else 0, "startingMs": 100, "runningMs": 200, "spreadMs": 3000, "failing": 0.1, "exitCode": 3,
                      "seed": self.random.getrandbits(31)}
        return {"clear": True, "faults": [*faults, lag], "simulations": [simulation]}

    # Running

    def submit_and_disturb(self, workers: Workers):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            self.sending = pool.submit(self.submit_all)
            self.disturb(workers)
            self.sending.result()

    def disturb(self, workers: Workers):
        for at, kind in self.disturbances():
            self.wait_for(lambda: self.sent() >= at, lambda: self.sent(), f"{at} submissions accepted")
            victim = self.random.choice(workers.some())
            if kind == "kill":
                send(victim, signal.SIGKILL)
                self.report.killed += 1
            else:
                workers.pause(victim, 3 * self.plan.lease_seconds)
                self.report.stopped += 1

    def disturbances(self) -> list[tuple[int, str]]:
        """After how many accepted jobs, and what; all before the last tenth, so that there is work to disturb."""
        kinds = ["kill"] * self.plan.kills + ["stop"] * self.plan.stops
        self.random.shuffle(kinds)
        last = max(1, int(self.plan.submissions * 0.9))
        return sorted((self.random.randrange(last), kind) for kind in kinds)

    def submit_all(self):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for id in pool.map(self.submit, range(self.plan.submissions)):
                self.ids.append(id)

    def submit(self, number: int) -> str:
        """As a careful client: the same key again until there is an answer."""
        api = self.api()
        body = {"environment": self.name, "name": f"soak {number}", "code": {"language": "shell", "source": ": pretended"}}
        while True:
            answer = api.submit(body, f"{self.name}-{number}-0123456789")
            if answer.status_code in (200, 201):
                return answer.json()["jobUUID"]
            if answer.status_code not in (409, 429, 503):
                raise RuntimeError(f"{answer.status_code} {answer.text}")
            time.sleep(0.2)

    def api(self):
        """A session for each thread."""
        if not hasattr(self.sessions, "api"):
            self.sessions.api = self.instance.api(self.token)
        return self.sessions.api

    def sent(self) -> int:
        return int(self.instance.sql(
            f"SELECT count(*) FROM jobs WHERE number > {self.numbered} AND queue = '{self.name}'", "batchport_local"))

    def settled(self) -> int:
        return int(self.instance.sql(
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

    # Checking

    def ledger(self) -> dict[str, list[dict]]:
        """What the region has accepted in this run, by name."""
        entries = collections.defaultdict(list)
        for line in self.region("ledger", "--names", "bp-").splitlines():
            entry = json.loads(line)
            if entry["queue"] == self.name:
                entries[entry["jobName"]].append(entry)
        return entries

    def unstopped(self) -> int:
        """Submissions of which more than one job is still to run."""
        return sum(len([entry for entry in found if "stoppedAt" not in entry]) > 1 for found in self.ledger().values())

    def check(self):
        """Nobody's word but the ledger's and the database's."""
        entries = self.ledger()
        rows = self.instance.sql(
            "SELECT json_build_object('id', id, 'name', provider_job_name, 'phase', phase, 'aws', provider_job_id, "
            "'status', status, 'exit', exit_code, 'settled', settled_at IS NOT NULL)::text "
            f"FROM jobs WHERE environment_name = '{self.name}'").splitlines()
        jobs = {job["id"]: job for job in map(json.loads, rows)}
        report = self.report
        report.acknowledged = len(self.ids)
        report.accepted = sum(map(len, entries.values()))
        report.duplicates = [[entry["jobId"] for entry in found] for found in entries.values() if len(found) > 1]
        report.lost = [id for id in self.ids if id not in jobs]
        names = {job["name"] for job in jobs.values()}
        report.wrong = [entry for name, found in entries.items() if name not in names for entry in found]
        for job in jobs.values():
            self.check_job(job, entries.get(job["name"], []))
        report.stale_writes = self.instance.sql("SELECT relation, written FROM soak.stale_writes").splitlines()
        report.ambiguous = self.ambiguous()

    def check_job(self, job: dict, entries: list[dict]):
        if not job["settled"]:
            self.report.unsettled.append(job)
        elif not entries:
            self.report.lost.append(job)
        else:
            entry = entries[0]
            ended = (job["phase"], job["aws"], job["status"], job["exit"])
            if ended != ("sent", entry["jobId"], entry["status"].capitalize(), entry.get("exitCode")):
                self.report.wrong.append({"job": job, "ledger": entry})

    def ambiguous(self) -> float:
        """By the region's own count of the SubmitJob requests that it saw."""
        kinds = ", ".join(f"'{kind}'" for kind in AMBIGUOUS)
        taken, seen = self.instance.sql(
            f"SELECT count(*) FILTER (WHERE kind IN ({kinds})), "
            "(SELECT seen FROM faults WHERE operation = 'SubmitJob' ORDER BY id DESC OFFSET 6 LIMIT 1) "
            f"FROM faults_taken WHERE operation = 'submitjob' AND number > {self.taken}", "batchport_local").split("|")
        return int(taken) / max(1, int(seen or 0))


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("state", type=pathlib.Path)
    options.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(31))
    options.add_argument("--submissions", type=int, default=10_000)
    options.add_argument("--kills", type=int, default=500)
    options.add_argument("--stops", type=int, default=50)
    asked = options.parse_args()
    plan = Plan(asked.seed, asked.submissions, asked.kills, asked.stops)
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

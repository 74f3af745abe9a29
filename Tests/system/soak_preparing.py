"""The environment, the people and the faults of a soak."""

import json

from soak_checks import AMBIGUOUS

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


class Preparing:
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
        members = [instance.add_member(name) for name in (self.name, self.name + "-a", self.name + "-b")]
        tokens = [member[2].http.headers["Authorization"].split()[1] for member in members]
        self.token, self.witnesses = tokens[0], [(members[n][0], tokens[n]) for n in (1, 2)]
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

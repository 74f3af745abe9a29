"""What the region's ledger and the database say after a soak."""

import collections
import concurrent.futures
import json

from region import Region

# Each a share of the submissions: whether AWS has taken the job, the client cannot tell. Together about 15 %.
AMBIGUOUS = {"dropBefore": 0.035, "dropAfter": 0.05, "error": 0.02, "errorAfter": 0.03, "hang": 0.012, "hangAfter": 0.02}



def nearly_the_same(number: int) -> dict:
    """What a submission asks for beside its name, and only a little different from the others."""
    return {"code": {"language": "shell", "source": f": pretended {number}"}, "settings": {"memory": 64 + number % 97},
            "timeConstraint": 60 + number}


class Checks:
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
        self.check_contents()

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

    def check_contents(self):
        """Each job that AWS has was given its own submission's memory, time limit and code."""
        rows = self.instance.sql(
            "SELECT json_build_object('name', name, 'manifest', command[array_upper(command, 1)], 'memory', memory_mib, "
            f"'timeout', timeout_seconds)::text FROM jobs WHERE queue = '{self.name}' AND number > {self.numbered}",
            "batchport_local").splitlines()
        numbers = {f"bp-{id}": number for number, id in enumerate(self.ids)}
        s3 = Region.of(self.instance).client("s3")

        def code(manifest: str) -> str:
            bucket, _, key = manifest.removeprefix("s3://").partition("/")
            return s3.get_object(Bucket=bucket, Key=key.removesuffix("manifest.json") + "code")["Body"].read().decode()

        def is_its_own(job: dict) -> bool:
            asked = nearly_the_same(numbers[job["name"]])
            return (job["memory"] == asked["settings"]["memory"] and job["timeout"] == asked["timeConstraint"]
                    and job["manifest"].endswith(f"/jobs/{job['name'].removeprefix('bp-')}/manifest.json")
                    and code(job["manifest"]) == asked["code"]["source"])

        jobs = [job for job in map(json.loads, rows) if job["name"] in numbers]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            self.report.crossed = [job for job, is_own in zip(jobs, pool.map(is_its_own, jobs)) if not is_own]

    def ambiguous(self) -> float:
        """By the region's own count of the SubmitJob requests that it saw."""
        kinds = ", ".join(f"'{kind}'" for kind in AMBIGUOUS)
        taken, seen = self.instance.sql(
            f"SELECT count(*) FILTER (WHERE kind IN ({kinds})), "
            "(SELECT seen FROM faults WHERE operation = 'SubmitJob' ORDER BY id DESC OFFSET 6 LIMIT 1) "
            f"FROM faults_taken WHERE operation = 'submitjob' AND number > {self.taken}", "batchport_local").split("|")
        return int(taken) / max(1, int(seen or 0))

"""The soak of deploy/soak with reduced counts: no submission is lost and none runs twice, whatever dies meanwhile."""

import os

import pytest

from region import Region
from soak import Soak
from soak_plan import Plan


@pytest.fixture
def seed() -> int:
    return int(os.environ.get("BATCHPORT_SOAK_SEED") or int.from_bytes(os.urandom(4), "big"))


def spoil(instance, region):
    """What the checker must find: a second job of a submission, a job that nobody submitted, an end that is not AWS's, one
    that AWS does not know, one that never ends, a write of a worker that holds no lease, and one with another's memory and
    one with another's code."""

    def spoil(soak: Soak):
        # No fault is to meet the spoiler.
        soak.region("order", stdin='{"clear": true}')
        names = instance.sql(
            f"SELECT provider_job_name FROM jobs WHERE environment_name = '{soak.name}' ORDER BY id LIMIT 7").splitlines()
        batch = region.client("batch")
        for name in (names[0], "bp-nobody"):
            batch.submit_job(jobName=name, jobQueue=soak.name, jobDefinition="plain")
        instance.sql(f"UPDATE jobs SET exit_code = 99 WHERE provider_job_name = '{names[1]}'")
        region.sql(f"UPDATE jobs SET name = 'bp-hidden' WHERE name = '{names[2]}'")
        instance.sql(f"UPDATE jobs SET settled_at = NULL WHERE provider_job_name = '{names[3]}'")
        region.sql(f"UPDATE jobs SET memory_mib = memory_mib + 1 WHERE name = '{names[5]}'")
        bucket, key = region.sql(f"SELECT bucket, key FROM objects WHERE key LIKE '%jobs/{names[6].removeprefix('bp-')}/code'").split("|")
        region.client("s3").put_object(Bucket=bucket, Key=key, Body=b": pretended by another")
        conninfo = instance.setting("worker.conf", "worker.database")
        done = instance.as_service(["psql", "-X", "-v", "ON_ERROR_STOP=1", conninfo, "-c",
                                    f"UPDATE jobs SET exit_code = exit_code WHERE provider_job_name = '{names[4]}'"])
        assert done.returncode == 0, done.stderr

    return spoil


def test_the_checker_sees_what_is_wrong(instance, seed):
    region = Region.of(instance)
    soak = Soak(instance, Plan(seed, submissions=8, kills=0, stops=0, workers=1))
    report = soak.run(spoil(instance, region))
    print(report)
    assert [len(found) for found in report.duplicates] == [2]
    assert sorted(entry.get("jobName", "ledger") for entry in report.wrong) == ["bp-hidden", "bp-nobody", "ledger"]
    assert len(report.lost) == 1 and len(report.unsettled) == 1 and len(report.stale_writes) == 1
    # The second job was submitted with nothing of the submission's own.
    assert len(report.crossed) == 3, report.crossed
    assert not report.is_good


def test_soak(instance, seed):
    """A thousand submissions, 15 % of AWS's answers lost, fifty workers killed and twelve stopped for three leases; and the
    database stopped, the web killed and connections ended meanwhile. With BATCHPORT_SOAK_SEED a run is repeated."""
    lease = float(instance.setting("worker.conf", "worker.lease_seconds"))
    plan = Plan(seed, submissions=1000, kills=50, stops=12, database_stops=3, web_kills=5, terminations=20,
                lease_seconds=lease)
    report = Soak(instance, plan).run()
    print(report)
    assert report.is_good, report
    assert report.acknowledged == plan.submissions and report.accepted == plan.submissions
    assert report.ambiguous > 0.1 and report.killed == plan.kills and report.stopped == plan.stops
    assert report.others == {"database stop": 3, "web kill": 5, "connection end": 20}
    # Each thread of the web has one, and gets it back only once it is asked something.
    assert report.connections[1] <= report.connections[0]


def test_lists_that_come_too_late(instance, seed):
    """AWS lists a job ten seconds after it was submitted, long after the portal has given up waiting for it and sent it
    again. Every second job is found and stopped before it starts, within a minute of being listed."""
    plan = Plan(seed, submissions=60, kills=0, stops=0, list_lag_seconds=10, holds=True)
    soak = Soak(instance, plan)
    twins = soak.run_late()
    print(soak.report, len(twins), "accepted twice")
    assert twins, "no answer that was lost made a second job: this run shows nothing"
    for found in twins:
        stopped = [entry for entry in found if "stoppedAt" in entry]
        assert len(stopped) == len(found) - 1 and not any(entry["attempts"] for entry in stopped), found
        for entry in stopped:
            assert entry["stoppedAt"] - entry["createdAt"] < (plan.list_lag_seconds + 60) * 1000, entry
    assert not (soak.report.lost or soak.report.unsettled or soak.report.stale_writes)

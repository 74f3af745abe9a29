"""The soak of deploy/soak with reduced counts: no submission is lost and none runs twice, whatever dies meanwhile."""

import os

from soak import Plan, Soak


def test_soak(instance):
    """A thousand submissions, 15 % of AWS's answers lost, fifty workers killed and twelve stopped for three leases. With
    BATCHPORT_SOAK_SEED a run is repeated."""
    seed = int(os.environ.get("BATCHPORT_SOAK_SEED") or int.from_bytes(os.urandom(4), "big"))
    lease = float(instance.setting("worker.conf", "worker.lease_seconds"))
    plan = Plan(seed, submissions=1000, kills=50, stops=12, lease_seconds=lease)
    report = Soak(instance, plan).run()
    print(report)
    assert report.is_good, report
    assert report.acknowledged == plan.submissions and report.accepted == plan.submissions
    assert report.ambiguous > 0.1 and report.killed == plan.kills and report.stopped == plan.stops

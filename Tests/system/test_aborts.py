"""Aborting in every state a job can be in, one by one and several at once."""

from region import Region
from processes import wait_for

SLEEP = "import time; time.sleep(300)"


def test_before_it_is_sent(instance, api):
    """Held up on its way into the bucket: it never reaches AWS."""
    Region.of(instance).order_fault("PutObject", "delay", milliseconds=3000)
    id = api.submitted(api.job("print('never')"))
    assert api.get(f"/jobs/{id}").json()["phase"] == "queued"
    assert api.post(f"/jobs/{id}/abort", {"reason": "too early"}).status_code == 202
    job = api.wait(id)
    assert job["phase"] == "neverSent" and job["jobFailed"] and job["stop"]["confirmedAt"]
    assert job["missing"]["jobExitCode"]["cause"] == "neverSent" and job["missing"]["jobStatus"]["cause"] == "neverSent"
    assert instance.sql(f"SELECT count(*) FROM jobs WHERE name = 'bp-{id}'", "batchport_local") == "0"


def test_while_it_waits_and_while_it_runs(instance, api):
    """More jobs than the machine has room for, all aborted by one request; asked twice it is no error."""
    ids = [api.submitted(api.job(SLEEP, settings={"vcpuCount": 1})) for _ in range(12)]
    try:
        def states():
            return {api.get(f"/jobs/{id}").json()["jobStatus"] for id in ids}
        wait_for(lambda: {"Running", "Runnable"} <= states() <= {"Running", "Runnable"})
    finally:
        answer = api.post("/aborts", {"jobs": [*ids, "none"], "reason": "enough of these"})
    assert answer.status_code == 202
    outcomes = [item["outcome"] for item in answer.json()["items"]]
    assert outcomes == ["requested"] * 12 + ["notFound"]
    again = api.post("/aborts", {"jobs": ids}).json()["items"]
    assert {item["outcome"] for item in again} <= {"alreadyRequested", "alreadyEnded"}
    name = api.get("/me").json()["name"]
    causes = set()
    for id in ids:
        job = api.wait(id)
        assert job["displayStatus"] == "Failed" and job["stop"]["confirmedAt"]
        assert job["jobStatusReason"] == f"Terminated by {name} via Batchport: enough of these"
        assert job["verdict"]["cause"] == "aborted" and job["verdict"]["word"] == "Aborted"
        causes.add(job["missing"].get("jobExitCode", {}).get("cause", "there is one"))
    # One that had not started has no exit code, because it was aborted.
    assert "aborted" in causes
    listed = {item["jobUUID"]: item["verdict"]["word"] for item in api.get("/jobs?ids=" + ",".join(ids)).json()["items"]}
    assert set(listed) == set(ids) and set(listed.values()) == {"Aborted"}
    assert {item["outcome"] for item in api.post("/aborts", {"jobs": ids}).json()["items"]} == {"alreadyEnded"}


def test_by_ticking_them_in_the_list(api, browser):
    ids = [api.submitted(api.job(SLEEP)) for _ in range(2)]
    page = browser.get("/jobs")
    for id in ids:
        assert f'type="checkbox" name="job" value="{id}"' in page.text
    token = browser.form("/jobs", "/aborts")["form_token"]
    asked = browser.post("/aborts", {"form_token": token, "job": ids})
    assert asked.status_code == 200 and "Abort 2 jobs?" in asked.text
    done = browser.post("/aborts", {"form_token": token, "job": ids, "confirmed": "yes", "reason": "ticked"})
    assert done.status_code == 303
    wait_for(lambda: browser.get(done.headers["Location"]).text.count("Its end is confirmed.") == 2)

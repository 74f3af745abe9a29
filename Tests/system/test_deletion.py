"""Deleting a job: what lay in the bucket and in the database is gone, however often the worker dies over it."""

import os
import signal

from region import Region
from processes import pids_of, wait_for

SOURCE = "print('kept'); open('output/a.csv', 'w').write('a,b\\n' + open('in.txt').read())"


def keys(instance, job: str) -> list[str]:
    return instance.sql(f"SELECT key FROM objects WHERE key LIKE '%{job}%'", "batchport_local").split()


def test_nothing_of_a_deleted_job_is_left(instance, api):
    job = api.run(SOURCE, inputFiles={"in.txt": {"base64": "eA=="}})
    id = job["jobUUID"]
    upload = instance.sql(f"SELECT upload FROM job_inputs WHERE job = '{id}'")
    assert keys(instance, id) and keys(instance, upload) and api.log(id) == "kept\n"
    assert api.call("DELETE", f"/jobs/{id}").status_code == 202
    wait_for(lambda: api.get(f"/jobs/{id}").status_code == 404)
    assert not keys(instance, id) and not keys(instance, upload)
    assert api.get(f"/jobs/{job['providerJobID']}").status_code == 404
    assert api.get(f"/jobs/{id}/log").status_code == 404
    trail = instance.sql(f"SELECT string_agg(action, ' ' ORDER BY id) FROM audit WHERE subject = '{id}'")
    assert trail.startswith("job.submitted") and trail.endswith("job.delete job.deleted")


def test_a_running_job_is_not_deleted(api):
    id = api.submitted(api.job("import time; time.sleep(60)"))
    assert api.call("DELETE", f"/jobs/{id}").status_code == 409
    assert api.post(f"/jobs/{id}/abort", {}).status_code == 202
    api.wait(id)
    assert api.call("DELETE", f"/jobs/{id}").status_code == 202
    wait_for(lambda: api.get(f"/jobs/{id}").status_code == 404)


def test_the_worker_dies_half_way(instance, api):
    """Killed as it deletes, before and after the region has done so: the next one goes on."""
    region = Region.of(instance)
    for kind in ("hang", "delay"):
        id = api.run(SOURCE, inputFiles={"in.txt": {"base64": "eA=="}})["jobUUID"]
        region.order_fault("DeleteObjects", kind, milliseconds=3000)
        assert api.call("DELETE", f"/jobs/{id}").status_code == 202
        wait_for(lambda: instance.sql("SELECT count(*) FROM faults", "batchport_local") == "0"
                 or instance.sql("SELECT coalesce(sum(remaining), 0) FROM faults", "batchport_local") == "0")
        for pid in pids_of(instance, "worker"):
            os.kill(pid, signal.SIGKILL)
        instance.sql("DELETE FROM faults", "batchport_local")
        assert api.get(f"/jobs/{id}").status_code == 200
        wait_for(lambda: api.get(f"/jobs/{id}").status_code == 404)
        assert not keys(instance, id)


def test_running_again_shares_the_file_and_deletion_spares_it(instance, api):
    first = api.run(SOURCE, inputFiles={"in.txt": {"base64": "eA=="}})["jobUUID"]
    upload = instance.sql(f"SELECT upload FROM job_inputs WHERE job = '{first}'")
    second = api.submitted(api.get(f"/jobs/{first}/submission").json())
    assert api.call("DELETE", f"/jobs/{first}").status_code == 202
    wait_for(lambda: api.get(f"/jobs/{first}").status_code == 404)
    assert api.wait(second)["displayStatus"] == "Succeeded"
    assert api.download(second, "a.csv") == b"a,b\nx" and keys(instance, upload)
    assert api.call("DELETE", f"/jobs/{second}").status_code == 202
    wait_for(lambda: api.get(f"/jobs/{second}").status_code == 404)
    assert not keys(instance, upload)


def test_a_file_that_is_gone_from_the_bucket_is_said(instance, api):
    first = api.run(SOURCE, inputFiles={"in.txt": {"base64": "eA=="}})["jobUUID"]
    bucket, key = instance.sql(
        f"SELECT bucket || ' ' || key FROM jobs j JOIN job_inputs i ON i.job = j.id JOIN uploads u ON u.id = i.upload WHERE j.id = '{first}'").split()
    Region.of(instance).client("s3").delete_object(Bucket=bucket, Key=key)
    job = api.wait(api.submitted(api.get(f"/jobs/{first}/submission").json()))
    assert job["phase"] == "refused" and "in.txt is no longer in the bucket" in job["phaseReason"]


def test_by_the_page(instance, api, browser):
    id = api.run("print(1)")["jobUUID"]
    path = f"/jobs/{id}"
    assert f'href="{path}/delete"' in browser.get(path).text
    fields = browser.form(f"{path}/delete")
    assert browser.post(f"{path}/delete", fields).headers["Location"] == "/jobs"
    wait_for(lambda: browser.get(path).status_code == 404)

"""The emergency's command (trust.md S28): while an operator has sealed the vault no worker opens a secret, and nothing is lost."""

import json
import os
import signal

import pytest

from processes import wait_for
from rotate import worker_pids

REASON = "a laptop was stolen"


def vault(instance, *words: str):
    return instance.command("admin", "vault", *words)


@pytest.fixture
def sealed(instance):
    done = vault(instance, "seal", "--reason", REASON, "--by", "Grace")
    assert done.returncode == 0, done.stderr
    yield
    vault(instance, "unseal")


def uses(instance) -> str:
    return instance.sql("SELECT count(*) FROM audit WHERE action IN ('credential.used', 'variables.used')")


def test_while_it_is_sealed_jobs_wait_and_afterwards_each_is_sent_once(instance, api, browser, admin, sealed):
    again = vault(instance, "seal", "--reason", "another")
    assert again.returncode != 0 and "Grace" in again.stderr and REASON in again.stderr
    before = uses(instance)
    job = api.submitted(api.job("print('later')"))
    held = api.wait(job, lambda job: job["phase"] == "held")
    assert held["hold"]["cause"] == "vaultSealed" and "unseal" in held["hold"]["remedy"]
    for page in (f"/jobs/{job}", "/credentials", "/jobs/new"):
        assert REASON in browser.get(page).text, page
    assert browser.get("/jobs").status_code == 200
    for page in ("/admin/system", "/admin/vault"):
        text = admin.get(page).text
        assert REASON in text and "Grace" in text, page
    fields = browser.form("/credentials") | {
        "name": "sealed", "region": "us-local-1", "access_key_id": "AKIA" + "Z" * 16, "secret_access_key": "s" * 40}
    refused = browser.post("/credentials", fields)
    assert refused.status_code == 503 and REASON in refused.text
    # Another worker finds it as it is.
    old = worker_pids(instance)
    instance.sql("UPDATE vault_tests SET tested_at = now() - interval '1 hour'")
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: instance.sql("SELECT tested_at > now() - interval '1 minute' FROM vault_tests") == "t")
    second = api.submitted(api.job("print('later still')"))
    api.wait(second, lambda job: job["phase"] == "held")
    assert api.get("/jobs/" + job).json()["phase"] == "held"
    assert uses(instance) == before
    status = vault(instance, "status")
    assert json.loads(status.stdout)["seal"]["reason"] == REASON
    done = vault(instance, "unseal", "--by", "Grace")
    assert done.returncode == 0, done.stderr
    for id in (job, second):
        assert api.wait(id)["displayStatus"] == "Succeeded"
        assert instance.sql(f"SELECT count(*) FROM jobs WHERE name = 'bp-{id}'", "batchport_local") == "1"
    assert REASON not in browser.get("/credentials").text and REASON not in admin.get("/admin/system").text
    trail = instance.sql("SELECT action || detail::text FROM audit WHERE action LIKE 'vault.%sealed' ORDER BY id DESC LIMIT 2")
    assert "vault.unsealed" in trail and trail.count("Grace") == 2 and trail.count(REASON) == 2


def test_a_job_at_aws_is_followed_and_captured_once_it_is_unsealed(instance, api, browser):
    job = api.submitted(api.job("import time; time.sleep(8); print('done')"))
    api.wait(job, lambda job: job["phase"] == "sent" and job["displayStatus"] == "Running")
    assert vault(instance, "seal", "--reason", REASON).returncode == 0
    try:
        assert REASON in api.get("/jobs/" + job).json()["waitsFor"]
        assert REASON in browser.get("/jobs/" + job).text
        wait_for(lambda: instance.sql(f"SELECT status FROM jobs WHERE name = 'bp-{job}'", "batchport_local") == "SUCCEEDED")
        assert not api.get("/jobs/" + job).json()["settled"]
    finally:
        assert vault(instance, "unseal").returncode == 0
    ended = api.wait(job)
    assert ended["displayStatus"] == "Succeeded" and ended["waitsFor"] is None
    assert "done" in api.log(job)
    assert vault(instance, "unseal").returncode != 0

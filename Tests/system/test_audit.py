"""The audit trail of a running instance: sealed by its worker, verified and exported by the operator's command."""

import json
import time


def sealed(instance, action: str, subject: str) -> str:
    """The number of the newest sealed entry of that action on that subject."""
    query = f"SELECT max(seq) FROM audit WHERE action = '{action}' AND subject = '{subject}'"
    end = time.monotonic() + 30
    while not (number := instance.sql(query)):
        assert time.monotonic() < end, f"{action} was not sealed"
        time.sleep(0.1)
    return number


def test_says_who_downloaded_and_which_credential_signed_for_it(instance, api):
    job = api.run("open('output/a.txt', 'w').write('x')")["jobUUID"]
    assert api.get(f"/jobs/{job}/outputs/a.txt").status_code == 302
    issued = sealed(instance, "link.issued", job)
    person = api.get("/me").json()["id"]
    assert instance.sql(f"SELECT actor, detail->>'path' FROM audit WHERE seq = {issued}") == f"{person}|a.txt"
    uses = instance.sql(
        f"SELECT detail->>'purpose' FROM audit WHERE action = 'credential.used' AND detail->>'job' = '{job}'")
    assert {"submit", "download"} <= set(uses.splitlines()), uses


def test_verifies_and_names_what_was_tampered_with(instance, api):
    job = api.submitted(api.job("pass"))
    number = sealed(instance, "job.submitted", job)
    done = instance.command("admin", "audit", "verify")
    assert done.returncode == 0, done.stdout + done.stderr
    head = done.stdout.split("The head is ")[1].strip()
    # The owner of the cluster takes the guard away, changes one entry, and later puts it back.
    change = "SET session_replication_role = replica; UPDATE audit SET action = '{}' WHERE seq = " + number
    instance.sql(change.format("job.nothing"))
    try:
        bad = instance.command("admin", "audit", "verify")
        assert bad.returncode == 1
        assert f"Entry {number} is the first bad one" in bad.stdout
    finally:
        instance.sql(change.format("job.submitted"))
    assert instance.command("admin", "audit", "verify", "--anchor", head).returncode == 0
    forged = "999999999:" + head.split(":")[1]
    assert instance.command("admin", "audit", "verify", "--anchor", forged).returncode == 1
    assert instance.command("admin", "audit", "verify", "--anchor", "x").returncode == 64


def test_an_export_verifies_on_another_machine(instance):
    done = instance.command("admin", "audit", "export")
    lines = done.stdout.splitlines()
    assert lines and all(json.loads(line)["mac"] for line in lines)
    assert instance.command("admin", "audit", "verify", "--exported", stdin=done.stdout).returncode == 0
    gap = "\n".join(lines[:2] + lines[3:])
    bad = instance.command("admin", "audit", "verify", "--exported", stdin=gap)
    assert bad.returncode == 1 and "Entry 3 is the first bad one" in bad.stdout
    assert instance.command("admin", "audit", "export", "--format", "csv").stdout.startswith("seq,at,actor,by,action")

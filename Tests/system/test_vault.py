"""The attacks of trust.md S27 to S29 on an installation: its root key, a vault that does not open, keys that are replaced
while they are used. Those on records and rows are VaultTests' and BatchportTests'."""

import os
import pathlib
import secrets
import signal
import subprocess

import pytest

from processes import wait_for
from rotate import Rotations, kill_workers, worker_pids
from vault import dump, key_file, processes, spellings


def test_s27_the_root_key_is_nowhere_but_in_its_file(instance, api):
    api.run("print('signed')")
    wanted = [word for name in ("root", "vault", "audit") for word in spellings(key_file(instance, name))]
    # The search finds what is there.
    assert any(word in (instance.state / "keys/root").read_bytes() for word in wanted)
    places = {"the dump": dump(instance)}
    for pid in processes(instance):
        for file in ("cmdline", "environ"):
            try:
                places[f"/proc/{pid}/{file}"] = pathlib.Path(f"/proc/{pid}/{file}").read_bytes()
            except OSError:
                continue
    for file in [*(instance.state / "logs").glob("*"), *(instance.state / "settings").glob("*"), instance.state / "demo.json",
                 *(instance.state / "web").glob("*"), *(instance.state / "keys/owners").glob("*"),
                 *(instance.state / "keys").glob("*.recovery")]:
        places[str(file)] = file.read_bytes()
    assert [place for place, text in places.items() if any(word in text for word in wanted)] == []


def test_s27_a_recovery_key_brings_the_root_key_back(instance, tmp_path):
    """As installation does it; the one that was printed then is nobody's to know here."""
    instance.own(tmp_path)
    tmp_path.chmod(0o755)
    program = [str(instance.state / "app/bin/batchport"), "admin", "recovery-key"]
    public, sealed = str(tmp_path / "recovery.pub"), str(tmp_path / "root.recovery")
    parent = tmp_path.parent
    while parent != pathlib.Path("/tmp") and parent != parent.parent:
        parent.chmod(0o755)
        parent = parent.parent
    made = instance.as_service([*program, "new", "--public-file", public])
    assert made.returncode == 0, made.stderr
    again = instance.as_service([*program, "new", "--public-file", public])
    assert again.returncode != 0 and "recovery" not in again.stdout
    done = instance.as_service([*program, "seal", "--public-file", public, "--name", "root",
                                "--secret-file", str(instance.state / "keys/root"), "--out", sealed])
    assert done.returncode == 0, done.stderr
    opened = instance.as_service([*program, "open", "--name", "root", "--sealed", sealed], input=made.stdout)
    assert opened.stdout.strip() == key_file(instance, "root")
    key = made.stdout.strip()
    wrong = key[:-1] + ("0" if key[-1] != "0" else "1")
    for text, name in ((wrong, "root"), (key, "audit"), ("", "root")):
        refused = instance.as_service([*program, "open", "--name", name, "--sealed", sealed], input=text + "\n")
        assert refused.returncode != 0 and refused.stdout == "", refused.stdout
    assert all((instance.state / f"keys/{name}.recovery").stat().st_size > 100 for name in ("root", "vault", "audit"))


def set_root(instance, current: str, following: str | None = None):
    """Gives the worker other root keys and starts it again."""
    for name, key in (("root", current), ("root.next", following)):
        file = instance.state / "keys" / name
        if key is None:
            file.unlink(missing_ok=True)
        else:
            file.write_text(key + "\n")
            file.chmod(0o400)
            if os.getuid() == 0:
                subprocess.run(["chown", "batchport:batchport", str(file)], check=True)
    settings = instance.state / "settings/worker.conf"
    lines = [line for line in settings.read_text().splitlines() if not line.startswith("vault.next_root_key")]
    if following:
        lines.append(f"vault.next_root_key_file = {instance.state}/keys/root.next")
    settings.write_text("\n".join(lines) + "\n")
    before = worker_pids(instance)
    # A worker that is no more says nothing about its keys.
    instance.sql("DELETE FROM workers; UPDATE vault_tests SET tested_at = now() - interval '1 hour'")
    for pid in before:
        os.kill(pid, signal.SIGTERM)
    wait_for(lambda: instance.sql("SELECT tested_at > now() - interval '1 minute' FROM vault_tests") == "t")


def vault_is_open(instance) -> bool:
    return instance.sql("SELECT ok FROM vault_tests") == "t"


def owners_keys(instance) -> dict[str, bytes]:
    """Without the one that the vault's test of itself makes and removes again."""
    files = (instance.state / "keys/owners").iterdir()
    return {file.name: file.read_bytes() for file in files if not file.name.startswith("00000000-0000-0000-0000-000000000000")}


@pytest.mark.parametrize("root", ["", "00" * 32, "11" * 16], ids=["none", "wrong", "truncated"])
def test_s28_it_starts_sealed(instance, api, browser, root):
    good = key_file(instance, "root")
    files = owners_keys(instance)
    set_root(instance, root)
    try:
        assert not vault_is_open(instance)
        # What needs no secret goes on, what does waits or is told to come again; nothing is written in clear.
        assert browser.get("/jobs").status_code == 200 and api.get("/jobs").status_code == 200
        canary = "CANARY" + secrets.token_hex(17)
        fields = browser.form("/credentials") | {
            "name": "sealed", "region": "us-local-1", "access_key_id": "AKIA" + "Z" * 16, "secret_access_key": canary}
        assert browser.post("/credentials", fields).status_code == 503
        assert canary.encode() not in dump(instance)
        job = api.submitted(api.job("print('later')"))
        api.wait(job, lambda job: job["phase"] == "held")
        assert owners_keys(instance) == files
    finally:
        set_root(instance, good)
    assert vault_is_open(instance)
    assert api.wait(job)["displayStatus"] == "Succeeded"


def test_s29_owners_keys_are_replaced_under_load_while_workers_die(instance, api):
    rotations = Rotations(instance, records=300, seed=secrets.randbelow(10**6))
    rotations.fill()
    report = rotations.run(kills=5, api=api)
    print(report)
    assert (report.unreadable, report.failed) == (0, []) and report.killed == 5 and report.jobs > 0
    # Every record is under a key that its owner still has, and each has one alone.
    assert instance.sql("SELECT sum(unreadable) FROM vault_rotations") == "0"
    assert instance.sql("SELECT count(*) FROM vault_retired_keys k JOIN credentials c ON sealed_key(c.sealed) = k.key_id") == "0"
    owners = {line for line in instance.sql("SELECT owner FROM vault_rotation_owners").splitlines()}
    sizes = {(instance.state / "keys/owners" / owner).stat().st_size for owner in owners
             if (instance.state / "keys/owners" / owner).exists()}
    assert sizes == {1 + 8 + 48}


def test_s29_the_root_key_is_replaced_while_it_is_used(instance, api, admin):
    old, new = key_file(instance, "root"), secrets.token_hex(32)
    refused = instance.command("admin", "vault", "rotate", "root")
    assert refused.returncode != 0 and "vault.next_root_key" in refused.stderr
    set_root(instance, old, new)
    rotations = Rotations(instance, records=0, seed=secrets.randbelow(10**6))
    try:
        done = admin.act("/admin/vault/rotations", "/admin/vault", kind="root")
        assert done.status_code == 303, done.text
        kill_workers(instance)
        wait_for(rotations.is_done, 120)
        assert "Done in" in admin.get("/admin/vault").text
        # Both do, in either place; the old one alone is not the folder's any more.
        set_root(instance, new, old)
        assert vault_is_open(instance)
        set_root(instance, old)
        assert not vault_is_open(instance)
    finally:
        set_root(instance, new)
    assert vault_is_open(instance)
    assert api.run("print('signed')")["displayStatus"] == "Succeeded"
    assert rotations.unreadable() == 0

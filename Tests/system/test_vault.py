"""The attacks of trust.md S26 to S37 on processes, files and the whole of an installation. Those on records and rows are
VaultTests' and BatchportTests'."""

import base64
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import threading

import pytest

from processes import pids_of, wait_for
from rotate import Rotations, kill_workers, local_key, worker_pids


def spellings(secret: str) -> list[bytes]:
    """A key of hexadecimal digits, as it might be written anywhere."""
    raw = bytes.fromhex(secret)
    return [raw, secret.encode(), secret.upper().encode(), base64.b64encode(raw).rstrip(b"="),
            base64.urlsafe_b64encode(raw).rstrip(b"=")]


def key_file(instance, name: str) -> str:
    return (instance.state / "keys" / name).read_text().strip()


def dump(instance) -> bytes:
    host = instance.setting("migrate.conf", "migrate.database").split("host=")[1].split()[0]
    environment = {"PATH": os.environ["PATH"], "PGPASSFILE": str(instance.state / "keys/postgres.pgpass")}
    call = ["pg_dump", "-h", host, "-U", "postgres", "batchport"]
    return subprocess.run(instance.call_as_service(call), env=environment, capture_output=True, check=True, cwd="/").stdout


def processes(instance) -> list[int]:
    """All of the instance's."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if str(instance.state).encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def memory(pid: int):
    """A process's memory, range by range; for root."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            if "r" not in line.split()[1] or "[v" in line:
                continue
            try:
                mem.seek(start)
                yield mem.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue


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
    instance.sql("DELETE FROM vault_workers; UPDATE vault_tests SET tested_at = now() - interval '1 hour'")
    for pid in before:
        os.kill(pid, signal.SIGTERM)
    wait_for(lambda: instance.sql("SELECT tested_at > now() - interval '1 minute' FROM vault_tests") == "t")


def vault_is_open(instance) -> bool:
    return instance.sql("SELECT ok FROM vault_tests") == "t"


@pytest.mark.parametrize("root", ["", "00" * 32, "11" * 16], ids=["none", "wrong", "truncated"])
def test_s28_it_starts_sealed(instance, api, browser, root):
    good = key_file(instance, "root")
    files = {file.name: file.read_bytes() for file in (instance.state / "keys/owners").iterdir()}
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
        assert {file.name: file.read_bytes() for file in (instance.state / "keys/owners").iterdir()} == files
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


def test_s30_what_goes_in_never_comes_out(instance, api, browser, admin):
    """Canaries as access keys, as a session token and as a sealed variable; then whatever can be read is searched."""
    words = {name: "C4N4RY" + secrets.token_hex(20) for name in ("secret", "token", "entered", "variable")}
    name = "canary " + secrets.token_hex(4)
    fields = browser.form("/credentials") | {
        "name": name, "region": "us-local-1", "access_key_id": "AKIA" + secrets.token_hex(8).upper(),
        "secret_access_key": words["secret"], "session_token": words["token"]}
    assert browser.post("/credentials", fields).status_code == 303
    # A form with a fault is shown again, without what was typed.
    shown = browser.post("/credentials", fields | {"region": "nowhere"})
    assert shown.status_code == 422 and words["secret"] not in shown.text
    environment = "c" + secrets.token_hex(4)
    instance.sql(
        "INSERT INTO environments (name, region, account, io_bucket, prefix, job_definition, job_queue, service_object, languages,"
        " is_local, definition, definition_arn, checked_at, healthy) SELECT "
        f"'{environment}', region, account, io_bucket, '{environment}/', job_definition, job_queue, 'new', languages,"
        " is_local, definition, definition_arn, now(), true FROM environments WHERE name = 'local';"
        f"INSERT INTO environment_grants (environment) SELECT id FROM environments WHERE name = '{environment}'")
    body = api.job("print('x')") | {"environment": environment, "credential": {
        "accessKeyID": "AKIA" + "Y" * 16, "secretAccessKey": words["entered"], "sessionToken": words["token"]}}
    submitted = api.submit(body)
    assert submitted.status_code == 201, submitted.text
    job = submitted.json()["jobUUID"]
    wait_for(lambda: instance.sql(f"SELECT health FROM credentials WHERE name = '{name}'") == "refused")
    api.wait(job, lambda job: job["phase"] == "held")
    texts = {"submission": submitted.text, "again": shown.text}
    for path in ("/credentials", f"/jobs/{job}", f"/jobs/new?from={job}", "/jobs", "/environments", "/settings"):
        texts[path] = browser.get(path).text
    for path in ("/admin/audit", "/admin/system", "/admin/vault", "/admin/audit/export?format=jsonl"):
        texts[path] = admin.get(path).text
    for path in (f"/jobs/{job}", "/jobs", "/environments", "/events", "/me"):
        texts["api " + path] = api.get(path).text
    places = {place: text.encode() for place, text in texts.items()} | {"the dump": dump(instance)}
    for folder in ("logs", "run", "settings", "nginx", "keys/owners", "web"):
        for file in (instance.state / folder).rglob("*"):
            if file.is_file():
                places[str(file)] = file.read_bytes()
    bad = [(place, kind) for place, text in places.items() for kind, word in words.items()
           if word.encode() in text or word.encode().hex().encode() in text
           or base64.b64encode(word.encode())[2:-4] in text]
    assert bad == []


def test_s31_the_web_processes_never_hold_the_vaults_keys(instance, api, browser):
    """Jobs are signed for and pages read: neither of the vault's keys is in any web process. What people type in, and what was
    sealed, is looked for by test_canaries.py."""
    if os.getuid() != 0:
        # Not even their own user reads them.
        for pid in pids_of(instance, "web"):
            with pytest.raises(PermissionError):
                open(f"/proc/{pid}/mem", "rb")
        return
    for _ in range(3):
        api.run("print('signed')")
    for path in ("/jobs", "/credentials", "/environments"):
        browser.get(path)
    wanted = [word for name in ("root", "vault") for word in spellings(key_file(instance, name))]
    pepper = bytes.fromhex((instance.state / "web/pepper").read_text().strip())
    sees = False
    for pid in pids_of(instance, "web"):
        for piece in memory(pid):
            sees = sees or pepper in piece
            assert not any(word in piece for word in wanted), pid
    assert sees, "the search finds what a web process does hold"


def test_s31_the_webs_role_reads_no_sealed_record(instance):
    conninfo = instance.setting("../web/web.conf", "web.database")
    for column, table in (("sealed", "credentials"), ("ingress", "credentials"), ("sealed", "environment_secrets"),
                          ("ingress", "environment_secrets")):
        done = instance.as_service(["psql", "-X", "-c", f"SELECT {column} FROM {table}", conninfo])
        assert done.returncode != 0 and "permission denied" in done.stderr, done.stdout


def test_s32_the_workers_memory_is_its_own(instance):
    [pid] = worker_pids(instance)
    for file in ("mem", "environ", "maps"):
        done = instance.as_service(["sh", "-c", f"head -c 1 /proc/{pid}/{file}"])
        assert done.returncode != 0 and "Permission denied" in done.stderr, (file, done.stdout)
    traced = instance.as_service(["python3", "-c", f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print(libc.ptrace(16, {pid}, 0, 0), ctypes.get_errno())"""])
    assert traced.stdout.split() == ["-1", "1"], traced
    limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
    assert re.search(r"Max core file size\s+0\s+0", limits)


def test_s32_a_crash_leaves_no_core(instance):
    [pid] = worker_pids(instance)
    folder = pathlib.Path(f"/proc/{pid}/cwd").resolve() if os.getuid() == 0 else instance.state
    before = {path.name for path in folder.iterdir()}
    seen = len((instance.state / "logs/worker.log").read_text())
    os.kill(pid, signal.SIGSEGV)
    wait_for(lambda: worker_pids(instance) not in ([], [pid]))
    # Nor a report with what registers point to.
    assert "Program crashed" not in (instance.state / "logs/worker.log").read_text()[seen:]
    assert {name for name in set(os.listdir(folder)) - before if "core" in name} == set()


class Trap:
    """Listens, and counts who comes."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.calls = []
        threading.Thread(target=self.take, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def take(self):
        while True:
            try:
                self.calls.append(self.socket.accept()[1])
            except OSError:
                return


def test_s35_nothing_ambient_signs(instance, api):
    """A good key of the region's lies in the worker's environment and in ~/.aws, and where instances and containers look
    for theirs somebody listens. With the credential gone, the job waits and nothing is signed with what lies about."""
    key = local_key(instance)
    trap = Trap()
    home = pathlib.Path(str(instance.state) + "-home-" + secrets.token_hex(4))
    (home / ".aws").mkdir(parents=True)
    text = f"[default]\naws_access_key_id = {key[0]}\naws_secret_access_key = {key[1]}\nregion = us-local-1\n"
    for name in ("credentials", "config"):
        (home / ".aws" / name).write_text(text)
    instance.own(home)
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(home), "AWS_ACCESS_KEY_ID": key[0], "AWS_SECRET_ACCESS_KEY": key[1],
        "AWS_REGION": "us-local-1", "AWS_ENDPOINT_URL": trap.url, "AWS_PROFILE": "default",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": trap.url + "/credentials", "AWS_EC2_METADATA_SERVICE_ENDPOINT": trap.url,
        "HTTP_PROXY": trap.url, "http_proxy": trap.url, "ALL_PROXY": trap.url}
    keeper = worker_keeper(instance)
    os.kill(keeper, signal.SIGSTOP)
    try:
        kill_workers(instance)
        call = [str(instance.state / "app/bin/batchport"), "worker", "--settings", str(instance.state / "settings/worker.conf")]
        worker = subprocess.Popen(instance.call_as_service(call), env=environment, cwd="/", stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        try:
            shared = instance.sql("SELECT credential FROM environments WHERE name = 'local'")
            instance.sql(f"UPDATE credentials SET health = 'ok' WHERE id = '{shared}'")
            assert api.run("print('its own')")["displayStatus"] == "Succeeded"
            instance.sql(
                "INSERT INTO credentials (id, owner, name, kind, access_key_hint, region, deleted_at) SELECT "
                f"gen_random_uuid(), owner, 'gone {secrets.token_hex(4)}', 'accessKey', 'GONE', region, now() "
                f"FROM credentials WHERE id = '{shared}'")
            gone = instance.sql("SELECT id FROM credentials WHERE access_key_hint = 'GONE' ORDER BY created_at DESC LIMIT 1")
            before = int(instance.sql("SELECT count(*) FROM jobs", "batchport_local"))
            second = api.job("print('nobody signs')")
            instance.sql(f"UPDATE environments SET credential = '{gone}' WHERE name = 'local'")
            try:
                held = api.submitted(second)
                api.wait(held, lambda job: job["phase"] == "held")
            finally:
                instance.sql(f"UPDATE environments SET credential = '{shared}' WHERE name = 'local'")
            assert int(instance.sql("SELECT count(*) FROM jobs", "batchport_local")) == before
            assert trap.calls == []
        finally:
            worker.terminate()
            worker.wait(60)
    finally:
        os.kill(keeper, signal.SIGCONT)
        trap.socket.close()
        shutil.rmtree(home)
    wait_for(lambda: worker_pids(instance))


def worker_keeper(instance) -> int:
    return int((instance.state / "run/worker.pid").read_text().split()[0])

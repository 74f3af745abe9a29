"""The attacks of trust.md S30 to S35: where the vault's secrets must not be found, and what must not sign."""

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
from rotate import kill_workers, local_key, worker_pids
from vault import dump, key_file, memory, spellings


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
    for path in ("/admin/audit", "/admin/system", "/admin/vault", "/admin/credentials", "/admin/audit/export?format=jsonl"):
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
                "INSERT INTO credentials (id, owner, name, kind, access_key_hint, region) SELECT "
                f"gen_random_uuid(), owner, 'gone {secrets.token_hex(4)}', 'accessKey', 'GONE', region "
                f"FROM credentials WHERE id = '{shared}'")
            gone = instance.sql("SELECT id FROM credentials WHERE access_key_hint = 'GONE' ORDER BY created_at DESC LIMIT 1")
            before = int(instance.sql("SELECT count(*) FROM jobs", "batchport_local"))
            second = api.job("print('nobody signs')")
            instance.sql(f"UPDATE environments SET credential = '{gone}' WHERE name = 'local'")
            try:
                held = api.submitted(second)
                instance.sql(f"UPDATE credentials SET deleted_at = now() WHERE id = '{gone}'")
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

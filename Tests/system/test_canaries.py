"""Canary secrets in every field that holds one (trust.md S27, S30, S31, S42, S59): planted, used, and then looked for in every
answer, the database's dump, logs, temporary files and the memory of the web processes, raw, in hexadecimal and in base64.

What is shown once by design (a token, a link, recovery codes, an authenticator's secret) is looked for in all other answers."""

import concurrent.futures
import pathlib
import re
import secrets
import subprocess

import pytest

from browsing import Admin, Forms
from canaries import Canaries, forms
from portal import CLEAN
from processes import wait_for
from region import Region
from test_bad_input_environments import body

KEY_FILES = {"root key": "keys/root", "vault's private key": "keys/vault", "audit key": "keys/audit", "pepper": "web/pepper"}


class Run:
    """What was planted, and every answer that came back meanwhile."""

    def __init__(self, instance):
        self.instance, self.canaries, self.answers, self.shown = instance, Canaries(), [], set()
        for name, file in KEY_FILES.items():
            self.canaries.add_hex(name, (instance.state / file).read_text())
        for role in ("postgres", "batchport_migrate", "batchport_worker", "batchport_web"):
            password = instance.state / f"keys/{role.removeprefix('batchport_')}.password"
            self.canaries.add(f"password of {role}", password.read_text().strip())
        self.canaries.add("shared secret key", instance.demo["aws"]["secretAccessKey"])
        self.canaries.add("member's token", instance.demo["token"])

    def watch(self, client):
        """Keeps every answer to this client."""
        client.http.hooks["response"].append(lambda answer, **_: self.answers.append(answer))
        return client

    def show(self, answer):
        """An answer that shows a secret once."""
        self.shown.add(id(answer))
        return answer


def family(instance, service: str) -> list[int]:
    """The service's process and its children."""
    first = (instance.state / f"run/{service}.pid").read_text().splitlines()[1].split()[0]
    children = subprocess.run(["pgrep", "-P", first], capture_output=True, text=True).stdout.split()
    return [int(pid) for pid in [first, *children]]


def served(instance) -> int:
    """A page, an answer and a form, as others ask for all the time."""
    api, browser = instance.api(), instance.browser()
    api.get("/jobs"), api.get("/environments")
    browser.post("/sign-in", browser.form("/sign-in") | {"email": "x", "form_token": "x" * 43})
    return browser.get("/sign-in").status_code


def plant_people(run: Run) -> Admin:
    """Passwords, right and wrong; an authenticator's secret and recovery codes; a link; a session; tokens."""
    instance, canaries = run.instance, run.canaries
    admin = run.watch(instance.add_admin("canary-" + secrets.token_hex(4)))
    canaries.add("admin's password", admin.password)
    canaries.add("authenticator's secret", admin.secret)
    run.watch(member := instance.signed_in())
    canaries.add("member's password", instance.demo["member"]["password"])
    canaries.add("session", member.cookies["__Host-batchport"])
    wrong = canaries.add("a wrong password", "wrong " + secrets.token_hex(12))
    run.watch(guest := instance.browser())
    assert guest.sign_in(instance.demo["member"]["email"], wrong).status_code == 422
    made = run.show(admin.act("/admin/people/invite", "/admin/people", email=f"{secrets.token_hex(4)}@example.org",
                              name="Guest", role="member"))
    link = re.search(r'id="new-link">([^<]+)<', made.text).group(1)
    path = link.removeprefix(instance.url)
    canaries.add("invitation's code", path.rsplit("/", 1)[1])
    page = run.show(guest.get(path))
    fields = Forms(page.text).forms[0]["fields"]
    chosen = canaries.add("invited person's password", "chosen " + secrets.token_hex(12))
    run.show(guest.post(path, fields | {"password": "short"}))
    assert guest.post(path, fields | {"password": chosen}).status_code == 200
    token = run.show(member.post("/tokens", member.form("/tokens") | {"name": "canary", "scopes": "jobs:read"}))
    canaries.add("new token", re.search(r'id="new-token">([^<]+)<', token.text).group(1))
    return admin


def plant_credentials(run: Run, admin: Admin, api) -> str:
    """Access keys on the page, right and wrong; for one job, with a session token; a sealed variable. Answers a job's id."""
    instance, canaries = run.instance, run.canaries
    region = Region.of(instance)
    member = run.watch(instance.signed_in())
    secret = canaries.add("secret key on the page", secrets.token_urlsafe(30))
    fields = member.form("/credentials") | {"name": "c" + secrets.token_hex(4), "region": "us-local-1",
                                            "access_key_id": "AKIA" + secrets.token_hex(8).upper(), "secret_access_key": secret}
    assert member.post("/credentials", fields | {"region": "nowhere", "session_token": "x" * 9000}).status_code == 422
    assert member.post("/credentials", fields).status_code == 303
    value = canaries.add("sealed variable", "sealed-" + secrets.token_hex(12))
    done = instance.command("admin", "add-token", "--email", admin.email, "--name", "canary", "--scopes",
                            "environments:read,environments:write")
    writer = run.watch(instance.api(done.stdout.strip().splitlines()[-1]))
    made = writer.post("/environments", body(serviceObject="New", variables={"LICENSE": {"sealed": value}}))
    assert made.status_code == 201, made.text
    # Nobody's identity can look at it yet: its definition is taken over from the environment that has been looked at.
    instance.sql(f"UPDATE environments SET definition = l.definition, definition_arn = l.definition_arn, checked_at = now() "
                 f"FROM environments l WHERE environments.id = '{made.json()['id']}' AND l.name = '{instance.environment}'")
    key, entered = "ASIA" + secrets.token_hex(8).upper(), canaries.add("secret key for one job", secrets.token_urlsafe(30))
    token = canaries.add("session token", secrets.token_urlsafe(600))
    region.temporary_key(key, entered, token)
    job = api.job("import os; open('output/a.txt', 'w').write(str(len(os.environ['LICENSE']))); print('ran')")
    credential = {"accessKeyID": key, "secretAccessKey": entered, "sessionToken": token}
    assert api.submit(job | {"environment": made.json()["name"], "credential": credential, "nonsense": 1}).status_code == 400
    answer = api.submit(job | {"environment": made.json()["name"], "credential": credential})
    assert answer.status_code == 201, answer.text
    return answer.json()["jobUUID"]


def use(run: Run, admin: Admin, api, job: str):
    """Jobs, logs, downloads, pages and exports, each many times; and a credential that AWS refuses."""
    done = api.wait(job)
    assert done["jobStatus"] == "Succeeded", done
    jobs = [job, *(api.submitted(api.job("open('output/a.txt', 'w').write('x'); print('ran')")) for _ in range(6))]
    failed = api.submitted(api.job("raise SystemExit(3)"))
    for each in [*jobs, failed]:
        api.wait(each)
    for _ in range(12):
        for each in jobs:
            assert api.get(f"/jobs/{each}/outputs/a.txt").status_code == 302
    member = run.watch(run.instance.signed_in())
    for each in [*jobs, failed]:
        for path in ["", "/log", "/outputs", "/abort", "/delete"]:
            member.get(f"/jobs/{each}{path}")
        for path in ["", "/log", "/outputs", "/result", "/submission"]:
            api.get(f"/jobs/{each}{path}")
    for path in ["/jobs", "/jobs/new?from=" + job, "/environments", "/credentials", "/tokens", "/settings"]:
        assert member.get(path).status_code == 200
    person = run.instance.sql(f"SELECT id FROM people WHERE email = '{admin.email}'")
    for path in ["/admin/people", f"/admin/people/{person}", "/admin/teams", "/admin/limits", "/admin/system", "/admin/audit",
                 "/admin/audit/export?format=csv", "/admin/audit/export?format=jsonl", "/environments"]:
        assert admin.get(path).status_code in (200, 404), path
    for environment in api.get("/environments").json()["items"]:
        admin.get("/environments/" + environment["id"])
        admin.get("/environments/" + environment["id"] + "/edit")


@pytest.fixture(scope="module")
def run(instance):
    run = Run(instance)
    admin = plant_people(run)
    api = run.watch(instance.api())
    use(run, admin, api, plant_credentials(run, admin, api))
    return run


def test_every_way_of_writing_is_found():
    """The search itself: a secret among other bytes, however it was written."""
    import base64
    canaries = Canaries()
    secret = canaries.add("one", secrets.token_bytes(30))
    for before in range(5):
        text = secrets.token_bytes(before) + secret + secrets.token_bytes(7)
        for written in (text, text.hex().encode(), base64.b64encode(text), base64.urlsafe_b64encode(text)):
            assert canaries.among(b"..." + written + b"...") == {"one"}
    assert canaries.among(secrets.token_bytes(10_000)) == set() and len(forms(b"short")) == 0


def test_no_answer_has_one(run):
    found = []
    for answer in run.answers:
        # A link that a temporary credential has signed names its session token: AWS asks for it there, and it signs nothing.
        head = "\n".join(f"{name}: {re.sub('X-Amz-Security-Token=[^&]*', '', value)}"
                         for name, value in answer.headers.items() if name != "Set-Cookie")
        names = run.canaries.among(answer.content + head.encode())
        if id(answer) not in run.shown and names:
            found.append(f"{answer.request.method} {answer.url}: {names}")
    assert len(run.answers) > 200 and not found, "\n".join(found)


def test_the_dump_has_none(run):
    """Neither the dump of the portal's database nor the files of its cluster's log."""
    dump = subprocess.run(
        run.instance.call_as_service(["pg_dump", "-h", run.instance.setting("migrate.conf", "migrate.database").split("host=")[1].split()[0],
                                      "-U", "postgres", "-d", "batchport"]),
        capture_output=True, check=True, cwd="/", env={**CLEAN, "PGPASSFILE": str(run.instance.state / "keys/postgres.pgpass")})
    assert run.instance.demo["member"]["email"].encode() in dump.stdout
    assert run.canaries.among(dump.stdout) == set()


def test_no_log_and_no_temporary_file_has_one(run):
    state, found = run.instance.state, []
    for folder in (state / "logs", state / "nginx/logs", state / "nginx/temp", state / "run"):
        found += run.canaries.among_files(folder)
    assert "POST /sign-in" in (state / "nginx/logs/access.log").read_text()
    for service in ("web", "worker", "nginx", "local"):
        for pid in family(run.instance, service):
            for part in ("cmdline", "environ"):
                found += [f"{name} in {part} of {service}" for name in run.canaries.among(pathlib.Path(f"/proc/{pid}/{part}").read_bytes())]
            for file in pathlib.Path(f"/proc/{pid}/fd").iterdir():
                # Of a file that is open, its name gone or not; the region's own are AWS's, not ours.
                if file.is_file() and service != "local":
                    found += [f"{name} in {file.readlink()}" for name in run.canaries.among(file.read_bytes())]
    assert not found, "\n".join(found)


def test_a_line_of_a_log_cannot_be_forged(instance):
    """Escapes and quotes of a client's stay inside its field; no control character gets into a log (S59)."""
    log, mark = instance.state / "nginx/logs/access.log", secrets.token_hex(8)
    browser = instance.browser()
    for text in (f"{mark}\x1b[2J", f'{mark}" 200 0 "-" "', f"{mark}\\x0a127.0.0.1 - - forged"):
        browser.get("/sign-in", headers={"User-Agent": text, "Referer": text})
    # nginx writes its line once the answer has gone.
    lines = wait_for(lambda: len(found := [line for line in log.read_bytes().split(b"\n") if mark.encode() in line]) == 3 and found)
    assert len(lines) == 3 and all(line.startswith(b"127.0.0.1 - - [") and line.count(b'"') == 4 for line in lines), lines
    for file in (log, *(instance.state / "logs").glob("*.log")):
        assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", file.read_bytes()), file


def test_the_web_processes_have_forgotten_them(run):
    """What they were told in passing is gone once it was sealed or hashed, and others have been served; the rest they never had.
    Theirs are the pepper and the database's password, which show that the search works, and whose session or token it was last."""
    theirs = {"pepper", "password of batchport_web", "session", "member's token", "new token"}
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        assert set(pool.map(lambda _: served(run.instance), range(400))) == {200}
    found = {pid: run.canaries.in_memory(pid) for pid in family(run.instance, "web")}
    assert all({"pepper"} <= names for pid, names in found.items()), found
    assert not {pid: names - theirs for pid, names in found.items() if names - theirs}, found


def test_its_own_user_may_not_look_into_the_worker(instance):
    """S32: neither into its memory nor, by ptrace, its registers; and what cannot be read so leaves no core file either. (The web
    processes of deploy/up are in a namespace of their user's, who may look into all that is in it.)"""
    code = """
import ctypes, sys
for pid in sys.argv[1:]:
    try:
        open(f"/proc/{pid}/mem", "rb").close()
        print(pid, "has been opened")
    except PermissionError:
        pass
    if ctypes.CDLL(None).ptrace(16, int(pid), 0, 0) == 0:
        print(pid, "has been attached to")
print("done")
"""
    pids = family(instance, "worker")
    done = instance.as_service(["/usr/bin/python3", "-c", code, *map(str, pids)])
    assert pids and done.stdout == "done\n", done.stdout + done.stderr

"""Talking to a running portal: as whoever runs it, and as a service with a token."""

import json
import os
import pathlib
import secrets
import subprocess
import time
import urllib.parse

import requests

from browsing import Admin, Browser

# What a service starts with: the program refuses BATCHPORT_… variables that are no settings, such as those of the tests.
CLEAN = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8"}


class Instance:
    def __init__(self, state: pathlib.Path):
        self.state = state
        self.demo = json.loads((state / "demo.json").read_text())
        self.url = self.demo["url"].rstrip("/")
        self.environment = self.demo["environment"]
        # By itself: what lies in PATH is Debian's script that looks for it, and takes thrice as long.
        self.psql = f"/usr/lib/postgresql/{(state / 'pg/PG_VERSION').read_text().strip()}/bin/psql"

    def api(self, token: str | None = None) -> "API":
        return API(self.url, self.demo["token"] if token is None else token, self.environment)

    def browser(self) -> "Browser":
        return Browser(self.url)

    def signed_in(self) -> "Browser":
        browser = self.browser()
        browser.sign_in(self.demo["member"]["email"], self.demo["member"]["password"])
        return browser

    def command(self, *words: str, stdin: str | None = None) -> subprocess.CompletedProcess:
        """`batchport WORDS…` as the service's user, with the settings of the migrations."""
        call = [str(self.state / "app/bin/batchport"), *words, "--settings", str(self.state / "settings/migrate.conf")]
        return self.as_service(call, input=stdin)

    def as_service(self, call: list[str], **options) -> subprocess.CompletedProcess:
        options.setdefault("env", CLEAN)
        return subprocess.run(self.call_as_service(call), text=True, capture_output=True, cwd="/", **options)

    def call_as_service(self, call: list[str]) -> list[str]:
        if os.getuid() != 0:
            return call
        return ["setpriv", "--reuid=batchport", "--regid=batchport", "--clear-groups", "--no-new-privs", "--", *call]

    def own(self, folder: pathlib.Path):
        """Gives the folder to the service's user."""
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", "batchport:batchport", str(folder)], check=True)

    def sql(self, statement: str, database: str = "batchport") -> str:
        """Runs a statement as the cluster's superuser."""
        environment = {**CLEAN, "PGPASSFILE": str(self.state / "keys/postgres.pgpass")}
        host = self.setting("migrate.conf", "migrate.database").split("host=")[1].split()[0]
        done = self.as_service(
            [self.psql, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", host, "-U", "postgres", "-d", database],
            input=statement, env=environment)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def setting(self, file: str, name: str) -> str:
        for line in (self.state / "settings" / file).read_text().splitlines():
            key, _, value = line.partition("=")
            if key.strip() == name:
                return value.strip()
        raise KeyError(name)

    def add_admin(self, name: str) -> "Admin":
        """Another admin, signed in and with a second factor."""
        email, password = f"{name}@example.org", "a long " + secrets.token_hex(12)
        done = self.command(
            "admin", "add-person", "--email", email, "--name", name, "--role", "admin", "--password-file", "/dev/stdin",
            stdin=password)
        assert done.returncode == 0, done.stderr
        admin = Admin(self.url, email, password)
        admin.enrol()
        return admin

    def add_member(self, name: str):
        email, password = f"{name}@example.org", "a long " + secrets.token_hex(12)
        done = self.command(
            "admin", "add-person", "--email", email, "--name", name, "--password-file", "/dev/stdin", stdin=password)
        assert done.returncode == 0, done.stderr
        done = self.command(
            "admin", "add-token", "--email", email, "--name", "test", "--scopes",
            "jobs:read,jobs:submit,jobs:abort,environments:read")
        assert done.returncode == 0, done.stderr
        return email, password, self.api(done.stdout.strip().splitlines()[-1])


class API:
    def __init__(self, url: str, token: str, environment: str):
        self.url = url + "/api/v1"
        self.environment = environment
        self.http = requests.Session()
        self.http.trust_env = False
        if token:
            self.http.headers["Authorization"] = "Bearer " + token

    def call(self, method: str, path: str, **options) -> requests.Response:
        options.setdefault("allow_redirects", False)
        options.setdefault("timeout", 60)
        return self.http.request(method, self.url + path, **options)

    def get(self, path: str, **options) -> requests.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, body=None, **options) -> requests.Response:
        return self.call("POST", path, json=body, **options)

    def job(self, source: str, language: str = "python", **more) -> dict:
        """A submission's body."""
        return {"environment": self.environment, "name": "test " + secrets.token_hex(3),
                "code": {"language": language, "source": source}, **more}

    def submit(self, body: dict, key: str | None = None) -> requests.Response:
        return self.post("/jobs", body, headers={"Idempotency-Key": key or secrets.token_hex(16)})

    def submitted(self, body: dict) -> str:
        answer = self.submit(body)
        assert answer.status_code == 201, answer.text
        return answer.json()["jobUUID"]

    def wait(self, job: str, until=lambda job: job["settled"], seconds: float = 90) -> dict:
        """Polls as a client would, until the job is as wanted."""
        end = time.monotonic() + seconds
        while True:
            answer = self.get("/jobs/" + job)
            assert answer.status_code in (200, 503), answer.text
            if answer.status_code == 200 and until(answer.json()):
                return answer.json()
            assert time.monotonic() < end, f"waited {seconds} s for {answer.text}"
            time.sleep(0.2)

    def run(self, source: str, language: str = "python", **more) -> dict:
        return self.wait(self.submitted(self.job(source, language, **more)))

    def outputs(self, job: str) -> dict[str, dict]:
        return {item["path"]: item for item in self.get(f"/jobs/{job}/outputs").json()["items"]}

    def download(self, job: str, path: str) -> bytes:
        answer = self.get(f"/jobs/{job}/outputs/" + urllib.parse.quote(path))
        assert answer.status_code == 302, answer.text
        return requests.get(answer.headers["Location"], timeout=60).content

    def log(self, job: str) -> str:
        return self.get(f"/jobs/{job}/log", headers={"Accept": "text/plain"}).text

"""A job's own credential goes while it runs: its owner leaves, its session at AWS runs out, it is forgotten. The environment's
custodian tracks, captures and signs downloads; without one the page says what stopped and who can mend it."""

import secrets

import pytest
import requests

from region import Region
from test_bad_input_environments import body
from processes import wait_for

SLOW = "import time\ntime.sleep(6)\nopen('output/a.txt', 'w').write('kept')\nprint('ran')"


class Place:
    """Environments of an admin, some with a custodian."""

    def __init__(self, instance, admin):
        self.instance, self.region = instance, Region.of(instance)
        done = instance.command("admin", "add-token", "--email", admin.email, "--name", "t", "--scopes",
                                "jobs:read,environments:read,environments:write")
        self.api = instance.api(done.stdout.strip().splitlines()[-1])
        self.custodian = self.credential(admin.email)

    def key(self) -> tuple[str, str]:
        """Another key of the region's first user."""
        id, secret = "AKIA" + secrets.token_hex(8).upper(), secrets.token_hex(20)
        self.region.sql(f"INSERT INTO access_keys (id, secret, principal) SELECT '{id}', '{secret}', principal FROM access_keys "
                        f"WHERE id = '{self.instance.demo['aws']['accessKeyId']}'")
        return id, secret

    def for_one_job(self) -> dict:
        """A credential with a session token, as a person enters it."""
        id, secret, token = "ASIA" + secrets.token_hex(8).upper(), secrets.token_hex(20), secrets.token_urlsafe(60)
        self.region.temporary_key(id, secret, token)
        return {"accessKeyID": id, "secretAccessKey": secret, "sessionToken": token}

    def credential(self, email: str) -> str:
        id, secret = self.key()
        call = ["admin", "add-credential", "--email", email, "--name", "k" + secrets.token_hex(4), "--region", "us-local-1",
                "--access-key-id", id, "--secret-file", "/dev/stdin", "--default"]
        done = self.instance.command(*call, stdin=secret)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def environment(self, custodian: str | None, **more) -> dict:
        made = self.api.post("/environments", body(custodian=custodian, limits={"memory": 2048, "vcpuCount": 1}, **more))
        assert made.status_code == 201, made.text
        self.instance.sql(f"UPDATE environments SET definition = l.definition, definition_arn = l.definition_arn, checked_at = now() "
                          f"FROM environments l WHERE environments.id = '{made.json()['id']}' AND l.name = '{self.instance.environment}'")
        return made.json()

    def running(self, api, environment: dict, **more) -> str:
        job = api.submitted(api.job(SLOW) | {"environment": environment["name"]} | more)
        api.wait(job, lambda job: job["displayStatus"] == "Running")
        return job

    def finished(self, job: str):
        done = self.api.wait(job)
        assert done["displayStatus"] == "Succeeded" and done["capture"]["state"] == "complete", done
        assert self.api.log(job) == "ran\n" and self.download(job) == b"kept"

    def download(self, job: str) -> bytes:
        answer = self.api.get(f"/jobs/{job}/outputs/a.txt")
        assert answer.status_code == 302, answer.text
        return requests.get(answer.headers["Location"], timeout=60).content

    def signed_by_custodian(self, job: str) -> set[str]:
        """For what it has signed: each in the trail, with the job where it was about one."""
        return set(self.instance.sql(f"SELECT DISTINCT detail->>'purpose' FROM audit WHERE action = 'credential.used' AND subject = "
                                     f"'{self.custodian}' AND coalesce(detail->>'job', '{job}') = '{job}'").splitlines())


@pytest.fixture(scope="module")
def place(instance):
    return Place(instance, instance.add_admin("host-" + secrets.token_hex(4)))


@pytest.fixture
def leaver(instance, place):
    """A member with a credential of their own."""
    email, _, api = instance.add_member("leaver-" + secrets.token_hex(4))
    place.credential(email)
    return instance.sql(f"SELECT id FROM people WHERE email = '{email}'"), api


def leave(admin, person: str, jobs: str = "finish"):
    path = f"/admin/people/{person}"
    assert admin.act(path + "/disable", path, jobs=jobs).status_code == 303
    assert admin.act(path + "/delete", path).status_code == 303


def test_the_owner_leaves_and_the_custodian_finishes(place, admin, leaver):
    person, api = leaver
    job = place.running(api, place.environment(place.custodian))
    keys = place.instance.state / "keys/owners"
    assert [file for file in keys.iterdir() if person in file.name]
    leave(admin, person)
    assert api.get("/me").status_code == 401
    wait_for(lambda: not [file for file in keys.iterdir() if person in file.name])
    place.finished(job)
    assert place.signed_by_custodian(job) >= {"track", "capture", "download"}
    assert place.api.get("/jobs/" + job).json()["owner"]["name"] == "Deleted person"


def test_without_a_custodian_the_page_says_what_stopped_and_naming_one_mends_it(place, admin, leaver):
    person, api = leaver
    environment = place.environment(None)
    job = place.running(api, environment)
    leave(admin, person)
    wait_for(lambda: "Batchport cannot go on:" in admin.get(f"/jobs/{job}").text)
    assert "An admin can name one." in admin.get(f"/jobs/{job}").text
    seen = place.api.get("/environments/" + environment["id"])
    answer = place.api.call("PATCH", "/environments/" + environment["id"], json={"custodian": place.custodian},
                            headers={"If-Match": seen.headers["ETag"]})
    assert answer.status_code == 200, answer.text
    place.finished(job)
    assert "Batchport cannot go on:" not in admin.get(f"/jobs/{job}").text


def test_aborted_with_its_owner(place, admin, leaver):
    """What the admin who disables somebody chooses for the jobs under way."""
    person, api = leaver
    environment = place.environment(place.custodian)
    running = place.running(api, environment)
    waiting = api.submitted(api.job(SLOW) | {"environment": environment["name"]})
    leave(admin, person, jobs="abort")
    for job in (running, waiting):
        done = place.api.wait(job)
        assert done["displayStatus"] in ("Failed", "NeverSent") or done["phase"] == "neverSent", done
        assert done["stop"]["reason"] == "Their owner was disabled"


@pytest.mark.parametrize("how", ["expires", "is forgotten"])
def test_a_credential_for_one_job_goes(place, api, how):
    """A session at AWS runs out while the job runs; or the key is forgotten once all is captured, and somebody downloads."""
    environment = place.environment(place.custodian, serviceObject="New")
    credential = place.for_one_job() | {"forgetAfterCapture": how == "is forgotten"}
    job = place.running(api, environment, credential=credential)
    if how == "expires":
        place.region.sql(f"UPDATE access_keys SET expires_at = now() - interval '1 s' WHERE id = '{credential['accessKeyID']}'")
    place.finished(job)
    assert "download" in place.signed_by_custodian(job)
    gone = place.instance.sql(f"SELECT deleted_at IS NOT NULL FROM credentials WHERE job = '{job}'")
    assert gone == ("t" if how == "is forgotten" else "f")


def test_a_download_that_nobody_can_sign_says_who_can_mend_it(place, api):
    environment = place.environment(None, serviceObject="New")
    credential = place.for_one_job() | {"forgetAfterCapture": True}
    job = place.running(api, environment, credential=credential)
    assert place.api.wait(job)["displayStatus"] == "Succeeded"
    answer = api.get(f"/jobs/{job}/outputs/a.txt")
    assert answer.status_code == 409 and "an admin can name a custodian" in answer.json()["detail"]

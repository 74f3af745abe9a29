"""Bad input for whoever administers, through nginx: people, teams and grants on pages and over the API, limits below what is in use."""

import secrets
import uuid

import pytest

from test_bad_input_environments import body
from processes import wait_for


@pytest.fixture(scope="module")
def here(instance):
    """An admin, a member with a running job in an environment of the admin's, a team that the member is in."""
    admin = instance.add_admin("bad-" + secrets.token_hex(4))
    email, _, api = instance.add_member("used-" + secrets.token_hex(4))
    done = instance.command("admin", "add-token", "--email", admin.email, "--name", "t", "--scopes",
                            "jobs:read,environments:read,environments:write,admin")
    writer = instance.api(done.stdout.strip().splitlines()[-1])
    person = instance.sql(f"SELECT id FROM people WHERE email = '{email}'")
    made = admin.act("/admin/teams", "/admin/teams", name="t" + secrets.token_hex(4))
    team = made.headers["Location"].rsplit("/", 1)[1]
    assert admin.act(f"/admin/people/{person}/teams", f"/admin/people/{person}", teams=team).status_code == 303
    shared = instance.sql("SELECT credential FROM environments WHERE name = 'local'")
    environment = writer.post("/environments", body(serviceObject="Automatic", grants=[{"team": team, "sees": "team"}])).json()
    instance.sql(f"UPDATE environments SET definition = l.definition, definition_arn = l.definition_arn, checked_at = now(), "
                 f"service_object = 'credential', credential = '{shared}' FROM environments l "
                 f"WHERE environments.id = '{environment['id']}' AND l.name = 'local'")
    job = api.job("import time; time.sleep(60)") | {"environment": environment["name"]}
    job = api.submitted(job)
    api.wait(job, lambda job: job["displayStatus"] == "Running")
    yield {"admin": admin, "writer": writer, "api": api, "person": person, "team": team, "environment": environment, "job": job,
           "none": str(uuid.uuid4()), "me": instance.sql(f"SELECT id FROM people WHERE email = '{admin.email}'")}
    api.post(f"/jobs/{job}/abort", {})


PAGES = [
    ("nobody is disabled", "/admin/people/{none}/disable", {"jobs": "finish"}, 404, ""),
    ("nothing is said of the jobs", "/admin/people/{person}/disable", {}, 422, "Say what happens to the jobs under way."),
    ("a word for the jobs that is none", "/admin/people/{person}/disable", {"jobs": "burn"}, 422, "Say what happens"),
    ("somebody who is not disabled is deleted", "/admin/people/{person}/delete", {}, 409, "Only a disabled person can be deleted"),
    ("a role that is none", "/admin/people/{person}/role", {"role": "root"}, 422, "The role must be member or admin."),
    ("a team that does not exist", "/admin/people/{person}/teams", {"teams": "{none}"}, 422, "does not exist"),
    ("an environment that does not exist", "/admin/people/{person}/environments", {"environments": "{none}"}, 422, "does not exist"),
    ("a team of nobody's", "/admin/teams/{none}/delete", {}, 404, ""),
    ("an invitation of nobody", "/admin/people/invite", {"email": "x", "name": "", "role": "king", "teams": "{none}"}, 422, "The role must be"),
    ("an invitation withdrawn that is none", "/admin/invitations/{none}/withdraw", {}, 404, ""),
    ("a limit that is no number", "/admin/limits", {"token.days": "many"}, 422, "must be a whole number"),
    ("no form token", "/admin/people/{person}/disable", {"jobs": "abort", "form_token": ""}, 403, ""),
]


@pytest.mark.parametrize("path, fields, status, says", [case[1:] for case in PAGES], ids=[case[0] for case in PAGES])
def test_on_the_page(here, path, fields, status, says):
    admin, token = here["admin"], here["admin"].form("/settings", "/sign-out")["form_token"]
    answer = admin.post(path.format(**here), {"form_token": token} | {name: value.format(**here) for name, value in fields.items()})
    assert answer.status_code == status and says in answer.text
    assert here["api"].get("/me").status_code == 200 and here["api"].get("/jobs/" + here["job"]).json()["displayStatus"] == "Running"


API = [
    ("a grant to a person who does not exist", {"grants": [{"person": "nobody@example.org"}]}, 422, "/grants"),
    ("a grant to an id that is nobody's", {"grants": [{"person": str(uuid.uuid4())}]}, 422, "/grants"),
    ("a grant to a team that does not exist", {"grants": [{"team": "no such team"}]}, 422, "/grants"),
    ("a grant to two at once", {"grants": [{"person": "a@example.org", "team": "x"}]}, 400, None),
    ("a grant that shows what there is not", {"grants": [{"everyone": True, "sees": "everything"}]}, 400, None),
    ("a custodian that does not exist", {"custodian": str(uuid.uuid4())}, 422, "/custodian"),
    ("a limit of less than one", {"limits": {"concurrentJobs": 0}}, 422, "/limits/concurrentJobs"),
]


@pytest.mark.parametrize("change, status, pointer", [case[1:] for case in API], ids=[case[0] for case in API])
def test_over_the_api(here, change, status, pointer):
    path = "/environments/" + here["environment"]["id"]
    before = here["writer"].get(path)
    answer = here["writer"].call("PATCH", path, json=change, headers={"If-Match": before.headers["ETag"]})
    assert answer.status_code == status, answer.text
    assert pointer is None or [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert here["writer"].get(path).headers["ETag"] == before.headers["ETag"]


def test_a_limit_below_what_is_in_use_stops_nothing_and_takes_no_more(here):
    path = "/environments/" + here["environment"]["id"]
    tag = here["writer"].get(path).headers["ETag"]
    answer = here["writer"].call("PATCH", path, json={"limits": {"jobsPerDay": 1}}, headers={"If-Match": tag})
    assert answer.status_code == 200, answer.text
    api = here["api"]
    refused = api.submit(api.job("pass") | {"environment": here["environment"]["name"]})
    assert refused.status_code == 422 and refused.json()["errors"][0]["code"] == "jobsPerDay"
    assert api.get("/jobs/" + here["job"]).json()["displayStatus"] == "Running"
    answer = here["writer"].call("PATCH", path, json={"limits": {"jobsPerDay": None}}, headers={"If-Match": answer.headers["ETag"]})
    assert answer.status_code == 200, answer.text


def test_the_last_admin_stays(instance, here):
    """Whoever else is one is put aside for a moment, so that this admin is the last."""
    me, others = here["me"], f"role = 'admin' AND id <> '{here['me']}' AND disabled_at IS NULL"
    held = instance.sql(f"SELECT string_agg(quote_literal(id), ',') FROM people WHERE {others}")
    if held:
        instance.sql(f"UPDATE people SET role = 'member' WHERE id IN ({held})")
    try:
        for act, fields in (("disable", {"jobs": "finish"}), ("role", {"role": "member"})):
            answer = here["admin"].act(f"/admin/people/{me}/{act}", f"/admin/people/{me}", **fields)
            assert answer.status_code == 422 and "This is the last admin." in answer.text
            assert here["admin"].get("/admin/people").status_code == 200
    finally:
        if held:
            instance.sql(f"UPDATE people SET role = 'admin' WHERE id IN ({held})")
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert here["writer"].call(method, "/admin/users", json={}).status_code == 405


def test_a_team_is_deleted_while_its_jobs_run(instance, here):
    """Last: what the team was granted goes with it; the job goes on, and stays its owner's."""
    done = here["admin"].act(f"/admin/teams/{here['team']}/delete", f"/admin/teams/{here['team']}")
    assert done.status_code == 303
    api, job = here["api"], here["job"]
    assert api.get("/jobs/" + job).json()["displayStatus"] == "Running"
    refused = api.submit(api.job("pass") | {"environment": here["environment"]["name"]})
    assert refused.status_code == 422 and refused.json()["errors"][0]["pointer"] == "/environment"
    assert api.post(f"/jobs/{job}/abort", {}).status_code == 202
    wait_for(lambda: api.get("/jobs/" + job).json()["settled"])

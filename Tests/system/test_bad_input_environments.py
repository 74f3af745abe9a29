"""Bad input, through nginx, for environments: over the API and on the pages, by an admin and by those who are none."""

import secrets

import pytest

from browsing import Admin

ARN = "arn:aws:batch:us-local-1:000000000000:"


@pytest.fixture(scope="module")
def admin(instance):
    """An admin's e-mail, password and API."""
    email, password = f"admin-{secrets.token_hex(4)}@example.org", "a long " + secrets.token_hex(12)
    done = instance.command("admin", "add-person", "--email", email, "--name", "Ada", "--role", "admin",
                            "--password-file", "/dev/stdin", stdin=password)
    assert done.returncode == 0, done.stderr
    done = instance.command("admin", "add-token", "--email", email, "--name", "test", "--scopes",
                            "jobs:read,jobs:submit,environments:read,environments:write")
    assert done.returncode == 0, done.stderr
    return email, password, instance.api(done.stdout.strip().splitlines()[-1])


def body(**changes) -> dict:
    return {"name": "e" + secrets.token_hex(4), "ioBucket": "batchport-local", "jobDefinition": ARN + "job-definition/batchport-runner",
            "jobQueue": ARN + "job-queue/local", "languages": ["python", "command"], "grants": [{"everyone": True}]} | changes


UNFIT = [
    ("no name", {"name": ""}, "/name", "name"), ("capital letters", {"name": "Main"}, "/name", "name"),
    ("no bucket", {"ioBucket": ""}, "/ioBucket", "ioBucket"),
    ("bucket by its ARN", {"ioBucket": "arn:aws:s3:::b"}, "/ioBucket", "ioBucket"),
    ("bucket like an address", {"ioBucket": "10.0.0.1"}, "/ioBucket", "ioBucket"),
    ("prefix that climbs", {"prefix": "../"}, "/prefix", "prefix"),
    ("no definition", {"jobDefinition": ""}, "/jobDefinition", "jobDefinition"),
    ("definition by its name", {"jobDefinition": "runner:1"}, "/jobDefinition", "jobDefinition"),
    ("queue of another region", {"jobQueue": "arn:aws:batch:eu-west-1:000000000000:job-queue/q"}, "/jobQueue", "jobQueue"),
    ("queue of another account", {"jobQueue": "arn:aws:batch:us-local-1:111111111111:job-queue/q"}, "/jobQueue", "jobQueue"),
    ("queue of another partition", {"jobQueue": "arn:aws-cn:batch:cn-north-1:000000000000:job-queue/q"}, "/jobQueue", "jobQueue"),
    ("region that leads elsewhere", {"jobQueue": "arn:aws:batch:x@evil:443/#:000000000000:job-queue/q"}, "/jobQueue", "jobQueue"),
    ("nobody may use it", {"grants": []}, "/grants", "grants"),
    ("a person who does not exist", {"grants": [{"person": "nobody@example.org"}]}, "/grants", "grants"),
    ("a team that does not exist", {"grants": [{"team": "nobody"}]}, "/grants", "grants"),
    ("memory below the rule's", {"limits": {"memory": 5}}, "/limits/memory", "memory"),
    ("no vCPUs", {"limits": {"vcpuCount": 0}}, "/limits/vcpuCount", "vcpuCount"),
    ("time 59", {"limits": {"timeConstraint": 59}}, "/limits/timeConstraint", "timeConstraint"),
    ("array of 10,001", {"limits": {"arraySize": 10_001}}, "/limits/arraySize", "arraySize"),
    ("no job at once", {"limits": {"concurrentJobs": 0}}, "/limits/concurrentJobs", "concurrentJobs"),
    ("memory rule below zero", {"memoryRule": {"mibPerGPU": -1}}, "/memoryRule/mibPerGPU", "mibPerGPU"),
    ("tag of AWS's own", {"forcedTags": {"aws:x": "1"}}, "/forcedTags", "forcedTags"),
    ("variable of AWS's own", {"variables": {"AWS_BATCH_X": "1"}}, "/variables", "variables"),
]


def rows(instance) -> str:
    return instance.sql("SELECT (SELECT count(*) FROM environments) || ' ' || (SELECT count(*) FROM environment_versions)")


@pytest.mark.parametrize("change, pointer", [case[1:3] for case in UNFIT], ids=[case[0] for case in UNFIT])
def test_value_that_does_not_fit(instance, admin, change, pointer):
    before = rows(instance)
    answer = admin[2].post("/environments", body(**change))
    assert answer.status_code == 422, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    errors = answer.json()["errors"]
    assert {error["pointer"] for error in errors} == {pointer}
    assert all(error["message"] and error["code"] for error in errors)
    assert rows(instance) == before


def typed(change: dict) -> dict:
    """The same values as a form's fields."""
    fields = {}
    for name, value in change.items():
        if name in ("limits", "memoryRule"):
            fields |= {inner: str(number) for inner, number in value.items()}
        elif name in ("forcedTags", "variables"):
            fields[name] = "\n".join(f"{key}={text}" for key, text in value.items())
        elif name == "grants":
            fields |= {"everyone": "", "grants": "\n".join(who for grant in value for who in grant.values())}
        else:
            fields[name] = value
    return fields


@pytest.fixture(scope="module")
def pages(instance, admin):
    browser = Admin(instance.url, *admin[:2])
    browser.enrol()
    return browser


def form(pages) -> dict:
    good = body()
    return pages.form("/environments/new", "/environments") | {
        "name": good["name"], "ioBucket": good["ioBucket"], "jobDefinition": good["jobDefinition"],
        "jobQueue": good["jobQueue"], "everyone": "yes"}


@pytest.mark.parametrize("change, field", [(case[1], case[3]) for case in UNFIT], ids=[case[0] for case in UNFIT])
def test_the_form_says_it_beside_the_field(instance, pages, change, field):
    before = rows(instance)
    answer = pages.post("/environments", form(pages) | typed(change))
    assert answer.status_code == 422, answer.headers
    assert f'id="{field}-error"' in answer.text and f'href="#{field}"' in answer.text
    assert ARN + "job-queue/local" in answer.text or "jobQueue" in change
    assert rows(instance) == before


def test_every_fault_is_told_at_once(admin):
    errors = admin[2].post("/environments", {"limits": {"vcpuCount": 0}}).json()["errors"]
    assert {"/name", "/ioBucket", "/jobDefinition", "/jobQueue", "/limits/vcpuCount"} == {
        error["pointer"] for error in errors}


@pytest.mark.parametrize("change", [
    {"version": 3}, {"health": {}}, {"provider": "Slurm"}, {"serviceObject": "Nobody"}, {"limits": {"cpus": 1}},
    {"limits": {"memory": "8 GB"}}, {"variables": {"A": 1}}, {"grants": [{"squad": "x"}]}, {"languages": "python"}])
def test_what_cannot_be_read(admin, change):
    assert admin[2].post("/environments", body(**change)).status_code == 400


def test_who_is_no_admin_finds_nothing_to_edit(instance, api, browser):
    target = api.get("/environments/" + instance.environment).json()["id"]
    assert api.post("/environments", body()).status_code in (403, 404)
    assert api.call("PATCH", "/environments/" + target, json={}, headers={"If-Match": "*"}).status_code in (403, 404)
    assert api.call("DELETE", "/environments/" + target).status_code in (403, 404)
    for path in ["/environments/new", f"/environments/{target}/edit"]:
        assert browser.get(path).status_code == 404


def test_changes_need_the_version_that_was_read(admin):
    made = admin[2].post("/environments", body())
    assert made.status_code == 201, made.text
    path = "/environments/" + made.json()["id"]
    patch = lambda match, **change: admin[2].call("PATCH", path, json=change, headers={"If-Match": match} if match else {})
    assert patch(None, description="a").status_code == 428
    assert patch('"9"', description="a").status_code == 412
    assert patch(made.headers["ETag"], description="a").headers["ETag"] == '"2"'
    assert patch(made.headers["ETag"], description="b").status_code == 412
    assert admin[2].call("DELETE", path, headers={"If-Match": made.headers["ETag"]}).status_code == 412
    assert admin[2].call("DELETE", path).status_code == 204
    assert admin[2].get(path).status_code == 404


def test_a_stale_form_changes_nothing(instance, admin, pages):
    made = admin[2].post("/environments", body()).json()
    path = f"/environments/{made['id']}/edit"
    fields = pages.form(path)
    assert pages.post(path, fields | {"description": "mine"}).status_code == 303
    answer = pages.post(path, fields | {"description": "over it"})
    assert answer.status_code == 422 and "Somebody changed" in answer.text and "over it" in answer.text
    assert admin[2].get("/environments/" + made["id"]).json()["description"] == "mine"


def checked(api, id: str) -> dict:
    import time
    for _ in range(200):
        found = api.get("/environments/" + id).json()
        if found["health"]["checkedAt"]:
            return found
        time.sleep(0.1)
    raise AssertionError("not checked within 20 s")


def test_from_making_to_deleting_with_a_credential_for_one_job(instance, admin, api):
    """The whole way: a New environment with a sealed variable, a tag, and room for one job at once."""
    made = admin[2].post("/environments", body(
        serviceObject="New", variables={"LICENSE": {"sealed": "canary-" + "7" * 20}, "MODE": "fast"}, forcedTags={"cost": "42"},
        limits={"concurrentJobs": 1, "memory": 2048, "vcpuCount": 1}))
    assert made.status_code == 201, made.text
    name, id = made.json()["name"], made.json()["id"]
    # Nobody's identity can look at it yet: its definition is taken over from the environment that has been looked at.
    instance.sql(f"UPDATE environments SET definition = l.definition, definition_arn = l.definition_arn, checked_at = now() "
                 f"FROM environments l WHERE environments.id = '{id}' AND l.name = '{instance.environment}'")
    job = api.job("import os; print(len(os.environ['LICENSE']), os.environ['MODE'])") | {"environment": name}
    assert [e["pointer"] for e in api.submit(job).json()["errors"]] == ["/credential"]
    key = {"accessKeyID": instance.demo["aws"]["accessKeyId"], "secretAccessKey": instance.demo["aws"]["secretAccessKey"],
           "forgetAfterCapture": True}
    first = api.submit(job | {"credential": key})
    assert first.status_code == 201, first.text
    second = api.submit(job | {"credential": key})
    assert second.json()["errors"][0]["code"] == "concurrentJobs" and second.json()["errors"][0]["limit"] == 1
    assert admin[2].call("DELETE", "/environments/" + id).status_code == 409
    done = api.wait(first.json()["jobUUID"])
    assert done["jobStatus"] == "Succeeded", done
    assert "27 fast" in api.log(done["jobUUID"])
    forgotten = instance.sql(f"SELECT deleted_at IS NOT NULL AND sealed IS NULL AND ingress IS NULL FROM credentials WHERE job = '{done['jobUUID']}'")
    assert forgotten == "t"
    for text in [first.text, api.get("/environments/" + id).text, admin[2].get(f"/environments/{id}/versions").text]:
        assert "canary" not in text and key["secretAccessKey"] not in text
    assert admin[2].call("DELETE", "/environments/" + id).status_code == 204
    assert api.get("/jobs/" + done["jobUUID"]).json()["environment"]["name"] == name


@pytest.fixture(scope="module")
def key(instance, admin):
    """An access key of the admin's own, in the vault."""
    aws = instance.demo["aws"]
    file = instance.state / "keys" / f"{secrets.token_hex(4)}.secret"
    file.write_text(aws["secretAccessKey"])
    instance.own(file)
    done = instance.command("admin", "add-credential", "--email", admin[0], "--name", "mine", "--region", "us-local-1",
                            "--access-key-id", aws["accessKeyId"], "--secret-file", str(file))
    file.unlink()
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


STACKS = [
    ("a stack that does not exist", {"stackName": "no-such-stack"}, "stackName", "no stack of this name"),
    ("no region", {"stackName": "batchport-local", "region": "us-nowhere-9"}, "stackName", "no region"),
    ("a name that is none", {"stackName": "../x"}, "stackName", "letters, digits"),
    ("somebody else's credential", {"stackName": "batchport-local", "credential": "00000000-0000-0000-0000-000000000000"},
     "credential", "credential of yours"),
]


@pytest.mark.parametrize("changes, field, words", [case[1:] for case in STACKS], ids=[case[0] for case in STACKS])
def test_a_stack_that_cannot_be_imported(instance, admin, key, pages, changes, field, words):
    before = instance.sql("SELECT count(*) FROM environments")
    stack = {"stackName": "batchport-local", "credential": key} | changes
    answer = admin[2].post("/environments/import", {"stack": stack, "name": "x", "grants": [{"everyone": True}]})
    assert answer.status_code == 422, answer.text
    [error] = answer.json()["errors"]
    assert error["pointer"] == "/stack/" + field and words in error["message"]
    fields = pages.form("/environments/set-up", "/environments/import")
    page = pages.post("/environments/import", fields | {"by": "name"} | stack)
    assert page.status_code == 422 and f'id="{field}-error"' in page.text and words in page.text
    assert instance.sql("SELECT count(*) FROM environments") == before


def test_a_stack_is_imported_by_its_name(instance, admin, key, pages):
    """A stack with other outputs is in `StackOutputsTests.aStackIsAskedForByItsName`: the local region has but one."""
    stack = {"stackName": "batchport-local", "credential": key}
    rest = {"name": "e" + secrets.token_hex(4), "grants": [{"everyone": True}], "serviceObject": {"credential": key}}
    made = admin[2].post("/environments/import", {"stack": stack} | rest)
    assert made.status_code == 201, made.text
    assert made.json()["ioBucket"] == "batchport-local" and made.json()["region"] == "us-local-1"
    assert checked(admin[2], made.json()["id"])["health"]["healthy"]
    fields = pages.form("/environments/set-up", "/environments/import")
    page = pages.post("/environments/import", fields | {"by": "name"} | stack)
    assert page.status_code == 200 and 'value="batchport-local"' in page.text
    used = instance.sql("SELECT count(*) FROM audit WHERE action = 'credential.used' AND detail->>'purpose' = 'stack'")
    assert int(used) >= 2

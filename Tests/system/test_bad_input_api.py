"""Bad input, through nginx, over the API: each gets its status, names its field, and leaves nothing behind."""

import base64
import json
import secrets
import uuid

import pytest

ABSENT = object()


def changed(body: dict, path: str, value) -> dict:
    """The body with one member, named by a JSON Pointer, replaced or removed."""
    *folders, last = path.strip("/").split("/")
    at = body
    for folder in folders:
        at = at.setdefault(folder, {})
    if value is ABSENT:
        at.pop(last)
    else:
        at[last] = value
    return body


FILE = {"base64": base64.b64encode(b"1,2\n").decode()}

UNFIT = [
    ("unknown environment", "/environment", "no-such-environment", "/environment"),
    ("environment of another type of id", "/environment", str(uuid.uuid4()), "/environment"),
    ("empty name", "/name", "", "/name"),
    ("blank name", "/name", "  \t ", "/name"),
    ("name of 129 characters", "/name", "n" * 129, "/name"),
    ("name with a line feed", "/name", "a\nb", "/name"),
    ("name with NUL", "/name", "a\0b", "/name"),
    ("name with an escape", "/name", "a\x1b[31mb", "/name"),
    ("name that turns the text round", "/name", "a\u202eb", "/name"),
    ("unknown language", "/code/language", "cobol", "/code/language"),
    ("no language", "/code/language", "", "/code/language"),
    ("empty code", "/code/source", "", "/code/source"),
    ("code over the limit", "/code/source", "#" * 262_145, "/code/source"),
    ("memory 0", "/settings", {"memory": 0}, "/settings/memory"),
    ("memory -1", "/settings", {"memory": -1}, "/settings/memory"),
    ("memory 8 XB", "/settings", {"memory": "8 XB"}, "/settings/memory"),
    ("memory without a number", "/settings", {"memory": "GiB"}, "/settings/memory"),
    ("memory 3 MiB", "/settings", {"memory": 3}, "/settings/memory"),
    ("memory over the environment's limit", "/settings", {"memory": "900 TiB"}, "/settings/memory"),
    ("memory that overflows", "/settings", {"memory": "9" * 40}, "/settings/memory"),
    ("vCPUs 0", "/settings", {"vcpuCount": 0}, "/settings/vcpuCount"),
    ("half a vCPU", "/settings", {"vcpuCount": "0.5"}, "/settings/vcpuCount"),
    ("vCPUs over the limit", "/settings", {"vcpuCount": 10_000}, "/settings/vcpuCount"),
    ("GPU where there is none", "/settings", {"gpuCount": 1}, "/settings/gpuCount"),
    ("time constraint 59", "/timeConstraint", 59, "/timeConstraint"),
    ("time constraint -1", "/timeConstraint", -1, "/timeConstraint"),
    ("array without elements", "/jobType", "Array", "/elements"),
    ("variable named AWS_BATCH_X", "/env", {"AWS_BATCH_X": "1"}, "/env"),
    ("variable with =", "/env", {"A=B": "1"}, "/env"),
    ("variables of 5,000 characters", "/env", {"A": "x" * 5000}, "/env"),
    ("41 tags", "/tags", {f"t{n}": "" for n in range(41)}, "/tags"),
    ("tag aws:", "/tags", {"aws:x": ""}, "/tags"),
    ("input file ../x", "/inputFiles", {"../x": FILE}, "/inputFiles"),
    ("input file a/b", "/inputFiles", {"a/b": FILE}, "/inputFiles"),
    ("input file .", "/inputFiles", {".": FILE}, "/inputFiles"),
    ("input file without a name", "/inputFiles", {"": FILE}, "/inputFiles"),
    ("input file with a control character", "/inputFiles", {"a\x07": FILE}, "/inputFiles"),
    ("input file main.py", "/inputFiles", {"main.py": FILE}, "/inputFiles"),
    ("input file output", "/inputFiles", {"output": FILE}, "/inputFiles"),
    ("101 input files", "/inputFiles", {f"f{n}": FILE for n in range(101)}, "/inputFiles"),
    ("upload that is not there", "/inputFiles", {"x": {"upload": str(uuid.uuid4())}}, "/inputFiles"),
]


def job_count(instance) -> str:
    return instance.sql("SELECT count(*) || ' ' || (SELECT count(*) FROM uploads WHERE state <> 'open') FROM jobs")


@pytest.mark.parametrize("member, value, pointer", [case[1:] for case in UNFIT], ids=[case[0] for case in UNFIT])
def test_value_that_does_not_fit(instance, api, member, value, pointer):
    before = job_count(instance)
    answer = api.submit(changed(api.job("print(1)"), member, value))
    assert answer.status_code == 422, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    pointers = [error["pointer"] for error in problem["errors"]]
    assert any(found == pointer or found.startswith(pointer + "/") for found in pointers), pointers
    assert all(error["message"] and error["code"] for error in problem["errors"])
    assert job_count(instance) == before


def test_every_fault_is_told_at_once(api):
    body = api.job("") | {"name": "", "timeConstraint": 59, "settings": {"memory": 0}, "inputFiles": {"a/b": FILE}}
    pointers = {error["pointer"] for error in api.submit(body).json()["errors"]}
    assert {"/name", "/code/source", "/timeConstraint", "/settings/memory"} <= pointers


def test_limits_are_told(api):
    errors = api.submit(api.job("x") | {"timeConstraint": 59, "name": "n" * 200}).json()["errors"]
    assert {error["pointer"]: error["limit"] for error in errors} == {"/timeConstraint": 60, "/name": 128}


UNREADABLE = [
    ("unknown field", lambda body: json.dumps(body | {"owner_id": "me"})),
    ("unknown field inside", lambda body: json.dumps(body | {"settings": {"cpu": 1}})),
    ("read-only field", lambda body: json.dumps(body | {"jobStatus": "Succeeded"})),
    ("name a number", lambda body: json.dumps(body | {"name": 7})),
    ("code a string", lambda body: json.dumps(body | {"code": "print(1)"})),
    ("time constraint a string", lambda body: json.dumps(body | {"timeConstraint": "60"})),
    ("time constraint a fraction", lambda body: json.dumps(body | {"timeConstraint": 60.5})),
    ("base64 that is none", lambda body: json.dumps(body | {"inputFiles": {"a": {"base64": "*"}}})),
    ("input file both ways", lambda body: json.dumps(body | {"inputFiles": {"a": FILE | {"upload": str(uuid.uuid4())}}})),
    ("duplicate key", lambda body: json.dumps(body)[:-1] + ', "name": "again"}'),
    ("input file twice", lambda body: json.dumps(body)[:-1] + ', "inputFiles": {"a": {"base64": ""}, "a": {"base64": ""}}}'),
    ("depth 1,000", lambda body: json.dumps(body)[:-1] + ', "tags": ' + "[" * 1000 + "]" * 1000 + "}"),
    ("invalid UTF-8", lambda body: json.dumps(body).encode().replace(b"test ", b"test \xff")),
    ("lone surrogate", lambda body: json.dumps(body).replace("test ", "test \\ud800")),
    ("cut off", lambda body: json.dumps(body)[:-5]),
    ("two documents", lambda body: json.dumps(body) * 2),
    ("no object", lambda body: "[1, 2]"),
    ("nothing", lambda body: ""),
    ("a byte-order mark", lambda body: "\ufeff" + json.dumps(body)),
]


@pytest.mark.parametrize("write", [case[1] for case in UNREADABLE], ids=[case[0] for case in UNREADABLE])
def test_body_that_cannot_be_read(instance, api, write):
    before = job_count(instance)
    body = write(api.job("print(1)"))
    headers = {"Content-Type": "application/json", "Idempotency-Key": secrets.token_hex(8)}
    answer = api.call("POST", "/jobs", data=body if isinstance(body, bytes) else body.encode(), headers=headers)
    assert answer.status_code == 400, answer.text
    assert answer.json()["detail"]
    assert job_count(instance) == before


def test_duplicate_parameter_is_refused(api):
    assert api.get("/jobs?limit=1&limit=2").status_code == 400


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=nonsense", "status=Running,Sleeping", "type=Double"])
def test_query_that_does_not_fit(api, query):
    assert api.get("/jobs?" + query).status_code in (400, 422), query


def test_media_type(api):
    answer = api.call("POST", "/jobs", data="a=b", headers={
        "Content-Type": "application/x-www-form-urlencoded", "Idempotency-Key": "k"})
    assert answer.status_code == 415


def test_idempotency_key(api):
    body, key = api.job("print(1)"), secrets.token_hex(8)
    first, second = api.submit(body, key), api.submit(body, key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["jobUUID"] == second.json()["jobUUID"]
    assert api.submit(body | {"name": "another"}, key).status_code == 422
    assert api.post("/jobs", body).status_code == 400
    for bad in ["x" * 256, "a\tb", ""]:
        answer = api.post("/jobs", body, headers={"Idempotency-Key": bad})
        assert answer.status_code == 400, bad


def test_tokens(instance, api):
    own = api.http.headers["Authorization"].removeprefix("Bearer ")
    near = own[:-1] + ("y" if own.endswith("x") else "x")
    for token in ["", "bp_", "bp_" + "A" * 36, near, "x" * 5000]:
        answer = instance.api(token or None).get("/me") if token else instance.api("").get("/me")
        assert answer.status_code in (401, 431), token
    assert api.get("/me?token=" + instance.demo["token"]).status_code in (200, 400)
    without = instance.api("")
    assert without.get("/me?access_token=" + instance.demo["token"]).status_code == 401
    assert without.post("/jobs", api.job("1"), headers={"Idempotency-Key": "k"}).status_code == 401


def test_somebody_elses_job_is_a_missing_one(instance, api, stranger):
    job = api.submitted(api.job("print('mine')"))
    other = stranger[2]
    missing = str(uuid.uuid4())
    for path in ["", "/log", "/outputs", "/outputs/x", "/result", "/properties/JobStatus", "/submission"]:
        theirs, nobodys = other.get(f"/jobs/{job}{path}"), other.get(f"/jobs/{missing}{path}")
        assert theirs.status_code == nobodys.status_code == 404, path
        assert theirs.content == nobodys.content, path
        headers = [{k: v for k, v in answer.headers.items() if k not in ("X-Request-Id", "Date")} for answer in (theirs, nobodys)]
        assert headers[0] == headers[1], path
    assert other.post(f"/jobs/{job}/abort", {"reason": "x"}).status_code == 404
    assert job not in other.get("/jobs").text


@pytest.mark.parametrize("path", [
    "../manifest.json", "..%2fmanifest.json", "%2e%2e/%2e%2e/manifest.json", "a/../../../code", "%2fetc%2fpasswd", "//x",
    "a%00b", "a%0ab", "nothing-here.txt"])
def test_output_path_outside_the_job(api, path):
    job = api.submitted(api.job("print(1)"))
    assert api.get(f"/jobs/{job}/outputs/{path}").status_code in (400, 404), path


def test_body_over_size(api):
    answer = api.call("POST", "/jobs", data=b"{" + b" " * (1 << 20) + b"}", headers={
        "Content-Type": "application/json", "Idempotency-Key": "k"})
    assert answer.status_code == 413
    assert "1 MiB" in answer.text


def test_methods_and_hosts(instance, api):
    assert api.call("TRACE", "/jobs").status_code == 405
    answer = api.call("DELETE", "/me")
    assert answer.status_code == 405 and "GET" in answer.headers["Allow"]
    assert api.get("/me", headers={"Host": "evil.example"}).status_code == 421
    assert api.get("/" + "x" * 9000).status_code == 414
    assert api.get("/me", headers={"X-Long": "x" * 33_000}).status_code in (400, 431)

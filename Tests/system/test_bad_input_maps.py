"""Bad input for maps, and code that behaves badly, through nginx: on the page and over the API, each said where it is,
with nothing left half-done."""

import re
import secrets

import pytest

from test_map import lines, results, submit

SOURCE = "def f(x): return x"
LONG = '"' + "x" * 1_000_000 + '"'

# What is asked for: members of the API's body, the form's fields, where the fault is in both, and words of it.
UNFIT = [
    ("empty list", {"elements": []}, {"elements": "[]"}, "/elements", "no element"),
    ("no list", {}, {"elements": " \n "}, "/elements", "elements"),
    ("10,001 children", {"elements": list(range(10_001)), "method": {"childJobs": 10_001}},
     {"elements": "1\n" * 10_001, "method": "childJobs", "methodCount": "10001"}, "/method", "10,000"),
    ("10,001 children by their elements", {"elements": list(range(10_001)), "method": {"elementsPerChild": 1}},
     {"elements": "1\n" * 10_001, "method": "elementsPerChild", "methodCount": "1"}, "/method", "10,000"),
    ("no element per child", {"elements": [1], "method": {"elementsPerChild": 0}},
     {"elements": "1", "method": "elementsPerChild", "methodCount": "0"}, "/method", "at least 1"),
    ("no child", {"elements": [1], "method": {"childJobs": 0}},
     {"elements": "1", "method": "childJobs", "methodCount": "0"}, "/method", "at least 1"),
    ("too many workers", {"elements": [1], "code": {"language": "python", "source": SOURCE, "workers": 65}},
     {"elements": "1", "workers": "65"}, "/code/workers", "64"),
    ("function that is no name", {"elements": [1], "code": {"language": "python", "source": SOURCE, "function": "f()"}},
     {"elements": "1", "function": "f()"}, "/code/function", "name"),
    ("GPU where there is none", {"elements": [1], "settings": {"gpuCount": 1}}, {"elements": "1", "gpuCount": "1"},
     "/settings/gpuCount", "0"),
    ("memory below 4 MiB", {"elements": [1], "settings": {"memory": 3}}, {"elements": "1", "memory": "3"},
     "/settings/memory", "4 MiB"),
    ("time 59", {"elements": [1], "timeConstraint": 59}, {"elements": "1", "timeConstraint": "59"}, "/timeConstraint",
     "60"),
    ("list of a map that is not there", {"elements": {"job": "00000000-0000-0000-0000-000000000000"}},
     {"elements": "", "elementsJob": "00000000-0000-0000-0000-000000000000"}, "/elements", "no map of yours"),
]

# Lists as files: the bytes, and words of what is said of them.
LISTS = [
    ("not JSON", b"1\n2\n{\"a\" 3}\n", "line 3, column 6"), ("an array without its end", b"[1,\n2", "line 2"),
    ("two values in a line", b"1\n2 3\n", "line 2"), ("no UTF-8", b"\"\xff\"\n", "line 1"), ("nothing", b"\n \n", "no element"),
    ("an element of a megabyte", b"1\n" + LONG.encode() + b"\n", "262,144"),
]


def nothing_new(instance):
    return instance.sql("SELECT count(*) || ' ' || (SELECT count(*) FROM children) FROM jobs")


def form(browser, **fields) -> list:
    """The form of a new map, as a browser sends it."""
    filled = browser.form("/jobs/new") | {"jobType": "Array", "name": "bad map", "source": SOURCE} | fields
    return [(name, (None, value)) for name, value in filled.items()]


@pytest.mark.parametrize("body, fields, pointer, words", [case[1:] for case in UNFIT], ids=[case[0] for case in UNFIT])
def test_map_that_does_not_fit(instance, api, browser, body, fields, pointer, words):
    before = nothing_new(instance)
    answer = api.submit(api.job(SOURCE, jobType="Array") | body)
    assert answer.status_code == 422, answer.text
    found = [error for error in answer.json()["errors"] if error["pointer"].startswith(pointer)]
    assert found and words in found[0]["message"], answer.text
    page = browser.request("POST", "/jobs/new", files=form(browser, **fields) + [("do", (None, "submit"))])
    assert page.status_code == 422
    field = re.search(r'<div class="errs".*?<a href="#(\w+)">([^<]*)</a>', page.text, re.S)
    assert field.group(1) in ({"methodCount"} if pointer == "/method" else {pointer.rsplit("/", 1)[1]})
    assert words in field.group(2) and f'id="{field.group(1)}-error"' in page.text
    assert nothing_new(instance) == before


@pytest.mark.parametrize("content, words", [case[1:] for case in LISTS], ids=[case[0] for case in LISTS])
def test_file_that_is_no_list(instance, api, browser, content, words):
    before = nothing_new(instance)
    upload = api.post("/uploads", {"environment": api.environment, "name": "list", "size": len(content)}).json()["id"]
    assert api.call("PUT", f"/uploads/{upload}/content", data=content).status_code == 200
    answer = api.submit(api.job(SOURCE, jobType="Array", elements={"upload": upload}))
    assert answer.status_code == 422 and words in answer.json()["errors"][0]["message"], answer.text
    parts = form(browser) + [("elementsFile", ("list", content)), ("do", (None, "submit"))]
    page = browser.request("POST", "/jobs/new", files=parts)
    assert page.status_code == 422 and words in page.text
    assert nothing_new(instance) == before


@pytest.mark.parametrize("source, function, words", [
    (SOURCE, "g", "g"), ("def f(x): return x\n)", "f", "SyntaxError"), ("raise ValueError('at the start')", "f", "at the start"),
], ids=["function that is not defined", "syntax error", "code that fails before its function"])
def test_code_that_cannot_be_loaded_fails_every_element(api, source, function, words):
    job = submit(api, source, [1, 2, 3], method={"childJobs": 1}, function=function)
    assert api.wait(job, seconds=240)["jobStatus"] == "Failed"
    items = results(api, job)
    assert [item["index"] for item in items] == [0, 1, 2] and all("missing" in item for item in items)
    assert words in str(items) + api.get(f"/jobs/{job}/children/0/log", headers={"Accept": "text/plain"}).text


@pytest.mark.parametrize("source, language, cause", [
    ("def f(x): return float('nan') if x == 2 else x", "python", "invalid"),
    ("def f(x): return object() if x == 2 else x", "python", "invalid"),
    ("def f(x): return 'x' * 100_000_000 if x == 2 else x", "python", "tooLarge"),
    ("import os\ndef f(x):\n    if x == 2: os._exit(0)\n    return x", "python", "evaluationFailed"),
    ("f() { [ \"$1\" != 2 ] || return 3; echo \"$1\"; }", "shell", "evaluationFailed"),
], ids=["NaN", "no JSON", "100 MB", "a worker that leaves without a word", "a shell that fails"])
def test_an_element_without_a_result_is_a_missing_entry(api, source, language, cause):
    job = submit(api, source, [1, 2, 3], language, method={"childJobs": 1}, workers=1, settings={"memory": 1024})
    api.wait(job, seconds=240)
    items = results(api, job)
    assert [items[0].get("value"), items[2].get("value")] == [1, 3], items
    assert items[1]["missing"]["cause"] == cause and items[1]["missing"]["detail"], items
    assert lines(api, job) == items


def test_a_function_that_writes_nothing_has_null(api):
    job = submit(api, "f() { [ \"$1\" = 2 ] || echo \"$1\"; }", [1, 2, 3], "shell", method={"childJobs": 1})
    api.wait(job, seconds=240)
    assert results(api, job) == [{"index": 0, "value": 1}, {"index": 1, "value": None}, {"index": 2, "value": 3}]


@pytest.mark.parametrize("write, cause", [
    ("'nonsense'", "invalid"), ("'\"' + 'x' * 100_000_000 + '\"'", "tooLarge"), (None, "notWritten"),
], ids=["no JSON", "100 MB", "none"])
def test_a_jobs_result_that_is_none(api, write, cause):
    source = f"import os\nopen(os.environ['BATCHPORT_RESULT'], 'w').write({write})" if write else "print(1)"
    job = api.run(source, settings={"memory": 1024})
    assert job["displayStatus"] == "Succeeded", job
    missing = api.get(f"/jobs/{job['jobUUID']}/result").json()["missing"]
    assert missing["cause"] == cause and missing["detail"]


def test_code_that_leaves_children_behind_ends_all_the_same(api):
    """The job is over when its code is; what it left running is ended with it."""
    source = "import os, time\nif os.fork() == 0:\n    time.sleep(3600)\nprint('parent ends', flush=True)\nos._exit(5)"
    job = api.run(source)
    assert job["jobExitCode"] == 5 and api.log(job["jobUUID"]).startswith("parent ends\n")


def test_code_that_ignores_sigterm_is_killed(api):
    job = api.submitted(api.job("trap '' TERM\necho ready\nwhile :; do sleep 0.1; done", "shell"))
    api.wait(job, lambda seen: seen["displayStatus"] == "Running" and "ready" in api.log(job))
    assert api.post(f"/jobs/{job}/abort", {"reason": "enough"}).status_code == 202
    ended = api.wait(job, seconds=120)
    assert ended["jobExitCode"] == 137 and ended["verdict"]["cause"] == "aborted", ended["verdict"]
    assert "via Batchport: enough" in ended["jobStatusReason"]


def test_an_input_file_that_is_gone_when_the_runner_starts(new_instance):
    """It waits behind another job, which has the whole machine, while somebody empties the bucket."""
    instance, api = new_instance, new_instance.api()
    cores = int(instance.setting("local.conf", "local.cores"))
    blocking = api.submitted(api.job("import time; time.sleep(600)", settings={"vcpuCount": cores, "memory": 256}))
    try:
        api.wait(blocking, lambda job: job["displayStatus"] == "Running")
        name = secrets.token_hex(4) + ".txt"
        job = api.submitted(api.job("print(1)", inputFiles={name: {"base64": "eA=="}}))
        api.wait(job, lambda job: job["phase"] == "sent")
        upload = instance.sql(f"SELECT upload FROM job_inputs WHERE job = '{job}'")
        instance.sql(f"DELETE FROM objects WHERE key LIKE '%{upload}'", "batchport_local")
    finally:
        assert api.post(f"/jobs/{blocking}/abort", {}).status_code == 202
    ended = api.wait(job, seconds=120)
    assert ended["displayStatus"] == "Failed"
    assert name in str(api.get(f"/jobs/{job}/properties/EvaluationMessagesText").json()) + api.log(job)
    api.wait(blocking)


def test_a_map_that_runs_is_not_deleted(api, browser):
    job = submit(api, "import time\ndef f(x): time.sleep(600)", [1, 2], method={"childJobs": 2})
    assert api.call("DELETE", f"/jobs/{job}").status_code == 409
    page = browser.get(f"/jobs/{job}/delete")
    assert page.status_code == 409 or "not settled" in page.text
    api.post(f"/jobs/{job}/abort", {})
    api.wait(job, seconds=120)

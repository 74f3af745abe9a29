"""Arrays through the whole portal: a function of each element of a list, over children of the local region."""

import json
import random
import time

import pytest
import requests


def submit(api, source, elements, language="python", **more) -> str:
    code = {"language": language, **({"argv": source} if language == "command" else {"source": source})}
    code |= {name: more.pop(name) for name in ("function", "initialization", "workers") if name in more}
    return api.submitted(api.job("", code=code, jobType="Array", elements=elements, **more))


def results(api, job) -> list[dict]:
    items, cursor = [], None
    while True:
        page = api.get(f"/jobs/{job}/results", params={"limit": 200} | ({"cursor": cursor} if cursor else {})).json()
        items += page["items"]
        cursor = page["nextCursor"]
        if cursor is None:
            return items


def lines(api, job) -> list[dict]:
    """All results as one file."""
    answer = api.get(f"/jobs/{job}/results", headers={"Accept": "application/x-ndjson"})
    assert answer.status_code == 302, answer.text
    return [json.loads(line) for line in requests.get(answer.headers["Location"], timeout=60).text.splitlines()]


@pytest.mark.parametrize("language,source", [
    ("python", "def f(x): return x * x"), ("shell", "f() { echo $(($1 * $1)); }"),
    ("command", ["awk", "BEGIN { print ARGV[1] * ARGV[1] }"])])
def test_the_same_in_each_language(api, language, source):
    job = submit(api, source, list(range(20)), language, method={"childJobs": 3})
    ended = api.wait(job, seconds=240)
    assert ended["jobStatus"] == "Succeeded", ended
    assert ended["childJobStatusCounts"]["Succeeded"] == 3
    wanted = [{"index": n, "value": n * n} for n in range(20)]
    assert results(api, job) == wanted
    assert lines(api, job) == wanted


def test_one_span_is_one_job(api):
    job = submit(api, "def f(x): return x + 1", [1, 2], method={"childJobs": 1})
    ended = api.wait(job, seconds=240)
    assert ended["jobType"] == "Array" and ended["childJobCount"] == 1
    assert [item["value"] for item in results(api, job)] == [2, 3]


def test_elements_that_fail_lose_only_themselves(api):
    source = "def f(x):\n    if x % 5 == 3: raise ValueError('no %d' % x)\n    return x"
    job = submit(api, source, list(range(30)), method={"elementsPerChild": 10})
    ended = api.wait(job, seconds=240)
    assert ended["jobStatus"] == "Failed"
    for item in results(api, job):
        n = item["index"]
        if n % 5 == 3:
            assert item["missing"] == {"cause": "evaluationFailed", "child": n // 10, "detail": f"ValueError: no {n}"}
        else:
            assert item["value"] == n
    child = api.get(f"/jobs/{job}/children/1").json()
    assert child["jobExitCode"] == 1 and child["jobStatus"] == "Failed"


def test_results_while_children_run_and_one_child_aborted(api):
    source = "import time\ndef f(x):\n    if x >= 4: time.sleep(600)\n    return x"
    job = submit(api, source, list(range(6)), method={"childJobs": 3}, workers=1)
    end = time.monotonic() + 120
    while sum("value" in item for item in results(api, job)) < 4:
        assert time.monotonic() < end
        time.sleep(0.5)
    items = results(api, job)
    assert [item.get("value") for item in items] == [0, 1, 2, 3, None, None]
    assert items[4]["missing"]["cause"] in ("notFinished", "notStarted")
    assert api.post(f"/jobs/{job}/children/2/abort", {"reason": "enough"}).status_code == 202
    ended = api.wait(job, seconds=240)
    assert ended["jobStatus"] == "Failed"
    items = results(api, job)
    assert [item.get("value") for item in items[:4]] == [0, 1, 2, 3]
    assert {item["missing"]["cause"] for item in items[4:]} == {"aborted"}
    assert "via Batchport" in items[4]["missing"]["detail"]


def test_a_hundred_thousand_elements_over_two_hundred_children(api):
    """A hundred elements fail and ten children are ended: every entry is at its place all the same."""
    count, children, size = 100_000, 200, 500
    chosen = random.Random(1)
    bad = set(chosen.sample(range(count), 100))
    ended = chosen.sample(range(children // 2, children), 10)
    text = "".join(f"{n}\n" for n in range(count)).encode()
    upload = api.post("/uploads", {"environment": api.environment, "name": "elements", "size": len(text)}).json()["id"]
    assert api.call("PUT", f"/uploads/{upload}/content", data=text).status_code == 200
    source = f"BAD = {sorted(bad)}\ndef f(x):\n    if x in BAD: raise ValueError('bad')\n    return x * x"
    job = submit(api, source, {"upload": upload}, method={"childJobs": children}, workers=1)
    for child in ended:
        assert api.post(f"/jobs/{job}/children/{child}/abort", {"reason": "test"}).status_code == 202
    assert api.wait(job, seconds=600)["jobStatus"] == "Failed"
    found = lines(api, job)
    assert found == results(api, job)
    assert [item["index"] for item in found] == list(range(count))
    for item in found:
        n = item["index"]
        if n // size in ended and "missing" in item:
            assert item["missing"]["cause"] in ("aborted", "evaluationFailed") and item["missing"]["child"] == n // size
        elif n in bad:
            assert item["missing"] == {"cause": "evaluationFailed", "child": n // size, "detail": "ValueError: bad"}
        else:
            assert item["value"] == n * n
    assert sum("missing" in item for item in found) >= 100


def test_a_childs_log_is_read_while_its_array_runs(api):
    """Whoever looks at it has it fetched."""
    source = "import time\ndef f(x):\n    print('saw', x, flush=True)\n    time.sleep(600 if x else 0)\n    return x"
    job = submit(api, source, [0, 1], method={"childJobs": 2})
    end = time.monotonic() + 120
    for child in (0, 1):
        while True:
            log = api.get(f"/jobs/{job}/children/{child}/log").json()
            if any(line["text"] == f"saw {child}" for line in log.get("lines", [])):
                break
            assert time.monotonic() < end, log
            time.sleep(0.5)
    # One of its children has ended, and its log is read whole.
    while not api.get(f"/jobs/{job}/children/0/log").json()["complete"]:
        assert time.monotonic() < end
        time.sleep(0.5)
    assert not api.get(f"/jobs/{job}").json()["settled"]
    assert api.post(f"/jobs/{job}/abort", {"reason": "seen enough"}).status_code == 202
    assert api.wait(job, seconds=240)["jobFailed"]


@pytest.mark.parametrize("language,source,words", [
    ("shell", "echo hi", "The code could not be loaded: The code defines no function f, and"),
    ("python", "def f(x): return (", "The code could not be loaded: SyntaxError"),
    ("command", ["no-such-program"], "no-such-program")])
def test_the_runner_says_why_there_are_no_results(api, language, source, words):
    job = submit(api, source, [1, 2, 3], language, method={"childJobs": 2})
    assert api.wait(job, seconds=240)["jobStatus"] == "Failed"
    for item in results(api, job):
        assert item["missing"]["cause"] == "failed" and words in item["missing"]["detail"], item
    failures = api.get(f"/jobs/{job}/children").json()["failures"]
    assert words in failures[0]["reason"] and failures[0]["count"] == 2

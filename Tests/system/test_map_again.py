"""Maps of a list that is there already: another map's, or a file that went straight to the bucket."""

import json

import requests

from processes import wait_for
from test_map import lines, results, submit

SOURCE = "import os\ndef f(x):\n    if x % 5 == 3 and not os.path.exists('fixed'): raise ValueError('no %d' % x)\n    return x * x"
FIXED = {"fixed": {"base64": "eA=="}}


def deleted(api, job: str):
    assert api.call("DELETE", f"/jobs/{job}").status_code == 202
    wait_for(lambda: api.get(f"/jobs/{job}").status_code == 404)


def objects(instance, job: str) -> list[str]:
    """What the bucket holds of the job's list."""
    keys = instance.sql(f"SELECT key FROM objects WHERE key LIKE '%{job}/elements.%' ORDER BY key", "batchport_local")
    return keys.splitlines()


def test_only_what_has_no_value_is_run_again(instance, api):
    first = submit(api, SOURCE, list(range(100, 140)), method={"childJobs": 4})
    ended = api.wait(first, seconds=240)
    assert ended["jobStatus"] == "Failed" and ended["missingResultCount"] == 8
    failures = api.get(f"/jobs/{first}/children").json()["failures"]
    assert [(group["cause"], group["exitCode"], group["count"]) for group in failures] == [("exitCode", 1, 4)]
    body = api.get(f"/jobs/{first}/submission", params={"only": "missing"}).json()
    second = api.submitted(body | {"inputFiles": FIXED})
    assert api.wait(second, seconds=240)["jobStatus"] == "Succeeded"
    assert lines(api, second) == [{"index": n, "value": x * x} for n, x in enumerate(range(103, 140, 5))]
    answer = api.submit(api.get(f"/jobs/{second}/submission", params={"only": "missing"}).json())
    assert answer.status_code == 422 and answer.json()["errors"][0]["code"] == "nothingMissing"


def test_a_list_outlives_the_map_it_came_with(instance, api):
    """Two maps share one list in the bucket; a third is picked from it while it waits for nothing else."""
    first = submit(api, SOURCE, [1, 2, 3, 4], method={"childJobs": 2})
    api.wait(first, seconds=240)
    second = api.submitted(api.get(f"/jobs/{first}/submission").json() | {"inputFiles": FIXED})
    assert [item["value"] for item in api.wait(second, seconds=240) and results(api, second)] == [1, 4, 9, 16]
    assert len(objects(instance, first)) == 2 and objects(instance, second) == []
    deleted(api, first)
    assert len(objects(instance, first)) == 2
    third = api.submitted(api.get(f"/jobs/{second}/submission").json() | {"inputFiles": FIXED})
    assert [item["value"] for item in api.wait(third, seconds=240) and results(api, third)] == [1, 4, 9, 16]
    deleted(api, second)
    deleted(api, third)
    assert objects(instance, first) == []


def test_a_list_that_is_gone_from_the_bucket_is_said(instance, api):
    first = submit(api, SOURCE, [1, 2], method={"childJobs": 2})
    api.wait(first, seconds=240)
    instance.sql(f"DELETE FROM objects WHERE key LIKE '%{first}/elements.jsonl'", "batchport_local")
    again = api.wait(api.submitted(api.get(f"/jobs/{first}/submission").json()))
    assert again["phase"] == "refused"
    assert again["phaseReason"] == "The list of elements is no longer in the bucket as it was stored: add it again."


def test_by_the_page(api, browser):
    first = submit(api, SOURCE, list(range(10)), method={"childJobs": 2})
    api.wait(first, seconds=240)
    page = browser.get(f"/jobs/{first}").text
    assert "2 elements have no value." in page and "Exit code 1" in page
    fields = browser.form(f"/jobs/new?from={first}&elementsOnly=missing", "/jobs/new")
    assert fields["elementsJob"] == first and fields["elementsOnly"] == "missing" and not fields["elements"].strip()
    parts = [(name, (None, value)) for name, value in fields.items()]
    removed = browser.request("POST", "/jobs/new", files=parts + [("do", (None, "remove list"))])
    assert removed.status_code == 200 and "elementsJob" not in removed.text
    parts.append(("inputFiles", ("fixed", b"x")))
    sent = browser.request("POST", "/jobs/new", files=parts + [("do", (None, "submit"))])
    assert sent.status_code == 303, sent.text
    second = sent.headers["Location"].rsplit("/", 1)[1]
    assert api.wait(second, seconds=240)["jobStatus"] == "Succeeded"
    assert [item["value"] for item in results(api, second)] == [9, 64]


def straight_to_the_bucket(api, content: bytes) -> str:
    upload = api.post("/uploads", {"environment": api.environment, "name": "elements", "size": len(content)}).json()
    posted = requests.post(
        upload["form"]["url"], data=upload["form"]["fields"], files={"file": content}, timeout=120)
    assert posted.status_code == 204, posted.text
    wait_for(lambda: api.get(f"/uploads/{upload['id']}").json()["state"] == "complete")
    return upload["id"]


def test_a_million_elements_straight_to_the_bucket(instance, api):
    """More than passes through the portal here; as many elements as there may be."""
    count = 1_000_000
    before = instance.sql("SELECT inline_bytes FROM environments WHERE name = 'local'")
    instance.sql("UPDATE environments SET inline_bytes = 1048576 WHERE name = 'local'")
    try:
        good = straight_to_the_bucket(api, "".join(f"{n}\n" for n in range(count)).encode())
        wrong = straight_to_the_bucket(api, b"1\n" * 600_000 + b"{\"a\" 1}\n")
        many = straight_to_the_bucket(api, b"1\n" * (count + 1))
    finally:
        instance.sql(f"UPDATE environments SET inline_bytes = {before} WHERE name = 'local'")
    for upload, words in ((wrong, "line 600001, column 6"), (many, "more than 1,000,000 elements")):
        answer = api.submit(api.job("def f(x): return x", jobType="Array", elements={"upload": upload}))
        assert answer.status_code == 422 and words in answer.json()["errors"][0]["message"], answer.text
    job = submit(api, "def f(x): return x + 1", {"upload": good}, method={"childJobs": 10}, workers=1)
    ended = api.wait(job, seconds=600)
    assert ended["jobStatus"] == "Succeeded" and ended["missingResultCount"] == 0, ended
    answer = api.get(f"/jobs/{job}/results", headers={"Accept": "application/x-ndjson"})
    with requests.get(answer.headers["Location"], timeout=300, stream=True) as file:
        n = -1
        for n, line in enumerate(file.iter_lines(chunk_size=1 << 20)):
            assert json.loads(line) == {"index": n, "value": n + 1}
    assert n == count - 1

"""A file too large to pass through the portal: straight to the bucket, by page without JavaScript and by the API."""

import hashlib
import os
import re

import pytest
import requests
from playwright.sync_api import expect

from test_browser import chromium, page, reload_until  # noqa: F401 (fixtures)
from processes import wait_for

SOURCE = "import hashlib; print(hashlib.sha256(open('big.bin', 'rb').read()).hexdigest())"


def test_by_the_page(page, tmp_path):
    content = os.urandom(3_000_000)
    (tmp_path / "local name").write_bytes(content)
    page.goto("/jobs/new?environment=local&name=large&source=" + SOURCE.replace(" ", "+").replace(";", "%3B"))
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="upload it straight to the bucket").last.click()
    tab = opened.value
    tab.get_by_label("Name").fill("big.bin")
    tab.get_by_role("button", name="Go on to the file").click()
    tab.get_by_label("File").set_input_files(tmp_path / "local name")
    tab.get_by_role("button", name="Send to the bucket").click()
    reload_until(tab, lambda: tab.title().startswith("Ready"))
    assert hashlib.sha256(content).hexdigest() in tab.content()
    page.get_by_role("button", name="Show what was uploaded").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("large")
    page.get_by_label(re.compile(r"^big\.bin")).first.check()
    page.get_by_role("button", name="Submit job").click()
    reload_until(page, page.get_by_text(hashlib.sha256(content).hexdigest()).first.is_visible)


def test_a_file_that_is_not_the_one_announced(instance, browser):
    fields = browser.form("/uploads/new?environment=local", "/uploads")
    fields |= {"name": "x", "sha256": hashlib.sha256(b"announced").hexdigest()}
    path = browser.post("/uploads", fields).headers["Location"]
    answer = browser.get(path)
    endpoint = instance.demo["aws"]["endpoint"]
    assert f"form-action 'self' {endpoint}" in answer.headers["Content-Security-Policy"]
    action = re.search(r'action="([^"]+)"[^>]*><input type="hidden" name="key"', answer.text).group(1)
    hidden = browser.form(path, action)
    posted = requests.post(action, data=hidden, files={"file": ("x", b"another")}, allow_redirects=False, timeout=60)
    assert posted.status_code == 303 and posted.headers["Location"].startswith(instance.url + path + "?")
    browser.get(posted.headers["Location"].removeprefix(instance.url))
    wait_for(lambda: "The file was not taken" in browser.get(path).text)
    key = hidden["key"]
    assert instance.sql(f"SELECT count(*) FROM objects WHERE key = '{key}'", "batchport_local") == "0"
    other = requests.post(action, data=hidden | {"key": key + "x"}, files={"file": ("x", b"a")}, allow_redirects=False, timeout=60)
    assert other.status_code == 403


@pytest.mark.parametrize("content, state", [(b"x" * 70_000_000, "complete")])
def test_by_the_api(api, content, state):
    digest = hashlib.sha256(content).hexdigest()
    upload = api.post("/uploads", {"environment": api.environment, "name": "big.bin", "size": len(content), "sha256": digest}).json()
    posted = requests.post(upload["form"]["url"], data=upload["form"]["fields"], files={"file": content}, timeout=120)
    assert posted.status_code == 204, posted.text
    wait_for(lambda: api.get(f"/uploads/{upload['id']}").json()["state"] == state)
    job = api.run(SOURCE, inputFiles={"big.bin": {"upload": upload["id"]}})
    assert api.log(job["jobUUID"]).strip() == digest

"""The main job as a person does it, in Chromium, with JavaScript and without: sign in, submit, wait, look, download."""

import os
import pathlib
import re
import subprocess

import pytest
from playwright.sync_api import expect, sync_playwright

from browsing import one_time_password

SAMPLE = pathlib.Path(__file__).resolve().parents[2] / "deploy/samples/seattle-weather"


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def page(request, chromium, instance):
    """The member's page, signed in; what the browser complains of (CSP, missing files) fails the test."""
    context = chromium.new_context(java_script_enabled=request.param, base_url=instance.url, accept_downloads=True)
    page, complaints = context.new_page(), []
    page.on("console", lambda message: message.type in ("error", "warning") and complaints.append(message.text))
    page.goto("/")
    expect(page).to_have_title("Sign in – Batchport")
    page.get_by_label("E-mail address").fill(instance.demo["member"]["email"])
    page.get_by_label("Password").fill(instance.demo["member"]["password"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Jobs"))
    yield page
    context.close()
    # A form refused with 422 is an answer, though Chromium notes it as a failure to load.
    assert [text for text in complaints if "status of 422" not in text] == []


def reload_until(page, is_there, seconds=120):
    """Reloads as somebody would who waits."""
    for _ in range(seconds * 2):
        if is_there():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"not within {seconds} s: {page.title()}\n{page.locator('main').inner_text()}")


def in_status(page, word):
    """The status only: what a job leaves behind is captured after it, and is waited for by itself."""
    reload_until(page, lambda: page.title().startswith(word))


def download(page, name):
    with page.expect_download() as started:
        page.get_by_role("link", name=f"Download {name}").click()
    return pathlib.Path(started.value.path()).read_bytes()


def test_the_sample_with_an_edited_parameter_and_one_more_file(page, tmp_path):
    source = (SAMPLE / "analyse.py").read_text().replace("YEAR = 2015", "YEAR = 2013")
    assert "YEAR = 2013" in source
    page.get_by_role("link", name="New job").first.click()
    page.get_by_label("Name", exact=True).fill("Seattle, 2013")
    page.get_by_label("Python").check()
    page.get_by_label("Source").fill(source)
    page.get_by_label("Add files").set_input_files([SAMPLE / "seattle-weather.csv", SAMPLE / "events.csv"])
    page.get_by_role("button", name="Submit job").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Seattle, 2013"))
    in_status(page, "Succeeded")
    reload_until(page, page.get_by_role("link", name="Download monthly.csv").is_visible)
    for name in ("seattle-weather.csv", "events.csv"):
        (tmp_path / name).write_bytes((SAMPLE / name).read_bytes())
    (tmp_path / "output").mkdir()
    subprocess.run(["/usr/bin/python3", "-c", source], cwd=tmp_path, check=True, capture_output=True,
                   env={"PATH": os.environ["PATH"], "BATCHPORT_RESULT": str(tmp_path / "result.json")})
    assert download(page, "monthly.csv") == (tmp_path / "output/monthly.csv").read_bytes()
    assert download(page, "temperature.svg") == (tmp_path / "output/temperature.svg").read_bytes()
    table = page.get_by_role("table", name=re.compile("monthly.csv"))
    expect(table.get_by_role("columnheader", name="mean_max")).to_be_visible()
    expect(table.get_by_role("rowheader", name="2013-01")).to_be_visible()
    image = page.get_by_role("img", name="Output file temperature.svg")
    image.scroll_into_view_if_needed()
    page.wait_for_load_state("networkidle")
    assert image.evaluate("image => image.complete && image.naturalWidth > 0")


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(page):
    page.goto("/jobs/new")
    page.get_by_label("Name", exact=True).fill("")
    page.get_by_label("Source").fill("print('kept')")
    page.get_by_label("Memory").fill("8 XB")
    page.get_by_label("Time limit").fill("59")
    page.get_by_label("Add files").set_input_files({"name": "kept.txt", "mimeType": "text/plain", "buffer": b"kept"})
    with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        page.get_by_role("button", name="Submit job").click()
    assert answer.value.status == 422
    expect(page.get_by_role("alert").get_by_role("listitem")).to_have_count(3)
    for label in ("Name", "Memory", "Time limit, in seconds"):
        field = page.get_by_label(label, exact=True)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(page.locator("#" + field.get_attribute("id") + "-error")).to_be_visible()
    expect(page.get_by_label("Source")).to_have_value("print('kept')")
    expect(page.get_by_role("rowheader", name="kept.txt")).to_be_visible()


def test_abort(page):
    page.goto("/jobs/new?" + "language=shell&name=to+be+aborted&source=sleep+300")
    page.get_by_role("button", name="Submit job").click()
    in_status(page, "Running")
    page.get_by_role("link", name="Abort").click()
    page.get_by_label(re.compile("[Rr]eason")).fill("seen enough")
    page.get_by_role("button", name=re.compile("Abort")).click()
    in_status(page, "Failed")
    expect(page.get_by_text("Terminated by Member via Batchport: seen enough").first).to_be_visible()


def test_the_first_admin(chromium, new_instance):
    done = new_instance.command("admin", "first-admin-code")
    assert done.returncode == 0, done.stderr
    page = chromium.new_context(base_url=new_instance.url).new_page()
    page.goto("/first-admin")
    page.get_by_label("One-time code").fill(done.stdout.strip().upper())
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("E-mail address").fill("ada@example.org")
    page.get_by_label("Password").fill("an admin of no small patience")
    page.get_by_role("button", name="Become the admin").click()
    expect(page).to_have_title("Sign in – Batchport")
    page.get_by_label("E-mail address").fill("ada@example.org")
    page.get_by_label("Password").fill("an admin of no small patience")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Second factor")
    page.get_by_label("Code").fill(one_time_password(page.locator("#secret").inner_text().replace(" ", "")))
    page.get_by_role("button", name="Set it up").click()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Jobs"))
    again = new_instance.command("admin", "first-admin-code")
    assert again.returncode != 0 and "admin already" in again.stderr
    page.context.close()

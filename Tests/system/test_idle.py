"""The end of an idle session: warned of in time, and no loss of what was being typed."""

import re

from playwright.sync_api import expect

from test_browser import chromium, page  # noqa: F401 (fixtures)


def sessions(instance, change: str):
    person = instance.demo["member"]["email"]
    instance.sql(f"UPDATE sessions SET {change} WHERE ended_at IS NULL AND person = (SELECT id FROM people WHERE email = '{person}')")


def sign_in_again(page, instance):  # noqa: F811
    expect(page.get_by_text("You were signed out before this was sent")).to_be_visible()
    page.get_by_label("E-mail address").fill(instance.demo["member"]["email"])
    page.get_by_label("Password").fill(instance.demo["member"]["password"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="You are signed in again")).to_be_visible()


def test_a_new_job_survives_it(chromium, instance):  # noqa: F811
    for javascript in (True, False):
        context = chromium.new_context(java_script_enabled=javascript, base_url=instance.url)
        page = context.new_page()  # noqa: F811
        page.goto("/sign-in")
        page.get_by_label("E-mail address").fill(instance.demo["member"]["email"])
        page.get_by_label("Password").fill(instance.demo["member"]["password"])
        page.get_by_role("button", name="Sign in").click()
        page.goto("/jobs/new")
        expect(page.get_by_text(re.compile("You are signed out at .* UTC"))).to_be_visible()
        page.get_by_label("Environment").select_option(label=instance.environment)
        page.get_by_label("Name", exact=True).fill("typed for long")
        page.get_by_label("Source").fill("x = '<b>'\nprint(x)")
        page.get_by_label("Add files").set_input_files({"name": "kept.txt", "mimeType": "text/plain", "buffer": b"kept"})
        sessions(instance, "seen_at = now() - interval '2 hours'")
        page.get_by_role("button", name="Submit job").click()
        sign_in_again(page, instance)
        expect(page.get_by_text("Choose these files again: kept.txt")).to_be_visible()
        page.get_by_role("button", name="Go on with the form").click()
        expect(page.get_by_label("Name", exact=True)).to_have_value("typed for long")
        expect(page.get_by_label("Source")).to_have_value("x = '<b>'\nprint(x)")
        page.get_by_role("button", name="Submit job").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("typed for long"))
        context.close()


def test_the_page_warns(chromium, instance):  # noqa: F811
    context = chromium.new_context(base_url=instance.url)
    page = context.new_page()  # noqa: F811
    page.goto("/sign-in")
    page.get_by_label("E-mail address").fill(instance.demo["member"]["email"])
    page.get_by_label("Password").fill(instance.demo["member"]["password"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/jobs")
    sessions(instance, "idle = '61 seconds'")
    page.goto("/tokens")
    warning = page.get_by_role("status")
    expect(warning).to_contain_text("You are signed out in 1 min", timeout=15_000)
    sessions(instance, "idle = '1 hour'")
    page.get_by_role("button", name="Stay signed in").click()
    expect(warning).to_be_hidden()
    context.close()

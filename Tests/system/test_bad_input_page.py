"""Bad input, through nginx, on the pages: sessions, form tokens, where a form comes from, passwords."""

import secrets
import statistics
import time

import pytest


def test_no_session_leads_to_sign_in(instance):
    nobody = instance.browser()
    for path in ["/jobs", "/jobs/new", "/credentials", "/environments", "/tokens"]:
        answer = nobody.get(path)
        assert answer.status_code == 303 and answer.headers["Location"].startswith("/sign-in"), path


def test_made_up_session(instance):
    nobody = instance.browser()
    for value in ["x", "a" * 43, "'; DROP TABLE jobs; --", instance.demo["token"]]:
        nobody.cookies = {"__Host-batchport": value, "__Host-batchport-session": value}
        assert nobody.get("/jobs").status_code in (303, 400), value


@pytest.mark.parametrize("site, origin, token, passes", [
    ("same-origin", "own", "own", True), (None, "own", "own", True),
    ("same-origin", "own", "none", False), ("same-origin", "own", "another's", False), ("same-origin", "own", "wrong", False),
    (None, None, "own", False), ("cross-site", "own", "own", False), ("same-site", "own", "own", False),
    ("none", "own", "own", False), (None, "https://evil.example", "own", False), (None, "null", "own", False),
    ("same-origin", "https://evil.example", "own", False), ("cross-site", "https://evil.example", "none", False)])
def test_where_a_form_comes_from(instance, site, origin, token, passes):
    browser, other = instance.signed_in(), instance.signed_in()
    fields = browser.form("/jobs", "/sign-out")
    theirs = other.form("/jobs", "/sign-out")["form_token"]
    fields["form_token"] = {"own": fields["form_token"], "another's": theirs, "wrong": "x" * 43}.get(token)
    if token == "none":
        del fields["form_token"]
    headers = {"Sec-Fetch-Site": site, "Origin": instance.url if origin == "own" else origin}
    answer = browser.post("/sign-out", fields, headers=headers)
    assert answer.status_code == (303 if passes else 403)
    browser.cookies = {**browser.cookies}
    assert (browser.get("/jobs").status_code == 303) == passes


def test_wrong_password_says_no_more_than_an_unknown_address(instance):
    known, unknown = instance.demo["member"]["email"], "nobody-" + secrets.token_hex(4) + "@example.org"
    answers, times = {known: [], unknown: []}, {known: [], unknown: []}
    for _ in range(3):
        for email in (known, unknown):
            browser = instance.browser()
            fields = browser.form("/sign-in") | {"email": email, "password": "not this one at all"}
            start = time.monotonic()
            answer = browser.post("/sign-in", fields)
            times[email].append(time.monotonic() - start)
            assert answer.status_code == 422
            own = fields["form_token"]
            answers[email].append(answer.text.replace(email, "EMAIL").replace(own, "TOKEN"))
    assert set(answers[known]) == set(answers[unknown]) and len(set(answers[known])) == 1
    print({email: statistics.median(found) for email, found in times.items()})
    assert instance.signed_in().get("/jobs").status_code == 200


def test_lock_after_ten_wrong_passwords(instance):
    email, password, _ = instance.add_member("locked-" + secrets.token_hex(4))
    browser = instance.browser()
    fields = browser.form("/sign-in")
    for _ in range(10):
        assert browser.post("/sign-in", fields | {"email": email, "password": "wrong " * 4}).status_code == 422
    assert browser.post("/sign-in", fields | {"email": email, "password": password}).status_code == 422
    until = instance.sql(f"SELECT locked_until > now() + interval '25 seconds' FROM people WHERE email = '{email}'")
    assert until == "t"


def test_parameters_and_cookies_twice(browser):
    assert browser.get("/jobs?status=running&status=failed").status_code == 400
    cookie = "; ".join(f"{k}={v}" for k, v in browser.cookies.items())
    assert browser.get("/jobs", headers={"Cookie": f"{cookie}; {cookie}"}).status_code == 400


@pytest.mark.parametrize("target", ["//evil.example/x", "/\\evil.example", "https:evil.example", "https://evil.example", "/jobs\r\nX: y"])
def test_sign_in_leads_nowhere_else(instance, target):
    browser = instance.browser()
    fields = browser.form("/sign-in") | {
        "email": instance.demo["member"]["email"], "password": instance.demo["member"]["password"], "next": target}
    answer = browser.post("/sign-in", fields)
    assert answer.status_code == 303 and answer.headers["Location"] == "/jobs"


@pytest.mark.parametrize("path", ["/jobs/x", "/jobs/..%2f..%2fetc", "/jobs/%00", "/nothing", "/assets/0/../../web/pepper", "/jobs//new"])
def test_paths(browser, path):
    answer = browser.get(path)
    assert answer.status_code in (400, 404), path
    assert "Content-Security-Policy" in answer.headers and answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("status, ask", [
    (400, lambda b: b.get("/jobs?a=%ff")), (404, lambda b: b.get("/assets/0/none.css")), (405, lambda b: b.request("TRACE", "/jobs")),
    (413, lambda b: b.post("/sign-in", "x" * (1 << 20) + "y")), (414, lambda b: b.get("/" + "x" * 9000)),
    (421, lambda b: b.get("/jobs", headers={"Host": "evil.example"})), (200, lambda b: b.get("/jobs")), (303, lambda b: b.get("/"))])
def test_security_headers_on_every_answer(browser, status, ask):
    answer = ask(browser)
    assert answer.status_code == status
    for name in ["Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy",
                 "Cross-Origin-Resource-Policy", "Cache-Control"]:
        assert len(answer.raw.headers.getlist(name)) == 1, name
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "nginx/" not in answer.headers["Server"] and "Strict-Transport-Security" not in answer.headers


def test_first_admin_codes(instance):
    for code in ["", "0000-0000", "x" * 500]:
        browser = instance.browser()
        fields = browser.form("/first-admin") | {
            "code": code, "name": "Mallory", "email": "m@example.org", "password": "a good long password of mine"}
        assert browser.post("/first-admin", fields).status_code == 422

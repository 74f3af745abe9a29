"""People, teams and the second factor of a running instance, through nginx."""

import re
import secrets
import threading
import time

from browsing import Admin, Browser, one_time_password
from portal import API


def invited(instance, admin: Admin, **fields) -> tuple[Browser, str, str]:
    """A person who came by an invitation and has signed in: browser, e-mail, id."""
    email, password = f"p-{secrets.token_hex(4)}@example.org", "a long " + secrets.token_hex(12)
    page = admin.act("/admin/people/invite", "/admin/people", email=email, name="Invited", **{"role": "member"} | fields)
    assert page.status_code == 200, page.text
    link = re.search(r'id="new-link">([^<]+)<', page.text).group(1)
    path = link.removeprefix(instance.url)
    guest = Browser(instance.url)
    joined = guest.post(path, guest.form(path) | {"password": password})
    assert joined.status_code == 200 and "You have joined." in joined.text, joined.text
    assert guest.sign_in(email, password).status_code == 303
    # What lets in stands in no log, whether it is used or not.
    assert path.rsplit("/", 1)[1] not in (instance.state / "nginx/logs/access.log").read_text(errors="replace")
    person = instance.sql(f"SELECT id FROM people WHERE email = '{email}'")
    return guest, email, person


def test_an_invited_person_comes_in_and_is_put_out(instance, admin):
    guest, email, person = invited(instance, admin)
    assert guest.get("/jobs").status_code == 200
    assert guest.get("/admin/people").status_code == 404
    done = admin.act(f"/admin/people/{person}/disable", f"/admin/people/{person}", jobs="finish")
    assert done.status_code == 303, done.text
    assert guest.get("/jobs").status_code == 303


def test_revocation_bites_within_a_second_on_every_process(instance, admin):
    """trust.md S13, with fifty clients that do not stop asking."""
    email, password, api = instance.add_member("loop-" + secrets.token_hex(4))
    person = instance.sql(f"SELECT id FROM people WHERE email = '{email}'")
    stop, late, seen = threading.Event(), [], []

    def loop():
        own = API(instance.url, api.http.headers["Authorization"].split()[1], "")
        while not stop.is_set():
            began = time.monotonic()
            status = own.get("/me").status_code
            seen.append((began, status))
            if status != 200:
                return

    threads = [threading.Thread(target=loop) for _ in range(50)]
    for thread in threads:
        thread.start()
    while len(seen) < 200:
        time.sleep(0.01)
    done = admin.act(f"/admin/people/{person}/disable", f"/admin/people/{person}", jobs="finish")
    committed = time.monotonic()
    for thread in threads:
        thread.join(timeout=10)
    stop.set()
    assert done.status_code == 303
    late = [began - committed for began, status in seen if status == 200 and began > committed + 1]
    assert not late, late
    assert all(not thread.is_alive() for thread in threads)


def test_a_code_opens_once(instance, admin):
    assert admin.sign_in_again().status_code == 303
    browser = Browser(instance.url)
    page = browser.sign_in(admin.email, admin.password)
    assert "Second factor" in page.text and "__Host-batchport" not in browser.cookies
    assert browser.get("/jobs").status_code == 303


def test_a_team_sees_what_its_grant_shows(instance, admin, api):
    job = api.submitted(api.job("pass"))
    name = "team-" + secrets.token_hex(4)
    made = admin.act("/admin/teams", "/admin/teams", name=name)
    team = made.headers["Location"].rsplit("/", 1)[1]
    guest, email, person = invited(instance, admin, teams=team)
    member = api.get("/me").json()["id"]
    assert guest.get(f"/jobs/{job}").status_code == 404
    instance.sql(f"INSERT INTO team_members VALUES ('{team}', '{member}')")
    instance.sql(f"INSERT INTO environment_grants (environment, team, sees) SELECT id, '{team}', 'team' FROM environments WHERE name = 'local'")
    try:
        assert guest.get(f"/jobs/{job}").status_code == 200
        assert job in guest.get("/jobs").text
        assert guest.get(f"/jobs/{job}/abort").status_code == 403
    finally:
        instance.sql(f"DELETE FROM teams WHERE id = '{team}'")
    assert guest.get(f"/jobs/{job}").status_code == 404


def test_a_lost_second_factor_is_recovered_from_the_command_line(instance):
    lost = instance.add_admin("lost-" + secrets.token_hex(4))
    done = instance.command("admin", "recover", "--email", lost.email)
    assert done.returncode == 0, done.stderr
    path = "/welcome/" + done.stdout.strip().rsplit("/", 1)[1]
    browser = Admin(instance.url, lost.email, "another " + secrets.token_hex(12))
    joined = browser.post(path, browser.form(path) | {"password": browser.password})
    assert joined.status_code == 200 and "Your new password is set." in joined.text, joined.text
    assert lost.get("/jobs").status_code == 303
    browser.enrol()
    assert browser.get("/admin/people").status_code == 200
    assert browser.secret != lost.secret and one_time_password(browser.secret)


def test_the_second_factor_of_an_admin_is_no_choice(instance, admin):
    assert admin.get("/settings/second-factor/remove").status_code in (404, 405)
    page = admin.get("/settings").text
    assert "second-factor/remove" not in page


def test_the_command_line_says_its_version_and_which_scope_is_of_no_use(instance):
    version = instance.as_service([str(instance.state / "app/bin/batchport"), "--version"])
    assert version.returncode == 0 and re.fullmatch(r"\d+\.\d+\n", version.stdout), version
    email, _, _ = instance.add_member("idle-" + secrets.token_hex(4))
    words = ["admin", "add-token", "--email", email, "--name", "t", "--scopes"]
    assert not instance.command(*words, "jobs:read").stderr
    done = instance.command(*words, "jobs:read,admin")
    assert done.returncode == 0 and done.stdout.strip() and "is no admin" in done.stderr, done

"""A site that signs people in before the portal is asked: its nginx says who it is, and nobody else can."""

import base64
import subprocess

import pytest

from browsing import Browser
from conftest import free_port
from own_nginx import site


@pytest.fixture(scope="module")
def trusting(instance):
    """An nginx that asks for a password of its own, and a portal that takes its word."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    hashed = subprocess.run(["openssl", "passwd", "-apr1", "open sesame"], capture_output=True, text=True, check=True).stdout.strip()
    member = instance.demo["member"]["email"]
    listen = f"""listen 127.0.0.1:{port};
server_name 127.0.0.1;
auth_basic "the site";
auth_basic_user_file {{folder}}/people;
set $batchport_user $remote_user;"""
    settings = (instance.state / "web/web.conf").read_text()
    settings = "\n".join(line for line in settings.splitlines() if not line.startswith(("origin", "web.socket")))
    settings += f"\norigin = {url}\nweb.socket = {{folder}}/web.sock\nweb.trust_remote_user = yes\nweb.processes = 1\n"
    people = {"people": f"{member}:{hashed}\nnobody@example.org:{hashed}\n"}
    with site(instance, listen, port, settings=settings, files=people):
        yield url


def browser(url: str, who: str | None, password: str = "open sesame") -> Browser:
    made = Browser(url)
    if who:
        made.http.headers["Authorization"] = "Basic " + base64.b64encode(f"{who}:{password}".encode()).decode()
    return made


def test_who_the_site_knows_goes_on_without_a_password(instance, trusting):
    member = browser(trusting, instance.demo["member"]["email"])
    assert member.get("/jobs").headers["Location"] == "/sign-in?next=%2Fjobs"
    fields = member.form("/sign-in?next=%2Fenvironments", "/sign-in/site")
    done = member.post("/sign-in/site", fields)
    assert (done.status_code, done.headers["Location"]) == (303, "/environments")
    assert instance.demo["member"]["email"] in member.get("/settings").text
    # Signed out is signed out, until the form is sent again.
    assert member.post("/sign-out", member.form("/jobs", "/sign-out")).status_code == 303
    assert member.get("/jobs").status_code == 303


def test_who_the_portal_does_not_know_is_told_so(trusting):
    stranger = browser(trusting, "nobody@example.org")
    answer = stranger.post("/sign-in/site", stranger.form("/sign-in", "/sign-in/site"))
    assert answer.status_code == 422 and "Nobody here has the e-mail address nobody@example.org" in answer.text


def test_another_person_at_the_browser_has_not_this_session(instance, trusting):
    member = browser(trusting, instance.demo["member"]["email"])
    member.post("/sign-in/site", member.form("/sign-in", "/sign-in/site"))
    assert member.get("/jobs").status_code == 200
    other = browser(trusting, "nobody@example.org")
    other.cookies = dict(member.cookies)
    assert other.get("/jobs").status_code == 303


def test_without_the_sites_word_nothing_is_offered(instance, trusting):
    assert browser(trusting, None).get("/sign-in").status_code == 401
    assert browser(trusting, instance.demo["member"]["email"], "wrong").get("/sign-in").status_code == 401


@pytest.mark.parametrize("name", ["Remote-User", "REMOTE_USER", "Remote_User", "X-Remote-User", "X-Auth-Request-Email", "Batchport-User"])
def test_a_header_from_outside_is_nobodys_word(instance, trusting, name):
    """On the portal that trusts, and on the one that does not."""
    member = instance.demo["member"]["email"]
    forged = browser(trusting, "nobody@example.org")
    assert f"Go on as {member}" not in forged.get("/sign-in", headers={name: member}).text
    plain = instance.browser()
    page = plain.get("/sign-in", headers={name: member})
    assert page.status_code == 200 and "Go on as" not in page.text
    assert plain.post("/sign-in/site", plain.form("/sign-in"), headers={name: member}).status_code == 404

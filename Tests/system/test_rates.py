"""Rates of requests (trust.md S51): of an address by nginx, of a token by the portal's processes. Answers are counted."""

import concurrent.futures
import re
import secrets
import threading
import time

import pytest
import requests

from conftest import CLONE, free_port
from own_nginx import site
from portal import Browser

BURST = 2000


@pytest.fixture(scope="module")
def strict(instance):
    """The site with the rate of an address at one request a second; the burst is the site's own."""
    port = free_port()
    rate = (CLONE / "nginx/example/rate.conf").read_text().replace("rate=200r/s", "rate=1r/s")
    assert "rate=1r/s" in rate and f" burst={BURST} " in (CLONE / "nginx/batchport.conf").read_text()
    settings = (instance.state / "web/web.conf").read_text()
    settings = "\n".join(line for line in settings.splitlines() if not line.startswith(("origin", "web.socket")))
    settings += f"\norigin = http://127.0.0.1:{port}\nweb.socket = {{folder}}/web.sock\nweb.processes = 1\n"
    listen = f"listen 127.0.0.1:{port};\nserver_name 127.0.0.1;"
    with site(instance, listen, port, settings=settings, files={"batchport/rate.conf": rate}):
        yield port


def asked(url: str, count: int) -> list[int]:
    with requests.Session() as session:
        session.trust_env = False
        return [session.get(url, timeout=60).status_code for _ in range(count)]


def test_an_address_beyond_its_rate_is_refused_and_others_are_not(instance, strict):
    url = f"http://127.0.0.1:{strict}"
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        statuses = sum(pool.map(lambda _: asked(url + "/healthz", (BURST + 200) // 4), range(4)), [])
    passed, seconds = statuses.count(200), time.monotonic() - began
    assert set(statuses) == {200, 429}
    assert BURST <= passed <= BURST + 2 + seconds
    program = requests.get(url + "/api/v1/me", timeout=60)
    assert (program.status_code, program.headers["Content-Type"]) == (429, "application/problem+json")
    assert program.json()["status"] == 429 and "from your address" in program.json()["detail"]
    assert int(program.headers["Retry-After"]) >= 1
    page = requests.get(url + "/sign-in", timeout=60)
    assert (page.status_code, page.headers["Content-Type"]) == (429, "text/html; charset=utf-8")
    assert "<h1>Too many requests</h1>" in page.text and page.headers["Retry-After"]
    assert page.headers["X-Content-Type-Options"] == "nosniff" and page.headers["Cache-Control"] == "no-store"
    # Static files come all the same; and another address is another's.
    sheet = re.search(r'href="(/assets/[0-9a-f]{16}/app\.css)"', Browser(instance.url).get("/sign-in").text)[1]
    assert requests.get(url + sheet, timeout=60).status_code == 200
    with requests.Session() as other:
        other.mount("http://", From("127.0.0.4"))
        assert {other.get(url + "/healthz", timeout=60).status_code for _ in range(20)} == {200}


class From(requests.adapters.HTTPAdapter):
    """Asks from that address of this machine."""

    def __init__(self, address: str):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *arguments, **options):
        super().init_poolmanager(*arguments, source_address=(self.address, 0), **options)


@pytest.fixture(scope="module")
def usual(instance):
    """The site with the rates of the example, and one process."""
    port = free_port()
    settings = (instance.state / "web/web.conf").read_text()
    settings = "\n".join(line for line in settings.splitlines() if not line.startswith(("origin", "web.socket")))
    settings += f"\norigin = http://127.0.0.1:{port}\nweb.socket = {{folder}}/web.sock\nweb.processes = 1\n"
    with site(instance, f"listen 127.0.0.1:{port};\nserver_name 127.0.0.1;", port, settings=settings):
        yield f"http://127.0.0.1:{port}"


def sign_in(url: str, address: str, email: str, password: str) -> int:
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", From(address))
        page = session.get(url + "/sign-in", timeout=60)
        token = re.search(r'name="form_token" value="([^"]*)"', page.text)[1]
        cookie = page.headers["Set-Cookie"].split(";")[0]
        form = {"form_token": token, "email": email, "password": password}
        headers = {"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}
        return session.post(url + "/sign-in", form, headers=headers, timeout=60, allow_redirects=False).status_code


def test_wrong_passwords_from_one_address_close_the_door_to_nobody_else(instance, usual):
    email, password, _ = instance.add_member("door-" + secrets.token_hex(4))
    stop, guesses = threading.Event(), []

    def guess():
        while not stop.is_set():
            guesses.append(sign_in(usual, "127.0.0.4", "nobody@example.org", "a wrong password, again"))

    threads = [threading.Thread(target=guess) for _ in range(16)]
    for thread in threads:
        thread.start()
    try:
        mine = [sign_in(usual, "127.0.0.5", email, password) for _ in range(20)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert set(mine) == {303}, mine
    assert len(guesses) > 16 and set(guesses) <= {422, 429, 503}, guesses


def test_beyond_its_rate_an_address_checks_no_password(usual):
    """Twenty wait in nginx, two a second pass; the rest of a hundred at once are refused there."""
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        statuses = list(pool.map(
            lambda _: sign_in(usual, "127.0.0.6", "nobody@example.org", "a wrong password, again"), range(100)))
    assert statuses.count(429) >= 20 and statuses.count(422) >= 1, statuses
    assert {sign_in(usual, "127.0.0.7", "nobody@example.org", "a wrong password")} == {422}


@pytest.fixture
def slow_tokens(instance):
    """One request a second for each token, in each process."""
    names = {"rate.tokenPerSecond": 1, "rate.burstSeconds": 1}
    before = {name: instance.sql(f"SELECT value FROM limits WHERE name = '{name}'") for name in names}
    for name, value in names.items():
        instance.sql(f"UPDATE limits SET value = {value} WHERE name = '{name}'")
    yield
    for name, value in before.items():
        instance.sql(f"UPDATE limits SET value = {value} WHERE name = '{name}'")


def test_a_token_beyond_its_rate_is_refused_and_another_persons_page_is_not(instance, slow_tokens):
    email, password, api = instance.add_member("rate-" + secrets.token_hex(4))
    other = instance.signed_in()
    end, answers = time.monotonic() + 60, []
    # Every process reads the limits within five seconds.
    while [answer.status_code for answer in answers].count(429) < 20:
        assert time.monotonic() < end, "no process refused"
        answers.append(api.get("/me"))
        assert other.get("/tokens").status_code == 200
    assert {answer.status_code for answer in answers} == {200, 429}
    refused = [answer for answer in answers if answer.status_code == 429]
    for answer in refused:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert int(answer.headers["Retry-After"]) >= 1 and answer.json()["type"] == "/problems/rate"

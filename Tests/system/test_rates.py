"""Rates of requests (trust.md S51): of an address by nginx, of a token by the portal's processes. Answers are counted."""

import concurrent.futures
import re
import secrets
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

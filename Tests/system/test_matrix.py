"""Every route that the source declares, asked by everybody that it could be asked by, through nginx (trust.md S19).

The routes and their rules are read from the declarations themselves, so that a new one is in the matrix without a word
here. What would change something is sent so that it cannot: a form without its token, a body that is no JSON; whoever
the rule lets through gets an answer about that, whoever it does not never gets so far."""

import pathlib
import re
import secrets
import uuid

import pytest

from browsing import Browser
from portal import API

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "Sources/Batchport"
NAMED = {"Enrolment.path": '"/settings/second-factor"', "livePath": '"/healthz"'}
DECLARATION = re.compile(
    r'\.(get|post|json|upload)\(\s*(?:"([A-Z]+)",\s*)?"(/[^"]*)",\s*\.(\w+)(?:\(\.(\w+)\))?')


def declared() -> list[tuple[str, str, str, str | None]]:
    """Method, pattern, rule, and the scope's raw name where the rule has one."""
    names = dict(re.findall(r'case (\w+) = "([a-z]+:[a-z]+)"', (SOURCES / "Tokens/TokenSecret.swift").read_text()))
    routes = []
    for file in sorted(SOURCES.rglob("*.swift")):
        text = file.read_text()
        for name, value in NAMED.items():
            text = text.replace(name, value)
        for kind, method, path, rule, scope in DECLARATION.findall(text):
            routes.append((method or kind.upper(), path, rule, names.get(scope, scope) or None))
    return routes


ROUTES = declared()
PAGES = [route for route in ROUTES if not route[1].startswith("/api/")]
API_ROUTES = [route for route in ROUTES if route[1].startswith("/api/")]
SCOPES = sorted({scope for *_, scope in API_ROUTES if scope})


class World:
    """Who asks, and what for."""

    def __init__(self, instance, api, admin):
        self.instance = instance
        source = "open('output/a.svg', 'w').write('<svg/>')"
        self.job = api.run(source)["jobUUID"]
        mapped = api.job(f"def f(x):\n    {source}\n") | {"jobType": "Array", "elements": [1, 2], "method": {"childJobs": 2}}
        self.array = api.submitted(mapped)
        api.wait(self.array)
        self.environment = instance.sql("SELECT id FROM environments WHERE name = 'local'")
        self.owner = api.get("/me").json()["id"]
        self.team = str(uuid.uuid4())
        instance.sql(f"INSERT INTO teams (id, name) VALUES ('{self.team}', 'matrix {secrets.token_hex(4)}')")
        instance.sql(f"INSERT INTO environment_grants (environment, team, sees) VALUES ('{self.environment}', '{self.team}', 'team')")
        self.browsers = {"anonymous": Browser(instance.url), "owner": instance.signed_in(), "admin": admin}
        owner = self.browsers["owner"]
        fields = owner.form(f"/uploads/new?environment={instance.environment}", "/uploads") | {"name": "big.bin"}
        self.upload = owner.post("/uploads", fields).headers["Location"].rsplit("/", 1)[1]
        self.emails = {"owner": instance.demo["member"]["email"], "admin": admin.email}
        self.ids = {"owner": self.owner}
        for name in ("stranger", "mate", "manager", "disabled"):
            email, password, _ = instance.add_member(f"{name}-{secrets.token_hex(4)}")
            browser = Browser(instance.url)
            assert browser.sign_in(email, password).status_code == 303
            self.browsers[name], self.emails[name] = browser, email
            self.ids[name] = instance.sql(f"SELECT id FROM people WHERE email = '{email}'")
        self.disabled = self.token("disabled", SCOPES[0])
        instance.sql(f"INSERT INTO team_members VALUES ('{self.team}', '{self.owner}'), ('{self.team}', '{self.ids['mate']}')")
        instance.sql(f"INSERT INTO environment_managers VALUES ('{self.environment}', '{self.ids['manager']}')")
        instance.sql(f"UPDATE people SET disabled_at = now() WHERE id = '{self.ids['disabled']}'")
        self.tokens = {(who, scope): self.token(who, scope) for who in ("owner", "manager", "admin") for scope in SCOPES}

    def token(self, who: str, scope: str) -> API:
        done = self.instance.command(
            "admin", "add-token", "--email", self.emails[who], "--name", "matrix", "--scopes", scope)
        assert done.returncode == 0, done.stderr
        return self.instance.api(done.stdout.strip().splitlines()[-1])

    def close(self):
        self.instance.sql(f"DELETE FROM teams WHERE id = '{self.team}'")
        self.instance.sql(f"DELETE FROM environment_managers WHERE person = '{self.ids['manager']}'")

    def address(self, pattern: str, missing: bool = False) -> str:
        """With the things there are in place of `*`, or with such as there are not."""
        folder = pattern.removeprefix("/api/v1").split("/*")[0]
        known = {"/jobs": self.job, "/environments": self.environment, "/admin/people": self.owner,
                 "/admin/teams": self.team, "/uploads": self.upload}
        if "/children" in pattern or "/results" in pattern:
            known["/jobs"] = self.array
        thing = str(uuid.uuid4()) if missing or folder not in known else known[folder]
        if pattern == "/aborts":
            return f"/aborts?ids={self.job}"
        if pattern == "/uploads/new":
            return f"/uploads/new?environment={self.instance.environment}"
        path = pattern.replace("*", thing, 1) if "/*" in pattern else pattern
        return path.replace("/children/*", "/children/0").replace("/**", "/a.svg").replace("/*", "/JobStatus")

    def page(self, who: str, method: str, path: str):
        browser = self.browsers[who]
        return browser.get(path) if method == "GET" else browser.post(path, {})


@pytest.fixture(scope="module")
def world(instance, api_of_module, admin):
    world = World(instance, api_of_module, admin)
    yield world
    world.close()


@pytest.fixture(scope="module")
def api_of_module(instance):
    return instance.api()


def test_the_declarations_are_all_read():
    assert len(ROUTES) >= 100 and all(rule in {
        "anyone", "signedIn", "admin", "manager", "token", "adminToken", "managerToken"} for _, _, rule, _ in ROUTES)
    assert len({(method, path) for method, path, *_ in ROUTES}) == len(ROUTES)


def sent_to_sign_in(answer) -> bool:
    return answer.status_code == 303 and answer.headers["Location"].startswith("/sign-in")


@pytest.mark.parametrize("who", ["anonymous", "owner", "stranger", "mate", "manager", "admin", "disabled"])
def test_pages(world, who):
    wrong = []
    for method, pattern, rule, _ in PAGES:
        if pattern == "/welcome/*" or pattern == "/sign-out":
            continue  # The first is nobody's thing but its code's; test_people has it. The second would end the session.
        path = world.address(pattern)
        answer = world.page(who, method, path)
        manages = rule == "manager" and who in ("admin", "manager")
        if rule != "anyone" and who in ("anonymous", "disabled"):
            good = sent_to_sign_in(answer)
        elif rule in ("admin", "manager") and who != "admin" and not manages:
            good = answer.status_code == 404 and answer.content == world.page(who, method, "/no/such/page").content
        elif method != "GET":
            good = answer.status_code in (400, 403, 415)
        elif (pattern.startswith("/jobs/*") and who == "stranger") or (pattern == "/uploads/*" and who != "owner"):
            missing = world.page(who, method, world.address(pattern, missing=True))
            good = answer.status_code == 404 and answer.content == missing.content
        else:
            good = answer.status_code != 404 and answer.status_code < 500 and not sent_to_sign_in(answer)
        if not good:
            wrong.append(f"{method} {path} ({rule}): {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def asked(client: API, world: World, method: str, pattern: str, missing: bool = False):
    path = world.address(pattern, missing).removeprefix("/api/v1")
    if method == "GET":
        return client.get(path)
    return client.call(method, path, data="[", headers={"Content-Type": "application/json", "Idempotency-Key": "m"})


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("who", ["owner", "manager", "admin"])
def test_tokens(world, who, scope):
    """Whose token it is, and what it may, decide; nothing else does."""
    wrong = []
    client = world.tokens[who, scope]
    for method, pattern, rule, wanted in API_ROUTES:
        answer = asked(client, world, method, pattern)
        manages = who in ("admin", "manager")
        if (rule == "adminToken" and who != "admin") or (rule == "managerToken" and not manages):
            good = answer.status_code == 404
        elif wanted and wanted != scope:
            good = answer.status_code == 403 and answer.json()["type"] == "/problems/scope"
        else:
            good = answer.status_code not in (401, 403) and answer.status_code < 500
            if method == "GET" and "/uploads/" not in pattern:
                good = good and answer.status_code != 404
        if not good:
            wrong.append(f"{method} {pattern} ({rule} {wanted}): {answer.status_code} {answer.text[:80]}")
    assert not wrong, "\n".join(wrong)


def test_without_a_good_token_nothing_answers(world):
    wrong = []
    for name, client in {"anonymous": world.instance.api(""), "disabled": world.disabled}.items():
        for method, pattern, *_ in API_ROUTES:
            answer = asked(client, world, method, pattern)
            if answer.status_code != 401:
                wrong.append(f"{name}: {method} {pattern}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def test_a_strangers_object_is_a_missing_one(world, stranger):
    """By a token of the right scope, to the byte and to the header's name."""
    client, wrong = stranger[2], []
    for method, pattern, rule, _ in API_ROUTES:
        if method != "GET" or not pattern.startswith("/api/v1/jobs/*"):
            continue
        theirs, nobodys = asked(client, world, method, pattern), asked(client, world, method, pattern, missing=True)
        if theirs.status_code != 404 or theirs.content != nobodys.content or set(theirs.headers) != set(nobodys.headers):
            wrong.append(f"{pattern}: {theirs.status_code}")
    assert not wrong, "\n".join(wrong)
    for body in ({}, {"reason": "x"}):
        theirs = client.post(f"/jobs/{world.job}/abort", body)
        assert theirs.status_code == 404 and theirs.content == client.post(f"/jobs/{uuid.uuid4()}/abort", body).content

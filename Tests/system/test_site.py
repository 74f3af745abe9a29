"""What nginx and the program make of an address, a host and a header; and what the web process cannot see."""

import pathlib
import re
import socket
import subprocess

import pytest


def raw(instance, request: str) -> str:
    """The request's bytes as they are, and the whole answer."""
    host, port = instance.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(request.format(host=f"{host}:{port}").encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer.decode("utf-8", "replace")


def test_static_files_may_be_kept_and_pages_may_not(instance):
    browser = instance.browser()
    page = browser.get("/sign-in")
    assert page.headers["Cache-Control"] == "no-store"
    sheet = re.search(r'href="(/assets/[0-9a-f]{16}/app\.css)"', page.text)[1]
    answer = browser.get(sheet)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/css")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_an_absolute_address_in_the_request_line_wins_over_the_header(instance):
    answer = raw(instance, "GET http://evil.example/sign-in HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
    assert answer.startswith("HTTP/1.1 421 ")


@pytest.mark.parametrize("target", [
    "/assets/0/..%2fnginx.conf", "/assets/0/../../keys/root", "/assets/0/%2e%2e/%2e%2e/keys/root",
    "/jobs/%2e%2e/sign-in", "//sign-in", "/sign-in%00", "/sign-in%0a", "/;/sign-in", "/%2573ign-in",
    "/api%2fv1%2fme", "/assets/0/..;/app.css"])
def test_an_address_is_read_once(instance, target):
    """None of these is the page, the API or the file that a second reading would make of it."""
    answer = raw(instance, f"GET {target} HTTP/1.1\r\nHost: {{host}}\r\nConnection: close\r\n\r\n")
    assert answer.split()[1] in ("400", "404"), answer[:300]


@pytest.mark.parametrize("header", ["Proxy", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "X_Forwarded_Host"])
def test_forged_headers_change_nothing(instance, header):
    browser = instance.browser()
    plain, forged = browser.get("/jobs"), browser.get("/jobs", headers={header: "https://evil.example"})
    assert (forged.status_code, forged.headers["Location"]) == (plain.status_code, plain.headers["Location"])


def test_the_request_id_is_a_header_only(api):
    first, second = api.get("/jobs/00000000-0000-0000-0000-000000000000"), api.get("/jobs/x")
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]
    assert first.headers["X-Request-Id"] not in first.text


@pytest.fixture(scope="module")
def web_process(instance) -> pathlib.Path:
    """A serving process of web, in /proc: a child of the one that the keeper keeps."""
    supervisor = (instance.state / "run/web.pid").read_text().splitlines()[1].split()[0]
    found = subprocess.run(["pgrep", "-P", supervisor], capture_output=True, text=True, check=True).stdout.split()
    return pathlib.Path("/proc", found[0])


def test_web_has_no_network_and_no_capability(web_process):
    devices = [line.split(":")[0].strip() for line in (web_process / "net/dev").read_text().splitlines()[2:]]
    assert devices == ["lo"]
    status = dict(line.split(":\t", 1) for line in (web_process / "status").read_text().splitlines() if ":\t" in line)
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"


def test_web_sees_no_key(web_process, instance):
    sockets = instance.setting("worker.conf", "worker.database").split("host=")[1].split("/pg ")[0]

    def seen(folder):
        return {path.name for path in (web_process / f"root{folder}").iterdir()}

    assert seen(instance.state) == {"app", "web"}
    assert seen(instance.state / "web") == {"pepper", "vault.pub", "web.conf", "web.pgpass"}
    assert seen(sockets) == {"pg", "web"}


def test_web_may_not_read_a_sealed_secret(instance):
    sockets = instance.setting("worker.conf", "worker.database").split("host=")[1].split()[0]
    done = instance.as_service(
        ["psql", "-X", "-h", sockets, "-U", "batchport_web", "-d", "batchport", "-c", "SELECT ingress, sealed FROM credentials"],
        env={"PGPASSFILE": f"{instance.state}/web/web.pgpass", "PATH": "/usr/bin:/bin"})
    assert "permission denied for table credentials" in done.stderr

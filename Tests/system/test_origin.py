"""Cookies, other origins, sockets and too much at once (trust.md S2, S10, S14, S16, S17, S45, S52), through nginx."""

import os
import pathlib
import re
import socket
import subprocess
import sys
import threading

import pytest

from conftest import free_port
from own_nginx import site, wait_for_socket
from portal import CLEAN
from processes import wait_for
from test_matrix import declared
from test_site import raw


def every_get(instance, admin, browser):
    """Answers of all GET routes, as nobody, as the member and as an admin."""
    for client in (instance.browser(), browser, admin):
        for method, pattern, *_ in declared():
            if method == "GET":
                path = pattern.replace("/**", "/x").replace("*", "00000000-0000-0000-0000-000000000000")
                yield client.get(path)


def test_every_cookie_is_kept_close(instance, admin, browser):
    """Of a crawl, of signing in and of every form that sets one."""
    answers = list(every_get(instance, admin, browser))
    visitor = instance.browser()
    answers.append(visitor.sign_in(instance.demo["member"]["email"], instance.demo["member"]["password"]))
    answers.append(visitor.post("/theme", visitor.form("/jobs", "/theme") | {"theme": "dark"}))
    answers.append(visitor.post("/sign-out", visitor.form("/jobs", "/sign-out")))
    cookies = [cookie for answer in answers for cookie in answer.raw.headers.getlist("Set-Cookie")]
    assert len({cookie.split("=")[0] for cookie in cookies}) == 4, cookies
    for cookie in cookies:
        parts = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert cookie.startswith("__Host-") and {"secure", "httponly", "samesite=lax", "path=/"} <= parts, cookie
        assert len(cookie) <= 4096 and not any(part.startswith("domain") for part in parts), cookie


def test_every_answer_has_its_headers(instance, admin, browser):
    wanted = ["Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy",
              "Cross-Origin-Resource-Policy", "Cache-Control"]
    wrong = []
    for answer in every_get(instance, admin, browser):
        for name in wanted:
            if len(answer.raw.headers.getlist(name)) != 1:
                wrong.append(f"{answer.url}: {name}")
        if answer.headers["Cache-Control"] != "no-store" or "unsafe" in answer.headers["Content-Security-Policy"]:
            wrong.append(f"{answer.url}: {answer.headers['Cache-Control']}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("origin", ["null", "https://evil.example", "http://127.0.0.1", "http://evil.127.0.0.1", "own"])
def test_no_other_origin_may_read(instance, browser, api, origin):
    origin = instance.url if origin == "own" else origin
    for ask in (lambda h: browser.get("/jobs", headers=h), lambda h: api.get("/jobs", headers=h),
                lambda h: api.call("OPTIONS", "/jobs", headers=h | {"Access-Control-Request-Method": "POST"})):
        answer = ask({"Origin": origin})
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""])
def test_a_form_cannot_speak_to_the_api(instance, browser, kind):
    """What a page of another site could send without being asked: with the member's cookies it is nobody's."""
    answer = browser.request("POST", "/api/v1/jobs", data=b'{"environment":"local"}',
                             headers={"Content-Type": kind, "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"})
    assert answer.status_code == 401


def test_headers_too_large_and_no_portal_behind(instance):
    """431 and 502 are nginx's own words, with the headers all the same."""
    port, large = free_port(), "GET /sign-in HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n" + "".join(
        f"X-H{n}: {'y' * 7000}\r\n" for n in range(6)) + "\r\n"
    answers = [raw(instance, large)]
    with site(instance, f"listen 127.0.0.1:{port};\nserver_name 127.0.0.1;", port, web_socket="/nonexistent/web.sock"):
        other = type("Other", (), {"url": f"http://127.0.0.1:{port}"})
        answers.append(raw(other, "GET /jobs HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
    assert [answer.split()[1] for answer in answers] == ["431", "502"]
    for answer in answers:
        assert len(re.findall(r"(?m)^Content-Security-Policy: default-src 'none'", answer)) == 1
        assert len(re.findall(r"(?m)^X-Content-Type-Options: nosniff\r$", answer)) == 1


def test_nginx_takes_no_orders_from_the_portal(instance):
    """A program in the portal's place answers with X-Accel-… headers: none is followed (S45)."""
    port = free_port()
    files = {"program": "#!/bin/sh\nprintf 'Status: 200\\r\\nContent-Type: text/plain\\r\\nX-Accel-Redirect: /.refused/page\\r\\n"
                        "X-Accel-Limit-Rate: 1\\r\\n\\r\\nmine'\n"}
    with site(instance, f"listen 127.0.0.1:{port};\nserver_name 127.0.0.1;", port, web_socket="/nonexistent", files=files) as folder:
        (folder / "program").chmod(0o755)
        fastcgi = folder / "batchport/fastcgi.conf"
        fastcgi.write_text(fastcgi.read_text() + f"fastcgi_param SCRIPT_FILENAME {folder}/program;\n")
        upstream = folder / "batchport/upstream.conf"
        upstream.write_text(f"upstream batchport_web {{ server unix:{folder}/cgi.sock; }}")
        program = subprocess.Popen(instance.call_as_service(["fcgiwrap", "-f", "-s", f"unix:{folder}/cgi.sock"]), cwd="/", env=CLEAN)
        try:

            wait_for_socket(f"{folder}/cgi.sock", socket.AF_UNIX)
            done = instance.as_service(["nginx", "-p", str(folder), "-c", f"{folder}/nginx.conf", "-s", "reload"])
            assert done.returncode == 0, done.stderr
            other = type("Other", (), {"url": f"http://127.0.0.1:{port}"})
            answers = []

            def answered() -> bool:
                answers.append(raw(other, "GET /x HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
                return answers[-1].split()[1] == "200"

            wait_for(answered)
        finally:
            program.terminate()
            program.wait(20)
    assert "\r\nmine\r\n" in answers[-1] and "X-Accel" not in answers[-1], answers[-1]


def test_nobody_reaches_a_socket(instance):
    """S52: another user of the machine connects to none of the sockets."""
    folder = pathlib.Path(instance.setting("../web/web.conf", "web.socket")).parents[1]
    sockets = [path for path in folder.rglob("*") if path.is_socket()]
    assert {path.parent.name for path in sockets} >= {"web", "pg", "local"}
    if os.getuid() != 0:  # Nobody else can be tried: the folder is what keeps them out.
        assert all(path.parent.stat().st_mode & 0o077 == 0 for path in sockets)
        return
    code = "import socket, sys\ntry:\n    socket.socket(socket.AF_UNIX).connect(sys.argv[1])\nexcept PermissionError:\n    print('refused')"
    for path in sockets:
        done = subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--", "/usr/bin/python3", "-c", code, str(path)],
                              capture_output=True, text=True, cwd="/", env=CLEAN)
        assert done.stdout == "refused\n", f"{path}: {done.stderr}"


def test_many_sign_ins_at_once_stay_within_memory(instance, api):
    """S2: a hundred at once. Some are told to come again; memory grows by one hash a process at most; others are served."""
    def memory() -> dict[int, int]:
        supervisor = (instance.state / "run/web.pid").read_text().splitlines()[1].split()[0]
        children = subprocess.run(["pgrep", "-P", supervisor], capture_output=True, text=True, check=True).stdout.split()
        for pid in children:
            pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
        return {int(pid): resident(int(pid), "VmRSS") for pid in children}

    def resident(pid: int, name: str) -> int:
        return int(re.search(rf"{name}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) >> 10

    before, answers = memory(), []

    def attempt():
        browser = instance.browser()
        answer = browser.post("/sign-in", browser.form("/sign-in") | {"email": "nobody@example.org", "password": "x" * 20})
        answers.append((answer.status_code, answer.headers.get("Retry-After")))

    threads = [threading.Thread(target=attempt) for _ in range(100)]
    for thread in threads:
        thread.start()
    others = [api.get("/me").status_code for _ in range(20)]
    for thread in threads:
        thread.join()
    assert set(others) == {200}
    assert len(answers) == 100 and {status for status, _ in answers} == {422, 503}
    assert all(retry for status, retry in answers if status == 503)
    grown = {pid: resident(pid, "VmHWM") - was for pid, was in before.items()}
    print("MiB", grown, file=sys.stderr)
    assert max(grown.values()) <= 128, grown

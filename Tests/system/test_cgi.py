"""The same program as plain CGI: one process a request, under fcgiwrap behind an nginx of its own, on the same database."""

import pathlib
import shutil
import socket
import subprocess
import tempfile
import typing

import pytest

from browsing import Browser
from conftest import CLONE, free_port
from own_nginx import wait_for_socket
from portal import CLEAN
from processes import clock_library


class Responder(typing.NamedTuple):
    url: str
    # What fcgiwrap runs.
    script: pathlib.Path


@pytest.fixture(scope="module")
def cgi(instance):
    """An nginx that has the program run by fcgiwrap."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bp-cgi-", dir="/tmp"))
    port, state = free_port(), instance.state
    shutil.copytree(CLONE / "nginx", folder, dirs_exist_ok=True)
    (folder / "logs").mkdir()
    (folder / "temp").mkdir()
    (folder / "batchport/upstream.conf").write_text(f"upstream batchport_web {{ server unix:{folder}/cgi.sock; }}")
    (folder / "batchport/listen.conf").write_text(
        f"listen 127.0.0.1:{port}; server_name 127.0.0.1; root {state}/app/public;")
    (folder / "local-region.conf").write_text("")
    shutil.copy(CLONE / "nginx/example/rate.conf", folder / "batchport/rate.conf")
    with open(folder / "batchport/fastcgi.conf", "a") as file:
        file.write(f"fastcgi_param SCRIPT_FILENAME {folder}/portal;\n")
    (folder / "portal").write_text(
        f"#!/bin/sh\nBATCHPORT_ORIGIN=http://127.0.0.1:{port} exec {state}/app/bin/batchport web --settings {state}/web/web.conf\n")
    (folder / "portal").chmod(0o755)
    instance.own(folder)
    commands = [["fcgiwrap", "-f", "-c", "2", "-s", f"unix:{folder}/cgi.sock"],
                ["nginx", "-p", str(folder), "-c", f"{folder}/nginx.conf", "-e", f"{folder}/logs/error.log"]]
    running = [subprocess.Popen(instance.call_as_service(command), cwd="/", env=CLEAN) for command in commands]
    wait_for_socket(("127.0.0.1", port), socket.AF_INET)
    yield Responder(f"http://127.0.0.1:{port}", folder / "portal")
    for process in running:
        process.terminate()
        process.wait(20)
    shutil.rmtree(folder)


def test_sign_in_and_a_post(cgi, instance):
    browser = Browser(cgi.url)
    answer = browser.sign_in(instance.demo["member"]["email"], instance.demo["member"]["password"])
    assert (answer.status_code, answer.headers["Location"]) == (303, "/jobs")
    assert browser.get("/jobs").status_code == 200
    assert browser.post("/sign-out", browser.form("/jobs", "/sign-out")).status_code == 303
    assert browser.get("/jobs").status_code == 303


def test_a_submission_over_the_api(cgi, instance, api):
    api.url = cgi.url + "/api/v1"
    job = api.run("print('by CGI')")
    assert job["displayStatus"] == "Succeeded" and api.log(job["jobUUID"]) == "by CGI\n"


def test_refusals_are_the_same(cgi, instance, api):
    here, there = api.get("/jobs/x"), None
    api.url = cgi.url + "/api/v1"
    there = api.get("/jobs/x")
    assert (here.status_code, here.content) == (there.status_code, there.content)


def test_a_clock_that_is_wrong_revives_no_session_and_ends_none(cgi, instance):
    """Sessions end by the database's clock, whatever the web's own says (trust.md R21)."""
    plain, library = cgi.script.read_text(), clock_library(cgi.script.parent)
    current, ended = instance.signed_in(), instance.signed_in()
    instance.sql("UPDATE sessions SET ends_at = now() - interval '1 second' "
                 "WHERE id = (SELECT id FROM sessions ORDER BY created_at DESC LIMIT 1)")
    try:
        for shift in (86_400, -86_400, 3600, -3600):
            cgi.script.write_text(plain.replace("exec ", f"LD_PRELOAD={library} CLOCK_SHIFT={shift} exec "))
            for browser, expected in ((current, 200), (ended, 303)):
                there = Browser(cgi.url)
                there.cookies = browser.cookies
                assert there.get("/jobs").status_code == expected, shift
    finally:
        cgi.script.write_text(plain)

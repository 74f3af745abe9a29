"""An nginx of a test's own in front of the instance's database, with the site's configuration but for listen.conf."""

import contextlib
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from conftest import CLONE
from portal import CLEAN


def wait_for_socket(address, family):
    end = time.monotonic() + 20
    while True:
        with socket.socket(family) as connection:
            if connection.connect_ex(address) == 0:
                return
        assert time.monotonic() < end, f"nothing listens at {address}"
        time.sleep(0.05)


@contextlib.contextmanager
def site(instance, listen: str, port: int, web_socket: str | None = None, settings: str | None = None, files: dict = {}):
    """Runs nginx with that listen.conf; with `settings`, also a web process of those settings. `{folder}` is the nginx's."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bp-nginx-", dir="/tmp"))
    shutil.copytree(CLONE / "nginx", folder, dirs_exist_ok=True)
    (folder / "logs").mkdir()
    (folder / "temp").mkdir()
    (folder / "local-region.conf").write_text("")
    shutil.copy(CLONE / "nginx/example/rate.conf", folder / "batchport/rate.conf")
    for name, text in files.items():
        (folder / name).write_text(text)
    web_socket = web_socket or f"{folder}/web.sock"
    (folder / "batchport/upstream.conf").write_text(f"upstream batchport_web {{ server unix:{web_socket}; }}")
    (folder / "batchport/listen.conf").write_text(
        listen.replace("{folder}", str(folder)) + f"\nroot {instance.state}/app/public;\n")
    commands = [["nginx", "-p", str(folder), "-c", f"{folder}/nginx.conf", "-e", f"{folder}/logs/error.log"]]
    if settings is not None:
        (folder / "web.conf").write_text(settings.replace("{folder}", str(folder)))
        commands.append([str(instance.state / "app/bin/batchport"), "web", "--settings", f"{folder}/web.conf"])
    instance.own(folder)
    running = [subprocess.Popen(instance.call_as_service(command), cwd="/", env=CLEAN) for command in commands]
    try:
        if settings is not None:
            wait_for_socket(web_socket, socket.AF_UNIX)
        wait_for_socket(("127.0.0.1", port), socket.AF_INET)
        yield folder
    finally:
        for process in running:
            process.terminate()
            process.wait(40)
        shutil.rmtree(folder)

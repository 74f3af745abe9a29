"""Over TLS (trust.md S16): only versions and ciphers with forward secrecy, and Strict-Transport-Security on every answer."""

import http.client
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import tempfile

import pytest

from conftest import CLONE, free_port
from own_nginx import site


@pytest.fixture(scope="module")
def port(instance):
    """An nginx with the TLS part of the example, but for the certificate's place, in front of the instance's web processes."""
    number = free_port()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bp-tls-", dir="/tmp"))
    folder.chmod(0o755)
    call = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
            "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"]
    subprocess.run(call, check=True, capture_output=True)
    instance.own(folder)
    example = (CLONE / "nginx/example/listen.conf").read_text()
    lines = [line for line in example.splitlines() if line.startswith("ssl_") and not line.startswith("ssl_certificate")]
    listen = "\n".join([f"listen 127.0.0.1:{number} ssl http2;", "server_name 127.0.0.1;",
                        f"ssl_certificate {folder}/cert.pem;", f"ssl_certificate_key {folder}/key.pem;", *lines])
    web = instance.setting("../web/web.conf", "web.socket")
    with site(instance, listen, number, web_socket=web):
        yield number
    shutil.rmtree(folder)


def shake(port: int, lowest, highest, ciphers: str = "ALL:@SECLEVEL=0") -> str | None:
    """The cipher agreed on, or None where the server refuses."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version, context.maximum_version = lowest, highest
    context.set_ciphers(ciphers)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as plain, context.wrap_socket(plain) as safe:
            return safe.cipher()[0]
    except (ssl.SSLError, ConnectionResetError):
        return None


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_versions_are_refused(port, version):
    assert shake(port, version, version) is None


def test_today_s_versions_have_forward_secrecy(port):
    assert shake(port, ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3).startswith("TLS_")
    assert shake(port, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2).startswith("ECDHE-")


@pytest.mark.parametrize("ciphers", ["AES256-GCM-SHA384", "AES128-SHA", "kRSA", "aNULL", "CAMELLIA", "ECDHE-RSA-AES256-SHA",
                                     "DHE-RSA-AES256-GCM-SHA384"])
def test_other_ciphers_are_refused(port, ciphers):
    assert shake(port, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2, ciphers + ":@SECLEVEL=0") is None


@pytest.mark.parametrize("path, status", [
    ("/sign-in", 421), ("/assets/0/app.css", 200), ("/assets/0/none", 404), ("/" + "x" * 9000, 414), ("/api/v1/me", 421),
    ("/jobs?a=%ff", 400)])
def test_every_answer_asks_to_come_by_tls_only(port, path, status):
    """Nginx's own and the portal's, which here refuses another host's name."""
    context = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == status
    [value] = answer.headers.get_all("Strict-Transport-Security")
    assert int(re.search(r"max-age=(\d+)", value)[1]) >= 31_536_000 and "includeSubDomains" in value
    connection.close()

"""guess.py URL form|EMAIL [PASSWORD-FILE TOKEN]: what another person waits for.

With an e-mail address: asks as that person, from an address of their own, for the job list as a page and by the API, and
signs in, again and again; prints the 95th percentiles in milliseconds (page, API, sign-in) and how many were not answered
as they should be. With `form`: prints the cookie and the body of a sign-in with a wrong password, for wrk to repeat."""

import http.client
import re
import sys
import time
import urllib.parse

url = urllib.parse.urlsplit(sys.argv[1])
# A machine may use any address of 127.0.0.0/8 for its own.
ADDRESS = "127.0.0.9"
REQUESTS, SIGN_INS = 300, 30
failed = 0


def ask(link, method, path, headers, body=None):
    link.request(method, path, body, {"Host": url.netloc, **headers})
    answer = link.getresponse()
    return answer, answer.read().decode()


def connect():
    return http.client.HTTPConnection(url.hostname, url.port, timeout=60, source_address=(ADDRESS, 0))


def form(email, password):
    """The cookie of whoever is not signed in, and the filled-in form that belongs to it."""
    answer, page = ask(connect(), "GET", "/sign-in", {})
    token = re.search(r'name="form_token" value="([^"]+)"', page).group(1)
    body = urllib.parse.urlencode({"form_token": token, "email": email, "password": password})
    return answer.getheader("Set-Cookie").split(";")[0], body


def timed(wanted, link, *request):
    global failed
    began = time.monotonic()
    answer, _ = ask(link, *request)
    failed += answer.status != wanted
    return (time.monotonic() - began) * 1000, answer


def p95(times):
    return sorted(times)[int(0.95 * (len(times) - 1) + 0.5)]


def main():
    email, password, token = sys.argv[2], open(sys.argv[3]).readline().rstrip("\n"), sys.argv[4]
    pages, calls, sign_ins, session = [], [], [], ""
    kind = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
    for _ in range(SIGN_INS):
        cookie, body = form(email, password)
        took, answer = timed(303, connect(), "POST", "/sign-in", {"Cookie": cookie, **kind}, body)
        sign_ins.append(took)
        session = (answer.getheader("Set-Cookie") or session).split(";")[0]
        # Within what one address may.
        time.sleep(max(0, 0.55 - took / 1000))
    link = connect()
    for _ in range(REQUESTS):
        pages.append(timed(200, link, "GET", "/jobs", {"Cookie": session})[0])
        calls.append(timed(200, link, "GET", "/api/v1/jobs", {"Authorization": "Bearer " + token})[0])
        time.sleep(0.02)
    print(f"{p95(pages):.1f} {p95(calls):.1f} {p95(sign_ins):.1f} {failed}")


if sys.argv[2] == "form":
    print("\n".join(form("nobody@example.org", "a wrong password, again")))
else:
    main()

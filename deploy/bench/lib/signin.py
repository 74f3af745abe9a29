"""signin.py DEMO PID...: 200 sign-ins at once, each again until it is let in; sign-ins a second, answers 503, and the
growth of the web processes' memory (peak)."""

import http.client
import json
import re
import sys
import threading
import time
import urllib.parse

demo = json.load(open(sys.argv[1]))
host = urllib.parse.urlsplit(demo["url"]).netloc
lock, counts, waits = threading.Lock(), {}, []


def peak(pid: str) -> int:
    return int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{pid}/status").read()).group(1))


def sign_in():
    began = time.monotonic()
    while True:
        link = http.client.HTTPConnection(host, timeout=60)
        link.request("GET", "/sign-in")
        page = link.getresponse()
        token = re.search(r'name="form_token" value="([^"]+)"', page.read().decode()).group(1)
        cookie = page.getheader("Set-Cookie").split(";")[0]
        body = urllib.parse.urlencode({"form_token": token, **demo["member"]})
        link.request("POST", "/sign-in", body, {
            "Cookie": cookie, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"})
        answer = link.getresponse()
        answer.read()
        with lock:
            counts[answer.status] = counts.get(answer.status, 0) + 1
        if answer.status != 503:
            waits.append(time.monotonic() - began)
            return
        time.sleep(float(answer.getheader("Retry-After", "1")))


before = {pid: peak(pid) for pid in sys.argv[2:]}
began = time.monotonic()
threads = [threading.Thread(target=sign_in) for _ in range(200)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
seconds = time.monotonic() - began
growth = [(peak(pid) - before[pid]) / 1024 for pid in sys.argv[2:]]
print(f"  200 sign-ins in {seconds:.1f} s: {200 / seconds:.1f} a second; answers {counts}; "
      f"peak memory grew by at most {max(growth, default=0):.0f} MiB a process")

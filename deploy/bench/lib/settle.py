"""settle.py URL TOKEN ENVIRONMENT N: seconds from POST to settled for a trivial job, one after another."""

import json
import secrets
import statistics
import subprocess
import sys
import time
import urllib.request

url, token, environment, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])


def call(method, path, body=None):
    request = urllib.request.Request(url + "/api/v1" + path, method=method, data=body and json.dumps(body).encode())
    request.add_header("Authorization", "Bearer " + token)
    request.add_header("Content-Type", "application/json")
    request.add_header("Idempotency-Key", secrets.token_hex(8))
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def settle():
    start = time.monotonic()
    job = call("POST", "/jobs", {"environment": environment, "name": "trivial", "code": {"language": "shell", "source": "true"}})
    while not job["settled"]:
        time.sleep(0.02)
        job = call("GET", "/jobs/" + job["jobUUID"])
    assert job["jobSucceeded"], job
    return time.monotonic() - start


def direct():
    start = time.monotonic()
    subprocess.run(["/bin/bash", "-c", "true"], check=True)
    return time.monotonic() - start


ours = [settle() for _ in range(count)]
bare = [direct() for _ in range(count)]
print(f"POST to settled: median {statistics.median(ours):.2f} s, longest {max(ours):.2f} s (goal 3); "
      f"the same code run directly: {statistics.median(bare):.3f} s")

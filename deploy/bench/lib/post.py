"""post.py URL TOKEN ENVIRONMENT N: N trivial jobs."""

import json
import secrets
import sys
import urllib.request

url, token, environment, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
body = {"environment": environment, "name": "trivial", "code": {"language": "shell", "source": "true"}}
for _ in range(count):
    request = urllib.request.Request(url + "/api/v1/jobs", method="POST", data=json.dumps(body).encode())
    request.add_header("Authorization", "Bearer " + token)
    request.add_header("Content-Type", "application/json")
    request.add_header("Idempotency-Key", secrets.token_hex(8))
    urllib.request.urlopen(request, timeout=30).close()

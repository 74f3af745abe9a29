"""Prints demo.json (api.md, "The demo's hand-shake") from the environment: EMAIL, PASSWORD, TOKEN, PORT, USERS."""

import json
import os

env = os.environ
with open(env["USERS"], encoding="utf-8") as file:
    user = json.load(file)[0]
url = "http://127.0.0.1:" + env["PORT"]
print(json.dumps({
    "url": url,
    "apiUrl": url + "/api/v1",
    "member": {"email": env["EMAIL"], "password": env["PASSWORD"]},
    "token": env["TOKEN"],
    "aws": {
        "endpoint": "http://127.0.0.2:" + env["PORT"],
        "secureEndpoint": "https://127.0.0.3:" + env["PORT"],
        "region": "us-local-1",
        "accessKeyId": user["accessKeyId"],
        "secretAccessKey": user["secretAccessKey"],
    },
    "environment": "local",
}, indent=2))

"""map.py DEMO COUNT: the same function of the same elements by Batchport, multiprocessing and GNU parallel."""

import json
import multiprocessing
import os
import subprocess
import sys
import time
import urllib.request
import uuid

demo = json.load(open(sys.argv[1]))
count = int(sys.argv[2])
cores = os.cpu_count() or 1
few = 2000


def f(x):
    return x * x


def call(method, path, body=None, kind="application/json"):
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(demo["url"].rstrip("/") + "/api/v1" + path, data, method=method)
    request.add_header("Authorization", "Bearer " + demo["token"])
    request.add_header("Content-Type", kind)
    request.add_header("Idempotency-Key", str(uuid.uuid4()))
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def batchport(children):
    text = "".join("%d\n" % n for n in range(count)).encode()
    upload = call("POST", "/uploads", {"environment": demo["environment"], "name": "elements", "size": len(text)})["id"]
    call("PUT", "/uploads/%s/content" % upload, text, "application/octet-stream")
    begun = time.monotonic()
    job = call("POST", "/jobs", {
        "environment": demo["environment"], "name": "bench map", "jobType": "Array", "elements": {"upload": upload},
        "method": {"childJobs": children}, "settings": {"vcpuCount": max(1, cores // children)},
        "code": {"language": "python", "source": "def f(x):\n    return x * x\n"}})["jobUUID"]
    while not (now := call("GET", "/jobs/" + job))["settled"]:
        time.sleep(0.2)
    whole = time.monotonic() - begun
    assert now["jobStatus"] == "Succeeded", now
    data = call("GET", "/jobs/%s/properties/ChildJobEvaluationAbsoluteTimings" % job)["value"]["items"]
    return whole, max((item for item in data if isinstance(item, (int, float))), default=None)


def pool(chunk):
    begun = time.monotonic()
    with multiprocessing.Pool(cores) as workers:
        assert workers.map(f, range(count), chunksize=chunk)[-1] == (count - 1) ** 2
    return time.monotonic() - begun


def parallel():
    """A process for each element is what it does; of fewer, since it takes that long."""
    text = "".join("%d\n" % n for n in range(few)).encode()
    begun = time.monotonic()
    subprocess.run(["parallel", "-q", "-j%d" % cores, "--keep-order", "/usr/bin/python3", "-S", "-c",
                    "import sys; x = int(sys.argv[1]); print(x * x)"], input=text, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - begun


def say(name, seconds, elements=count):
    print("  %-58s %8.2f s  %8.1f µs an element" % (name, seconds, seconds / elements * 1e6))


whole, inside = batchport(1)
say("Batchport, one child, from POST to settled", whole)
if inside is not None:
    say("  of it the evaluation, as the runner measured it", inside)
many, _ = batchport(20)
print("  %-58s %8.2f s  %8.1f ms a child more" % ("Batchport, 20 children", many, (many - whole) / 19 * 1e3))
say("multiprocessing.Pool.map, chunks of 1", pool(1))
say("multiprocessing.Pool.map, chunks of 256", pool(256))
say("GNU parallel, %d elements" % few, parallel(), few)

"""A job's whole way, over the API: submitted, run for real, captured, downloaded."""

import base64
import hashlib
import json
import os
import pathlib
import subprocess
import time

import pytest
import requests

SAMPLE = pathlib.Path(__file__).resolve().parents[2] / "deploy/samples/seattle-weather"


def inputs(*paths: pathlib.Path) -> dict:
    return {path.name: {"base64": base64.b64encode(path.read_bytes()).decode()} for path in paths}


def test_the_sample_gives_what_a_local_run_gives(api, tmp_path):
    """With an edited parameter and an extra input file."""
    source = (SAMPLE / "analyse.py").read_text().replace("FIRST_YEAR = 2012", "FIRST_YEAR = 2013")
    files = [SAMPLE / "seattle-weather.csv", SAMPLE / "events.csv"]
    job = api.run(source, inputFiles=inputs(*files))
    assert job["displayStatus"] == "Succeeded" and job["jobSucceeded"] and job["jobExitCode"] == 0, job
    assert job["capture"]["state"] == "complete" and job["statusSource"] == "poll"
    for file in files:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "main.py").write_text(source)
    (tmp_path / "output").mkdir()
    environment = {"PATH": os.environ["PATH"], "BATCHPORT_RESULT": str(tmp_path / "result.json")}
    subprocess.run(["/usr/bin/python3", "main.py"], cwd=tmp_path, env=environment, check=True, capture_output=True)
    local = {path.relative_to(tmp_path / "output").as_posix(): path.read_bytes()
             for path in (tmp_path / "output").rglob("*") if path.is_file()}
    remote = api.outputs(job["jobUUID"])
    assert set(local) == set(remote) and any(name.endswith(".csv") for name in local)
    for name, content in local.items():
        assert api.download(job["jobUUID"], name) == content, name
        assert remote[name]["size"] == len(content)
        assert remote[name]["sha256"] == hashlib.sha256(content).hexdigest()


def test_result_log_and_history(api):
    job = api.run('import json, os\nprint("hello"); print("ü")\njson.dump({"a": [1, 2.5, None]}, open(os.environ["BATCHPORT_RESULT"], "w"))\n')
    id = job["jobUUID"]
    assert api.get(f"/jobs/{id}/result").json() == {"value": {"a": [1, 2.5, None]}, "format": "json"}
    lines = api.get(f"/jobs/{id}/log").json()
    assert [line["text"] for line in lines["lines"]] == ["hello", "ü"] and lines["complete"] and lines["total"] == 2
    statuses = [change["status"] for change in job["statusHistory"]]
    assert statuses[-1] == "Succeeded" and statuses == sorted(statuses, key=[
        "Submitted", "Pending", "Runnable", "Starting", "Running", "Succeeded"].index)
    assert api.get(f"/jobs/{job['providerJobID']}").json()["jobUUID"] == id
    assert api.get(f"/jobs/{id}/properties/JobExitCode").json() == {"name": "JobExitCode", "value": 0}


@pytest.mark.parametrize("language, source", [("shell", "exit 7"), ("python", "import sys; sys.exit(7)")])
def test_exit_code_is_the_codes_own_and_outputs_are_kept(api, language, source):
    write = "echo kept > output/x\n" if language == "shell" else "open('output/x', 'w').write('kept\\n')\n"
    job = api.run(write + source, language)
    assert (job["displayStatus"], job["jobExitCode"], job["jobFailed"]) == ("Failed", 7, True)
    assert api.download(job["jobUUID"], "x") == b"kept\n"
    missing = api.get(f"/jobs/{job['jobUUID']}/result").json()["missing"]
    assert missing["cause"] == "failed"


def test_command_with_the_runner(api):
    job = api.wait(api.submitted(api.job("") | {"code": {"language": "command", "argv": ["sh", "-c", "echo $MODE; exit 3"]}, "env": {"MODE": "fast"}}))
    assert job["jobExitCode"] == 3 and api.log(job["jobUUID"]) == "fast\n"


@pytest.mark.parametrize("source", [
    "b = bytearray()\nwhile True: b += b'x' * 10_000_000",
    "f = open('/dev/shm/x', 'wb')\nwhile True: f.write(b'x' * 10_000_000); f.flush()",
], ids=["heap", "/dev/shm"])
def test_too_much_memory(api, source):
    job = api.run(source + "\n", settings={"memory": 128})
    assert job["displayStatus"] == "Failed"
    if "shm" in source and job["jobExitCode"] == 1:
        assert "No space left" in api.log(job["jobUUID"])
        return
    assert job["jobExitCode"] == 137
    assert "OutOfMemoryError: Container killed due to memory usage" in str(job["attempts"]), job["attempts"]


def test_abort_names_the_person_and_reaches_the_code(instance, api):
    source = "trap 'echo told to stop; exit 9' TERM\necho ready\nwhile :; do sleep 0.1; done\n"
    id = api.submitted(api.job(source, "shell"))
    api.wait(id, lambda job: job["displayStatus"] == "Running" and "ready" in api.log(id))
    answer = api.post(f"/jobs/{id}/abort", {"reason": "enough seen"})
    assert answer.status_code == 202
    assert api.post(f"/jobs/{id}/abort", {"reason": "again"}).status_code == 202
    assert api.get(f"/jobs/{id}").json()["stop"] is not None
    job = api.wait(id)
    name = api.get("/me").json()["name"]
    assert job["displayStatus"] == "Failed" and job["jobExitCode"] == 9
    assert job["jobStatusReason"] == f"Terminated by {name} via Batchport: enough seen"
    assert "told to stop" in api.log(id)
    assert job["stop"]["confirmedAt"]


@pytest.mark.parametrize("what, source", [
    ("state folder", "import os; os.listdir({state!r})"),
    ("keys", "open({state!r} + '/keys/root').read()"),
    ("sockets", "import os; os.listdir({sockets!r})"),
    ("database", "import socket; socket.socket(socket.AF_UNIX).connect({sockets!r} + '/pg/.s.PGSQL.5432')"),
    ("portal", "import urllib.request; urllib.request.urlopen({url!r}, timeout=5)"),
    ("outside", "import socket; socket.create_connection(('192.0.2.1', 80), 3)"),
    ("worker's process", "import os; [os.kill(n, 0) for n in {workers!r}]"),
    ("other processes", "import os; n = [p for p in os.listdir('/proc') if p.isdigit()]; assert len(n) > 20, n"),
    ("machine's files", "open('/etc/shadow').read()"),
    ("machine's folders", "import os; os.listdir('/root'); os.listdir('/home')"),
    ("writing to /usr", "open('/usr/bin/x', 'w')"),
])
def test_a_job_cannot_reach(instance, api, what, source):
    database = instance.setting("migrate.conf", "migrate.database")
    sockets = str(pathlib.Path(database.split("host=")[1].split()[0]).parent)
    found = subprocess.run(["pgrep", "-f", str(instance.state) + ".*worker"], capture_output=True, text=True).stdout.split()
    code = source.format(state=str(instance.state), sockets=sockets, url=instance.url, workers=[int(n) for n in found])
    job = api.run(f"try:\n    {code}\nexcept BaseException as error:\n    print('stopped:', type(error).__name__, error)\nelse:\n    print('reached')\n")
    assert job["jobExitCode"] == 0 and api.log(job["jobUUID"]).startswith("stopped:"), what


def test_a_long_log_is_captured_whole(api):
    source = "for n in range(100_000): print('line', n)\nprint('x' * 1_000_000)\nprint('end')\n"
    job = api.wait(api.submitted(api.job(source)), seconds=240)
    text = api.log(job["jobUUID"])
    lines = text.split("\n")
    assert lines[:2] == ["line 0", "line 1"] and lines[99_999] == "line 99999" and lines[-2:] == ["end", ""]
    assert "x" * 1_000_000 in text.replace("\n", "") and job["capture"]["state"] == "complete"


def test_upload_and_use(api):
    content = b"a,b\n" + b"1,2\n" * 100_000
    body = {"environment": api.environment, "name": "big.csv", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    upload = api.post("/uploads", body)
    assert upload.status_code == 201, upload.text
    id = upload.json()["id"]
    assert api.call("PUT", f"/uploads/{id}/content", data=content).status_code == 200
    assert api.get(f"/uploads/{id}").json()["state"] == "complete"
    job = api.run("print(len(open('big.csv', 'rb').read()))", inputFiles={"big.csv": {"upload": id}})
    assert api.log(job["jobUUID"]) == f"{len(content)}\n"
    again = api.get(f"/jobs/{job['jobUUID']}/submission").json()
    assert again["inputFiles"] == {"big.csv": {"upload": id}}
    assert api.log(api.wait(api.submitted(again))["jobUUID"]) == f"{len(content)}\n"


def test_upload_with_other_bytes_or_broken_off(instance, api):
    body = {"environment": api.environment, "name": "x", "size": 1000, "sha256": hashlib.sha256(b"a" * 1000).hexdigest()}
    id = api.post("/uploads", body).json()["id"]
    assert api.call("PUT", f"/uploads/{id}/content", data=b"b" * 1000).status_code == 422
    assert api.call("PUT", f"/uploads/{id}/content", data=b"a" * 1001).status_code in (413, 422)
    import socket
    host, port = instance.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as link:
        link.sendall(f"PUT /api/v1/uploads/{id}/content HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {instance.demo['token']}\r\nContent-Length: 1000\r\n\r\n".encode() + b"a" * 500)
    time.sleep(0.5)
    assert api.get(f"/uploads/{id}").json()["state"] == "open"
    assert instance.sql(f"SELECT count(*) FROM upload_chunks WHERE upload = '{id}'") == "0"
    assert api.submit(api.job("1", inputFiles={"x": {"upload": id}})).status_code == 422
    assert api.call("PUT", f"/uploads/{id}/content", data=b"a" * 1000).status_code == 200


def test_output_that_is_gone(instance, api):
    job = api.run("open('output/here.txt', 'w').write('x')")
    id = job["jobUUID"]
    import boto3
    aws = instance.demo["aws"]
    s3 = boto3.client("s3", endpoint_url=aws["endpoint"], region_name=aws["region"],
                      aws_access_key_id=aws["accessKeyId"], aws_secret_access_key=aws["secretAccessKey"])
    bucket, key = instance.sql(f"SELECT bucket || ' ' || key FROM jobs j JOIN outputs o ON o.job = j.id WHERE j.id = '{id}'").split()
    s3.delete_object(Bucket=bucket, Key=key)
    answer = api.get(f"/jobs/{id}/outputs/here.txt")
    assert answer.status_code in (404, 410), answer.status_code
    assert "no longer" in answer.text or "gone" in answer.text or "removed" in answer.text


def test_tags_reach_aws(instance, api):
    job = api.run("print(1)", tags={"project": "x y", "stage": ""})
    tags = instance.sql(f"SELECT tags FROM jobs WHERE id = '{job['providerJobID']}'", "batchport_local")
    assert {"project": "x y", "stage": "", "batchport:job": job["jobUUID"]}.items() <= json.loads(tags).items()


def test_etag_and_retry_after(api):
    job = api.run("print(1)")
    first = api.get(f"/jobs/{job['jobUUID']}")
    again = api.get(f"/jobs/{job['jobUUID']}", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and not again.content
    waiting = api.submitted(api.job("import time; time.sleep(2)"))
    assert int(api.get(f"/jobs/{waiting}").headers["Retry-After"]) >= 1


def test_pages_by_cursor(api):
    jobs = [api.submitted(api.job("1")) for _ in range(3)]
    seen, cursor = [], None
    while len(seen) < 3:
        page = api.get("/jobs?limit=1" + (f"&cursor={cursor}" if cursor else "")).json()
        seen += [item["jobUUID"] for item in page["items"]]
        cursor = page["nextCursor"]
    assert seen == jobs[::-1]


def test_validate_only_stores_nothing(instance, api):
    before = instance.sql("SELECT count(*) FROM jobs")
    answer = api.post("/jobs?validateOnly=true", api.job("1", settings={"vcpuCount": 2, "memory": "1 GiB"}), headers={"Idempotency-Key": "v"})
    assert answer.status_code == 200, answer.text
    assert instance.sql("SELECT count(*) FROM jobs") == before
    assert "memory" in answer.text and "vcpu" in answer.text.lower()


def test_output_links(api):
    job = api.run("for n in range(3): open(f'output/{n}.txt', 'w').write(str(n))")
    answer = api.post(f"/jobs/{job['jobUUID']}/output-links", {"paths": ["0.txt", "1.txt", "2.txt"]})
    assert answer.status_code == 200, answer.text
    links = answer.json()["items"]
    assert [requests.get(link["url"], timeout=20).text for link in links] == ["0", "1", "2"]

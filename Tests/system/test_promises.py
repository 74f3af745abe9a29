"""Promises of trust.md's section 4 that only the whole installation can break, each by its number."""

import concurrent.futures
import itertools
import os
import pathlib
import secrets
import signal
import tempfile
import threading
import time

import pytest

from processes import clock_library, pids_of, send, wait_for, without, worker
from test_incidents import accepted, order, region  # noqa: F401 (a fixture)


@pytest.fixture(scope="module")
def library():
    """For a program whose clock is to be wrong."""
    with tempfile.TemporaryDirectory() as folder:
        yield clock_library(pathlib.Path(folder))


def in_parallel(count: int, threads: int, body):
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return list(pool.map(body, range(count)))


def test_r2_a_thousand_posts_with_one_key_make_one_job(instance, api):
    key, body = secrets.token_hex(16), api.job("print('once')")
    own = threading.local()

    def post(_):
        if not hasattr(own, "api"):
            own.api = instance.api()
        return own.api.submit(body, key)

    answers = in_parallel(1000, 32, post)
    statuses = {answer.status_code for answer in answers}
    assert statuses <= {200, 201, 409} and statuses & {200, 201}, statuses
    [id] = {answer.json()["jobUUID"] for answer in answers if answer.status_code != 409}
    assert len({answer.content for answer in answers if answer.status_code != 409}) == 1
    assert instance.sql(f"SELECT count(*) FROM jobs WHERE name = '{body['name']}'") == "1"
    assert api.wait(id)["displayStatus"] == "Succeeded"
    other = api.submit(api.job("print('another')"), key)
    assert other.status_code == 422, other.text
    assert api.post("/jobs", body).status_code == 400


def test_r7_a_worker_that_is_told_to_stop_keeps_nothing(instance, api, region):
    """Twenty jobs, each of which takes a while to send. Whoever is told to stop ends its calls or gives the task back; the
    next worker sends the rest."""
    order(region, {"faults": [{"kind": "delay", "operation": "SubmitJob", "milliseconds": 400}]})

    def under_way() -> int:
        return int(instance.sql("SELECT count(*) FROM tasks WHERE kind = 'submit' AND state = 'running'"))

    with without(instance, "worker"):
        with worker(instance) as process:
            jobs = [api.submitted(api.job("print('ran')")) for _ in range(20)]
            wait_for(under_way)
            process.terminate()
            assert process.wait(30) == 0
            assert instance.sql("SELECT count(*) FROM tasks WHERE state = 'running'") == "0"
            assert int(instance.sql("SELECT count(*) FROM jobs WHERE phase = 'queued'")) > 0
    assert all(api.wait(job)["displayStatus"] == "Succeeded" for job in jobs)
    assert [accepted(region, job) for job in jobs] == [1] * len(jobs)


def test_r15_no_more_calls_than_aws_s_limits_need(instance, api, region):
    """A region that throttles as AWS does: 50 SubmitJob and 10 DescribeJobs a second. All workers together keep to that."""
    tags = region.sql("SELECT tags FROM job_queues WHERE name = 'local'")
    region.sql("""UPDATE job_queues SET tags = '{"batchport:simulation": "instant"}'""")
    order(region, {"clear": True, "faults": [{"kind": "rate", "operation": "SubmitJob", "perSecond": 50},
                                             {"kind": "rate", "operation": "DescribeJobs", "perSecond": 10}]})
    own = threading.local()

    def submit(_):
        if not hasattr(own, "api"):
            own.api = instance.api()
        return own.api.submitted(own.api.job("print('ran')"))

    try:
        with worker(instance), worker(instance):
            jobs = in_parallel(300, 6, submit)
            left = "SELECT count(*) FROM jobs WHERE settled_at IS NULL AND id = ANY('{" + ",".join(jobs) + "}')"
            wait_for(lambda: instance.sql(left) == "0", 120)
        seen, throttled = region.sql("""SELECT max(seen), (SELECT count(*) FROM faults_taken t WHERE t.fault = max(f.id))
            FROM faults f WHERE kind = 'rate' AND operation = 'SubmitJob' AND remaining IS NULL""").split("|")
        print(f"{seen} SubmitJob calls for {len(jobs)} jobs, {throttled} of them throttled")
        assert {accepted(region, job) for job in jobs} == {1}
        assert int(seen) <= 1.1 * len(jobs)
    finally:
        region.sql(f"UPDATE job_queues SET tags = '{tags}'")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
def test_r9_postgresql_restarted_under_load(instance, api, how):
    """Nothing but answers and "come again", nothing lost, and the same processes as before."""
    web, stop = pids_of(instance, "web"), threading.Event()
    statuses, jobs, downtime = [], [], []

    def load(number: int):
        own, key, body = instance.api(), None, None
        while not stop.is_set():
            if number % 4:
                statuses.append(own.get("/jobs").status_code)
                continue
            # As a careful client: the same key until it is answered.
            key, body = (key, body) if key else (secrets.token_hex(16), own.job("print('ran')"))
            answer = own.submit(body, key)
            statuses.append(answer.status_code)
            if answer.status_code in (200, 201):
                jobs.append(answer.json()["jobUUID"])
                key = None
                time.sleep(0.2)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        loads = [pool.submit(load, number) for number in range(8)]
        wait_for(lambda: len(jobs) > 4)
        os.kill(int((instance.state / "pg/postmaster.pid").read_text().split()[0]), how)
        began = time.monotonic()
        wait_for(lambda: 503 in statuses, 20)
        wait_for(lambda: api.get("/me").status_code == 200, 30)
        downtime.append(time.monotonic() - began)
        count = len(jobs)
        wait_for(lambda: len(jobs) > count + 4, 30)
        stop.set()
        for each in loads:
            each.result()
    print(f"answers again after {downtime[0]:.1f} s; {len(statuses)} requests, {statuses.count(503)} of them 503")
    # 409: the first post of that key is still under way.
    assert set(statuses) <= {200, 201, 409, 503}, set(statuses)
    assert pids_of(instance, "web") == web
    assert all(api.wait(job, seconds=120)["displayStatus"] == "Succeeded" for job in jobs)


def test_r19_without_hints_the_poll_finds_the_work(instance, api):
    definition = instance.sql(
        "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = 'enqueue_task' AND pronargs = 8")
    assert "PERFORM pg_notify('tasks', new_lane)" in definition
    instance.sql(definition.replace("PERFORM pg_notify('tasks', new_lane)", "NULL"))
    try:
        began = time.monotonic()
        job = api.submitted(api.job("print('ran')"))
        api.wait(job, lambda job: job["phase"] == "sent")
        print(f"sent after {time.monotonic() - began:.1f} s (goal 2 s)")
        assert api.wait(job)["displayStatus"] == "Succeeded"
    finally:
        instance.sql(definition)


def test_r20_one_scheduler_and_another_when_it_dies(instance):
    """The leader killed, and one stopped past its time: another takes over, and the one that was stopped writes nothing."""
    def leader() -> tuple[str, int]:
        holder, term = instance.sql(
            "SELECT holder, term FROM scheduler WHERE until > now() UNION ALL SELECT NULL, 0 LIMIT 1").split("|")
        return holder, int(term)

    def taken_over(before) -> bool:
        return leader()[1] > before[1] and leader()[0] != before[0]

    instance.sql("""CREATE TABLE ticks (number bigserial, at timestamptz, term bigint);
        CREATE FUNCTION note_tick() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
        BEGIN INSERT INTO ticks (at, term) VALUES (NEW.ticked_at, NEW.term); RETURN NULL; END $$;
        CREATE TRIGGER note_tick AFTER UPDATE OF ticked_at ON scheduler FOR EACH ROW EXECUTE FUNCTION note_tick()""")
    try:
        with without(instance, "worker"), worker(instance) as first:
            one = wait_for(lambda: leader()[0] and leader())
            with worker(instance) as second:
                wait_for(lambda: instance.sql("SELECT count(*) FROM ticks") != "0", 90)
                first.kill()
                began = time.monotonic()
                wait_for(lambda: taken_over(one), 15)
                print(f"taken over after {time.monotonic() - began:.1f} s (goal 15 s)")
                two = leader()
                with worker(instance):
                    send(second.pid, signal.SIGSTOP)
                    wait_for(lambda: taken_over(two), 15)
                    three, ticks = leader(), int(instance.sql("SELECT count(*) FROM ticks"))
                    send(second.pid, signal.SIGCONT)
                    wait_for(lambda: int(instance.sql("SELECT count(*) FROM ticks")) > ticks, 90)
                    assert leader() == three
        rows = [row.split("|") for row in instance.sql("SELECT extract(epoch FROM at), term FROM ticks ORDER BY number").splitlines()]
        terms = [int(term) for _, term in rows]
        assert terms == sorted(terms)
        assert all(float(later) > float(earlier) for (earlier, _), (later, _) in itertools.pairwise(rows))
    finally:
        instance.sql("DROP TRIGGER note_tick ON scheduler; DROP FUNCTION note_tick; DROP TABLE ticks")


CLOCKS = {"an hour ahead": {"CLOCK_SHIFT": "3600"}, "an hour behind": {"CLOCK_SHIFT": "-3600"},
          "a day ahead": {"CLOCK_SHIFT": "86400"}, "a day behind": {"CLOCK_SHIFT": "-86400"}, "standing": {"CLOCK_FROZEN": "1"}}


@pytest.mark.parametrize("clock", CLOCKS)
def test_r21_a_worker_whose_clock_is_wrong(instance, api, region, library, clock):
    """Alone, and beside one whose clock is right: it steals no lease, sends nothing twice, captures all, and its links work."""
    code = "open('output/a.txt', 'w').write('there')\nprint('ran')"
    with without(instance, "worker"), worker(instance, LD_PRELOAD=library, **CLOCKS[clock]):
        jobs = [api.submitted(api.job(code)) for _ in range(3)]
        assert all(api.wait(job)["displayStatus"] == "Succeeded" for job in jobs)
        assert [api.download(job, "a.txt") for job in jobs] == [b"there"] * len(jobs)
        with worker(instance):
            jobs += [api.submitted(api.job(code)) for _ in range(9)]
            assert all(api.wait(job)["displayStatus"] == "Succeeded" for job in jobs)
            assert [api.log(job) for job in jobs] == ["ran\n"] * len(jobs)
    assert [accepted(region, job) for job in jobs] == [1] * len(jobs)


@pytest.fixture
def long_log(api):
    """A job whose log, of four megabytes, is more than nginx keeps of an answer in memory."""
    job = api.submitted(api.job("for _ in range(40_000): print('x' * 100)"))
    assert api.wait(job)["displayStatus"] == "Succeeded"
    wait_for(lambda: len(api.log(job)) > 4_000_000)
    return job


def test_r22_slow_clients_hold_nobody_up(instance, api, long_log):
    """Three hundred that send their heads or bodies a byte now and then, and read as slowly: a list, or a long log."""
    import socket
    host, port = instance.url.removeprefix("http://").split(":")
    head = f"POST /api/v1/jobs HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {instance.demo['token']}\r\n"
    body = head + "Content-Type: application/json\r\nContent-Length: 4096\r\n\r\n" + " " * 4000
    listing = head.replace("POST /api/v1/jobs", "GET /api/v1/jobs?limit=20") + "\r\n"
    log = head.replace("POST /api/v1/jobs", f"GET /api/v1/jobs/{long_log}/log") + "Accept: text/plain\r\n\r\n"
    slow = []
    try:
        for number in range(300):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect((host, int(port)))
            # As many logs as there are threads, and half as many again.
            client.sendall((log if number % 12 == 0 else [head, body, listing][number % 3]).encode())
            slow.append(client)
        for _ in range(20):
            for client in slow[::7]:
                try:
                    client.sendall(b"x")
                except OSError:
                    pass
            assert api.get("/me", timeout=120).status_code == 200
            assert instance.browser().get("/sign-in", timeout=120).status_code == 200
    finally:
        for client in slow:
            client.close()

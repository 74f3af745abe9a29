"""AWS Batch and CloudWatch Logs of the local region as boto3 uses them, every answer judged by botocore's models."""

import secrets
import time

import pytest

from model import judge
from region import region  # noqa: F401 (fixtures)
from region_requests import refused


@pytest.fixture(scope="module")
def batch(region):
    return judge(region.client("batch"), "batch")


@pytest.fixture(scope="module")
def logs(region):
    return judge(region.client("logs"), "logs")


@pytest.fixture
def definition(batch):
    name = "test-" + secrets.token_hex(6)
    return batch.register_job_definition(
        jobDefinitionName=name, type="container", parameters={"word": "hello"}, tags={"team": "lab"},
        retryStrategy={"attempts": 2, "evaluateOnExit": [{"onExitCode": "1", "action": "RETRY"}]},
        timeout={"attemptDurationSeconds": 120}, propagateTags=True, schedulingPriority=3, platformCapabilities=["EC2"],
        containerProperties={
            "image": "busybox", "command": ["echo", "Ref::word"], "jobRoleArn": "arn:aws:iam::000000000000:role/job",
            "environment": [{"name": "A", "value": "1"}],
            "resourceRequirements": [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": "256"}],
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/mine"}}})


def container(**more):
    needs = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "64"}]
    return {"image": "busybox", "resourceRequirements": needs, **more}


# Definitions


def test_registering_and_describing(batch, definition):
    name = definition["jobDefinitionName"]
    assert definition["revision"] == 1 and definition["jobDefinitionArn"].endswith(f":job-definition/{name}:1")
    second = batch.register_job_definition(jobDefinitionName=name, type="container", containerProperties=container())
    assert second["revision"] == 2
    first = batch.describe_job_definitions(jobDefinitions=[name + ":1"])["jobDefinitions"][0]
    shown = first["containerProperties"]
    assert shown["jobRoleArn"] == "arn:aws:iam::000000000000:role/job"
    assert shown["logConfiguration"]["options"] == {"awslogs-group": "/mine"}
    assert {"type": "MEMORY", "value": "256"} in shown["resourceRequirements"]
    assert (first["timeout"], first["tags"], first["propagateTags"], first["schedulingPriority"]) == (
        {"attemptDurationSeconds": 120}, {"team": "lab"}, True, 3)
    assert first["retryStrategy"] == {"attempts": 2, "evaluateOnExit": [{"onExitCode": "1", "action": "RETRY"}]}
    found = batch.describe_job_definitions(jobDefinitionName=name, status="ACTIVE")["jobDefinitions"]
    assert [item["revision"] for item in found] == [2, 1]


def test_a_deregistered_definition_takes_no_jobs(batch, definition):
    name = definition["jobDefinitionName"]
    batch.deregister_job_definition(jobDefinition=definition["jobDefinitionArn"])
    assert batch.describe_job_definitions(jobDefinitions=[name + ":1"])["jobDefinitions"][0]["status"] == "INACTIVE"
    for text in (name, name + ":1"):
        assert refused(batch.submit_job, jobName="x", jobQueue="local", jobDefinition=text) == ("ClientException", 400)
    assert refused(batch.deregister_job_definition, jobDefinition=name) == ("ClientException", 400)


def test_a_registered_definition_is_what_runs(region, batch, definition):
    job = batch.submit_job(jobName="x", jobQueue="local", jobDefinition=definition["jobDefinitionName"],
                           parameters={"word": "there"}, tags={"own": "tag"})
    shown = batch.describe_jobs(jobs=[job["jobId"]])["jobs"][0]
    assert shown["container"]["command"] == ["echo", "there"]
    assert shown["container"]["environment"] == [{"name": "A", "value": "1"}]
    assert shown["retryStrategy"]["attempts"] == 2 and shown["timeout"]["attemptDurationSeconds"] == 120
    batch.terminate_job(jobId=job["jobId"], reason="seen")


@pytest.mark.parametrize("change, words", [
    ({"type": "multinode"}, "not supported"),
    ({"containerProperties": {"image": "x"}}, "VCPU is required"),
    ({"containerProperties": container(command=["a"], environment=[{"name": "AWS_BATCH_X", "value": ""}])}, "AWS_BATCH"),
    ({"timeout": {"attemptDurationSeconds": 59}}, "at least 60"),
    ({"retryStrategy": {"attempts": 11}}, "between 1 and 10"),
    ({"jobDefinitionName": "a b"}, "valid pattern"),
    ({"platformCapabilities": ["FARGATE"]}, "platform capability"),
    ({"parameters": {"x": "y" * 25_000}}, "24 KiB"),
])
def test_a_wrong_definition_is_refused(region, batch, change, words):
    asked = {"jobDefinitionName": "wrong", "type": "container", "containerProperties": container(), **change}
    with pytest.raises(batch.exceptions.ClientException) as raised:
        batch.register_job_definition(**asked)
    assert words in raised.value.response["Error"]["Message"]
    assert region.sql("SELECT count(*) FROM job_definitions WHERE name = 'wrong'") == "0"


# Queues


def test_queues(batch):
    name = "test-" + secrets.token_hex(6)
    order = [{"order": 1, "computeEnvironment": "batchport-local"}]
    made = batch.create_job_queue(jobQueueName=name, priority=5, computeEnvironmentOrder=order, tags={"a": "b"})
    assert made["jobQueueArn"].endswith(":job-queue/" + name)
    assert refused(batch.create_job_queue, jobQueueName=name, priority=5, computeEnvironmentOrder=order)[1] == 400
    queue = batch.describe_job_queues(jobQueues=[made["jobQueueArn"]])["jobQueues"][0]
    assert (queue["priority"], queue["state"], queue["status"], queue["tags"]) == (5, "ENABLED", "VALID", {"a": "b"})
    assert queue["computeEnvironmentOrder"] == order
    assert refused(batch.delete_job_queue, jobQueue=name) == ("ClientException", 400)
    batch.update_job_queue(jobQueue=name, state="DISABLED", priority=7)
    assert refused(batch.submit_job, jobName="x", jobQueue=name, jobDefinition="plain") == ("ClientException", 400)
    batch.delete_job_queue(jobQueue=name)
    assert batch.describe_job_queues(jobQueues=[name])["jobQueues"] == []


def test_compute_environments(batch):
    found = batch.describe_compute_environments()["computeEnvironments"]
    assert found[0]["computeEnvironmentName"] == "batchport-local" and found[0]["status"] == "VALID"
    arn = found[0]["computeEnvironmentArn"]
    assert len(batch.describe_compute_environments(computeEnvironments=[arn])["computeEnvironments"]) == 1
    assert batch.describe_compute_environments(computeEnvironments=["none"])["computeEnvironments"] == []


def test_what_is_next_in_a_queue(region, batch):
    name = "test-" + secrets.token_hex(6)
    region.sql(f"INSERT INTO job_queues (name) VALUES ('{name}')")
    large = {"resourceRequirements": [{"type": "VCPU", "value": "1000"}]}
    ids = [batch.submit_job(jobName="x", jobQueue=name, jobDefinition="plain", containerOverrides=large)["jobId"]
           for _ in range(3)]
    region.sql(f"UPDATE jobs SET status = 'RUNNABLE' WHERE queue = '{name}' AND status = 'SUBMITTED'")
    front = batch.get_job_queue_snapshot(jobQueue=name)["frontOfQueue"]["jobs"]
    assert [item["jobArn"].split("/")[1] for item in front] == ids
    assert refused(batch.get_job_queue_snapshot, jobQueue="none") == ("ClientException", 400)
    for id in ids:
        batch.terminate_job(jobId=id, reason="seen")


# Pages


def pages(batch, operation, size, **more) -> list:
    """All, by boto3's own paginator; no page but the last has fewer."""
    paginator = batch.get_paginator(operation)
    # That of botocore knows the member's name.
    member = paginator.result_keys[0].parsed["value"]
    found = [page[member] for page in paginator.paginate(PaginationConfig={"PageSize": size}, **more)]
    assert {len(page) for page in found[:-1]} <= {size} and len(found[-1]) <= size
    return [item for page in found for item in page]


@pytest.fixture
def many(region, batch):
    """Five of each, whose names sort side by side."""
    name = "page-" + secrets.token_hex(6)
    values = ", ".join(f"('{name}-{i}', 1)" for i in range(5))
    region.sql(f"INSERT INTO compute_environments (name, max_vcpus) VALUES {values}")
    for number in range(5):
        batch.create_job_queue(jobQueueName=f"{name}-{number}", priority=1, state="DISABLED", computeEnvironmentOrder=[
            {"order": 1, "computeEnvironment": "batchport-local"}])
        batch.register_job_definition(
            jobDefinitionName=f"{name}-{number % 2}", type="container", containerProperties=container())
    yield name
    for number in range(5):
        batch.delete_job_queue(jobQueue=f"{name}-{number}")


@pytest.mark.parametrize("size", [1, 2, 100])
def test_pages_of_what_there_is(batch, many, size):
    five = [f"{many}-{i}" for i in range(5)]
    queues = [item["jobQueueName"] for item in pages(batch, "describe_job_queues", size)]
    assert [name for name in queues if name.startswith(many)] == five and len(set(queues)) == len(queues)
    environments = [item["computeEnvironmentName"] for item in pages(batch, "describe_compute_environments", size)]
    assert [name for name in environments if name.startswith(many)] == five and "batchport-local" in environments
    shown = [(item["jobDefinitionName"], item["revision"])
             for item in pages(batch, "describe_job_definitions", size, status="ACTIVE")]
    mine = [(name, revision) for name, revision in shown if name.startswith(many)]
    assert mine == [(f"{many}-0", 3), (f"{many}-0", 2), (f"{many}-0", 1), (f"{many}-1", 2), (f"{many}-1", 1)]
    assert len(set(shown)) == len(shown)
    one = pages(batch, "describe_job_definitions", size, jobDefinitionName=f"{many}-0")
    assert [item["revision"] for item in one] == [3, 2, 1]


def test_named_ones_come_in_one_answer(batch, many):
    wanted = [f"{many}-1:1", f"{many}-0", "none", f"{many}-0:2"]
    found = batch.describe_job_definitions(jobDefinitions=wanted)["jobDefinitions"]
    assert [(item["jobDefinitionName"], item["revision"]) for item in found] == [
        (f"{many}-1", 1), (f"{many}-0", 3), (f"{many}-0", 2)]


def test_pages_of_jobs(region, batch):
    name = "test-" + secrets.token_hex(6)
    region.sql(f"INSERT INTO job_queues (name) VALUES ('{name}')")
    # Too large for any machine, so that they wait whether or not an executor is there.
    job = {"jobQueue": name, "jobDefinition": "plain",
           "containerOverrides": {"resourceRequirements": [{"type": "VCPU", "value": "1000"}]}}
    ids = [batch.submit_job(jobName=f"{name}-{i}", **job)["jobId"] for i in range(4)]
    array = batch.submit_job(jobName=name, arrayProperties={"size": 5}, **job)["jobId"]
    region.sql(f"UPDATE jobs SET status = 'RUNNABLE' WHERE queue = '{name}' AND array_size IS NULL AND status = 'SUBMITTED'")
    runnable = [item["jobId"] for item in pages(batch, "list_jobs", 3, jobQueue=name, jobStatus="RUNNABLE")]
    assert runnable == ids[::-1]
    named = pages(batch, "list_jobs", 2, jobQueue=name, filters=[{"name": "JOB_NAME", "values": [name + "*"]}])
    assert [item["jobId"] for item in named] == [array, *ids[::-1]]
    children = pages(batch, "list_jobs", 2, arrayJobId=array, jobStatus="RUNNABLE")
    assert [item["arrayProperties"]["index"] for item in children] == list(range(5))
    # A token is of its own list.
    token = batch.list_jobs(jobQueue=name, jobStatus="RUNNABLE", maxResults=1)["nextToken"]
    assert refused(batch.list_jobs, arrayJobId=array, jobStatus="RUNNABLE", nextToken=token) == ("ClientException", 400)
    for id in [*ids, array]:
        batch.terminate_job(jobId=id, reason="seen")


@pytest.mark.parametrize("operation, named, most", [
    ("describe_job_queues", {"jobQueues": ["local"]}, 100),
    ("describe_compute_environments", {"computeEnvironments": ["batchport-local"]}, 100),
    ("describe_job_definitions", {"jobDefinitions": ["plain:1"]}, 100),
    ("list_jobs", None, 1000),
])
def test_pages_that_are_none(batch, operation, named, most):
    asked = {} if named else {"jobQueue": "local"}
    call = getattr(batch, operation)
    call(**asked, maxResults=most)
    wrong = [{"maxResults": number} for number in (0, -1, most + 1)]
    wrong += [{"nextToken": token} for token in ("x", "YWZ0ZXIgMQ==", "bm9uZSAx", "%", "\u00fc")]
    # AWS's words, as people have met them: "ComputeEnvironments and MaxResults cannot both be set".
    wrong += [{**named, "maxResults": 1}, {**named, "nextToken": "x"}] if named else [
        {"filters": [{"name": "JOB_NAME", "values": ["x"]}], "maxResults": 101}]
    for more in wrong:
        assert refused(call, **asked, **more) == ("ClientException", 400), more
    if operation == "describe_job_definitions":
        assert refused(call, **named, status="ACTIVE") == ("ClientException", 400)


# Tags


def test_tags(batch, definition):
    job = batch.submit_job(jobName="x", jobQueue="local", jobDefinition="plain", tags={"a": "1"})
    arns = [job["jobArn"], definition["jobDefinitionArn"],
            batch.describe_job_queues(jobQueues=["local"])["jobQueues"][0]["jobQueueArn"]]
    for arn in arns:
        batch.tag_resource(resourceArn=arn, tags={"k": "v", "ü b": "x/y"})
        tags = batch.list_tags_for_resource(resourceArn=arn)["tags"]
        assert tags["k"] == "v" and tags["ü b"] == "x/y"
        batch.untag_resource(resourceArn=arn, tagKeys=["k", "ü b"])
        assert "k" not in batch.list_tags_for_resource(resourceArn=arn)["tags"]
    assert batch.describe_jobs(jobs=[job["jobId"]])["jobs"][0]["tags"] == {"a": "1"}
    many = {f"k{i}": "" for i in range(50)}
    assert refused(batch.tag_resource, resourceArn=job["jobArn"], tags=many) == ("ClientException", 400)
    assert refused(batch.tag_resource, resourceArn=job["jobArn"], tags={"aws:x": "y"}) == ("ClientException", 400)
    assert refused(batch.list_tags_for_resource, resourceArn=job["jobArn"] + ":0") == ("ClientException", 400)
    assert refused(batch.list_tags_for_resource, resourceArn=job["jobArn"][:-4] + "0000") == ("ClientException", 400)


# Arrays


def test_arrays(region, batch):
    name = "array-" + secrets.token_hex(6)
    id = batch.submit_job(
        jobName=name, jobQueue="local", jobDefinition="plain", arrayProperties={"size": 3},
        dependsOn=[{"type": "SEQUENTIAL"}])["jobId"]
    parent = batch.describe_jobs(jobs=[id])["jobs"][0]
    assert parent["arrayProperties"]["size"] == 3 and sum(parent["arrayProperties"]["statusSummary"].values()) == 3
    children = batch.describe_jobs(jobs=[f"{id}:{index}" for index in range(3)])["jobs"]
    assert [child["arrayProperties"] for child in children] == [{"index": index} for index in range(3)]
    after = batch.submit_job(jobName=name, jobQueue="local", jobDefinition="plain", dependsOn=[{"jobId": id}])["jobId"]
    batch.terminate_job(jobId=id, reason="over")
    deadline = time.monotonic() + 30
    while batch.describe_jobs(jobs=[id])["jobs"][0]["status"] not in ("FAILED", "SUCCEEDED"):
        assert time.monotonic() < deadline
    failed = batch.list_jobs(arrayJobId=id, jobStatus="FAILED")["jobSummaryList"]
    assert {item["jobId"] for item in failed} <= {f"{id}:{index}" for index in range(3)}
    batch.cancel_job(jobId=after, reason="over")
    summary = batch.list_jobs(jobQueue="local", filters=[{"name": "JOB_NAME", "values": [name.upper()]}])["jobSummaryList"]
    assert {item["jobId"] for item in summary} == {id, after}


# Logs


def test_logs(logs):
    group = "/test/" + secrets.token_hex(6)
    logs.create_log_group(logGroupName=group)
    assert refused(logs.create_log_group, logGroupName=group) == ("ResourceAlreadyExistsException", 400)
    now = int(time.time() * 1000)
    for stream in ("one", "two"):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        for start in (0, 10):
            logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[
                {"timestamp": now + start + i, "message": f"{stream} {start + i} {'even' if i % 2 == 0 else 'odd'}"}
                for i in range(10)])
    assert [item["logGroupName"] for item in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]] == [group]
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert [item["logStreamName"] for item in streams] == ["one", "two"]
    assert (streams[0]["firstEventTimestamp"], streams[0]["lastEventTimestamp"]) == (now, now + 19)
    got = logs.get_log_events(logGroupName=group, logStreamName="one", startFromHead=True)["events"]
    assert [event["message"].split()[1] for event in got] == [str(i) for i in range(20)]

    def search(**more):
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, **more)
        return [event for page in pages for event in page["events"]]

    every = search(PaginationConfig={"PageSize": 7})
    assert len(every) == 40 and len({event["eventId"] for event in every}) == 40
    assert [event["timestamp"] for event in every] == sorted(event["timestamp"] for event in every)
    assert {event["logStreamName"] for event in search(logStreamNames=["two"])} == {"two"}
    assert len(search(logStreamNamePrefix="o", filterPattern="even")) == 10
    assert len(search(startTime=now + 5, endTime=now + 6)) == 4
    assert len(search(filterPattern='"one 3" -even')) == 1
    assert len(search(filterPattern="?3 ?4 one")) == 4
    assert refused(logs.filter_log_events, logGroupName=group, filterPattern="{ $.a = 1 }") == (
        "InvalidParameterException", 400)
    assert refused(logs.filter_log_events, logGroupName="/none") == ("ResourceNotFoundException", 400)
    assert refused(logs.filter_log_events, logGroupName=group, logStreamNames=["one"], logStreamNamePrefix="o")[1] == 400


def test_events_that_logs_does_not_take(logs):
    group = "/test/" + secrets.token_hex(6)
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    now = int(time.time() * 1000)

    def put(*times, message="m"):
        return logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[
            {"timestamp": time, "message": message} for time in times])

    assert refused(put, now, now - 1) == ("InvalidParameterException", 400)
    assert refused(put, now, message="m" * (1 << 20))[0] == "InvalidParameterException"
    left_out = put(now - 15 * 86_400_000, now, now + 3 * 3_600_000)["rejectedLogEventsInfo"]
    assert left_out == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2}
    assert len(logs.get_log_events(logGroupName=group, logStreamName="s")["events"]) == 1
    assert refused(logs.put_log_events, logGroupName=group, logStreamName="none", logEvents=[
        {"timestamp": now, "message": "m"}]) == ("ResourceNotFoundException", 400)

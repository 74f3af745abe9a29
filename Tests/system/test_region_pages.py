"""Pages of Batch's lists and descriptions, by boto3."""

import secrets

import pytest

from region import region  # noqa: F401 (fixtures)
from region_requests import refused
from test_region_batch import batch, container  # noqa: F401 (fixtures)


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

"""AWS Batch of the local region as boto3 uses them, every answer judged by botocore's models."""

import secrets
import time

import pytest

from model import judge
from region import region  # noqa: F401 (fixtures)
from region_requests import refused


@pytest.fixture(scope="module")
def batch(region):
    return judge(region.client("batch"), "batch")


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

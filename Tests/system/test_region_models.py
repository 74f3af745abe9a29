"""What botocore's own models do not allow, the local region refuses: each member of each operation's input, one violation
at a time, sent as botocore would send it if it did not look."""

import copy

import botocore.config
import botocore.model
import pytest

from model import SESSION
from region import Region

JOB = "00000000-0000-4000-8000-000000000000"
ROLE = "arn:aws:iam::000000000000:role/batchport-portal"
QUEUE = "arn:aws:batch:us-local-1:000000000000:job-queue/none"
EVENT = {"timestamp": 1, "message": "m"}
CONTAINER = {"image": "i", "resourceRequirements": [
    {"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "64"}], "environment": [{"name": "A", "value": "b"}]}
# One good request of each, with the members that the region makes use of; what it names is not there.
REQUESTS = {
    ("batch", "SubmitJob"): {
        "jobName": "j", "jobQueue": "none", "jobDefinition": "none", "arrayProperties": {"size": 2},
        "dependsOn": [{"jobId": JOB, "type": "N_TO_N"}], "parameters": {"a": "b"}, "tags": {"a": "b"},
        "containerOverrides": {"command": ["a"], "environment": [{"name": "A", "value": "b"}],
                               "resourceRequirements": [{"type": "VCPU", "value": "1"}]},
        "retryStrategy": {"attempts": 2, "evaluateOnExit": [{"onExitCode": "1", "action": "RETRY"}]},
        "timeout": {"attemptDurationSeconds": 60}},
    ("batch", "DescribeJobs"): {"jobs": [JOB]},
    ("batch", "ListJobs"): {"jobQueue": "none", "jobStatus": "RUNNING", "filters": [
        {"name": "JOB_NAME", "values": ["a"]}], "maxResults": 1},
    ("batch", "CancelJob"): {"jobId": JOB, "reason": "r"},
    ("batch", "TerminateJob"): {"jobId": JOB, "reason": "r"},
    ("batch", "RegisterJobDefinition"): {
        "jobDefinitionName": "-", "type": "container", "containerProperties": CONTAINER, "tags": {"a": "b"},
        "retryStrategy": {"attempts": 2, "evaluateOnExit": [{"onExitCode": "1", "action": "RETRY"}]}},
    ("batch", "DeregisterJobDefinition"): {"jobDefinition": "none:7"},
    ("batch", "GetJobQueueSnapshot"): {"jobQueue": "none"},
    ("batch", "CreateJobQueue"): {
        "jobQueueName": "-", "priority": 1, "state": "ENABLED", "tags": {"a": "b"},
        "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "batchport-local"}]},
    ("batch", "UpdateJobQueue"): {"jobQueue": "none", "state": "ENABLED", "computeEnvironmentOrder": [
        {"order": 1, "computeEnvironment": "batchport-local"}]},
    ("batch", "DeleteJobQueue"): {"jobQueue": "local"},
    ("batch", "TagResource"): {"resourceArn": QUEUE, "tags": {"a": "b"}},
    ("batch", "UntagResource"): {"resourceArn": QUEUE, "tagKeys": ["a"]},
    ("logs", "CreateLogGroup"): {"logGroupName": "/aws/batch/job"},
    ("logs", "CreateLogStream"): {"logGroupName": "none", "logStreamName": "s"},
    ("logs", "PutLogEvents"): {"logGroupName": "none", "logStreamName": "s", "logEvents": [EVENT]},
    ("logs", "GetLogEvents"): {"logGroupName": "none", "logStreamName": "s", "startTime": 1, "endTime": 2, "limit": 1},
    ("logs", "FilterLogEvents"): {
        "logGroupName": "none", "logStreamNames": ["s"], "startTime": 1, "endTime": 2, "filterPattern": "p",
        "limit": 1},
    ("logs", "DescribeLogStreams"): {
        "logGroupName": "none", "logStreamNamePrefix": "s", "orderBy": "LogStreamName", "limit": 1},
    ("logs", "DescribeLogGroups"): {"logGroupNamePrefix": "s", "limit": 1},
    ("sts", "AssumeRole"): {
        "RoleArn": ROLE, "RoleSessionName": "s-s", "ExternalId": "e-e", "DurationSeconds": 900, "SourceIdentity": "s-s",
        "Tags": [{"Key": "k", "Value": "v"}]},
}


def violations(shape, value, path=()):
    """Of each member that the request has, what its shape does not allow: where, and what instead."""
    if isinstance(shape, botocore.model.StructureShape):
        for name, member in shape.members.items():
            if name in value:
                if name in shape.required_members:
                    yield (*path, name), None
                yield from violations(member, value[name], (*path, name))
        return
    limits = shape.metadata
    if isinstance(shape, botocore.model.ListShape):
        if limits.get("min", 0) > 0:
            yield path, []
        if "max" in limits:
            yield path, value[:1] * (limits["max"] + 1)
        yield from violations(shape.member, value[0], (*path, 0))
    elif isinstance(shape, botocore.model.MapShape):
        [(name, inner)] = value.items()
        if "max" in shape.key.metadata:
            yield path, {"k" * (shape.key.metadata["max"] + 1): inner}
        if "max" in shape.value.metadata:
            yield path, {name: "v" * (shape.value.metadata["max"] + 1)}
    elif shape.type_name == "string":
        yield from strings(shape, path)
    elif shape.type_name in ("integer", "long"):
        if "min" in limits:
            yield path, limits["min"] - 1
        if "max" in limits:
            yield path, limits["max"] + 1
        yield path, "text"


def strings(shape, path):
    if shape.enum:
        yield path, "NONE_OF_THEM"
    if shape.metadata.get("min", 0) > 0:
        yield path, "" if shape.metadata["min"] == 1 else "x" * (shape.metadata["min"] - 1)
    if "max" in shape.metadata:
        yield path, "x" * (shape.metadata["max"] + 1)
    if "pattern" in shape.metadata and shape.metadata["pattern"] not in ("[\\S\\s]*", ".*"):
        yield path, "\u00a7 *:"


def changed(request, path, value):
    request = copy.deepcopy(request)
    place = request
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return request


def shown(path, value) -> str:
    text = repr(value)
    return f"{'.'.join(map(str, path))} = {text if len(text) < 40 else text[:30] + '…'}"


@pytest.fixture(scope="module")
def region(request):
    return Region.asked(request)


@pytest.mark.parametrize("service, operation", REQUESTS, ids=["-".join(pair) for pair in REQUESTS])
def test_the_models_constraints(region, service, operation):
    client = region.client(service, config=botocore.config.Config(
        parameter_validation=False, retries={"max_attempts": 0}))
    shape = SESSION.get_service_model(service).operation_model(operation).input_shape
    call = getattr(client, botocore.xform_name(operation))
    request = REQUESTS[service, operation]
    faults, seen = [], 0
    for path, value in violations(shape, request):
        # Python's client puts this one into the address, and cannot do without.
        if operation in ("TagResource", "UntagResource") and path == ("resourceArn",):
            continue
        seen += 1
        try:
            call(**changed(request, path, value))
            faults.append(f"{shown(path, value)}: taken")
        except client.exceptions.ClientError as error:
            answer, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
            # What is missing or wrong is told before what is not there.
            if status != 400 or answer["Code"] in ("ResourceNotFoundException", "AccessDenied") or any(
                    words in answer["Message"] for words in ("not found", "does not exist")):
                faults.append(f"{shown(path, value)}: {status} {answer['Code']} {answer['Message'][:80]}")
    assert seen and not faults, "\n".join(faults)

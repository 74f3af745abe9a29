"""deploy/aws/environment.yaml: what cfn-lint says of it, and the stack that moto, AWS's independent stand-in, makes of it."""

import ast
import json
import os
import pathlib
import re
import subprocess
import sys

import boto3
import botocore.config
import pytest
import requests
import yaml

from conftest import free_port

TEMPLATE = pathlib.Path(__file__).resolve().parents[2] / "deploy/aws/environment.yaml"
PORTAL = "arn:aws:iam::111122223333:role/batchport"
EXTERNAL_ID = "0f8c6a70f1d24dd6a7a5c2a3"
REGION = "eu-central-1"


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as plain values."""


Loader.add_multi_constructor("!", lambda loader, tag, node: getattr(
    loader, {"scalar": "construct_scalar", "sequence": "construct_sequence", "mapping": "construct_mapping"}[node.id])(node))


def template() -> dict:
    return yaml.load(TEMPLATE.read_text(), Loader)


@pytest.fixture(scope="module")
def moto():
    port = free_port()
    environment = {**os.environ, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], env=environment,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    # It says so once it listens.
    assert any("Running on" in line for line in server.stderr)
    url = f"http://127.0.0.1:{port}"
    requests.post(url + "/moto-api/config", json={"batch": {"use_docker": False}}).raise_for_status()
    yield url
    server.kill()
    server.wait()


@pytest.fixture(scope="module")
def aws(moto):
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    # It makes a whole stack before it answers, and that a second question would find there already.
    patient = botocore.config.Config(read_timeout=600, retries={"max_attempts": 0})
    return lambda service: session.client(service, endpoint_url=moto, config=patient)


@pytest.fixture(scope="module")
def stack(aws):
    """The name and the outputs of a stack with these parameters; the same for the same ones."""
    made = {}

    def make(**parameters) -> tuple[str, dict]:
        key = tuple(sorted(parameters.items()))
        if key not in made:
            name = f"genomics-{len(made)}"
            made[key] = name, make_stack(aws, name, parameters)
        return made[key]

    return make


def make_stack(aws, name: str, parameters: dict) -> dict:
    # moto does not take a list's default apart.
    lists = {"Languages": "shell,python,command", "InstanceTypes": "optimal", "GPUInstanceTypes": "g4dn,g5"}
    wanted = {"PortalPrincipal": PORTAL, "ExternalId": EXTERNAL_ID, "Image": "registry.example/jobs:1"} | lists | parameters
    aws("cloudformation").create_stack(
        StackName=name, TemplateBody=TEMPLATE.read_text(), Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in wanted.items()])
    stack = aws("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    return {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}


def role(aws, arn: str) -> tuple[dict, list[dict]]:
    """Who may assume it, and its statements."""
    name = arn.split("/")[-1]
    iam = aws("iam")
    # moto keeps a stack's policy as Python would print it.
    policies = [ast.literal_eval(str(iam.get_role_policy(RoleName=name, PolicyName=p)["PolicyDocument"]))
                for p in iam.list_role_policies(RoleName=name)["PolicyNames"]]
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    return trust["Statement"][0], [s for p in policies for s in p["Statement"]]


def test_cfn_lint_has_nothing_to_say():
    found = subprocess.run([pathlib.Path(sys.executable).parent / "cfn-lint", TEMPLATE], capture_output=True, text=True)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def test_outputs_are_an_environments_fields(stack):
    name, outputs = stack()
    assert set(outputs) == {"region", "ioBucket", "prefix", "jobDefinition", "jobQueue", "languages", "roleARN"}
    assert (outputs["region"], outputs["prefix"], outputs["languages"]) == (REGION, "batchport/", "shell,python,command")
    for field, kind in ("jobDefinition", f"job-definition/{name}:1"), ("jobQueue", "job-queue/"):
        assert outputs[field].startswith(f"arn:aws:batch:{REGION}:123456789012:{kind}")


def test_the_bucket_is_private_encrypted_and_cleans_up(aws, stack):
    bucket = stack()[1]["ioBucket"]
    rules = aws("s3").get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    # The rest moto does not take from a template.
    properties = template()["Resources"]["Bucket"]["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    unfinished, old = properties["LifecycleConfiguration"]["Rules"]
    assert unfinished["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert (old["Status"], old["ExpirationInDays"]) == (["Expires", "Enabled", "Disabled"], ["Expires", "OutputDays", 3650])
    assert template()["Conditions"]["Expires"] == [["OutputDays", 0]]
    assert template()["Parameters"]["OutputDays"]["Default"] == 0


@pytest.mark.parametrize("capacity, machines", [
    ("OnDemand", ["EC2"]), ("Spot", ["SPOT"]), ("SpotThenOnDemand", ["SPOT", "EC2"]), ("GPU", ["EC2"]), ("GPUSpot", ["SPOT"]),
])
def test_the_queue_goes_to_the_machines_asked_for(aws, stack, capacity, machines):
    outputs = stack(Capacity=capacity, MaxVCPUs="32")[1]
    batch = aws("batch")
    order = batch.describe_job_queues(jobQueues=[outputs["jobQueue"]])["jobQueues"][0]["computeEnvironmentOrder"]
    found = [batch.describe_compute_environments(computeEnvironments=[o["computeEnvironment"]])["computeEnvironments"][0]
             ["computeResources"] for o in sorted(order, key=lambda o: o["order"])]
    assert [m["type"] for m in found] == machines
    for m in found:
        assert (m["minvCpus"], m["maxvCpus"]) == (0, 32)
        assert any(t.startswith("g") for t in m["instanceTypes"]) == capacity.startswith("GPU")


def test_the_definition_is_the_runners_and_retries_lost_machines_only(aws, stack):
    name, outputs = stack(Capacity="GPU", MemoryMiB="512", VCPUs="2")
    definition = aws("batch").describe_job_definitions(jobDefinitionName=name)["jobDefinitions"][0]
    assert definition["jobDefinitionArn"] == outputs["jobDefinition"]
    assert definition["tags"] == {"batchport:runner": "1"}
    assert definition["retryStrategy"] == {
        "attempts": 3,
        "evaluateOnExit": [{"action": "retry", "onStatusReason": "Host EC2*"}, {"action": "exit", "onReason": "*"}]}
    container = definition["containerProperties"]
    needs = {r["type"]: r["value"] for r in container["resourceRequirements"]}
    assert needs == {"VCPU": "2", "MEMORY": "512", "GPU": "1"}
    assert container["logConfiguration"] == {
        "logDriver": "awslogs", "options": {"awslogs-group": f"/batchport/{name}", "awslogs-region": REGION}}
    groups = aws("logs").describe_log_groups(logGroupNamePrefix=f"/batchport/{name}")["logGroups"]
    assert [g["retentionInDays"] for g in groups] == [30]


def test_a_job_goes_to_the_queue(aws, stack):
    outputs = stack()[1]
    batch = aws("batch")
    job = batch.submit_job(jobName="test", jobQueue=outputs["jobQueue"], jobDefinition=outputs["jobDefinition"],
                           containerOverrides={"command": ["true"]})
    found = batch.describe_jobs(jobs=[job["jobId"]])["jobs"][0]
    assert (found["jobQueue"], found["jobDefinition"]) == (outputs["jobQueue"], outputs["jobDefinition"])


def test_the_portals_role_asks_for_the_external_id_and_reaches_this_stack_only(aws, stack):
    name, outputs = stack()
    trust, statements = role(aws, outputs["roleARN"])
    assert trust["Principal"] == {"AWS": PORTAL}
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}}
    everywhere = [s for s in statements if s["Resource"] == "*"]
    # AWS knows no resources for these; they only look.
    assert [s["Sid"] for s in everywhere] == ["Look"]
    assert all(re.fullmatch(r"batch:(Describe|List)[A-Za-z]+", a) for a in everywhere[0]["Action"])
    text = json.dumps(statements)
    assert not re.search(r'"[a-z0-9]+:\*"|iam:|sts:', text)
    stack = next(s for s in statements if s["Sid"] == "ReadThisStack")
    assert stack["Action"] == "cloudformation:DescribeStacks" and f":stack/{name}/" in stack["Resource"]


def test_a_network_of_yours_is_taken(aws, stack):
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]
    before = len(ec2.describe_vpcs()["Vpcs"])
    stack(VpcId=vpc, SubnetIds=subnet)
    machines = aws("batch").describe_compute_environments()["computeEnvironments"]
    assert [subnet] in [m["computeResources"]["subnets"] for m in machines]
    assert len(ec2.describe_vpcs()["Vpcs"]) == before


def test_parameters_refuse_what_aws_would_refuse_later():
    """moto and cfn-lint look at no limits of parameters; AWS does."""
    parameters = template()["Parameters"]
    assert template()["Resources"]["Definition"]["Properties"]["Timeout"] == {"AttemptDurationSeconds": "TimeLimitSeconds"}
    assert parameters["TimeLimitSeconds"]["MinValue"] == 60
    assert parameters["MemoryMiB"]["MinValue"] == 4
    assert (parameters["Attempts"]["MinValue"], parameters["Attempts"]["MaxValue"]) == (1, 10)
    principal = re.compile(parameters["PortalPrincipal"]["AllowedPattern"])
    assert principal.fullmatch(PORTAL)
    for bad in "*", "111122223333", "arn:aws:iam::111122223333:root", "arn:aws:iam::1:role/x":
        assert not principal.fullmatch(bad)
    assert re.compile(parameters["ExternalId"]["AllowedPattern"]).fullmatch(EXTERNAL_ID)

"""describe.py ENDPOINT REGION KEY SECRET: a hundred jobs that stay where they are, then a wrk script that asks for all of
them in one DescribeJobs, signed by botocore. A signature is good for a quarter of an hour."""

import json
import sys

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials

endpoint, region, key, secret = sys.argv[1:]
batch = boto3.client("batch", endpoint_url=endpoint, region_name=region, aws_access_key_id=key, aws_secret_access_key=secret)
if not batch.describe_job_queues()["jobQueues"]:
    # moto begins with nothing.
    iam = boto3.client("iam", endpoint_url=endpoint, region_name=region, aws_access_key_id=key, aws_secret_access_key=secret)
    role = iam.create_role(RoleName="batch", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    made = batch.create_compute_environment(computeEnvironmentName="local", type="UNMANAGED", serviceRole=role)
    batch.create_job_queue(jobQueueName="local", state="ENABLED", priority=1, computeEnvironmentOrder=[
        {"order": 1, "computeEnvironment": made["computeEnvironmentArn"]}])
    batch.register_job_definition(jobDefinitionName="plain", type="container", containerProperties={
        "image": "x", "vcpus": 1, "memory": 64})
held = {"environment": [{"name": "BATCHPORT_SIMULATION", "value": "held"}]}
ids = [batch.submit_job(jobName=f"bench-{n}", jobQueue="local", jobDefinition="plain", containerOverrides=held)["jobId"]
       for n in range(100)]
assert len(batch.describe_jobs(jobs=ids)["jobs"]) == 100
request = botocore.awsrequest.AWSRequest(
    "POST", endpoint + "/v1/describejobs", headers={"Content-Type": "application/json"}, data=json.dumps({"jobs": ids}))
botocore.auth.SigV4Auth(botocore.credentials.Credentials(key, secret), "batch", region).add_auth(request)
print('wrk.method = "POST"')
for name, value in [*request.headers.items(), ("body", request.data)]:
    print(f"wrk.body = [[{value}]]" if name == "body" else f"wrk.headers[{json.dumps(name)}] = [[{value}]]")

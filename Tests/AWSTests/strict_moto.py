"""Starts moto (an imitation of AWS) on a free port of 127.0.0.1, with signatures and permissions checked.

Prints its URL once it answers, and runs until its standard input ends. What MotoTests expects in it: the user `tester`
who may do everything, the user `nobody` who may do nothing (their access keys under `/keys`), a role for the tester, a
bucket, a queue, a job definition, two logs, a stack.
"""
import json
import os
import sys
import threading
import time
import urllib.request

import boto3
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

REGION = "eu-central-1"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_):
        pass


def post(url, body):
    urllib.request.urlopen(urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})).read()


def fill(url):
    def client(service):
        return boto3.client(
            service, region_name=REGION, endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="b",
            config=Config(s3={"addressing_style": "path"}))

    iam, batch, logs = client("iam"), client("batch"), client("logs")
    for name in ("tester", "nobody"):
        iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        keys[name] = {"accessKeyID": key["AccessKeyId"], "secretAccessKey": key["SecretAccessKey"]}
    iam.put_user_policy(UserName="tester", PolicyName="everything", PolicyDocument=json.dumps(EVERYTHING))
    role = iam.create_role(RoleName="batch", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17"}))
    trust = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:user/tester"}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "the-external-id"}}}]}
    iam.create_role(RoleName="portal", AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName="portal", PolicyName="everything", PolicyDocument=json.dumps(EVERYTHING))
    client("s3").create_bucket(Bucket="moto-bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    environment = batch.create_compute_environment(
        computeEnvironmentName="environment", type="UNMANAGED", serviceRole=role["Role"]["Arn"])
    batch.create_job_queue(
        jobQueueName="queue", state="ENABLED", priority=1, computeEnvironmentOrder=[
            {"order": 1, "computeEnvironment": environment["computeEnvironmentArn"]}])
    for image in ("debian:11", "debian:12"):
        batch.register_job_definition(
            jobDefinitionName="definition", type="container", timeout={"attemptDurationSeconds": 3600},
            tags={"batchport:runner": "1"}, containerProperties={"image": image, "vcpus": 1, "memory": 512})
    client("cloudformation").create_stack(StackName="portal", TemplateBody=json.dumps({
        "Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "of-the-stack"}}},
        "Outputs": {"ioBucket": {"Value": {"Ref": "Bucket"}}, "prefix": {"Value": "batchport/"}}}))
    logs.create_log_group(logGroupName="/aws/batch/job")
    for number in (1, 2):
        name = f"definition/default/{number}"
        logs.create_log_stream(logGroupName="/aws/batch/job", logStreamName=name)
        events = [{"timestamp": int(time.time() * 1000) + n, "message": f"line {n} é"} for n in range(25)]
        logs.put_log_events(logGroupName="/aws/batch/job", logStreamName=name, logEvents=events)


def application(environment, start_response):
    if environment["PATH_INFO"] != "/keys":
        return moto(environment, start_response)
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(keys).encode()]


os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
keys = {}
moto = DomainDispatcherApplication(create_backend_app)
server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Handler)
url = f"http://127.0.0.1:{server.port}"
threading.Thread(target=server.serve_forever, daemon=True).start()
post(url + "/moto-api/config", json.dumps({"batch": {"use_docker": False}}))
fill(url)
post(url + "/moto-api/reset-auth", "0")
print(url, flush=True)
sys.stdin.read()
os._exit(0)

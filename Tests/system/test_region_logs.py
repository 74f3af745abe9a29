"""CloudWatch Logs of the local region, by boto3."""

import secrets
import time

import pytest

from model import judge
from region import region  # noqa: F401 (fixtures)
from region_requests import refused


@pytest.fixture(scope="module")
def logs(region):
    return judge(region.client("logs"), "logs")


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

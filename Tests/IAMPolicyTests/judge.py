"""Decisions of Principal Mapper (NCC Group), an evaluator of IAM policies that was checked against AWS's own simulator.

judge.py random SEED COUNT: cases made by chance, a JSON object a line, with its decision in "allowed".
judge.py table FILE: its decisions on the file's cases, a line each: true, false, or null where a case says in "unjudged"
what it sees differently."""

import collections
import collections.abc
import json
import random
import sys

# It was written for older Pythons.
for name in ("Mapping", "MutableMapping"):
    setattr(collections, name, getattr(collections.abc, name))

from principalmapper.common import Node, Policy
from principalmapper.querying.query_interface import local_check_authorization_full

ACCOUNT = "000000000000"
USER, ROLE = f"arn:aws:iam::{ACCOUNT}:user/first", f"arn:aws:iam::{ACCOUNT}:role/job"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/job/one"


def decide(case) -> bool:
    """It knows no sessions but those of a role as a whole, and one policy of each session."""
    arn = USER if case["principal"] == USER else ROLE
    trust = None if arn == USER else {}
    policies = [Policy(arn, f"p{i}", document) for i, document in enumerate(case["identity"])]
    node = Node(arn, "AIDAFIRST" if arn == USER else "AROAJOB", policies, [], trust, None, 0, False, False, None, False, {})
    context = {key: values[0] if len(values) == 1 else values for key, values in case["context"].items()}
    resource = case.get("resourcePolicy")
    return local_check_authorization_full(
        node, case["action"], case["resource"], context, resource, ACCOUNT if resource else None, None,
        case.get("session", [None])[0])


# By chance. Small alphabets, so that things meet.

ACTIONS = ["s3:getobject", "s3:putobject", "s3:listbucket", "batch:submitjob"]
RESOURCES = [f"arn:aws:s3:::{name}" for name in ("a", "b", "a/x", "a/xy", "a/x/y", "b/x")]
CONTEXT = {
    "s3:prefix": ["", "x", "x/y", "team/x", "TEAM/x"], "aws:sourceip": ["10.0.0.1", "10.0.1.7", "2001:db8::5"],
    "aws:securetransport": ["true", "false"], "s3:max-keys": ["0", "7", "10", "11", "7.5"],
    "aws:currenttime": ["2026-11-25T10:00:00Z", "2026-11-25T10:00:01Z", "2027-01-01T00:00:00Z"],
    "aws:principalarn": [USER, ROLE], "aws:tagkeys": ["a", "b", "c"],
}
OPERATORS = {
    "s3:prefix": ["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase",
                  "StringLike", "StringEqualsIfExists", "StringLikeIfExists"],
    "aws:sourceip": ["IpAddress", "NotIpAddress"], "aws:securetransport": ["Bool"],
    "s3:max-keys": ["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals",
                    "NumericGreaterThan", "NumericGreaterThanEquals"],
    "aws:currenttime": ["DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan",
                        "DateGreaterThanEquals"],
    "aws:principalarn": ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
    "aws:tagkeys": ["ForAnyValue:StringEquals", "ForAllValues:StringEquals", "ForAllValues:StringLike"],
}
VALUES = {
    "s3:prefix": ["x", "x/*", "*", "team/?", "team/*", "x/y"],
    "aws:sourceip": ["10.0.0.0/24", "10.0.0.0/8", "10.0.1.7/32", "2001:db8::/32"],
    "aws:securetransport": ["true", "false"], "s3:max-keys": ["7", "10", "7.5"],
    "aws:currenttime": ["2026-11-25T10:00:00Z", "2026-12-01T00:00:00Z"],
    "aws:principalarn": [USER, ROLE, f"arn:aws:iam::{ACCOUNT}:user/*", "arn:aws:iam::*:role/job"],
    "aws:tagkeys": ["a", "b", "*"],
}


def some(chance, items, most):
    picked = chance.sample(items, chance.randint(1, min(most, len(items))))
    return picked[0] if len(picked) == 1 and chance.random() < 0.5 else picked


def condition(chance):
    made = {}
    for key in chance.sample(list(CONTEXT), chance.choice([0, 0, 1, 1, 2])):
        if chance.random() < 0.1:
            made.setdefault("Null", {})[key] = chance.choice(["true", "false"])
        else:
            operator = chance.choice(OPERATORS[key])
            single = operator.startswith("Date")
            made.setdefault(operator, {})[key] = chance.choice(VALUES[key]) if single else some(chance, VALUES[key], 2)
    return made


def statement(chance, principals=None):
    made = {"Effect": "Deny" if chance.random() < 0.25 else "Allow"}
    if principals:
        made["Principal"] = chance.choice(principals)
    actions = ACTIONS + ["s3:*", "S3:Get*", "*", "s3:?utObject"]
    made["NotAction" if chance.random() < 0.15 else "Action"] = some(chance, actions, 2)
    resources = RESOURCES + ["*", "arn:aws:s3:::a/*", "arn:aws:s3:::?", "arn:aws:s3:::*/x", "arn:aws:s3:::a/${s3:max-keys}"]
    made["NotResource" if chance.random() < 0.15 else "Resource"] = some(chance, resources, 3)
    if conditions := condition(chance):
        made["Condition"] = conditions
    return made


def document(chance, principals=None):
    statements = [statement(chance, principals) for _ in range(chance.randint(1, 3))]
    return {"Version": "2012-10-17", "Statement": statements[0] if len(statements) == 1 else statements}


def made(chance):
    session = chance.random() < 0.4
    case = {
        "principal": SESSION if session else USER, "action": chance.choice(ACTIONS), "resource": chance.choice(RESOURCES),
        "identity": [document(chance) for _ in range(chance.randint(0, 2))], "context": {},
    }
    if session and chance.random() < 0.6:
        case["session"] = [document(chance)]
    # A bucket's grant to a role is limited by the session's policies, which this judge does not know.
    elif chance.random() < 0.4:
        names = ["*", {"AWS": ACCOUNT}, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, {"AWS": [USER, ROLE]}, {"AWS": ROLE}]
        case["resourcePolicy"] = document(chance, names)
    # These it makes up where they are absent.
    always = ["aws:currenttime", "aws:principalarn", "aws:securetransport"]
    for key in always + chance.sample([key for key in CONTEXT if key not in always], chance.randint(0, 4)):
        many = key == "aws:tagkeys"
        case["context"][key] = chance.sample(CONTEXT[key], 2 if many else 1)
    return case


if sys.argv[1] == "random":
    chance = random.Random(int(sys.argv[2]))
    for _ in range(int(sys.argv[3])):
        case = made(chance)
        print(json.dumps(case | {"allowed": decide(case)}))
else:
    with open(sys.argv[2], encoding="utf-8") as file:
        for case in json.load(file):
            print(json.dumps(None if "unjudged" in case else decide(case)))

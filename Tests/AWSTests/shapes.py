"""What botocore's models say against a request as it was sent: input members that they do not know, that are missing, or
that break a constraint. `operation` finds out which operation a request is."""
import json
import re
import urllib.parse
import xml.etree.ElementTree

import botocore.model
import botocore.session

SESSION = botocore.session.get_session()
S3 = "{http://s3.amazonaws.com/doc/2006-03-01/}"
# Every request of S3's may have these.
COMMON = {"x-amz-date", "x-amz-content-sha256", "x-amz-security-token"}


def scalar(shape, value, path):
    kinds = {"string": str, "integer": int, "long": int, "boolean": bool, "timestamp": (int, str)}
    if not isinstance(value, kinds.get(shape.type_name, object)) or isinstance(value, bool) != (shape.type_name == "boolean"):
        return [f"{path}: {value!r} is no {shape.type_name}"]
    found, limits = [], shape.metadata
    size = len(value) if isinstance(value, str) else value
    if size < limits.get("min", size) or size > limits.get("max", size):
        found.append(f"{path}: {value!r} is not from {limits.get('min')} to {limits.get('max')}")
    if isinstance(value, str):
        if limits.get("enum") and value not in limits["enum"]:
            found.append(f"{path}: {value!r} is none of {limits['enum']}")
        if limits.get("pattern") and not re.fullmatch(limits["pattern"], value):
            found.append(f"{path}: {value!r} is not {limits['pattern']}")
    return found


def document(shape, value, path=""):
    """Of a body in JSON."""
    if isinstance(shape, botocore.model.StructureShape):
        if not isinstance(value, dict):
            return [f"{path}: not an object"]
        names = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        return [f"{path}.{name}: missing" for name in shape.required_members if name not in value] + [
            f"{path}.{name}: unknown" for name in value if name not in names] + [
            fault for name in value if name in names for fault in document(names[name], value[name], f"{path}.{name}")]
    if isinstance(shape, botocore.model.ListShape):
        if not isinstance(value, list):
            return [f"{path}: not a list"]
        return sized(shape, value, path) + [
            fault for i, item in enumerate(value) for fault in document(shape.member, item, f"{path}[{i}]")]
    if isinstance(shape, botocore.model.MapShape):
        return sized(shape, value, path) + [
            fault for name, item in value.items()
            for fault in scalar(shape.key, name, path) + document(shape.value, item, f"{path}.{name}")]
    return scalar(shape, value, path)


def sized(shape, value, path):
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", len(value))
    return [] if least <= len(value) <= most else [f"{path}: {len(value)} of them"]


def element(shape, node, path):
    """Of a body in XML."""
    if not isinstance(shape, botocore.model.StructureShape):
        return scalar(shape, int(node.text) if shape.type_name == "integer" else (node.text or "") == "true"
                      if shape.type_name == "boolean" else node.text or "", path)
    found, seen = [], set()
    names = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
    for child in node:
        name = child.tag.removeprefix(S3)
        if child.tag == name or name not in names:
            found.append(f"{path}.{child.tag}: unknown")
            continue
        given, member = names[name]
        seen.add(given)
        inner = member.member if isinstance(member, botocore.model.ListShape) else member
        found += element(inner, child, f"{path}.{name}")
    return found + [f"{path}.{name}: missing" for name in shape.required_members if name not in seen]


class Request:
    def __init__(self, case):
        parts = urllib.parse.urlsplit(case["url"])
        self.method, self.path = case["method"], parts.path
        self.query = urllib.parse.parse_qs(parts.query, keep_blank_values=True)
        self.headers = {name.lower(): value for name, value in case["headers"]}
        self.body = bytes.fromhex(case["body"])
        self.service = case["service"]


def of_s3(request):
    """S3's operation: the one of this method and level that asks for most of what is there."""
    has_key = request.path.count("/") > 1 and request.path.split("/", 2)[2] != ""
    best = None
    model = SESSION.get_service_model("s3")
    for name in model.operation_names:
        operation = model.operation_model(name)
        uri, _, literal = operation.http["requestUri"].partition("?")
        wanted = {part.partition("=")[0] for part in literal.split("&") if part}
        shape = operation.input_shape
        if operation.http["method"] != request.method or ("{Key+}" in uri) != has_key or shape is None:
            continue
        for member in shape.required_members:
            place = shape.members[member].serialization
            if place.get("location") == "querystring":
                wanted.add(place["name"])
            elif place.get("location") == "header" and place["name"].lower() not in request.headers:
                wanted.add("a header that is not there")
        if wanted <= set(request.query) and (best is None or len(wanted) > best[0]):
            best = (len(wanted), operation, {part.partition("=")[0] for part in literal.split("&") if part})
    return best[1], best[2]


def s3_faults(request, operation, literal):
    shape, found, names, headers, prefixes = operation.input_shape, [], set(literal), set(COMMON), []
    for name, member in shape.members.items():
        place, own = member.serialization.get("location"), member.serialization.get("name", name)
        if place == "querystring":
            names.add(own)
            for value in request.query.get(own, []):
                found += scalar(member, int(value) if member.type_name == "integer" else value, name)
        elif place == "header":
            headers.add(own.lower())
        elif place == "headers":
            prefixes.append(own.lower())
    found += [f"query {name}: unknown" for name in request.query if name not in names]
    found += [f"header {name}: unknown" for name in request.headers if name.startswith("x-amz-")
              and name not in headers and not any(name.startswith(start) for start in prefixes)]
    payload = shape.serialization.get("payload")
    if payload and isinstance(shape.members[payload], botocore.model.StructureShape):
        root = xml.etree.ElementTree.fromstring(request.body)
        wanted = shape.members[payload].serialization.get("name", payload)
        if root.tag != S3 + wanted:
            found.append(f"{root.tag} is not {wanted}")
        found += element(shape.members[payload], root, "")
    elif not payload and request.body:
        found.append("a body")
    if operation.http_checksum.get("requestChecksumRequired") and "content-md5" not in request.headers and not any(
            name.startswith("x-amz-checksum-") for name in request.headers):
        found.append("no digest")
    return found


def judged(case):
    """The operation's name, and what its model has against the request."""
    request = Request(case)
    model = SESSION.get_service_model(request.service)
    protocol = model.metadata["protocol"]
    if request.service == "s3":
        operation, literal = of_s3(request)
        return operation.name, s3_faults(request, operation, literal)
    if protocol == "query":
        form = urllib.parse.parse_qs(request.body.decode(), keep_blank_values=True, strict_parsing=True)
        operation = model.operation_model(form.pop("Action")[0])
        found = [] if form.pop("Version") == [model.api_version] else ["another version"]
        values = {name: value[0] for name, value in form.items()}
        return operation.name, found + (document(operation.input_shape, values) if operation.input_shape else [
            f"{name}: unknown" for name in values])
    if protocol == "json":
        prefix, _, name = request.headers["x-amz-target"].partition(".")
        found = [] if prefix == model.metadata["targetPrefix"] else [f"target {prefix}"]
        if request.headers["content-type"] != "application/x-amz-json-" + model.metadata["jsonVersion"]:
            found.append(request.headers["content-type"])
        return name, found + document(model.operation_model(name).input_shape, json.loads(request.body))
    for name in model.operation_names:
        operation = model.operation_model(name)
        if (operation.http["method"], operation.http["requestUri"]) == (request.method, request.path):
            return name, document(operation.input_shape, json.loads(request.body))
    return "unknown", [f"no operation has {request.method} {request.path}"]

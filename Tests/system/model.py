"""Answers judged by botocore's own models: what it does not know, what is missing, and what has another type."""

import json
import xml.etree.ElementTree

import botocore.model
import botocore.session
import botocore.utils

SESSION = botocore.session.get_session()


def faults(shape, value, path="") -> list[str]:
    """Everything about a JSON answer that the output shape does not allow."""
    if value is None:
        return [f"{path}: null"]
    if isinstance(shape, botocore.model.StructureShape):
        return structure(shape, value, path)
    if isinstance(shape, botocore.model.ListShape):
        if not isinstance(value, list):
            return [f"{path}: not a list"]
        return [fault for i, item in enumerate(value) for fault in faults(shape.member, item, f"{path}[{i}]")]
    if isinstance(shape, botocore.model.MapShape):
        return [fault for name, item in value.items() for fault in faults(shape.value, item, f"{path}.{name}")]
    wanted = {"string": str, "integer": int, "long": int, "boolean": bool, "double": (int, float), "float": (int, float)}
    kind = wanted[shape.type_name]
    if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
        return [f"{path}: {value!r} is no {shape.type_name}"]
    allowed = getattr(shape, "enum", None)
    if allowed and value not in allowed:
        return [f"{path}: {value!r} is none of {allowed}"]
    return []


def structure(shape, value, path) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: not an object"]
    names = {member.serialization.get("name", name): member for name, member in shape.members.items()}
    # Before a job runs there is no time of its start, whatever the model says.
    missing = [f"{path}.{name}: missing" for name in shape.required_members if name not in value and name != "startedAt"]
    unknown = [f"{path}.{name}: unknown" for name in value if name not in names]
    return missing + unknown + [
        fault for name, member in names.items() if name in value for fault in faults(member, value[name], f"{path}.{name}")]


S3 = "{http://s3.amazonaws.com/doc/2006-03-01/}"
# What S3 says of every answer, whatever the operation.
COMMON = {"x-amz-request-id", "x-amz-id-2"}


def scalar_faults(shape, text: str, path: str) -> list[str]:
    """About a text that stands for a value, in a header or an element."""
    try:
        if shape.type_name in ("integer", "long"):
            int(text)
        elif shape.type_name == "boolean":
            ["true", "false"].index(text)
        elif shape.type_name == "timestamp":
            botocore.utils.parse_timestamp(text)
    except ValueError:
        return [f"{path}: {text!r} is no {shape.type_name}"]
    allowed = getattr(shape, "enum", None)
    return [f"{path}: {text!r} is none of {allowed}"] if allowed and text not in allowed else []


def element_faults(shape, element, path: str) -> list[str]:
    """Everything about an element of S3's that the output shape does not allow."""
    if not isinstance(shape, botocore.model.StructureShape):
        return scalar_faults(shape, element.text or "", path)
    members = {}
    for name, member in shape.members.items():
        if "location" not in member.serialization and not member.serialization.get("xmlAttribute"):
            is_flat = isinstance(member, botocore.model.ListShape) and member.serialization.get("flattened")
            names = member.serialization.get("name", name)
            members[member.member.serialization.get("name", names) if is_flat else names] = (name, member)
    found, seen = [], set()
    for child in element:
        name = child.tag.removeprefix(S3)
        if child.tag == name or name not in members:
            found.append(f"{path}.{child.tag}: unknown")
            continue
        given, member = members[name]
        is_list = isinstance(member, botocore.model.ListShape)
        if given in seen and not (is_list and member.serialization.get("flattened")):
            found.append(f"{path}.{name}: twice")
        seen.add(given)
        inner = [child] if not is_list or member.serialization.get("flattened") else list(child)
        for item in inner:
            found += element_faults(member.member if is_list else member, item, f"{path}.{name}")
    return found + [f"{path}.{name}: missing" for name in shape.required_members
                    if name not in seen and "location" not in shape.members[name].serialization]


def s3_faults(shape, answer) -> list[str]:
    """About an answer of S3's: headers, and the document where there is one."""
    found, known, patterns = [], set(COMMON), []
    for name, member in shape.members.items():
        place = member.serialization.get("location")
        if place == "header":
            known.add(member.serialization["name"].lower())
            text = answer.headers.get(member.serialization["name"])
            if text is not None:
                found += scalar_faults(member, text, name)
        elif place == "headers":
            patterns.append(member.serialization["name"].lower())
    for name in answer.headers:
        if name.lower().startswith("x-amz-") and name.lower() not in known and not any(
                name.lower().startswith(start) for start in patterns):
            found.append(f"header {name}: unknown")
    payload = shape.serialization.get("payload")
    if payload and not isinstance(shape.members[payload], botocore.model.StructureShape):
        return found
    inner = shape.members[payload] if payload else shape
    if any("location" not in member.serialization for member in inner.members.values()):
        found += element_faults(inner, xml.etree.ElementTree.fromstring(answer.content), "")
    return found


def judge(client, service: str):
    """Every JSON answer, and every one of S3's, that the client gets is checked against the output shape from now on."""
    model = SESSION.get_service_model(service)

    def check(http_response, parsed, model, **_):
        if http_response.status_code >= 300 or model.output_shape is None:
            return
        if service == "s3":
            # Its root element is the value itself.
            found = s3_faults(model.output_shape, http_response) if model.name != "GetBucketLocation" else []
        else:
            found = faults(model.output_shape, json.loads(http_response.content)) if http_response.content else []
        assert not found, f"{model.name}: {found}"

    for operation in model.operation_names:
        client.meta.events.register(f"after-call.{service}.{operation}", check)
    return client

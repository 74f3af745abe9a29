"""Answers judged by botocore's own models: what it does not know, what is missing, and what has another type."""

import botocore.model
import botocore.session

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


def judge(client, service: str):
    """Every JSON answer that the client gets is checked against the output shape from now on."""
    model = SESSION.get_service_model(service)

    def check(http_response, parsed, model, **_):
        import json

        if http_response.status_code == 200 and model.output_shape is not None and http_response.content:
            found = faults(model.output_shape, json.loads(http_response.content))
            assert not found, f"{model.name}: {found}"

    for operation in model.operation_names:
        client.meta.events.register(f"after-call.{service}.{operation}", check)
    return client

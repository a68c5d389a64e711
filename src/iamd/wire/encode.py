"""An operation's output, or an error, to the document a client reads; writers are built once per operation.

AWS answers XML, and JSON to a client that sends ``Accept: application/json``.
https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#response-serialization
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, TypeAlias

import msgspec

from iamd.errors import InvalidAction, MissingAction, ServiceError
from iamd.wire import scalars
from iamd.wire.models import OperationModel, Reference, ServiceModel, Shape

Writer: TypeAlias = Callable[[Any], str]
JsonWriter: TypeAlias = Callable[[Any], Any]

# The namespace of errors that no service answers, because the request names none of its operations.
_FAULT: Final = "http://webservices.amazon.com/AWSFault/2005-15-09"

# Members of this shape are policies: an operation hands them over as they are, the wire carries them URL-encoded.
_POLICY: Final = ("iam", "policyDocumentType")

_SCALARS: Final[dict[str, Writer]] = {
    "string": scalars.write_string,
    "character": scalars.write_string,
    "integer": str,
    "long": str,
    "float": str,
    "double": str,
    "boolean": scalars.write_boolean,
    "timestamp": scalars.write_timestamp,
    "blob": scalars.write_blob,
}


def encode_output(operation: OperationModel, output: Mapping[str, Any], request_id: str, json: bool = False) -> bytes:
    """The answer to an operation. Times are epoch seconds; members that the model does not know are left out.

    An operation without output has no Result element.
    """
    name, service = operation.name, operation.service
    if json:
        answer: dict[str, Any] = {}
        if operation.output_name:
            answer[f"{name}Result"] = _json_writer(service, operation.output_name)(output)
        answer["ResponseMetadata"] = {"RequestId": request_id}
        return msgspec.json.encode({f"{name}Response": answer})
    result = ""
    if operation.output_name:
        result = f"<{name}Result>{_xml_writer(service, operation.output_name)(output)}</{name}Result>"
    return (
        f'<{name}Response xmlns="{service.xml_namespace}">{result}'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>"
    ).encode()


def encode_json(operation: OperationModel, output: Mapping[str, Any]) -> bytes:
    """The members of an operation's output alone, as the JSON protocol answers them."""
    return (
        msgspec.json.encode(_json_writer(operation.service, operation.output_name)(output))
        if operation.output_name
        else b"{}"
    )


def encode_error(service: ServiceModel | None, error: ServiceError, request_id: str, json: bool = False) -> bytes:
    """The document that tells an error; ``service`` is None while it is not known which one the client meant.

    https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
    """
    parts = {"Type": error.fault, "Code": error.code}
    if error.message is not None:
        parts["Message"] = error.message
    if json:
        return msgspec.json.encode({"Error": parts, "RequestId": request_id})
    dispatched = service is not None and not isinstance(error, InvalidAction | MissingAction)
    namespace = service.xml_namespace if service and dispatched else _FAULT
    told = "".join(f"<{name}>{scalars.write_string(text)}</{name}>" for name, text in parts.items())
    return (
        f'<ErrorResponse xmlns="{namespace}"><Error>{told}</Error><RequestId>{request_id}</RequestId></ErrorResponse>'
    ).encode()


# XML ------------------------------------------------------------------------------------------------------------------


@cache
def _xml_writer(service: ServiceModel, name: str) -> Writer:
    """What writes the content of an element that holds a value of the shape."""
    shape = service.shapes[name]
    if (service.name, name) == _POLICY:
        return scalars.write_policy_document
    if shape.type == "structure":
        return _structure_writer(service, shape)
    if shape.type == "list" and shape.member:
        return _list_writer(service, shape.member)
    if shape.type == "map" and shape.key and shape.value:
        return _map_writer(service, shape.key, shape.value)
    return _SCALARS[shape.type]


def _structure_writer(service: ServiceModel, shape: Shape) -> Writer:
    members = []
    for name, reference in shape.members.items():
        element = reference.location_name or name
        members.append((name, f"<{element}>", _xml_writer(service, reference.shape), f"</{element}>"))

    def write(values: Mapping[str, Any]) -> str:
        parts: list[str] = []
        for name, start, write_member, end in members:
            value = values.get(name)
            if value is not None:
                parts += (start, write_member(value), end)
        return "".join(parts)

    return write


def _list_writer(service: ServiceModel, member: Reference) -> Writer:
    write_element = _xml_writer(service, member.shape)
    name = member.location_name or "member"
    start, between, end = f"<{name}>", f"</{name}><{name}>", f"</{name}>"

    def write(values: list[Any]) -> str:
        # An empty list is an empty element, not an absent one.
        return f"{start}{between.join([write_element(value) for value in values])}{end}" if values else ""

    return write


def _map_writer(service: ServiceModel, key: Reference, value: Reference) -> Writer:
    write_key = _xml_writer(service, key.shape)
    write_value = _xml_writer(service, value.shape)
    key_name, value_name = key.location_name or "key", value.location_name or "value"

    def write(values: Mapping[str, Any]) -> str:
        return "".join(
            f"<entry><{key_name}>{write_key(k)}</{key_name}><{value_name}>{write_value(v)}</{value_name}></entry>"
            for k, v in values.items()
        )

    return write


# JSON -----------------------------------------------------------------------------------------------------------------


@cache
def _json_writer(service: ServiceModel, name: str) -> JsonWriter:
    """What makes a value of the shape one that JSON can hold; times stay numbers."""
    shape = service.shapes[name]
    if (service.name, name) == _POLICY:
        return scalars.write_policy_document
    if shape.type == "blob":
        return scalars.write_blob
    if shape.type == "structure":
        members = {member: _json_writer(service, reference.shape) for member, reference in shape.members.items()}
        return lambda values: {
            member: write(values[member]) for member, write in members.items() if values.get(member) is not None
        }
    if shape.type == "list" and shape.member:
        write_element = _json_writer(service, shape.member.shape)
        return lambda values: [write_element(value) for value in values]
    if shape.type == "map" and shape.value:
        write_value = _json_writer(service, shape.value.shape)
        return lambda values: {key: write_value(value) for key, value in values.items()}
    return lambda value: value

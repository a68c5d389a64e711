"""Parameters to an operation's input, by the shape of the input: decoders are built once per operation.

``Tags.member.1.Key`` is the member ``Key`` of the first element of the list ``Tags``;
https://smithy.io/2.0/aws/protocols/aws-query-protocol.html. Unknown members are ignored, as AWS does. List indexes
order the elements and need not be contiguous; nothing is allocated by an index, so the work is bounded by the size of
the request.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, TypeAlias

from iamd.errors import MalformedInput
from iamd.wire import scalars
from iamd.wire.constraints import verify_constraints
from iamd.wire.models import OperationModel, Reference, ServiceModel, Shape

Fields: TypeAlias = Mapping[str, str]  # names relative to the value being decoded; "" is the value itself
TextDecoder: TypeAlias = Callable[[str], Any]
Decoder: TypeAlias = Callable[[Fields], Any]

_SCALARS: Final[dict[str, TextDecoder]] = {
    "string": str,
    "character": str,
    "integer": scalars.read_integer,
    "long": scalars.read_long,
    "float": scalars.read_decimal,
    "double": scalars.read_decimal,
    "boolean": scalars.read_boolean,
    "timestamp": scalars.read_timestamp,
    "blob": scalars.read_blob,
}
_INDEX: Final = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


def decode_input(operation: OperationModel, parameters: Mapping[str, str]) -> dict[str, Any]:
    """The input of an operation: member name → str, int, bool, bytes, list or dict; absent members are absent.

    Raises MalformedInput for what cannot be a value of the member's type, ValidationError naming every constraint of
    the model that the input violates.
    """
    if operation.input_name is None:
        return {}
    input: dict[str, Any] = _input_decoder(operation)(parameters)
    verify_constraints(operation, input)
    return input


@cache
def _input_decoder(operation: OperationModel) -> Decoder:
    assert operation.input is not None
    return _structure(operation.service, operation.input, "")


def _structure(service: ServiceModel, shape: Shape, path: str) -> Decoder:
    members = {
        reference.location_name or name: (
            name,
            *_member(service, reference, f"{path}{reference.location_name or name}"),
        )
        for name, reference in shape.members.items()
    }

    def decode(fields: Fields) -> dict[str, Any]:
        values: dict[str, Any] = {}
        nested: dict[str, dict[str, str]] = {}
        for wire_name, text in fields.items():
            head, dot, rest = wire_name.partition(".")
            member = members.get(head)
            if member is None:
                continue
            name, decode_text, _ = member
            if decode_text is None:
                nested.setdefault(head, {})[rest] = text
            elif not dot:
                values[name] = decode_text(text)
            else:
                raise MalformedInput(f"The parameter {path}{head} is a single value and has no members.")
        for head, inner in nested.items():
            name, _, decode_fields = members[head]
            values[name] = decode_fields(inner)
        return values

    return decode


def _list(service: ServiceModel, shape: Shape, path: str) -> Decoder:
    assert shape.member is not None
    prefix = "" if shape.flattened else f"{shape.member.location_name or 'member'}."
    element = f"{path}.{prefix}N"
    decode_text, decode_fields = _member(service, shape.member, element)

    def decode_scalars(fields: Fields) -> list[Any]:
        elements: dict[int, Any] = {}
        for name, text in fields.items():
            index, dot, _ = _split_index(name, prefix, element)
            if dot or decode_text is None:
                raise MalformedInput(f"The parameter {element} is a single value and has no members.")
            elements[index] = decode_text(text)
        return [elements[index] for index in sorted(elements)]

    def decode(fields: Fields) -> list[Any]:
        elements: dict[int, dict[str, str]] = {}
        for name, text in fields.items():
            index, _, rest = _split_index(name, prefix, element)
            elements.setdefault(index, {})[rest] = text
        return [decode_fields(elements[index]) for index in sorted(elements)]

    return decode_scalars if decode_text else decode


def _map(service: ServiceModel, shape: Shape, path: str) -> Decoder:
    assert shape.key is not None
    assert shape.value is not None
    prefix = "" if shape.flattened else "entry."
    entry = f"{path}.{prefix}N"
    # An entry is decoded as the structure of its key and its value.
    pair = Shape(type="structure", members={"key": shape.key, "value": shape.value})
    decode_pair = _structure(service, pair, f"{entry}.")

    def decode(fields: Fields) -> dict[str, Any]:
        entries: dict[int, dict[str, str]] = {}
        for name, text in fields.items():
            index, _, rest = _split_index(name, prefix, entry)
            entries.setdefault(index, {})[rest] = text
        values: dict[str, Any] = {}
        for index in sorted(entries):
            decoded = decode_pair(entries[index])
            if len(decoded) < 2 or decoded["key"] in values:
                raise MalformedInput(f"The parameter {entry} must have a key of its own and a value.")
            values[decoded["key"]] = decoded["value"]
        return values

    return decode


_AGGREGATES: Final = {"structure": _structure, "list": _list, "map": _map}


def _member(service: ServiceModel, reference: Reference, path: str) -> tuple[TextDecoder | None, Decoder]:
    """How to decode a value: from the text of one parameter, or else (None and) from the fields of several."""
    shape = service.shapes[reference.shape]
    if decode_text := _SCALARS.get(shape.type):
        return decode_text, lambda fields: None
    decode = _AGGREGATES[shape.type](service, shape, f"{path}." if shape.type == "structure" else path)

    def decode_unless_empty(fields: Fields) -> Any:
        # Clients send an empty list as its bare name with an empty value.
        if "" in fields:
            if len(fields) > 1 or fields[""]:
                raise MalformedInput(f"The parameter {path} is a {shape.type} and cannot have a value of its own.")
            return [] if shape.type == "list" else {}
        return decode(fields)

    return None, decode_unless_empty


def _split_index(name: str, prefix: str, element: str) -> tuple[int, str, str]:
    """``member.2.Key`` → 2, ".", "Key"."""
    if name.startswith(prefix):
        index, dot, rest = name[len(prefix) :].partition(".")
        if _INDEX.fullmatch(index):
            return int(index), dot, rest
    raise MalformedInput(f"The parameter {element} must have a number from 1 in the place of N.")

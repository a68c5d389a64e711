"""The generated messages of etcd's interface are those that ``etcd_api.proto`` names."""

import re
from pathlib import Path
from typing import Any

from iamd.store import etcd_api_pb2

PROTO = Path(etcd_api_pb2.__file__).with_name("etcd_api.proto")
MESSAGE = re.compile(r"^message (\w+) \{(\}|.*?^\})", re.MULTILINE | re.DOTALL)
NUMBERED = re.compile(r"(\w+) = (\d+)[;\s]")


def numbers(message: Any) -> set[tuple[str, str]]:
    """The names of a message with their numbers: of its fields, its enumerations and the messages in it."""
    own = [*message.fields, *(value for enumeration in message.enum_types for value in enumeration.values)]
    return {(each.name, str(each.number)) for each in own}.union(*map(numbers, message.nested_types))


def test_the_messages_are_generated_from_the_proto_as_it_is() -> None:
    written = {name: set(NUMBERED.findall(body)) for name, body in MESSAGE.findall(PROTO.read_text())}
    generated = {name: numbers(each) for name, each in etcd_api_pb2.DESCRIPTOR.message_types_by_name.items()}
    assert len(written) > 20
    assert written == generated, "run `make protos` and commit what it writes"

"""AWS's JSON protocol: the header ``X-Amz-Target`` names the operation, the body is its input.

https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec

from iamd.errors import InvalidAction, MalformedInput, ServiceError
from iamd.wire.constraints import verify_constraints
from iamd.wire.encode import encode_json as encode_output
from iamd.wire.models import JSON_API_VERSIONS, OperationModel, ServiceModel, Shape, load_service
from iamd.wire.parameters import MAX_PARAMETERS

__all__ = ["CONTENT_TYPE", "decode_input", "encode_error", "encode_output", "find_operation", "status_of"]

CONTENT_TYPE: Final = b"application/x-amz-json-1.1"
MAX_BODY_BYTES: Final = 1_000_000  # of input, decoded before anybody is known to have sent it

# The codes of what every service answers: JSON services have others than Query services.
# https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/CommonErrors.html
_CODES: Final = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "IncompleteSignature": "IncompleteSignatureException",
    "InvalidAction": "UnknownOperationException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "MalformedInput": "SerializationException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "RequestExpired": "InvalidSignatureException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "ValidationError": "ValidationException",
}
_JSON_TYPES: Final = {str: "STRING_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE", bool: "BOOLEAN_VALUE"}
_NAMES: Final = {"string": "String", "integer": "Integer", "long": "Long", "double": "Double", "boolean": "Boolean"}


def find_operation(target: str) -> OperationModel:
    """The operation that ``X-Amz-Target`` names, e.g. ``ServiceQuotasV20190624.ListServices``. Raises InvalidAction."""
    prefix, _, name = target.rpartition(".")
    service = _services().get(prefix)
    operation = service.operations.get(name) if service else None
    if operation is None:
        raise InvalidAction
    return operation


@cache
def _services() -> Mapping[str, ServiceModel]:
    return {service.target_prefix: service for service in map(load_service, JSON_API_VERSIONS)}


def decode_input(operation: OperationModel, body: bytes) -> dict[str, Any]:
    """The input of an operation: member name → str, int, float, bool, bytes, list or dict; absent members are absent.

    Unknown members are ignored. Raises MalformedInput for what is not JSON or not of the member's type,
    ValidationError naming every constraint of the model that the input violates.
    """
    if len(body) > MAX_BODY_BYTES:
        raise MalformedInput(f"A request must not be longer than {MAX_BODY_BYTES} bytes.")
    if body.count(b",") >= MAX_PARAMETERS:  # as many members and elements; no value that is valid has commas
        raise MalformedInput(f"A request must not contain more than {MAX_PARAMETERS} parameters.")
    try:
        value = msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MalformedInput("The request is not JSON.") from None
    if operation.input is None:
        return {}
    input: dict[str, Any] = _decode(operation.service, operation.input, value)
    verify_constraints(operation, input)
    return input


def _decode(service: ServiceModel, shape: Shape, value: Any) -> Any:
    if isinstance(value, dict) and shape.type in ("structure", "map"):
        if shape.type == "structure":
            members = ((name, service.shapes[reference.shape]) for name, reference in shape.members.items())
            return {
                name: _decode(service, member, value[name]) for name, member in members if value.get(name) is not None
            }
        assert shape.value is not None
        inner = service.shapes[shape.value.shape]
        return {key: _decode(service, inner, item) for key, item in value.items()}
    if isinstance(value, list) and shape.type == "list":
        assert shape.member is not None
        inner = service.shapes[shape.member.shape]
        return [_decode(service, inner, item) for item in value]
    return _decode_scalar(shape, value)


def _decode_scalar(shape: Shape, value: Any) -> Any:
    kind = type(value)
    if shape.type == "string" and kind is str:
        return value
    if shape.type == "boolean" and kind is bool:
        return value
    if shape.type in ("integer", "long") and kind is int:
        return value
    if shape.type in ("double", "float", "timestamp") and kind in (int, float):
        try:
            return float(value)
        except OverflowError:
            raise MalformedInput("NUMBER_VALUE can not be converted to Double") from None
    if shape.type == "blob" and kind is str:
        try:
            return b64decode(value, validate=True)
        except (Base64Error, ValueError):
            raise MalformedInput("STRING_VALUE can not be converted to a Blob") from None
    if kind is dict:
        raise MalformedInput("Start of structure or map found where not expected.")
    if kind is list:
        raise MalformedInput("Start of list found where not expected.")
    found, wanted = _JSON_TYPES.get(kind, "NULL_VALUE"), _NAMES.get(shape.type, shape.type)
    raise MalformedInput(f"{found} can not be converted to {wanted}")


def encode_error(service: ServiceModel | None, error: ServiceError) -> bytes:
    """The document that tells an error; ``service`` is None while it is not known which one the client meant."""
    code = _CODES.get(error.code, error.code)
    told = {"__type": code}
    if error.message is not None:
        declared = service.shapes.get(code) if service else None
        told["Message" if declared and "Message" in declared.members else "message"] = error.message
    return msgspec.json.encode(told)


def status_of(error: ServiceError) -> int:
    """The HTTP status of an error: JSON services answer 400 whatever the client did wrong, but for size."""
    return error.status if error.status >= 500 or error.status == 413 else 400

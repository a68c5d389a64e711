"""Which protocol a request speaks, and how to read it and answer in it."""

from typing import Any, Final, Protocol

from iamd.errors import ServiceError
from iamd.wire import json_rpc, query
from iamd.wire.http import HttpRequest
from iamd.wire.models import OperationModel, ServiceModel
from iamd.wire.parameters import Parameters

TARGET: Final = b"x-amz-target"


class WireProtocol(Protocol):
    """How one request is read and answered."""

    content_type: bytes  # of the answer

    def find_operation(self, parameters: Parameters) -> OperationModel:
        """The operation that the request names. Raises MissingAction, InvalidAction."""

    def decode_input(self, operation: OperationModel, parameters: Parameters) -> dict[str, Any]:
        """The operation's input. Raises MalformedInput, ValidationError."""

    def encode_output(self, operation: OperationModel, output: dict[str, Any], request_id: str) -> bytes:
        """The document that answers."""

    def encode_error(self, service: ServiceModel | None, error: ServiceError, request_id: str) -> bytes:
        """The document that refuses; ``service`` is None while it is not known."""

    def status_of(self, error: ServiceError) -> int:
        """The HTTP status that goes with it."""


def protocol_of(request: HttpRequest) -> WireProtocol:
    """JSON for a POST with a target, Query for all else."""
    accept: bytes | None = None
    for name, value in request.headers:
        if name == b"accept" and accept is None:
            accept = value
        elif name == TARGET and request.method == "POST":
            return _Json(value.decode("latin-1"), request.body)
    return _QUERY_JSON if accept is not None and b"application/json" in accept else _QUERY_XML


class _Query:
    def __init__(self, *, json: bool) -> None:
        self._json = json  # the answer, not the request
        self.content_type = b"application/json" if json else b"text/xml"

    def find_operation(self, parameters: Parameters) -> OperationModel:
        return query.find_operation(parameters)

    def decode_input(self, operation: OperationModel, parameters: Parameters) -> dict[str, Any]:
        return query.decode_input(operation, parameters)

    def encode_output(self, operation: OperationModel, output: dict[str, Any], request_id: str) -> bytes:
        return query.encode_output(operation, output, request_id, json=self._json)

    def encode_error(self, service: ServiceModel | None, error: ServiceError, request_id: str) -> bytes:
        return query.encode_error(service, error, request_id, json=self._json)

    def status_of(self, error: ServiceError) -> int:
        return error.status


class _Json:
    content_type = json_rpc.CONTENT_TYPE

    def __init__(self, target: str, body: bytes) -> None:
        self._target = target
        self._body = body

    def find_operation(self, parameters: Parameters) -> OperationModel:
        return json_rpc.find_operation(self._target)

    def decode_input(self, operation: OperationModel, parameters: Parameters) -> dict[str, Any]:
        return json_rpc.decode_input(operation, self._body)

    def encode_output(self, operation: OperationModel, output: dict[str, Any], request_id: str) -> bytes:
        return json_rpc.encode_output(operation, output)

    def encode_error(self, service: ServiceModel | None, error: ServiceError, request_id: str) -> bytes:
        return json_rpc.encode_error(service, error)

    def status_of(self, error: ServiceError) -> int:
        return json_rpc.status_of(error)


_QUERY_XML: Final = _Query(json=False)
_QUERY_JSON: Final = _Query(json=True)

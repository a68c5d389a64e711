"""Requests as clients send them, for the tests of the wire."""

from typing import Any
from urllib.parse import urlencode

from iamd.wire import query
from iamd.wire.http import HttpRequest
from iamd.wire.models import OperationModel, load_service
from iamd.wire.parameters import Parameters

FORM = (b"content-type", b"application/x-www-form-urlencoded; charset=utf-8")


def post(body: bytes | str, query_string: bytes = b"", content_type: bytes | None = FORM[1]) -> HttpRequest:
    return HttpRequest(
        method="POST",
        path=b"/",
        query_string=query_string,
        headers=((b"content-type", content_type),) if content_type is not None else (),
        body=body.encode() if isinstance(body, str) else body,
    )


def get(query_string: bytes | str) -> HttpRequest:
    encoded = query_string.encode() if isinstance(query_string, str) else query_string
    return HttpRequest(method="GET", path=b"/", query_string=encoded)


def operation(name: str) -> OperationModel:
    for service in ("iam", "sts"):
        if found := load_service(service).operations.get(name):
            return found
    raise KeyError(name)


def decode(name: str, **parameters: str) -> dict[str, Any]:
    """The input of an operation, sent as a form; ``__`` in a keyword stands for a dot."""
    body = urlencode({key.replace("__", "."): value for key, value in parameters.items()})
    return query.decode_input(operation(name), query.parse_parameters(post(body)))


def parameters(body: str) -> Parameters:
    return query.parse_parameters(post(body))

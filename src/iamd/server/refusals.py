"""Refusals of HTTP itself, before or beside the pipeline: errors that no service of AWS's Query API declares."""

from iamd.call import new_request_id
from iamd.errors import ServiceError
from iamd.wire.http import HttpResponse
from iamd.wire.query import encode_error


class BadRequest(ServiceError):
    """The bytes are not HTTP."""


class RequestTimeout(ServiceError):
    """The client did not send its request in time."""

    status = 408


class RequestHeaderSectionTooLarge(ServiceError):
    """The request line and headers are too long, or too many."""

    status = 431


class MethodNotAllowed(ServiceError):
    """Neither GET nor POST."""

    status = 405


def refusal_response(error: ServiceError, request_id: str | None = None) -> HttpResponse:
    """``error`` as an answer in AWS's error envelope."""
    request_id = request_id or new_request_id()
    return HttpResponse(
        status=error.status,
        headers=(
            (b"x-amzn-requestid", request_id.encode("ascii")),
            (b"content-type", b"text/xml"),
            *((name.encode("latin-1"), value.encode("latin-1")) for name, value in error.headers),
        ),
        body=encode_error(None, error, request_id),
    )

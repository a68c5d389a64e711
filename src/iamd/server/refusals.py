"""Refusals of HTTP itself, before or beside the pipeline: errors that no service of AWS's Query API declares."""

from iamd.call import new_request_id
from iamd.errors import RequestEntityTooLarge, ServiceError
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


def method_not_allowed() -> MethodNotAllowed:
    return MethodNotAllowed(
        "The specified method is not allowed against this resource.", headers=(("allow", "GET, POST"),)
    )


def refusal_response(error: ServiceError, request_id: str | None = None) -> HttpResponse:
    """``error`` as an answer in AWS's error envelope; but AWS answers a body that is too large without one."""
    request_id = request_id or new_request_id()
    headers = [(b"x-amzn-requestid", request_id.encode("ascii"))]
    if isinstance(error, RequestEntityTooLarge):
        return HttpResponse(status=error.status, headers=tuple(headers))
    headers.append((b"content-type", b"text/xml"))
    headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in error.headers]
    return HttpResponse(status=error.status, headers=tuple(headers), body=encode_error(None, error, request_id))

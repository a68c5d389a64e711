"""One HTTP connection: uvicorn's, with bounds on what a client may send and how long it may take."""

import asyncio
import ipaddress
from math import inf
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

import httptools
from msgspec import Struct
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from iamd.errors import ServiceError, ServiceUnavailable
from iamd.server.refusals import (
    BadRequest,
    MethodNotAllowed,
    RequestHeaderSectionTooLarge,
    RequestTimeout,
    refusal_response,
)

_LINGER = 1.0  # seconds a refused client has to read its answer before the connection closes


class Limits(Struct, frozen=True, kw_only=True):
    """What one worker lets its clients do."""

    max_connections: int = 1000
    max_header_bytes: int = 65_536  # request line and headers together
    max_headers: int = 100
    request_timeout: float = 30.0  # seconds to send a whole request, and again to take the whole answer
    keep_alive_timeout: float = 60.0  # seconds a connection may be idle between requests


class _WholeAnswers:
    """A transport that holds the head of an answer until its body comes, and sends both in one piece."""

    def __init__(self, transport: asyncio.Transport, cycle: RequestResponseCycle) -> None:
        self.is_closing = transport.is_closing
        self.close = transport.close
        self._transport = transport
        self._cycle = cycle
        self._head = b"" if cycle.scope["method"] == "HEAD" else None

    def write(self, data: bytes) -> None:
        if self._head is None and self._cycle.response_started:
            self._head = data
        else:
            self._transport.write(self._head + data if self._head else data)


class Connection(HttpToolsProtocol):
    """A connection that is answered in AWS's error envelope, or closed, when it exceeds a bound.

    ``deadline`` is the loop time at which ``expire`` is due. One sweep over the connections a second looks at it, which
    costs a request nothing, where a timer for each would.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        limits: Limits,
        refused: dict[str, int],
    ) -> None:
        super().__init__(config, server_state, app_state)
        self.limits = limits
        self.refused = refused  # counts refusals by error code
        self.deadline = inf
        self._refusal: ServiceError | None = None
        self._closing = False
        self._in_head = False
        self._received = True  # the whole request that was begun last
        self._head_bytes = 0  # of the head, as parsed
        self._fed_bytes = 0  # of the head, as fed to the parser, which keeps an unfinished header to itself

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client is None:
            # It was reset before its address could be read. What it sent could still be read, but nobody knows from
            # where, which policies (aws:SourceIp) and the audit record must know.
            self._closing = True
            transport.abort()
            return
        self.client = (plain_address(self.client[0]), self.client[1])
        self.deadline = self.loop.time() + self.limits.request_timeout
        if len(self.connections) > self.limits.max_connections:
            self._refusal = ServiceUnavailable("Too many connections are open. Please try again.")
            self._write_refusal()
            transport.close()

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        was_in_head = self._in_head
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._decline_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("")
        if was_in_head and self._in_head:
            self._fed_bytes += len(data)
            if self._fed_bytes > self.limits.max_header_bytes:
                self._refuse_head()

    def _decline_upgrade(self, rest: bytes) -> None:
        """Take a request that offers another protocol as the HTTP/1.1 that it is.

        Such a client takes an answer in HTTP/1.1 too. The parser stops at the end of the head, as if there were no
        body; without this the body would be lost, or be taken for the next request.
        """
        if self.parser.get_method() == b"CONNECT":
            self._refusal = MethodNotAllowed(
                "The specified method is not allowed against this resource.", headers=(("Allow", "GET, POST"),)
            )
            self.send_400_response("")
            return
        headers = [header for header in self.headers if header[0] not in (b"connection", b"upgrade")]
        if not self.parser.should_keep_alive():
            headers.append((b"connection", b"close"))
        head = b"%b %b HTTP/1.1\r\n" % (self.parser.get_method(), self.url)
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(head + b"".join(b"%b: %b\r\n" % header for header in headers) + b"\r\n" + rest)

    # What the parser finds. An exception raised here ends the parsing and comes back in send_400_response. -----------

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._received = False
        self._head_bytes = self._fed_bytes = 0
        self.deadline = self.loop.time() + self.limits.request_timeout

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer: what comes after the body adds no header to a request
        super().on_header(name, value)
        self._count_head(len(name) + len(value) + 4)
        if len(self.headers) > self.limits.max_headers:
            self._raise_refusal(RequestHeaderSectionTooLarge(f"A request may have {self.limits.max_headers} headers."))

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self.parser.should_upgrade():
            return
        target, self.url = self.url, b"/"  # uvicorn would refuse targets that signers send
        super().on_headers_complete()
        self.cycle.transport = _WholeAnswers(self.transport, self.cycle)  # type: ignore[assignment]
        path, _, query = _origin_form(target).partition(b"?")
        self.scope["path"] = unquote_to_bytes(path).decode("utf-8", "replace")
        self.scope["raw_path"] = path
        self.scope["query_string"] = query

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        super().on_message_complete()
        self._received = True
        if self.cycle.response_complete:
            self._await_taken()
        else:
            self.deadline = self.loop.time() + self.limits.request_timeout

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._received and self.cycle.response_complete:
            self._await_taken()

    def _await_taken(self) -> None:
        """Give the client time to take the rest of its answer; if it has all, uvicorn's keep-alive timer takes over."""
        unsent = self.transport.get_write_buffer_size()
        self.deadline = self.loop.time() + self.limits.request_timeout if unsent else inf

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self.limits.max_header_bytes:
            self._raise_refusal(self._head_too_large())

    def _raise_refusal(self, refusal: ServiceError) -> NoReturn:
        self._refusal = refusal
        raise refusal

    # Refusing ---------------------------------------------------------------------------------------------------------

    def expire(self) -> None:
        """The deadline has passed: refuse a request that is still coming, cut off an answer that is not taken."""
        self.deadline = inf
        if self._closing or self.transport.is_closing():
            self.transport.abort()
        elif not self._received:
            if self.cycle is not None and self.cycle.response_started and self.cycle.more_body:
                self.transport.close()  # answered long ago, its body still coming
            else:
                self._refusal = RequestTimeout("The request was not received in time.")
                self.send_400_response("")
        elif self.cycle is None:
            self.transport.close()  # nothing came
        elif not self.cycle.response_complete or self.transport.get_write_buffer_size():
            self.transport.abort()

    def _refuse_head(self) -> None:
        self._refusal = self._head_too_large()
        self.send_400_response("")

    def _head_too_large(self) -> ServiceError:
        return RequestHeaderSectionTooLarge(
            f"The request line and headers may have {self.limits.max_header_bytes} bytes together."
        )

    def send_400_response(self, msg: str) -> None:
        """Answer with the refusal at hand, or a 400 for bytes that are not HTTP, and close."""
        self._closing = True
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body or cycle.response_started:
                cycle.keep_alive = False  # an earlier request is being answered: close after that
                return
            cycle.disconnected = True  # the request itself is broken: nobody waits for the application's answer
            cycle.message_event.set()
        self._write_refusal()
        self.loop.call_later(_LINGER, self.transport.close)

    def _write_refusal(self) -> None:
        self._closing = True
        refusal = self._refusal or BadRequest("An error occurred when parsing the HTTP request.")
        self.refused[refusal.code] = self.refused.get(refusal.code, 0) + 1
        response = refusal_response(refusal)
        headers = (*self.server_state.default_headers, *response.headers, (b"connection", b"close"))
        self.transport.write(
            STATUS_LINE[response.status]
            + b"".join(b"%b: %b\r\n" % header for header in headers)
            + b"content-length: %d\r\n\r\n" % len(response.body)
            + response.body
        )


def plain_address(text: str) -> str:
    """An IP address as policies write it: without a zone, and one of IPv4 as such also on an IPv6 socket."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return str(getattr(address, "ipv4_mapped", None) or address)


def _origin_form(target: bytes) -> bytes:
    """A request target as path and query: a proxy's client sends ``http://host/path?query``."""
    if target[:1] == b"/":
        return target
    scheme, separator, rest = target.partition(b"://")
    if not separator or scheme.lower() not in (b"http", b"https"):
        return target
    authority_end = min((at for at in (rest.find(b"/"), rest.find(b"?")) if at >= 0), default=len(rest))
    return rest[authority_end:] if rest[authority_end : authority_end + 1] == b"/" else b"/" + rest[authority_end:]

"""One HTTP/1.1 connection: its requests are answered one after another, and it ends when a client exceeds a bound."""

import asyncio
import ipaddress
import time
from email.utils import formatdate
from functools import lru_cache, partial
from http import HTTPStatus
from math import inf
from typing import Protocol

from msgspec import Struct

from iamd.errors import ServiceError, ServiceUnavailable
from iamd.server.eager import run_eagerly
from iamd.server.limits import Held, Limits
from iamd.server.refusals import RequestTimeout, refusal_response
from iamd.server.request_reader import RequestReader
from iamd.wire.http import HttpRequest, HttpResponse

_LINGER = 1.0  # seconds of silence after which a refused client has read its answer
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


class Application(Protocol):
    """What answers requests."""

    async def answer(self, request: HttpRequest) -> HttpResponse:
        """Raises nothing; cancelled, it answers that the server is shutting down."""
        ...


class Shared(Struct, eq=False, kw_only=True):
    """What the connections of one worker have in common."""

    app: Application
    limits: Limits
    refused: dict[str, int]  # counts refusals by error code
    connections: set["Connection"]  # all that are open
    held: Held


class Connection(asyncio.Protocol):
    """A connection that is answered in AWS's error envelope, or closed, when it exceeds a bound.

    ``deadline`` is the loop time at which ``expire`` is due. One sweep over the connections a second looks at it, which
    costs a request nothing, where a timer for each would. INVARIANT: one request at a time is being answered, and
    nothing is read while another one waits; so what a client makes the server hold is bounded.
    """

    _transport: asyncio.Transport
    _reader: RequestReader

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._loop = asyncio.get_running_loop()
        self.deadline = inf
        self._answering = False
        self._task: asyncio.Task[HttpResponse] | None = None  # what answers, if it has to wait for something
        self._refusal: ServiceError | None = None  # ends the connection once what came before it is answered
        self._lingers_until: float | None = None  # since it was refused: the latest time at which it closes
        self._half_closed = False  # the client sends no more
        self._finishing = False
        self._blocked = False  # the client does not take its answers
        self._paused = False  # nothing is read
        self._timed = False  # the deadline is that of the request being received

    # What the event loop tells ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        shared = self._shared
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self._secure = transport.get_extra_info("sslcontext") is not None
        self._reader = RequestReader(shared.limits, shared.held, plain_address(peer[0]) if peer else "", self._secure)
        if peer is None:
            # It was reset before its address could be read. What it sent could still be read, but nobody knows from
            # where, which policies (aws:SourceIp) and the audit record must know.
            self._reader.close()
            transport.abort()
            return
        shared.connections.add(self)
        self.deadline = self._loop.time() + shared.limits.request_timeout
        if len(shared.connections) > shared.limits.max_connections:
            self._refuse(ServiceUnavailable("Too many connections are open. Please try again."))
            transport.close()

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        if self._refusal is not None or reader.ended:
            if self._lingers_until is not None:
                self.deadline = min(self._loop.time() + _LINGER, self._lingers_until)
            return
        try:
            reader.feed(data)
        except ServiceError as refusal:
            self._refusal = refusal
        self._go_on()
        if self._answering or reader.receiving or reader.waiting:
            self._hold()

    def eof_received(self) -> bool:
        """The client sends no more, but may still read the answers to what it sent."""
        self._half_closed = True
        return not self._secure and (self._answering or self._reader.waiting)

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        self._go_on()

    def connection_lost(self, error: Exception | None) -> None:
        self._shared.connections.discard(self)
        self._reader.close()

    # Answering --------------------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Do what is next, unless a request is being answered: then this is called again."""
        if self._answering or self._blocked or self._transport.is_closing():
            return
        try:
            request = self._reader.next()
        except ServiceError as refusal:
            request, self._refusal = None, refusal
        if request is not None:
            self._answer(request)
        elif self._refusal is not None:
            if self._lingers_until is None:
                self._refuse(self._refusal)
        elif self._is_last():
            self._transport.close()
        else:
            self._await_request()

    def _answer(self, request: HttpRequest) -> None:
        self._answering = True
        self._timed = False
        answer = run_eagerly(self._shared.app.answer(request), self._loop)
        if isinstance(answer, asyncio.Task):
            self._task = answer
            self.deadline = self._loop.time() + self._shared.limits.request_timeout
            answer.add_done_callback(partial(self._answered, request))
        else:
            self._write(request, answer)

    def _answered(self, request: HttpRequest, task: "asyncio.Task[HttpResponse]") -> None:
        self._task = None
        if task.cancelled() or task.exception() is not None:  # the application broke its promise
            self._reader.answered()
            self._transport.abort()
        else:
            self._write(request, task.result())

    def _write(self, request: HttpRequest, response: HttpResponse) -> None:
        transport = self._transport
        self._answering = False
        self._reader.answered()
        if transport.is_closing():
            return  # the client went away
        waiting = self._reader.waiting
        close = not waiting and self._refusal is None and self._is_last()
        transport.write(_encode(response, close=close, head_only=request.method == "HEAD"))
        limits = self._shared.limits
        unsent = transport.get_write_buffer_size()
        self.deadline = self._loop.time() + (limits.request_timeout if unsent else limits.keep_alive_timeout)
        if waiting:
            self._loop.call_soon(self._go_on)  # after the other connections had their turn
        elif close or self._refusal is not None or self._blocked:
            self._go_on()
        else:
            self._await_request()

    def _is_last(self) -> bool:
        """Whether no request comes after those read."""
        return self._reader.ended or self._half_closed or (self._finishing and not self._reader.receiving)

    def _await_request(self) -> None:
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        if not self._reader.receiving:
            return
        if not self._timed:
            self._timed = True
            self.deadline = self._loop.time() + self._shared.limits.request_timeout
        if self._reader.awaits_go_ahead:
            self._reader.awaits_go_ahead = False
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _hold(self) -> None:
        """Something stays for later: count it, and read nothing more while a request waits for its turn."""
        try:
            self._reader.hold()
        except ServiceError as refusal:
            self._refusal = refusal
            self._go_on()
        if self._reader.waiting and not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    # Ending -----------------------------------------------------------------------------------------------------------

    def expire(self) -> None:
        """The deadline has passed: refuse a request that is still coming, cut off an answer that is not taken."""
        self.deadline = inf
        if self._answering or self._lingers_until is not None or self._transport.get_write_buffer_size():
            self._transport.abort()
        elif self._reader.receiving:
            self._refuse(RequestTimeout("The request was not received in time."))
        else:
            self._transport.close()

    def finish(self) -> None:
        """Answer what has been begun, and take no more."""
        self._finishing = True
        self._go_on()

    def give_up(self) -> None:
        """Cut short what is being answered, and close."""
        if self._task is not None:
            self._task.cancel()
        else:
            self._transport.abort()

    def _refuse(self, refusal: ServiceError) -> None:
        """Tell why the connection ends, and let the client read it: closing at once would cut off who still sends."""
        now = self._loop.time()
        refused = self._shared.refused
        refused[refusal.code] = refused.get(refusal.code, 0) + 1
        self._refusal = refusal
        self._reader.close()
        self._transport.write(_encode(refusal_response(refusal), close=True))
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._lingers_until = now + self._shared.limits.request_timeout
        self.deadline = now + _LINGER
        if self._paused:
            self._paused = False
            self._transport.resume_reading()


def _encode(response: HttpResponse, *, close: bool, head_only: bool = False) -> bytes:
    """The response as sent; the client is told if the connection closes after it."""
    headers = b"".join([b"%b: %b\r\n" % header for header in response.headers])
    return b"%bdate: %b\r\n%bcontent-length: %d\r\n%b\r\n%b" % (
        _STATUS_LINES[response.status],
        _date(int(time.time())),
        headers,
        len(response.body),
        b"connection: close\r\n" if close else b"",
        b"" if head_only else response.body,
    )


@lru_cache(maxsize=1)
def _date(seconds: int) -> bytes:
    return formatdate(seconds, usegmt=True).encode("ascii")


def plain_address(text: str) -> str:
    """An IP address as policies write it: without a zone, and one of IPv4 as such also on an IPv6 socket."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return str(getattr(address, "ipv4_mapped", None) or address)

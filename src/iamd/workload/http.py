"""HTTP for local clients that ask short questions: bounded heads, no bodies, one answer after the other."""

import asyncio
import ipaddress
import logging
import socket
import urllib.parse
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeAlias

import httptools
import msgspec

from iamd.wire.http import HttpRequest, HttpResponse

Handler: TypeAlias = Callable[[HttpRequest], Awaitable[HttpResponse]]

MAX_HEAD = 8_192  # bytes of request line and headers
MAX_HEADERS = 50
MAX_CONNECTIONS = 2_000  # of one listener
_PATIENCE = 30.0  # seconds for a request to come, or an answer to be taken

_logger = logging.getLogger("iamd.workload")


class BadRequest(Exception):
    """The bytes are no request that could be answered."""


def parse_request(head: bytes, peer: str) -> tuple[HttpRequest, bool]:
    """The request whose head this is, up to and with the empty line, and whether the client goes on afterwards.

    Raises BadRequest, also for a request with a body.
    """
    found = _Found()
    try:
        found.parser.feed_data(head)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        raise BadRequest("This is no HTTP request.") from None
    if found.complete != 1 or found.heads != 1:
        raise BadRequest("A request has one head, and here no body.")
    if len(found.headers) > MAX_HEADERS:
        raise BadRequest(f"A request may have {MAX_HEADERS} headers.")
    path, _, query = found.url.partition(b"?")
    request = HttpRequest(
        method=found.parser.get_method().decode("ascii"),
        path=path,
        query_string=query,
        headers=tuple(found.headers),
        peer=peer,
    )
    return request, found.goes_on


class _Found:
    """What the parser finds."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.heads = 0
        self.complete = 0
        self.goes_on = False
        self.parser = httptools.HttpRequestParser(self)

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.heads += 1
        self.goes_on = self.parser.should_keep_alive()

    def on_message_complete(self) -> None:
        self.complete += 1


class Listener:
    """Answers the connections of one listening socket.

    ``hop_limit`` is how many hops an answer may travel; None leaves it to the system.
    """

    def __init__(self, listening: socket.socket, handler: Handler, *, hop_limit: int | None = None) -> None:
        self._socket = listening
        self._handler = handler
        self._hop_limit = hop_limit
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        """``host:port``, an IPv6 host in brackets."""
        host, port = self._socket.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._accept, sock=self._socket, limit=MAX_HEAD)

    async def close(self) -> None:
        """Take no more connections, and end those that there are."""
        if self._server is None:
            self._socket.close()
        else:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if len(self._connections) > MAX_CONNECTIONS:
                writer.write(_encode(text_response(503, "Too many connections."), keep=False))
                return
            if self._hop_limit is not None:
                limit_hops(writer.get_extra_info("socket"), self._hop_limit)
            peer = str(writer.get_extra_info("peername")[0]).partition("%")[0]
            while await self._answer_one(reader, writer, peer):
                pass
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went away, or took its time, or the agent ends
        finally:
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str) -> bool:
        """Whether the connection goes on."""
        async with asyncio.timeout(_PATIENCE):
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.LimitOverrunError:
                writer.write(_encode(text_response(431, f"A request may have {MAX_HEAD} bytes."), keep=False))
                return False
        try:
            request, keep = parse_request(head, peer)
        except BadRequest as refusal:
            writer.write(_encode(text_response(400, str(refusal)), keep=False))
            return False
        try:
            response = await self._handler(request)
        except Exception:
            _logger.exception("A request failed by a fault of iamd.")
            response = text_response(500, "The request failed.")
        writer.write(_encode(response, keep=keep, body=request.method != "HEAD"))
        async with asyncio.timeout(_PATIENCE):
            await writer.drain()
        return keep


def text_response(status: int, text: str, *headers: tuple[bytes, bytes]) -> HttpResponse:
    return HttpResponse(status=status, headers=((b"Content-Type", b"text/plain"), *headers), body=text.encode())


def json_response(document: Mapping[str, Any], status: int = 200) -> HttpResponse:
    return HttpResponse(
        status=status,
        headers=((b"Content-Type", b"application/json"),),
        body=msgspec.json.encode(document),
    )


def from_web_page(request: HttpRequest) -> bool:
    """Whether a browser sent it for a page, which may reach loopback through a name of its own."""
    return request.header(b"origin") is not None or request.header(b"sec-fetch-site") is not None


def by_foreign_name(request: HttpRequest) -> bool:
    """Whether it was sent to a name of some domain, which may belong to a web page that leads it here.

    To its own name a page sends no ``Origin`` with a GET.
    """
    try:
        host = urllib.parse.urlsplit(f"//{request.header(b'host') or ''}").hostname or ""
    except ValueError:
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." in host
    return False


def _encode(response: HttpResponse, *, keep: bool, body: bool = True) -> bytes:
    head = [
        f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}".encode("ascii"),
        *(b"%b: %b" % header for header in response.headers),
        b"Cache-Control: no-store",
        b"Content-Length: %d" % len(response.body),
        b"Connection: keep-alive" if keep else b"Connection: close",
    ]
    return b"\r\n".join(head) + b"\r\n\r\n" + (response.body if body else b"")


def limit_hops(connection: socket.socket, hops: int) -> None:
    """Let what is sent on a connection travel ``hops`` hops; routers drop it then."""
    if connection.family == socket.AF_INET6:
        connection.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, hops)
    else:
        connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hops)

"""What a client may send, how long it may take, and what it is told when it exceeds either."""

import contextlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.process import ServerProcess


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that has little patience."""
    with ServerProcess(tmp_path_factory.mktemp("strict"), "--request-timeout", "1") as process:
        yield process


class Answer:
    """A response as it came over the wire."""

    def __init__(self, raw: bytes) -> None:
        head, _, self.body = raw.partition(b"\r\n\r\n")
        self.status = int(head.split(b" ")[1])
        self.head = head.decode("latin-1")

    @property
    def error(self) -> tuple[str, str]:
        """The error document's code and message."""
        found = re.search(r"<Code>(.*)</Code>\s*<Message>(.*)</Message>", self.body.decode(), re.DOTALL)
        assert found, self.body
        return found[1], found[2]


@contextlib.contextmanager
def connect(server: ServerProcess) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        yield connection


def receive(connection: socket.socket) -> bytes:
    """Everything until the server closes."""
    received = b""
    while part := connection.recv(65536):
        received += part
    return received


def send(server: ServerProcess, *parts: bytes) -> Answer:
    """Send a request and read until the server closes the connection."""
    with connect(server) as connection:
        for part in parts:
            connection.sendall(part)
        return Answer(receive(connection))


def test_a_request_may_have_100_headers(server: ServerProcess) -> None:
    headers = b"".join(b"h%d: x\r\n" % number for number in range(98))
    answer = send(server, b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" + headers + b"\r\n")
    assert answer.status != 431
    answer = send(server, b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" + headers + b"one: more\r\n\r\n")
    assert answer.status == 431
    assert answer.error == ("RequestHeaderSectionTooLarge", "A request may have 100 headers.")


@pytest.mark.parametrize(
    "head",
    [b"GET / HTTP/1.1\r\nx: " + b"a" * 65536 + b"\r\n\r\n", b"GET /?" + b"a" * 65536 + b" HTTP/1.1\r\n\r\n"],
    ids=["a long header", "a long URL"],
)
def test_the_head_of_a_request_may_have_64_kib(server: ServerProcess, head: bytes) -> None:
    answer = send(server, head)
    assert answer.status == 431
    assert answer.error == (
        "RequestHeaderSectionTooLarge",
        "The request line and headers may have 65536 bytes together.",
    )


def test_a_header_that_does_not_end_is_refused_before_it_fills_the_memory(server: ServerProcess) -> None:
    with connect(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nx: ")
        with contextlib.suppress(ConnectionError):  # the server stops reading
            for _ in range(200):
                connection.sendall(b"a" * 65536)
        connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            assert Answer(receive(connection)).status == 431


def test_a_body_announced_over_10_000_000_bytes_is_refused_before_it_is_sent(server: ServerProcess) -> None:
    with connect(server) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10000001\r\n\r\n")
        answer = Answer(connection.recv(65536))
    assert (answer.status, answer.body) == (413, b"")


def test_a_client_that_waits_to_be_told_to_go_on_is_told_no(server: ServerProcess) -> None:
    with connect(server) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 10000001\r\n\r\n")
        assert Answer(connection.recv(65536)).status == 413


def test_a_body_that_grows_over_10_000_000_bytes_is_refused(server: ServerProcess) -> None:
    with connect(server) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(11):
            connection.sendall(b"f4240\r\n" + b"a" * 1_000_000 + b"\r\n")
        answer = Answer(connection.recv(65536))
    assert (answer.status, answer.body) == (413, b"")


def test_a_body_of_10_000_000_bytes_is_read(server: ServerProcess) -> None:
    answer = send(
        server,
        b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 10000000\r\n\r\n",
        b"Action=GetUser&Version=2010-05-08&x=".ljust(10_000_000, b"a"),
    )
    assert answer.status != 413


def test_trailers_add_no_headers(server: ServerProcess) -> None:
    answer = send(
        server,
        b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n"
        b"content-type: application/x-www-form-urlencoded\r\n\r\n"
        b"2b\r\nAction=GetCallerIdentity&Version=2011-06-15\r\n0\r\naccept: application/json\r\n\r\n",
    )
    assert answer.status == 403
    assert answer.error == ("MissingAuthenticationToken", "Request is missing Authentication Token")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET /\xff HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nx\x00y: z\r\n\r\n",
    ],
    ids=["TLS", "HTTP/2", "two lengths", "two content lengths", "no chunk", "URL beyond ASCII", "NUL in a header"],
)
def test_what_is_not_http_is_answered_in_the_error_envelope(server: ServerProcess, request_bytes: bytes) -> None:
    answer = send(server, request_bytes)
    assert answer.status == 400
    assert answer.error == ("BadRequest", "An error occurred when parsing the HTTP request.")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_only_get_and_post_are_answered(server: ServerProcess, method: str) -> None:
    answer = send(server, f"{method} / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
    assert answer.status == 405
    assert "\r\nallow: GET, POST\r\n" in answer.head
    assert answer.error == ("MethodNotAllowed", "The specified method is not allowed against this resource.")


@pytest.mark.parametrize("apart", [False, True], ids=["at once", "in two parts"])
def test_the_body_of_a_request_that_offers_http2_is_its_body(server: ServerProcess, apart: bool) -> None:
    # A parser that stops at the offer would lose the body, or take it for another request of the same connection.
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    head = (
        b"POST / HTTP/1.1\r\nhost: x\r\n"
        b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"
        b"content-type: application/x-www-form-urlencoded\r\ncontent-length: %d\r\n\r\n" % len(body)
    )
    with connect(server) as connection:
        for parts in [head, body] if apart else [head + body], [b"GET /_iamd/health HTTP/1.1\r\nhost: x\r\n\r\n"]:
            for part in parts:
                connection.sendall(part)
            received = b""
            while not received.endswith((b"</ErrorResponse>", b"}\n")):
                received += connection.recv(65536)
            assert re.findall(rb"HTTP/1.1 (\d+)|<Code>(\w+)<", received) in (
                [(b"403", b""), (b"", b"MissingAuthenticationToken")],
                [(b"200", b"")],
            )


def test_no_tunnel_is_opened(server: ServerProcess) -> None:
    answer = send(server, b"CONNECT example.com:443 HTTP/1.1\r\nhost: x\r\n\r\n")
    assert answer.status == 405
    assert answer.error == ("MethodNotAllowed", "The specified method is not allowed against this resource.")


def test_requests_sent_at_once_are_answered_in_order(server: ServerProcess) -> None:
    with connect(server) as connection:
        connection.sendall(
            b"GET /_iamd/nothing HTTP/1.1\r\nhost: x\r\n\r\n"
            b"GET /_iamd/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        )
        answers = re.findall(rb"HTTP/1.1 (\d+)", receive(connection))
    assert answers == [b"404", b"200"]


@pytest.mark.parametrize(
    "begun",
    [b"GET / HTTP/1.1\r\nhost: x\r\nx-slow", b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\na"],
    ids=["head", "body"],
)
def test_a_client_that_does_not_finish_its_request_is_refused(strict: ServerProcess, begun: bytes) -> None:
    answer = send(strict, begun)
    assert answer.status == 408
    assert answer.error == ("RequestTimeout", "The request was not received in time.")


def test_a_connection_that_sends_nothing_is_closed(strict: ServerProcess) -> None:
    with connect(strict) as connection:
        assert receive(connection) == b""


def test_a_connection_too_many_is_told_so_and_the_others_go_on(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--max-connections", "6") as server, contextlib.ExitStack() as stack:
        first, *_ = [stack.enter_context(connect(server)) for _ in range(6)]
        with connect(server) as connection:
            answer = Answer(receive(connection))
        first.sendall(b"GET /_iamd/health HTTP/1.1\r\nhost: x\r\n\r\n")
        assert Answer(first.recv(65536)).status == 200
    assert answer.status == 503
    assert answer.error == ("ServiceUnavailable", "Too many connections are open. Please try again.")

"""The HTTP of the agent's endpoints: bounded, and answered or closed whatever comes."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from iamd.wire.http import HttpRequest, HttpResponse
from iamd.workload.container import PATH
from iamd.workload.http import (
    MAX_HEAD,
    MAX_HEADERS,
    BadRequest,
    Listener,
    by_foreign_name,
    parse_request,
    text_response,
)
from iamd.workload.instances import Fleet, Instance
from iamd.workload.sockets import CannotListen, listen
from tests.workload.agents import TIMEOUT, Clock, Issuer, serving

GET = b"GET /x?a=b HTTP/1.1\r\nHost: localhost\r\nX-Name: Value\r\n\r\n"


def test_a_request_is_what_its_head_says() -> None:
    assert parse_request(GET, "127.0.0.1") == (
        HttpRequest(
            method="GET",
            path=b"/x",
            query_string=b"a=b",
            headers=((b"host", b"localhost"), (b"x-name", b"Value")),
            peer="127.0.0.1",
        ),
        True,
    )


@pytest.mark.parametrize(
    ("head", "goes_on"),
    [
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True),
        (b"PUT / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", True),
    ],
)
def test_whether_the_connection_goes_on(head: bytes, goes_on: bool) -> None:
    assert parse_request(head, "127.0.0.1")[1] is goes_on


@pytest.mark.parametrize(
    "head",
    [
        b"\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"PUT / HTTP/1.1\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"CONNECT localhost:1 HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"GET / HTTP/1.1\r\nName : x\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\n\nGET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * (MAX_HEADERS + 1) + b"\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ],
)
def test_what_is_no_request_with_an_empty_body(head: bytes) -> None:
    with pytest.raises(BadRequest):
        parse_request(head, "127.0.0.1")


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.binary(max_size=80).map(lambda some: b"GET /" + some + b"\r\n\r\n")))
@example(GET)
def test_any_bytes_are_a_request_or_refused(head: bytes) -> None:
    with contextlib.suppress(BadRequest):
        request, _ = parse_request(head, "127.0.0.1")
        assert request.method.isascii()


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(GET) - 1), st.integers(0, 255)), max_size=4))
def test_a_request_with_changed_bytes_is_a_request_or_refused(changes: list[tuple[int, int]]) -> None:
    head = bytearray(GET)
    for place, byte in changes:
        head[place] = byte
    with contextlib.suppress(BadRequest):
        assert parse_request(bytes(head), "127.0.0.1")


# Connections ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "foreign"),
    [
        (None, False),
        (b"169.254.169.254", False),
        (b"127.0.0.1:1338", False),
        (b"[::1]:80", False),
        (b"localhost:80", False),
        (b"imds", False),
        (b"example.com", True),
        (b"example.com:80", True),
        (b"127.0.0.1.example.com", True),
        (b"[::1", True),
    ],
)
def test_names_that_a_web_page_may_lead_here(host: bytes | None, foreign: bool) -> None:
    headers = () if host is None else ((b"host", host),)
    assert by_foreign_name(HttpRequest(method="GET", path=b"/", headers=headers)) is foreign


def converse(sent: bytes, handler: Callable[[HttpRequest], Awaitable[HttpResponse]] | None = None) -> bytes:
    """All that a listener answers to these bytes, after which the client sends no more."""

    async def echo(request: HttpRequest) -> HttpResponse:
        return text_response(200, f"{request.method} {request.path.decode('latin-1')}")

    async def run() -> bytes:
        listener = Listener(listen("127.0.0.1:0"), handler or echo, hop_limit=1)
        await listener.open()
        reader, writer = await asyncio.open_connection(*listener.address.split(":"))
        writer.write(sent)
        writer.write_eof()
        with contextlib.suppress(ConnectionResetError):
            async with asyncio.timeout(TIMEOUT):
                answer = await reader.read()
        writer.close()
        await listener.close()
        return answer

    return asyncio.run(run())


def statuses(answer: bytes) -> list[int]:
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


def test_requests_on_one_connection_are_answered_one_after_the_other() -> None:
    answer = converse(GET * 20)
    assert statuses(answer) == [200] * 20
    assert answer.startswith(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\nContent-Length: 6\r\n"
        b"Connection: keep-alive\r\n\r\nGET /x"
    )


def test_nothing_is_answered_after_the_last_request() -> None:
    assert statuses(converse(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n" + GET)) == [200]
    assert statuses(converse(b"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello" + GET)) == [400]


def test_a_head_has_no_more_than_its_bound() -> None:
    padding = b"x" * (MAX_HEAD - len(GET) - 10)
    assert statuses(converse(b"GET /x HTTP/1.1\r\nX: " + padding + b"\r\n\r\n")) == [200]
    assert statuses(converse(b"GET /x HTTP/1.1\r\nX: " + b"x" * MAX_HEAD + b"\r\n\r\n")) == [431]


def test_an_answer_to_head_has_no_body() -> None:
    assert converse(b"HEAD / HTTP/1.1\r\n\r\n").endswith(b"Content-Length: 6\r\nConnection: keep-alive\r\n\r\n")


def test_a_fault_is_answered_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(request: HttpRequest) -> HttpResponse:
        raise ZeroDivisionError

    assert statuses(converse(GET * 2, fail)) == [500, 500]
    assert caplog.messages == ["A request failed by a fault of iamd."] * 2


def test_half_a_request_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    assert converse(GET[:-1]) == b""
    assert caplog.messages == []


HOSTILE = [
    b"",
    b"\x00" * 100,
    b"\r\n" * 100,
    b"GET " + PATH.encode() + b"one HTTP/1.1\r\nAuthorization: " + b"\xff" * 50 + b"\r\n\r\n",
    b"GET " + PATH.encode() + b"\xff\xfe HTTP/1.1\r\nAuthorization: x\r\n\r\n",
    b"GET " + PATH.encode() + b"one HTTP/1.1\r\nAuthorization: x\r\nAuthorization: y\r\n\r\n",
    b"PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: \xb2\r\n\r\n",
    b"GET /latest/meta-data/%2e%2e/ HTTP/1.1\r\nX-aws-ec2-metadata-token: \xff==\r\n\r\n",
    b"GET http://169.254.169.254/latest/meta-data/ HTTP/1.1\r\nX-aws-ec2-metadata-token: AAAA\r\n\r\n",
    b"GET * HTTP/1.1\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nOrigin: null\r\n\r\n",
]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(HOSTILE), st.binary(max_size=200)), min_size=1, max_size=5))
def test_the_endpoints_give_nobody_anything_for_hostile_bytes(addresses: list[str], parts: list[bytes]) -> None:
    for address in addresses:
        host, _, port = address.partition(":")
        with socket.create_connection((host, int(port)), timeout=TIMEOUT) as connection:
            answer = b""
            with contextlib.suppress(ConnectionError):
                connection.sendall(b"".join(parts))
                connection.shutdown(socket.SHUT_WR)
                while some := connection.recv(65536):
                    answer += some
            assert not {status for status in statuses(answer) if status in (200, 500)}, answer


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory):
    """Both endpoints of an instance."""
    folder = tmp_path_factory.mktemp("tokens")
    instance = Instance(id="one", role="Reader", token_file=folder / "token", metadata="127.0.0.1:0")
    with serving(Fleet(listen="127.0.0.1:0", instances=(instance,)), Issuer(Clock())) as agent:
        environment = agent.served()[0].environment
        yield [
            environment[name].removeprefix("http://").partition("/")[0]
            for name in ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_EC2_METADATA_SERVICE_ENDPOINT")
        ]


# Where to listen ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0", "localhost:0", "127.0.0.9:0"])
def test_loopback_is_listened_on(address: str) -> None:
    listen(address).close()


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0"])
def test_other_addresses_only_if_told(address: str) -> None:
    with pytest.raises(CannotListen, match="can be reached from other machines"):
        listen(address)
    listen(address, allow_remote=True).close()


@pytest.mark.parametrize("address", ["", ":80", "localhost", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:x"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(CannotListen, match="is no address: write host:port"):
        listen(address)


def test_an_address_in_use() -> None:
    with contextlib.closing(listen("127.0.0.1:0")) as first:
        address = f"127.0.0.1:{first.getsockname()[1]}"
        with pytest.raises(CannotListen, match=f"Cannot listen on {address}: Address already in use"):
            listen(address)

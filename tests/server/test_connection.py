"""What a connection does with its requests: order, pace, endings, and clients that do not read."""

import asyncio
import contextlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from iamd.server.connection import Connection, Shared
from iamd.server.limits import MAX_HELD_BYTES, Held, Limits
from iamd.wire.http import HttpRequest, HttpResponse
from tests.server.process import ServerProcess
from tests.server.test_hostile import Hostile
from tests.server.test_limits import Answer, connect, receive, send

HEALTH = b"GET /_iamd/health HTTP/1.1\r\nhost: x\r\n\r\n"
FORM = b"Action=GetCallerIdentity&Version=2011-06-15"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that has little patience."""
    options = ("--request-timeout", "1", "--keep-alive-timeout", "1")
    with ServerProcess(tmp_path_factory.mktemp("strict"), *options) as process:
        yield process


def create_user(server: ServerProcess, name: str) -> bytes:
    """A whole request that writes, signed, and so has to wait for the disk."""
    body = f"Action=CreateUser&Version=2010-05-08&UserName={name}".encode()
    headers = {"host": f"127.0.0.1:{server.port}", "content-type": "application/x-www-form-urlencoded"}
    headers = Hostile(1).sign("POST", server.endpoint + "/", body, headers)
    headers["content-length"] = str(len(body))
    head = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
    return f"POST / HTTP/1.1\r\n{head}\r\n".encode() + body


def statuses(received: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1.1 (\d+) ", received)


def test_answers_come_in_the_order_of_requests_however_long_each_takes(server: ServerProcess) -> None:
    with connect(server) as connection:
        requests = [part for number in range(20) for part in (create_user(server, f"in-order-{number}"), HEALTH)]
        connection.sendall(b"".join(requests))
        connection.shutdown(socket.SHUT_WR)
        received = receive(connection)
    found = re.findall(rb"<UserName>in-order-(\d+)</UserName>|(\"ready\")", received)
    assert found == [part for number in range(20) for part in ((b"%d" % number, b""), (b"", b'"ready"'))]


def test_who_sends_no_more_is_answered_all_the_same(server: ServerProcess) -> None:
    with connect(server) as connection:
        connection.sendall(create_user(server, "half-closed"))
        connection.shutdown(socket.SHUT_WR)
        assert Answer(receive(connection)).status == 200


def test_what_comes_before_a_broken_request_is_answered(server: ServerProcess) -> None:
    with connect(server) as connection:
        connection.sendall(create_user(server, "before-noise") + HEALTH + b"\x00\r\n\r\n" + HEALTH)
        received = receive(connection)
    assert statuses(received) == [b"200", b"200", b"400"]
    assert b"connection: close" not in received.partition(b"HTTP/1.1 400")[0]


def test_nothing_after_a_last_request_is_answered(server: ServerProcess) -> None:
    last = HEALTH.replace(b"host: x", b"host: x\r\nconnection: close")
    with connect(server) as connection:
        connection.sendall(HEALTH + last + HEALTH)
        received = receive(connection)
    assert statuses(received) == [b"200", b"200"]
    assert received.count(b"\r\nconnection: close\r\n") == 1


@pytest.mark.parametrize("keep_alive", [b"", b"connection: keep-alive\r\n"])
def test_a_client_of_http_1_0_gets_one_answer(server: ServerProcess, keep_alive: bytes) -> None:
    answer = send(server, b"GET /_iamd/health HTTP/1.0\r\n" + keep_alive + b"\r\n")
    assert answer.status == 200
    assert "\r\nconnection: close" in answer.head


def test_head_is_answered_without_the_body(server: ServerProcess) -> None:
    with connect(server) as connection:
        connection.sendall(HEALTH.replace(b"GET", b"HEAD") + b"HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        heads = receive(connection).split(b"\r\n\r\n")
    assert [head[:12] for head in heads] == [b"HTTP/1.1 200", b"HTTP/1.1 405", b""]
    assert all(re.search(rb"\r\ncontent-length: [1-9]", head) for head in heads[:2])


def test_who_waits_to_be_told_to_send_the_body_is_told_once_it_is_its_turn(server: ServerProcess) -> None:
    head = b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: %d\r\nconnection: close\r\n" % len(
        FORM
    )
    head += b"content-type: application/x-www-form-urlencoded\r\n\r\n"
    with connect(server) as connection:
        connection.sendall(create_user(server, "ahead") + head)
        received = b""
        while not received.endswith(b"HTTP/1.1 100 Continue\r\n\r\n"):
            received += connection.recv(65536)
        assert statuses(received) == [b"200", b"100"]
        connection.sendall(FORM)
        assert Answer(receive(connection)).status == 403
    assert statuses(send(server, head + FORM).head.encode()) == [b"403"]  # who does not wait is not told


def send_without_reading(connection: socket.socket) -> int:
    """Send requests until nobody takes any more; the bytes sent."""
    sent = 0
    connection.settimeout(0.2)
    with contextlib.suppress(TimeoutError):
        while sent < 64 << 20:
            sent += connection.send(HEALTH[sent % len(HEALTH) :] + HEALTH * 1000)
    connection.settimeout(20)
    return sent


def test_a_client_that_does_not_read_is_not_read_from(server: ServerProcess) -> None:
    with connect(server) as connection:
        sent = send_without_reading(connection)
        assert sent < 64 << 20
        received = b""
        while received.count(b"HTTP/1.1 200 OK\r\n") < min(sent // len(HEALTH), 30_000):
            received += connection.recv(1 << 20)
        assert set(statuses(received)) == {b"200"}
    assert server.ask("/_iamd/health")[0] == 200


def test_a_client_that_does_not_take_its_answers_is_cut_off(strict: ServerProcess) -> None:
    with connect(strict) as connection:
        send_without_reading(connection)
        with contextlib.suppress(ConnectionError):  # what it sees of the cut depends on what it has not read
            while True:
                connection.sendall(HEALTH)
    assert strict.ask("/_iamd/health")[0] == 200


def test_an_idle_connection_is_closed(strict: ServerProcess) -> None:
    with connect(strict) as connection:
        connection.sendall(HEALTH)
        assert statuses(receive(connection)) == [b"200"]


def test_bytes_without_a_request_do_not_keep_a_connection(strict: ServerProcess) -> None:
    with connect(strict) as connection:
        connection.sendall(HEALTH + b"\r\n")
        assert statuses(receive(connection)) == [b"200"]


def test_a_refused_client_may_finish_sending_before_it_reads(strict: ServerProcess) -> None:
    with connect(strict) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(30):
            connection.sendall(b"f4240\r\n" + b"a" * 1_000_000 + b"\r\n")
        assert Answer(receive(connection)).status == 413


def test_the_metrics_tell_of_refusals(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        send(server, b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10000001\r\n\r\n")
        send(server, b"\x00\r\n\r\n")
        lines = server.ask("/_iamd/metrics")[1].splitlines()
    assert 'iamd_refused_total{code="BadRequest"} 1.0' in lines
    assert 'iamd_refused_total{code="RequestEntityTooLarge"} 1.0' in lines


class Slow:
    """An application that answers when it is told to."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.asked = 0

    async def answer(self, request: HttpRequest) -> HttpResponse:
        self.asked += 1
        await self.may_answer.wait()
        return HttpResponse(status=200, body=b"%d" % len(request.body))


def test_large_requests_of_all_clients_are_bounded_together_also_while_they_are_answered() -> None:
    size = 9_000_000
    request = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % size + b"a" * size

    async def ask(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ConnectionError):
            writer.write(request)
            await writer.drain()
        answer = await reader.read()
        writer.close()
        return answer

    async def main() -> None:
        app = Slow()
        shared = Shared(app=app, limits=Limits(), refused={}, connections=set(), held=Held())
        server = await asyncio.get_running_loop().create_server(lambda: Connection(shared), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        fitting = MAX_HELD_BYTES // size
        waiting = [asyncio.create_task(ask(port)) for _ in range(fitting)]
        while app.asked < fitting:
            await asyncio.sleep(0)
        assert statuses(await ask(port)) == [b"503"]
        assert shared.refused == {"ServiceUnavailable": 1}
        app.may_answer.set()
        for answer in await asyncio.gather(*waiting):
            assert answer.endswith(b"\r\n\r\n%d" % size)
        assert (await ask(port)).endswith(b"\r\n\r\n%d" % size)
        server.close()

    asyncio.run(asyncio.wait_for(main(), 60))

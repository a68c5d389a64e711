"""A load generator for the Query protocol: requests signed beforehand, sent over a few kept-alive connections."""

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

VERSIONS = {"iam": "2010-05-08", "sts": "2011-06-15"}


def signed_request(endpoint: str, credentials: Credentials, service: str, action: str, **parameters: str) -> bytes:
    """The bytes of a POST of ``action``, signed as botocore signs it."""
    body = urlencode({"Action": action, "Version": VERSIONS[service], **parameters})
    request = AWSRequest(
        "POST",
        endpoint + "/",
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
        data=body,
    )
    SigV4Auth(credentials, service, "us-east-1").add_auth(request)
    headers = {"Host": endpoint.removeprefix("http://"), **dict(request.headers), "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST / HTTP/1.1\r\n{head}\r\n{body}".encode()


class Result(NamedTuple):
    """What a load run measured. Times are seconds; ``statuses`` counts answers by HTTP status."""

    requests: int
    seconds: float
    latencies: list[float]
    statuses: dict[int, int]

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    def percentile(self, share: float) -> float:
        return self.latencies[min(int(len(self.latencies) * share), len(self.latencies) - 1)]


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the last answer is whole."""

    def __init__(self, load: "_Load") -> None:
        self.load = load
        self.buffer = b""
        self.sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.send()

    def send(self) -> None:
        request = self.load.next()
        if request is None:
            self.transport.close()
            return
        self.sent = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        start = head.index(b"content-length:") + 15
        length = int(head[start:].split(b"\r\n", 1)[0])
        if len(self.buffer) < end + 4 + length:
            return
        self.buffer = b""
        self.load.answered(int(head[9:12]), time.perf_counter() - self.sent)
        if b"connection: close" in head:
            self.transport.close()  # the server wants a new connection for each request
            self.load.reconnect()
        else:
            self.send()

    def connection_lost(self, error: Exception | None) -> None:
        self.load.closed(error)


class _Load:
    def __init__(self, host: str, port: int, requests: Sequence[bytes]) -> None:
        self.host, self.port = host, port
        self.requests = iter(requests)
        self.open = 0
        self.connecting: set[asyncio.Task[None]] = set()
        self.latencies: list[float] = []
        self.statuses: dict[int, int] = {}
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def connect(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: _Connection(self), self.host, self.port)

    def reconnect(self) -> None:
        self.open += 1
        task = asyncio.ensure_future(self.connect())
        self.connecting.add(task)
        task.add_done_callback(self.connecting.discard)

    def next(self) -> bytes | None:
        return next(self.requests, None)

    def answered(self, status: int, latency: float) -> None:
        self.latencies.append(latency)
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def closed(self, error: Exception | None) -> None:
        self.open -= 1
        if error is not None and not self.done.done():
            self.done.set_exception(error)
        elif self.open == 0 and not self.done.done():
            self.done.set_result(None)


async def _send(host: str, port: int, requests: Sequence[bytes], connections: int) -> Result:
    load = _Load(host, port, requests)
    begin = time.perf_counter()
    for _ in range(connections):
        load.reconnect()
    await asyncio.wait_for(load.done, 300)
    seconds = time.perf_counter() - begin
    return Result(len(load.latencies), seconds, sorted(load.latencies), load.statuses)


def send(endpoint: str, requests: Sequence[bytes], connections: int = 8) -> Result:
    """Send all requests over ``connections`` connections and wait for every answer."""
    host, port = endpoint.removeprefix("http://").split(":")
    return asyncio.run(_send(host, int(port), requests, connections))

"""One worker: an event loop that serves a listening socket until it is told to stop."""

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType
from typing import Any

import uvicorn

from iamd.server.app import App
from iamd.server.connection import Connection, Limits

_TLS_HANDSHAKE_TIMEOUT = 10.0  # seconds
_FINISH_TIMEOUT = 10  # seconds that requests have to finish after SIGTERM


class Server(uvicorn.Server):
    """uvicorn's server with iamd's connections, and a sweep over them once a second.

    ``on_start`` is called once requests are answered and signals handled.
    """

    def __init__(
        self,
        app: App,
        limits: Limits,
        tls: ssl.SSLContext | None = None,
        on_start: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Connection,
                ws="none",
                lifespan="off",
                interface="asgi3",
                workers=1,
                log_config=None,
                access_log=False,
                proxy_headers=False,  # or any local client could choose its aws:SourceIp
                server_header=False,
                timeout_keep_alive=limits.keep_alive_timeout,  # type: ignore[arg-type]
                timeout_graceful_shutdown=_FINISH_TIMEOUT,
            )
        )
        self._application = app
        self._limits = limits
        self._tls = tls
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        make = partial(
            Connection,
            self.config,
            self.server_state,
            {},
            limits=self._limits,
            refused=self._application.counters.refused,
        )
        timeout = _TLS_HANDSHAKE_TIMEOUT if self._tls else None
        self.servers = [
            await loop.create_server(make, sock=each, ssl=self._tls, backlog=2048, ssl_handshake_timeout=timeout)
            for each in sockets or []
        ]
        self.started = True
        if self._on_start is not None:
            self._on_start()

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:
            now = asyncio.get_running_loop().time()
            connections: set[Any] = self.server_state.connections
            for connection in [each for each in connections if each.deadline < now]:
                connection.expire()
            self._application.counters.connections = len(connections)
            self._application.publish_metrics()
        return await super().on_tick(counter)

    def stop(self) -> None:
        """Finish the requests there are and take no more."""
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT stop the server, which is then a success: uvicorn would die of the signal again."""

        def handle(number: int, frame: FrameType | None) -> None:
            self.force_exit = self.should_exit and number == signal.SIGINT  # a second Ctrl-C waits for nobody
            self.stop()

        before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

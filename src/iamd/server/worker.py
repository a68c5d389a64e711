"""One worker: an event loop that serves a listening socket until it is told to stop."""

import asyncio
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from iamd.server.app import App
from iamd.server.connection import Connection, Shared
from iamd.server.limits import Held, Limits

_TLS_HANDSHAKE_TIMEOUT = 10.0  # seconds
_FINISH_TIMEOUT = 10.0  # seconds that requests have to finish after SIGTERM
_END_TIMEOUT = 1.0  # seconds that clients then have to take the answers
_SWEEP_EVERY = 1.0  # seconds
_LOOK_EVERY = 0.02  # seconds, at who is still there when the server ends


class Server:
    """Serves ``app`` over HTTP/1.1, with TLS if there is a context for it.

    ``on_start`` is called once requests are answered and signals handled.
    """

    def __init__(
        self,
        app: App,
        limits: Limits,
        tls: ssl.SSLContext | None = None,
        on_start: Callable[[], None] | None = None,
    ) -> None:
        self._app = app
        self._tls = tls
        self._on_start = on_start
        self._connections: set[Connection] = set()
        self._shared = Shared(
            app=app, limits=limits, refused=app.counters.refused, connections=self._connections, held=Held()
        )
        self._stopping = asyncio.Event()

    async def serve(self, listeners: list[socket.socket]) -> None:
        """Serve until ``stop``, or SIGTERM or SIGINT, either of which makes the end a success."""
        loop = asyncio.get_running_loop()
        timeout = _TLS_HANDSHAKE_TIMEOUT if self._tls else None
        with self._signals_handled():
            servers = [
                await loop.create_server(
                    lambda: Connection(self._shared),
                    sock=each,
                    ssl=self._tls,
                    backlog=2048,
                    ssl_handshake_timeout=timeout,
                )
                for each in listeners
            ]
            sweeping = loop.create_task(self._sweep())
            if self._on_start is not None:
                self._on_start()
            await self._stopping.wait()
            for server in servers:
                server.close()
            await self._finish()
            sweeping.cancel()

    def stop(self) -> None:
        """Finish the requests there are and take no more."""
        self._stopping.set()

    async def _sweep(self) -> None:
        """End what takes too long, and publish what was counted, from time to time."""
        loop = asyncio.get_running_loop()
        while True:
            now = loop.time()
            for connection in [each for each in self._connections if each.deadline < now]:
                connection.expire()
            self._app.counters.connections = len(self._connections)
            self._app.publish_metrics()
            await asyncio.sleep(_SWEEP_EVERY)

    async def _finish(self) -> None:
        for connection in list(self._connections):
            connection.finish()
        await self._await_end(_FINISH_TIMEOUT)
        for connection in list(self._connections):
            connection.give_up()
        await self._await_end(_END_TIMEOUT)

    async def _await_end(self, timeout: float) -> None:
        """Wait until every connection is closed, or the time is over."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while self._connections and loop.time() < deadline:
            await asyncio.sleep(_LOOK_EVERY)

    @contextmanager
    def _signals_handled(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()

        def interrupt() -> None:
            if self._stopping.is_set():  # a second Ctrl-C waits for nobody
                for connection in list(self._connections):
                    connection.give_up()
            self.stop()

        loop.add_signal_handler(signal.SIGTERM, self.stop)
        loop.add_signal_handler(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGTERM)
            loop.remove_signal_handler(signal.SIGINT)

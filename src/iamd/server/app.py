"""The application: hands a request to the pipeline, counts it and tells of it, and answers iamd's own addresses."""

import asyncio
import logging
from time import perf_counter

import msgspec

from iamd import __version__
from iamd.call import now
from iamd.errors import InternalFailure, ServiceError, ServiceUnavailable
from iamd.server.issuers import find_published
from iamd.server.logs import RequestLog
from iamd.server.metrics import Board, Counters, render
from iamd.server.node import Node
from iamd.server.pipeline import answer
from iamd.server.refusals import method_not_allowed, refusal_response
from iamd.server.trace import Trace
from iamd.wire.http import HttpRequest, HttpResponse

OWN_PATHS = b"/_iamd/"

_logger = logging.getLogger("iamd.server")


class App:
    """One worker's application. ``node`` is what it answers from, ``counters`` and ``board`` its metrics."""

    def __init__(
        self,
        node: Node,
        log: RequestLog,
        board: Board,
        worker: int = 0,
        *,
        dev: bool = False,
        region: str | None = None,
    ) -> None:
        self.node = node
        self.counters: Counters = board.read(worker)
        self._log = log
        self._board = board
        self._worker = worker
        self._dev = dev
        self._region = region

    async def answer(self, request: HttpRequest) -> HttpResponse:
        """Answer one request, count it and tell of it. Raises nothing."""
        began = perf_counter()
        trace = Trace()
        own = request.path.startswith(OWN_PATHS)
        level = logging.DEBUG if own else logging.INFO
        try:
            response = await (self._answer_own(request) if own else self._answer(request, trace))
        except ServiceError as refusal:
            response = _refuse(refusal, trace)
        except asyncio.CancelledError:  # the time to finish is over
            response = _refuse(ServiceUnavailable("The server is shutting down."), trace)
        except Exception:
            level = logging.ERROR
            _logger.exception("A request failed by a fault of iamd.", extra={"request_id": trace.request_id})
            response = _refuse(InternalFailure("The request failed because of an internal failure."), trace)
        trace.status = response.status
        if response.status >= 500:
            level = logging.ERROR
        seconds = perf_counter() - began
        if not own:
            self.counters.count(trace, seconds)
        self._log.write(trace, source_ip=request.peer, seconds=seconds, level=level)
        return response

    async def _answer(self, request: HttpRequest, trace: Trace) -> HttpResponse:
        if request.method not in ("GET", "POST"):
            return _refuse(method_not_allowed(), trace)
        return await answer(request, self.node.replica, self.node.sealer, self.node.issuer_keys, trace)

    # iamd's own addresses ---------------------------------------------------------------------------------------------

    async def _answer_own(self, request: HttpRequest) -> HttpResponse:
        route = request.path[len(OWN_PATHS) :]
        if route == b"health" and request.method in ("GET", "HEAD"):
            return self._health()
        if route == b"metrics" and request.method in ("GET", "HEAD"):
            return self._metrics()
        if route == b"reset" and self._dev:
            return await self._reset(request)
        if route.startswith(b"issuers/") and request.method in ("GET", "HEAD"):
            published = await find_published(route, self.node.replica, now())
            return published or _text(404, "There is no such issuer.")
        if route in (b"health", b"metrics") or route.startswith(b"issuers/"):
            return _text(405, "Ask with GET.", (b"allow", b"GET, HEAD"))
        return _text(404, "There is /_iamd/health, /_iamd/metrics and, with iamd serve --dev, POST /_iamd/reset.")

    def _health(self) -> HttpResponse:
        health = self.node.health()
        body = {**health._asdict(), "region": self._region, "version": __version__}
        return HttpResponse(
            status=503 if health.status == "closed" else 200,
            headers=((b"content-type", b"application/json"), (b"cache-control", b"no-store")),
            body=msgspec.json.encode({name: value for name, value in body.items() if value is not None}) + b"\n",
        )

    def _metrics(self) -> HttpResponse:
        self.publish_metrics()
        workers = {number: self._board.read(number) for number in range(self._board.workers)}
        return HttpResponse(
            status=200,
            headers=((b"content-type", b"text/plain; version=0.0.4; charset=utf-8"), (b"cache-control", b"no-store")),
            body=render(workers, __version__, self._region),
        )

    def publish_metrics(self) -> None:
        """Show this worker's counters to the others."""
        health = self.node.health()
        self.counters.revision, self.counters.age = health.revision, health.age
        self.counters.writable = health.status == "ready"
        self._board.publish(self._worker, self.counters)

    async def _reset(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return _text(405, "Reset with POST.", (b"allow", b"POST"))
        if request.header(b"origin") is not None:
            return _text(403, "A web page may not reset this server.")
        await self.node.reset()
        return _text(200, "Reset to the seeded state.")


def _refuse(error: ServiceError, trace: Trace) -> HttpResponse:
    """Answer with ``error``, and note it."""
    trace.error_code = error.code
    return refusal_response(error, trace.request_id)


def _text(status: int, text: str, *headers: tuple[bytes, bytes]) -> HttpResponse:
    return HttpResponse(
        status=status,
        headers=((b"content-type", b"text/plain; charset=utf-8"), *headers),
        body=text.encode() + b"\n",
    )

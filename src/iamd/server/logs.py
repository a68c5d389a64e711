"""Logs: one line a request and one for each thing worth telling, as JSON or, on a terminal, as text; never a secret."""

import logging
import os
from datetime import UTC, datetime
from functools import lru_cache
from time import time_ns
from traceback import format_exception
from typing import Any

import msgspec
from msgspec import Struct

from iamd.server.trace import Trace

FORMATS = ("auto", "json", "text")
LEVELS = ("debug", "info", "warning", "error")

_LEVEL_NAMES = {getattr(logging, name.upper()): name for name in LEVELS}

_logger = logging.getLogger("iamd")
_encode = msgspec.json.Encoder().encode


class Line(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the log. Times are ISO 8601 in UTC, latency is in milliseconds."""

    time: str
    level: str
    event: str
    request_id: str | None = None
    source_ip: str | None = None
    principal: str | None = None  # the caller's ARN
    access_key_id: str | None = None
    account_id: str | None = None
    service: str | None = None
    operation: str | None = None
    decision: str | None = None
    issued_to: str | None = None  # ARN of the session that got temporary credentials
    issued_access_key_id: str | None = None
    error: str | None = None  # the error code answered
    status: int | None = None
    latency_ms: float | None = None
    worker: int | None = None
    message: str | None = None
    traceback: str | None = None


class RequestLog:
    """Writes the line of each request; ``json`` false writes ``key=value`` text.

    A line is one write to the file descriptor: lines of several processes do not mix, and none waits in a buffer when
    the process is killed.
    """

    def __init__(self, *, json: bool, worker: int | None = None, file_descriptor: int = 2) -> None:
        self._render = _encode if json else _render_text
        self._worker = worker
        self._file_descriptor = file_descriptor

    def write(self, trace: Trace, *, source_ip: str, seconds: float, level: int = logging.INFO) -> None:
        """Tell of one answered request. ``seconds`` is how long it took."""
        if not _logger.isEnabledFor(level):
            return
        line = Line(
            time=_now(),
            level=_LEVEL_NAMES[level],
            event="request",
            request_id=trace.request_id,
            source_ip=source_ip,
            principal=trace.principal,
            access_key_id=trace.access_key_id and trace.access_key_id[:128],  # the client's word until it is verified
            account_id=trace.account_id,
            service=trace.service,
            operation=trace.operation,
            decision=trace.decision,
            issued_to=trace.issued_to,
            issued_access_key_id=trace.issued_access_key_id,
            error=trace.error_code,
            status=trace.status,
            latency_ms=round(seconds * 1000, 3),
            worker=self._worker,
        )
        write_all(self._file_descriptor, self._render(line) + b"\n")


class _Handler(logging.Handler):
    """What Python's logging tells, in the same form as requests."""

    def __init__(self, *, json: bool, worker: int | None = None) -> None:
        super().__init__()
        self._render_line = _encode if json else _render_text
        self._worker = worker

    def emit(self, record: logging.LogRecord) -> None:
        line = Line(
            time=_now(),
            level=record.levelname.lower(),
            event=record.name,
            request_id=getattr(record, "request_id", None),
            message=record.getMessage(),
            traceback="".join(format_exception(*record.exc_info)) if record.exc_info else None,
            worker=self._worker,
        )
        write_all(2, self._render_line(line) + b"\n")


def configure_logs(level: str, format: str, worker: int | None = None) -> RequestLog:
    """Make Python's logging write to standard error, and return what writes the requests.

    ``level`` is one of LEVELS. ``format`` is one of FORMATS; ``auto`` is text on a terminal, JSON elsewhere.
    """
    json = format == "json" or (format == "auto" and not os.isatty(2))
    root = logging.getLogger()
    for handler in root.handlers[:]:
        root.removeHandler(handler)
    root.addHandler(_Handler(json=json, worker=worker))
    root.setLevel(logging.WARNING)
    _logger.setLevel(level.upper())
    return RequestLog(json=json, worker=worker)


def write_all(file_descriptor: int, data: bytes) -> None:
    """Write all of ``data``; a log that nobody can take any more (closed pipe, full disk) stops no answer."""
    try:
        while data:
            data = data[os.write(file_descriptor, data) :]
    except OSError:
        return


def _render_text(line: Line) -> bytes:
    """``2026-01-02T03:04:05.678Z info request key=value …``; values with spaces or control characters as JSON."""
    fields: dict[str, Any] = msgspec.to_builtins(line)
    head = f"{fields.pop('time')} {fields.pop('level'):7} {fields.pop('event')}"
    traceback = fields.pop("traceback", None)
    parts = [head, *(f"{key}={_text(value)}" for key, value in fields.items())]
    text = " ".join(parts)
    return (text if traceback is None else f"{text}\n{traceback.rstrip()}").encode("utf-8", "replace")


def _text(value: object) -> str:
    text = str(value)
    return text if text.isprintable() and " " not in text and '"' not in text else _encode(text).decode()


def _now() -> str:
    seconds, milliseconds = divmod(time_ns() // 1_000_000, 1000)
    return f"{_second(seconds)}.{milliseconds:03}Z"


@lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")

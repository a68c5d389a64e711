"""Request bodies, read whole within two bounds: on each of them, and on all that one worker holds at a time."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from iamd.errors import RequestEntityTooLarge, ServiceUnavailable

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]

MAX_BODY_BYTES = 10_000_000  # as AWS's Query endpoints take
MAX_HELD_BYTES = 128 * 2**20  # nobody need be known to send a body, so all of them together must fit in memory


class Disconnected(Exception):
    """The client went away before its request was whole."""


class Bodies:
    """The bodies that a worker is receiving. Most come in one piece and are never held."""

    def __init__(self) -> None:
        self._held = 0  # bytes of bodies that are not whole yet

    async def read(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body. Raises Disconnected, ServiceUnavailable, or RequestEntityTooLarge as soon as its announced
        or real length is known to exceed.
        """
        for name, value in scope["headers"]:
            if name == b"content-length" and (len(value) > 12 or int(value) > MAX_BODY_BYTES):
                raise RequestEntityTooLarge
        body, more = await _receive_part(receive)
        return await self._read_rest(body, receive) if more else body

    async def _read_rest(self, first: bytes, receive: Receive) -> bytes:
        parts = []
        size = 0
        part, more = first, True
        try:
            while True:
                size += len(part)
                self._held += len(part)
                if size > MAX_BODY_BYTES:
                    raise RequestEntityTooLarge
                if self._held > MAX_HELD_BYTES:
                    raise ServiceUnavailable("Too many large requests are being received. Please try again.")
                parts.append(part)
                if not more:
                    return b"".join(parts)
                part, more = await _receive_part(receive)
        finally:
            self._held -= size


async def _receive_part(receive: Receive) -> tuple[bytes, bool]:
    """A part of the body, and whether there is more. Raises Disconnected."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Disconnected
    return message.get("body", b""), message.get("more_body", False)

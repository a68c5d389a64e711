"""What clients may do to one worker: bounds on each connection and request, and on all of them together."""

from typing import Final

from msgspec import Struct

from iamd.errors import ServiceUnavailable

MAX_BODY_BYTES: Final = 10_000_000  # as AWS's Query endpoints take
MAX_HELD_BYTES: Final = 128 * 2**20  # nobody need be known to send a request, so all must fit in memory together


class Limits(Struct, frozen=True, kw_only=True):
    """What one worker lets its clients do."""

    max_connections: int = 1000
    max_header_bytes: int = 65_536  # request line and headers together
    max_headers: int = 100
    request_timeout: float = 30.0  # seconds to send a whole request, to be answered, and to take the whole answer
    keep_alive_timeout: float = 60.0  # seconds a connection may be idle between requests


class Held:
    """What a worker holds of all requests that come, wait or are being answered; most are answered before it counts."""

    def __init__(self) -> None:
        self._bytes = 0

    def change(self, count: int) -> None:
        """Hold ``count`` bytes more, or less. Raises ServiceUnavailable, and holds no more, if that is too much."""
        if count > 0 and self._bytes + count > MAX_HELD_BYTES:
            raise ServiceUnavailable("Too many large requests are being received. Please try again.")
        self._bytes += count

"""An HTTP request and response as the rest of iamd sees them: bytes as received, nothing decoded."""

from collections.abc import Mapping
from functools import cached_property

from msgspec import Struct


class HttpRequest(Struct, frozen=True, kw_only=True, dict=True):
    """A whole request. Header names are lower case, in the order received, repeated ones kept."""

    method: str
    path: bytes  # as received, still percent-encoded
    query_string: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    peer: str = "127.0.0.1"  # IP address of the peer
    secure: bool = False  # over TLS

    @cached_property
    def values(self) -> Mapping[bytes, bytes]:
        """The values of the headers by name, those of a repeated one joined by commas: what a signature covers.

        https://www.rfc-editor.org/rfc/rfc9110#section-5.3
        """
        values = dict(self.headers)
        if len(values) == len(self.headers):
            return values
        lists: dict[bytes, list[bytes]] = {}
        for name, value in self.headers:
            lists.setdefault(name, []).append(value.strip())
        return {name: b",".join(parts) for name, parts in lists.items()}

    def header(self, name: bytes) -> str | None:
        """The value of the header of that (lower-case) name, as Latin-1 text."""
        value = self.values.get(name)
        return None if value is None else value.decode("latin-1")


class HttpResponse(Struct, frozen=True, kw_only=True):
    """A whole response."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""

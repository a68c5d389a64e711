"""An HTTP request and response as the rest of iamd sees them: bytes as received, nothing decoded."""

from msgspec import Struct


class HttpRequest(Struct, frozen=True, kw_only=True):
    """A whole request. Header names are lower case, in the order received, repeated ones kept."""

    method: str
    path: bytes  # as received, still percent-encoded
    query_string: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    peer: str = "127.0.0.1"  # IP address of the peer
    secure: bool = False  # over TLS

    def header(self, name: bytes) -> str | None:
        """The first header of that (lower-case) name, as Latin-1 text."""
        for key, value in self.headers:
            if key == name:
                return value.decode("latin-1")
        return None


class HttpResponse(Struct, frozen=True, kw_only=True):
    """A whole response."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""

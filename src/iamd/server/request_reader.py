"""Bytes of one connection to HTTP/1.1 requests, with bounds on what a client may send."""

from collections import deque

import httptools

from iamd.errors import RequestEntityTooLarge, ServiceError
from iamd.server.limits import MAX_BODY_BYTES, Held, Limits
from iamd.server.refusals import BadRequest, RequestHeaderSectionTooLarge, method_not_allowed
from iamd.wire.http import HttpRequest

_STEP = 4096  # bytes parsed at a time; nothing is looked at behind the step in which a request ends


class RequestReader:
    """Reads the requests of one connection; ``peer`` is the client's IP address, ``secure`` true over TLS.

    INVARIANT: what it yields is exactly what the client sent, in order: a request that is doubtful in any way ends the
    reading. What it holds is bounded by ``limits`` and ``held``, however the client cuts and fills its bytes.
    """

    def __init__(self, limits: Limits, held: Held, peer: str, secure: bool) -> None:
        self.receiving = False  # a request has begun that is not whole yet
        self.awaits_go_ahead = False  # … and the client waits to be told to send its body
        self.ended = False  # no request is read any more
        self._limits = limits
        self._held = held
        self._held_bytes = 0  # of ``held``
        self._peer = peer
        self._secure = secure
        self._parser = httptools.HttpRequestParser(self)
        self._whole: deque[HttpRequest] = deque()
        self._taken: HttpRequest | None = None  # what is being answered
        self._unread = b""  # what came behind the step in which a request ended
        self._in_head = False
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()
        self._fed_bytes = 0  # of the unfinished request, give or take a step

    @property
    def waiting(self) -> bool:
        """Whether there is more to do than to wait for the client."""
        return bool(self._whole or self._unread)

    def feed(self, data: bytes) -> None:
        """Read on. Raises the ServiceError to end the connection with, after the requests before it."""
        if len(data) > _STEP or self._unread:
            self._unread += data
            self._read_on()
        else:
            self._parse(data)

    def next(self) -> HttpRequest | None:
        """The next request, if one is whole. Raises as ``feed`` does."""
        if not self._whole and self._unread:
            self._read_on()
        self._taken = self._whole.popleft() if self._whole else None
        return self._taken

    def answered(self) -> None:
        """The request taken last need not be held any more."""
        self._taken = None
        if self._held_bytes:
            self.hold()

    def hold(self) -> None:
        """Count what is held for this client. Raises ServiceUnavailable if that is too much for all clients together.

        For whenever something stays: a part of a request, or one that waits for its turn or its answer.
        """
        holds = len(self._unread) + (self._fed_bytes if self.receiving else 0)
        holds += sum(len(request.body) for request in (*self._whole, self._taken) if request is not None)
        self._held.change(holds - self._held_bytes)
        self._held_bytes = holds

    def close(self) -> None:
        """Read no more, and let go of all that is held but a request that is being answered, which stays till then."""
        kept = min(self._held_bytes, 0 if self._taken is None else len(self._taken.body))
        self._held.change(kept - self._held_bytes)
        self._held_bytes = kept
        self._whole.clear()
        self._unread = b""
        self._body = bytearray()
        vars(self).pop("_parser", None)  # it refers back here
        self.receiving, self.ended = False, True

    def _read_on(self) -> None:
        data, self._unread = self._unread, b""
        at = 0
        while at < len(data) and not self._whole:
            self._parse(data[at : at + _STEP])
            at += _STEP
        self._unread = b"" if self.ended else data[at:]

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._decline_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            if not self.ended:  # or it came after a request that was to be the last
                raise _refusal(error) from None
        self._fed_bytes += len(data)
        if self._in_head:
            self._verify_head()

    def _decline_upgrade(self, rest: bytes) -> None:
        """Take a request that offers another protocol as the HTTP/1.1 that it is.

        Such a client takes an answer in HTTP/1.1 too. The parser stops at the end of the head, as if there were no
        body; without this the body would be lost, or be taken for the next request.
        """
        method = self._parser.get_method()
        if method == b"CONNECT":
            raise method_not_allowed()
        headers = [header for header in self._headers if header[0] not in (b"connection", b"upgrade")]
        if not self._parser.should_keep_alive():
            headers.append((b"connection", b"close"))
        head = b"%b %b HTTP/1.1\r\n" % (method, self._url)
        self._parser = httptools.HttpRequestParser(self)
        self._parse(head + b"".join(b"%b: %b\r\n" % header for header in headers) + b"\r\n" + rest)

    # What the parser finds. An exception raised here ends the parsing and comes back as the error's context. ----------

    def on_message_begin(self) -> None:
        if self.ended:
            raise _bad_request()
        self.receiving = self._in_head = True
        self._url = b""
        self._headers = []
        self._fed_bytes = 0
        if self._body:
            self._body = bytearray()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # or it is a trailer: what comes after the body adds no header to a request
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._verify_head()
        if self._parser.should_upgrade():
            return
        headers = dict(self._headers)
        # The parser refuses a head with two lengths, with a length that is not of digits alone, or with an encoding
        # that leaves it open where the body ends.
        length = headers.get(b"content-length")
        if length is not None and (len(length) > 12 or int(length) > MAX_BODY_BYTES):
            raise RequestEntityTooLarge
        if headers.get(b"transfer-encoding", b"chunked").lower() != b"chunked" or self._names_two_hosts(headers):
            raise _bad_request()
        if headers.get(b"expect", b"").lower() == b"100-continue":
            self.awaits_go_ahead = self._parser.get_http_version() != "1.0"

    def on_body(self, part: bytes) -> None:
        self._body += part
        if len(self._body) > MAX_BODY_BYTES:
            raise RequestEntityTooLarge

    def on_message_complete(self) -> None:
        parser = self._parser
        if parser.should_upgrade():
            return
        self.receiving = self.awaits_go_ahead = False
        # A client of HTTP/1.0 does not expect the connection to stay, unless told in its own words.
        if not parser.should_keep_alive() or parser.get_http_version() == "1.0":
            self.ended = True
        path, _, query_string = _origin_form(self._url).partition(b"?")
        self._whole.append(
            HttpRequest(
                method=parser.get_method().decode("ascii"),
                path=path,
                query_string=query_string,
                headers=tuple(self._headers),
                body=bytes(self._body),
                peer=self._peer,
                secure=self._secure,
            )
        )

    def _names_two_hosts(self, headers: dict[bytes, bytes]) -> bool:
        return len(headers) != len(self._headers) and [name for name, _ in self._headers].count(b"host") > 1

    def _verify_head(self) -> None:
        """Raise RequestHeaderSectionTooLarge if the head, as far as it is known, exceeds a bound."""
        limits = self._limits
        if len(self._headers) > limits.max_headers:
            raise RequestHeaderSectionTooLarge(f"A request may have {limits.max_headers} headers.")
        if self._fed_bytes + _STEP > limits.max_header_bytes:  # or it cannot be too long
            size = len(self._url) + sum(len(name) + len(value) + 4 for name, value in self._headers)
            # An unfinished header is with the parser; what it may have is what was fed.
            if size > limits.max_header_bytes or self._fed_bytes > limits.max_header_bytes + _STEP:
                raise RequestHeaderSectionTooLarge(
                    f"The request line and headers may have {limits.max_header_bytes} bytes together."
                )


def _refusal(error: httptools.HttpParserError) -> ServiceError:
    """What a callback raised, or a 400 for bytes that are not HTTP."""
    if isinstance(error.__context__, ServiceError):
        return error.__context__
    return _bad_request()


def _bad_request() -> ServiceError:
    return BadRequest("An error occurred when parsing the HTTP request.")


def _origin_form(target: bytes) -> bytes:
    """A request target as path and query: a proxy's client sends ``http://host/path?query``."""
    if target[:1] == b"/":
        return target
    scheme, separator, rest = target.partition(b"://")
    if not separator or scheme.lower() not in (b"http", b"https"):
        return target
    authority_end = min((at for at in (rest.find(b"/"), rest.find(b"?")) if at >= 0), default=len(rest))
    return rest[authority_end:] if rest[authority_end : authority_end + 1] == b"/" else b"/" + rest[authority_end:]

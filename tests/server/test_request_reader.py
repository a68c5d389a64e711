"""From bytes to requests: one way to read them, however they are cut; what is doubtful is refused; all is bounded."""

from itertools import pairwise

import pytest

from iamd.errors import RequestEntityTooLarge, ServiceError, ServiceUnavailable
from iamd.server.limits import MAX_BODY_BYTES, MAX_HELD_BYTES, Held, Limits
from iamd.server.refusals import BadRequest, RequestHeaderSectionTooLarge
from iamd.server.request_reader import RequestReader
from iamd.wire.http import HttpRequest

HEAD = b"POST / HTTP/1.1\r\nhost: x\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"
GET = b"GET /next HTTP/1.1\r\nhost: x\r\n\r\n"
PART = b"a" * 1_000_000
TOO_LONG = "The request line and headers may have 65536 bytes together."


def new_reader(held: Held | None = None) -> RequestReader:
    return RequestReader(Limits(), held or Held(), "192.0.2.1", False)


def read(*parts: bytes) -> list[HttpRequest]:
    """The whole requests in what a client sends."""
    reader = new_reader()
    found = []
    for part in parts:
        if not reader.ended:
            reader.feed(part)
        while reader.waiting:
            request = reader.next()
            if request is not None:
                found.append(request)
    return found


def test_a_request_is_read_as_it_is_written() -> None:
    assert read(b"POST /p%20q?a=b HTTP/1.1\r\nHost: x\r\nX-A:  1 \r\nx-a: 2\r\ncontent-length: 3\r\n\r\nabc") == [
        HttpRequest(
            method="POST",
            path=b"/p%20q",
            query_string=b"a=b",
            headers=((b"host", b"x"), (b"x-a", b"1 "), (b"x-a", b"2"), (b"content-length", b"3")),
            body=b"abc",
            peer="192.0.2.1",
        )
    ]


def test_how_the_bytes_are_cut_makes_no_difference() -> None:
    upgrade = HEAD + b"connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 2\r\n\r\nhi"
    large = HEAD + b"content-length: 20000\r\n\r\n" + bytes(range(256)) * 78 + b"." * 32
    sent = GET + CHUNKED + b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nx: trailer\r\n\r\n" + upgrade + GET + large + GET
    whole = read(sent)
    assert [request.body for request in whole] == [b"", b"abcde", b"hi", b"", large[-20_000:], b""]
    assert whole[1].headers == ((b"host", b"x"), (b"transfer-encoding", b"chunked"))
    for size in (1, 2, 3, 7, 100, 4095, 4096, 4097):
        assert read(*(sent[at : at + size] for at in range(0, len(sent), size))) == whole


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n",
        HEAD + b"content-length: 3\r\ncontent-length: 3\r\n\r\nabc",
        HEAD + b"content-length: 3, 3\r\n\r\nabc",
        HEAD + b"content-length: +3\r\n\r\nabc",
        HEAD + b"content-length: -3\r\n\r\nabc",
        HEAD + b"content-length: 0x3\r\n\r\nabc",
        HEAD + b"content-length: 1_0\r\n\r\nabc",
        HEAD + b"content-length: \r\n\r\nabc",
        HEAD + b"content-length : 3\r\n\r\nabc",
        HEAD + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: identity\r\n\r\nabc",
        HEAD + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\x0b\r\n\r\n0\r\n\r\n",
        HEAD + b"x: a\r\n folded\r\ncontent-length: 0\r\n\r\n",
        HEAD + b"x: a\r\n\tcontent-length: 3\r\n\r\nabc",
        HEAD + b"x: a\ncontent-length: 3\r\n\r\nabc",
        HEAD + b"x: a\rb\r\ncontent-length: 0\r\n\r\n",
        HEAD + b"x: a\x00b\r\ncontent-length: 0\r\n\r\n",
        HEAD + b": nameless\r\ncontent-length: 0\r\n\r\n",
        HEAD + b"host: y\r\ncontent-length: 0\r\n\r\n",
        b"GET / HTTP/1.1\nhost: x\n\n",
        b"get / HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/3.0\r\nhost: x\r\n\r\n",
        CHUNKED + b"3\nabc\n0\n\n",
        CHUNKED + b"3 \r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n",
        CHUNKED + b"-1\r\n",
        CHUNKED + b"ffffffffffffffff1\r\n",
    ],
)
def test_what_two_servers_could_read_in_two_ways_is_refused(sent: bytes) -> None:
    with pytest.raises(BadRequest):
        read(sent)
    with pytest.raises(BadRequest):
        read(*(sent[at : at + 1] for at in range(len(sent))))


def test_what_comes_before_a_broken_request_is_read() -> None:
    reader = new_reader()
    with pytest.raises(BadRequest):
        reader.feed(GET + b"\x00\r\n\r\n")
    assert reader.next() is not None


@pytest.mark.parametrize(
    "last", [b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n", b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n"]
)
def test_nothing_is_read_after_a_last_request(last: bytes) -> None:
    assert len(read(GET + last + GET)) == 2
    assert len(read(GET, last + GET * 1000, GET)) == 2


def test_a_client_waits_for_the_go_ahead_in_http_1_1_alone() -> None:
    head = b"host: x\r\nexpect: 100-Continue\r\ncontent-length: 1\r\n\r\n"
    for version, waits in ((b"1.1", True), (b"1.0", False)):
        reader = new_reader()
        reader.feed(b"POST / HTTP/" + version + b"\r\n" + head)
        assert reader.awaits_go_ahead is waits
        reader.feed(b"a")
        assert not reader.awaits_go_ahead


@pytest.mark.parametrize("size", [4096, 65536, 300_000])
@pytest.mark.parametrize(
    ("head", "end", "message"),
    [
        (b"GET /" + b"a" * 65_536, b" HTTP/1.1\r\n\r\n", TOO_LONG),
        (HEAD + b"x: " + b"a" * 65_536, b"\r\n\r\n", TOO_LONG),
        (HEAD + (b"x: " + b"a" * 1000 + b"\r\n") * 66, b"\r\n", TOO_LONG),
        (HEAD + b"a:b\r\n" * 100, b"\r\n", "A request may have 100 headers."),
    ],
)
def test_the_head_is_bounded_whether_or_not_it_ends(head: bytes, end: bytes, message: str, size: int) -> None:
    for sent in (head + end, head + b"a" * 5000):
        with pytest.raises(RequestHeaderSectionTooLarge) as refused:
            read(*(sent[at : at + size] for at in range(0, len(sent), size)))
        assert refused.value.message == message


def test_a_body_too_large_is_refused_by_what_it_announces_or_by_what_comes() -> None:
    with pytest.raises(RequestEntityTooLarge):
        read(HEAD + b"content-length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1))
    with pytest.raises(RequestEntityTooLarge):
        read(HEAD + b"content-length: %d\r\n\r\n" % 10**15)
    with pytest.raises(RequestEntityTooLarge):
        read(CHUNKED, *[b"f4240\r\n" + PART + b"\r\n"] * 10, b"1\r\na\r\n")
    (request,) = read(CHUNKED, *[b"f4240\r\n" + PART + b"\r\n"] * 10, b"0\r\n\r\n")
    assert request.body == PART * 10


def test_of_many_requests_at_once_a_few_are_looked_at_at_a_time() -> None:
    reader = new_reader()
    small = b"GET / HTTP/1.1\r\n\r\n"
    reader.feed(small * 10_000)
    assert len(reader._whole) <= 4096 // len(small) + 1
    assert sum(reader.next() is not None for _ in range(10_001)) == 10_000


def test_requests_together_fit_in_memory_and_are_forgotten_with_their_clients() -> None:
    held = Held()
    large = HEAD + b"content-length: 10000000\r\n\r\n"
    readers = [new_reader(held) for _ in range(MAX_HELD_BYTES // (9 * len(PART)))]
    for reader in readers:
        reader.feed(large + PART * 9)
        reader.hold()
    other = new_reader(held)
    other.feed(large + PART * 9)
    with pytest.raises(ServiceUnavailable, match="Too many large requests are being received"):
        other.hold()
    for reader in readers[:2]:
        reader.close()
    other.hold()
    for reader in (other, *readers[2:]):
        reader.close()
        reader.close()
    held.change(MAX_HELD_BYTES)


def test_a_request_is_held_until_it_is_answered() -> None:
    held = Held()
    reader = new_reader(held)
    request = HEAD + b"content-length: 1000000\r\n\r\n" + PART
    reader.feed(request + request)
    reader.hold()
    for left in (2, 1):
        assert reader.next() is not None
        reader.hold()
        with pytest.raises(ServiceUnavailable):
            held.change(MAX_HELD_BYTES - left * len(PART) + 1)
        reader.answered()
    assert reader.next() is None
    reader.hold()
    held.change(MAX_HELD_BYTES)


def test_a_request_whose_client_left_is_held_until_it_is_answered() -> None:
    held = Held()
    reader = new_reader(held)
    reader.feed(HEAD + b"content-length: 1000000\r\n\r\n" + PART + GET)
    assert reader.next() is not None
    reader.hold()
    reader.close()
    with pytest.raises(ServiceUnavailable):
        held.change(MAX_HELD_BYTES - len(PART) + 1)
    reader.answered()
    held.change(MAX_HELD_BYTES)


def test_what_is_sent_behind_a_request_that_waits_counts_too() -> None:
    held = Held()
    reader = new_reader(held)
    held.change(MAX_HELD_BYTES - 10_000)
    reader.feed(GET * 1000)
    with pytest.raises(ServiceUnavailable):
        reader.hold()
    reader.close()
    held.change(10_000)


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"http://example.com/a?b", b"/a", b"b"),
        (b"HTTPS://example.com/", b"/", b""),
        (b"http://example.com", b"/", b""),
        (b"http://example.com?a/b", b"/", b"a/b"),
        (b"//example.com/a", b"//example.com/a", b""),
    ],
)
def test_a_proxys_form_of_a_target_is_understood(target: bytes, path: bytes, query: bytes) -> None:
    (request,) = read(b"GET " + target + b" HTTP/1.1\r\nhost: x\r\n\r\n")
    assert (request.path, request.query_string) == (path, query)


def test_any_bytes_are_read_or_refused() -> None:
    sent = GET + CHUNKED + b"3\r\nabc\r\n0\r\n\r\n" + HEAD + b"content-length: 2\r\n\r\nhi" + GET
    for at, (before, after) in enumerate(pairwise(range(len(sent)))):
        for byte in b"\x00\r\n :,;\x7f\xff0Z":
            spoiled = sent[:before] + bytes((byte,)) + sent[after:]
            try:
                found = read(spoiled)
            except ServiceError:
                continue
            assert len(found) <= 5, at

"""What a signature covers cannot be changed: every byte of it, one by one, and what is added beside it."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from iamd.authentication.canonical_request import path_forms, query_pairs
from iamd.errors import ServiceError
from iamd.wire.http import HttpRequest
from iamd.wire.parameters import parse_parameters
from tests.authentication import (
    LIST_USERS,
    MISMATCH,
    NOW,
    caller_of,
    presigned,
    refusal_of,
    sent,
    sha256,
    signature,
    signed,
    signed_by_botocore,
    time_of,
)

NOT_MATCHING = ("SignatureDoesNotMatch", MISMATCH)
POST = signed(LIST_USERS | {"PathPrefix": "/division/"}, headers={"my-header": "a b", "x-amz-security-none": "1"})
GET = presigned(LIST_USERS | {"PathPrefix": "/division/"})


def is_let_in(request: HttpRequest, now: int = NOW) -> bool:
    try:
        caller_of(request, now=now)
    except ServiceError:
        return False
    return True


def changed(text: bytes) -> Iterator[bytes]:
    """The text with each byte in turn made another one, doubled and left out."""
    for place in range(len(text)):
        before, byte, after = text[:place], text[place : place + 1], text[place + 1 :]
        yield before + bytes((byte[0] ^ 1,)) + after
        yield before + bytes((byte[0] ^ 0x20,)) + after  # the other case of a letter
        yield before + byte + byte + after
        yield before + after


def with_header(request: HttpRequest, name: bytes, value: bytes) -> HttpRequest:
    return replace(request, headers=tuple((n, value if n == name else v) for n, v in request.headers))


def test_the_untouched_requests_are_let_in() -> None:
    assert is_let_in(POST)
    assert is_let_in(GET)


@pytest.mark.parametrize("method", ["GET", "PUT", "post", "", "POST\n", "HEAD"])
def test_the_method(method: str) -> None:
    assert refusal_of(replace(POST, method=method)) == NOT_MATCHING


def test_each_byte_of_the_body() -> None:
    for body in changed(POST.body):
        assert not is_let_in(replace(POST, body=body)), body
    for body in (b"", POST.body + b"&UserName=Mallory", b"&" + POST.body):
        assert refusal_of(replace(POST, body=body)) == NOT_MATCHING


def test_a_body_cannot_be_added_to_a_presigned_request() -> None:
    assert refusal_of(replace(GET, body=b"Action=DeleteUser")) == NOT_MATCHING
    form = (b"content-type", b"application/x-www-form-urlencoded")
    assert not is_let_in(replace(GET, method="POST", headers=(*GET.headers, form), body=b"UserName=Mallory"))


def test_each_byte_of_the_path() -> None:
    request = signed_by_botocore("POST", LIST_USERS, {}, "/a/b%20c")
    now = time_of(request)
    assert is_let_in(request, now)
    for path in [*changed(request.path), b"/", b""]:
        if set(path_forms(path)).isdisjoint(path_forms(request.path)):
            assert not is_let_in(replace(request, path=path), now), path


@pytest.mark.parametrize("request_", [GET, replace(POST, query_string=b"")], ids=["presigned", "header"])
def test_a_query_string_cannot_be_added_to(request_: HttpRequest) -> None:
    for added in (
        b"UserName=Mallory",
        b"Action=DeleteUser",
        b"x",
        b"X-Amz-Foo=1",
        b"X-Amz-Signature=0",
        b"%58-Amz-A=1",
    ):
        query = b"&".join(filter(None, (request_.query_string, added)))
        assert not is_let_in(replace(request_, query_string=query)), added


def test_each_byte_of_a_presigned_query_string() -> None:
    """Signature, credential, scope, date, expiry, names of headers and parameters alike."""
    for query in changed(GET.query_string):
        request = replace(GET, query_string=query)
        if query_pairs(query) != query_pairs(GET.query_string):
            assert not is_let_in(request), query
        else:  # another way to write the same, such as %2f for %2F
            assert dict(parse_parameters(request)) == dict(parse_parameters(GET))


def test_each_byte_of_a_header_signed_query_string() -> None:
    get = signed_by_botocore("GET", LIST_USERS | {"UserName": "a b/c=d"}, {})
    now = time_of(get)
    assert is_let_in(get, now)
    for query in changed(get.query_string):
        if query_pairs(query) != query_pairs(get.query_string):
            assert not is_let_in(replace(get, query_string=query), now), query


def test_each_byte_of_each_signed_header() -> None:
    for name, value in POST.headers:
        if name == b"authorization":
            continue
        for other in changed(value):
            if other.split() != value.split():
                assert not is_let_in(with_header(POST, name, other)), (name, other)
        without = replace(POST, headers=tuple(header for header in POST.headers if header[0] != name))
        assert not is_let_in(without), name
        twice = replace(POST, headers=(*POST.headers, (name, value)))
        assert not is_let_in(twice), name


def test_each_byte_of_the_authorization() -> None:
    """The credential with each part of its scope, the names of signed headers, and the signature."""
    authorization = dict(POST.headers)[b"authorization"]
    for other in changed(authorization):
        if other.replace(b",", b" ").split() != authorization.replace(b",", b" ").split():
            assert not is_let_in(with_header(POST, b"authorization", other)), other


@pytest.mark.parametrize("form", [str.upper, str.title, lambda text: text[:-1], lambda text: "", lambda text: "é" * 64])
def test_a_signature_is_64_lower_case_digits(form: object) -> None:
    authorization = dict(POST.headers)[b"authorization"].decode()
    head, _, value = authorization.partition("Signature=")
    other = head + "Signature=" + form(value)  # type: ignore[operator]
    assert refusal_of(with_header(POST, b"authorization", other.encode("latin-1"))) == NOT_MATCHING


def test_a_presigned_signature_is_no_header_signature() -> None:
    value = parse_parameters(GET)["X-Amz-Signature"]
    authorization = dict(POST.headers)[b"authorization"].decode()
    moved = authorization.partition("Signature=")[0] + f"Signature={value}"
    assert refusal_of(with_header(POST, b"authorization", moved.encode())) == NOT_MATCHING


def test_unsigned_headers_beside_the_signed_ones_change_nothing() -> None:
    added = (
        (b"user-agent", b"proxy"),
        (b"x-forwarded-for", b"192.0.2.1"),
        (b"x-amzn-trace-id", b"Root=1-5759e988-bd862e3fe1be46a994272793"),
        (b"x-amz-cf-id", b"EXAMPLE"),
        (b"date", b"Sun, 22 Nov 2026 20:53:12 GMT"),
        (b"user-agent", b"again"),
    )
    for request in (POST, GET):
        assert caller_of(replace(request, headers=(*request.headers, *added))) == caller_of(request)


def test_parameters_of_the_body_are_no_signature() -> None:
    body = GET.query_string.decode()
    request = sent(
        headers=[("host", "iam.amazonaws.com"), ("content-type", "application/x-www-form-urlencoded")], body=body
    )
    assert refusal_of(request) == ("MissingAuthenticationToken", "Request is missing Authentication Token")


@given(st.data())
def test_repeated_parameters_cannot_change_places(data: st.DataObject) -> None:
    """A signature covers values in sorted order; which of them is first, and so is the one that counts, is open."""
    values = data.draw(st.permutations(["Alice", "Bob", "Mallory"]))
    pairs = "&".join(f"UserName={value}" for value in sorted(values))
    canonical = (
        f"GET\n/\nAction=GetUser&{pairs}&Version=2010-05-08\nhost:h\nx-amz-date:20261123T205312Z\n\nhost;x-amz-date"
    )
    value = signature(f"{canonical}\n{sha256('')}")
    query = "Action=GetUser&" + "&".join(f"UserName={value}" for value in values) + "&Version=2010-05-08"
    headers = [
        ("host", "h"),
        ("x-amz-date", "20261123T205312Z"),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261123/us-east-1/iam/aws4_request, "
            f"SignedHeaders=host;x-amz-date, Signature={value}",
        ),
    ]
    assert refusal_of(sent("GET", query=query, headers=headers)) == (
        "IncompleteSignature",
        "AWS query-string parameters must include 'UserName' only once. Re-examine the query-string parameters.",
    )


@pytest.mark.parametrize(
    "stated", [sha256("something else"), "UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", ""]
)
def test_a_stated_payload_hash_must_be_that_of_the_body(stated: str) -> None:
    assert refusal_of(signed(unsigned=[("x-amz-content-sha256", stated)])) == NOT_MATCHING
    assert refusal_of(signed(headers={"x-amz-content-sha256": stated})) == NOT_MATCHING


def test_an_unsigned_payload_is_not_taken() -> None:
    lines = "host:h\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:20261123T205312Z\n"
    names = "host;x-amz-content-sha256;x-amz-date"
    value = signature(f"POST\n/\n\n{lines}\n{names}\nUNSIGNED-PAYLOAD")
    headers = [
        ("host", "h"),
        ("x-amz-date", "20261123T205312Z"),
        ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261123/us-east-1/iam/aws4_request, "
            f"SignedHeaders={names}, Signature={value}",
        ),
    ]
    assert refusal_of(sent(headers=headers, body="Action=ListUsers&Version=2010-05-08")) == NOT_MATCHING

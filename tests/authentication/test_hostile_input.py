"""Whatever is sent, the answer is a refusal in AWS's words and never another exception."""

from hypothesis import given
from hypothesis import strategies as st

from iamd.authentication.authenticate import authenticate, get_signature
from iamd.errors import IncompleteSignature, InvalidClientTokenId, MissingAuthenticationToken, SignatureDoesNotMatch
from iamd.wire.http import HttpRequest
from tests.authentication import ACCOUNT, NOW, PlainSealer, presigned, signed

REFUSALS = (IncompleteSignature, InvalidClientTokenId, MissingAuthenticationToken, SignatureDoesNotMatch)

WORDS = st.sampled_from(
    [
        b"AWS4-HMAC-SHA256",
        b"AWS4-ECDSA-P256-SHA256",
        b"AKIAIOSFODNN7EXAMPLE",
        b"Credential=AKIAIOSFODNN7EXAMPLE/20261123/us-east-1/iam/aws4_request",
        b"SignedHeaders=host;x-amz-date",
        b"Signature=" + b"0" * 64,
        b"20261123T205312Z",
        b"host",
        b"X-Amz-Algorithm=AWS4-HMAC-SHA256",
        b"X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261123%2Fus-east-1%2Fiam%2Faws4_request",
        b"X-Amz-SignedHeaders=host",
        b"X-Amz-Signature=0",
        b"X-Amz-Date=20261123T205312Z",
        b"X-Amz-Expires=60",
        b"X-Amz-Security-Token=x",
        *(bytes((byte,)) for byte in b"&=%,;/ +\t\n\r\0\x80\xb2\xff"),
    ]
)
BYTES = st.lists(WORDS | st.binary(max_size=6), max_size=12).map(b"".join)
NAMES = st.sampled_from(
    [b"authorization", b"host", b"x-amz-date", b"date", b"x-amz-security-token", b"x-amz-content-sha256"]
)
HEADERS = st.lists(st.tuples(NAMES | st.binary(max_size=8), BYTES), max_size=8).map(tuple)


def refuse(request: HttpRequest) -> None:
    try:
        caller = authenticate(request, {}, get_signature(request, {}), "iam", ACCOUNT, PlainSealer(), NOW)
    except REFUSALS as refusal:
        message = refusal.message or ""
        assert message.isascii()
        assert message.isprintable()
        assert len(message) < 2000
    else:
        raise AssertionError(f"{caller.arn} was let in")


@given(st.text(max_size=8), BYTES, BYTES, HEADERS, st.binary(max_size=40))
def test_noise(
    method: str, path: bytes, query_string: bytes, headers: tuple[tuple[bytes, bytes], ...], body: bytes
) -> None:
    refuse(HttpRequest(method=method, path=path, query_string=query_string, headers=headers, body=body))


@given(st.lists(WORDS | st.binary(max_size=6), max_size=10), st.sampled_from([b" ", b", ", b","]))
def test_noise_in_an_authorization(parts: list[bytes], separator: bytes) -> None:
    authorization = b"AWS4-HMAC-SHA256 " + separator.join(parts)
    headers = ((b"host", b"h"), (b"x-amz-date", b"20261123T205312Z"), (b"authorization", authorization))
    refuse(HttpRequest(method="POST", path=b"/", headers=headers))


@given(st.lists(WORDS | st.binary(max_size=6), max_size=10))
def test_noise_in_a_query_string(parts: list[bytes]) -> None:
    query_string = b"&".join([b"X-Amz-Algorithm=AWS4-HMAC-SHA256", *parts])
    refuse(HttpRequest(method="GET", path=b"/", query_string=query_string, headers=((b"host", b"h"),)))


@given(st.data())
def test_a_good_request_with_bytes_replaced_by_noise(data: st.DataObject) -> None:
    good = data.draw(st.sampled_from([signed(), presigned()]))
    noise = data.draw(BYTES.filter(bool))
    if good.body:
        refuse(HttpRequest(method="POST", path=b"/", headers=good.headers, body=good.body + noise))
        headers = list(good.headers)
        place = data.draw(st.integers(0, len(headers) - 1))
        headers[place] = (headers[place][0], noise)
        if noise.split() != good.headers[place][1].split():
            refuse(HttpRequest(method="POST", path=b"/", headers=tuple(headers), body=good.body))
    else:
        place = data.draw(st.integers(0, len(good.query_string) - 1))
        query_string = good.query_string[:place] + noise + good.query_string[place + len(noise) :]
        if query_string != good.query_string:
            refuse(HttpRequest(method="GET", path=b"/x" + noise, query_string=query_string, headers=good.headers))


def test_very_much_of_everything() -> None:
    many = b"&".join(b"a%d=%d" % (number, number) for number in range(20_000))
    headers = tuple((b"x-%d" % number, b"v") for number in range(2_000)) + ((b"host", b"h"),) * 2_000
    for authorization in (b"AWS4-HMAC-SHA256 " + b"," * 8_000, b"AWS4-HMAC-SHA256 " + b"a=" * 2_000_000, b"AWS" * 10):
        refuse(
            HttpRequest(
                method="POST",
                path=b"/." * 100_000,
                query_string=many,
                headers=(*headers, (b"authorization", authorization)),
                body=b"x" * 1_000_000,
            )
        )
    refuse(HttpRequest(method="GET", path=b"/", query_string=many + b"&X-Amz-Algorithm=x", headers=headers))

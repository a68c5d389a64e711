"""What a request says of its Signature Version 4: read from the Authorization header or a presigned query string.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from msgspec import Struct

from iamd.authentication.canonical_request import Pairs, query_pairs
from iamd.errors import IncompleteSignature, SignatureDoesNotMatch
from iamd.wire.http import HttpRequest

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_AUTHORIZATION = 8192  # characters
MAX_SIGNED_HEADERS = 100
MAX_EXPIRES = 604_800  # seconds: a week

_SIGNATURE = "Signature="
_MAX_KNOWN = 512  # characters of what an Authorization header says beside the signature, to be kept in mind

_MONTHS = {
    month: b"%02d" % number
    for number, month in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)
}


class Signature(Struct, frozen=True, kw_only=True, gc=False):
    """A signature and what it is said to cover; nothing of it is to be believed before it is verified."""

    access_key_id: str
    date: str  # YYYYMMDD of the credential scope
    region: str
    service: str
    terminator: str  # aws4_request
    timestamp: str  # when it was signed, YYYYMMDDThhmmssZ
    time: int  # the same in epoch seconds
    expires: int | None  # X-Amz-Expires of a presigned request: seconds after ``time``
    session_token: str | None
    query: Pairs  # the query string but for the signature itself, in canonical order
    headers: Mapping[bytes, bytes]  # all of them by name, signed or not
    signed_headers: tuple[bytes, ...]  # names, in the order signed; all are in ``headers``
    value: bytes  # 64 hexadecimal digits, if it is a signature at all


def find_signature(request: HttpRequest) -> Signature | None:
    """The request's signature, or None if it has none.

    Raises IncompleteSignature or SignatureDoesNotMatch in AWS's words if it is not of the form AWS asks for.
    """
    headers = request.values
    authorization = headers.get(b"authorization")
    query = query_pairs(request.query_string)
    presigned = b"X-Amz-Algorithm" in request.query_string and "X-Amz-Algorithm" in dict(query)
    if authorization is None:
        return _find_in_query(headers, query) if presigned else None
    if presigned:
        raise SignatureDoesNotMatch(
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
        )
    if not authorization.startswith(b"AWS"):
        return None  # Basic, Bearer and the like are no signatures
    return _find_in_header(headers, query, authorization.decode("latin-1"))


class _Claim(NamedTuple):
    """Who is said to have signed what; the same for all requests of a client that day."""

    credential: tuple[str, ...]
    signed_headers: tuple[bytes, ...]


def _find_in_header(headers: Mapping[bytes, bytes], query: Pairs, authorization: str) -> Signature:
    if len(authorization) > MAX_AUTHORIZATION:
        raise IncompleteSignature(f"Authorization header must not have more than {MAX_AUTHORIZATION} characters.")
    before, _, value = authorization.rpartition(_SIGNATURE)
    claim = _find_claim(before) if value.isalnum() and len(before) <= _MAX_KNOWN else None
    date = headers.get(b"x-amz-date", headers.get(b"date"))
    if claim is None or date is None:
        claim, value = _read_claim(authorization, has_date=date is not None)
    assert date is not None
    _by_name(query)
    return _build(
        headers,
        query,
        credential=claim.credential,
        signed_headers=claim.signed_headers,
        value=value.encode("latin-1"),
        date=date if b"x-amz-date" in headers else _without_words(date),
    )


@lru_cache(maxsize=1024)
def _find_claim(before: str) -> _Claim | None:
    """The claim of an Authorization header that ends with its signature, given what stands before that.

    None if anything is wrong with it, which ``_read_claim`` tells of the whole header.
    """
    try:
        claim, value = _read_claim(f"{before}{_SIGNATURE}0", has_date=True)
    except IncompleteSignature:
        return None
    return claim if value == "0" else None


def _read_claim(authorization: str, *, has_date: bool) -> tuple[_Claim, str]:
    """The claim of an Authorization header, and the signature. Raises IncompleteSignature in AWS's words."""
    # AWS takes commas and white space alike for separators. A second Authorization header is joined with a comma, and
    # fails for want of an equal-sign in its algorithm.
    algorithm, *parts = authorization.replace(",", " ").split()
    _require_algorithm(algorithm)
    parameters: dict[str, str] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals:
            raise IncompleteSignature(
                "Invalid key=value pair (missing equal-sign) in Authorization header "
                f"(hashed with SHA-256 and encoded with Base64): '{_hashed(authorization)}'."
            )
        if name in parameters:
            raise IncompleteSignature(
                f"Authorization header requires only one '{shown(name)}' parameter. {_hashed_header(authorization)}"
            )
        parameters[name] = value
    missing = [
        f"Authorization header requires '{name}' parameter. "
        for name in ("Credential", "Signature", "SignedHeaders")
        if name not in parameters
    ]
    if not has_date:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
    if missing:
        raise IncompleteSignature("".join(missing) + _hashed_header(authorization))
    claim = _Claim(
        tuple(parameters["Credential"].split("/")), tuple(parameters["SignedHeaders"].encode("latin-1").split(b";"))
    )
    return claim, parameters["Signature"]


def _find_in_query(headers: Mapping[bytes, bytes], query: Pairs) -> Signature:
    parameters = _by_name(query)
    missing = [
        f"AWS query-string parameters must include '{name}'. "
        for name in ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
        if name not in parameters
    ]
    if missing:
        raise IncompleteSignature("".join(missing) + "Re-examine the query-string parameters.")
    _require_algorithm(_decode(parameters["X-Amz-Algorithm"]))
    token, expires = parameters.get("X-Amz-Security-Token"), parameters.get("X-Amz-Expires")
    return _build(
        headers,
        tuple([pair for pair in query if pair[0] != "X-Amz-Signature"]),
        credential=tuple([_decode(element) for element in parameters["X-Amz-Credential"].split("%2F")]),
        signed_headers=tuple(
            [_decode(name).encode("latin-1") for name in parameters["X-Amz-SignedHeaders"].split("%3B")]
        ),
        value=_decode(parameters["X-Amz-Signature"]).encode("latin-1"),
        date=_decode(parameters["X-Amz-Date"]).encode("latin-1"),
        expires=None if expires is None else _expires(_decode(expires)),
        session_token=None if token is None else _decode(token),
    )


def _build(
    headers: Mapping[bytes, bytes],
    query: Pairs,
    *,
    credential: tuple[str, ...],
    signed_headers: tuple[bytes, ...],
    value: bytes,
    date: bytes,
    expires: int | None = None,
    session_token: str | None = None,
) -> Signature:
    """The signature, after the checks that both kinds of request share."""
    timestamp, time = _time(date)
    if b"host" not in signed_headers:
        raise SignatureDoesNotMatch("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    if len(signed_headers) > MAX_SIGNED_HEADERS:
        raise IncompleteSignature(f"Authorization must not name more than {MAX_SIGNED_HEADERS} as SignedHeaders.")
    for name in signed_headers:
        if name not in headers:
            raise IncompleteSignature(
                f"'{shown(name.decode('latin-1'))}' is named as a SignedHeader, "
                "but it does not exist in the HTTP request."
            )
    # Of the headers read here the token alone is bound to the signature by nothing but its being signed: the date is
    # in the string to sign, a payload hash is compared.
    # The target, which names the operation, is not among what a body binds either.
    if b"x-amz-target" in headers and b"x-amz-target" not in signed_headers:
        raise SignatureDoesNotMatch("'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.")
    token = headers.get(b"x-amz-security-token")
    if token is not None:
        if b"x-amz-security-token" not in signed_headers:
            raise SignatureDoesNotMatch("'X-Amz-Security-Token' must be a 'SignedHeader' in the AWS Authorization.")
        if session_token is not None:
            raise SignatureDoesNotMatch("Found 'X-Amz-Security-Token' both as a query-string param and as HTTP header.")
        session_token = token.decode("latin-1")
    if len(credential) != 5:
        raise IncompleteSignature(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{shown('/'.join(credential))}'"
        )
    access_key_id, scope_date, region, service, terminator = credential
    return Signature(
        access_key_id=access_key_id,
        date=scope_date,
        region=region,
        service=service,
        terminator=terminator,
        timestamp=timestamp,
        time=time,
        expires=expires,
        session_token=session_token,
        query=query,
        headers=headers,
        signed_headers=signed_headers,
        value=value,
    )


def _by_name(query: Pairs) -> dict[str, str]:
    """The query string by name. INVARIANT: no name stands twice, for a signature covers the values of one name in
    sorted order, and so does not tell which of them came first.
    """
    parameters = dict(query)
    if len(parameters) != len(query):
        repeated = next(name for (name, _), (following, _) in pairwise(query) if name == following)
        raise IncompleteSignature(
            f"AWS query-string parameters must include '{shown(repeated)}' only once. "
            "Re-examine the query-string parameters."
        )
    return parameters


@lru_cache(maxsize=1024)  # many requests are signed in the same second
def _time(text: bytes) -> tuple[str, int]:
    """``YYYYMMDDThhmmssZ``, and no other of the forms of ISO 8601, as text and as epoch seconds."""
    try:
        if len(text) == 16 and text[8:9] == b"T" and text[15:] == b"Z" and (text[:8] + text[9:15]).isdigit():
            timestamp = text.decode("ascii")
            return timestamp, int(datetime.fromisoformat(timestamp).timestamp())
    except ValueError:
        pass
    raise IncompleteSignature(
        f"Date must be in ISO-8601 'basic format'. Got '{shown(text.decode('latin-1'))}'. "
        "See http://en.wikipedia.org/wiki/ISO_8601"
    )


def _without_words(text: bytes) -> bytes:
    """The date of a Date header such as ``Mon, 23 Nov 2026 20:53:12 GMT`` as the string to sign has it."""
    parts = text.split()
    if len(parts) != 6 or parts[2] not in _MONTHS or parts[5] != b"GMT":
        return text
    return parts[3] + _MONTHS[parts[2]] + parts[1] + b"T" + parts[4].replace(b":", b"") + b"Z"


def basic_format(time: int) -> str:
    """Epoch seconds as ``YYYYMMDDThhmmssZ``."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y%m%dT%H%M%SZ")


def _expires(text: str) -> int:
    seconds = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= seconds <= MAX_EXPIRES:
        raise IncompleteSignature(
            f"X-Amz-Expires must be a number of seconds from 1 to {MAX_EXPIRES}. Got '{shown(text)}'."
        )
    return seconds


def _require_algorithm(algorithm: str) -> None:
    if algorithm != ALGORITHM:
        raise IncompleteSignature(f"Unsupported AWS 'algorithm': '{shown(algorithm)}' (only {ALGORITHM} for now). ")


def _decode(encoded: str) -> str:
    return encoded if "%" not in encoded else unquote_to_bytes(encoded).decode("latin-1")


def _hashed_header(authorization: str) -> str:
    """How AWS shows an Authorization header: secrets are mistaken for parts of it, so not in the clear."""
    return f"(Hashed with SHA-256 and encoded with Base64) Authorization={_hashed(authorization)}"


def _hashed(text: str) -> str:
    return b64encode(hashlib.sha256(text.encode("latin-1")).digest()).decode("ascii")


def shown(text: str) -> str:
    """``text`` fit for a message: printable ASCII of bounded length."""
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text[:256])

"""The canonical request of Signature Version 4: what a signature covers, rebuilt from the bytes received.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import quote_from_bytes, unquote_to_bytes

Pairs: TypeAlias = tuple[tuple[str, str], ...]  # names and values, percent-encoded

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
_PATH_AS_IS = _UNRESERVED + b"/%!$&'()*+,;=:@"
_EMPTY_HASH = hashlib.sha256(b"").hexdigest()


@lru_cache(maxsize=8)
def query_pairs(query_string: bytes) -> Pairs:
    """The names and values of a query string, decoded and encoded again as AWS does, in canonical order.

    ``+`` is a space and a name without ``=`` has an empty value, as where the query string is read for its parameters.
    INVARIANT: two query strings with the same pairs, of which no two have one name, mean the same request. The names
    of AWS's own parameters need no encoding and stand here as they are. The cache is for one request asking again.
    """
    pairs = []
    for piece in query_string.split(b"&"):
        if piece:
            name, _, value = piece.partition(b"=")
            pairs.append((_encode(name), _encode(value)))
    pairs.sort()
    return tuple(pairs)


def path_forms(path: bytes) -> Sequence[str]:
    """The canonical forms that signers make of a path, the one that AWS documents first.

    AWS normalizes the path (``//`` is ``/``, dot segments are resolved) and encodes what is encoded already once more.
    Signers exist that leave out the one, the other or both; every form binds the path. All are the same for ``/``.
    """
    if path in (b"/", b""):
        return ("/",)
    forms = []
    for form in (_normalize(path), path):
        forms.append(quote_from_bytes(form, "/~"))
        if not form.translate(None, _PATH_AS_IS):
            forms.append(form.decode("ascii"))
    return tuple(dict.fromkeys(forms))


def payload_hash(body: bytes) -> str:
    """The SHA-256 of the body, in hexadecimal."""
    return hashlib.sha256(body).hexdigest() if body else _EMPTY_HASH


def canonical_request(
    method: str,
    path: str,
    query: Pairs,
    headers: Mapping[bytes, bytes],
    signed_headers: Iterable[bytes],
    body_hash: str,
) -> bytes:
    """The text whose hash is signed; ``path`` is one of ``path_forms``.

    Of a header's value the white space around it does not count, and a run of white space is one space.
    """
    canonical_query = "&".join([f"{name}={value}" for name, value in query]) if query else ""
    return b"%b\n%b\n\n%b\n%b" % (
        f"{method}\n{path}\n{canonical_query}".encode("utf-8", "surrogatepass"),
        b"\n".join([b"%b:%b" % (name, b" ".join(headers[name].split())) for name in signed_headers]),
        b";".join(signed_headers),
        body_hash.encode("ascii"),
    )


def _encode(text: bytes) -> str:
    if not text.translate(None, _UNRESERVED):
        return text.decode("ascii")
    return quote_from_bytes(unquote_to_bytes(text.replace(b"+", b" ")), "~")


def _normalize(path: bytes) -> bytes:
    segments: list[bytes] = []
    for segment in path.split(b"/"):
        if segment == b"..":
            del segments[-1:]
        elif segment not in (b"", b"."):
            segments.append(segment)
    slash = b"/" if segments and path.endswith(b"/") else b""
    return b"/" + b"/".join(segments) + slash

"""Verifies AWS Signature Version 4: the scope, the time, and the signature over what was received.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
"""

import hashlib
import hmac
from collections import OrderedDict
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from iamd.authentication.canonical_request import canonical_request, path_forms, payload_hash
from iamd.authentication.signature import ALGORITHM, Signature, basic_format, shown
from iamd.errors import RequestExpired, SignatureDoesNotMatch
from iamd.wire.http import HttpRequest

TERMINATOR = "aws4_request"
MAX_SKEW = 15 * 60  # seconds
MAX_REGION = 64  # characters

SigningKey: TypeAlias = HMAC
"""A key made ready to sign, of which each signature takes a copy: that saves half of its time."""


def verify_scope(signature: Signature, service_name: str) -> None:
    """Raise SignatureDoesNotMatch unless the credential scope is that of a request to this service, that day."""
    if (
        signature.service == service_name
        and signature.date == signature.timestamp[:8]
        and signature.terminator == TERMINATOR
        and _is_region(signature.region)
    ):
        return
    wrong = []
    if not _is_region(signature.region):
        wrong.append("Credential should be scoped to a valid region. ")
    if signature.service != service_name:
        wrong.append(f"Credential should be scoped to correct service: '{service_name}'. ")
    if signature.terminator != TERMINATOR:
        wrong.append(
            f"Credential should be scoped with a valid terminator: '{TERMINATOR}', "
            f"not '{shown(signature.terminator)}'. "
        )
    if signature.date != signature.timestamp[:8]:
        wrong.append(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{shown(signature.date)}' != '{signature.timestamp[:8]}', from '{signature.timestamp}'."
        )
    raise SignatureDoesNotMatch("".join(wrong))


def verify_time(signature: Signature, now: int) -> None:
    """Raise SignatureDoesNotMatch if the request was signed more than 15 minutes from ``now`` (epoch seconds)."""
    if signature.time < now - MAX_SKEW:
        raise SignatureDoesNotMatch(
            f"Signature expired: {signature.timestamp} is now earlier than {basic_format(now - MAX_SKEW)} "
            f"({basic_format(now)} - 15 min.)"
        )
    if signature.time > now + MAX_SKEW:
        raise SignatureDoesNotMatch(
            f"Signature not yet current: {signature.timestamp} is still later than {basic_format(now + MAX_SKEW)} "
            f"({basic_format(now)} + 15 min.)"
        )


def verify_expiry(signature: Signature, now: int) -> None:
    """Raise RequestExpired if a presigned request is older than it says it may get; ``now`` is epoch seconds.

    https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
    """
    if signature.expires is not None and now > signature.time + signature.expires:
        raise RequestExpired("Request has expired.")


def verify_signature(request: HttpRequest, signature: Signature, signing_key: SigningKey) -> None:
    """Raise SignatureDoesNotMatch unless the signature is the key's over this very request.

    INVARIANT: method, path, query string, signed headers and body are all taken from ``request`` as received; a
    payload hash that the client states is never used, but if it states one it has to be right.
    """
    body_hash = payload_hash(request.body)
    stated = signature.headers.get(b"x-amz-content-sha256")
    if stated is None or stated.strip() == body_hash.encode("ascii"):
        prefix = (
            f"{ALGORITHM}\n{signature.timestamp}\n"
            f"{signature.date}/{signature.region}/{signature.service}/{signature.terminator}\n"
        )
        for path in path_forms(request.path):
            canonical = canonical_request(
                request.method, path, signature.query, signature.headers, signature.signed_headers, body_hash
            )
            string_to_sign = prefix + hashlib.sha256(canonical).hexdigest()
            signing = signing_key.copy()
            signing.update(string_to_sign.encode("ascii"))
            if hmac.compare_digest(signing.finalize().hex().encode("ascii"), signature.value):
                return
    raise SignatureDoesNotMatch(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details."
    )


def derive_signing_key(secret: bytes, date: str, region: str, service: str) -> bytes:
    """The key that signs requests of one day to one service in one region."""
    key = b"AWS4" + secret
    for part in (date, region, service, TERMINATOR):
        key = hmac.digest(key, part.encode("ascii"), "sha256")
    return key


def make_ready(signing_key: bytes) -> SigningKey:
    """The key as ``verify_signature`` takes it."""
    return HMAC(signing_key, SHA256())


class SigningKeyName(NamedTuple):
    """All that a signing key is derived from. INVARIANT: another secret has another sealed text."""

    access_key_id: str
    sealed_secret: str
    date: str
    region: str
    service: str


class SigningKeys:
    """The signing keys used last, at most ``size``; the least recently used one goes first.

    Only keys that verified a signature belong here, so nobody without a secret can drive out the others'.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._keys: OrderedDict[SigningKeyName, SigningKey] = OrderedDict()

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, name: SigningKeyName) -> SigningKey | None:
        key = self._keys.get(name)
        if key is not None:
            self._keys.move_to_end(name)
        return key

    def add(self, name: SigningKeyName, key: SigningKey) -> None:
        self._keys[name] = key
        if len(self._keys) > self._size:
            self._keys.popitem(last=False)


@lru_cache(maxsize=256)
def _is_region(text: str) -> bool:
    return text.isascii() and text.replace("-", "").isalnum() and len(text) <= MAX_REGION

"""Issuers of web identity tokens: tokens signed by another library than the one that verifies them."""

import json
from base64 import urlsafe_b64encode
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from iamd.authentication.issuer_keys import IssuerKey, parse_key_set

CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}


@cache
def private_key(algorithm: str, number: int = 0, bits: int = 2048) -> Any:
    """A key for the algorithm, the same whenever it is asked for."""
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm])
    return rsa.generate_private_key(65537, bits)


class Issuer:
    """An issuer with one key."""

    def __init__(
        self, url: str = "https://idp.example.com", algorithm: str = "RS256", number: int = 0, bits: int = 2048
    ) -> None:
        self.url = url
        self.algorithm = algorithm
        self.key_id = f"key-{number}"
        self.key = private_key(algorithm if algorithm in CURVES else "RSA", number, bits)

    def claims(self, now: int, **more: Any) -> dict[str, Any]:
        """Those that every token has. What is None is left out."""
        claims = {"iss": self.url, "aud": "app", "sub": "user-1", "iat": now - 10, "exp": now + 600} | more
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, claims: dict[str, Any], headers: dict[str, Any] | None = None, algorithm: str = "") -> str:
        headers = {"kid": self.key_id} | (headers or {})
        used = algorithm or self.algorithm
        return jwt.encode(claims, self.key, used, {name: value for name, value in headers.items() if value is not None})

    def jwk(self, **more: Any) -> dict[str, Any]:
        kind = ECAlgorithm if self.algorithm in CURVES else RSAAlgorithm
        return {**kind.to_jwk(self.key.public_key(), as_dict=True), "kid": self.key_id, "use": "sig"} | more

    def key_set(self, *others: "Issuer", **more: Any) -> str:
        """The document that an operator keeps."""
        return json.dumps({"issuer": self.url, "keys": [each.jwk(**more) for each in (self, *others)]})

    def keys(self, *others: "Issuer", **more: Any) -> tuple[IssuerKey, ...]:
        return parse_key_set(self.key_set(*others, **more))[1]


def raw_token(header: str, claims: str, signature: bytes = b"signature") -> str:
    """A token of these texts, signed with nothing."""
    parts = (header.encode(), claims.encode(), signature)
    return ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in parts)

"""The public keys with which issuers of web identity tokens sign, and where they are known from.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from msgspec import Struct

from iamd.policy.json_text import MAX_LENGTH, NotJson, NumberText, read_json

MAX_KEYS: Final = 100  # of each type, as AWS takes them
_MIN_RSA_DIGITS: Final = 342  # base64 digits of 2,048 bits
_MAX_RSA_DIGITS: Final = 1_366  # of 8,192 bits
_CURVES: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
_RSA_ALGORITHMS: Final = frozenset({"RS256", "RS384", "RS512"})
_PUBLIC: Final = {"RSA": ("n", "e"), "EC": ("crv", "x", "y")}

_logger = logging.getLogger("iamd.authentication")


class InvalidKeySet(ValueError):
    """A text that is no JSON Web Key Set that AWS would take; the message says why."""


class IssuerKey(Struct, frozen=True, kw_only=True):
    """A public key.

    ``algorithms`` are those that it may have signed with, by its type, curve and ``alg``: a key is good for no other
    algorithm whatever a token says. https://www.rfc-editor.org/rfc/rfc8725#section-3.1
    """

    id: str | None  # kid
    algorithms: frozenset[str]
    jwk: Mapping[str, str]  # the public members alone


class IssuerKeys(Protocol):
    """Where the keys of issuers come from."""

    async def find(self, issuer: str) -> tuple[IssuerKey, ...] | None:
        """The keys of the issuer with exactly this URL, None if they are not known.

        Raises IDPCommunicationError if they should be known and cannot be had for the moment.
        """
        ...


class NoIssuerKeys:
    """Knows the keys of nobody."""

    async def find(self, issuer: str) -> tuple[IssuerKey, ...] | None:
        return None


class IssuerKeysDirectory:
    """Keys that an operator keeps: a directory of JSON Web Key Sets, each with its ``issuer`` beside its ``keys``.

    The names of the files do not matter as long as they end in ``.json``. A change is seen with the next token.
    """

    def __init__(self, path: Path) -> None:
        """Raises InvalidKeySet or OSError if there is something in the directory that cannot be used."""
        self._path = path
        self._seen = self._look()
        self._keys = _read_all(path)

    async def find(self, issuer: str) -> tuple[IssuerKey, ...] | None:
        return await asyncio.to_thread(self._find, issuer)

    def _find(self, issuer: str) -> tuple[IssuerKey, ...] | None:
        try:
            seen = self._look()
            if seen != self._seen:
                self._seen = seen  # whatever comes of it: nobody's tokens make the same broken file be read again
                self._keys = _read_all(self._path)
        except (InvalidKeySet, OSError) as error:  # what was read before stays in force, whole
            _logger.error("The issuer keys in %s cannot be read: %s.", self._path, error)
        return self._keys.get(issuer)

    def _look(self) -> frozenset[tuple[str, int, int, int]]:
        """What changes when a file does."""
        files = ((path.name, path.stat()) for path in _files(self._path))
        return frozenset((name, stat.st_mtime_ns, stat.st_size, stat.st_ino) for name, stat in files)


def parse_key_set(text: str) -> tuple[str | None, tuple[IssuerKey, ...]]:
    """The ``issuer`` of a JSON Web Key Set, if it has one, and the keys that can verify signatures.

    Keys of other types, for other uses or too weak are left out, as RFC 7517 wants it. Raises InvalidKeySet.
    https://www.rfc-editor.org/rfc/rfc7517#section-5
    """
    try:
        document = read_json(text)
    except NotJson as error:
        raise InvalidKeySet(f"it is no JSON: {error}") from None
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise InvalidKeySet('it has no list "keys"')
    issuer = document.get("issuer")
    keys = tuple(key for key in map(_find_key, listed) if key is not None)
    if max(Counter(key.jwk["kty"] for key in keys).values(), default=0) > MAX_KEYS:
        raise InvalidKeySet(f"it has more than {MAX_KEYS} keys of a type")
    return (issuer if _is_text(issuer) else None), keys


def _find_key(jwk: Any) -> IssuerKey | None:
    """The key, or None if it is not one to verify signatures with."""
    if not isinstance(jwk, dict):
        return None
    names = _PUBLIC.get(str(jwk.get("kty")), ())
    operations = jwk.get("key_ops", ["verify"])
    if not names or not all(_is_text(jwk.get(name)) for name in names):
        return None
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return None
    if jwk["kty"] == "RSA":
        algorithms = _RSA_ALGORITHMS if _MIN_RSA_DIGITS <= len(jwk["n"]) <= _MAX_RSA_DIGITS else frozenset()
    else:
        algorithms = frozenset({_CURVES[jwk["crv"]]} if jwk["crv"] in _CURVES else ())
    if "alg" in jwk:
        algorithms &= {str(jwk["alg"])}
    key_id = jwk.get("kid")
    if not algorithms or not (key_id is None or _is_text(key_id)):
        return None
    return IssuerKey(id=key_id, algorithms=algorithms, jwk={name: jwk[name] for name in ("kty", *names)})


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, NumberText)


def _files(path: Path) -> list[Path]:
    return sorted(each for each in path.iterdir() if each.suffix == ".json")


def _read_all(path: Path) -> dict[str, tuple[IssuerKey, ...]]:
    keys: dict[str, tuple[IssuerKey, ...]] = {}
    for file in _files(path):
        if file.stat().st_size > MAX_LENGTH:
            raise InvalidKeySet(f"{file.name}: it is longer than {MAX_LENGTH} bytes")
        try:
            issuer, found = parse_key_set(file.read_text("utf-8"))
        except (InvalidKeySet, UnicodeDecodeError) as error:
            raise InvalidKeySet(f"{file.name}: {error}") from None
        if issuer is None:
            raise InvalidKeySet(f'{file.name}: it does not say whose keys they are; add "issuer": "https://…"')
        if issuer in keys:
            raise InvalidKeySet(f"{file.name}: the keys of {issuer} stand in another file too")
        keys[issuer] = found
    return keys

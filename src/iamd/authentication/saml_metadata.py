"""SAML metadata of identity providers: who they are and with which certificates they sign.

Slow: ask for these functions with ``Call.compute``. What is read comes from strangers: document type declarations and
with them all entities are refused, nesting is bounded, and nothing is ever fetched.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml.html
"""

from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from xml.parsers import expat

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_der_x509_certificate

_METADATA = "urn:oasis:names:tc:SAML:2.0:metadata "
_SIGNATURE = "http://www.w3.org/2000/09/xmldsig# "
_ENTITIES, _ENTITY = _METADATA + "EntitiesDescriptor", _METADATA + "EntityDescriptor"
_IDP, _KEY = _METADATA + "IDPSSODescriptor", _METADATA + "KeyDescriptor"
_CERTIFICATE_PATH = [
    _ENTITY,
    _IDP,
    _KEY,
    *(_SIGNATURE + name for name in ("KeyInfo", "X509Data", "X509Certificate")),
]
_MAX_DEPTH = 100
_MIN_RSA_BITS = 1024
_MAX_CERTIFICATES = 20  # of one provider: each is tried on an assertion, by whomever that was sent
_KEPT = 32  # documents; those that are kept are in the memory of their accounts anyway


class IdentityProvider(NamedTuple):
    """One that signs assertions."""

    entity_id: str  # the issuer of its assertions
    certificates: tuple[bytes, ...]  # DER; expired ones too, as AWS keeps them in use


class Metadata(NamedTuple):
    """What a metadata document says."""

    providers: tuple[IdentityProvider, ...]
    valid_until: int | None  # epoch seconds


@lru_cache(_KEPT)
def parse_metadata(document: str) -> Metadata | None:
    """What ``document`` says; None if it is no metadata of an identity provider that can sign.

    Kept, since anybody may send assertions to a provider whose metadata are ten million bytes.
    """
    if document.startswith("\ufeff"):  # AWS wants UTF-8 without a byte order mark
        return None
    reader = _Reader()
    parser = expat.ParserCreate("utf-8", " ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(document.encode(), True)
    except (expat.ExpatError, ValueError, OverflowError, UnsupportedAlgorithm):
        return None
    if not reader.providers:
        return None
    return Metadata(tuple(reader.providers), reader.valid_until)


def is_decryption_key(private_key: str) -> bool:
    """Whether it is a PEM private key without a password that can decrypt assertions: their keys come under RSA."""
    try:
        # See iamd.iam.certificates for why the factors are not proved prime.
        key = load_pem_private_key(private_key.encode(), password=None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it needs a password
        return False
    return isinstance(key, rsa.RSAPrivateKey)


class _Reader:
    """Follows the document's elements. Raises ValueError for what must not stand in metadata."""

    def __init__(self) -> None:
        self.providers: list[IdentityProvider] = []
        self.valid_until: int | None = None
        self._path: list[str] = []
        self._entity_id = ""
        self._is_provider = False
        self._certificates: dict[bytes, None] = {}
        self._signs = False
        self._text: list[str] | None = None  # of the certificate being read

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        path = self._path
        if name in (_ENTITIES, _ENTITY) and all(above == _ENTITIES for above in path):
            self._shorten(attributes.get("validUntil"))
        if name == _ENTITY:
            if any(above != _ENTITIES for above in path) or not attributes.get("entityID"):
                raise ValueError("EntityDescriptor")
            self._entity_id, self._is_provider, self._certificates = attributes["entityID"], False, {}
        elif name == _IDP and path[-1:] == [_ENTITY]:
            self._is_provider = True
        elif name == _KEY:
            self._signs = attributes.get("use", "signing") == "signing"
        path.append(name)
        if len(path) > _MAX_DEPTH:
            raise ValueError("depth")
        if path[-6:] == _CERTIFICATE_PATH and self._signs:
            self._text = []

    def text(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def end(self, name: str) -> None:
        self._path.pop()
        if self._text is not None:
            self._certificates[_verified_certificate("".join(self._text))] = None
            self._text = None
            if len(self._certificates) > _MAX_CERTIFICATES:
                raise ValueError("certificates")
        if name == _ENTITY and self._is_provider:
            if not self._certificates:
                raise ValueError("KeyDescriptor")
            self.providers.append(IdentityProvider(self._entity_id, tuple(self._certificates)))

    def _shorten(self, valid_until: str | None) -> None:
        if valid_until is not None:
            time = datetime.fromisoformat(valid_until.strip())
            seconds = int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())
            self.valid_until = seconds if self.valid_until is None else min(seconds, self.valid_until)


def _verified_certificate(text: str) -> bytes:
    """The certificate's DER. Raises ValueError if it is none, or its key is too short."""
    der = b64decode("".join(text.split()), validate=True)
    key = load_der_x509_certificate(der).public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _MIN_RSA_BITS:
        raise ValueError("RSA")
    return der


def _refuse_doctype(*declaration: object) -> None:
    raise ValueError("DOCTYPE")

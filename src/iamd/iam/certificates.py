"""What is in the certificates and keys that users upload. Slow: ask for these functions with ``Call.compute``.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_server-certs.html
"""

from collections.abc import Sequence
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509 import Certificate, load_pem_x509_certificates

from iamd.errors import KeyPairMismatch, MalformedCertificate

_UNREADABLE = "Unable to parse certificate. Please ensure the certificate is in PEM format."
_BROKEN_CHAIN = (
    "Unable to validate certificate chain. The certificate chain must start with the immediate signing certificate, "
    "followed by any intermediaries in order. The index within the chain of the invalid certificate is: "
)


class Examined(NamedTuple):
    """What is worth knowing of a certificate; times are epoch seconds."""

    fingerprint: str  # SHA-256, hexadecimal
    valid_from: int
    valid_until: int


def examine_certificate(body: str) -> Examined | None:
    """What is in the one certificate that ``body`` has in PEM; None if that is not what it has."""
    certificates = _load(body)
    return _examined(certificates[0]) if len(certificates) == 1 else None


def examine_server_certificate(body: str, private_key: str, chain: str | None) -> Examined:
    """What is in the certificate ``body``, which goes with ``private_key`` and is signed by the first of ``chain``.

    All are PEM, the key without a password. Raises MalformedCertificate or KeyPairMismatch.
    """
    certificates = _load(body)
    if len(certificates) != 1:
        raise MalformedCertificate(_UNREADABLE)
    certificate = certificates[0]
    _verify_key_pair(certificate, private_key)
    if chain is not None:
        _verify_chain(certificate, _load(chain))
    return _examined(certificate)


def _load(text: str) -> Sequence[Certificate]:
    """The certificates in ``text``, none if it cannot be read."""
    try:
        return load_pem_x509_certificates(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        return ()


def _examined(certificate: Certificate) -> Examined:
    return Examined(
        fingerprint=certificate.fingerprint(SHA256()).hex(),
        valid_from=int(certificate.not_valid_before_utc.timestamp()),
        valid_until=int(certificate.not_valid_after_utc.timestamp()),
    )


def _verify_key_pair(certificate: Certificate, private_key: str) -> None:
    key = _load_private_key(private_key)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise MalformedCertificate("Invalid Private Key.")
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    try:
        certified = certificate.public_key().public_bytes(*form)
    except (ValueError, UnsupportedAlgorithm):
        raise MalformedCertificate(_UNREADABLE) from None
    if key.public_key().public_bytes(*form) != certified:
        raise KeyPairMismatch("The private key does not match the public key of the certificate.")


def _load_private_key(text: str) -> PrivateKeyTypes:
    try:
        # Whether its factors are prime takes seconds to prove for a large key and tells nothing about the pair.
        return load_pem_private_key(text.encode(), password=None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it needs a password
        raise MalformedCertificate("Invalid Private Key.") from None


def _verify_chain(certificate: Certificate, chain: Sequence[Certificate]) -> None:
    """Each certificate is signed by the next. The index told is that of the one signed: -1 for the server's own."""
    if not chain:
        raise MalformedCertificate(f"{_BROKEN_CHAIN}-1")
    for index, (signed, signer) in enumerate(zip((certificate, *chain[:-1]), chain, strict=True), start=-1):
        try:
            signed.verify_directly_issued_by(signer)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            raise MalformedCertificate(f"{_BROKEN_CHAIN}{index}") from None

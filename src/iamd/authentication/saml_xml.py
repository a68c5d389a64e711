"""SAML responses as bytes: parsed within bounds, their signatures verified, encrypted assertions opened.

INVARIANT: what ``verify`` gives was covered by a signature, as that saw it: canonical, in a document of its own. Nobody
reads claims from the document that it came from, so that nothing else in it can be meant.
https://docs.oasis-open.org/security/saml/v2.0/saml-core-2.0-os.pdf
https://www.w3.org/TR/xmldsig-bestpractices/
"""

from base64 import b64decode
from collections.abc import Sequence
from typing import Any, Final
from xml.parsers import expat

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_der_x509_certificate

PROTOCOL: Final = "{urn:oasis:names:tc:SAML:2.0:protocol}"
ASSERTION: Final = "{urn:oasis:names:tc:SAML:2.0:assertion}"
_SIGNATURE: Final = "{http://www.w3.org/2000/09/xmldsig#}"
_ENCRYPTION: Final = "{http://www.w3.org/2001/04/xmlenc#}"
_MAX_DEPTH: Final = 40
_MAX_ELEMENTS: Final = 5_000

# https://docs.oasis-open.org/security/saml/v2.0/saml-core-2.0-os.pdf section 5.4.4: no others may be used.
_TRANSFORMS: Final = frozenset(
    {
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        "http://www.w3.org/2001/10/xml-exc-c14n#",
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
    }
)
_CONTENT_KEY_SIZES: Final = {  # bytes
    "http://www.w3.org/2001/04/xmlenc#aes128-cbc": 16,
    "http://www.w3.org/2001/04/xmlenc#aes192-cbc": 24,
    "http://www.w3.org/2001/04/xmlenc#aes256-cbc": 32,
    "http://www.w3.org/2009/xmlenc11#aes128-gcm": 16,
    "http://www.w3.org/2009/xmlenc11#aes192-gcm": 24,
    "http://www.w3.org/2009/xmlenc11#aes256-gcm": 32,
}
_OAEP: Final = ("http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", "http://www.w3.org/2009/xmlenc11#rsa-oaep")
_HASHES: Final[dict[str | None, hashes.HashAlgorithm]] = {
    None: hashes.SHA1(),  # noqa: S303 - the default of RSA-OAEP, where collisions do not matter
    "http://www.w3.org/2000/09/xmldsig#sha1": hashes.SHA1(),  # noqa: S303
    "http://www.w3.org/2001/04/xmlenc#sha256": hashes.SHA256(),
    "http://www.w3.org/2001/04/xmlenc#sha512": hashes.SHA512(),
    "http://www.w3.org/2009/xmlenc11#mgf1sha1": hashes.SHA1(),  # noqa: S303
    "http://www.w3.org/2009/xmlenc11#mgf1sha256": hashes.SHA256(),
    "http://www.w3.org/2009/xmlenc11#mgf1sha512": hashes.SHA512(),
}


class InvalidXml(ValueError):
    """A document that is no XML, or none that a SAML response has use for."""


class NotSigned(ValueError):
    """What should be signed is not, or not by any of the certificates; or cannot be decrypted."""


def parse(document: bytes) -> Any:
    """The root element. Raises InvalidXml for document types, entities, processing instructions, depth and number of
    elements, and for an ID that stands twice.
    """
    from lxml import etree

    _verify_bounds(document)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise InvalidXml(str(error)) from None
    ids = [element.get("ID") for element in root.iter() if isinstance(element.tag, str) and element.get("ID")]
    if len(set(ids)) != len(ids):
        raise InvalidXml("an ID twice")
    return root


def is_signed(element: Any) -> bool:
    """Whether the element has a signature of its own, by whomever."""
    return element.find(f"{_SIGNATURE}Signature") is not None


def verify(element: Any, certificates: Sequence[bytes]) -> Any:
    """The element as one of the certificates (DER) signed it. Raises NotSigned.

    Only a signature that stands in the element and refers to just this element counts; certificates in the document are
    not looked at.
    """
    from lxml import etree

    element_id = element.get("ID")
    references = element.findall(f"{_SIGNATURE}Signature/{_SIGNATURE}SignedInfo/{_SIGNATURE}Reference")
    if not element_id or len(references) != 1 or references[0].get("URI") != f"#{element_id}":
        raise NotSigned("reference")
    transforms = references[0].iterfind(f"{_SIGNATURE}Transforms/{_SIGNATURE}Transform")
    if not {transform.get("Algorithm") for transform in transforms} <= _TRANSFORMS:
        raise NotSigned("transforms")
    alone = etree.tostring(element, with_tail=False)
    for certificate in certificates:
        signed = _find_signed(alone, certificate)
        if signed is not None and signed.tag == element.tag and signed.get("ID") == element_id:
            return signed
    raise NotSigned("signature")


def decrypt(encrypted: Any, private_keys: Sequence[bytes]) -> Any:
    """The root of the document in an ``EncryptedAssertion``, by one of the keys (PEM). Nothing in it is verified yet.

    Raises NotSigned whatever is wrong, so that nobody learns anything about the padding.
    """
    data = encrypted.find(f"{_ENCRYPTION}EncryptedData")
    key = next(encrypted.iter(f"{_ENCRYPTION}EncryptedKey"), None)
    if data is None or key is None:
        raise NotSigned("encryption")
    size = _CONTENT_KEY_SIZES.get(_method(data), 0)
    for private_key in private_keys:
        try:
            content_key = _decrypt_key(key, private_key)
            if len(content_key) == size:
                return parse(_decrypt_content(_cipher_value(data), content_key, gcm=_method(data).endswith("gcm")))
        except (ValueError, InvalidTag, UnsupportedAlgorithm):
            continue
    raise NotSigned("encryption")


def _verify_bounds(document: bytes) -> None:
    """A pass over the document that stops at the first thing that must not be in it."""
    depth = elements = 0

    def start(name: str, attributes: Any) -> None:
        nonlocal depth, elements
        depth, elements = depth + 1, elements + 1
        if depth > _MAX_DEPTH or elements > _MAX_ELEMENTS:
            raise InvalidXml("size")

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*anything: object) -> None:
        raise InvalidXml("document type or processing instruction")

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = parser.ProcessingInstructionHandler = refuse
    try:
        parser.Parse(document, True)
    except expat.ExpatError as error:
        raise InvalidXml(str(error)) from None


def _find_signed(document: bytes, certificate: bytes) -> Any:
    """What the certificate signed of a document whose root has a signature, None if it signed nothing.

    A certificate counts as long as it is in the metadata, also when its own time is over; so AWS has it.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml.html
    """
    from lxml import etree
    from signxml.algorithms import DigestAlgorithm, SignatureMethod
    from signxml.exceptions import SignXMLException
    from signxml.verifier import SignatureConfiguration, XMLVerifier

    loaded = load_der_x509_certificate(certificate)
    expected = SignatureConfiguration(
        location="./",
        expect_references=1,
        signature_methods=frozenset(
            {
                SignatureMethod.RSA_SHA256,
                SignatureMethod.RSA_SHA384,
                SignatureMethod.RSA_SHA512,
                SignatureMethod.ECDSA_SHA256,
                SignatureMethod.ECDSA_SHA384,
                SignatureMethod.ECDSA_SHA512,
            }
        ),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512}),
        ignore_ambiguous_key_info=True,
        verification_time=loaded.not_valid_after_utc,
    )
    try:
        result = XMLVerifier().verify(document, x509_cert=loaded, id_attribute="ID", expect_config=expected)
    except (SignXMLException, ValueError, KeyError, TypeError, AttributeError, AssertionError, etree.LxmlError):
        return None  # the library has an exception of its own for most of what can be wrong, but not for all
    return None if isinstance(result, list) else result.signed_xml


def _method(element: Any) -> str:
    method = element.find(f"{_ENCRYPTION}EncryptionMethod")
    return "" if method is None else str(method.get("Algorithm"))


def _cipher_value(element: Any) -> bytes:
    value = element.findtext(f"{_ENCRYPTION}CipherData/{_ENCRYPTION}CipherValue")
    return b64decode("".join((value or "").split()), validate=True)


def _decrypt_key(key: Any, private_key: bytes) -> bytes:
    """Raises ValueError."""
    # See iamd.iam.certificates for why the factors are not proved prime.
    loaded = load_pem_private_key(private_key, password=None, unsafe_skip_rsa_key_validation=True)
    if _method(key) not in _OAEP or not isinstance(loaded, rsa.RSAPrivateKey):
        raise ValueError("key transport")
    method = key.find(f"{_ENCRYPTION}EncryptionMethod")
    digest = method.find(f"{_SIGNATURE}DigestMethod")
    mask = method.find("{http://www.w3.org/2009/xmlenc11#}MGF")
    digest_name = None if digest is None else digest.get("Algorithm")
    mask_name = None if mask is None else mask.get("Algorithm")
    if digest_name not in _HASHES or mask_name not in _HASHES:
        raise ValueError("hash")
    scheme = padding.OAEP(padding.MGF1(_HASHES[mask_name]), _HASHES[digest_name], label=None)
    return loaded.decrypt(_cipher_value(key), scheme)


def _decrypt_content(value: bytes, key: bytes, *, gcm: bool) -> bytes:
    """https://www.w3.org/TR/xmlenc-core1/#sec-Alg-Block. Raises ValueError or InvalidTag."""
    if gcm:
        return AESGCM(key).decrypt(value[:12], value[12:], None)
    decryptor = Cipher(algorithms.AES(key), modes.CBC(value[:16])).decryptor()
    padded = decryptor.update(value[16:]) + decryptor.finalize()
    if not padded or not 1 <= padded[-1] <= 16:
        raise ValueError("padding")
    return padded[: -padded[-1]]

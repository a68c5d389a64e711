"""A SAML identity provider for tests: its responses are signed and encrypted by other code than verifies them."""

import os
from base64 import b64encode
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from iamd.account.records import SAMLProvider
from tests.iam.certificates import issue
from tests.iam.world import ACCOUNT_ID, NOW

ENTITY_ID = "https://idp.example.com/saml"
SIGN_IN = "https://signin.aws.amazon.com/saml"
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/R"
PROVIDER_ARN = f"arn:aws:iam::{ACCOUNT_ID}:saml-provider/Example"
AWS = "https://aws.amazon.com/SAML/Attributes/"
DS = "http://www.w3.org/2000/09/xmldsig#"
ENVELOPED = f"{DS}enveloped-signature"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
NAMESPACES = {"saml": "urn:oasis:names:tc:SAML:2.0:assertion", "samlp": "urn:oasis:names:tc:SAML:2.0:protocol"}


def iso(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@cache
def decryption_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def decryption_pem() -> bytes:
    return decryption_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class IdentityProvider:
    """One with a certificate. ``number`` tells several apart."""

    def __init__(self, entity_id: str = ENTITY_ID, number: int = 0) -> None:
        self.entity_id = entity_id
        self.issued = _certificate(number)

    def metadata(self) -> str:
        der = self.issued.certificate.public_bytes(Encoding.DER)
        return (
            f'<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{self.entity_id}">'
            '<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
            f'<KeyDescriptor use="signing"><KeyInfo xmlns="{DS}"><X509Data><X509Certificate>{b64encode(der).decode()}'
            "</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
            '<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" '
            'Location="https://idp.example.com/sso"/></IDPSSODescriptor></EntityDescriptor>'
        )

    def record(self, **more: Any) -> SAMLProvider:
        fields = {
            "account_id": ACCOUNT_ID,
            "name": "Example",
            "id": "SAMLSPEXAMPLE",
            "created": NOW,
            "valid_until": NOW,
        }
        return SAMLProvider(metadata=self.metadata(), **(fields | more))

    # Documents --------------------------------------------------------------------------------------------------------

    def assertion(
        self,
        attributes: dict[str, list[str]] | None = None,
        *,
        now: int = NOW,
        name_id: str = "alice",
        name_format: str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        recipient: str = SIGN_IN,
        audience: str = "urn:amazon:webservices",
        issuer: str | None = None,
        issued: int | None = None,
        ends: int | None = None,
        statement: str = "",
    ) -> str:
        """The XML of an assertion that is not signed yet."""
        values = {f"{AWS}Role": [f"{ROLE},{PROVIDER_ARN}"], f"{AWS}RoleSessionName": ["alice"]} | (attributes or {})
        stated = "".join(
            f'<saml:Attribute Name="{name}">'
            + "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in each)
            + "</saml:Attribute>"
            for name, each in values.items()
        )
        ends = now + 300 if ends is None else ends
        return (
            f'<saml:Assertion xmlns:saml="{NAMESPACES["saml"]}" ID="_assertion" Version="2.0" '
            f'IssueInstant="{iso(now if issued is None else issued)}">'
            f"<saml:Issuer>{issuer or self.entity_id}</saml:Issuer>"
            f'<saml:Subject><saml:NameID Format="{name_format}">{name_id}</saml:NameID>'
            '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
            f'<saml:SubjectConfirmationData NotOnOrAfter="{iso(ends)}" Recipient="{recipient}"/>'
            "</saml:SubjectConfirmation></saml:Subject>"
            f'<saml:Conditions NotBefore="{iso(now - 60)}" NotOnOrAfter="{iso(ends)}"><saml:AudienceRestriction>'
            f"<saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>"
            f'<saml:AuthnStatement {statement} AuthnInstant="{iso(now)}"/>'
            f"<saml:AttributeStatement>{stated}</saml:AttributeStatement></saml:Assertion>"
        )

    def response(self, inside: Any, *, status: str = "Success", destination: str = SIGN_IN, issuer: str = "") -> Any:
        """The element of a response around assertions, which may be signed or encrypted elements, or text."""
        response = etree.fromstring(
            f'<samlp:Response xmlns:samlp="{NAMESPACES["samlp"]}" xmlns:saml="{NAMESPACES["saml"]}" ID="_response" '
            f'Version="2.0" IssueInstant="{iso(NOW)}" Destination="{destination}">'
            f"<saml:Issuer>{issuer or self.entity_id}</saml:Issuer><samlp:Status>"
            f'<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{status}"/></samlp:Status></samlp:Response>'
        )
        for each in inside if isinstance(inside, list) else [inside]:
            response.append(etree.fromstring(each) if isinstance(each, str) else each)
        return response

    def sign(
        self,
        element: Any,
        *,
        uri: str | None = None,
        key_info: str = "",
        transforms: tuple[str, ...] = (ENVELOPED, EXCLUSIVE),
    ) -> Any:
        """The element with a signature after its issuer."""
        element = deepcopy(etree.fromstring(element) if isinstance(element, str) else element)
        digest = b64encode(sha256(canonical(element)).digest()).decode()
        listed = "".join(f'<ds:Transform Algorithm="{each}"/>' for each in transforms)
        signature = etree.fromstring(
            f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"/>'
            f'<ds:SignatureMethod Algorithm="{RSA_SHA256}"/><ds:Reference URI="{uri or "#" + element.get("ID")}">'
            f'<ds:Transforms>{listed}</ds:Transforms><ds:DigestMethod Algorithm="{SHA256}"/>'
            f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
            f"<ds:SignatureValue/>{key_info}</ds:Signature>"
        )
        signed = self.issued.key.sign(canonical(signature[0]), padding.PKCS1v15(), hashes.SHA256())
        signature[1].text = b64encode(signed).decode()
        element.insert(1, signature)
        return element

    def signed(self, **more: Any) -> str:
        """What clients send: a response with a signed assertion."""
        return encoded(self.response(self.sign(self.assertion(**more))))


def canonical(element: Any) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True)


def encoded(response: Any) -> str:
    return b64encode(response if isinstance(response, bytes) else etree.tostring(response)).decode()


def encrypt(element: Any, *, cbc: bool = False, transport: str = "rsa-oaep-mgf1p", content: bytes | None = None) -> Any:
    """The element as an EncryptedAssertion for ``decryption_key``."""
    plain = content if content is not None else etree.tostring(element)
    key = os.urandom(32)
    if cbc:
        initial = os.urandom(16)
        plain += bytes(15 - len(plain) % 16) + bytes([16 - len(plain) % 16])
        encryptor = Cipher(algorithms.AES(key), modes.CBC(initial)).encryptor()
        value = initial + encryptor.update(plain) + encryptor.finalize()
    else:
        nonce = os.urandom(12)
        value = nonce + AESGCM(key).encrypt(nonce, plain, None)
    method = "http://www.w3.org/2001/04/xmlenc#aes256-cbc" if cbc else "http://www.w3.org/2009/xmlenc11#aes256-gcm"
    scheme = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303
    wrapped = decryption_key().public_key().encrypt(key, scheme)
    return etree.fromstring(
        f'<saml:EncryptedAssertion xmlns:saml="{NAMESPACES["saml"]}"><xenc:EncryptedData '
        f'xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"><xenc:EncryptionMethod Algorithm="{method}"/>'
        f'<ds:KeyInfo xmlns:ds="{DS}"><xenc:EncryptedKey>'
        f'<xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#{transport}"/><xenc:CipherData>'
        f"<xenc:CipherValue>{b64encode(wrapped).decode()}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>"
        f"</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{b64encode(value).decode()}</xenc:CipherValue>"
        "</xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>"
    )


@cache
def _certificate(number: int) -> Any:
    return issue(f"idp-{number}.example.com", key=rsa.generate_private_key(65537, 2048))

"""SAML assertions: XML documents by which an identity provider says who its user is, and which roles it may assume.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_saml.html
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any, Final

from iamd.account.operation import Input
from iamd.account.records import SAMLProvider
from iamd.account.state import Account
from iamd.authentication import saml_xml
from iamd.authentication.assertions import verified_source_identity, verified_tags
from iamd.authentication.saml_metadata import parse_metadata
from iamd.authentication.saml_xml import ASSERTION, PROTOCOL, InvalidXml, NotSigned
from iamd.call import Assertion
from iamd.errors import AccessDenied, ExpiredTokenException, IDPRejectedClaim, InvalidIdentityToken

_ATTRIBUTES: Final = "https://aws.amazon.com/SAML/Attributes/"
_AUDIENCE: Final = "urn:amazon:webservices"
_BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_SUCCESS: Final = "urn:oasis:names:tc:SAML:2.0:status:Success"
_FORMATS: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
_SHORT_FORMATS: Final = ("persistent", "transient")
_LIFE: Final = 300  # seconds in which an assertion must be redeemed
_CLOCK_SKEW: Final = 300  # seconds that a provider's clock may be ahead
_SESSION_NAME: Final = re.compile(r"[a-zA-Z_0-9+=,.@-]{2,64}")
_SESSION_DURATIONS: Final = range(900, 43_201)
_SIGN_IN: Final = re.compile(r"https://([a-z0-9-]+\.)?signin\.aws\.amazon\.com/saml(/acs/([A-Z0-9]+))?")

_INVALID: Final = "Your request included an invalid SAML response."
_BAD_SIGNATURE: Final = "Response signature invalid"
_CLAIMS: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
_EDU_PERSON: Final = "urn:oid:1.3.6.1.4.1.5923.1.1.1."
_EDU_ORG: Final = "urn:oid:1.3.6.1.4.1.5923.1.2.1."

# Attributes that are condition keys: eduPerson and eduOrg, Active Directory, X.500.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-saml
_KEYS: Final[Mapping[str, str]] = {
    f"{_EDU_PERSON}1": "edupersonaffiliation",
    f"{_EDU_PERSON}2": "edupersonnickname",
    f"{_EDU_PERSON}3": "edupersonorgdn",
    f"{_EDU_PERSON}4": "edupersonorgunitdn",
    f"{_EDU_PERSON}5": "edupersonprimaryaffiliation",
    f"{_EDU_PERSON}6": "edupersonprincipalname",
    f"{_EDU_PERSON}7": "edupersonentitlement",
    f"{_EDU_PERSON}8": "edupersonprimaryorgunitdn",
    f"{_EDU_PERSON}9": "edupersonscopedaffiliation",
    f"{_EDU_PERSON}10": "edupersontargetedid",
    f"{_EDU_PERSON}11": "edupersonassurance",
    f"{_EDU_ORG}2": "eduorghomepageuri",
    f"{_EDU_ORG}3": "eduorgidentityauthnpolicyuri",
    f"{_EDU_ORG}4": "eduorglegalname",
    f"{_EDU_ORG}5": "eduorgsuperioruri",
    f"{_EDU_ORG}6": "eduorgwhitepagesuri",
    "urn:oid:2.5.4.3": "cn",
    f"{_CLAIMS}name": "name",
    "http://schemas.xmlsoap.org/claims/CommonName": "commonname",
    f"{_CLAIMS}givenname": "givenname",
    f"{_CLAIMS}surname": "surname",
    f"{_CLAIMS}emailaddress": "mail",
    f"{_CLAIMS}uid": "uid",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid": "primarygroupsid",
    "urn:oid:2.5.4.45": "x500uniqueidentifier",
    "urn:oid:0.9.2342.19200300.100.1.45": "organizationstatus",
    "urn:oid:0.9.2342.19200300.100.1.3": "mail",
    "urn:oid:0.9.2342.19200300.100.1.1": "uid",
    "urn:oid:2.5.4.42": "givenname",
    "urn:oid:2.5.4.41": "name",
    "urn:oid:2.5.4.4": "surname",
}
_SINGLE: Final = frozenset(
    {"edupersonorgdn", "edupersonprimaryaffiliation", "edupersonprimaryorgunitdn", "edupersonprincipalname"}
)


def find_saml_provider(account: Account, input: Input) -> SAMLProvider:
    """The provider that an AssumeRoleWithSAML names, of the role's account. Raises InvalidIdentityToken."""
    provider = account.find_saml_provider(input["PrincipalArn"])
    if provider is None:
        raise InvalidIdentityToken("Specified provider doesn't exist")
    return provider


def verify_saml_assertion(
    input: Input, provider: SAMLProvider, private_keys: Sequence[bytes], public_url: str, now: int
) -> Assertion:
    """What the response of an AssumeRoleWithSAML says, in truth. Slow: in a thread.

    ``private_keys`` are the provider's own (PEM), which decrypt assertions; ``public_url`` is where clients reach iamd;
    ``now`` is epoch seconds. Raises InvalidIdentityToken, ExpiredTokenException, IDPRejectedClaim or AccessDenied.
    """
    try:
        document = b64decode("".join(input["SAMLAssertion"].split()), validate=True)
        response = saml_xml.parse(document)
        assertion, issuer = _signed_assertion(response, provider, private_keys)
    except NotSigned:
        raise InvalidIdentityToken(_BAD_SIGNATURE) from None
    except (InvalidXml, ValueError):
        raise InvalidIdentityToken(_INVALID) from None
    destination = response.get("Destination")
    if destination and not _is_recipient(destination, provider, public_url):
        raise InvalidIdentityToken(_INVALID)
    _verify_status(response)
    _verify_issue_time(assertion, now)
    recipient = _verified_recipient(assertion, provider, public_url, now)
    _verify_conditions(assertion, recipient, now)
    subject, subject_type = _name_id(assertion)
    attributes = _attributes(assertion)
    pairs = [{part.strip() for part in value.split(",")} for value in attributes.get(f"{_ATTRIBUTES}Role", ())]
    if {input["RoleArn"], provider.arn} not in pairs:
        raise AccessDenied("Not authorized to perform sts:AssumeRoleWithSAML")
    tags = _tags(attributes)
    name_qualifier = _name_qualifier(issuer, provider)
    context: dict[str, str | tuple[str, ...]] = {
        "saml:aud": recipient,
        "saml:doc": f"{provider.account_id}/{provider.name}",
        "saml:iss": issuer,
        "saml:namequalifier": name_qualifier,
        "saml:sub": subject,
        "saml:sub_type": subject_type,
    }
    return Assertion(
        provider=provider.arn,
        context=context | dict(_attribute_context(attributes)),
        session_context={key: context[key] for key in ("saml:namequalifier", "saml:sub", "saml:sub_type")},
        shown={
            "Subject": subject,
            "SubjectType": subject_type.removeprefix(_FORMATS),
            "Issuer": issuer,
            "Audience": recipient,
            "NameQualifier": name_qualifier,
        },
        session_name=_session_name(attributes),
        tags=tags,
        transitive_tag_keys=verified_tags(tags, attributes.get(f"{_ATTRIBUTES}TransitiveTagKeys", ())),
        source_identity=_source_identity(attributes),
        ends=_session_end(assertion, now),
        max_duration=_session_duration(attributes),
    )


# What is signed -------------------------------------------------------------------------------------------------------


def _signed_assertion(response: Any, provider: SAMLProvider, private_keys: Sequence[bytes]) -> tuple[Any, str]:
    """The one assertion of a response as the provider signed it, and its issuer.

    Either the response is signed or the assertion; where both are, both must be right. Raises NotSigned, InvalidXml or
    InvalidIdentityToken.
    """
    if response.tag != f"{PROTOCOL}Response":
        raise InvalidXml("no response")
    plain, encrypted = (response.findall(f"{ASSERTION}{name}") for name in ("Assertion", "EncryptedAssertion"))
    everywhere = sum(1 for _ in response.iter(f"{ASSERTION}Assertion"))
    if len(plain) + len(encrypted) != 1 or everywhere != len(plain):
        raise InvalidXml("not one assertion")
    if plain and provider.encryption_mode == "Required":
        raise InvalidIdentityToken("The provider requires encrypted assertions.")
    metadata = parse_metadata(provider.metadata)
    certificates = {each.entity_id: each.certificates for each in metadata.providers} if metadata else {}
    covered = saml_xml.is_signed(response)
    if covered:  # what is in it is taken from what was verified
        signer = _issuer(response) or _issuer_of_assertion(plain)
        response = saml_xml.verify(response, _certificates_of(signer, certificates))
        plain, encrypted = (response.findall(f"{ASSERTION}{name}") for name in ("Assertion", "EncryptedAssertion"))
    assertion = plain[0] if plain else saml_xml.decrypt(encrypted[0], private_keys)
    if assertion.tag != f"{ASSERTION}Assertion" or sum(1 for _ in assertion.iter(f"{ASSERTION}Assertion")) != 1:
        raise NotSigned("no assertion")
    issuer = _issuer(assertion)
    signers = _certificates_of(issuer, certificates)
    if covered and _issuer(response) not in ("", issuer):
        raise NotSigned("another issuer")
    if not covered or saml_xml.is_signed(assertion):
        assertion = saml_xml.verify(assertion, signers)
    return assertion, issuer


def _certificates_of(issuer: str, certificates: Mapping[str, tuple[bytes, ...]]) -> tuple[bytes, ...]:
    if issuer not in certificates:
        raise InvalidIdentityToken("Issuer not present in specified provider")
    return certificates[issuer]


def _issuer(element: Any) -> str:
    found = element.find(f"{ASSERTION}Issuer")
    return "" if found is None else _text(found)


def _issuer_of_assertion(assertions: Sequence[Any]) -> str:
    return _issuer(assertions[0]) if assertions else ""


# What it says ---------------------------------------------------------------------------------------------------------


def _text(element: Any) -> str:
    """All of an element's text. INVARIANT: it has no children, comments included, between which text could hide."""
    if len(element):
        raise InvalidIdentityToken(_INVALID)
    return (element.text or "").strip()


def _verify_status(response: Any) -> None:
    status = response.find(f"{PROTOCOL}Status/{PROTOCOL}StatusCode")
    if status is None or status.get("Value") != _SUCCESS:
        raise IDPRejectedClaim("The identity provider reported that authentication failed.")


def _time(element: Any, name: str) -> int | None:
    """The time in an attribute as epoch seconds, None if there is no such attribute."""
    text = element.get(name)
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text.strip())
        return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise InvalidIdentityToken(_INVALID) from None


def _verify_issue_time(assertion: Any, now: int) -> None:
    issued = _time(assertion, "IssueInstant")
    if issued is None or issued > now + _CLOCK_SKEW:
        raise InvalidIdentityToken(_INVALID)
    if issued + _LIFE < now:
        raise ExpiredTokenException("Token must be redeemed within 5 minutes of issuance")


def _is_recipient(url: str, provider: SAMLProvider, public_url: str) -> bool:
    sign_in = _SIGN_IN.fullmatch(url)
    return url == f"{public_url}/saml" or (sign_in is not None and sign_in[3] in (None, provider.id))


def _verified_recipient(assertion: Any, provider: SAMLProvider, public_url: str, now: int) -> str:
    """Where the bearer of the assertion may present it, which must be here and now."""
    expired = False
    for confirmation in assertion.iterfind(f"{ASSERTION}Subject/{ASSERTION}SubjectConfirmation"):
        data = confirmation.find(f"{ASSERTION}SubjectConfirmationData")
        if confirmation.get("Method") != _BEARER or data is None:
            continue
        recipient, ends = data.get("Recipient") or "", _time(data, "NotOnOrAfter")
        if not _is_recipient(recipient, provider, public_url) or ends is None:
            continue
        if ends > now and (_time(data, "NotBefore") or 0) <= now + _CLOCK_SKEW:
            return str(recipient)
        expired = True
    if expired:
        raise ExpiredTokenException("Token must be redeemed within 5 minutes of issuance")
    raise InvalidIdentityToken(_INVALID)


def _verify_conditions(assertion: Any, recipient: str, now: int) -> None:
    conditions = assertion.find(f"{ASSERTION}Conditions")
    if conditions is None:
        return
    begins, ends = _time(conditions, "NotBefore"), _time(conditions, "NotOnOrAfter")
    if begins is not None and begins > now + _CLOCK_SKEW:
        raise InvalidIdentityToken(_INVALID)
    if ends is not None and ends <= now:
        raise ExpiredTokenException("Token must be redeemed within 5 minutes of issuance")
    for restriction in conditions.iterfind(f"{ASSERTION}AudienceRestriction"):
        audiences = {_text(audience) for audience in restriction.iterfind(f"{ASSERTION}Audience")}
        if audiences.isdisjoint({_AUDIENCE, recipient}):
            raise InvalidIdentityToken("Response does not contain the required audience.")


def _name_id(assertion: Any) -> tuple[str, str]:
    """The subject and its type: ``persistent``, ``transient``, or another format in full."""
    name_id = assertion.find(f"{ASSERTION}Subject/{ASSERTION}NameID")
    if name_id is None or not _text(name_id):
        raise InvalidIdentityToken(_INVALID)
    name_format = name_id.get("Format") or "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
    short = name_format.removeprefix(_FORMATS)
    return _text(name_id), short if short in _SHORT_FORMATS else name_format


def _attributes(assertion: Any) -> dict[str, tuple[str, ...]]:
    """The values of each attribute by its name, of one that stands twice the values of both."""
    attributes: dict[str, tuple[str, ...]] = {}
    for attribute in assertion.iterfind(f"{ASSERTION}AttributeStatement/{ASSERTION}Attribute"):
        values = tuple(_text(value) for value in attribute.iterfind(f"{ASSERTION}AttributeValue"))
        name = attribute.get("Name") or ""
        attributes[name] = attributes.get(name, ()) + values
    return attributes


def _attribute_context(attributes: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str | tuple[str, ...]]]:
    for name, values in attributes.items():
        key = _KEYS.get(name)
        if key is not None and values and not (key in _SINGLE and len(values) > 1):
            yield f"saml:{key}", values[0] if key in _SINGLE else values


def _single(attributes: Mapping[str, tuple[str, ...]], name: str) -> str | None:
    """The one value of AWS's attribute ``name``, None if there is none."""
    values = attributes.get(_ATTRIBUTES + name, ())
    if len(values) > 1:
        raise InvalidIdentityToken(_INVALID)
    return values[0] if values else None


def _session_name(attributes: Mapping[str, tuple[str, ...]]) -> str:
    name = _single(attributes, "RoleSessionName")
    if name is None:
        raise InvalidIdentityToken("RoleSessionName is required in AuthnResponse")
    if not _SESSION_NAME.fullmatch(name):
        raise InvalidIdentityToken("RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}")
    return name


def _source_identity(attributes: Mapping[str, tuple[str, ...]]) -> str | None:
    source_identity = _single(attributes, "SourceIdentity")
    return None if source_identity is None else verified_source_identity(source_identity)


def _tags(attributes: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, str], ...]:
    prefix = f"{_ATTRIBUTES}PrincipalTag:"
    tagged = [(name.removeprefix(prefix), values) for name, values in attributes.items() if name.startswith(prefix)]
    if any(len(values) != 1 for _, values in tagged):
        raise InvalidIdentityToken(_INVALID)
    return tuple((key, values[0]) for key, values in tagged)


def _session_duration(attributes: Mapping[str, tuple[str, ...]]) -> int | None:
    text = _single(attributes, "SessionDuration")
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{3,5}", text) or int(text) not in _SESSION_DURATIONS:
        raise InvalidIdentityToken(_INVALID)
    return int(text)


def _session_end(assertion: Any, now: int) -> int | None:
    """When the provider ends its user's session, if it says so."""
    ends = [_time(statement, "SessionNotOnOrAfter") for statement in assertion.iterfind(f"{ASSERTION}AuthnStatement")]
    told = [each for each in ends if each is not None]
    if told and min(told) <= now:
        raise ExpiredTokenException("The session of the identity provider is over.")
    return min(told, default=None)


def _name_qualifier(issuer: str, provider: SAMLProvider) -> str:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html#API_AssumeRoleWithSAML_ResponseElements"""
    text = f"{issuer}{provider.account_id}/{provider.name}"
    return b64encode(sha1(text.encode(), usedforsecurity=False).digest()).decode()

"""SAML assertions: what is believed of them, and by which attacks they are not."""

from base64 import b64decode, b64encode
from copy import deepcopy
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from iamd.account.records import SAMLProvider
from iamd.authentication.saml import find_saml_provider, verify_saml_assertion
from iamd.call import Assertion
from iamd.errors import ServiceError
from tests.authentication.identity_provider import (
    AWS,
    DS,
    ENTITY_ID,
    ENVELOPED,
    EXCLUSIVE,
    NAMESPACES,
    PROVIDER_ARN,
    ROLE,
    SIGN_IN,
    IdentityProvider,
    decryption_pem,
    encoded,
    encrypt,
    iso,
)
from tests.iam.world import ACCOUNT_ID, NOW, World

IDP = IdentityProvider()
STRANGER = IdentityProvider(number=1)
PROVIDER = IDP.record()
ASSERTION = f"{{{NAMESPACES['saml']}}}"
BAD_SIGNATURE = "InvalidIdentityToken: Response signature invalid"
INVALID = "InvalidIdentityToken: Your request included an invalid SAML response."
TOO_LATE = "ExpiredTokenException: Token must be redeemed within 5 minutes of issuance"


def verify(
    response: Any, provider: SAMLProvider = PROVIDER, keys: tuple[bytes, ...] = (), role: str = ROLE
) -> Assertion:
    text = response if isinstance(response, str) else encoded(response)
    input = {"RoleArn": role, "PrincipalArn": PROVIDER_ARN, "SAMLAssertion": text}
    return verify_saml_assertion(input, provider, keys, "https://iamd.example.com", NOW)


def refusal(response: Any, provider: SAMLProvider = PROVIDER, keys: tuple[bytes, ...] = (), role: str = ROLE) -> str:
    with pytest.raises(ServiceError) as refused:
        verify(response, provider, keys, role)
    return f"{refused.value.code}: {refused.value.message}"


# What an assertion says -----------------------------------------------------------------------------------------------


def test_an_assertion_tells_who_its_bearer_is() -> None:
    # printf https://idp.example.com/saml123456789012/Example | openssl sha1 -binary | base64
    qualifier = "YzkNHeOzHciDzcUOvVWMPVJ7uwg="
    assertion = verify(IDP.signed())
    assert assertion == Assertion(
        provider=PROVIDER_ARN,
        context={
            "saml:aud": SIGN_IN,
            "saml:doc": f"{ACCOUNT_ID}/Example",
            "saml:iss": ENTITY_ID,
            "saml:namequalifier": qualifier,
            "saml:sub": "alice",
            "saml:sub_type": "persistent",
        },
        session_context={"saml:namequalifier": qualifier, "saml:sub": "alice", "saml:sub_type": "persistent"},
        shown={
            "Subject": "alice",
            "SubjectType": "persistent",
            "Issuer": ENTITY_ID,
            "Audience": SIGN_IN,
            "NameQualifier": qualifier,
        },
        session_name="alice",
    )


def test_the_response_or_the_assertion_or_both_may_be_signed() -> None:
    assert verify(IDP.sign(IDP.response(IDP.assertion()))).session_name == "alice"
    assert verify(IDP.sign(IDP.response(IDP.sign(IDP.assertion())))).session_name == "alice"


@pytest.mark.parametrize(
    ("name_format", "sub_type", "shown"),
    [
        ("urn:oasis:names:tc:SAML:2.0:nameid-format:transient", "transient", "transient"),
        (
            "urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos",
            "urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos",
            "kerberos",
        ),
        (
            "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
            "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
            "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
        ),
    ],
)
def test_the_type_of_a_subject(name_format: str, sub_type: str, shown: str) -> None:
    assertion = verify(IDP.signed(name_format=name_format))
    assert (assertion.context["saml:sub_type"], assertion.shown["SubjectType"]) == (sub_type, shown)


def test_attributes_are_condition_keys() -> None:
    context = verify(
        IDP.signed(
            attributes={
                "urn:oid:1.3.6.1.4.1.5923.1.1.1.1": ["staff", "member"],
                "urn:oid:1.3.6.1.4.1.5923.1.1.1.5": ["staff"],
                "urn:oid:1.3.6.1.4.1.5923.1.1.1.6": ["a", "b"],
                "urn:oid:2.5.4.3": ["Alice"],
                "something-else": ["x"],
            }
        )
    ).context
    assert context["saml:edupersonaffiliation"] == ("staff", "member")
    assert context["saml:edupersonprimaryaffiliation"] == "staff"
    assert context["saml:cn"] == ("Alice",)
    assert "saml:edupersonprincipalname" not in context  # it has one value or none


def test_tags_source_identity_and_duration() -> None:
    assertion = verify(
        IDP.signed(
            attributes={
                f"{AWS}PrincipalTag:Team": ["blue"],
                f"{AWS}PrincipalTag:Project": ["iamd"],
                f"{AWS}TransitiveTagKeys": ["team"],
                f"{AWS}SourceIdentity": ["alice"],
                f"{AWS}SessionDuration": ["1800"],
            },
            statement=f'SessionNotOnOrAfter="{iso(NOW + 1200)}"',
        )
    )
    assert assertion.tags == (("Team", "blue"), ("Project", "iamd"))
    assert assertion.transitive_tag_keys == ("Team",)
    assert (assertion.source_identity, assertion.max_duration, assertion.ends) == ("alice", 1800, NOW + 1200)


@pytest.mark.parametrize("pair", [f"{PROVIDER_ARN},{ROLE}", f" {ROLE} , {PROVIDER_ARN} ", f"\n{ROLE},{PROVIDER_ARN}\n"])
def test_a_role_and_its_provider_come_in_either_order(pair: str) -> None:
    assert verify(IDP.signed(attributes={f"{AWS}Role": ["arn:aws:iam::1:role/S,arn", pair]})).session_name == "alice"


@pytest.mark.parametrize("pair", [ROLE, f"{ROLE},{PROVIDER_ARN}x", f"{ROLE}s,{PROVIDER_ARN}", ""])
def test_a_role_that_the_assertion_does_not_name(pair: str) -> None:
    assert refusal(IDP.signed(attributes={f"{AWS}Role": [pair]})) == (
        "AccessDenied: Not authorized to perform sts:AssumeRoleWithSAML"
    )


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ({"RoleSessionName": []}, "RoleSessionName is required in AuthnResponse"),
        ({"RoleSessionName": ["a"]}, "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}"),
        ({"RoleSessionName": ["al ice"]}, "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}"),
        ({"RoleSessionName": ["alice", "bob"]}, "Your request included an invalid SAML response."),
        (
            {"SourceIdentity": ["aws:alice"]},
            'Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"',
        ),
        ({"SessionDuration": ["899"]}, "Your request included an invalid SAML response."),
        ({"SessionDuration": ["43201"]}, "Your request included an invalid SAML response."),
        ({"PrincipalTag:Team": ["a", "b"]}, "Your request included an invalid SAML response."),
        (
            {"PrincipalTag:Team": ["a"], "PrincipalTag:team": ["b"]},
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ),
        ({"TransitiveTagKeys": ["Team"]}, "The specified transitive tag key must be included in the requested tags."),
    ],
)
def test_attributes_that_no_session_may_have(attributes: dict[str, list[str]], text: str) -> None:
    named = {AWS + name: values for name, values in attributes.items()}
    assert refusal(IDP.signed(attributes=named)) == f"InvalidIdentityToken: {text}"


# Whom it is for, and when ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "recipient",
    [
        "https://eu-central-1.signin.aws.amazon.com/saml",
        "https://signin.aws.amazon.com/saml/acs/SAMLSPEXAMPLE",
        "https://iamd.example.com/saml",
    ],
)
def test_an_assertion_is_for_aws_sign_in_or_for_iamd(recipient: str) -> None:
    response = IDP.response(IDP.sign(IDP.assertion(recipient=recipient)), destination=recipient)
    assertion = verify(response)
    assert assertion.context["saml:aud"] == assertion.shown["Audience"] == recipient


@pytest.mark.parametrize(
    "recipient",
    [
        "",
        "https://sp.example.com/saml",
        "http://signin.aws.amazon.com/saml",
        "https://signin.aws.amazon.com.example.com/saml",
        "https://signin.aws.amazon.com/saml/",
        "https://signin.aws.amazon.com/saml/acs/SAMLSPOTHER",
        "https://iamd.example.com/saml/x",
    ],
)
def test_an_assertion_for_somebody_else(recipient: str) -> None:
    assert refusal(IDP.signed(recipient=recipient)) == INVALID
    response = IDP.response(IDP.sign(IDP.assertion()), destination=recipient or "https://sp.example.com")
    assert refusal(response) == INVALID


def test_the_audience_is_aws_or_the_recipient() -> None:
    assert verify(IDP.signed(audience=SIGN_IN)).session_name == "alice"
    assert refusal(IDP.signed(audience="urn:example:other")) == (
        "InvalidIdentityToken: Response does not contain the required audience."
    )


def test_an_assertion_must_be_redeemed_within_five_minutes() -> None:
    assert verify(IDP.signed(issued=NOW - 300)).session_name == "alice"
    assert refusal(IDP.signed(issued=NOW - 301)) == TOO_LATE
    assert verify(IDP.signed(issued=NOW + 300)).session_name == "alice"  # its provider's clock may be ahead
    assert refusal(IDP.signed(issued=NOW + 301)) == INVALID


def test_an_assertion_ends_on_the_second() -> None:
    assert verify(IDP.signed(ends=NOW + 1)).session_name == "alice"
    assert refusal(IDP.signed(ends=NOW)) == TOO_LATE
    assert refusal(IDP.signed(statement=f'SessionNotOnOrAfter="{iso(NOW)}"')) == (
        "ExpiredTokenException: The session of the identity provider is over."
    )


def test_a_user_who_was_not_authenticated() -> None:
    response = IDP.response(IDP.sign(IDP.assertion()), status="AuthnFailed")
    assert refusal(response) == "IDPRejectedClaim: The identity provider reported that authentication failed."


@pytest.mark.parametrize("element", ["Subject", "NameID", "SubjectConfirmation", "SubjectConfirmationData"])
def test_an_assertion_that_lacks_what_it_must_say(element: str) -> None:
    assertion = etree.fromstring(IDP.assertion())
    found = next(assertion.iter(ASSERTION + element))
    found.getparent().remove(found)
    assert refusal(IDP.response(IDP.sign(assertion))) == INVALID


def test_providers() -> None:
    world = World()
    with pytest.raises(ServiceError) as refused:
        find_saml_provider(world.account, {"PrincipalArn": PROVIDER_ARN})
    assert refused.value.message == "Specified provider doesn't exist"
    world.put(PROVIDER)
    assert find_saml_provider(world.account, {"PrincipalArn": PROVIDER_ARN}) == PROVIDER
    assert refusal(IdentityProvider("https://other.example.com").signed()) == (
        "InvalidIdentityToken: Issuer not present in specified provider"
    )


# Encryption -----------------------------------------------------------------------------------------------------------

KEYS = (decryption_pem(),)


@pytest.mark.parametrize("cbc", [False, True])
def test_encrypted_assertions_are_opened_with_the_providers_keys(cbc: bool) -> None:
    signed = encrypt(IDP.sign(IDP.assertion()), cbc=cbc)
    assert verify(IDP.response(signed), keys=KEYS).session_name == "alice"
    around = IDP.sign(IDP.response(encrypt(etree.fromstring(IDP.assertion()), cbc=cbc)))
    assert verify(around, keys=KEYS).session_name == "alice"


def test_whatever_is_wrong_with_an_encryption_is_told_alike() -> None:
    sound = encrypt(IDP.sign(IDP.assertion()))
    assert refusal(IDP.response(sound)) == BAD_SIGNATURE
    assert refusal(IDP.response(encrypt(IDP.sign(IDP.assertion()), transport="rsa-1_5")), keys=KEYS) == BAD_SIGNATURE
    assert refusal(IDP.response(encrypt(None, content=b"no xml")), keys=KEYS) == BAD_SIGNATURE
    unsigned = encrypt(etree.fromstring(IDP.assertion()), cbc=True)
    assert refusal(IDP.response(unsigned), keys=KEYS) == BAD_SIGNATURE
    nested = encrypt(None, content=b"<!DOCTYPE a><a/>")
    assert refusal(IDP.response(nested), keys=KEYS) == BAD_SIGNATURE
    for value in sound.iter("{http://www.w3.org/2001/04/xmlenc#}CipherValue"):
        value.text = b64encode(b"x" * len(b64decode(value.text))).decode()
        assert refusal(IDP.response(deepcopy(sound)), keys=KEYS) == BAD_SIGNATURE


def test_a_provider_may_require_encryption() -> None:
    strict = IDP.record(encryption_mode="Required")
    assert refusal(IDP.signed(), strict) == "InvalidIdentityToken: The provider requires encrypted assertions."
    assert verify(IDP.response(encrypt(IDP.sign(IDP.assertion()))), strict, KEYS).session_name == "alice"


# Attacks --------------------------------------------------------------------------------------------------------------


def forged() -> Any:
    """An assertion that an attacker would like to be believed."""
    return etree.fromstring(IDP.assertion(name_id="admin").replace('ID="_assertion"', 'ID="_evil"'))


def test_what_is_not_signed_is_not_believed() -> None:
    assert refusal(IDP.response(IDP.assertion())) == BAD_SIGNATURE


def test_a_strangers_certificate_in_the_document_proves_nothing() -> None:
    der = b64encode(STRANGER.issued.certificate.public_bytes(Encoding.DER)).decode()
    key_info = f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    assert refusal(STRANGER.response(STRANGER.sign(STRANGER.assertion(), key_info=key_info))) == BAD_SIGNATURE
    assert refusal(STRANGER.sign(STRANGER.response(STRANGER.assertion()), key_info=key_info)) == BAD_SIGNATURE
    own = b64encode(IDP.issued.certificate.public_bytes(Encoding.DER)).decode()
    carried = f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{own}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    assert verify(IDP.response(IDP.sign(IDP.assertion(), key_info=carried))).session_name == "alice"


def test_both_signatures_must_be_right() -> None:
    assert refusal(IDP.sign(IDP.response(STRANGER.sign(IDP.assertion())))) == BAD_SIGNATURE
    assert refusal(STRANGER.sign(IDP.response(IDP.sign(IDP.assertion())))) == BAD_SIGNATURE


def signed_and_forged() -> tuple[Any, Any]:
    return IDP.sign(IDP.assertion()), forged()


def wrap_forged_first() -> Any:
    signed, evil = signed_and_forged()
    return IDP.response([evil, signed])


def wrap_forged_last() -> Any:
    signed, evil = signed_and_forged()
    return IDP.response([signed, evil])


def wrap_signed_in_extensions() -> Any:
    signed, evil = signed_and_forged()
    response = IDP.response(evil)
    extensions = etree.SubElement(response, f"{{{NAMESPACES['samlp']}}}Extensions")
    extensions.append(signed)
    return response


def wrap_signed_in_the_forged_ones_signature() -> Any:
    """XSW: the forged assertion has the signature, which refers to the signed one inside of it."""
    signed, evil = signed_and_forged()
    signature = signed.find(f"{{{DS}}}Signature")
    signed.remove(signature)
    evil.insert(1, signature)
    etree.SubElement(signature, f"{{{DS}}}Object").append(signed)
    return IDP.response(evil)


def wrap_signed_in_the_forged_ones_advice() -> Any:
    signed, evil = signed_and_forged()
    etree.SubElement(evil, f"{ASSERTION}Advice").append(signed)
    return IDP.response(evil)


def wrap_with_the_same_id() -> Any:
    signed, evil = signed_and_forged()
    evil.set("ID", "_assertion")
    response = IDP.response(evil)
    response.insert(0, signed)
    return response


def wrap_the_response() -> Any:
    """The signed response stands inside a forged one."""
    signed = IDP.sign(IDP.response(IDP.assertion()))
    outer = IDP.response(forged())
    outer.set("ID", "_outer")
    signature = signed.find(f"{{{DS}}}Signature")
    signed.remove(signature)
    outer.insert(1, signature)
    etree.SubElement(signature, f"{{{DS}}}Object").append(signed)
    return outer


def steal_the_signature() -> Any:
    signed, evil = signed_and_forged()
    evil.insert(1, signed.find(f"{{{DS}}}Signature"))
    evil.set("ID", "_assertion")
    return IDP.response(evil)


@pytest.mark.parametrize(
    "wrap",
    [
        wrap_forged_first,
        wrap_forged_last,
        wrap_signed_in_extensions,
        wrap_signed_in_the_forged_ones_signature,
        wrap_signed_in_the_forged_ones_advice,
        wrap_with_the_same_id,
        wrap_the_response,
        steal_the_signature,
    ],
)
def test_signature_wrapping(wrap: Any) -> None:
    assert refusal(wrap()) in (BAD_SIGNATURE, INVALID)


@pytest.mark.parametrize("uri", ["#_evil", "", "#", "#_response", "http://example.com/a", "#xpointer(/)"])
def test_a_signature_refers_to_the_element_that_it_stands_in(uri: str) -> None:
    signed = IDP.sign(IDP.assertion())
    reference = next(signed.iter(f"{{{DS}}}Reference"))
    reference.set("URI", uri)
    assert refusal(IDP.response(signed)) == BAD_SIGNATURE


@pytest.mark.parametrize(
    "transform",
    ["http://www.w3.org/TR/1999/REC-xslt-19991116", "http://www.w3.org/TR/1999/REC-xpath-19991116", f"{DS}base64"],
)
def test_transforms_that_could_hide_something(transform: str) -> None:
    signed = IDP.sign(IDP.assertion(), transforms=(ENVELOPED, transform, EXCLUSIVE))
    assert refusal(IDP.response(signed)) == BAD_SIGNATURE


def test_a_name_is_never_cut_at_a_comment() -> None:
    """Canonical XML has no comments, so that one can be put into a signed name; the whole name counts."""
    signed = IDP.sign(IDP.assertion(name_id="admin.evil"))
    response = etree.tostring(IDP.response(signed)).replace(b"admin.evil", b"admin<!-- -->.evil")
    assert verify(encoded(response)).context["saml:sub"] == "admin.evil"
    around = etree.tostring(IDP.sign(IDP.response(IDP.assertion(name_id="admin.evil"))))
    assert verify(encoded(around.replace(b"admin.evil", b"admin<!-- -->.evil"))).context["saml:sub"] == "admin.evil"


@pytest.mark.parametrize(
    "prologue",
    [
        b"<!DOCTYPE a>",
        b'<!DOCTYPE a SYSTEM "http://example.com/a.dtd">',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        b'<?xml-stylesheet href="http://example.com/a.xsl"?>',
    ],
)
def test_document_types_and_instructions_are_refused(prologue: bytes) -> None:
    assert refusal(encoded(prologue + etree.tostring(IDP.response(IDP.sign(IDP.assertion()))))) == INVALID


def test_documents_are_bounded() -> None:
    assert refusal(encoded(b"<a>" * 41 + b"</a>" * 41)) == INVALID
    assert refusal(encoded(b"<a>" + b"<b/>" * 5_000 + b"</a>")) == INVALID
    assert refusal(encoded(b"<a>" * 90_000)) == INVALID


@pytest.mark.parametrize(
    "text", ["", "!!!!", "AAAA", encoded(b"<a/>"), encoded(b"<a"), encoded(b"\xff\xfe<\0a\0/\0>\0")]
)
def test_what_is_no_response(text: str) -> None:
    assert refusal(text) == INVALID


def test_an_assertion_alone_is_no_response() -> None:
    assert refusal(IDP.sign(IDP.assertion())) == INVALID


@pytest.mark.parametrize("algorithm", ["http://www.w3.org/2000/09/xmldsig#rsa-sha1", f"{DS}hmac-sha1", "", "x"])
def test_weak_and_unknown_algorithms(algorithm: str) -> None:
    signed = IDP.sign(IDP.assertion())
    next(signed.iter(f"{{{DS}}}SignatureMethod")).set("Algorithm", algorithm)
    assert refusal(IDP.response(signed)) == BAD_SIGNATURE


SOUND = etree.tostring(IDP.response(IDP.sign(IDP.assertion())))


@given(st.integers(0, len(SOUND) - 1), st.integers(0, 255))
@settings(max_examples=150, deadline=None)
def test_a_response_that_was_changed_says_nothing_else(at: int, byte: int) -> None:
    """Any byte may be changed: the answer is a refusal, or what the provider signed."""
    changed = bytearray(SOUND)
    changed[at] = byte
    try:
        assertion = verify(encoded(bytes(changed)))
    except ServiceError:
        return
    assert assertion == verify(encoded(SOUND))


@given(st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(SOUND.split(b"<")), max_size=12).map(b"<".join)))
@example(b"<samlp:Response xmlns:samlp='urn:oasis:names:tc:SAML:2.0:protocol'/>")
@settings(max_examples=200, deadline=None)
def test_any_document_is_answered(document: bytes) -> None:
    assert refusal(encoded(document)) in (INVALID, BAD_SIGNATURE)

"""SAML providers: metadata is read with care, and private keys are seen by nobody again."""

from base64 import b64encode
from datetime import UTC, datetime

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from iamd.account.records import SAMLPrivateKey, SAMLProvider, Settings
from iamd.authentication.saml_metadata import IdentityProvider, Metadata, parse_metadata
from iamd.iam.account_settings import get_account_summary
from iamd.iam.saml_providers import (
    create_saml_provider,
    delete_saml_provider,
    get_saml_provider,
    list_saml_provider_tags,
    list_saml_providers,
    tag_saml_provider,
    untag_saml_provider,
    update_saml_provider,
)
from tests.iam.certificates import Issued, issue, rsa_key
from tests.iam.world import ACCOUNT_ID, CREATED, NOW, World

ARN = f"arn:aws:iam::{ACCOUNT_ID}:saml-provider/Example"
THIS = {"SAMLProviderArn": ARN}
NAMESPACES = 'xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
SIGNING = issue()
DECRYPTION = issue(key=rsa_key())  # its private key is of the kind that decrypts assertions
UNREADABLE = "InvalidInput: Could not parse metadata"
NO_KEY = "InvalidInput: Unable to set assertion encryption mode to Required because no private key is provided."
KEY_ID = "SAMLSPKEYKEYKEYKEYKEY1"


def der(issued: Issued) -> bytes:
    return issued.certificate.public_bytes(Encoding.DER)


def key_descriptor(issued: Issued = SIGNING, use: str = ' use="signing"') -> str:
    text = b64encode(der(issued)).decode()
    return (
        f"<KeyDescriptor{use}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\n{text[:64]}\n{text[64:]}\n"
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>"
    )


def entity(keys: str = "", entity_id: str = "https://idp.example.com", attributes: str = "") -> str:
    """One identity provider, whose element is long enough for a document."""
    return (
        f'<EntityDescriptor {NAMESPACES} entityID="{entity_id}"{attributes}><IDPSSODescriptor>'
        f"{keys or key_descriptor()}</IDPSSODescriptor><!--{'x' * 1000}--></EntityDescriptor>"
    )


def entities(*each: str) -> str:
    inner = f'<EntitiesDescriptor validUntil="2030-01-01T00:00:00Z">{"".join(each)}</EntitiesDescriptor>'
    return f"<EntitiesDescriptor {NAMESPACES}>{inner}</EntitiesDescriptor>"


def create(world: World, document: str = "", **more: object) -> dict:
    return world.run(create_saml_provider, Name="Example", SAMLMetadataDocument=document or entity(), **more)


def refusal(world: World, document: str = "", **more: object) -> str:
    return world.refusal(create_saml_provider, Name="Example", SAMLMetadataDocument=document or entity(), **more)


def put(world: World, name: str = "Example", **details: object) -> None:
    """Given: a provider."""
    values = {"id": f"SAMLSP{name.upper()}EXAMPLE1", "metadata": entity(), "created": CREATED, "valid_until": NOW}
    world.put(SAMLProvider(account_id=ACCOUNT_ID, name=name, **(values | details)))


# Metadata -------------------------------------------------------------------------------------------------------------


def test_metadata_names_issuers_and_their_signing_certificates() -> None:
    old, new, other = issue(start=NOW - 86_400 * 800), issue(key=rsa_key(1024)), issue()
    first = entity(key_descriptor(old) + key_descriptor(new, "") + key_descriptor(other, ' use="encryption"'))
    second = entity(key_descriptor(other), "urn:second", ' validUntil="2029-01-01T00:00:00.5+01:00"')
    assert parse_metadata(entities(first, second)) == Metadata(
        providers=(
            IdentityProvider("https://idp.example.com", (der(old), der(new))),
            IdentityProvider("urn:second", (der(other),)),
        ),
        valid_until=int(datetime(2028, 12, 31, 23, tzinfo=UTC).timestamp()),
    )


def test_a_provider_has_no_more_certificates_than_an_assertion_may_cost() -> None:
    keys = [key_descriptor(issue(f"idp-{number}.example.com")) for number in range(21)]
    metadata = parse_metadata(entity("".join([*keys[:20], *keys[:20]])))
    assert metadata is not None
    assert len(metadata.providers[0].certificates) == 20
    assert parse_metadata(entity("".join(keys))) is None
    assert parse_metadata(entities(entity("".join(keys[:20])), entity(keys[20], "urn:second"))) is not None


def test_only_a_providers_own_signing_certificates_count() -> None:
    nested = f"<Extensions><IDPSSODescriptor>{key_descriptor()}</IDPSSODescriptor></Extensions>"
    assert parse_metadata(entity(nested)) is None
    service = entity().replace("IDPSSODescriptor", "SPSSODescriptor")
    assert parse_metadata(service) is None
    assert parse_metadata(entities(service, entity())) is not None


@pytest.mark.parametrize(
    "document",
    [
        "x" * 1000,
        f"<a>{'x' * 1000}</a>",
        "\ufeff \n" + entity(),
        entity()[:-1],
        f'<!DOCTYPE EntityDescriptor [<!ENTITY lol "lol">]>{entity()}',
        f'<!DOCTYPE EntityDescriptor SYSTEM "file:///etc/passwd">{entity()}',
        entity("&undefined;"),
        entity(key_descriptor(use=' use="encryption"')),
        entity(key_descriptor().replace("\nMI", "\n!!")),
        entity(key_descriptor().replace("\nMI", "\nAA")),
        entity(entity_id=""),
        entity(attributes=' validUntil="tomorrow"'),
        entity().replace("SAML:2.0:metadata", "SAML:1.0:metadata"),
        f"<x>{entity()}</x>",
        entity("<a>" * 200 + "</a>" * 200 + key_descriptor()),
    ],
)
def test_anything_else_is_no_metadata(world: World, document: str) -> None:
    assert refusal(world, document) == UNREADABLE


# CreateSAMLProvider ---------------------------------------------------------------------------------------------------


def test_a_provider_is_shown_with_its_metadata(world: World) -> None:
    tags = [{"Key": "Team", "Value": "blue"}]
    document = entity()
    assert create(world, document, Tags=tags) == {"SAMLProviderArn": ARN, "Tags": tags}
    shown = world.run(get_saml_provider, **THIS)
    assert shown == {
        "SAMLProviderUUID": shown["SAMLProviderUUID"],
        "SAMLMetadataDocument": document,
        "CreateDate": NOW,
        "ValidUntil": int(datetime(2123, 11, 15, 22, 13, 20, tzinfo=UTC).timestamp()),
        "Tags": tags,
        "AssertionEncryptionMode": "Allowed",
        "PrivateKeyList": [],
    }
    assert shown["SAMLProviderUUID"].startswith("SAMLSP")
    assert 22 <= len(shown["SAMLProviderUUID"]) <= 64
    assert world.run(list_saml_providers) == {
        "SAMLProviderList": [{"Arn": ARN, "ValidUntil": shown["ValidUntil"], "CreateDate": NOW}]
    }
    assert world.run(get_account_summary)["SummaryMap"]["Providers"] == 1
    world.verify_indexes()


def test_metadata_may_say_how_long_it_is_valid(world: World) -> None:
    create(world, entity(attributes=' validUntil="2029-01-01T00:00:00Z"'))
    end = int(datetime(2029, 1, 1, tzinfo=UTC).timestamp())
    assert world.run(get_saml_provider, **THIS)["ValidUntil"] == end


def test_a_provider_made_on_february_29_is_valid_a_hundred_years(world: World) -> None:
    world.time = int(datetime(2024, 2, 29, 12, tzinfo=UTC).timestamp())
    create(world)
    end = int(datetime(2124, 2, 28, 12, tzinfo=UTC).timestamp())
    assert world.run(get_saml_provider, **THIS)["ValidUntil"] == end


def test_a_name_is_taken_once(world: World) -> None:
    put(world, "EXAMPLE")
    assert refusal(world) == "EntityAlreadyExists: Provider with name Example already exists."


def test_there_are_quotas_for_providers_issuers_and_certificates(world: World) -> None:
    many = entities(*(entity(entity_id=f"urn:{number}") for number in range(11)))
    assert refusal(world, many) == "LimitExceeded: Cannot exceed quota for IdentityProvidersPerSAMLProvider: 10"
    keys = entity("".join(key_descriptor(issue()) for _ in range(11)))
    assert refusal(world, keys) == "LimitExceeded: Cannot exceed quota for KeysPerSAMLProvider: 10"
    put(world, "Other")
    world.put(Settings(account_id=ACCOUNT_ID, created=CREATED, quotas={"SAMLProviders": 1}))
    assert refusal(world) == "LimitExceeded: Cannot exceed quota for SAMLProvidersPerAccount: 1"


# Private keys ---------------------------------------------------------------------------------------------------------


def test_a_private_key_is_stored_sealed_and_never_shown(world: World) -> None:
    create(world, AddPrivateKey=DECRYPTION.key_pem, AssertionEncryptionMode="Required")
    [change] = world.changes
    assert isinstance(change.record, SAMLProvider)
    [key] = change.record.private_keys
    assert DECRYPTION.key_pem.split("\n")[1].encode() not in msgspec.json.encode(change.record)
    assert world.sealer.unseal(key.sealed, key.id).decode() == DECRYPTION.key_pem
    shown = world.run(get_saml_provider, **THIS)
    assert shown["AssertionEncryptionMode"] == "Required"
    assert shown["PrivateKeyList"] == [{"KeyId": key.id, "Timestamp": NOW}]


def test_a_private_key_can_decrypt(world: World) -> None:
    for key in ("key", SIGNING.key_pem, DECRYPTION.locked_key_pem, DECRYPTION.pem):
        assert refusal(world, AddPrivateKey=key) == "InvalidInput: Invalid private key: Key format is not recognized."


def test_encryption_is_required_only_with_a_key(world: World) -> None:
    assert refusal(world, AssertionEncryptionMode="Required") == NO_KEY
    put(world, private_keys=(SAMLPrivateKey(id=KEY_ID, sealed="", created=CREATED),))
    world.run(update_saml_provider, **THIS, AssertionEncryptionMode="Required")
    assert world.refusal(update_saml_provider, **THIS, RemovePrivateKey=KEY_ID) == NO_KEY
    world.run(update_saml_provider, **THIS, AssertionEncryptionMode="Allowed", RemovePrivateKey=KEY_ID)
    assert world.run(get_saml_provider, **THIS)["PrivateKeyList"] == []
    assert world.refusal(update_saml_provider, **THIS, AssertionEncryptionMode="Required") == NO_KEY


def test_there_are_at_most_two_private_keys(world: World) -> None:
    put(world)
    for _ in range(2):
        world.run(update_saml_provider, **THIS, AddPrivateKey=DECRYPTION.key_pem)
    assert (
        world.refusal(update_saml_provider, **THIS, AddPrivateKey=DECRYPTION.key_pem)
        == "LimitExceeded: Cannot exceed quota for PrivateKeysPerSAMLProvider: 2"
    )
    first, second = world.run(get_saml_provider, **THIS)["PrivateKeyList"]
    world.run(update_saml_provider, **THIS, RemovePrivateKey=first["KeyId"])
    assert world.run(get_saml_provider, **THIS)["PrivateKeyList"] == [second]


# Afterwards -----------------------------------------------------------------------------------------------------------


def test_new_metadata_replaces_the_old(world: World) -> None:
    put(world)
    document = entity(entity_id="urn:new", attributes=' validUntil="2029-01-01T00:00:00Z"')
    assert world.run(update_saml_provider, **THIS, SAMLMetadataDocument=document) == {"SAMLProviderArn": ARN}
    shown = world.run(get_saml_provider, **THIS)
    assert shown["SAMLMetadataDocument"] == document
    assert shown["ValidUntil"] == int(datetime(2029, 1, 1, tzinfo=UTC).timestamp())
    assert world.refusal(update_saml_provider, **THIS, SAMLMetadataDocument="x" * 1000) == UNREADABLE


def test_an_update_changes_something_that_can_be_changed_together(world: World) -> None:
    put(world)
    assert world.refusal(update_saml_provider, **THIS) == (
        "InvalidInput: Unable to update identity provider. No updates are defined for metadata or encryption assertion."
    )
    both = {"AddPrivateKey": DECRYPTION.key_pem, "RemovePrivateKey": KEY_ID}
    assert world.refusal(update_saml_provider, **THIS, **both) == (
        "InvalidInput: Unable to add and remove private keys in the same request. Set a value for only one of the two "
        "parameters."
    )
    assert world.refusal(update_saml_provider, **THIS, RemovePrivateKey=KEY_ID) == (
        "InvalidInput: Failed to remove private key because the Key ID does not match a private key."
    )


def test_keys_of_tags_are_told_apart_by_case(world: World) -> None:
    put(world)
    tags = [{"Key": "Team", "Value": "red"}, {"Key": "team", "Value": "blue"}]
    world.run(tag_saml_provider, **THIS, Tags=tags)
    assert world.run(list_saml_provider_tags, **THIS) == {"Tags": tags, "IsTruncated": False}
    world.run(untag_saml_provider, **THIS, TagKeys=["Team"])
    assert world.run(get_saml_provider, **THIS)["Tags"] == tags[1:]


def test_a_provider_that_is_not_there_is_told(world: World) -> None:
    for operation, input in (
        (get_saml_provider, {}),
        (update_saml_provider, {"AssertionEncryptionMode": "Allowed"}),
        (delete_saml_provider, {}),
        (tag_saml_provider, {"Tags": []}),
        (untag_saml_provider, {"TagKeys": []}),
        (list_saml_provider_tags, {}),
    ):
        assert world.refusal(operation, **THIS, **input) == f"NoSuchEntity: Manifest not found for arn {ARN}"
        assert (
            world.refusal(operation, SAMLProviderArn="saml-provider/Example", **input)
            == "InvalidInput: ARN saml-provider/Example is not valid."
        )
    put(world)
    assert world.run(delete_saml_provider, **THIS) == {}
    assert world.run(list_saml_providers) == {"SAMLProviderList": []}

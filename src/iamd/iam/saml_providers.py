"""SAML providers: whose assertions roles of the account may trust.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml.html
"""

from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from iamd.account.changes import Delete, Put
from iamd.account.ids import SAML_PROVIDER
from iamd.account.operation import Answer, Input
from iamd.account.records import SAMLPrivateKey, SAMLProvider
from iamd.account.state import Account
from iamd.arn import parse_arn
from iamd.authentication.saml_metadata import Metadata, is_decryption_key, parse_metadata
from iamd.call import Call
from iamd.errors import EntityAlreadyExists, InvalidInput
from iamd.iam.tags import tags_answer, tags_page, with_tags, without_tags

_REQUIRED = "Required"


def create_saml_provider(account: Account, input: Input, call: Call) -> Answer:
    """No answer ever shows the private key.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateSAMLProvider.html
    """
    name, document = input["Name"], input["SAMLMetadataDocument"]
    tags = with_tags((), input.get("Tags", ()), fold_case=False)
    if account.saml_providers.find(name.lower()):
        raise EntityAlreadyExists(f"Provider with name {name} already exists.")
    account.require_room("SAMLProviders")
    metadata = _verified_metadata(account, document, call)
    provider = SAMLProvider(
        account_id=account.account_id,
        name=name,
        id=call.new_id(SAML_PROVIDER),
        metadata=document,
        created=call.time,
        valid_until=_valid_until(metadata, call.time),
        encryption_mode=input.get("AssertionEncryptionMode", "Allowed"),
        private_keys=(_new_private_key(input["AddPrivateKey"], call),) if "AddPrivateKey" in input else (),
        tags=tags,
    )
    _verify_key_if_required(provider)
    answer: dict[str, Any] = {"SAMLProviderArn": provider.arn}
    if tags:
        answer["Tags"] = tags_answer(tags)
    return answer, [Put(provider)]


def get_saml_provider(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetSAMLProvider.html"""
    provider = _get_provider(account, input)
    answer = {
        "SAMLProviderUUID": provider.id,
        "SAMLMetadataDocument": provider.metadata,
        "CreateDate": provider.created,
        "ValidUntil": provider.valid_until,
        "Tags": tags_answer(provider.tags),
        "AssertionEncryptionMode": provider.encryption_mode,
        "PrivateKeyList": [{"KeyId": key.id, "Timestamp": key.created} for key in provider.private_keys],
    }
    return answer, []


def update_saml_provider(account: Account, input: Input, call: Call) -> Answer:
    """What is not sent stays as it is.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateSAMLProvider.html
    """
    provider = _get_provider(account, input)
    if input.keys() <= {"SAMLProviderArn"}:
        raise InvalidInput(
            "Unable to update identity provider. No updates are defined for metadata or encryption assertion."
        )
    if "AddPrivateKey" in input and "RemovePrivateKey" in input:
        raise InvalidInput(
            "Unable to add and remove private keys in the same request. Set a value for only one of the two parameters."
        )
    if "SAMLMetadataDocument" in input:
        document = input["SAMLMetadataDocument"]
        metadata = _verified_metadata(account, document, call)
        provider = replace(provider, metadata=document, valid_until=_valid_until(metadata, provider.created))
    provider = replace(provider, encryption_mode=input.get("AssertionEncryptionMode", provider.encryption_mode))
    if "AddPrivateKey" in input:
        account.require_room("PrivateKeysPerSAMLProvider", len(provider.private_keys))
        added = _new_private_key(input["AddPrivateKey"], call)
        provider = replace(provider, private_keys=(*provider.private_keys, added))
    if "RemovePrivateKey" in input:
        provider = _without_private_key(provider, input["RemovePrivateKey"])
    _verify_key_if_required(provider)
    return {"SAMLProviderArn": provider.arn}, [Put(provider)]


def delete_saml_provider(account: Account, input: Input, call: Call) -> Answer:
    """Roles that trust the provider stay, and nobody can assume them through it any more.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteSAMLProvider.html
    """
    return {}, [Delete(_get_provider(account, input))]


def list_saml_providers(account: Account, input: Input, call: Call) -> Answer:
    """All at once, by name.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSAMLProviders.html
    """
    providers = [
        {"Arn": provider.arn, "ValidUntil": provider.valid_until, "CreateDate": provider.created}
        for provider in account.saml_providers
    ]
    return {"SAMLProviderList": providers}, []


# Tags -----------------------------------------------------------------------------------------------------------------


def tag_saml_provider(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagSAMLProvider.html"""
    provider = _get_provider(account, input)
    return {}, [Put(replace(provider, tags=with_tags(provider.tags, input["Tags"], fold_case=False)))]


def untag_saml_provider(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagSAMLProvider.html"""
    provider = _get_provider(account, input)
    return {}, [Put(replace(provider, tags=without_tags(provider.tags, input["TagKeys"], fold_case=False)))]


def list_saml_provider_tags(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSAMLProviderTags.html"""
    return tags_page(_get_provider(account, input).tags, input, call), []


# Shared ---------------------------------------------------------------------------------------------------------------


def _get_provider(account: Account, input: Input) -> SAMLProvider:
    """The provider named. Raises InvalidInput if what names it is no ARN, NoSuchEntity if there is none."""
    arn = input["SAMLProviderArn"]
    parse_arn(arn)
    return account.get_saml_provider(arn)


def _verified_metadata(account: Account, document: str, call: Call) -> Metadata:
    """What the document says. Raises InvalidInput, or LimitExceeded if it has too many providers or keys."""
    metadata = call.compute(parse_metadata, document)
    if metadata is None:
        raise InvalidInput("Could not parse metadata")
    account.require_room("IdentityProvidersPerSAMLProvider", len(metadata.providers) - 1)
    keys = sum(len(provider.certificates) for provider in metadata.providers)
    account.require_room("KeysPerSAMLProvider", keys - 1)
    return metadata


def _valid_until(metadata: Metadata, created: int) -> int:
    """The end that the metadata sets, or else a hundred years after the provider was created."""
    if metadata.valid_until is not None:
        return metadata.valid_until
    begin = datetime.fromtimestamp(created, UTC)
    day = min(begin.day, 28) if begin.month == 2 else begin.day  # not every hundredth year has a February 29
    return int(begin.replace(year=begin.year + 100, day=day).timestamp())


def _new_private_key(private_key: str, call: Call) -> SAMLPrivateKey:
    if not call.compute(is_decryption_key, private_key):
        raise InvalidInput("Invalid private key: Key format is not recognized.")
    key_id = call.new_id(SAML_PROVIDER)
    return SAMLPrivateKey(id=key_id, sealed=call.sealer.seal(private_key.encode(), key_id), created=call.time)


def _without_private_key(provider: SAMLProvider, key_id: str) -> SAMLProvider:
    kept = tuple(key for key in provider.private_keys if key.id != key_id)
    if len(kept) == len(provider.private_keys):
        raise InvalidInput("Failed to remove private key because the Key ID does not match a private key.")
    return replace(provider, private_keys=kept)


def _verify_key_if_required(provider: SAMLProvider) -> None:
    if provider.encryption_mode == _REQUIRED and not provider.private_keys:
        raise InvalidInput("Unable to set assertion encryption mode to Required because no private key is provided.")

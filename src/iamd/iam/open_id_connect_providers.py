"""OpenID Connect providers: whose web identity tokens roles of the account may trust.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from iamd.account.changes import Delete, Put
from iamd.account.operation import Answer, Input
from iamd.account.records import OpenIDConnectProvider
from iamd.account.state import Account
from iamd.arn import parse_arn
from iamd.call import Call
from iamd.errors import EntityAlreadyExists, InvalidInput, NoSuchEntity, ValidationError
from iamd.iam.tags import tags_answer, tags_page, with_tags, without_tags

_SCHEME = "https://"
_MAX_THUMBPRINTS = 5


def create_open_id_connect_provider(account: Account, input: Input, call: Call) -> Answer:
    """Where no thumbprints are sent none are kept: AWS asks the provider for its certificate, iamd calls nobody here.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
    """
    tags = with_tags((), input.get("Tags", ()), fold_case=False)
    thumbprints = _verified_thumbprints(input.get("ThumbprintList", ()))
    client_ids = input.get("ClientIDList", ())
    if client_ids:
        account.require_room("ClientIDsPerOpenIDConnectProvider", len(client_ids) - 1)
    provider = OpenIDConnectProvider(
        account_id=account.account_id,
        url=_without_scheme(input["Url"]),
        client_ids=tuple(dict.fromkeys(client_ids)),
        thumbprints=thumbprints,
        created=call.time,
        tags=tags,
    )
    if account.open_id_connect_providers.find(provider.key):
        raise EntityAlreadyExists(f"Provider with url {input['Url']} already exists.")
    account.require_room("OpenIDConnectProviders")
    answer: dict[str, Any] = {"OpenIDConnectProviderArn": provider.arn}
    if tags:
        answer["Tags"] = tags_answer(tags)
    return answer, [Put(provider)]


def get_open_id_connect_provider(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetOpenIDConnectProvider.html"""
    provider = _get_provider(account, input)
    answer = {
        "Url": provider.url,
        "ClientIDList": list(provider.client_ids),
        "ThumbprintList": list(provider.thumbprints),
        "CreateDate": provider.created,
        "Tags": tags_answer(provider.tags),
    }
    return answer, []


def delete_open_id_connect_provider(account: Account, input: Input, call: Call) -> Answer:
    """Roles that trust the provider stay, and nobody can assume them through it any more.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteOpenIDConnectProvider.html
    """
    arn = input["OpenIDConnectProviderArn"]
    parse_arn(arn)
    provider = account.find_open_id_connect_provider(arn)
    if provider is None:
        raise NoSuchEntity(f"OpenId connect Provider {arn} cannot be found.")
    return {}, [Delete(provider)]


def list_open_id_connect_providers(account: Account, input: Input, call: Call) -> Answer:
    """All at once, by URL.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOpenIDConnectProviders.html
    """
    return {"OpenIDConnectProviderList": [{"Arn": provider.arn} for provider in account.open_id_connect_providers]}, []


# Client ids and thumbprints -------------------------------------------------------------------------------------------


def add_client_id_to_open_id_connect_provider(account: Account, input: Input, call: Call) -> Answer:
    """A client id that is there already does not matter.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddClientIDToOpenIDConnectProvider.html
    """
    provider, client_id = _get_provider(account, input), input["ClientID"]
    if client_id in provider.client_ids:
        return {}, []
    account.require_room("ClientIDsPerOpenIDConnectProvider", len(provider.client_ids))
    return {}, [Put(replace(provider, client_ids=(*provider.client_ids, client_id)))]


def remove_client_id_from_open_id_connect_provider(account: Account, input: Input, call: Call) -> Answer:
    """A client id that is not there does not matter.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveClientIDFromOpenIDConnectProvider.html
    """
    provider, removed = _get_provider(account, input), input["ClientID"]
    if removed not in provider.client_ids:
        return {}, []
    client_ids = tuple(client_id for client_id in provider.client_ids if client_id != removed)
    return {}, [Put(replace(provider, client_ids=client_ids))]


def update_open_id_connect_provider_thumbprint(account: Account, input: Input, call: Call) -> Answer:
    """The list replaces the one before.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateOpenIDConnectProviderThumbprint.html
    """
    provider = _get_provider(account, input)
    return {}, [Put(replace(provider, thumbprints=_verified_thumbprints(input["ThumbprintList"])))]


# Tags -----------------------------------------------------------------------------------------------------------------


def tag_open_id_connect_provider(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagOpenIDConnectProvider.html"""
    provider = _get_provider(account, input)
    return {}, [Put(replace(provider, tags=with_tags(provider.tags, input["Tags"], fold_case=False)))]


def untag_open_id_connect_provider(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagOpenIDConnectProvider.html"""
    provider = _get_provider(account, input)
    return {}, [Put(replace(provider, tags=without_tags(provider.tags, input["TagKeys"], fold_case=False)))]


def list_open_id_connect_provider_tags(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOpenIDConnectProviderTags.html"""
    return tags_page(_get_provider(account, input).tags, input, call), []


# Shared ---------------------------------------------------------------------------------------------------------------


def _get_provider(account: Account, input: Input) -> OpenIDConnectProvider:
    """The provider named. Raises InvalidInput if what names it is no ARN, NoSuchEntity if there is none."""
    arn = input["OpenIDConnectProviderArn"]
    parse_arn(arn)
    return account.get_open_id_connect_provider(arn)


def _verified_thumbprints(thumbprints: Sequence[str]) -> tuple[str, ...]:
    if len(thumbprints) > _MAX_THUMBPRINTS:
        raise InvalidInput(f"Thumbprint list must contain fewer than {_MAX_THUMBPRINTS} entries.")
    return tuple(dict.fromkeys(thumbprints))


def _without_scheme(url: str) -> str:
    """What stands in the ARN. Raises ValidationError for anything but ``https://``, a host and perhaps a path.

    A token's ``iss`` must be exactly the URL, so that nothing in it is put in order here.
    """
    rest = url.removeprefix(_SCHEME)
    try:
        parts = urlsplit(url)
        sound = parts.hostname == parts.netloc.lower() and bool(parts.hostname)  # no port, no user
    except ValueError:
        sound = False
    if rest == url or not sound or any(sign in url for sign in "?#\\*") or not url.isprintable() or " " in url:
        raise ValidationError("Invalid Open ID Connect Provider URL")
    return rest

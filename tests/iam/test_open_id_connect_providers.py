"""OpenID Connect providers: one for each URL, with the client ids and thumbprints that it was given."""

import pytest

from iamd.account.records import OpenIDConnectProvider, Settings
from iamd.iam.account_settings import get_account_summary
from iamd.iam.open_id_connect_providers import (
    add_client_id_to_open_id_connect_provider,
    create_open_id_connect_provider,
    delete_open_id_connect_provider,
    get_open_id_connect_provider,
    list_open_id_connect_provider_tags,
    list_open_id_connect_providers,
    remove_client_id_from_open_id_connect_provider,
    tag_open_id_connect_provider,
    untag_open_id_connect_provider,
    update_open_id_connect_provider_thumbprint,
)
from tests.iam.world import ACCOUNT_ID, CREATED, NOW, World

URL = "https://server.example.com/a"
ARN = f"arn:aws:iam::{ACCOUNT_ID}:oidc-provider/server.example.com/a"
THIS = {"OpenIDConnectProviderArn": ARN}
NOT_FOUND = f"NoSuchEntity: OpenIDConnect Provider not found for arn {ARN}"
THUMBPRINT = "990f4193972f2becf12ddeda5237f9c952f20d9e"


def put(world: World, url: str = "server.example.com/a", **details: object) -> None:
    """Given: a provider."""
    world.put(OpenIDConnectProvider(account_id=ACCOUNT_ID, url=url, created=CREATED, **details))


def client_ids(world: World) -> list[str]:
    ids: list[str] = world.run(get_open_id_connect_provider, **THIS)["ClientIDList"]
    return ids


# CreateOpenIDConnectProvider ------------------------------------------------------------------------------------------


def test_a_provider_is_shown_without_its_scheme(world: World) -> None:
    tags = [{"Key": "Team", "Value": "blue"}]
    created = world.run(
        create_open_id_connect_provider,
        Url=URL,
        ClientIDList=["sts.amazonaws.com", "web"],
        ThumbprintList=[THUMBPRINT],
        Tags=tags,
    )
    assert created == {"OpenIDConnectProviderArn": ARN, "Tags": tags}
    assert world.run(get_open_id_connect_provider, **THIS) == {
        "Url": "server.example.com/a",
        "ClientIDList": ["sts.amazonaws.com", "web"],
        "ThumbprintList": [THUMBPRINT],
        "CreateDate": NOW,
        "Tags": tags,
    }
    assert world.run(list_open_id_connect_providers) == {"OpenIDConnectProviderList": [{"Arn": ARN}]}
    assert world.run(get_account_summary)["SummaryMap"]["Providers"] == 1


def test_a_provider_needs_neither_client_ids_nor_thumbprints(world: World) -> None:
    assert world.run(create_open_id_connect_provider, Url=URL) == THIS
    assert world.run(get_open_id_connect_provider, **THIS) == {
        "Url": "server.example.com/a",
        "ClientIDList": [],
        "ThumbprintList": [],
        "CreateDate": NOW,
        "Tags": [],
    }


@pytest.mark.parametrize("url", ["https://server.example.com", "https://server.example.com/", "https://Example.org/A"])
def test_a_url_is_kept_as_it_is(world: World, url: str) -> None:
    arn = world.run(create_open_id_connect_provider, Url=url)["OpenIDConnectProviderArn"]
    assert arn == f"arn:aws:iam::{ACCOUNT_ID}:oidc-provider/{url.removeprefix('https://')}"


@pytest.mark.parametrize(
    "url",
    [
        "server.example.com",
        "http://server.example.com",
        "https://",
        "https:///path",
        "https://server.example.com:8443",
        "https://server.example.com:",
        "https://bob@server.example.com",
        "https://server.example.com?tenant=1",
        "https://server.example.com#top",
        "https://server.example.com/*",
        "https://server.example.com/a b",
        "https://server.example.com/a\n",
        "https://[::1",
    ],
)
def test_a_url_is_https_a_host_and_a_path(world: World, url: str) -> None:
    refusal = world.refusal(create_open_id_connect_provider, Url=url)
    assert refusal == "ValidationError: Invalid Open ID Connect Provider URL"


def test_a_url_has_one_provider(world: World) -> None:
    put(world)
    refusal = world.refusal(create_open_id_connect_provider, Url=URL)
    assert refusal == f"EntityAlreadyExists: Provider with url {URL} already exists."
    world.run(create_open_id_connect_provider, Url=URL + "/")


def test_an_account_has_as_many_providers_as_its_quota_says(world: World) -> None:
    put(world)
    world.put(Settings(account_id=ACCOUNT_ID, created=CREATED, quotas={"OpenIDConnectProviders": 1}))
    assert (
        world.refusal(create_open_id_connect_provider, Url="https://other.example.com")
        == "LimitExceeded: Cannot exceed quota for OpenIdConnectProvidersPerAccount: 1"
    )


def test_there_are_at_most_a_hundred_client_ids_and_five_thumbprints(world: World) -> None:
    thumbprints = [f"{number:040}" for number in range(6)]
    clients = [f"client{number}" for number in range(101)]
    too_many_thumbprints = "InvalidInput: Thumbprint list must contain fewer than 5 entries."
    too_many_clients = "LimitExceeded: Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100"
    assert world.refusal(create_open_id_connect_provider, Url=URL, ThumbprintList=thumbprints) == too_many_thumbprints
    assert world.refusal(create_open_id_connect_provider, Url=URL, ClientIDList=clients) == too_many_clients
    world.run(create_open_id_connect_provider, Url=URL, ThumbprintList=thumbprints[:5], ClientIDList=clients[:100])
    assert (
        world.refusal(update_open_id_connect_provider_thumbprint, **THIS, ThumbprintList=thumbprints)
        == too_many_thumbprints
    )
    add = add_client_id_to_open_id_connect_provider
    assert world.refusal(add, **THIS, ClientID="client100") == too_many_clients
    world.run(add, **THIS, ClientID="client99")


# Afterwards -----------------------------------------------------------------------------------------------------------


def test_client_ids_come_and_go_once(world: World) -> None:
    put(world)
    for client_id in ("web", "app", "web"):
        world.run(add_client_id_to_open_id_connect_provider, **THIS, ClientID=client_id)
    assert world.changes == []
    assert client_ids(world) == ["web", "app"]
    for _ in range(2):
        world.run(remove_client_id_from_open_id_connect_provider, **THIS, ClientID="web")
    assert world.changes == []
    assert client_ids(world) == ["app"]


def test_new_thumbprints_replace_the_old_ones(world: World) -> None:
    put(world, thumbprints=("0" * 40,))
    world.run(update_open_id_connect_provider_thumbprint, **THIS, ThumbprintList=[THUMBPRINT])
    assert world.run(get_open_id_connect_provider, **THIS)["ThumbprintList"] == [THUMBPRINT]


def test_a_provider_is_deleted_once(world: World) -> None:
    put(world)
    assert world.run(delete_open_id_connect_provider, **THIS) == {}
    assert (
        world.refusal(delete_open_id_connect_provider, **THIS)
        == f"NoSuchEntity: OpenId connect Provider {ARN} cannot be found."
    )
    assert world.run(list_open_id_connect_providers) == {"OpenIDConnectProviderList": []}
    world.verify_indexes()


def test_keys_of_tags_are_told_apart_by_case(world: World) -> None:
    put(world)
    tags = [{"Key": "Team", "Value": "red"}, {"Key": "team", "Value": "blue"}]
    world.run(tag_open_id_connect_provider, **THIS, Tags=tags)
    assert world.run(list_open_id_connect_provider_tags, **THIS) == {"Tags": tags, "IsTruncated": False}
    world.run(untag_open_id_connect_provider, **THIS, TagKeys=["Team"])
    assert world.run(get_open_id_connect_provider, **THIS)["Tags"] == tags[1:]


def test_a_provider_that_is_not_there_is_told(world: World) -> None:
    for operation, input in (
        (get_open_id_connect_provider, {}),
        (add_client_id_to_open_id_connect_provider, {"ClientID": "web"}),
        (remove_client_id_from_open_id_connect_provider, {"ClientID": "web"}),
        (update_open_id_connect_provider_thumbprint, {"ThumbprintList": []}),
        (tag_open_id_connect_provider, {"Tags": []}),
        (untag_open_id_connect_provider, {"TagKeys": []}),
        (list_open_id_connect_provider_tags, {}),
    ):
        assert world.refusal(operation, **THIS, **input) == NOT_FOUND
        assert (
            world.refusal(operation, OpenIDConnectProviderArn="server.example.com/a", **input)
            == "InvalidInput: ARN server.example.com/a is not valid."
        )

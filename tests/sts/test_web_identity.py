"""AssumeRoleWithWebIdentity: which users of an OpenID Connect provider a role trusts, and what their session is."""

import json
from typing import Any

import pytest

from iamd.authentication.assertions import asserted_caller
from iamd.authentication.oidc import find_provider, verify_web_identity_token
from iamd.call import Caller
from iamd.iam.open_id_connect_providers import create_open_id_connect_provider
from tests.authentication.issuers import Issuer
from tests.iam.world import NOW
from tests.sts.cloud import ACCOUNT, OTHER, Cloud, allow

IDP = "idp.example.com"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{IDP}"
ISSUER = Issuer(f"https://{IDP}")
WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
REFUSED = f"AccessDenied: Not authorized to perform {WEB_IDENTITY}"
TAGS = "https://aws.amazon.com/tags"


@pytest.fixture
def cloud() -> Cloud:
    cloud = Cloud()
    for world in cloud.worlds.values():
        world.run(create_open_id_connect_provider, Url=ISSUER.url, ClientIDList=["app"])
    return cloud


def trust(provider: str = PROVIDER, *also: str, **more: Any) -> dict[str, Any]:
    return {"Principal": {"Federated": provider}, "Action": [WEB_IDENTITY, *also], **more}


def request(role: str, **more: Any) -> dict[str, Any]:
    return {"RoleArn": role, "RoleSessionName": "session", **more}


def caller(cloud: Cloud, role: str, **claims: Any) -> Caller:
    """Whom a token of the provider makes, once it is verified."""
    token = ISSUER.token(ISSUER.claims(NOW, **claims))
    account_id = role.split(":")[4]
    provider = find_provider(cloud.worlds[account_id].account, ISSUER.url)
    input = request(role, WebIdentityToken=token)
    return asserted_caller(verify_web_identity_token(input, provider, ISSUER.keys(), NOW), account_id)


def ask(cloud: Cloud, role: str, claims: dict[str, Any] | None = None, **input: Any) -> dict[str, Any]:
    who = caller(cloud, role, **(claims or {}))
    return cloud.ask("AssumeRoleWithWebIdentity", who, **request(role, WebIdentityToken="…….", **input))


def refused(cloud: Cloud, role: str, claims: dict[str, Any] | None = None, **input: Any) -> str:
    who = caller(cloud, role, **(claims or {}))
    return cloud.refusal("AssumeRoleWithWebIdentity", who, **request(role, WebIdentityToken="…….", **input))


# Whom a role trusts ---------------------------------------------------------------------------------------------------


def test_a_role_that_trusts_the_provider_is_assumed(cloud: Cloud) -> None:
    role = cloud.role("R", trust(), path="/team/", id="AROAEXAMPLEEXAMPLE123")
    answer = ask(cloud, role)
    session = cloud.open(answer)
    credentials = answer.pop("Credentials")
    assert answer == {
        "AssumedRoleUser": {
            "AssumedRoleId": "AROAEXAMPLEEXAMPLE123:session",
            "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/R/session",
        },
        "SubjectFromWebIdentityToken": "user-1",
        "Audience": "app",
        "Provider": PROVIDER,
    }
    assert credentials["Expiration"] == NOW + 3600
    assert (session.kind, session.principal_arn) == ("role", role)


@pytest.mark.parametrize(
    "principal",
    [
        {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/other.example.com"},
        {"Federated": f"arn:aws:iam::{OTHER}:oidc-provider/{IDP}"},
        {"Federated": "cognito-identity.amazonaws.com"},
        {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        {"AWS": ACCOUNT},
        {"Service": "lambda.amazonaws.com"},
    ],
)
def test_a_role_that_trusts_somebody_else_is_not(cloud: Cloud, principal: dict[str, str]) -> None:
    role = cloud.role("R", trust() | {"Principal": principal})
    assert refused(cloud, role) == REFUSED


def test_a_role_that_does_not_exist_is_refused_in_the_same_words(cloud: Cloud) -> None:
    cloud.role("R", trust(), path="/team/")
    for name in ("Missing", "R", "team/r"):
        assert refused(cloud, f"arn:aws:iam::{ACCOUNT}:role/{name}") == REFUSED


def test_assume_role_is_another_permission(cloud: Cloud) -> None:
    role = cloud.role("R", trust() | {"Action": ["sts:AssumeRole", "sts:AssumeRoleWithSAML"]})
    assert refused(cloud, role) == REFUSED


def test_a_deny_wins(cloud: Cloud) -> None:
    role = cloud.role("R", trust(Effect="Deny"))
    assert refused(cloud, role) == REFUSED


def test_a_provider_of_one_account_opens_no_role_of_another(cloud: Cloud) -> None:
    role = cloud.role("R", trust(f"arn:aws:iam::{ACCOUNT}:oidc-provider/{IDP}"), account_id=OTHER)
    assert refused(cloud, role) == REFUSED


CONDITIONS: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    # condition, claims that hold, claims that do not
    ({"StringEquals": {f"{IDP}:sub": "user-1"}}, {}, {"sub": "user-2"}),
    ({"StringLike": {f"{IDP}:sub": "repo:o/*"}}, {"sub": "repo:o/r"}, {"sub": "repo:p/r"}),
    ({"StringEquals": {f"{IDP.upper()}:aud": "app"}}, {}, None),
    ({"StringEquals": {f"{IDP}:oaud": "api"}}, {"aud": "api", "azp": "app"}, {"aud": "else", "azp": "app"}),
    ({"ForAnyValue:StringEquals": {f"{IDP}:amr": "mfa"}}, {"amr": ["pwd", "mfa"]}, {"amr": ["pwd"]}),
    (
        {"Bool": {"sts:RoleAuthorizedByIdp": "true"}},
        {"https://aws.amazon.com/roles": [f"arn:aws:iam::{ACCOUNT}:role/R"]},
        {},
    ),
    ({"StringEquals": {"sts:RoleSessionName": "session"}}, {}, None),
    (
        {"StringEquals": {"aws:RequestTag/Team": "blue"}},
        {TAGS: {"principal_tags": {"Team": ["blue"]}}},
        {TAGS: {"principal_tags": {"Team": ["red"]}}},
    ),
    (
        {"ForAllValues:StringEquals": {"sts:TransitiveTagKeys": "Team"}},
        {TAGS: {"principal_tags": {"Team": ["blue"]}, "transitive_tag_keys": ["Team"]}},
        {TAGS: {"principal_tags": {"A": ["1"]}, "transitive_tag_keys": ["A"]}},
    ),
    (
        {"StringEquals": {"sts:SourceIdentity": "alice"}},
        {"https://aws.amazon.com/source_identity": "alice"},
        {"https://aws.amazon.com/source_identity": "bob"},
    ),
    ({"Null": {"aws:PrincipalArn": "true", "aws:userid": "true", "aws:PrincipalAccount": "true"}}, {}, None),
]


@pytest.mark.parametrize(("condition", "holds", "fails"), CONDITIONS, ids=lambda value: json.dumps(value)[:60])
def test_a_trust_policy_asks_about_the_token(
    cloud: Cloud, condition: dict[str, Any], holds: dict[str, Any], fails: dict[str, Any] | None
) -> None:
    role = cloud.role("R", trust(PROVIDER, "sts:TagSession", "sts:SetSourceIdentity", Condition=condition))
    assert ask(cloud, role, holds)["SubjectFromWebIdentityToken"]
    if fails is not None:
        assert refused(cloud, role, fails) == REFUSED


def test_tags_and_source_identity_need_permissions_of_their_own(cloud: Cloud) -> None:
    role = cloud.role("R", trust())
    tagged = {TAGS: {"principal_tags": {"Team": ["blue"]}}}
    assert refused(cloud, role, tagged) == "AccessDenied: Not authorized to perform sts:TagSession"
    named = {"https://aws.amazon.com/source_identity": "alice"}
    assert refused(cloud, role, named) == "AccessDenied: Not authorized to perform sts:SetSourceIdentity"


# The session ----------------------------------------------------------------------------------------------------------


def test_the_session_remembers_who_its_user_is(cloud: Cloud) -> None:
    asks_later = {"Condition": {"StringEquals": {f"{IDP}:sub": "user-1", "aws:FederatedProvider": PROVIDER}}}
    role = cloud.role("R", trust(), allow("iam:GetUser", **asks_later), allow("iam:ListUsers"))
    session = cloud.open(ask(cloud, role))
    stranger = cloud.open(ask(cloud, role, {"sub": "user-2"}))
    assert cloud.decide(session, "GetUser", UserName="alice") == "allowed"
    assert cloud.decide(stranger, "ListUsers") == "allowed"
    assert cloud.decide(stranger, "GetUser", UserName="alice").startswith("AccessDenied: ")


def test_the_session_has_the_tokens_tags_and_hands_on_the_transitive_ones(cloud: Cloud) -> None:
    role = cloud.role("R", trust(PROVIDER, "sts:TagSession", "sts:SetSourceIdentity"), tags=(("Team", "red"),))
    nested = {"principal_tags": {"Team": ["blue"], "Job": ["7"]}, "transitive_tag_keys": ["Team"]}
    claims = {TAGS: nested, "https://aws.amazon.com/source_identity": "alice"}
    answer = ask(cloud, role, claims)
    assert (answer["SourceIdentity"], answer["PackedPolicySize"]) == ("alice", 2)
    session = cloud.open(answer)
    assert session.session is not None
    assert dict(session.session.tags) == {"Team": "blue", "Job": "7"}
    also = {"Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]}
    chained = cloud.assume(session, cloud.role("Next", {"Principal": {"AWS": role}, **also}))
    assert chained.session is not None
    assert dict(chained.session.tags) == {"Team": "blue"}
    assert chained.session.source_identity == "alice"


def test_session_policies_limit_it(cloud: Cloud) -> None:
    role = cloud.role("R", trust(), allow("iam:*"))
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **allow("iam:GetUser")}]})
    answer = ask(cloud, role, Policy=policy)
    assert answer["PackedPolicySize"] > 0
    session = cloud.open(answer)
    assert cloud.decide(session, "GetUser", UserName="alice") == "allowed"
    assert cloud.decide(session, "ListUsers").startswith("AccessDenied: ")


def test_it_lasts_as_long_as_the_role_allows(cloud: Cloud) -> None:
    role = cloud.role("R", trust(), max_session_duration=7200)
    assert ask(cloud, role, DurationSeconds=7200)["Credentials"]["Expiration"] == NOW + 7200
    assert refused(cloud, role, DurationSeconds=7201) == (
        "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    )


def test_it_lives_on_when_its_provider_is_deleted(cloud: Cloud) -> None:
    from iamd.iam.open_id_connect_providers import delete_open_id_connect_provider

    role = cloud.role("R", trust(), allow("iam:ListUsers"))
    answer = ask(cloud, role)
    cloud.worlds[ACCOUNT].run(delete_open_id_connect_provider, OpenIDConnectProviderArn=PROVIDER)
    assert cloud.decide(cloud.open(answer), "ListUsers") == "allowed"

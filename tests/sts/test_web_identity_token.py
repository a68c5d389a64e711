"""GetWebIdentityToken: what the tokens of an account say, and who gets them."""

import json
from typing import Any

import jwt
import pytest
from msgspec.structs import replace

from iamd.account.organization import Organization
from iamd.authentication.token_keys import key_set
from iamd.call import Caller
from iamd.iam.outbound_web_identity_federation import (
    disable_outbound_web_identity_federation,
    enable_outbound_web_identity_federation,
)
from tests.iam.world import NOW
from tests.sts.cloud import ACCOUNT, OTHER, Cloud, allow, trust

ALLOWED = allow("sts:GetWebIdentityToken", "sts:TagGetWebIdentityToken")
DISABLED = (
    "OutboundWebIdentityFederationDisabledException: Outbound web identity federation is not enabled for this account."
)


@pytest.fixture
def cloud() -> Cloud:
    cloud = Cloud()
    cloud.worlds[ACCOUNT].run(enable_outbound_web_identity_federation)
    return cloud


def ask(cloud: Cloud, caller: Caller, **more: Any) -> dict[str, Any]:
    input = {"Audience": ["https://api.example.com"], "SigningAlgorithm": "ES384"} | more
    return cloud.ask("GetWebIdentityToken", caller, **input)


def refused(cloud: Cloud, caller: Caller, **more: Any) -> str:
    input = {"Audience": ["https://api.example.com"], "SigningAlgorithm": "ES384"} | more
    return cloud.refusal("GetWebIdentityToken", caller, **input)


def verified(cloud: Cloud, output: dict[str, Any], audience: str = "https://api.example.com") -> dict[str, Any]:
    """The claims, as another library reads them by the published keys."""
    issuer = cloud.worlds[ACCOUNT].account.web_identity_issuer
    assert issuer is not None
    token = output["WebIdentityToken"]
    header = jwt.get_unverified_header(token)
    published = jwt.PyJWKSet.from_json(key_set(issuer, NOW).decode())
    options: Any = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(token, published[header["kid"]], [header["alg"]], options, audience=audience)
    assert claims["exp"] == output["Expiration"]
    return claims


def claims_of_aws(cloud: Cloud, output: dict[str, Any]) -> Any:
    return verified(cloud, output)["https://sts.amazonaws.com/"]


@pytest.mark.parametrize("algorithm", ["ES384", "RS256"])
def test_a_user_proves_who_it_is(cloud: Cloud, algorithm: str) -> None:
    alice = cloud.user("alice", ALLOWED, tags=(("Team", "blue"),))
    output = ask(cloud, alice, SigningAlgorithm=algorithm)
    claims = verified(cloud, output)
    assert len(claims.pop("jti")) == 32
    assert claims == {
        "iss": cloud.worlds[ACCOUNT].directory.issuer_url(cloud.worlds[ACCOUNT].account.web_identity_issuer.id),
        "aud": "https://api.example.com",
        "sub": alice.arn,
        "iat": NOW,
        "exp": NOW + 300,
        "https://sts.amazonaws.com/": {
            "aws_account": ACCOUNT,
            "source_region": "us-east-1",
            "principal_tags": {"Team": "blue"},
        },
    }
    assert jwt.get_unverified_header(output["WebIdentityToken"])["alg"] == algorithm


def test_a_role_session_is_its_role_with_the_sessions_tags(cloud: Cloud) -> None:
    alice = cloud.user("alice")
    also = ("sts:TagSession", "sts:SetSourceIdentity")
    role = cloud.role("R", trust(alice.arn, also=also), ALLOWED, path="/team/", tags=(("Team", "red"), ("Unit", "7")))
    tags = [{"Key": "team", "Value": "blue"}]
    session = cloud.assume(alice, role, Tags=tags, SourceIdentity="alice")
    output = ask(cloud, session)
    assert verified(cloud, output)["sub"] == role
    assert claims_of_aws(cloud, output) == {
        "aws_account": ACCOUNT,
        "source_region": "us-east-1",
        "original_session_exp": "2023-11-15T23:13:20Z",
        "source_identity": "alice",
        "principal_tags": {"Unit": "7", "team": "blue"},
    }


def test_organization_and_request_tags(cloud: Cloud) -> None:
    directory = cloud.worlds[ACCOUNT].directory
    directory.organizations["o-exampleorgid"] = Organization(id="o-exampleorgid", management_account_id=OTHER)
    directory.organization_ids[ACCOUNT] = "o-exampleorgid"
    claims = claims_of_aws(cloud, ask(cloud, cloud.user("alice", ALLOWED), Tags=[{"Key": "job", "Value": "7"}]))
    assert (claims["org_id"], claims["request_tags"]) == ("o-exampleorgid", {"job": "7"})


def test_several_audiences_are_a_list(cloud: Cloud) -> None:
    output = ask(cloud, cloud.user("alice", ALLOWED), Audience=["a", "b"], DurationSeconds=3600)
    claims = verified(cloud, output, "b")
    assert (claims["aud"], claims["exp"]) == (["a", "b"], NOW + 3600)


def test_two_tokens_are_never_alike(cloud: Cloud) -> None:
    alice = cloud.user("alice", ALLOWED)
    assert verified(cloud, ask(cloud, alice))["jti"] != verified(cloud, ask(cloud, alice))["jti"]


def test_an_account_that_is_no_issuer(cloud: Cloud) -> None:
    assert refused(cloud, cloud.user("eve", ALLOWED, account_id=OTHER)) == DISABLED
    cloud.worlds[ACCOUNT].run(disable_outbound_web_identity_federation)
    assert refused(cloud, cloud.user("alice", ALLOWED)) == DISABLED


def test_a_token_ends_no_later_than_its_session(cloud: Cloud) -> None:
    alice = cloud.user("alice")
    session = cloud.assume(alice, cloud.role("R", trust(alice.arn), ALLOWED), DurationSeconds=900)
    assert ask(cloud, session, DurationSeconds=900)["Expiration"] == NOW + 900
    assert refused(cloud, session, DurationSeconds=901) == (
        "SessionDurationEscalationException: The requested token duration would extend the session beyond its original "
        "expiration time."
    )


def test_an_algorithm_that_does_not_sign(cloud: Cloud) -> None:
    assert refused(cloud, cloud.user("alice", ALLOWED), SigningAlgorithm="HS256") == (
        "ValidationError: 1 validation error detected: Value 'HS256' at 'signingAlgorithm' failed to satisfy "
        "constraint: Member must satisfy enum value set: [ES384, RS256]"
    )


def test_a_token_that_would_be_too_long(cloud: Cloud) -> None:
    tags = [{"Key": f"key-{number}", "Value": "x" * 256} for number in range(50)]
    assert refused(cloud, cloud.user("alice", ALLOWED), Tags=tags) == (
        "JWTPayloadSizeExceededException: The token payload size exceeds the maximum allowed size."
    )


def test_tags_that_differ_in_case_alone(cloud: Cloud) -> None:
    tags = [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "1"}]
    assert refused(cloud, cloud.user("alice", ALLOWED), Tags=tags) == (
        "InvalidParameterValue: Duplicate tag keys found. Please note that Tag keys are case insensitive."
    )


def denied(caller: Caller, action: str = "sts:GetWebIdentityToken") -> str:
    return (
        f"AccessDenied: User: {caller.arn} is not authorized to perform: {action} on resource: * because no "
        f"identity-based policy allows the {action} action"
    )


def test_it_needs_permission_and_tags_another(cloud: Cloud) -> None:
    alice = cloud.user("alice")
    assert refused(cloud, alice) == denied(alice)
    bob = cloud.user("bob", allow("sts:GetWebIdentityToken"))
    assert ask(cloud, bob)
    assert refused(cloud, bob, Tags=[{"Key": "a", "Value": "1"}]) == denied(bob, "sts:TagGetWebIdentityToken")


CONDITIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"ForAllValues:StringEquals": {"sts:IdentityTokenAudience": "https://api.example.com"}}, {"Audience": ["else"]}),
    ({"StringEquals": {"sts:SigningAlgorithm": "ES384"}}, {"SigningAlgorithm": "RS256"}),
    ({"NumericLessThanEquals": {"sts:DurationSeconds": "300"}}, {"DurationSeconds": 301}),
    ({"Null": {"aws:RequestTag/a": "true"}}, {"Tags": [{"Key": "a", "Value": "1"}]}),
]


@pytest.mark.parametrize(("condition", "fails"), CONDITIONS, ids=lambda value: json.dumps(value)[:50])
def test_policies_ask_about_the_token(cloud: Cloud, condition: dict[str, Any], fails: dict[str, Any]) -> None:
    alice = cloud.user("alice", ALLOWED | {"Condition": condition})
    assert ask(cloud, alice)
    assert refused(cloud, alice, **fails) == denied(alice)


def test_sessions_of_users_get_none(cloud: Cloud) -> None:
    alice = cloud.user("alice", ALLOWED)
    session = cloud.open(cloud.ask("GetSessionToken", alice))
    assert refused(cloud, session) == "AccessDenied: Cannot call GetWebIdentityToken with session credentials"
    assert replace(session, session=None) == replace(alice, access_key_id=session.access_key_id)

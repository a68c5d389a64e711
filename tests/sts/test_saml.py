"""AssumeRoleWithSAML: which users of a SAML identity provider a role trusts, and what their session is."""

from typing import Any

import pytest

from iamd.authentication.assertions import asserted_caller
from iamd.authentication.saml import verify_saml_assertion
from tests.authentication.identity_provider import (
    AWS,
    ENTITY_ID,
    PROVIDER_ARN,
    ROLE,
    SIGN_IN,
    IdentityProvider,
    iso,
)
from tests.iam.world import NOW
from tests.sts.cloud import ACCOUNT, Cloud, allow

IDP = IdentityProvider()
REFUSED = "AccessDenied: Not authorized to perform sts:AssumeRoleWithSAML"


def trust(*also: str, **more: Any) -> dict[str, Any]:
    return {"Principal": {"Federated": PROVIDER_ARN}, "Action": ["sts:AssumeRoleWithSAML", *also], **more}


def request(**more: Any) -> dict[str, Any]:
    return {"RoleArn": ROLE, "PrincipalArn": PROVIDER_ARN, "SAMLAssertion": IDP.signed(**more)}


def ask(cloud: Cloud, assertion: dict[str, Any] | None = None, **input: Any) -> dict[str, Any]:
    asked = request(**(assertion or {})) | input
    verified = verify_saml_assertion(asked, IDP.record(), (), "https://iamd.example.com", NOW)
    return cloud.ask("AssumeRoleWithSAML", asserted_caller(verified, ACCOUNT), **asked)


def refused(cloud: Cloud, assertion: dict[str, Any] | None = None, **input: Any) -> str:
    asked = request(**(assertion or {})) | input
    verified = verify_saml_assertion(asked, IDP.record(), (), "https://iamd.example.com", NOW)
    return cloud.refusal("AssumeRoleWithSAML", asserted_caller(verified, ACCOUNT), **asked)


def test_a_role_that_trusts_the_provider_is_assumed(cloud: Cloud) -> None:
    cloud.role("R", trust(Condition={"StringEquals": {"SAML:aud": SIGN_IN}}), id="AROAEXAMPLEEXAMPLE123")
    answer = ask(cloud)
    session = cloud.open(answer)
    assert answer.pop("Credentials")["Expiration"] == NOW + 3600
    assert len(answer.pop("NameQualifier")) == 28
    assert answer == {
        "AssumedRoleUser": {
            "AssumedRoleId": "AROAEXAMPLEEXAMPLE123:alice",
            "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/R/alice",
        },
        "Subject": "alice",
        "SubjectType": "persistent",
        "Issuer": ENTITY_ID,
        "Audience": SIGN_IN,
    }
    assert session.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/R/alice"


def test_a_role_that_is_not_there_or_trusts_somebody_else(cloud: Cloud) -> None:
    assert refused(cloud) == REFUSED
    cloud.role("R", trust() | {"Principal": {"Federated": PROVIDER_ARN + "s"}})
    assert refused(cloud) == REFUSED
    cloud.role("R", trust() | {"Action": "sts:AssumeRoleWithWebIdentity"})
    assert refused(cloud) == REFUSED


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"StringEquals": {"saml:sub": "alice", "saml:sub_type": "persistent"}}, True),
        ({"StringEquals": {"saml:sub": "bob"}}, False),
        ({"StringEquals": {"saml:doc": f"{ACCOUNT}/Example", "saml:iss": ENTITY_ID}}, True),
        ({"ForAnyValue:StringEquals": {"saml:edupersonaffiliation": "staff"}}, True),
        ({"StringEquals": {"sts:RoleSessionName": "alice"}}, True),
        ({"StringEquals": {"aws:RequestTag/Team": "red"}}, False),
    ],
)
def test_a_trust_policy_asks_about_the_assertion(cloud: Cloud, condition: dict[str, Any], holds: bool) -> None:
    cloud.role("R", trust("sts:TagSession", Condition=condition))
    attributes = {"urn:oid:1.3.6.1.4.1.5923.1.1.1.1": ["staff", "member"], f"{AWS}PrincipalTag:Team": ["blue"]}
    if holds:
        assert ask(cloud, {"attributes": attributes})["PackedPolicySize"] > 0
    else:
        assert refused(cloud, {"attributes": attributes}) == REFUSED


def test_tags_need_a_permission_of_their_own(cloud: Cloud) -> None:
    cloud.role("R", trust())
    tagged = {"attributes": {f"{AWS}PrincipalTag:Team": ["blue"]}}
    assert refused(cloud, tagged) == "AccessDenied: Not authorized to perform sts:TagSession"


@pytest.mark.parametrize(
    ("assertion", "input", "seconds"),
    [
        ({}, {}, 3600),
        ({}, {"DurationSeconds": 7200}, 7200),
        ({"attributes": {f"{AWS}SessionDuration": ["1800"]}}, {"DurationSeconds": 7200}, 1800),
        ({"attributes": {f"{AWS}SessionDuration": ["43200"]}}, {}, 3600),
        ({"statement": f'SessionNotOnOrAfter="{iso(NOW + 1000)}"'}, {"DurationSeconds": 7200}, 1000),
        ({"statement": f'SessionNotOnOrAfter="{iso(NOW + 9000)}"'}, {}, 3600),
    ],
)
def test_the_shortest_of_what_was_asked_and_what_the_provider_says(
    cloud: Cloud, assertion: dict[str, Any], input: dict[str, Any], seconds: int
) -> None:
    cloud.role("R", trust(), max_session_duration=7200)
    assert ask(cloud, assertion, **input)["Credentials"]["Expiration"] == NOW + seconds


def test_no_longer_than_the_role_allows(cloud: Cloud) -> None:
    cloud.role("R", trust())
    assert refused(cloud, DurationSeconds=3601) == (
        "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    )


def test_the_session_remembers_who_its_user_is(cloud: Cloud) -> None:
    later = {"StringEquals": {"saml:sub": "alice", "aws:FederatedProvider": PROVIDER_ARN}, "Null": {"saml:iss": "true"}}
    cloud.role("R", trust(), allow("iam:ListUsers", Condition=later))
    assert cloud.decide(cloud.open(ask(cloud)), "ListUsers") == "allowed"
    assert cloud.decide(cloud.open(ask(cloud, {"name_id": "bob"})), "ListUsers").startswith("AccessDenied: ")

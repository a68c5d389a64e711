"""AssumeRole: whom a role trusts, what the session is, and what it carries on."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from iamd.account.changes import Delete, Put
from tests.sts.cloud import ACCOUNT, OTHER, Cloud, allow, document, not_authorized, trust

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
ROOT_OF_ACCOUNT = f"arn:aws:iam::{ACCOUNT}:root"
OUTSIDER = f"arn:aws:iam::{OTHER}:user/eve"
ANY_ROLE = allow("sts:*")
TEAM = {"Key": "Team", "Value": "blue"}


# Whom a role trusts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("principal", [ALICE, "*"])
def test_a_user_named_by_a_role_of_its_account_needs_no_policy(cloud: Cloud, principal: str) -> None:
    alice = cloud.user("alice")
    role = cloud.role("R", trust(principal))
    assert cloud.assume(alice, role).arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/R/session"


@pytest.mark.parametrize("principal", [ACCOUNT, ROOT_OF_ACCOUNT])
def test_an_account_named_leaves_it_to_its_own_policies(cloud: Cloud, principal: str) -> None:
    role = cloud.role("R", trust(principal))
    alice, bob = cloud.user("alice"), cloud.user("bob", allow("sts:AssumeRole", resource=role))
    assert cloud.refused(alice, role) == not_authorized(alice, role)
    assert cloud.assume(bob, role).name == "R"


def test_everybody_under_a_condition_is_whoever_meets_it(cloud: Cloud) -> None:
    condition = {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}
    role = cloud.role("R", trust("*", Condition=condition))
    assert cloud.assume(cloud.user("alice"), role).name == "R"
    eve = cloud.user("eve", allow("sts:AssumeRole"), account_id=OTHER)
    assert cloud.refused(eve, role) == not_authorized(eve, role)


def test_one_session_of_a_role_can_be_trusted_and_another_not(cloud: Cloud) -> None:
    first = cloud.role("First", trust(ALICE))
    second = cloud.role("Second", trust(f"arn:aws:sts::{ACCOUNT}:assumed-role/First/day"))
    alice = cloud.user("alice")
    day, night = cloud.assume(alice, first, "day"), cloud.assume(alice, first, "night")
    assert cloud.assume(day, second).name == "Second"
    assert cloud.refused(night, second) == not_authorized(night, second)


def test_who_is_not_named_is_refused_whatever_its_policies(cloud: Cloud) -> None:
    role = cloud.role("R", trust(ALICE))
    bob = cloud.user("bob", ANY_ROLE)
    assert cloud.refused(bob, role) == not_authorized(bob, role)


def test_a_role_that_does_not_exist_is_refused_in_the_same_words(cloud: Cloud) -> None:
    alice = cloud.user("alice", ANY_ROLE)
    cloud.role("R", trust(ALICE), path="/team/")
    for arn in (
        f"arn:aws:iam::{ACCOUNT}:role/Missing",
        f"arn:aws:iam::{ACCOUNT}:role/R",
        f"arn:aws:iam::{ACCOUNT}:role/team/r",
        "arn:aws:iam::999999999999:role/R",
        "arn:a:b:::something/test-role",
    ):
        assert cloud.refused(alice, arn) == not_authorized(alice, arn)


@pytest.mark.parametrize("arn", ["R", "arn:aws:iam::role/no-account-id", "arn::iam::111122223333:role/R"])
def test_what_is_no_arn_is_invalid(cloud: Cloud, arn: str) -> None:
    assert cloud.refused(cloud.user("alice"), arn) == f"ValidationError: {arn} is invalid"


def test_denies_of_either_side_win(cloud: Cloud) -> None:
    role = cloud.role("R", trust(ALICE))
    alice = cloud.user("alice", {"Effect": "Deny", "Action": "sts:*", "Resource": "*"})
    assert (
        cloud.refused(alice, role) == not_authorized(alice, role) + " with an explicit deny in an identity-based policy"
    )
    distrusting = cloud.role("D", trust(ALICE, Effect="Deny"))
    bob = cloud.user("alice", ANY_ROLE)
    assert cloud.refused(bob, distrusting) == (
        not_authorized(bob, distrusting) + " with an explicit deny in the role trust policy"
    )


def test_a_boundary_limits_even_a_user_who_is_named(cloud: Cloud) -> None:
    boundary = cloud.policy("Boundary", allow("iam:*"))
    alice = cloud.user("alice", ANY_ROLE, permissions_boundary=boundary)
    role = cloud.role("R", trust(ALICE))
    assert cloud.refused(alice, role) == not_authorized(alice, role)


def test_root_may_not(cloud: Cloud) -> None:
    role = cloud.role("R", trust(ACCOUNT))
    assert cloud.refused(cloud.root, role) == "AccessDenied: Roles may not be assumed by root accounts."


def test_a_role_assumes_itself_only_if_it_trusts_itself(cloud: Cloud) -> None:
    role = cloud.role("R", trust(ALICE), ANY_ROLE)
    session = cloud.assume(cloud.user("alice"), role)
    assert cloud.refused(session, role) == not_authorized(session, role)
    trusting = cloud.role("R", trust(ALICE, role), id=session.entity_id)
    assert cloud.assume(session, trusting, "again").arn.endswith(":assumed-role/R/again")


def test_a_user_who_was_deleted_and_created_anew_is_another(cloud: Cloud) -> None:
    alice = cloud.user("alice")
    role = cloud.role("R", trust(ALICE), trust_principals={ALICE: alice.user_id})
    assert cloud.assume(alice, role).name == "R"
    cloud.worlds[ACCOUNT].account.apply(Delete(cloud.worlds[ACCOUNT].account.get_user("alice")))
    again = cloud.user("alice")
    assert cloud.refused(again, role) == not_authorized(again, role)


@pytest.mark.parametrize("principal", [OTHER, OUTSIDER, "*"])
def test_two_accounts_must_both_allow(cloud: Cloud, principal: str) -> None:
    role = cloud.role("R", trust(principal))
    powerless = cloud.user("eve", account_id=OTHER)
    assert cloud.refused(powerless, role) == not_authorized(powerless, role)
    eve = cloud.user("eve", allow("sts:AssumeRole", resource=role), account_id=OTHER)
    session = cloud.assume(eve, role)
    assert (session.account_id, session.arn) == (ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/R/session")


def test_another_account_that_is_not_trusted_is_refused(cloud: Cloud) -> None:
    role = cloud.role("R", trust(ACCOUNT))
    eve = cloud.user("eve", ANY_ROLE, account_id=OTHER)
    assert cloud.refused(eve, role) == not_authorized(eve, role)


# Conditions -----------------------------------------------------------------------------------------------------------

CONDITIONS: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    # condition, input that holds, input that does not
    ({"StringEquals": {"sts:ExternalId": "unique-7"}}, {"ExternalId": "unique-7"}, {"ExternalId": "unique-8"}),
    ({"StringEquals": {"sts:ExternalId": "unique-7"}}, {"ExternalId": "unique-7"}, {}),
    ({"StringLike": {"sts:SourceIdentity": "al*"}}, {"SourceIdentity": "alice"}, {"SourceIdentity": "bob"}),
    ({"StringEquals": {"aws:RequestTag/team": "blue"}}, {"Tags": [TEAM]}, {"Tags": [{"Key": "Team", "Value": "red"}]}),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": "Team"}}, {"Tags": [TEAM]}, {"Tags": [{"Key": "X", "Value": ""}]}),
    (
        {"ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": "Team"}},
        {"Tags": [TEAM], "TransitiveTagKeys": ["Team"]},
        {"Tags": [TEAM]},
    ),
]


@pytest.mark.parametrize(("condition", "holds", "fails"), CONDITIONS, ids=lambda value: json.dumps(value)[:60])
def test_a_trust_policy_asks_about_the_request(
    cloud: Cloud, condition: dict[str, Any], holds: dict[str, Any], fails: dict[str, Any]
) -> None:
    alice = cloud.user("alice")
    role = cloud.role("R", trust(ALICE, also=("sts:TagSession", "sts:SetSourceIdentity"), Condition=condition))
    assert cloud.assume(alice, role, **holds).name == "R"
    assert cloud.refused(alice, role, **fails) == not_authorized(alice, role)


def test_a_trust_policy_asks_about_the_session_name_and_the_callers_tags(cloud: Cloud) -> None:
    condition = {"StringEquals": {"sts:RoleSessionName": "${aws:username}", "aws:PrincipalTag/Team": "blue"}}
    role = cloud.role("R", trust(ALICE, Condition=condition))
    alice = cloud.user("alice", tags=(("team", "blue"),))
    assert cloud.assume(alice, role, "alice").session.name == "alice"
    assert cloud.refused(alice, role) == not_authorized(alice, role)


def test_a_trust_policy_can_ask_for_mfa(cloud: Cloud) -> None:
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "300"}}
    role = cloud.role("R", trust(ALICE, Condition=condition))
    alice = cloud.user("alice")
    now = cloud.worlds[ACCOUNT].time
    assert cloud.refused(alice, role) == not_authorized(alice, role)
    assert cloud.assume(alice, role, mfa_time=now).session.mfa_time is None
    fresh = cloud.open(cloud.ask("GetSessionToken", alice, mfa_time=now - 299))
    stale = cloud.open(cloud.ask("GetSessionToken", alice, mfa_time=now - 300))
    without = cloud.open(cloud.ask("GetSessionToken", alice))
    assert cloud.assume(fresh, role).name == "R"
    for caller in (stale, without):
        assert cloud.refused(caller, role) == not_authorized(caller, role)


# Tags and source identity ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("input", "action"),
    [
        ({"Tags": [TEAM]}, "sts:TagSession"),
        ({"SourceIdentity": "alice"}, "sts:SetSourceIdentity"),
        ({"ProvidedContexts": [{"ProviderArn": "arn:aws:iam::aws:contextProvider/X"}]}, "sts:SetContext"),
    ],
)
def test_what_a_session_is_given_needs_permission_of_its_own(cloud: Cloud, input: dict[str, Any], action: str) -> None:
    alice = cloud.user("alice", ANY_ROLE)
    role = cloud.role("R", trust(ALICE))
    assert cloud.refused(alice, role, **input) == not_authorized(alice, role, action)
    eve = cloud.user("eve", allow("sts:AssumeRole"), account_id=OTHER)
    open_role = cloud.role("Open", trust(OUTSIDER, also=("sts:*",)) | {"Action": "sts:*"})
    assert cloud.refused(eve, open_role, **input) == not_authorized(eve, open_role, action)


def test_a_context_provider_that_nobody_knows_is_refused(cloud: Cloud) -> None:
    alice = cloud.user("alice")
    role = cloud.role("R", trust(ALICE, also=("sts:SetContext",)))
    contexts = [{"ProviderArn": "arn:aws:iam::aws:contextProvider/X", "ContextAssertion": "assertion"}]
    assert cloud.refused(alice, role, ProvidedContexts=contexts) == (
        "InvalidParameterValue: The context provider arn:aws:iam::aws:contextProvider/X is unknown."
    )


@pytest.mark.parametrize(
    ("input", "message"),
    [
        (
            {"Tags": [TEAM, {"Key": "tEAM", "Value": "red"}]},
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ),
        (
            {"Tags": [TEAM], "TransitiveTagKeys": ["Other"]},
            "The specified transitive tag key must be included in the requested tags.",
        ),
        ({"TransitiveTagKeys": ["Team"]}, "The specified transitive tag key must be included in the requested tags."),
        (
            {"Tags": [{"Key": "AWS:x", "Value": ""}]},
            "aws: prefixed tag key names are not allowed for external use.",
        ),
        (
            {"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/Missing"}]},
            "Policy arn:aws:iam::aws:policy/Missing does not exist or is not attachable.",
        ),
        ({"PolicyArns": [{}]}, "Policy  does not exist or is not attachable."),
    ],
)
def test_tags_and_policies_that_cannot_be(cloud: Cloud, input: dict[str, Any], message: str) -> None:
    role = cloud.role("R", trust(ALICE, also=("sts:TagSession",)))
    assert cloud.refused(cloud.user("alice"), role, **input) == f"InvalidParameterValue: {message}"


def chain(cloud: Cloud) -> tuple[str, str, str]:
    """Roles A, B and C, each of which the one before may assume."""
    arns = []
    also = ("sts:TagSession", "sts:SetSourceIdentity")
    for name, trusted in (("A", ALICE), ("B", "A"), ("C", "B")):
        principal = trusted if trusted == ALICE else f"arn:aws:iam::{ACCOUNT}:role/{trusted}"
        arns.append(cloud.role(name, trust(principal, also=also)))
    return arns[0], arns[1], arns[2]


def test_transitive_tags_and_source_identity_go_through_a_chain_and_others_do_not(cloud: Cloud) -> None:
    a, b, c = chain(cloud)
    first = cloud.assume(
        cloud.user("alice"),
        a,
        Tags=[TEAM, {"Key": "Cost", "Value": "7"}],
        TransitiveTagKeys=["team"],
        SourceIdentity="alice",
        Policy=document(allow("*")),
    )
    assert first.session.tags == {"Team": "blue", "Cost": "7"}
    second = cloud.assume(first, b, Tags=[{"Key": "Stage", "Value": "beta"}], TransitiveTagKeys=["Stage"])
    assert second.session.tags == {"Team": "blue", "Stage": "beta"}
    third = cloud.assume(second, c)
    assert third.session.tags == {"Team": "blue", "Stage": "beta"}
    assert third.session.transitive_tag_keys == ("Team", "Stage")
    assert [each.session.source_identity for each in (first, second, third)] == ["alice"] * 3
    assert (second.session.policies, third.session.policies) == ((), ())


def test_a_trust_policy_sees_the_roles_own_tag_and_the_session_the_inherited_one(cloud: Cloud) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining"""
    first = cloud.role("First", trust(ALICE, also=("sts:TagSession",)))
    own = {"StringEquals": {"aws:ResourceTag/Team": "red", "aws:PrincipalTag/Team": "blue"}}
    inherited = {"StringEquals": {"aws:PrincipalTag/Team": "blue"}}
    second = cloud.role(
        "Second",
        trust(first, also=("sts:TagSession",), Condition=own),
        allow("iam:GetUser", Condition=inherited),
        tags=(("Team", "red"),),
    )
    session = cloud.assume(cloud.user("alice"), first, Tags=[TEAM], TransitiveTagKeys=["Team"])
    assert cloud.decide(cloud.assume(session, second), "GetUser", UserName="alice") == "allowed"


def test_what_is_inherited_needs_the_next_roles_permission(cloud: Cloud) -> None:
    a, _, _ = chain(cloud)
    plain = cloud.role("Plain", trust(a), ANY_ROLE)
    alice = cloud.user("alice")
    tagged = cloud.assume(alice, a, Tags=[TEAM], TransitiveTagKeys=["Team"])
    assert cloud.refused(tagged, plain) == not_authorized(tagged, plain, "sts:TagSession")
    known = cloud.assume(alice, a, SourceIdentity="alice")
    assert cloud.refused(known, plain) == not_authorized(known, plain, "sts:SetSourceIdentity")
    assert cloud.assume(cloud.assume(alice, a, Tags=[TEAM]), plain).session.tags == {}


def test_what_is_inherited_cannot_be_changed(cloud: Cloud) -> None:
    a, b, _ = chain(cloud)
    first = cloud.assume(cloud.user("alice"), a, Tags=[TEAM], TransitiveTagKeys=["Team"], SourceIdentity="alice")
    assert cloud.refused(first, b, Tags=[{"Key": "team", "Value": "red"}]) == (
        "InvalidParameterValue: One of the specified transitive tag keys can't be set because it conflicts with a "
        "transitive tag key from the calling session."
    )
    assert cloud.refused(first, b, SourceIdentity="bob") == (
        "ValidationError: The source identity is already set for this assume role session"
    )
    assert cloud.assume(first, b, SourceIdentity="alice").session.source_identity == "alice"


def test_session_tags_override_the_roles_whatever_the_case_of_the_key(cloud: Cloud) -> None:
    own = {"StringEquals": {"aws:PrincipalTag/Team": "blue"}}
    trusting = trust(ALICE, also=("sts:TagSession",))
    role = cloud.role("R", trusting, allow("iam:GetUser", Condition=own), tags=(("team", "red"),))
    alice = cloud.user("alice")
    assert cloud.decide(cloud.assume(alice, role, Tags=[TEAM]), "GetUser", UserName="alice") == "allowed"
    assert cloud.decide(cloud.assume(alice, role), "GetUser", UserName="alice").startswith("AccessDenied")


def test_source_identity_and_time_of_issue_are_condition_keys_of_the_session(cloud: Cloud) -> None:
    conditions = {
        "StringEquals": {"aws:SourceIdentity": "alice"},
        "DateEquals": {"aws:TokenIssueTime": "2023-11-15T22:13:20Z"},
    }
    role = cloud.role("R", trust(ALICE, also=("sts:SetSourceIdentity",)), allow("iam:GetUser", Condition=conditions))
    alice = cloud.user("alice")
    assert cloud.decide(cloud.assume(alice, role, SourceIdentity="alice"), "GetUser", UserName="alice") == "allowed"
    assert cloud.decide(cloud.assume(alice, role), "GetUser", UserName="alice").startswith("AccessDenied")


# Durations ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "lasts"), [({}, 3600), ({"DurationSeconds": 900}, 900), ({"DurationSeconds": 7200}, 7200)]
)
def test_a_session_lasts_as_long_as_asked_an_hour_by_default(cloud: Cloud, asked: dict[str, int], lasts: int) -> None:
    role = cloud.role("R", trust(ALICE), max_session_duration=7200)
    session = cloud.assume(cloud.user("alice"), role, **asked).session
    assert (session.issued, session.expires) == (cloud.worlds[ACCOUNT].time, cloud.worlds[ACCOUNT].time + lasts)


def test_not_longer_than_the_role_allows(cloud: Cloud) -> None:
    role = cloud.role("R", trust(ALICE), max_session_duration=7200)
    assert cloud.refused(cloud.user("alice"), role, DurationSeconds=7201) == (
        "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    )


def test_a_chain_lasts_an_hour_at_most(cloud: Cloud) -> None:
    a, _, _ = chain(cloud)
    long = cloud.role("Long", trust(a), max_session_duration=43200)
    first = cloud.assume(cloud.user("alice"), a)
    assert cloud.refused(first, long, DurationSeconds=3601) == (
        "ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role "
        "chaining."
    )
    assert cloud.assume(first, long, DurationSeconds=3600).name == "Long"


# Session policies -----------------------------------------------------------------------------------------------------


def test_session_policies_limit_the_role(cloud: Cloud) -> None:
    role = cloud.role("R", trust(ALICE), allow("iam:GetUser", "iam:GetRole", "iam:GetGroup"))
    managed = cloud.policy("Groups", allow("iam:GetGroup", "iam:DeleteUser"))
    session = cloud.assume(
        cloud.user("alice"), role, Policy=document(allow("iam:GetUser")), PolicyArns=[{"arn": managed}]
    )
    assert cloud.decide(session, "GetUser", UserName="alice") == "allowed"
    assert cloud.decide(session, "GetGroup", GroupName="g") == "allowed"
    assert cloud.decide(session, "GetRole", RoleName="R") == (
        f"AccessDenied: User: {session.arn} is not authorized to perform: iam:GetRole on resource: role R "
        "because no session policy allows the iam:GetRole action"
    )
    assert cloud.decide(session, "DeleteUser", UserName="alice") == (
        f"AccessDenied: User: {session.arn} is not authorized to perform: iam:DeleteUser on resource: user alice "
        "because no identity-based policy allows the iam:DeleteUser action"
    )


def test_a_session_whose_managed_policy_was_deleted_may_do_nothing(cloud: Cloud) -> None:
    role = cloud.role("R", trust(ALICE), allow("*"))
    managed = cloud.policy("Limit", allow("*"))
    session = cloud.assume(cloud.user("alice"), role, Policy=document(allow("*")), PolicyArns=[{"arn": managed}])
    account = cloud.worlds[ACCOUNT].account
    assert cloud.decide(session, "GetRole", RoleName="R") == "allowed"
    policy = account.find_policy(managed)
    assert policy is not None
    account.apply(Delete(policy))
    assert "because no session policy allows" in cloud.decide(session, "GetRole", RoleName="R")


def test_managed_session_policies_are_of_the_roles_account(cloud: Cloud) -> None:
    managed = cloud.policy("Mine", allow("*"))
    role = cloud.role("R", trust(ACCOUNT), account_id=OTHER)
    assert cloud.refused(cloud.user("alice", ANY_ROLE), role, PolicyArns=[{"arn": managed}]) == (
        f"InvalidParameterValue: Policy {managed} does not exist or is not attachable."
    )


def test_a_session_policy_must_be_one(cloud: Cloud) -> None:
    role = cloud.role("R", trust(ALICE))
    assert cloud.refused(cloud.user("alice"), role, Policy="{") == (
        "MalformedPolicyDocument: This policy contains invalid Json"
    )


def test_how_much_room_policies_and_tags_take_is_told(cloud: Cloud) -> None:
    role = cloud.role("R", trust(ALICE, also=("sts:TagSession",)))
    alice = cloud.user("alice")

    def percent(**input: Any) -> int | None:
        return cloud.ask("AssumeRole", alice, RoleArn=role, RoleSessionName="session", **input).get("PackedPolicySize")

    policy = document(allow("s3:GetObject"))
    assert percent() is None
    assert percent(Policy=policy + " " * (163 - len(policy))) == 16
    assert percent(Tags=[TEAM]) == 1


def test_too_long_policies_are_refused(cloud: Cloud) -> None:
    role = cloud.role("R", trust(ALICE))
    alice = cloud.user("alice")
    text = document(allow("s3:GetObject"))
    assert cloud.assume(alice, role, Policy=text + " " * (2048 - len(text)))
    assert cloud.refused(alice, role, Policy=text + " " * (4096 - len(text))) == (
        "PackedPolicyTooLarge: Packed policy consumes 200% of allotted space, please use smaller policy."
    )
    assert cloud.refused(alice, role, Policy=text + " " * (2049 - len(text))) == (
        "PackedPolicyTooLarge: Packed policy consumes 101% of allotted space, please use smaller policy."
    )


# What a session is afterwards -----------------------------------------------------------------------------------------


def test_a_role_session_may_do_what_the_role_may_now(cloud: Cloud) -> None:
    role = cloud.role("R", trust(ALICE), allow("iam:GetUser"))
    session = cloud.assume(cloud.user("alice", allow("iam:*")), role)
    assert cloud.decide(session, "GetUser", UserName="alice") == "allowed"
    assert cloud.decide(session, "DeleteUser", UserName="alice").startswith("AccessDenied")
    account = cloud.worlds[ACCOUNT].account
    account.apply(
        Put(replace(account.get_role("R"), inline_policies={}, trust_policy=document(trust("*", Effect="Deny"))))
    )
    assert cloud.decide(session, "GetUser", UserName="alice").startswith("AccessDenied")


def test_the_boundary_of_a_role_limits_its_sessions(cloud: Cloud) -> None:
    boundary = cloud.policy("Boundary", allow("iam:GetRole"))
    role = cloud.role("R", trust(ALICE), allow("iam:*"), permissions_boundary=boundary)
    session = cloud.assume(cloud.user("alice"), role)
    assert cloud.decide(session, "GetRole", RoleName="R") == "allowed"
    assert "because no permissions boundary allows" in cloud.decide(session, "GetUser", UserName="alice")


def test_sessions_are_revoked_by_their_time_of_issue(cloud: Cloud) -> None:
    world = cloud.worlds[ACCOUNT]
    revoked = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    condition = {"DateLessThan": {"aws:TokenIssueTime": "2023-11-15T22:13:50Z"}}  # half a minute after World's time
    role = cloud.role("R", trust(ALICE), allow("*"), revoked | {"Condition": condition})
    alice = cloud.user("alice")
    before = cloud.assume(alice, role)
    world.time += 30
    after = cloud.assume(alice, role)
    assert "with an explicit deny in an identity-based policy" in cloud.decide(before, "GetRole", RoleName="R")
    assert cloud.decide(after, "GetRole", RoleName="R") == "allowed"


def test_a_role_session_gets_no_session_of_its_own(cloud: Cloud) -> None:
    session = cloud.assume(cloud.user("alice"), cloud.role("R", trust(ALICE), allow("*")))
    assert cloud.refusal("GetSessionToken", session) == (
        "AccessDenied: Cannot call GetSessionToken with session credentials"
    )
    assert cloud.refusal("GetFederationToken", session, Name="carol") == (
        "AccessDenied: Cannot call GetFederationToken with session credentials"
    )

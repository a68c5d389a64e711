"""GetFederationToken: what a user hands to somebody else, limited by session policies."""

import json
from typing import Any

import pytest

from iamd.account.changes import Delete
from iamd.authorization.context import request_context
from iamd.authorization.gather import policies_in_force
from iamd.errors import InvalidClientTokenId
from iamd.policy import Policies, Principal, Request, authorize, check_resource_policy
from tests.sts.cloud import ACCOUNT, Cloud, allow, document

CAROL = f"arn:aws:sts::{ACCOUNT}:federated-user/carol"
OBJECT = "arn:aws:s3:::bucket/object"
READ = "s3:GetObject"


def federate(cloud: Cloud, caller: Any, **input: Any) -> Any:
    return cloud.open(cloud.ask("GetFederationToken", caller, Name="carol", **input))


def decide(cloud: Cloud, caller: Any, action: str = READ, resource_policy: str | None = None) -> str:
    """What a service that keeps its resources in the account would decide."""
    world = cloud.worlds[ACCOUNT]
    in_force = policies_in_force(world.account, caller)
    resource = None if resource_policy is None else check_resource_policy(resource_policy)
    policies = Policies(
        identity=in_force.identity, boundary=in_force.boundary, session=in_force.session, resource=resource
    )
    principal = Principal(
        kind="federated",
        account_id=ACCOUNT,
        arn=caller.arn,
        principal_arn=caller.principal_arn,
        user_id=caller.user_id,
        issuer_arn=caller.issuer_arn,
        issuer_id=caller.issuer_id,
    )
    context = request_context(world.account, world.call("GetObject", caller))
    return authorize(Request(principal=principal, action=action, resource=OBJECT, context=context), policies).outcome


def test_the_answer(cloud: Cloud) -> None:
    alice = cloud.user("alice", allow("sts:GetFederationToken", resource=CAROL))
    output = cloud.ask("GetFederationToken", alice, Name="carol")
    assert output["FederatedUser"] == {"FederatedUserId": f"{ACCOUNT}:carol", "Arn": CAROL}
    assert output["PackedPolicySize"] == 0
    carol = cloud.open(output)
    assert cloud.ask("GetCallerIdentity", carol) == {"UserId": f"{ACCOUNT}:carol", "Account": ACCOUNT, "Arn": CAROL}


def test_it_needs_permission(cloud: Cloud) -> None:
    alice = cloud.user("alice", allow("sts:GetFederationToken", resource=CAROL + "s"))
    assert cloud.refusal("GetFederationToken", alice, Name="carol") == (
        f"AccessDenied: User: {alice.arn} is not authorized to perform: sts:GetFederationToken on resource: {CAROL} "
        "because no identity-based policy allows the sts:GetFederationToken action"
    )
    bob = cloud.user("bob", allow("sts:GetFederationToken"))
    assert cloud.refusal("GetFederationToken", bob, Name="carol", Tags=[{"Key": "Team", "Value": "blue"}]) == (
        f"AccessDenied: User: {bob.arn} is not authorized to perform: sts:TagSession on resource: {CAROL}"
    )


def test_session_and_user_must_both_allow(cloud: Cloud) -> None:
    alice = cloud.user("alice", allow("sts:*", READ, "s3:PutObject"))
    carol = federate(cloud, alice, Policy=document(allow(READ, "s3:DeleteObject")))
    assert decide(cloud, carol) == "allowed"
    assert decide(cloud, carol, "s3:PutObject") == "implicitDeny"
    assert decide(cloud, carol, "s3:DeleteObject") == "implicitDeny"
    managed = federate(cloud, alice, PolicyArns=[{"arn": cloud.policy("Writers", allow("s3:PutObject"))}])
    assert (decide(cloud, managed), decide(cloud, managed, "s3:PutObject")) == ("implicitDeny", "allowed")


def test_without_session_policies_it_may_do_nothing_but_what_is_granted_to_it_by_name(cloud: Cloud) -> None:
    for issuer in (cloud.user("alice", allow("*")), cloud.root):
        carol = federate(cloud, issuer)
        assert decide(cloud, carol) == "implicitDeny"
        for principal, outcome in ((CAROL, "allowed"), (issuer.arn, "implicitDeny"), (ACCOUNT, "implicitDeny")):
            statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": READ, "Resource": OBJECT}
            text = json.dumps({"Version": "2012-10-17", "Statement": statement})
            assert decide(cloud, carol, resource_policy=text) == outcome


def test_root_hands_on_whatever_the_session_policy_says(cloud: Cloud) -> None:
    carol = federate(cloud, cloud.root, Policy=document(allow("s3:*")))
    assert decide(cloud, carol) == "allowed"
    assert decide(cloud, carol, "ec2:RunInstances") == "implicitDeny"


@pytest.mark.parametrize(("asked", "of_user", "of_root"), [(None, 43_200, 3_600), (129_600, 129_600, 3_600)])
def test_how_long_it_lasts(cloud: Cloud, asked: int | None, of_user: int, of_root: int) -> None:
    input = {} if asked is None else {"DurationSeconds": asked}
    for caller, lasts in ((cloud.user("alice", allow("*")), of_user), (cloud.root, of_root)):
        session = federate(cloud, caller, **input).session
        assert session.expires - session.issued == lasts


def test_session_tags_override_the_users(cloud: Cloud) -> None:
    blue = {"StringEquals": {"aws:PrincipalTag/Team": "blue"}}
    alice = cloud.user("alice", allow("*"), tags=(("Team", "red"),))
    policy = document(allow(READ, Condition=blue))
    assert decide(cloud, federate(cloud, alice, Policy=policy)) == "implicitDeny"
    tagged = federate(cloud, alice, Policy=policy, Tags=[{"Key": "team", "Value": "blue"}])
    assert decide(cloud, tagged) == "allowed"
    assert tagged.session.transitive_tag_keys == ()


def test_it_may_not_call_iam_and_of_sts_only_ask_who_it_is(cloud: Cloud) -> None:
    carol = federate(cloud, cloud.root, Policy=document(allow("*")))
    assert cloud.decide(carol, "ListUsers") == (
        "InvalidClientTokenId: The security token included in the request is invalid"
    )
    for name, input in (
        ("AssumeRole", {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/R", "RoleSessionName": "xx"}),
        ("GetSessionToken", {}),
        ("GetFederationToken", {"Name": "carol"}),
        ("GetAccessKeyInfo", {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}),
    ):
        assert cloud.refusal(name, carol, **input) == f"AccessDenied: Cannot call {name} with federation credentials"


def test_it_ends_with_the_user_who_answers_for_it(cloud: Cloud) -> None:
    output = cloud.ask("GetFederationToken", cloud.user("alice", allow("*")), Name="carol")
    account = cloud.worlds[ACCOUNT].account
    account.apply(Delete(account.get_user("alice")))
    cloud.user("alice", allow("*"))
    with pytest.raises(InvalidClientTokenId):
        cloud.open(output)

"""The condition keys that policies ask for."""

import json
from typing import Any

import pytest

from iamd.account.records import Group, ManagedPolicy, PolicyVersion, Role, User
from iamd.iam.context_keys import get_context_keys_for_custom_policy, get_context_keys_for_principal_policy
from tests.iam.world import ACCOUNT_ID, CREATED, World


def asks(*keys: str, resource: str = "*") -> str:
    condition = {"StringEquals": dict.fromkeys(keys, "a")}
    statement = {"Effect": "Allow", "Action": "*", "Resource": resource, "Condition": condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def custom(world: World, *documents: str) -> Any:
    return world.run(get_context_keys_for_custom_policy, PolicyInputList=list(documents))


def test_keys_of_conditions_and_variables_are_told_once_as_first_written(world: World) -> None:
    first = asks("aws:SourceIp", "s3:prefix", resource="arn:aws:s3:::b/${aws:username}/${aws:PrincipalTag/team, 'x'}")
    second = asks("AWS:sourceip", "aws:CurrentTime")
    assert custom(world, first, second) == {
        "ContextKeyNames": ["aws:username", "aws:PrincipalTag/team", "aws:SourceIp", "s3:prefix", "aws:CurrentTime"]
    }
    assert custom(world) == {"ContextKeyNames": []}


def test_escapes_and_texts_of_the_old_version_are_no_variables(world: World) -> None:
    escaped = asks("s3:prefix", resource="arn:aws:s3:::b/${*}${$}")
    assert custom(world, escaped) == {"ContextKeyNames": ["s3:prefix"]}
    assert custom(world, asks("s3:prefix", resource="arn:aws:s3:::b/${aws:username}").replace("2012", "2008")) == {
        "ContextKeyNames": ["s3:prefix"]
    }


def test_what_is_no_policy_has_no_keys(world: World) -> None:
    assert world.refusal(get_context_keys_for_custom_policy, PolicyInputList=["{}"]) == (
        "InvalidInput: Syntax errors in policy."
    )
    put_bob(world)
    arn = f"arn:aws:iam::{ACCOUNT_ID}:user/Bob"
    assert (
        world.refusal(get_context_keys_for_principal_policy, PolicySourceArn=arn, PolicyInputList=["{}"])
        == "InvalidInput: Syntax errors in policy."
    )


def put_bob(world: World) -> None:
    """Given: Bob in a group, and a role, with policies and a boundary."""
    version = PolicyVersion(id="v1", document=asks("app:boundary"), created=CREATED)
    world.put(
        ManagedPolicy(
            account_id=ACCOUNT_ID, name="Limit", id="ANPALIMIT", created=CREATED, updated=CREATED, versions=(version,)
        ),
        Group(
            account_id=ACCOUNT_ID,
            name="Ops",
            id="AGPAOPS",
            created=CREATED,
            inline_policies={"ops": asks("app:group")},
        ),
        User(
            account_id=ACCOUNT_ID,
            name="Bob",
            id="AIDABOB",
            created=CREATED,
            group_ids=("AGPAOPS",),
            inline_policies={"own": asks("app:user")},
            permissions_boundary=f"arn:aws:iam::{ACCOUNT_ID}:policy/Limit",
        ),
        Role(
            account_id=ACCOUNT_ID,
            name="Reader",
            id="AROAREADER",
            created=CREATED,
            trust_policy=asks("sts:ExternalId"),
            inline_policies={"read": asks("app:role")},
        ),
    )


@pytest.mark.parametrize(
    ("entity", "keys"),
    [
        ("user/Bob", ["app:user", "app:group", "app:boundary"]),
        ("group/Ops", ["app:group"]),
        ("role/Reader", ["app:role"]),
    ],
)
def test_an_entitys_keys_are_those_of_all_its_policies(world: World, entity: str, keys: list[str]) -> None:
    put_bob(world)
    arn = f"arn:aws:iam::{ACCOUNT_ID}:{entity}"
    assert world.run(get_context_keys_for_principal_policy, PolicySourceArn=arn) == {"ContextKeyNames": keys}
    more = world.run(get_context_keys_for_principal_policy, PolicySourceArn=arn, PolicyInputList=[asks("app:more")])
    assert more == {"ContextKeyNames": [*keys, "app:more"]}


def test_only_entities_of_the_account_have_keys(world: World) -> None:
    for entity, refusal in (
        ("user/Bob", "NoSuchEntity: The user with name Bob cannot be found."),
        ("root", "InvalidInput: Invalid Entity Arn: {} does not clearly define entity type and name."),
    ):
        arn = f"arn:aws:iam::{ACCOUNT_ID}:{entity}"
        assert world.refusal(get_context_keys_for_principal_policy, PolicySourceArn=arn) == refusal.format(arn)

"""Inline policies of users, groups and roles: putting, reading, listing and deleting."""

import json
from typing import Any, NamedTuple

import pytest

from iamd.account.records import Group, Role, Settings, User
from iamd.iam.inline_policies import (
    delete_group_policy,
    delete_role_policy,
    delete_user_policy,
    get_group_policy,
    get_role_policy,
    get_user_policy,
    list_group_policies,
    list_role_policies,
    list_user_policies,
    put_group_policy,
    put_role_policy,
    put_user_policy,
)
from tests.iam.world import ACCOUNT_ID, CREATED, Operation, World

DOCUMENT = '{"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}'
TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'
OWN: dict[str, Any] = {"account_id": ACCOUNT_ID, "created": CREATED}


class Kind(NamedTuple):
    """The operations on one kind of entity, and the name of one entity of the kind."""

    put: Operation
    get: Operation
    delete: Operation
    list: Operation
    name: dict[str, str]
    quota: int


KINDS = {
    "user": Kind(
        put_user_policy, get_user_policy, delete_user_policy, list_user_policies, {"UserName": "Bob"}, quota=2048
    ),
    "group": Kind(
        put_group_policy, get_group_policy, delete_group_policy, list_group_policies, {"GroupName": "Staff"}, quota=5120
    ),
    "role": Kind(
        put_role_policy, get_role_policy, delete_role_policy, list_role_policies, {"RoleName": "Web"}, quota=10240
    ),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def world() -> World:
    """A user, a group and a role without policies."""
    world = World()
    world.put(
        User(name="Bob", id="AIDABOB", **OWN),
        Group(name="Staff", id="AGPASTAFF", **OWN),
        Role(name="Web", id="AROAWEB", trust_policy=TRUST, **OWN),
    )
    return world


@pytest.mark.parametrize(
    "document",
    [
        DOCUMENT,
        '{ "Statement" : {"Resource":"*",\r\n\t"Action":["s3:*"], "Effect":"Deny"} }\n',
        '{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/%41%2F+%25"}]}',
        '{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::\\u00e9é"}]}',
    ],
)
def test_a_document_comes_back_as_it_was_sent(world: World, kind: Kind, document: str) -> None:
    assert world.run(kind.put, **kind.name, PolicyName="Inline", PolicyDocument=document) == {}
    assert world.run(kind.get, **kind.name, PolicyName="Inline") == {
        **kind.name,
        "PolicyName": "Inline",
        "PolicyDocument": document,
    }


def test_putting_again_replaces_the_document(world: World, kind: Kind) -> None:
    world.run(kind.put, **kind.name, PolicyName="Inline", PolicyDocument=DOCUMENT)
    denying = DOCUMENT.replace("Allow", "Deny")
    world.run(kind.put, **kind.name, PolicyName="Inline", PolicyDocument=denying)
    assert world.run(kind.get, **kind.name, PolicyName="Inline")["PolicyDocument"] == denying
    assert world.run(kind.list, **kind.name) == {"PolicyNames": ["Inline"], "IsTruncated": False}


def test_names_are_listed_in_pages_until_policies_are_deleted(world: World, kind: Kind) -> None:
    assert world.run(kind.list, **kind.name) == {"PolicyNames": [], "IsTruncated": False}
    for name in ("c", "a", "b"):
        world.run(kind.put, **kind.name, PolicyName=name, PolicyDocument=DOCUMENT)
    first = world.run(kind.list, **kind.name, MaxItems=2)
    assert first == {"PolicyNames": ["a", "b"], "IsTruncated": True, "Marker": first["Marker"]}
    assert world.run(kind.delete, **kind.name, PolicyName="b") == {}
    assert world.run(kind.list, **kind.name, Marker=first["Marker"]) == {"PolicyNames": ["c"], "IsTruncated": False}
    assert world.run(kind.list, **kind.name) == {"PolicyNames": ["a", "c"], "IsTruncated": False}


@pytest.mark.parametrize("entity", KINDS)
def test_a_policy_that_is_not_there(world: World, entity: str) -> None:
    kind = KINDS[entity]
    for operation in (kind.get, kind.delete):
        assert world.refusal(operation, **kind.name, PolicyName="Missing") == (
            f"NoSuchEntity: The {entity} policy with name Missing cannot be found."
        )


@pytest.mark.parametrize("entity", KINDS)
def test_an_entity_that_is_not_there_is_told_before_the_policy(world: World, entity: str) -> None:
    kind = KINDS[entity]
    (member,) = kind.name
    nobody = {member: "Nobody"}
    not_found = f"NoSuchEntity: The {entity} with name Nobody cannot be found."
    assert world.refusal(kind.put, **nobody, PolicyName="Inline", PolicyDocument=DOCUMENT) == not_found
    assert world.refusal(kind.get, **nobody, PolicyName="Inline") == not_found
    assert world.refusal(kind.delete, **nobody, PolicyName="Inline") == not_found
    assert world.refusal(kind.list, **nobody) == not_found


def test_a_document_is_checked_by_its_grammar(world: World, kind: Kind) -> None:
    refused = {
        "": "Syntax errors in policy.",
        DOCUMENT.replace(
            "s3:GetObject", "GetObject"
        ): "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        DOCUMENT.replace('"*"', '"bucket"'): 'Resource bucket must be in ARN format or "*".',
        TRUST.replace('"Action"', '"Resource":"*","Action"'): "Policy document should not specify a principal.",
    }
    for document, message in refused.items():
        assert world.refusal(kind.put, **kind.name, PolicyName="Inline", PolicyDocument=document) == (
            f"MalformedPolicyDocument: {message}"
        )


def document_of(length: int) -> str:
    """A document of so many characters, white space not counted."""
    return DOCUMENT.replace('{"Statement"', f'{{"Id":"{"x" * (length - len(DOCUMENT) - 8)}","Statement"')


@pytest.mark.parametrize("entity", KINDS)
def test_all_inline_policies_of_an_entity_share_one_quota(world: World, entity: str) -> None:
    kind = KINDS[entity]
    (name,) = kind.name.values()
    exceeded = f"LimitExceeded: Maximum policy size of {kind.quota} bytes exceeded for {entity} {name}"
    assert len(document_of(1000)) == 1000
    spaced = json.dumps(json.loads(document_of(1000)), indent=40)
    world.run(kind.put, **kind.name, PolicyName="first", PolicyDocument=spaced)
    rest = kind.quota - 1000
    assert world.refusal(kind.put, **kind.name, PolicyName="second", PolicyDocument=document_of(rest + 1)) == exceeded
    world.run(kind.put, **kind.name, PolicyName="second", PolicyDocument=document_of(rest))
    assert world.refusal(kind.put, **kind.name, PolicyName="third", PolicyDocument=DOCUMENT) == exceeded
    world.run(kind.put, **kind.name, PolicyName="first", PolicyDocument=document_of(1000 - len(DOCUMENT)))
    assert world.run(kind.put, **kind.name, PolicyName="third", PolicyDocument=DOCUMENT) == {}


def test_a_raised_quota_counts(world: World) -> None:
    world.put(Settings(quotas={"UserPolicySize": 100}, **OWN))
    assert world.refusal(put_user_policy, UserName="Bob", PolicyName="Inline", PolicyDocument=document_of(101)) == (
        "LimitExceeded: Maximum policy size of 100 bytes exceeded for user Bob"
    )


def test_a_long_document_with_a_fault_is_refused_for_the_fault(world: World) -> None:
    assert world.refusal(
        put_user_policy, UserName="Bob", PolicyName="Inline", PolicyDocument=document_of(3000).replace("Allow", "allow")
    ) == ("MalformedPolicyDocument: The policy failed legacy parsing")


def test_policies_of_protected_roles_are_read_but_not_changed(world: World) -> None:
    world.put(
        Role(
            name="Served",
            path="/aws-reserved/sso.amazonaws.com/",
            id="AROASERVED",
            trust_policy=TRUST,
            inline_policies={"Inline": DOCUMENT},
            **OWN,
        )
    )
    of_role = {"RoleName": "Served", "PolicyName": "Inline"}
    protected = (
        "UnmodifiableEntity: Cannot perform the operation on the protected role 'Served' - this role is only "
        "modifiable by AWS"
    )
    assert world.refusal(put_role_policy, **of_role, PolicyDocument=DOCUMENT) == protected
    assert world.refusal(delete_role_policy, **of_role) == protected
    assert world.run(get_role_policy, **of_role)["PolicyDocument"] == DOCUMENT

"""Managed policies attached to users, groups and roles: attaching, detaching and listing."""

from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamd.account.directory import Directory
from iamd.account.records import Group, ManagedPolicy, PolicyVersion, Role, Settings, User
from iamd.iam.attachments import (
    attach_group_policy,
    attach_role_policy,
    attach_user_policy,
    detach_group_policy,
    detach_role_policy,
    detach_user_policy,
    list_attached_group_policies,
    list_attached_role_policies,
    list_attached_user_policies,
)
from iamd.iam.aws_managed import load_aws_managed_policies
from iamd.iam.managed_policies import delete_policy, get_policy, list_entities_for_policy
from tests.iam.world import ACCOUNT_ID, CREATED, OTHER_ACCOUNT_ID, Operation, World

TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'
READERS = f"arn:aws:iam::{ACCOUNT_ID}:policy/team/Readers"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
BILLING = "arn:aws:iam::aws:policy/job-function/Billing"
AWS_MANAGED = load_aws_managed_policies()
OWN: dict[str, Any] = {"account_id": ACCOUNT_ID, "created": CREATED}


class Kind(NamedTuple):
    """The operations on one kind of entity, and the name of one entity of the kind."""

    attach: Operation
    detach: Operation
    list: Operation
    name: dict[str, str]
    quota: int


KINDS = {
    "User": Kind(attach_user_policy, detach_user_policy, list_attached_user_policies, {"UserName": "Bob"}, quota=10),
    "Group": Kind(
        attach_group_policy, detach_group_policy, list_attached_group_policies, {"GroupName": "Staff"}, quota=10
    ),
    "Role": Kind(attach_role_policy, detach_role_policy, list_attached_role_policies, {"RoleName": "Web"}, quota=10),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


def policy(name: str, path: str = "/") -> ManagedPolicy:
    version = PolicyVersion(id="v1", document="{}", created=CREATED)
    return ManagedPolicy(name=name, path=path, id=f"ANPA{name}", updated=CREATED, versions=(version,), **OWN)


@pytest.fixture
def world() -> World:
    return staffed()


def staffed() -> World:
    """A user, a group and a role without policies, and a policy."""
    world = World(directory=Directory(AWS_MANAGED))
    world.put(
        User(name="Bob", id="AIDABOB", **OWN),
        Group(name="Staff", id="AGPASTAFF", **OWN),
        Role(name="Web", id="AROAWEB", trust_policy=TRUST, **OWN),
        policy("Readers", "/team/"),
    )
    return world


def test_attached_policies_are_listed_until_they_are_detached(world: World, kind: Kind) -> None:
    assert world.run(kind.list, **kind.name) == {"AttachedPolicies": [], "IsTruncated": False}
    assert world.run(kind.attach, **kind.name, PolicyArn=READERS) == {}
    assert world.run(kind.attach, **kind.name, PolicyArn=ADMINISTRATOR) == {}
    assert world.run(kind.list, **kind.name) == {
        "AttachedPolicies": [
            {"PolicyName": "AdministratorAccess", "PolicyArn": ADMINISTRATOR},
            {"PolicyName": "Readers", "PolicyArn": READERS},
        ],
        "IsTruncated": False,
    }
    assert world.run(kind.detach, **kind.name, PolicyArn=ADMINISTRATOR) == {}
    assert world.run(kind.list, **kind.name)["AttachedPolicies"] == [{"PolicyName": "Readers", "PolicyArn": READERS}]


def test_attaching_again_changes_nothing(world: World, kind: Kind) -> None:
    world.run(kind.attach, **kind.name, PolicyArn=READERS)
    assert world.try_run(kind.attach, **kind.name, PolicyArn=READERS) == ({}, [])


def test_what_is_not_attached_is_not_detached(world: World, kind: Kind) -> None:
    for arn in (READERS, ADMINISTRATOR, "arn:aws:iam::aws:policy/Nonexistent"):
        assert world.refusal(kind.detach, **kind.name, PolicyArn=arn) == f"NoSuchEntity: Policy {arn} was not found."


def test_a_policy_that_is_not_there_is_not_attached(world: World, kind: Kind) -> None:
    for arn in (
        f"arn:aws:iam::{ACCOUNT_ID}:policy/Readers",
        f"arn:aws:iam::{OTHER_ACCOUNT_ID}:policy/team/Readers",
        "arn:aws:iam::aws:policy/Nonexistent",
    ):
        assert world.refusal(kind.attach, **kind.name, PolicyArn=arn) == (
            f"NoSuchEntity: Policy {arn} does not exist or is not attachable."
        )


def test_an_arn_that_is_no_policys_is_not_valid(world: World, kind: Kind) -> None:
    for operation in (kind.attach, kind.detach):
        assert world.refusal(operation, **kind.name, PolicyArn="longpolicynamebutnoarn") == (
            "ValidationError: ARN longpolicynamebutnoarn is not valid."
        )
        group = f"arn:aws:iam::{ACCOUNT_ID}:group/Staff"
        assert world.refusal(operation, **kind.name, PolicyArn=group) == f"InvalidInput: ARN {group} is not valid."


def test_policies_of_service_linked_roles_are_not_attachable(world: World, kind: Kind) -> None:
    arn = "arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy"
    assert world.refusal(kind.attach, **kind.name, PolicyArn=arn) == (
        "PolicyNotAttachable: Cannot attach a Service Role Policy to a Customer Role."
    )


@pytest.mark.parametrize("entity", KINDS)
def test_each_entity_holds_so_many_policies(world: World, entity: str) -> None:
    kind = KINDS[entity]
    for number in range(kind.quota):
        world.put(policy(f"policy{number}"))
        world.run(kind.attach, **kind.name, PolicyArn=f"arn:aws:iam::{ACCOUNT_ID}:policy/policy{number}")
    assert world.refusal(kind.attach, **kind.name, PolicyArn=READERS) == (
        f"LimitExceeded: Cannot exceed quota for PoliciesPer{entity}: {kind.quota}"
    )
    attached = f"arn:aws:iam::{ACCOUNT_ID}:policy/policy0"
    assert world.run(kind.attach, **kind.name, PolicyArn=attached) == {}
    world.run(kind.detach, **kind.name, PolicyArn=attached)
    assert world.run(kind.attach, **kind.name, PolicyArn=READERS) == {}


def test_a_raised_quota_counts(world: World) -> None:
    world.put(Settings(quotas={"AttachedPoliciesPerUser": 1}, **OWN))
    world.run(attach_user_policy, UserName="Bob", PolicyArn=READERS)
    assert world.refusal(attach_user_policy, UserName="Bob", PolicyArn=ADMINISTRATOR) == (
        "LimitExceeded: Cannot exceed quota for PoliciesPerUser: 1"
    )


@pytest.mark.parametrize("entity", KINDS)
def test_an_entity_that_is_not_there(world: World, entity: str) -> None:
    kind = KINDS[entity]
    (member,) = kind.name
    not_found = f"NoSuchEntity: The {entity.lower()} with name Nobody cannot be found."
    for operation in (kind.attach, kind.detach):
        assert world.refusal(operation, **{member: "Nobody"}, PolicyArn=READERS) == not_found
    assert world.refusal(kind.list, **{member: "Nobody"}) == not_found


def test_attached_policies_are_listed_by_the_path_of_the_policies(world: World, kind: Kind) -> None:
    for arn in (READERS, ADMINISTRATOR, BILLING):
        world.run(kind.attach, **kind.name, PolicyArn=arn)
    listed = world.run(kind.list, **kind.name, PathPrefix="/te")["AttachedPolicies"]
    assert listed == [{"PolicyName": "Readers", "PolicyArn": READERS}]
    assert len(world.run(kind.list, **kind.name, PathPrefix="/")["AttachedPolicies"]) == 3


def test_attached_policies_are_paged_even_when_names_are_equal(world: World, kind: Kind) -> None:
    own = f"arn:aws:iam::{ACCOUNT_ID}:policy/AdministratorAccess"
    world.put(policy("AdministratorAccess"))
    for arn in (READERS, ADMINISTRATOR, own):
        world.run(kind.attach, **kind.name, PolicyArn=arn)
    seen, marker = [], {}
    while marker is not None:
        answer = world.run(kind.list, **kind.name, MaxItems=1, **marker)
        seen += [policy["PolicyArn"] for policy in answer["AttachedPolicies"]]
        marker = {"Marker": answer["Marker"]} if answer["IsTruncated"] else None
    assert seen == [own, ADMINISTRATOR, READERS]


@pytest.mark.parametrize("path", ["/aws-service-role/ecs.amazonaws.com/", "/aws-reserved/sso.amazonaws.com/"])
def test_policies_of_protected_roles_are_not_changed(world: World, path: str) -> None:
    world.put(Role(name="Served", path=path, id="AROASERVED", trust_policy=TRUST, attached_policies=(READERS,), **OWN))
    for operation in (attach_role_policy, detach_role_policy):
        assert world.refusal(operation, RoleName="Served", PolicyArn=READERS) == (
            "UnmodifiableEntity: Cannot perform the operation on the protected role 'Served' - this role is only "
            "modifiable by AWS"
        )
    assert len(world.run(list_attached_role_policies, RoleName="Served")["AttachedPolicies"]) == 1


# Random histories -----------------------------------------------------------------------------------------------------

POLICIES = [policy(f"policy{number}") for number in range(3)]
steps = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["attach", "detach"]),
            st.sampled_from(list(KINDS)),
            st.sampled_from([ADMINISTRATOR, *(policy.arn for policy in POLICIES)]),
        ),
        st.tuples(st.just("delete"), st.none(), st.sampled_from([policy.arn for policy in POLICIES])),
    ),
    max_size=40,
)


@given(steps)
def test_attachments_always_agree_with_counts_entities_and_indexes(history: list[tuple[str, str, str]]) -> None:
    world = staffed()
    world.put(*POLICIES)
    attached: dict[str, set[str]] = {arn: set() for arn in (ADMINISTRATOR, *(policy.arn for policy in POLICIES))}
    for step, entity, arn in history:
        if step == "delete":
            _delete(world, attached, arn)
        elif step == "attach":
            _attach(world, attached, entity, arn)
        else:
            _detach(world, attached, entity, arn)
    world.verify_indexes()
    for arn, entities in attached.items():
        assert world.run(get_policy, PolicyArn=arn)["Policy"]["AttachmentCount"] == len(entities)
        answer = world.run(list_entities_for_policy, PolicyArn=arn)
        assert {entity for entity in KINDS if answer[f"Policy{entity}s"]} == entities


def _attach(world: World, attached: dict[str, set[str]], entity: str, arn: str) -> None:
    kind = KINDS[entity]
    if arn in attached:
        world.run(kind.attach, **kind.name, PolicyArn=arn)
        attached[arn].add(entity)
    else:
        assert world.refusal(kind.attach, **kind.name, PolicyArn=arn).startswith("NoSuchEntity: ")


def _detach(world: World, attached: dict[str, set[str]], entity: str, arn: str) -> None:
    kind = KINDS[entity]
    if entity in attached.get(arn, ()):
        world.run(kind.detach, **kind.name, PolicyArn=arn)
        attached[arn].remove(entity)
    else:
        assert world.refusal(kind.detach, **kind.name, PolicyArn=arn).startswith("NoSuchEntity: ")


def _delete(world: World, attached: dict[str, set[str]], arn: str) -> None:
    if arn not in attached:
        assert world.refusal(delete_policy, PolicyArn=arn).startswith("NoSuchEntity: ")
    elif attached[arn]:
        assert world.refusal(delete_policy, PolicyArn=arn).startswith("DeleteConflict: ")
    else:
        world.run(delete_policy, PolicyArn=arn)
        del attached[arn]

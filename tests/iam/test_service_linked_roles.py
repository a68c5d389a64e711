"""Service-linked roles: made as the service needs them, changed by nobody, deleted by a task."""

import re

import pytest

from iamd.account.directory import Directory
from iamd.account.records import LastUsed, Role, ServiceLinkedRoleDeletion, Settings
from iamd.iam.attachments import list_attached_role_policies
from iamd.iam.aws_managed import load_aws_managed_policies
from iamd.iam.roles import create_role, get_role
from iamd.iam.service_linked_roles import (
    create_service_linked_role,
    delete_service_linked_role,
    get_service_linked_role_deletion_status,
)
from tests.iam.world import ACCOUNT_ID, CREATED, NOW, World

ECS = "ecs.amazonaws.com"
ECS_ROLE = "AWSServiceRoleForECS"
TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs.amazonaws.com"},'
    '"Action":"sts:AssumeRole"}]}'
)
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


@pytest.fixture
def world() -> World:
    return World(directory=Directory(load_aws_managed_policies()))


def put_role(world: World, name: str = ECS_ROLE, path: str = f"/aws-service-role/{ECS}/") -> None:
    """Given: a role."""
    world.put(Role(account_id=ACCOUNT_ID, name=name, path=path, id="AROAECS", created=CREATED, trust_policy=TRUST))


# CreateServiceLinkedRole ----------------------------------------------------------------------------------------------


def test_a_role_has_the_name_trust_and_policy_that_its_service_needs(world: World) -> None:
    role = world.run(create_service_linked_role, AWSServiceName=ECS, Description="Runs tasks.")["Role"]
    assert role == {
        "Path": "/aws-service-role/ecs.amazonaws.com/",
        "RoleName": ECS_ROLE,
        "RoleId": role["RoleId"],
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/ecs.amazonaws.com/{ECS_ROLE}",
        "CreateDate": NOW,
        "AssumeRolePolicyDocument": TRUST,
    }
    shown = {"Description": "Runs tasks.", "MaxSessionDuration": 3600, "RoleLastUsed": {}}
    assert world.run(get_role, RoleName=ECS_ROLE)["Role"] == role | shown
    policy = "AmazonECSServiceRolePolicy"
    assert world.run(list_attached_role_policies, RoleName=ECS_ROLE)["AttachedPolicies"] == [
        {"PolicyName": policy, "PolicyArn": f"arn:aws:iam::aws:policy/aws-service-role/{policy}"}
    ]
    world.verify_indexes()


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("autoscaling", "AWSServiceRoleForAutoScaling"),
        ("custom-resource.application-autoscaling", "AWSServiceRoleForApplicationAutoScaling_CustomResource"),
        ("dms", "AWSServiceRoleForDMSServerless"),
        ("ecr", "AWSServiceRoleForECRTemplate"),
        ("eks", "AWSServiceRoleForAmazonEKS"),
        ("spot", "AWSServiceRoleForEC2Spot"),
        ("other", "AWSServiceRoleForother"),
        ("jobs.other", "AWSServiceRoleForjobs_other"),
    ],
)
def test_a_name_is_the_services_own_or_by_rule(world: World, service: str, name: str) -> None:
    role = world.run(create_service_linked_role, AWSServiceName=f"{service}.amazonaws.com")["Role"]
    assert (role["RoleName"], role["Path"]) == (name, f"/aws-service-role/{service}.amazonaws.com/")


def test_a_policy_that_is_not_at_hand_is_not_attached(world: World) -> None:
    world.run(create_service_linked_role, AWSServiceName="cks.kms.amazonaws.com")
    name = "AWSServiceRoleForKeyManagementServiceCustomKeyStores"
    assert world.run(list_attached_role_policies, RoleName=name)["AttachedPolicies"] == []


def test_a_suffix_tells_roles_apart_where_the_service_has_several(world: World) -> None:
    scaling = {"AWSServiceName": "autoscaling.amazonaws.com"}
    for suffix in ("red", "blue"):
        role = world.run(create_service_linked_role, **scaling, CustomSuffix=suffix)["Role"]
        assert role["RoleName"] == f"AWSServiceRoleForAutoScaling_{suffix}"
    for service in (ECS, "other.amazonaws.com"):
        refusal = world.refusal(create_service_linked_role, AWSServiceName=service, CustomSuffix="red")
        assert refusal == f"InvalidInput: Custom suffix is not allowed for {service}"
    assert world.refusal(create_service_linked_role, **scaling, CustomSuffix="x" * 64) == (
        "ValidationError: 1 validation error detected: Value at 'roleName' failed to satisfy constraint: Member must "
        "have length less than or equal to 64"
    )


def test_a_service_has_its_role_once(world: World) -> None:
    put_role(world)
    assert world.refusal(create_service_linked_role, AWSServiceName=ECS) == (
        f"InvalidInput: Service role name {ECS_ROLE} has been taken in this account, please try a different suffix."
    )


@pytest.mark.parametrize(
    "service", ["ecs", "ecs.example.com", ".amazonaws.com", "a..amazonaws.com", "ECS.amazonaws.com"]
)
def test_a_service_is_named_by_its_principal(world: World, service: str) -> None:
    refusal = world.refusal(create_service_linked_role, AWSServiceName=service)
    assert refusal == f"InvalidInput: The service principal {service} is not valid."


def test_a_full_account_still_gets_service_linked_roles(world: World) -> None:
    put_role(world, "Web", "/")
    world.put(Settings(account_id=ACCOUNT_ID, created=CREATED, quotas={"Roles": 1}))
    world.run(create_service_linked_role, AWSServiceName=ECS)


def test_service_linked_roles_count_against_the_quota_of_other_roles(world: World) -> None:
    put_role(world)
    world.put(Settings(account_id=ACCOUNT_ID, created=CREATED, quotas={"Roles": 1}))
    assert world.refusal(create_role, RoleName="Web", AssumeRolePolicyDocument=TRUST) == (
        "LimitExceeded: Cannot exceed quota for RolesPerAccount: 1"
    )


# DeleteServiceLinkedRole ----------------------------------------------------------------------------------------------


def test_a_deletion_succeeds_and_can_be_asked_about(world: World) -> None:
    put_role(world)
    world.put(LastUsed(id="AROAECS", time=CREATED, service="ecs", region="us-east-1"))
    task_id = world.run(delete_service_linked_role, RoleName=ECS_ROLE)["DeletionTaskId"]
    assert re.fullmatch(f"task/aws-service-role/{ECS}/{ECS_ROLE}/{UUID}", task_id)
    status = world.run(get_service_linked_role_deletion_status, DeletionTaskId=task_id)
    assert status == {"Status": "SUCCEEDED"}
    not_found = f"NoSuchEntity: The role with name {ECS_ROLE} cannot be found."
    assert world.refusal(get_role, RoleName=ECS_ROLE) == not_found
    assert world.refusal(delete_service_linked_role, RoleName=ECS_ROLE) == not_found
    assert set(world.records()) == {"service-linked-role-deletion", "settings"}
    world.verify_indexes()


def test_a_role_that_is_linked_to_no_service_is_not_deleted(world: World) -> None:
    put_role(world, "Web", "/")
    refusal = world.refusal(delete_service_linked_role, RoleName="Web")
    assert refusal == "NoSuchEntity: The role with name Web cannot be found."


def test_a_task_is_known_for_thirty_days(world: World) -> None:
    month = 30 * 86_400
    old, recent = f"task/aws-service-role/{ECS}/A/1", f"task/aws-service-role/{ECS}/B/2"
    world.put(
        ServiceLinkedRoleDeletion(task_id=old, deleted=NOW - month - 1),
        ServiceLinkedRoleDeletion(task_id=recent, deleted=NOW - month),
    )
    put_role(world)
    world.run(delete_service_linked_role, RoleName=ECS_ROLE)
    world.run(get_service_linked_role_deletion_status, DeletionTaskId=recent)
    refusal = world.refusal(get_service_linked_role_deletion_status, DeletionTaskId=old)
    assert refusal == f"NoSuchEntity: The deletion task with id {old} cannot be found."

"""Roles: creating, reading, changing and deleting them, their trust, their boundary and their tags."""

import json
from typing import Any

import pytest

from iamd.account.directory import Directory
from iamd.account.records import (
    Group,
    InstanceProfile,
    LastUsed,
    ManagedPolicy,
    PolicyVersion,
    Role,
    Settings,
    User,
)
from iamd.account.trust import trust_policy_in_force
from iamd.iam.aws_managed import load_aws_managed_policies
from iamd.iam.roles import (
    create_role,
    delete_role,
    delete_role_permissions_boundary,
    get_role,
    list_role_tags,
    list_roles,
    put_role_permissions_boundary,
    tag_role,
    untag_role,
    update_assume_role_policy,
    update_role,
    update_role_description,
)
from iamd.iam.users import create_user, delete_user, update_user
from tests.iam.world import ACCOUNT_ID, CREATED, NOW, OTHER_ACCOUNT_ID, Operation, World

TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},'
    '"Action":"sts:AssumeRole"}]}'
)
OWN: dict[str, Any] = {"account_id": ACCOUNT_ID, "created": CREATED}
ARN = f"arn:aws:iam::{ACCOUNT_ID}:"
BOUNDARY = f"{ARN}policy/Boundary"
PROTECTED_PATHS = ["/aws-service-role/ecs.amazonaws.com/", "/aws-reserved/sso.amazonaws.com/"]


def put_role(world: World, name: str = "Web", **details: Any) -> Role:
    role = Role(**{"name": name, "id": f"AROA{name.upper()}", "trust_policy": TRUST} | OWN | details)
    world.put(role)
    return role


def trust(**principal: Any) -> str:
    """A trust policy for ``principal``."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
        }
    )


def protected(name: str) -> str:
    return (
        f"UnmodifiableEntity: Cannot perform the operation on the protected role '{name}' - this role is only "
        "modifiable by AWS"
    )


@pytest.fixture
def world() -> World:
    world = World()
    version = PolicyVersion(id="v1", document="{}", created=CREATED)
    world.put(ManagedPolicy(name="Boundary", id="ANPABOUNDARY", updated=CREATED, versions=(version,), **OWN))
    return world


# CreateRole -----------------------------------------------------------------------------------------------------------


def test_a_new_role_is_answered_without_description_and_session_duration(world: World) -> None:
    role = world.run(
        create_role,
        RoleName="Web",
        AssumeRolePolicyDocument=TRUST,
        Description="Serves.",
        MaxSessionDuration=7200,
    )["Role"]
    assert role == {
        "Path": "/",
        "RoleName": "Web",
        "RoleId": role["RoleId"],
        "Arn": f"{ARN}role/Web",
        "CreateDate": NOW,
        "AssumeRolePolicyDocument": TRUST,
    }
    assert role["RoleId"].startswith("AROA")
    assert len(role["RoleId"]) == 21
    assert world.account.find_role("Web") == Role(
        account_id=ACCOUNT_ID,
        name="Web",
        id=role["RoleId"],
        created=NOW,
        trust_policy=TRUST,
        description="Serves.",
        max_session_duration=7200,
    )


def test_a_new_role_takes_a_path_a_boundary_and_tags(world: World) -> None:
    tags = [{"Key": "Team", "Value": "blue"}, {"Key": "cost", "Value": ""}]
    role = world.run(
        create_role,
        RoleName="Web",
        Path="/div/",
        AssumeRolePolicyDocument=TRUST,
        PermissionsBoundary=BOUNDARY,
        Tags=tags,
    )["Role"]
    assert role == {
        "Path": "/div/",
        "RoleName": "Web",
        "RoleId": role["RoleId"],
        "Arn": f"{ARN}role/div/Web",
        "CreateDate": NOW,
        "AssumeRolePolicyDocument": TRUST,
        "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": BOUNDARY},
        "Tags": tags,
    }


@pytest.mark.parametrize("name", ["Web", "wEB"])
def test_names_that_differ_only_in_case_are_one_name(world: World, name: str) -> None:
    put_role(world, "Web", path="/elsewhere/")
    assert world.refusal(create_role, RoleName=name, AssumeRolePolicyDocument=TRUST) == (
        f"EntityAlreadyExists: Role with name {name} already exists."
    )


def test_a_taken_name_is_told_before_a_fault_of_the_document(world: World) -> None:
    put_role(world)
    assert world.refusal(create_role, RoleName="Web", AssumeRolePolicyDocument="{") == (
        "EntityAlreadyExists: Role with name Web already exists."
    )


@pytest.mark.parametrize("path", PROTECTED_PATHS)
def test_paths_of_services_are_reserved(world: World, path: str) -> None:
    assert world.refusal(create_role, RoleName="Web", Path=path, AssumeRolePolicyDocument=TRUST) == (
        f"InvalidInput: The path {path} is reserved for roles that AWS services create."
    )


def test_an_account_holds_1000_roles(world: World) -> None:
    for number in range(999):
        put_role(world, f"role{number}")
    world.run(create_role, RoleName="the1000th", AssumeRolePolicyDocument=TRUST)
    assert world.refusal(create_role, RoleName="more", AssumeRolePolicyDocument=TRUST) == (
        "LimitExceeded: Cannot exceed quota for RolesPerAccount: 1000"
    )


def test_tag_keys_of_a_new_role_differ_whatever_their_case(world: World) -> None:
    tags = [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]
    assert world.refusal(create_role, RoleName="Web", AssumeRolePolicyDocument=TRUST, Tags=tags) == (
        "InvalidInput: Duplicate tag keys found. Please note that Tag keys are case insensitive."
    )


# Trust ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def peopled(world: World) -> World:
    """An account that hosts another beside it, with a user, a group and two roles."""
    world.directory.account_ids.add(OTHER_ACCOUNT_ID)
    world.put(
        User(name="Bob", path="/staff/", id="AIDAEXAMPLEEXAMPLE123", **OWN),
        Group(name="Staff", id="AGPAEXAMPLEEXAMPLE123", **OWN),
    )
    put_role(world, "Web")
    put_role(world, "Job", id="AROAEXAMPLEEXAMPLE123")
    return world


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": "*"},
        {"AWS": ACCOUNT_ID},
        {"AWS": "999999999999"},
        {"AWS": f"{ARN}root"},
        {"AWS": f"{ARN}user/staff/Bob"},
        {"AWS": [f"{ARN}role/Job", f"{ARN}user/staff/Bob"]},
        {"AWS": f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Job/session"},
        {"AWS": f"arn:aws:sts::{ACCOUNT_ID}:federated-user/Bob"},
        {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT_ID}:user/Unseen"},
        {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT_ID}:role/path/Unseen"},
        {"AWS": f"arn:aws:sts::{OTHER_ACCOUNT_ID}:assumed-role/Unseen/session"},
        {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]},
        {"Federated": "cognito-identity.amazonaws.com"},
        {"Federated": f"{ARN}oidc-provider/token.example.com/x"},
        {"Federated": f"{ARN}saml-provider/Example", "AWS": "*"},
    ],
    ids=str,
)
def test_principals_that_a_role_may_trust(peopled: World, principal: dict[str, Any]) -> None:
    document = trust(**principal)
    created = peopled.run(create_role, RoleName="New", AssumeRolePolicyDocument=document)["Role"]
    assert created["AssumeRolePolicyDocument"] == document
    peopled.run(update_assume_role_policy, RoleName="Web", PolicyDocument=document)
    assert peopled.run(get_role, RoleName="Web")["Role"]["AssumeRolePolicyDocument"] == document


@pytest.mark.parametrize(
    "value",
    [
        f"{ARN}group/Staff",
        f"arn:aws:iam::{OTHER_ACCOUNT_ID}:group/Staff",
        f"{ARN}user/Bob",
        f"{ARN}user/staff/bob",
        f"{ARN}user/Nobody",
        f"{ARN}role/Nobody",
        f"{ARN}role/staff/Bob",
        f"{ARN}role/*",
        f"{ARN}user/staff/B?b",
        f"arn:aws:iam::{OTHER_ACCOUNT_ID}:role/*",
        f"{ARN}instance-profile/Web",
        f"arn:aws-cn:iam::{OTHER_ACCOUNT_ID}:user/Unseen",
        "arn:aws:iam::1234:user/Bob",
        f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Nobody/session",
        f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Job",
        f"arn:aws:sts::{OTHER_ACCOUNT_ID}:assumed-role/Job/a/b",
        "AIDANOBODYEXAMPLE1234",
        "AGPAEXAMPLEEXAMPLE123",
        "Bob",
        "12345678901",
    ],
)
def test_principals_that_are_none(peopled: World, value: str) -> None:
    refusal = f'MalformedPolicyDocument: Invalid principal in policy: "AWS":"{value}"'
    document = trust(AWS=["*", value])
    assert peopled.refusal(create_role, RoleName="New", AssumeRolePolicyDocument=document) == refusal
    assert peopled.refusal(update_assume_role_policy, RoleName="Web", PolicyDocument=document) == refusal


def test_other_principals_that_are_none(peopled: World) -> None:
    refused = {
        trust(Service="*"): 'Invalid principal in policy: "SERVICE":"*"',
        trust(Federated="example"): "Federated principals must be valid domain names or SAML metadata ARNs",
        trust(Federated=f"arn:aws:iam::{OTHER_ACCOUNT_ID}:saml-provider/Example"): (
            f'Invalid principal in policy: "FEDERATED":"arn:aws:iam::{OTHER_ACCOUNT_ID}:saml-provider/Example"'
        ),
        trust(CanonicalUser="a" * 64): f'Invalid principal in policy: "CANONICALUSER":"{"a" * 64}"',
    }
    for document, message in refused.items():
        assert peopled.refusal(create_role, RoleName="New", AssumeRolePolicyDocument=document) == (
            f"MalformedPolicyDocument: {message}"
        )


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("not json", "This policy contains invalid Json"),
        (TRUST.replace("sts:AssumeRole", "s3:GetObject"), "AssumeRole policy may only specify STS AssumeRole actions."),
        (TRUST.replace('"Action"', '"Resource":"*","Action"'), "Has prohibited field Resource"),
    ],
)
def test_a_trust_policy_is_checked_by_its_grammar(world: World, document: str, message: str) -> None:
    put_role(world)
    refusal = f"MalformedPolicyDocument: {message}"
    assert world.refusal(create_role, RoleName="New", AssumeRolePolicyDocument=document) == refusal
    assert world.refusal(update_assume_role_policy, RoleName="Web", PolicyDocument=document) == refusal


def test_a_trust_policy_holds_2048_characters_without_white_space(world: World) -> None:
    put_role(world)
    longest = TRUST.replace('{"Version"', f'{{"Id":"{"x" * (2048 - len(TRUST) - 8)}","Version"')
    assert len(longest) == 2048
    world.run(update_assume_role_policy, RoleName="Web", PolicyDocument=json.dumps(json.loads(longest), indent=9))
    longer = longest.replace("xx", "xxx", 1)
    refusal = "LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048"
    assert world.refusal(update_assume_role_policy, RoleName="Web", PolicyDocument=longer) == refusal
    assert world.refusal(create_role, RoleName="New", AssumeRolePolicyDocument=longer) == refusal
    world.put(Settings(quotas={"AssumeRolePolicySize": 4096}, **OWN))
    assert world.run(update_assume_role_policy, RoleName="Web", PolicyDocument=longer) == {}


def test_trust_follows_a_user_who_is_renamed(peopled: World) -> None:
    document = trust(AWS=[f"{ARN}user/staff/Bob", "111122223333"], Service="ec2.amazonaws.com")
    peopled.run(update_assume_role_policy, RoleName="Web", PolicyDocument=document)
    peopled.run(update_user, UserName="Bob", NewUserName="Robert", NewPath="/")
    shown = peopled.run(get_role, RoleName="Web")["Role"]["AssumeRolePolicyDocument"]
    assert json.loads(shown) == json.loads(
        trust(AWS=[f"{ARN}user/Robert", "111122223333"], Service="ec2.amazonaws.com")
    )
    peopled.run(update_user, UserName="Robert", NewUserName="Bob", NewPath="/staff/")
    assert peopled.run(get_role, RoleName="Web")["Role"]["AssumeRolePolicyDocument"] == document


def test_a_new_user_does_not_inherit_the_trust_in_a_deleted_one_of_the_same_name(world: World) -> None:
    bob = world.run(create_user, UserName="Bob")["User"]
    world.run(create_role, RoleName="Web", AssumeRolePolicyDocument=trust(AWS=bob["Arn"]))
    world.run(delete_user, UserName="Bob")
    world.run(create_user, UserName="Bob")
    in_force = trust_policy_in_force(world.account, world.account.get_role("Web"))
    assert json.loads(in_force) == json.loads(trust(AWS=bob["UserId"]))
    assert world.refusal(update_assume_role_policy, RoleName="Web", PolicyDocument=in_force) == (
        f'MalformedPolicyDocument: Invalid principal in policy: "AWS":"{bob["UserId"]}"'
    )
    world.run(update_assume_role_policy, RoleName="Web", PolicyDocument=trust(AWS=bob["Arn"]))
    assert trust_policy_in_force(world.account, world.account.get_role("Web")) == trust(AWS=bob["Arn"])


def test_an_arn_in_a_condition_is_a_plain_string(peopled: World) -> None:
    bob = f"{ARN}user/staff/Bob"
    document = json.loads(trust(AWS=bob))
    document["Statement"][0]["Condition"] = {"ArnEquals": {"aws:PrincipalArn": bob}}
    peopled.run(update_assume_role_policy, RoleName="Web", PolicyDocument=json.dumps(document))
    peopled.run(update_user, UserName="Bob", NewUserName="Robert")
    (statement,) = json.loads(trust_policy_in_force(peopled.account, peopled.account.get_role("Web")))["Statement"]
    assert statement["Principal"] == {"AWS": f"{ARN}user/staff/Robert"}
    assert statement["Condition"] == {"ArnEquals": {"aws:PrincipalArn": bob}}


@pytest.mark.parametrize("number", ["1.50", "9" * 300, "-0.0", "1e999999"])
def test_a_number_in_a_condition_stays_as_it_is_written(peopled: World, number: str) -> None:
    document = (
        f'{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":"{ARN}user/staff/Bob"}},"Action":"sts:AssumeRole",'
        f'"Condition":{{"StringEquals":{{"aws:PrincipalTag/level":{number}}}}}}}}}'
    )
    peopled.run(update_assume_role_policy, RoleName="Web", PolicyDocument=document)
    peopled.run(update_user, UserName="Bob", NewUserName="Robert")
    shown = peopled.run(get_role, RoleName="Web")["Role"]["AssumeRolePolicyDocument"]
    assert shown == document.replace("Bob", "Robert")


def test_a_unique_id_may_be_trusted_and_is_shown_as_the_arn(peopled: World) -> None:
    peopled.run(update_assume_role_policy, RoleName="Web", PolicyDocument=trust(AWS="AIDAEXAMPLEEXAMPLE123"))
    shown = peopled.run(get_role, RoleName="Web")["Role"]["AssumeRolePolicyDocument"]
    assert json.loads(shown) == json.loads(trust(AWS=f"{ARN}user/staff/Bob"))


# Reading --------------------------------------------------------------------------------------------------------------


def test_get_role_adds_session_duration_and_last_use(world: World) -> None:
    put_role(world)
    assert world.run(get_role, RoleName="Web") == {
        "Role": {
            "Path": "/",
            "RoleName": "Web",
            "RoleId": "AROAWEB",
            "Arn": f"{ARN}role/Web",
            "CreateDate": CREATED,
            "AssumeRolePolicyDocument": TRUST,
            "MaxSessionDuration": 3600,
            "RoleLastUsed": {},
        }
    }


def test_get_role_adds_description_boundary_and_tags_if_there_are_any(world: World) -> None:
    put_role(world, description="", permissions_boundary=BOUNDARY, tags=(("b", "1"), ("a", "2")))
    role = world.run(get_role, RoleName="Web")["Role"]
    assert role["Description"] == ""
    assert role["PermissionsBoundary"] == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": BOUNDARY}
    assert role["Tags"] == [{"Key": "b", "Value": "1"}, {"Key": "a", "Value": "2"}]


@pytest.mark.parametrize(
    ("days", "shown"),
    [
        (0, {"LastUsedDate": NOW, "Region": "eu-west-1"}),
        (400, {"LastUsedDate": NOW - 400 * 86_400, "Region": "eu-west-1"}),
        (401, {}),
    ],
)
def test_the_last_use_is_shown_for_400_days(world: World, days: int, shown: dict[str, Any]) -> None:
    put_role(world)
    world.put(LastUsed(id="AROAWEB", time=NOW - days * 86_400, service="sts", region="eu-west-1"))
    assert world.run(get_role, RoleName="Web")["Role"]["RoleLastUsed"] == shown


def test_roles_are_listed_by_name_with_description_and_session_duration_only(world: World) -> None:
    put_role(world, "b", path="/team/", description="Serves.", permissions_boundary=BOUNDARY, tags=(("a", "b"),))
    put_role(world, "A")
    put_role(world, "c", path="/team/blue/")
    assert world.run(list_roles, PathPrefix="/tea") == {
        "Roles": [
            {
                "Path": "/team/",
                "RoleName": "b",
                "RoleId": "AROAB",
                "Arn": f"{ARN}role/team/b",
                "CreateDate": CREATED,
                "AssumeRolePolicyDocument": TRUST,
                "Description": "Serves.",
                "MaxSessionDuration": 3600,
            },
            {
                "Path": "/team/blue/",
                "RoleName": "c",
                "RoleId": "AROAC",
                "Arn": f"{ARN}role/team/blue/c",
                "CreateDate": CREATED,
                "AssumeRolePolicyDocument": TRUST,
                "MaxSessionDuration": 3600,
            },
        ],
        "IsTruncated": False,
    }
    first = world.run(list_roles, MaxItems=2)
    rest = world.run(list_roles, MaxItems=2, Marker=first["Marker"])
    assert [role["RoleName"] for role in first["Roles"] + rest["Roles"]] == ["A", "b", "c"]
    assert world.run(list_roles, PathPrefix="/none/") == {"Roles": [], "IsTruncated": False}


# Changing -------------------------------------------------------------------------------------------------------------


def test_update_role_changes_what_is_given(world: World) -> None:
    put_role(world, description="Serves.", max_session_duration=7200)
    assert world.run(update_role, RoleName="Web") == {}
    assert world.account.get_role("Web").description == "Serves."
    world.run(update_role, RoleName="Web", MaxSessionDuration=43_200)
    world.run(update_role, RoleName="Web", Description="")
    role = world.account.get_role("Web")
    assert (role.description, role.max_session_duration) == ("", 43_200)


def test_update_role_description_answers_the_role(world: World) -> None:
    put_role(world)
    assert world.run(update_role_description, RoleName="Web", Description="Serves.") == {
        "Role": {
            "Path": "/",
            "RoleName": "Web",
            "RoleId": "AROAWEB",
            "Arn": f"{ARN}role/Web",
            "CreateDate": CREATED,
            "AssumeRolePolicyDocument": TRUST,
            "Description": "Serves.",
        }
    }
    assert world.account.get_role("Web").description == "Serves."


def test_a_boundary_is_put_replaced_and_deleted(world: World) -> None:
    world = World(directory=Directory(load_aws_managed_policies()))
    put_role(world)
    for arn in ("arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/PowerUserAccess"):
        assert world.run(put_role_permissions_boundary, RoleName="Web", PermissionsBoundary=arn) == {}
        assert world.run(get_role, RoleName="Web")["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    assert world.run(delete_role_permissions_boundary, RoleName="Web") == {}
    assert "PermissionsBoundary" not in world.run(get_role, RoleName="Web")["Role"]
    assert world.refusal(delete_role_permissions_boundary, RoleName="Web") == (
        f"NoSuchEntity: Principal {world.account.get_role('Web').id} does not have scope"
    )
    service = "arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy"
    assert world.refusal(put_role_permissions_boundary, RoleName="Web", PermissionsBoundary=service) == (
        "PolicyNotAttachable: Cannot attach a Service Role Policy to a Customer Role."
    )


def test_a_boundary_must_be_a_policy_that_is_there(world: World) -> None:
    put_role(world)
    refused = {
        f"{ARN}not_a_policy/invalid": f"InvalidInput: ARN {ARN}not_a_policy/invalid is not valid.",
        "noarnbutlongenoughforone": "InvalidInput: ARN noarnbutlongenoughforone is not valid.",
        f"{ARN}policy/Missing": (f"NoSuchEntity: Scope ARN: {ARN}policy/Missing does not exist or is not attachable."),
    }
    for arn, refusal in refused.items():
        assert world.refusal(put_role_permissions_boundary, RoleName="Web", PermissionsBoundary=arn) == refusal
        assert (
            world.refusal(create_role, RoleName="New", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=arn)
            == refusal
        )


def test_tag_keys_of_roles_are_one_key_whatever_their_case(world: World) -> None:
    put_role(world, tags=(("somekey", "1"), ("other", "2")))
    world.run(tag_role, RoleName="Web", Tags=[{"Key": "Somekey", "Value": "3"}])
    assert world.run(list_role_tags, RoleName="Web") == {
        "Tags": [{"Key": "Somekey", "Value": "3"}, {"Key": "other", "Value": "2"}],
        "IsTruncated": False,
    }
    world.run(untag_role, RoleName="Web", TagKeys=["SOMEKEY", "missing"])
    assert world.run(list_role_tags, RoleName="Web")["Tags"] == [{"Key": "other", "Value": "2"}]


# DeleteRole -----------------------------------------------------------------------------------------------------------


def test_a_role_in_use_is_not_deleted(world: World) -> None:
    put_role(world, attached_policies=(BOUNDARY,), inline_policies={"Inline": "{}"}, permissions_boundary=BOUNDARY)
    profile = InstanceProfile(name="Web", id="AIPAWEB", role_id="AROAWEB", **OWN)
    world.put(profile, LastUsed(id="AROAWEB", time=NOW, service="sts", region="us-east-1"))
    conflict = "DeleteConflict: Cannot delete entity, must {} first."
    assert world.refusal(delete_role, RoleName="Web") == conflict.format("remove roles from instance profile")
    world.put(InstanceProfile(name="Web", id="AIPAWEB", **OWN))
    assert world.refusal(delete_role, RoleName="Web") == conflict.format("detach all policies")
    put_role(world, inline_policies={"Inline": "{}"}, permissions_boundary=BOUNDARY)
    assert world.refusal(delete_role, RoleName="Web") == conflict.format("delete policies")
    put_role(world, permissions_boundary=BOUNDARY, tags=(("a", "b"),))
    assert world.run(delete_role, RoleName="Web") == {}
    assert world.refusal(delete_role, RoleName="Web") == "NoSuchEntity: The role with name Web cannot be found."
    assert "role" not in world.records()
    assert "last-used" not in world.records()
    world.verify_indexes()


def test_a_name_is_free_again_and_gets_a_new_id(world: World) -> None:
    first = world.run(create_role, RoleName="Web", AssumeRolePolicyDocument=TRUST)["Role"]
    world.run(delete_role, RoleName="Web")
    second = world.run(create_role, RoleName="Web", AssumeRolePolicyDocument=TRUST)["Role"]
    assert second["RoleId"] != first["RoleId"]


# Roles that are not there, or not the account's to change -------------------------------------------------------------

ON_A_ROLE: list[tuple[Operation, dict[str, Any]]] = [
    (get_role, {}),
    (list_role_tags, {}),
    (update_role, {"Description": "Serves."}),
    (update_role, {"MaxSessionDuration": 7200}),
    (update_role_description, {"Description": "Serves."}),
    (update_assume_role_policy, {"PolicyDocument": TRUST}),
    (delete_role, {}),
    (put_role_permissions_boundary, {"PermissionsBoundary": BOUNDARY}),
    (delete_role_permissions_boundary, {}),
    (tag_role, {"Tags": [{"Key": "a", "Value": "b"}]}),
    (untag_role, {"TagKeys": ["a"]}),
]


@pytest.mark.parametrize(("operation", "input"), ON_A_ROLE)
@pytest.mark.parametrize("name", ["Nobody", "web"])
def test_a_role_is_found_by_its_exact_name(
    world: World, operation: Operation, input: dict[str, Any], name: str
) -> None:
    put_role(world)
    assert world.refusal(operation, RoleName=name, **input) == (
        f"NoSuchEntity: The role with name {name} cannot be found."
    )


@pytest.mark.parametrize(("operation", "input"), ON_A_ROLE[2:])
def test_nothing_of_identity_centers_roles_is_changed(
    world: World, operation: Operation, input: dict[str, Any]
) -> None:
    put_role(world, path="/aws-reserved/sso.amazonaws.com/")
    assert world.refusal(operation, RoleName="Web", **input) == protected("Web")


@pytest.mark.parametrize(("operation", "input"), ON_A_ROLE)
def test_description_and_tags_of_service_linked_roles_are_changed_and_nothing_else(
    world: World, operation: Operation, input: dict[str, Any]
) -> None:
    put_role(world, path="/aws-service-role/ecs.amazonaws.com/")
    if operation in (get_role, list_role_tags, update_role_description, tag_role, untag_role) or "Description" in input:
        world.run(operation, RoleName="Web", **input)
    else:
        assert world.refusal(operation, RoleName="Web", **input) == protected("Web")

"""Managed policies: creating, reading, listing and deleting them, their versions, their tags and who has them."""

import json

import pytest
from msgspec.structs import replace

from iamd.account.directory import Directory
from iamd.account.records import Group, ManagedPolicy, PolicyVersion, Role, Settings, User
from iamd.iam.aws_managed import load_aws_managed_policies
from iamd.iam.managed_policies import (
    create_policy,
    create_policy_version,
    delete_policy,
    delete_policy_version,
    get_policy,
    get_policy_version,
    list_entities_for_policy,
    list_policies,
    list_policy_tags,
    list_policy_versions,
    set_default_policy_version,
    tag_policy,
    untag_policy,
)
from tests.iam.world import ACCOUNT_ID, CREATED, NOW, OTHER_ACCOUNT_ID, Operation, World

DOCUMENT = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}'
OTHER_DOCUMENT = '{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}'
TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'
READERS = f"arn:aws:iam::{ACCOUNT_ID}:policy/Readers"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
BOB = User(account_id=ACCOUNT_ID, name="Bob", id="AIDABOB", created=CREATED)


def put_policy(world: World, name: str = "Readers", **details: object) -> ManagedPolicy:
    policy = ManagedPolicy(
        **{
            "account_id": ACCOUNT_ID,
            "name": name,
            "id": f"ANPA{name.upper()}",
            "created": CREATED,
            "updated": CREATED,
            "versions": (PolicyVersion(id="v1", document=DOCUMENT, created=CREATED),),
        }
        | details
    )
    world.put(policy)
    return policy


@pytest.fixture(scope="module")
def aws_managed() -> dict[str, ManagedPolicy]:
    return load_aws_managed_policies()


@pytest.fixture
def world(aws_managed: dict[str, ManagedPolicy]) -> World:
    """An account that sees AWS's policies."""
    return World(directory=Directory(aws_managed))


# CreatePolicy ---------------------------------------------------------------------------------------------------------


def test_a_new_policy_is_attached_to_nothing_and_answered_without_its_description(world: World) -> None:
    policy = world.run(create_policy, PolicyName="Readers", PolicyDocument=DOCUMENT, Description="Reads.")["Policy"]
    assert policy == {
        "PolicyName": "Readers",
        "PolicyId": policy["PolicyId"],
        "Arn": READERS,
        "Path": "/",
        "DefaultVersionId": "v1",
        "AttachmentCount": 0,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": NOW,
        "UpdateDate": NOW,
    }
    assert policy["PolicyId"].startswith("ANPA")
    assert len(policy["PolicyId"]) == 21
    assert world.account.find_policy(READERS) == ManagedPolicy(
        account_id=ACCOUNT_ID,
        name="Readers",
        id=policy["PolicyId"],
        created=NOW,
        updated=NOW,
        description="Reads.",
        versions=(PolicyVersion(id="v1", document=DOCUMENT, created=NOW),),
    )


def test_a_new_policy_shows_its_tags_in_the_order_given(world: World) -> None:
    tags = [{"Key": "b", "Value": "1"}, {"Key": "B", "Value": ""}, {"Key": "a", "Value": "2"}]
    policy = world.run(create_policy, PolicyName="Readers", PolicyDocument=DOCUMENT, Path="/a/b/", Tags=tags)["Policy"]
    assert policy["Tags"] == tags
    assert policy["Arn"] == f"arn:aws:iam::{ACCOUNT_ID}:policy/a/b/Readers"


@pytest.mark.parametrize("name", ["Readers", "readers"])
def test_one_name_is_one_policy_whatever_its_path_and_case(world: World, name: str) -> None:
    put_policy(world, path="/elsewhere/")
    assert world.refusal(create_policy, PolicyName=name, PolicyDocument=DOCUMENT) == (
        f"EntityAlreadyExists: A policy called {name} already exists. Duplicate names are not allowed."
    )


def test_a_document_is_checked_before_anything_else(world: World) -> None:
    put_policy(world)
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject"}]}'
    assert world.refusal(create_policy, PolicyName="Readers", PolicyDocument=document) == (
        "MalformedPolicyDocument: Policy statement must contain resources."
    )
    assert world.refusal(create_policy, PolicyName="Readers", PolicyDocument="{") == (
        "MalformedPolicyDocument: Syntax errors in policy."
    )
    without_version = DOCUMENT.replace('"Version":"2012-10-17",', "")
    assert world.refusal(create_policy, PolicyName="Readers", PolicyDocument=without_version) == (
        "MalformedPolicyDocument: Policy document must be version 2012-10-17 or greater."
    )


def document_of(length: int) -> str:
    """A document of so many characters, white space not counted."""
    empty = json.loads(DOCUMENT)
    empty["Id"] = ""
    empty["Id"] = "x" * (length - len(json.dumps(empty, separators=(",", ":"))))
    return json.dumps(empty, separators=(",", ":"))


def test_a_document_holds_6144_characters_without_white_space(world: World) -> None:
    longest = document_of(6144)
    spaced = json.dumps(json.loads(longest), indent=8)
    assert len(spaced) > 6144
    world.run(create_policy, PolicyName="Longest", PolicyDocument=spaced)
    assert world.refusal(create_policy, PolicyName="Longer", PolicyDocument=document_of(6145)) == (
        "LimitExceeded: Cannot exceed quota for PolicySize: 6144"
    )


def test_a_long_document_with_a_fault_is_refused_for_the_fault(world: World) -> None:
    faulty = document_of(7000).replace('"s3:GetObject"', '"GetObject"')
    assert world.refusal(create_policy, PolicyName="Faulty", PolicyDocument=faulty) == (
        "MalformedPolicyDocument: Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
    )


def test_an_account_holds_1500_policies(world: World) -> None:
    for number in range(1499):
        put_policy(world, f"policy{number}")
    world.run(create_policy, PolicyName="the1500th", PolicyDocument=DOCUMENT)
    assert world.refusal(create_policy, PolicyName="more", PolicyDocument=DOCUMENT) == (
        "LimitExceeded: Cannot exceed quota for PoliciesPerAccount: 1500"
    )


def test_all_versions_in_use_count_together(world: World) -> None:
    world.put(Settings(account_id=ACCOUNT_ID, created=CREATED, quotas={"PolicyVersionsInUse": 3}))
    put_policy(world)
    world.put(replace(BOB, attached_policies=(ADMINISTRATOR,)))
    world.run(create_policy_version, PolicyArn=READERS, PolicyDocument=DOCUMENT)
    refusal = "LimitExceeded: Cannot exceed quota for PolicyVersionsInUse: 3"
    assert world.refusal(create_policy, PolicyName="more", PolicyDocument=DOCUMENT) == refusal
    assert world.refusal(create_policy_version, PolicyArn=READERS, PolicyDocument=DOCUMENT) == refusal


# GetPolicy ------------------------------------------------------------------------------------------------------------


def test_get_policy_adds_description_and_tags_even_if_there_are_none(world: World) -> None:
    put_policy(world, description="Reads.")
    put_policy(world, "Plain")
    readers = world.run(get_policy, PolicyArn=READERS)["Policy"]
    assert (readers["Description"], readers["Tags"]) == ("Reads.", [])
    plain = world.run(get_policy, PolicyArn=f"arn:aws:iam::{ACCOUNT_ID}:policy/Plain")["Policy"]
    assert "Description" not in plain
    assert plain["Tags"] == []


def test_get_policy_counts_attachments_and_boundaries(world: World) -> None:
    put_policy(world)
    own = {"account_id": ACCOUNT_ID, "created": CREATED}
    world.put(
        User(name="Bob", id="AIDABOB", attached_policies=(READERS,), permissions_boundary=READERS, **own),
        Group(name="Staff", id="AGPASTAFF", attached_policies=(READERS,), **own),
        Role(name="Web", id="AROAWEB", trust_policy=TRUST, permissions_boundary=READERS, **own),
    )
    policy = world.run(get_policy, PolicyArn=READERS)["Policy"]
    assert (policy["AttachmentCount"], policy["PermissionsBoundaryUsageCount"]) == (2, 2)


def test_awss_policies_are_seen_in_every_account(world: World) -> None:
    policy = world.run(get_policy, PolicyArn=ADMINISTRATOR)["Policy"]
    assert (policy["PolicyName"], policy["Arn"], policy["CreateDate"]) == (
        "AdministratorAccess",
        ADMINISTRATOR,
        1_423_247_986,
    )
    assert policy["Tags"] == []


ELSEWHERE = f"arn:aws:iam::{OTHER_ACCOUNT_ID}:policy/Readers"
MISSING = f"arn:aws:iam::{ACCOUNT_ID}:policy/Missing"


@pytest.mark.parametrize("operation", [get_policy, list_policy_versions, list_policy_tags])
@pytest.mark.parametrize("arn", [MISSING, ELSEWHERE, READERS.replace("Readers", "readers"), f"{READERS}/x"])
def test_a_policy_is_found_by_its_exact_arn(world: World, operation: Operation, arn: str) -> None:
    put_policy(world)
    assert world.refusal(operation, PolicyArn=arn) == f"NoSuchEntity: Policy {arn} was not found."


def test_an_arn_that_is_no_policys_is_not_valid(world: World) -> None:
    assert world.refusal(get_policy, PolicyArn="longpolicynamebutnoarn") == (
        "ValidationError: ARN longpolicynamebutnoarn is not valid."
    )
    for arn in (
        f"arn:aws:iam::{ACCOUNT_ID}:user/Readers",
        f"arn:aws-cn:iam::{ACCOUNT_ID}:policy/Readers",
        f"arn:aws:iam:us-east-1:{ACCOUNT_ID}:policy/Readers",
        "arn:aws:s3:::policy/Readers",
        f"{READERS} ",
        f"arn:aws:iam::{ACCOUNT_ID}:policy/",
    ):
        assert world.refusal(get_policy, PolicyArn=arn) == f"InvalidInput: ARN {arn} is not valid."


# Versions -------------------------------------------------------------------------------------------------------------


def test_a_new_version_is_answered_without_its_document(world: World) -> None:
    put_policy(world)
    answer = world.run(create_policy_version, PolicyArn=READERS, PolicyDocument=OTHER_DOCUMENT)
    assert answer == {"PolicyVersion": {"VersionId": "v2", "IsDefaultVersion": False, "CreateDate": NOW}}
    policy = world.run(get_policy, PolicyArn=READERS)["Policy"]
    assert (policy["DefaultVersionId"], policy["CreateDate"], policy["UpdateDate"]) == ("v1", CREATED, NOW)


def test_a_new_version_can_be_the_default_at_once(world: World) -> None:
    put_policy(world)
    answer = world.run(create_policy_version, PolicyArn=READERS, PolicyDocument=OTHER_DOCUMENT, SetAsDefault=True)
    assert answer["PolicyVersion"]["IsDefaultVersion"] is True
    assert world.account.find_policy(READERS).document == OTHER_DOCUMENT


def test_a_version_comes_back_as_it_was_sent(world: World) -> None:
    put_policy(world)
    document = (
        '{ "Version" :"2012-10-17",\n"Statement":{"Action":"s3:*","Effect":"Allow","Resource":"arn:aws:s3:::%41"}}'
    )
    world.run(create_policy_version, PolicyArn=READERS, PolicyDocument=document)
    assert world.run(get_policy_version, PolicyArn=READERS, VersionId="v2") == {
        "PolicyVersion": {"Document": document, "VersionId": "v2", "IsDefaultVersion": False, "CreateDate": NOW}
    }


def test_versions_are_listed_newest_first_and_without_documents(world: World) -> None:
    put_policy(world)
    for _ in range(3):
        world.run(create_policy_version, PolicyArn=READERS, PolicyDocument=DOCUMENT)
    assert world.run(list_policy_versions, PolicyArn=READERS) == {
        "Versions": [
            {"VersionId": "v4", "IsDefaultVersion": False, "CreateDate": NOW},
            {"VersionId": "v3", "IsDefaultVersion": False, "CreateDate": NOW},
            {"VersionId": "v2", "IsDefaultVersion": False, "CreateDate": NOW},
            {"VersionId": "v1", "IsDefaultVersion": True, "CreateDate": CREATED},
        ],
        "IsTruncated": False,
    }


def test_versions_are_paged_newest_first(world: World) -> None:
    put_policy(
        world,
        versions=tuple(PolicyVersion(id=f"v{n}", document=DOCUMENT, created=CREATED) for n in (1, 9, 10, 11)),
        last_version=11,
    )
    first = world.run(list_policy_versions, PolicyArn=READERS, MaxItems=2)
    second = world.run(list_policy_versions, PolicyArn=READERS, MaxItems=2, Marker=first["Marker"])
    assert [version["VersionId"] for version in first["Versions"] + second["Versions"]] == ["v11", "v10", "v9", "v1"]
    assert second["IsTruncated"] is False


def test_a_policy_has_five_versions_and_never_gives_a_number_twice(world: World) -> None:
    put_policy(world)
    for _ in range(4):
        world.run(create_policy_version, PolicyArn=READERS, PolicyDocument=DOCUMENT)
    assert world.refusal(create_policy_version, PolicyArn=READERS, PolicyDocument=DOCUMENT) == (
        "LimitExceeded: A managed policy can have up to 5 versions. "
        "Before you create a new version, you must delete an existing version."
    )
    world.run(delete_policy_version, PolicyArn=READERS, VersionId="v5")
    answer = world.run(create_policy_version, PolicyArn=READERS, PolicyDocument=DOCUMENT)
    assert answer["PolicyVersion"]["VersionId"] == "v6"


def test_the_default_version_is_changed_and_the_old_one_can_go(world: World) -> None:
    put_policy(world)
    world.run(create_policy_version, PolicyArn=READERS, PolicyDocument=OTHER_DOCUMENT)
    assert world.refusal(delete_policy_version, PolicyArn=READERS, VersionId="v1") == (
        "DeleteConflict: Cannot delete the default version of a policy."
    )
    world.time += 60
    world.run(set_default_policy_version, PolicyArn=READERS, VersionId="v2")
    world.run(delete_policy_version, PolicyArn=READERS, VersionId="v1")
    policy = world.account.find_policy(READERS)
    assert (policy.document, policy.updated, len(policy.versions)) == (OTHER_DOCUMENT, NOW + 60, 1)


def test_setting_the_default_version_again_changes_nothing(world: World) -> None:
    put_policy(world)
    assert world.try_run(set_default_policy_version, PolicyArn=READERS, VersionId="v1") == ({}, [])


@pytest.mark.parametrize("operation", [get_policy_version, delete_policy_version, set_default_policy_version])
@pytest.mark.parametrize(("arn", "version"), [(READERS, "v2"), (MISSING, "v1")])
def test_a_version_that_is_not_there(world: World, operation: Operation, arn: str, version: str) -> None:
    put_policy(world)
    assert world.refusal(operation, PolicyArn=arn, VersionId=version) == (
        f"NoSuchEntity: Policy {arn} version {version} does not exist or is not attachable."
    )


def test_a_version_for_a_policy_that_is_not_there(world: World) -> None:
    assert world.refusal(create_policy_version, PolicyArn=MISSING, PolicyDocument=DOCUMENT) == (
        f"NoSuchEntity: Policy {MISSING} was not found."
    )


@pytest.mark.parametrize("arn", [ADMINISTRATOR, ELSEWHERE])
def test_policies_of_aws_and_of_other_accounts_are_not_changed(world: World, arn: str) -> None:
    of_version = {"PolicyArn": arn, "VersionId": "v1"}
    tags = [{"Key": "a", "Value": "b"}]
    assert world.refusal(delete_policy, PolicyArn=arn) == (
        "AccessDenied: Cannot delete policies outside your own account."
    )
    assert world.refusal(create_policy_version, PolicyArn=arn, PolicyDocument=DOCUMENT) == (
        "AccessDenied: Cannot create versions for policies outside your own account."
    )
    assert world.refusal(delete_policy_version, **of_version) == (
        "AccessDenied: Cannot delete policy versions for policies outside your own account."
    )
    assert world.refusal(set_default_policy_version, **of_version) == (
        "AccessDenied: Cannot update policies outside your own account."
    )
    assert world.refusal(tag_policy, PolicyArn=arn, Tags=tags) == (
        "AccessDenied: Cannot tag policies outside your own account."
    )
    assert world.refusal(untag_policy, PolicyArn=arn, TagKeys=["a"]) == (
        "AccessDenied: Cannot untag policies outside your own account."
    )


# DeletePolicy ---------------------------------------------------------------------------------------------------------


def test_a_policy_in_use_is_not_deleted(world: World) -> None:
    put_policy(world)
    conflict = "DeleteConflict: Cannot delete a policy attached to entities."
    world.run(create_policy_version, PolicyArn=READERS, PolicyDocument=DOCUMENT)
    for use in ({"attached_policies": (READERS,)}, {"permissions_boundary": READERS}):
        world.put(replace(BOB, **use))
        assert world.refusal(delete_policy, PolicyArn=READERS) == conflict
    world.put(BOB)
    assert world.refusal(delete_policy, PolicyArn=READERS) == (
        "DeleteConflict: This policy has more than one version. Before you delete a policy, you must delete the "
        "policy's versions. The default version is deleted with the policy."
    )
    world.run(delete_policy_version, PolicyArn=READERS, VersionId="v2")
    assert world.run(delete_policy, PolicyArn=READERS) == {}
    assert world.refusal(delete_policy, PolicyArn=READERS) == f"NoSuchEntity: Policy {READERS} was not found."


def test_a_name_is_free_again_and_gets_a_new_id(world: World) -> None:
    first = world.run(create_policy, PolicyName="Readers", PolicyDocument=DOCUMENT)["Policy"]
    world.run(delete_policy, PolicyArn=READERS)
    second = world.run(create_policy, PolicyName="readers", PolicyDocument=DOCUMENT)["Policy"]
    assert second["PolicyId"] != first["PolicyId"]
    assert second["DefaultVersionId"] == "v1"


# ListPolicies ---------------------------------------------------------------------------------------------------------


def names(answer: dict) -> list[str]:
    return [policy["PolicyName"] for policy in answer["Policies"]]


def test_own_policies_are_listed_by_name_without_description_and_tags(world: World) -> None:
    for name in ("b", "C", "a"):
        put_policy(world, name, description="Reads.", tags=(("a", "b"),))
    answer = world.run(list_policies, Scope="Local")
    assert names(answer) == ["a", "b", "C"]
    assert answer["IsTruncated"] is False
    assert set(answer["Policies"][0]) == {
        "PolicyName",
        "PolicyId",
        "Arn",
        "Path",
        "DefaultVersionId",
        "AttachmentCount",
        "PermissionsBoundaryUsageCount",
        "IsAttachable",
        "CreateDate",
        "UpdateDate",
    }


def test_awss_policies_are_listed_in_the_order_of_their_creation(world: World) -> None:
    answer = world.run(list_policies, Scope="AWS", MaxItems=4)
    assert names(answer) == [
        "AdministratorAccess",
        "PowerUserAccess",
        "ReadOnlyAccess",
        "AWSCloudFormationReadOnlyAccess",
    ]
    assert answer["IsTruncated"] is True


def test_all_policies_are_paged_own_first(world: World, aws_managed: dict[str, ManagedPolicy]) -> None:
    for number in range(150):
        put_policy(world, f"policy{number:03}")
    listed, marker = [], {}
    while marker is not None:
        answer = world.run(list_policies, **marker)
        assert len(answer["Policies"]) <= 100
        listed += answer["Policies"]
        marker = {"Marker": answer["Marker"]} if answer["IsTruncated"] else None
    assert [policy["Arn"] for policy in listed] == [
        *(f"arn:aws:iam::{ACCOUNT_ID}:policy/policy{number:03}" for number in range(150)),
        *aws_managed,
    ]


def test_policies_are_listed_by_path_and_use(world: World) -> None:
    put_policy(world, "Attached", path="/team/blue/")
    put_policy(world, "Boundary", path="/team/red/")
    put_policy(world, "Unused", path="/other/")
    arn = f"arn:aws:iam::{ACCOUNT_ID}:policy/team"
    world.put(
        replace(
            BOB,
            attached_policies=(f"{arn}/blue/Attached", ADMINISTRATOR),
            permissions_boundary=f"{arn}/red/Boundary",
        )
    )
    assert names(world.run(list_policies, PathPrefix="/tea")) == ["Attached", "Boundary"]
    assert names(world.run(list_policies, PathPrefix="/job-function/", MaxItems=1)) == ["ViewOnlyAccess"]
    assert names(world.run(list_policies, OnlyAttached=True)) == ["Attached", "AdministratorAccess"]
    assert names(world.run(list_policies, OnlyAttached=True, Scope="Local")) == ["Attached"]
    assert names(world.run(list_policies, PolicyUsageFilter="PermissionsPolicy", Scope="AWS")) == [
        "AdministratorAccess"
    ]
    assert names(world.run(list_policies, PolicyUsageFilter="PermissionsBoundary")) == ["Boundary"]


def test_a_marker_that_was_not_given_is_refused(world: World) -> None:
    assert world.refusal(list_policies, Marker="AAAA") == "ValidationError: Invalid Marker."


# ListEntitiesForPolicy ------------------------------------------------------------------------------------------------


@pytest.fixture
def staffed(world: World) -> World:
    """Users, groups and roles that have the policy, two of them as their boundary."""
    put_policy(world)
    own, has = {"account_id": ACCOUNT_ID, "created": CREATED}, {"attached_policies": (READERS,)}
    world.put(
        User(name="bob", id="AIDABOB", path="/staff/", **own, **has),
        User(name="Alice", id="AIDAALICE", permissions_boundary=READERS, **own, **has),
        User(name="Carol", id="AIDACAROL", **own),
        Group(name="Team", id="AGPATEAM", path="/staff/", **own, **has),
        Role(name="Web", id="AROAWEB", trust_policy=TRUST, permissions_boundary=READERS, **own),
        Role(name="Job", id="AROAJOB", trust_policy=TRUST, **own, **has),
    )
    return world


def entities(world: World, **filters: object) -> dict[str, list[str]]:
    answer = world.run(list_entities_for_policy, PolicyArn=READERS, **filters)
    return {kind: [entity[f"{kind}Name"] for entity in answer[f"Policy{kind}s"]] for kind in ("Group", "User", "Role")}


def test_entities_are_listed_with_name_and_id(staffed: World) -> None:
    assert staffed.run(list_entities_for_policy, PolicyArn=READERS) == {
        "PolicyGroups": [{"GroupName": "Team", "GroupId": "AGPATEAM"}],
        "PolicyUsers": [
            {"UserName": "Alice", "UserId": "AIDAALICE"},
            {"UserName": "bob", "UserId": "AIDABOB"},
        ],
        "PolicyRoles": [{"RoleName": "Job", "RoleId": "AROAJOB"}, {"RoleName": "Web", "RoleId": "AROAWEB"}],
        "IsTruncated": False,
    }


def test_entities_are_listed_by_kind_path_and_use(staffed: World) -> None:
    nothing = {"Group": [], "User": [], "Role": []}
    assert entities(staffed, EntityFilter="User") == nothing | {"User": ["Alice", "bob"]}
    assert entities(staffed, EntityFilter="Group") == nothing | {"Group": ["Team"]}
    assert entities(staffed, EntityFilter="Role") == nothing | {"Role": ["Job", "Web"]}
    assert entities(staffed, EntityFilter="LocalManagedPolicy") == nothing
    assert entities(staffed, PathPrefix="/staff/") == nothing | {"Group": ["Team"], "User": ["bob"]}
    assert entities(staffed, PolicyUsageFilter="PermissionsBoundary") == nothing | {"User": ["Alice"], "Role": ["Web"]}
    assert entities(staffed, PolicyUsageFilter="PermissionsPolicy") == {
        "Group": ["Team"],
        "User": ["Alice", "bob"],
        "Role": ["Job"],
    }


def test_entities_of_all_kinds_are_paged_together(staffed: World) -> None:
    seen, marker = [], {}
    while marker is not None:
        answer = staffed.run(list_entities_for_policy, PolicyArn=READERS, MaxItems=2, **marker)
        page = [*answer["PolicyGroups"], *answer["PolicyRoles"], *answer["PolicyUsers"]]
        assert len(page) <= 2
        seen += [next(iter(entity.values())) for entity in page]
        marker = {"Marker": answer["Marker"]} if answer["IsTruncated"] else None
    assert sorted(seen) == ["Alice", "Job", "Team", "Web", "bob"]


def test_entities_of_a_policy_that_is_not_there(world: World) -> None:
    assert world.refusal(list_entities_for_policy, PolicyArn=MISSING) == (
        f"NoSuchEntity: Policy {MISSING} does not exist or is not attachable."
    )


# Tags -----------------------------------------------------------------------------------------------------------------


def test_tag_keys_of_policies_are_case_sensitive(world: World) -> None:
    put_policy(world, tags=(("a", "1"),))
    world.run(tag_policy, PolicyArn=READERS, Tags=[{"Key": "A", "Value": "2"}, {"Key": "a", "Value": "3"}])
    assert world.account.find_policy(READERS).tags == (("a", "3"), ("A", "2"))
    world.run(untag_policy, PolicyArn=READERS, TagKeys=["a", "missing"])
    assert world.account.find_policy(READERS).tags == (("A", "2"),)
    assert (
        world.refusal(tag_policy, PolicyArn=READERS, Tags=[{"Key": "b", "Value": "1"}, {"Key": "b", "Value": "2"}])
        == "InvalidInput: Duplicate tag keys found."
    )


def test_shorter_tag_keys_are_listed_first(world: World) -> None:
    put_policy(world, tags=(("abc", "1"), ("b", "2"), ("z", "3"), ("a", "4"), ("A", "5")))
    first = world.run(list_policy_tags, PolicyArn=READERS, MaxItems=3)
    rest = world.run(list_policy_tags, PolicyArn=READERS, Marker=first["Marker"])
    assert [tag["Key"] for tag in first["Tags"]] == ["A", "a", "b"]
    assert rest == {"Tags": [{"Key": "z", "Value": "3"}, {"Key": "abc", "Value": "1"}], "IsTruncated": False}


def test_tags_of_a_policy_that_is_not_there(world: World) -> None:
    not_found = f"NoSuchEntity: Policy {MISSING} was not found."
    assert world.refusal(tag_policy, PolicyArn=MISSING, Tags=[{"Key": "a", "Value": "b"}]) == not_found
    assert world.refusal(untag_policy, PolicyArn=MISSING, TagKeys=["a"]) == not_found

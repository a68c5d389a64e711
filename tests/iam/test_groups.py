"""Groups and who is in them."""

import pytest

from iamd.account.records import Group, LastUsed, User
from iamd.iam.access_keys import create_access_key
from iamd.iam.groups import (
    add_user_to_group,
    create_group,
    delete_group,
    get_group,
    list_groups,
    list_groups_for_user,
    remove_user_from_group,
    update_group,
)
from iamd.iam.login_profiles import create_login_profile
from iamd.iam.mfa_devices import enable_mfa_device
from iamd.iam.service_specific_credentials import create_service_specific_credential
from iamd.iam.signing_certificates import upload_signing_certificate
from iamd.iam.ssh_public_keys import upload_ssh_public_key
from iamd.wire.models import load_service
from tests.iam.world import ACCOUNT_ID, CREATED, NOW, Operation, World


def put_user(world: World, name: str, *group_ids: str) -> User:
    user = User(account_id=ACCOUNT_ID, name=name, id=f"AIDA{name.upper()}", created=CREATED, group_ids=group_ids)
    world.put(user)
    return user


def put_group(world: World, name: str, **details: object) -> Group:
    group = Group(**{"account_id": ACCOUNT_ID, "name": name, "id": f"AGPA{name.upper()}", "created": CREATED} | details)
    world.put(group)
    return group


def test_a_new_group_is_empty(world: World) -> None:
    group = world.run(create_group, GroupName="Readers", Path="/div/")["Group"]
    assert group == {
        "Path": "/div/",
        "GroupName": "Readers",
        "GroupId": group["GroupId"],
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:group/div/Readers",
        "CreateDate": NOW,
    }
    assert group["GroupId"].startswith("AGPA")
    assert world.run(get_group, GroupName="Readers") == {"Group": group, "Users": [], "IsTruncated": False}


def test_group_names_that_differ_only_in_case_are_one_name(world: World) -> None:
    put_group(world, "Readers")
    assert world.refusal(create_group, GroupName="READERS") == (
        "EntityAlreadyExists: Group with name READERS already exists."
    )
    assert world.refusal(get_group, GroupName="READERS") == (
        "NoSuchEntity: The group with name READERS cannot be found."
    )


def test_an_account_holds_300_groups(world: World) -> None:
    for number in range(300):
        world.run(create_group, GroupName=f"group{number}")
    assert world.refusal(create_group, GroupName="Readers") == (
        "LimitExceeded: Cannot exceed quota for GroupsPerAccount: 300"
    )


# Membership -----------------------------------------------------------------------------------------------------------


def test_membership_is_seen_from_both_sides(world: World) -> None:
    put_user(world, "Bob")
    for name in ("Writers", "Readers"):
        put_group(world, name)
        world.run(add_user_to_group, UserName="Bob", GroupName=name)
    bob = {
        "Path": "/",
        "UserName": "Bob",
        "UserId": "AIDABOB",
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:user/Bob",
        "CreateDate": CREATED,
    }
    assert world.run(get_group, GroupName="Readers")["Users"] == [bob]
    groups = world.run(list_groups_for_user, UserName="Bob")
    assert [group["GroupName"] for group in groups["Groups"]] == ["Readers", "Writers"]
    assert groups["IsTruncated"] is False


def test_joining_twice_and_leaving_twice_succeed(world: World) -> None:
    put_user(world, "Bob")
    put_group(world, "Readers")
    for _ in range(2):
        assert world.run(add_user_to_group, UserName="Bob", GroupName="Readers") == {}
        assert world.account.get_user("Bob").group_ids == ("AGPAREADERS",)
    for _ in range(2):
        assert world.run(remove_user_from_group, UserName="Bob", GroupName="Readers") == {}
        assert world.account.get_user("Bob").group_ids == ()


def test_a_user_is_in_at_most_10_groups(world: World) -> None:
    put_user(world, "Bob")
    for number in range(11):
        put_group(world, f"group{number}")
    for number in range(10):
        world.run(add_user_to_group, UserName="Bob", GroupName=f"group{number}")
    assert world.refusal(add_user_to_group, UserName="Bob", GroupName="group10") == (
        "LimitExceeded: Cannot exceed quota for GroupsPerUser: 10"
    )
    assert world.run(add_user_to_group, UserName="Bob", GroupName="group9") == {}


@pytest.mark.parametrize("operation", [add_user_to_group, remove_user_from_group])
def test_the_user_is_looked_for_before_the_group(world: World, operation) -> None:
    assert world.refusal(operation, UserName="Bob", GroupName="Readers") == (
        "NoSuchEntity: The user with name Bob cannot be found."
    )
    put_user(world, "Bob")
    assert world.refusal(operation, UserName="Bob", GroupName="Readers") == (
        "NoSuchEntity: The group with name Readers cannot be found."
    )


def test_a_group_is_no_member(world: World) -> None:
    put_group(world, "Readers")
    put_group(world, "Writers")
    assert world.refusal(add_user_to_group, UserName="Writers", GroupName="Readers") == (
        "NoSuchEntity: The user with name Writers cannot be found."
    )


@pytest.mark.parametrize(
    ("operation", "input"),
    [
        (create_access_key, {}),
        (create_login_profile, {"Password": "correct-Horse-7-battery"}),
        (
            enable_mfa_device,
            {"SerialNumber": "phone", "AuthenticationCode1": "123456", "AuthenticationCode2": "654321"},
        ),
        (upload_signing_certificate, {"CertificateBody": "-----BEGIN CERTIFICATE-----"}),
        (upload_ssh_public_key, {"SSHPublicKeyBody": "ssh-rsa AAAA"}),
        (create_service_specific_credential, {"ServiceName": "codecommit.amazonaws.com"}),
    ],
)
def test_a_group_holds_no_credential(world: World, operation: Operation, input: dict[str, str]) -> None:
    put_group(world, "Readers")
    assert world.refusal(operation, UserName="Readers", **input) == (
        "NoSuchEntity: The user with name Readers cannot be found."
    )


def test_what_can_be_done_to_a_group_has_to_do_with_members_and_policies_alone() -> None:
    operations = load_service("iam").operations.values()
    assert {each.name for each in operations if each.input and "GroupName" in each.input.members} == {
        *("CreateGroup", "GetGroup", "UpdateGroup", "DeleteGroup", "AddUserToGroup", "RemoveUserFromGroup"),
        *("AttachGroupPolicy", "DetachGroupPolicy", "ListAttachedGroupPolicies"),
        *("PutGroupPolicy", "GetGroupPolicy", "DeleteGroupPolicy", "ListGroupPolicies"),
    }


def test_members_are_listed_by_name_page_by_page(world: World) -> None:
    put_group(world, "Readers")
    for name in ("carol", "Bob", "alice"):
        bob = put_user(world, name, "AGPAREADERS")
        world.put(LastUsed(id=bob.id, time=NOW, service="signin", region="us-east-1"))
    first = world.run(get_group, GroupName="Readers", MaxItems=2)
    second = world.run(get_group, GroupName="Readers", MaxItems=2, Marker=first["Marker"])
    assert [user["UserName"] for user in first["Users"] + second["Users"]] == ["alice", "Bob", "carol"]
    assert "PasswordLastUsed" not in first["Users"][0]
    assert (first["IsTruncated"], second["IsTruncated"]) == (True, False)


# UpdateGroup, DeleteGroup, ListGroups ---------------------------------------------------------------------------------


def test_a_renamed_group_keeps_members_and_policies(world: World) -> None:
    readers = put_group(world, "Readers", inline_policies={"Inline": "{}"})
    bob = put_user(world, "Bob", readers.id)
    assert world.run(update_group, GroupName="Readers", NewGroupName="Guests", NewPath="/div/") == {}
    guests = world.account.get_group("Guests")
    assert (guests.id, guests.path, guests.inline_policies) == (readers.id, "/div/", {"Inline": "{}"})
    assert world.account.members(guests) == [bob]
    assert world.account.groups_of(bob) == [guests]
    assert [group.name for group in world.account.groups] == ["Guests"]
    world.verify_indexes()


def test_a_group_can_change_the_case_of_its_name(world: World) -> None:
    readers = put_group(world, "Readers")
    bob = put_user(world, "Bob", readers.id)
    world.run(update_group, GroupName="Readers", NewGroupName="READERS")
    assert [group.name for group in world.account.groups_of(bob)] == ["READERS"]
    world.verify_indexes()


def test_a_group_cannot_take_anothers_name(world: World) -> None:
    put_group(world, "Readers")
    put_group(world, "Writers")
    assert world.refusal(update_group, GroupName="Readers", NewGroupName="writers") == (
        "EntityAlreadyExists: Group with name writers already exists."
    )
    assert world.refusal(update_group, GroupName="Guests", NewGroupName="Readers") == (
        "NoSuchEntity: The group with name Guests cannot be found."
    )


def test_only_an_empty_group_can_be_deleted(world: World) -> None:
    put_user(world, "Bob", "AGPAREADERS")
    has = {"attached_policies": ("arn:aws:iam::aws:policy/ReadOnlyAccess",), "inline_policies": {"Inline": "{}"}}
    put_group(world, "Readers", **has)
    told = [world.refusal(delete_group, GroupName="Readers")]
    world.run(remove_user_from_group, UserName="Bob", GroupName="Readers")
    told.append(world.refusal(delete_group, GroupName="Readers"))
    put_group(world, "Readers", **has | {"attached_policies": ()})
    told.append(world.refusal(delete_group, GroupName="Readers"))
    assert told == [
        "DeleteConflict: Cannot delete entity, must remove users from group first.",
        "DeleteConflict: Cannot delete entity, must detach all policies first.",
        "DeleteConflict: Cannot delete entity, must delete policies first.",
    ]
    put_group(world, "Readers")
    assert world.run(delete_group, GroupName="Readers") == {}
    assert world.refusal(delete_group, GroupName="Readers") == (
        "NoSuchEntity: The group with name Readers cannot be found."
    )


def test_groups_are_listed_by_name_and_path_prefix(world: World) -> None:
    for name, path in (("writers", "/div/x/"), ("Admins", "/"), ("Readers", "/div/")):
        put_group(world, name, path=path)
    assert [group["GroupName"] for group in world.run(list_groups)["Groups"]] == ["Admins", "Readers", "writers"]
    listed = world.run(list_groups, PathPrefix="/di")["Groups"]
    assert [group["GroupName"] for group in listed] == ["Readers", "writers"]
    assert world.run(list_groups, PathPrefix="/none/") == {"Groups": [], "IsTruncated": False}

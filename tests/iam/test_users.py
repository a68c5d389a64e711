"""Users: creating, reading, renaming and deleting them, their boundary and their tags."""

import pytest

from iamd.account.records import AccessKey, Group, LastUsed, ManagedPolicy, PolicyVersion, User
from iamd.iam.users import (
    create_user,
    delete_user,
    delete_user_permissions_boundary,
    get_user,
    list_user_tags,
    list_users,
    put_user_permissions_boundary,
    tag_user,
    untag_user,
    update_user,
)
from tests.iam.world import ACCOUNT_ID, CREATED, NOW, World

BOUNDARY = f"arn:aws:iam::{ACCOUNT_ID}:policy/limits/Boundary"


def put_user(world: World, name: str = "Bob", **details: object) -> User:
    user = User(**{"account_id": ACCOUNT_ID, "name": name, "id": f"AIDA{name.upper()}", "created": CREATED} | details)
    world.put(user)
    return user


def put_boundary(world: World) -> None:
    world.put(
        ManagedPolicy(
            account_id=ACCOUNT_ID,
            name="Boundary",
            path="/limits/",
            id="ANPABOUNDARY",
            created=CREATED,
            updated=CREATED,
            versions=(PolicyVersion(id="v1", document="{}", created=CREATED),),
        )
    )


# CreateUser -----------------------------------------------------------------------------------------------------------


def test_a_new_user_has_what_was_asked_for_and_nothing_else(world: World) -> None:
    user = world.run(create_user, UserName="Bob")["User"]
    assert user == {
        "Path": "/",
        "UserName": "Bob",
        "UserId": user["UserId"],
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:user/Bob",
        "CreateDate": NOW,
    }
    assert user["UserId"].startswith("AIDA")
    assert len(user["UserId"]) == 21
    assert world.account.find_user("Bob") == User(
        account_id=ACCOUNT_ID, name="Bob", id=user["UserId"], created=NOW
    )  # no groups, no policies, no keys


def test_a_new_user_takes_a_path_a_boundary_and_tags(world: World) -> None:
    put_boundary(world)
    tags = [{"Key": "team", "Value": "blue"}, {"Key": "Cost", "Value": ""}]
    user = world.run(create_user, UserName="Bob", Path="/div//x/", PermissionsBoundary=BOUNDARY, Tags=tags)["User"]
    assert user == {
        "Path": "/div//x/",
        "UserName": "Bob",
        "UserId": user["UserId"],
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:user/div//x/Bob",
        "CreateDate": NOW,
        "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": BOUNDARY},
        "Tags": tags,
    }


@pytest.mark.parametrize("name", ["Bob", "bob", "BOB"])
def test_names_that_differ_only_in_case_are_one_name(world: World, name: str) -> None:
    put_user(world, "Bob", path="/elsewhere/")
    expected = f"EntityAlreadyExists: User with name {name} already exists."
    assert world.refusal(create_user, UserName=name) == expected


def test_a_boundary_must_be_a_policy_that_is_there(world: World) -> None:
    missing = f"arn:aws:iam::{ACCOUNT_ID}:policy/Missing"
    assert world.refusal(create_user, UserName="Bob", PermissionsBoundary=missing) == (
        f"NoSuchEntity: Scope ARN: {missing} does not exist or is not attachable."
    )
    role = f"arn:aws:iam::{ACCOUNT_ID}:role/Role"
    assert world.refusal(create_user, UserName="Bob", PermissionsBoundary=role) == (
        f"InvalidInput: ARN {role} is not valid."
    )


def test_an_account_holds_5000_users(world: World) -> None:
    for number in range(5_000):
        world.run(create_user, UserName=f"user{number}")
    assert world.refusal(create_user, UserName="Bob") == (
        "LimitExceeded: Cannot exceed quota for UsersPerAccount: 5000"
    )
    assert world.refusal(create_user, UserName="USER17") == (
        "EntityAlreadyExists: User with name USER17 already exists."
    )


def test_a_refused_creation_changes_nothing(world: World) -> None:
    before = world.records()
    world.refusal(create_user, UserName="Bob", Tags=[{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}])
    assert world.records() == before


# GetUser --------------------------------------------------------------------------------------------------------------


def test_a_user_is_found_by_its_exact_name(world: World) -> None:
    bob = put_user(world)
    assert world.run(get_user, UserName="Bob")["User"]["UserId"] == bob.id
    assert world.refusal(get_user, UserName="bob") == "NoSuchEntity: The user with name bob cannot be found."


def test_a_user_who_names_nobody_asks_about_itself(world: World) -> None:
    put_user(world)
    assert world.run(get_user, world.user("Bob")) == world.run(get_user, UserName="Bob")


def test_a_user_renamed_since_it_signed_still_asks_about_itself(world: World) -> None:
    put_user(world)
    bob = world.user("Bob")
    world.run(update_user, UserName="Bob", NewUserName="Robert")
    put_user(world, "Bob", id="AIDAANOTHERBOB")
    assert world.run(get_user, bob)["User"]["UserName"] == "Robert"


def test_a_user_deleted_since_it_signed_is_not_found(world: World) -> None:
    put_user(world)
    bob = world.user("Bob")
    world.run(delete_user, UserName="Bob")
    assert world.refusal(get_user, bob) == "NoSuchEntity: The user with name Bob cannot be found."


def test_root_who_names_nobody_is_shown_without_a_name(world: World) -> None:
    assert world.run(get_user) == {
        "User": {"UserId": ACCOUNT_ID, "Arn": f"arn:aws:iam::{ACCOUNT_ID}:root", "CreateDate": CREATED}
    }


def test_a_role_session_must_name_a_user(world: World) -> None:
    assert world.refusal(get_user, world.role()) == (
        "ValidationError: Must specify userName when calling with non-User credentials"
    )


def test_only_get_and_list_tell_when_a_password_was_last_used(world: World) -> None:
    bob = put_user(world, group_ids=())
    world.put(LastUsed(id=bob.id, time=NOW - 60, service="signin", region="us-east-1"))
    assert world.run(get_user, UserName="Bob")["User"]["PasswordLastUsed"] == NOW - 60
    assert world.run(list_users)["Users"][0]["PasswordLastUsed"] == NOW - 60


# UpdateUser -----------------------------------------------------------------------------------------------------------


def test_a_renamed_user_keeps_all_but_its_name_and_path(world: World) -> None:
    world.put(Group(account_id=ACCOUNT_ID, name="Readers", id="AGPAREADERS", created=CREATED))
    bob = put_user(world, tags=(("team", "blue"),), group_ids=("AGPAREADERS",), inline_policies={"Inline": "{}"})
    world.put(AccessKey(id="AKIAIOSFODNN7EXAMPLE", owner_id=bob.id, sealed_secret="sealed", created=CREATED))
    assert world.run(update_user, UserName="Bob", NewUserName="Robert", NewPath="/people/") == {}
    assert world.refusal(get_user, UserName="Bob") == "NoSuchEntity: The user with name Bob cannot be found."
    robert = world.account.get_user("Robert")
    assert (robert.id, robert.arn) == (bob.id, f"arn:aws:iam::{ACCOUNT_ID}:user/people/Robert")
    assert (robert.tags, robert.inline_policies) == (bob.tags, bob.inline_policies)
    assert world.account.members(world.account.get_group("Readers")) == [robert]
    assert [key.id for key in world.account.access_keys_of(robert.id)] == ["AKIAIOSFODNN7EXAMPLE"]
    world.verify_indexes()


@pytest.mark.parametrize(
    ("change", "name", "path"),
    [
        ({"NewUserName": "BOB"}, "BOB", "/"),
        ({"NewPath": "/a/"}, "Bob", "/a/"),
        ({"NewUserName": "Bob", "NewPath": "/"}, "Bob", "/"),
        ({}, "Bob", "/"),
    ],
)
def test_a_user_can_change_the_case_of_its_name_or_its_path_alone(
    world: World, change: dict[str, str], name: str, path: str
) -> None:
    bob = put_user(world)
    world.run(update_user, UserName="Bob", **change)
    assert list(world.account.users) == [world.account.get_user(name)]
    assert (world.account.get_user(name).path, world.account.get_user(name).id) == (path, bob.id)
    world.verify_indexes()


def test_a_user_cannot_take_anothers_name(world: World) -> None:
    put_user(world)
    put_user(world, "Alice")
    assert world.refusal(update_user, UserName="Bob", NewUserName="ALICE") == (
        "EntityAlreadyExists: User with name ALICE already exists."
    )


# DeleteUser -----------------------------------------------------------------------------------------------------------


def test_a_deleted_user_takes_tags_and_boundary_along(world: World) -> None:
    put_boundary(world)
    bob = put_user(world, permissions_boundary=BOUNDARY, tags=(("team", "blue"),))
    world.put(LastUsed(id=bob.id, time=NOW, service="signin", region="us-east-1"))
    assert world.run(delete_user, UserName="Bob") == {}
    assert set(world.records()) == {"settings", "policy"}
    assert world.account.bounded_by(BOUNDARY) == []
    world.verify_indexes()


def test_what_a_user_still_has_is_told_one_by_one_policies_first(world: World) -> None:
    world.put(Group(account_id=ACCOUNT_ID, name="Readers", id="AGPAREADERS", created=CREATED))
    policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    has = {"attached_policies": (policy,), "inline_policies": {"Inline": "{}"}, "group_ids": ("AGPAREADERS",)}
    bob = put_user(world, **has)
    world.put(AccessKey(id="AKIAIOSFODNN7EXAMPLE", owner_id=bob.id, sealed_secret="sealed", created=CREATED))
    told = []
    for empty in ({"attached_policies": ()}, {"inline_policies": {}}, {"group_ids": ()}, {}):
        told.append(world.refusal(delete_user, UserName="Bob"))
        put_user(world, **(has := has | empty))
    assert told == [
        "DeleteConflict: Cannot delete entity, must detach all policies first.",
        "DeleteConflict: Cannot delete entity, must delete policies first.",
        "DeleteConflict: Cannot delete entity, must remove users from group first.",
        "DeleteConflict: Cannot delete entity, must delete access keys first.",
    ]


def test_only_a_user_that_is_there_can_be_changed(world: World) -> None:
    not_found = "NoSuchEntity: The user with name Bob cannot be found."
    assert world.refusal(delete_user, UserName="Bob") == not_found
    assert world.refusal(update_user, UserName="Bob", NewUserName="Robert") == not_found
    assert world.refusal(put_user_permissions_boundary, UserName="Bob", PermissionsBoundary=BOUNDARY) == not_found
    assert world.refusal(delete_user_permissions_boundary, UserName="Bob") == not_found
    assert world.refusal(tag_user, UserName="Bob", Tags=[]) == not_found
    assert world.refusal(untag_user, UserName="Bob", TagKeys=[]) == not_found
    assert world.refusal(list_user_tags, UserName="Bob") == not_found


# ListUsers ------------------------------------------------------------------------------------------------------------


def test_users_are_listed_by_name_without_tags_and_boundary(world: World) -> None:
    for name in ("bob", "Alice", "Carol"):
        put_user(world, name, tags=(("team", "blue"),), permissions_boundary=BOUNDARY)
    answer = world.run(list_users)
    assert [user["UserName"] for user in answer["Users"]] == ["Alice", "bob", "Carol"]
    assert answer["Users"][0] == {
        "Path": "/",
        "UserName": "Alice",
        "UserId": "AIDAALICE",
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:user/Alice",
        "CreateDate": CREATED,
    }
    assert answer["IsTruncated"] is False


def test_a_path_prefix_is_a_plain_prefix(world: World) -> None:
    for name, path in (("Bob", "/team-one/"), ("Alice", "/team-two/"), ("Carol", "/other/"), ("Dan", "/")):
        put_user(world, name, path=path)
    listed = world.run(list_users, PathPrefix="/team")["Users"]
    assert [user["UserName"] for user in listed] == ["Alice", "Bob"]


def test_users_are_listed_page_by_page(world: World) -> None:
    for name in "edcba":
        put_user(world, name)
    first = world.run(list_users, MaxItems=2)
    second = world.run(list_users, MaxItems=2, Marker=first["Marker"])
    third = world.run(list_users, MaxItems=2, Marker=second["Marker"])
    assert [[user["UserName"] for user in page["Users"]] for page in (first, second, third)] == [
        ["a", "b"],
        ["c", "d"],
        ["e"],
    ]
    assert [page["IsTruncated"] for page in (first, second, third)] == [True, True, False]


# Permissions boundary -------------------------------------------------------------------------------------------------


def test_a_boundary_is_set_replaced_and_removed(world: World) -> None:
    put_boundary(world)
    put_user(world)
    world.run(put_user_permissions_boundary, UserName="Bob", PermissionsBoundary=BOUNDARY)
    world.run(put_user_permissions_boundary, UserName="Bob", PermissionsBoundary=BOUNDARY)
    assert [user.name for user in world.account.bounded_by(BOUNDARY)] == ["Bob"]
    assert world.run(delete_user_permissions_boundary, UserName="Bob") == {}
    assert world.refusal(delete_user_permissions_boundary, UserName="Bob") == (
        f"NoSuchEntity: Principal {world.account.get_user('Bob').id} does not have scope"
    )
    assert "PermissionsBoundary" not in world.run(get_user, UserName="Bob")["User"]
    assert world.account.bounded_by(BOUNDARY) == []

"""Access keys of users and of root: how many, whose, in which order, and that their secret is shown once."""

import msgspec
import pytest

from iamd.account.ids import find_account_id
from iamd.account.records import AccessKey, LastUsed
from iamd.call import Session
from iamd.iam.access_keys import (
    create_access_key,
    delete_access_key,
    get_access_key_last_used,
    list_access_keys,
    update_access_key,
)
from iamd.iam.users import update_user
from tests.iam.world import ACCOUNT_ID, CREATED, NOW, World

KEY_ID = "AKIAIOSFODNN7EXAMPLE"
NOT_FOUND = f"NoSuchEntity: The Access Key with id {KEY_ID} cannot be found."
MUST_NAME = "ValidationError: Must specify userName when calling with non-User credentials"

pytestmark = pytest.mark.usefixtures("bob_and_alice")


def put_key(world: World, owner_id: str, key_id: str = KEY_ID) -> None:
    world.put(AccessKey(id=key_id, owner_id=owner_id, sealed_secret="sealed", created=CREATED))


# CreateAccessKey ------------------------------------------------------------------------------------------------------


def test_a_new_key_shows_its_secret_once(world: World) -> None:
    key = world.run(create_access_key, UserName="Bob")["AccessKey"]
    assert key == {
        "UserName": "Bob",
        "AccessKeyId": key["AccessKeyId"],
        "Status": "Active",
        "SecretAccessKey": key["SecretAccessKey"],
        "CreateDate": NOW,
    }
    assert len(key["SecretAccessKey"]) == 40
    assert find_account_id(key["AccessKeyId"]) == ACCOUNT_ID
    assert world.run(list_access_keys, UserName="Bob") == {
        "AccessKeyMetadata": [
            {"UserName": "Bob", "AccessKeyId": key["AccessKeyId"], "Status": "Active", "CreateDate": NOW}
        ],
        "IsTruncated": False,
    }


def test_a_secret_is_stored_sealed_for_its_key_id(world: World) -> None:
    created = world.run(create_access_key, UserName="Bob")["AccessKey"]
    [key] = world.account.access_keys_of("AIDABOB")
    assert created["SecretAccessKey"].encode() not in msgspec.json.encode(key)
    assert world.sealer.unseal(key.sealed_secret, key.id).decode() == created["SecretAccessKey"]


def test_a_user_has_at_most_two_keys_active_or_not(world: World) -> None:
    first = world.run(create_access_key, UserName="Bob")["AccessKey"]
    world.run(create_access_key, UserName="Bob")
    world.run(update_access_key, UserName="Bob", AccessKeyId=first["AccessKeyId"], Status="Inactive")
    assert world.refusal(create_access_key, UserName="Bob") == (
        "LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2"
    )
    world.run(create_access_key, UserName="Alice")


def test_root_has_at_most_two_keys_without_a_user_name(world: World) -> None:
    keys = [world.run(create_access_key)["AccessKey"] for _ in range(2)]
    assert all("UserName" not in key for key in keys)
    assert world.refusal(create_access_key) == "LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2"
    listed = world.run(list_access_keys)["AccessKeyMetadata"]
    assert listed == [{"AccessKeyId": key["AccessKeyId"], "Status": "Active", "CreateDate": NOW} for key in keys]
    assert world.account.access_keys_of("AIDABOB") == []


def test_an_id_that_is_taken_is_not_given_again(world: World) -> None:
    taken = world.call("CreateAccessKey").new_access_key_id()
    put_key(world, "AIDAALICE", taken)
    world.rewind()
    created = world.run(create_access_key, UserName="Bob")["AccessKey"]["AccessKeyId"]
    assert created != taken
    assert world.account.access_keys.find(taken).owner_id == "AIDAALICE"


# Whose key ------------------------------------------------------------------------------------------------------------


def test_a_user_who_names_nobody_has_its_own_keys_in_hand(world: World) -> None:
    bob = world.user("Bob")
    key_id = world.run(create_access_key, bob)["AccessKey"]["AccessKeyId"]
    world.run(update_access_key, bob, AccessKeyId=key_id, Status="Inactive")
    assert world.run(list_access_keys, bob)["AccessKeyMetadata"] == [
        {"UserName": "Bob", "AccessKeyId": key_id, "Status": "Inactive", "CreateDate": NOW}
    ]
    assert world.run(delete_access_key, bob, AccessKeyId=key_id) == {}
    assert world.run(list_access_keys, bob) == {"AccessKeyMetadata": [], "IsTruncated": False}


@pytest.mark.parametrize(
    ("operation", "input"),
    [
        (create_access_key, {}),
        (list_access_keys, {}),
        (delete_access_key, {"AccessKeyId": KEY_ID}),
        (update_access_key, {"AccessKeyId": KEY_ID, "Status": "Active"}),
    ],
)
def test_a_role_session_must_name_a_user(world: World, operation, input: dict[str, str]) -> None:
    assert world.refusal(operation, world.role(), **input) == MUST_NAME


def test_updating_with_temporary_credentials_takes_a_user_name(world: World) -> None:
    put_key(world, "AIDABOB")
    bob = msgspec.structs.replace(world.user("Bob"), session=Session(issued=NOW, expires=NOW + 3600))
    assert world.refusal(update_access_key, bob, AccessKeyId=KEY_ID, Status="Inactive") == MUST_NAME
    world.run(update_access_key, bob, UserName="Bob", AccessKeyId=KEY_ID, Status="Inactive")
    assert not world.account.access_keys.find(KEY_ID).active


@pytest.mark.parametrize("owner_id", ["AIDAALICE", ACCOUNT_ID])
def test_a_key_is_found_only_under_its_owner(world: World, owner_id: str) -> None:
    put_key(world, owner_id)
    for caller in (world.root, world.user("Bob")):
        named = {"UserName": "Bob", "AccessKeyId": KEY_ID}
        assert world.refusal(delete_access_key, caller, **named) == NOT_FOUND
        assert world.refusal(update_access_key, caller, **named, Status="Inactive") == NOT_FOUND
    assert world.refusal(delete_access_key, world.user("Bob"), AccessKeyId=KEY_ID) == NOT_FOUND


def test_root_naming_nobody_does_not_reach_users_keys(world: World) -> None:
    put_key(world, "AIDABOB")
    assert world.refusal(delete_access_key, AccessKeyId=KEY_ID) == NOT_FOUND


def test_the_user_is_looked_for_before_the_key(world: World) -> None:
    not_found = "NoSuchEntity: The user with name Nobody cannot be found."
    assert world.refusal(create_access_key, UserName="Nobody") == not_found
    assert world.refusal(list_access_keys, UserName="Nobody") == not_found
    assert world.refusal(delete_access_key, UserName="Nobody", AccessKeyId=KEY_ID) == not_found


def test_keys_show_their_owners_new_name(world: World) -> None:
    put_key(world, "AIDABOB")
    world.run(update_user, UserName="Bob", NewUserName="Robert")
    assert world.run(list_access_keys, UserName="Robert")["AccessKeyMetadata"][0]["UserName"] == "Robert"
    assert world.run(get_access_key_last_used, AccessKeyId=KEY_ID)["UserName"] == "Robert"


# Status, order, deletion ----------------------------------------------------------------------------------------------


def test_keys_of_one_second_stay_in_the_order_of_creation(world: World) -> None:
    for _ in range(8):
        created = [world.run(create_access_key, UserName="Bob")["AccessKey"]["AccessKeyId"] for _ in range(2)]
        world.run(update_access_key, UserName="Bob", AccessKeyId=created[0], Status="Inactive")
        listed = world.run(list_access_keys, UserName="Bob")["AccessKeyMetadata"]
        assert [key["AccessKeyId"] for key in listed] == created
        first = world.run(list_access_keys, UserName="Bob", MaxItems=1)
        rest = world.run(list_access_keys, UserName="Bob", Marker=first["Marker"])
        assert [key["AccessKeyId"] for key in first["AccessKeyMetadata"] + rest["AccessKeyMetadata"]] == created
        for key_id in created:
            world.run(delete_access_key, UserName="Bob", AccessKeyId=key_id)
        world.verify_indexes()


def test_a_status_is_active_or_inactive(world: World) -> None:
    put_key(world, "AIDABOB")
    named = {"UserName": "Bob", "AccessKeyId": KEY_ID}
    for status, active in (("Inactive", False), ("Inactive", False), ("Active", True)):
        assert world.run(update_access_key, **named, Status=status) == {}
        assert world.account.access_keys.find(KEY_ID).active is active
    assert world.refusal(update_access_key, **named, Status="Expired") == (
        "ValidationError: 1 validation error detected: Value at 'status' failed to satisfy constraint: "
        "Member must satisfy enum value set"
    )


def test_a_deleted_key_takes_its_last_use_along(world: World) -> None:
    put_key(world, "AIDABOB")
    world.put(LastUsed(id=KEY_ID, time=NOW, service="iam", region="us-east-1"))
    world.run(delete_access_key, UserName="Bob", AccessKeyId=KEY_ID)
    assert set(world.records()) == {"settings", "user"}
    assert world.refusal(delete_access_key, UserName="Bob", AccessKeyId=KEY_ID) == NOT_FOUND


# GetAccessKeyLastUsed -------------------------------------------------------------------------------------------------


def test_the_last_use_of_a_key_is_told(world: World) -> None:
    put_key(world, "AIDABOB")
    assert world.run(get_access_key_last_used, AccessKeyId=KEY_ID) == {
        "UserName": "Bob",
        "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"},
    }
    world.put(LastUsed(id=KEY_ID, time=NOW - 900, service="sts", region="eu-west-1"))
    assert world.run(get_access_key_last_used, AccessKeyId=KEY_ID) == {
        "UserName": "Bob",
        "AccessKeyLastUsed": {"LastUsedDate": NOW - 900, "ServiceName": "sts", "Region": "eu-west-1"},
    }


def test_a_root_key_has_no_user_name(world: World) -> None:
    put_key(world, ACCOUNT_ID)
    assert world.run(get_access_key_last_used, AccessKeyId=KEY_ID) == {
        "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}
    }


def test_an_unknown_key_is_denied_not_missing(world: World) -> None:
    assert world.refusal(get_access_key_last_used, world.user("Bob"), AccessKeyId=KEY_ID) == (
        f"AccessDenied: User: arn:aws:iam::{ACCOUNT_ID}:user/Bob is not authorized to perform "
        f"iam:GetAccessKeyLastUsed on resource: access key {KEY_ID}"
    )

"""Who calls, and to which account an access key belongs."""

import pytest

from iamd.account.ids import new_access_key_id
from iamd.account.records import User
from iamd.call import Caller
from iamd.errors import ValidationError
from iamd.sts.caller_identity import get_access_key_info, get_caller_identity
from tests.iam.world import ACCOUNT_ID, CREATED, OTHER_ACCOUNT_ID, World


@pytest.fixture
def world() -> World:
    """An account with a user, and another account hosted beside it."""
    world = World()
    world.directory.account_ids.add(OTHER_ACCOUNT_ID)
    world.put(User(account_id=ACCOUNT_ID, name="Bob", path="/staff/", id="AIDAEXAMPLEEXAMPLE123", created=CREATED))
    return world


def identity(world: World, caller: Caller) -> dict[str, str]:
    output, changes = get_caller_identity(world.account, {}, world.call("GetCallerIdentity", caller))
    assert changes == []
    return output


def test_the_root_user_is_its_account(world: World) -> None:
    assert identity(world, world.root) == {
        "UserId": ACCOUNT_ID,
        "Account": ACCOUNT_ID,
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:root",
    }


def test_a_user_is_shown_with_its_path(world: World) -> None:
    assert identity(world, world.user("Bob")) == {
        "UserId": "AIDAEXAMPLEEXAMPLE123",
        "Account": ACCOUNT_ID,
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:user/staff/Bob",
    }


def test_a_role_session_is_shown_with_its_name(world: World) -> None:
    assert identity(world, world.role("Operator", "shift")) == {
        "UserId": "AROAEXAMPLEEXAMPLE123:shift",
        "Account": ACCOUNT_ID,
        "Arn": f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Operator/shift",
    }


def test_a_federated_user_is_shown_with_its_name(world: World) -> None:
    caller = Caller(
        kind="federated",
        account_id=ACCOUNT_ID,
        arn=f"arn:aws:sts::{ACCOUNT_ID}:federated-user/Carol",
        principal_arn=f"arn:aws:sts::{ACCOUNT_ID}:federated-user/Carol",
        user_id=f"{ACCOUNT_ID}:Carol",
    )
    assert identity(world, caller) == {
        "UserId": f"{ACCOUNT_ID}:Carol",
        "Account": ACCOUNT_ID,
        "Arn": f"arn:aws:sts::{ACCOUNT_ID}:federated-user/Carol",
    }


def account_of(world: World, access_key_id: str) -> dict[str, str]:
    output, changes = get_access_key_info(world.account, {"AccessKeyId": access_key_id}, world.call("GetAccessKeyInfo"))
    assert changes == []
    return output


@pytest.mark.parametrize("prefix", ["AKIA", "ASIA"])
@pytest.mark.parametrize("account_id", [ACCOUNT_ID, OTHER_ACCOUNT_ID])
def test_an_access_key_id_tells_its_account(world: World, prefix: str, account_id: str) -> None:
    access_key_id = new_access_key_id(prefix, account_id, world.call("GetAccessKeyInfo").choose)
    assert account_of(world, access_key_id) == {"Account": account_id}


def test_an_access_key_id_of_the_administrators_choice_tells_its_account(world: World) -> None:
    world.directory.seeded_access_keys["AKIAIOSFODNN7EXAMPLE"] = OTHER_ACCOUNT_ID
    assert account_of(world, "AKIAIOSFODNN7EXAMPLE") == {"Account": OTHER_ACCOUNT_ID}


def test_an_access_key_id_that_nobody_has_is_refused(world: World) -> None:
    elsewhere = new_access_key_id("AKIA", "999999999999", world.call("GetAccessKeyInfo").choose)
    for access_key_id in ("AKIAIOSFODNN7EXAMPLE", "AKIA", "", "AKIAIOSFODNN7EXAMPLÉ", elsewhere):
        with pytest.raises(ValidationError) as refusal:
            account_of(world, access_key_id)
        assert refusal.value.message == "Access key ID is not valid."

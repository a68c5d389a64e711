"""Passwords of users: what the account demands of them, whose they are, and that nothing shows them."""

from typing import Any

import msgspec
import pytest

from iamd.account.changes import Put
from iamd.account.records import LastUsed, LoginProfile, PasswordPolicy, Settings
from iamd.authentication.password import find_expiry, hash_password, is_one_of, unseal_hashes
from iamd.call import NotComputed
from iamd.iam.account_settings import create_account_alias, get_account_summary
from iamd.iam.login_profiles import (
    change_password,
    create_login_profile,
    delete_login_profile,
    get_login_profile,
    update_login_profile,
)
from iamd.iam.users import delete_user, get_user, update_user
from tests.iam.world import ACCOUNT_ID, CREATED, NOW, World

GOOD = "Correct-Horse-7"
OTHER = "Battery*Staple8"
NOT_FOUND = "NoSuchEntity: Login Profile for User Bob cannot be found."
REUSED = "PasswordPolicyViolation: Policy constraint violation with password reuse prevention during password change"

pytestmark = pytest.mark.usefixtures("bob_and_alice")


def demand(world: World, **demands: Any) -> None:
    """Given: the account's password policy."""
    world.put(Settings(account_id=ACCOUNT_ID, created=CREATED, password_policy=PasswordPolicy(**demands)))


def has_password(world: World, password: str) -> bool:
    """Whether it is Bob's."""
    profile = world.account.login_profiles.find("AIDABOB")
    assert profile is not None
    return is_one_of(password, unseal_hashes(profile, world.sealer, 1))


# CreateLoginProfile ---------------------------------------------------------------------------------------------------


def test_a_user_gets_one_password(world: World) -> None:
    profile = {"UserName": "Bob", "CreateDate": NOW, "PasswordResetRequired": True}
    created = world.run(create_login_profile, UserName="Bob", Password=GOOD, PasswordResetRequired=True)
    assert created == {"LoginProfile": profile}
    assert world.run(get_login_profile, UserName="Bob") == {"LoginProfile": profile}
    assert world.run(get_login_profile, world.user("Bob")) == {"LoginProfile": profile}
    assert has_password(world, GOOD)
    assert world.refusal(create_login_profile, UserName="Bob", Password=GOOD) == (
        "EntityAlreadyExists: Login Profile for user Bob already exists."
    )


def test_a_password_is_stored_as_a_sealed_argon2id_hash_alone(world: World) -> None:
    world.run(create_login_profile, UserName="Bob", Password=GOOD)
    [put] = world.changes
    assert isinstance(put, Put)
    assert isinstance(put.record, LoginProfile)
    stored = msgspec.json.encode(put.record)
    [hashed] = unseal_hashes(put.record, world.sealer, 1)
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert GOOD.encode() not in stored
    assert b"argon2" not in stored
    world.run(create_login_profile, UserName="Alice", Password=GOOD)
    [put] = world.changes
    assert isinstance(put.record, LoginProfile)
    assert unseal_hashes(put.record, world.sealer, 1) != (hashed,)


def test_no_password_is_shown_by_a_call_that_has_hashed_it(world: World) -> None:
    call = world.call("CreateLoginProfile")
    with pytest.raises(NotComputed) as slow:
        call.compute(hash_password, GOOD)
    slow.value.compute()
    assert call.compute(hash_password, GOOD) is call.compute(hash_password, GOOD)
    assert GOOD not in f"{call!r} {slow.value!r} {slow.value}"


def test_root_and_roles_get_no_password_this_way(world: World) -> None:
    for caller in (world.root, world.role()):
        assert world.refusal(create_login_profile, caller, Password=GOOD) == (
            "ValidationError: Must specify userName when calling with non-User credentials"
        )
    assert world.refusal(create_login_profile, UserName="Bob") == (
        "ValidationError: 1 validation error detected: Value at 'password' failed to satisfy constraint: "
        "Member must not be null"
    )
    assert world.refusal(get_login_profile) == "NoSuchEntity: Login Profile for User root cannot be found."


# What is demanded -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "violation"),
    [
        ("Abcde-7", "Password should have a minimum length of 8"),
        (
            "abcdefgh7",
            "Password should meet 1 more of the following requirements: "
            "Password should have at least one uppercase letter, Password should have at least one symbol",
        ),
        (
            "ÀÉÎ§èéîô",
            "Password should meet 3 more of the following requirements: "
            "Password should have at least one uppercase letter, Password should have at least one lowercase letter, "
            "Password should have at least one number, Password should have at least one symbol",
        ),
        ("Example-Corp-7", "Password should not be the name of the account"),
    ],
)
def test_without_a_policy_three_classes_and_eight_characters_are_demanded(
    world: World, password: str, violation: str
) -> None:
    world.run(create_account_alias, AccountAlias="example-corp-7")
    assert world.refusal(create_login_profile, UserName="Bob", Password=password) == (
        f"PasswordPolicyViolation: {violation}"
    )
    world.run(create_login_profile, UserName="Bob", Password="abcdef-7")


@pytest.mark.parametrize(
    ("demands", "password", "violation"),
    [
        ({}, "short", "Password should have a minimum length of 6"),
        ({"minimum_length": 14}, GOOD[:13], "Password should have a minimum length of 14"),
        ({"require_uppercase": True}, "lower-7", "Password should have at least one uppercase letter"),
        ({"require_lowercase": True}, "UPPER-7", "Password should have at least one lowercase letter"),
        ({"require_numbers": True}, "Letters-", "Password should have at least one number"),
        ({"require_symbols": True}, "Letters7~", "Password should have at least one symbol"),
        (
            {"minimum_length": 8, "require_numbers": True, "require_symbols": True},
            "Letters",
            "Password should have a minimum length of 8, Password should have at least one number, "
            "Password should have at least one symbol",
        ),
    ],
)
def test_a_policy_alone_says_what_is_demanded(
    world: World, demands: dict[str, Any], password: str, violation: str
) -> None:
    demand(world, **demands)
    world.run(create_login_profile, UserName="Alice", Password=GOOD)
    for operation in (create_login_profile, update_login_profile):
        user = "Bob" if operation is create_login_profile else "Alice"
        assert world.refusal(operation, UserName=user, Password=password) == f"PasswordPolicyViolation: {violation}"
    demand(world)
    world.run(create_login_profile, UserName="Bob", Password="lllllll")


@pytest.mark.parametrize("symbol", "!@#$%^&*()_+-=[]{}|'")
def test_each_symbol_counts(world: World, symbol: str) -> None:
    demand(world, require_symbols=True)
    world.try_run(create_login_profile, UserName="Bob", Password=f"abcdef{symbol}")


def test_as_many_passwords_as_the_policy_says_cannot_be_chosen_again(world: World) -> None:
    demand(world, reuse_prevention=2)
    world.run(create_login_profile, UserName="Bob", Password="first-1")
    for password in ("second-2", "third-3"):
        world.run(update_login_profile, UserName="Bob", Password=password)
    for password in ("second-2", "third-3"):
        assert world.refusal(update_login_profile, UserName="Bob", Password=password) == REUSED
        bob = world.user("Bob")
        assert world.refusal(change_password, bob, OldPassword="third-3", NewPassword=password) == REUSED
    world.try_run(update_login_profile, UserName="Bob", Password="first-1")
    demand(world, reuse_prevention=24)
    assert world.refusal(update_login_profile, UserName="Bob", Password="first-1") == REUSED
    demand(world)
    world.run(update_login_profile, UserName="Bob", Password="third-3")


def test_no_more_passwords_are_remembered_than_can_be_asked_for(world: World) -> None:
    hashes = tuple(f"sealed {number}" for number in range(23))
    world.put(
        LoginProfile(owner_id="AIDABOB", sealed_hash="sealed", previous_hashes=hashes, created=CREATED, changed=CREATED)
    )
    world.run(update_login_profile, UserName="Bob", Password=GOOD)
    profile = world.account.login_profiles.find("AIDABOB")
    assert profile is not None
    assert profile.previous_hashes == ("sealed", *hashes[:22])


def test_a_password_expires_by_the_policy_of_now() -> None:
    profile = LoginProfile(owner_id="AIDABOB", sealed_hash="", created=CREATED, changed=NOW)
    assert find_expiry(profile, None) is None
    assert find_expiry(profile, PasswordPolicy()) is None
    assert find_expiry(profile, PasswordPolicy(max_age=90)) == NOW + 90 * 86_400


# Changes --------------------------------------------------------------------------------------------------------------


def test_a_user_changes_its_own_password_with_the_old_one(world: World) -> None:
    world.run(create_login_profile, UserName="Bob", Password=GOOD, PasswordResetRequired=True)
    bob = world.user("Bob")
    assert world.refusal(change_password, bob, OldPassword="wrong", NewPassword=OTHER) == (
        "AccessDenied: The old password was incorrect."
    )
    assert world.refusal(change_password, bob, OldPassword=GOOD, NewPassword="weak") == (
        "PasswordPolicyViolation: Password should have a minimum length of 8, Password should meet 2 more of the "
        "following requirements: Password should have at least one uppercase letter, "
        "Password should have at least one number, Password should have at least one symbol"
    )
    world.time += 60
    assert world.run(change_password, bob, OldPassword=GOOD, NewPassword=OTHER) == {}
    assert has_password(world, OTHER)
    profile = world.account.login_profiles.find("AIDABOB")
    assert profile is not None
    assert (profile.created, profile.changed, profile.reset_required) == (NOW, NOW + 60, False)
    assert world.refusal(change_password, world.user("Alice"), OldPassword=GOOD, NewPassword=OTHER) == (
        "NoSuchEntity: Login Profile for User Alice cannot be found."
    )


def test_only_users_change_their_own_password(world: World) -> None:
    for caller in (world.root, world.role()):
        assert world.refusal(change_password, caller, OldPassword=GOOD, NewPassword=OTHER) == (
            "InvalidUserType: Only IAM Users can change their own password"
        )


def test_an_update_changes_what_is_sent(world: World) -> None:
    world.run(create_login_profile, UserName="Bob", Password=GOOD)
    assert world.run(update_login_profile, UserName="Bob") == {}
    assert world.changes == []
    world.run(update_login_profile, UserName="Bob", PasswordResetRequired=True)
    assert has_password(world, GOOD)
    world.run(update_login_profile, UserName="Bob", Password=OTHER)
    assert has_password(world, OTHER)
    assert world.run(get_login_profile, UserName="Bob")["LoginProfile"]["PasswordResetRequired"] is True


def test_a_deleted_password_takes_its_use_along(world: World) -> None:
    world.run(create_login_profile, UserName="Bob", Password=GOOD)
    world.put(LastUsed(id="AIDABOB", time=NOW, service="signin", region="us-east-1"))
    assert world.run(delete_login_profile, UserName="Bob") == {}
    assert "PasswordLastUsed" not in world.run(get_user, UserName="Bob")["User"]
    for operation in (delete_login_profile, get_login_profile, update_login_profile):
        assert world.refusal(operation, UserName="Bob") == NOT_FOUND
    assert set(world.records()) == {"settings", "user"}


def test_a_user_with_a_password_cannot_be_deleted(world: World) -> None:
    world.run(create_login_profile, UserName="Bob", Password=GOOD)
    assert world.refusal(delete_user, UserName="Bob") == (
        "DeleteConflict: Cannot delete entity, must delete login profile first."
    )
    world.run(delete_login_profile, UserName="Bob")
    world.run(delete_user, UserName="Bob")


def test_a_password_follows_its_user_to_a_new_name(world: World) -> None:
    world.run(create_login_profile, UserName="Bob", Password=GOOD)
    world.run(update_user, UserName="Bob", NewUserName="Robert")
    assert world.run(get_login_profile, UserName="Robert")["LoginProfile"]["UserName"] == "Robert"
    assert has_password(world, GOOD)


def test_the_summary_tells_whether_root_has_a_password(world: World) -> None:
    world.put(LoginProfile(owner_id=ACCOUNT_ID, sealed_hash="", created=CREATED, changed=CREATED))
    assert world.run(get_account_summary)["SummaryMap"]["AccountPasswordPresent"] == 1
    profile = {"CreateDate": CREATED, "PasswordResetRequired": False}
    assert world.run(get_login_profile) == {"LoginProfile": profile}
    world.run(delete_login_profile)


def test_a_user_that_is_not_there_is_told(world: World) -> None:
    not_found = "NoSuchEntity: The user with name Nobody cannot be found."
    assert world.refusal(create_login_profile, UserName="Nobody", Password="weak") == not_found
    for operation in (get_login_profile, update_login_profile, delete_login_profile):
        assert world.refusal(operation, UserName="Nobody") == not_found

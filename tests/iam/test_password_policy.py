"""The account's password policy: whole or not at all."""

from iamd.iam.account_settings import create_account_alias
from iamd.iam.password_policy import (
    delete_account_password_policy,
    get_account_password_policy,
    update_account_password_policy,
)
from tests.iam.world import ACCOUNT_ID, World

DEFAULTS = {
    "MinimumPasswordLength": 6,
    "RequireSymbols": False,
    "RequireNumbers": False,
    "RequireUppercaseCharacters": False,
    "RequireLowercaseCharacters": False,
    "AllowUsersToChangePassword": False,
    "ExpirePasswords": False,
}


def test_what_is_not_sent_takes_its_default(world: World) -> None:
    assert world.run(update_account_password_policy) == {}
    assert world.run(get_account_password_policy) == {"PasswordPolicy": DEFAULTS}
    everything = {
        "MinimumPasswordLength": 14,
        "RequireSymbols": True,
        "RequireNumbers": True,
        "RequireUppercaseCharacters": True,
        "RequireLowercaseCharacters": True,
        "AllowUsersToChangePassword": True,
        "MaxPasswordAge": 90,
        "PasswordReusePrevention": 5,
        "HardExpiry": False,
    }
    world.run(update_account_password_policy, **everything)
    assert world.run(get_account_password_policy) == {"PasswordPolicy": everything | {"ExpirePasswords": True}}
    world.run(update_account_password_policy, RequireNumbers=True)
    assert world.run(get_account_password_policy) == {"PasswordPolicy": DEFAULTS | {"RequireNumbers": True}}


def test_an_account_need_not_have_one(world: World) -> None:
    world.run(create_account_alias, AccountAlias="example")
    assert world.refusal(get_account_password_policy) == (
        f"NoSuchEntity: The Password Policy with domain name {ACCOUNT_ID} cannot be found."
    )
    gone = "NoSuchEntity: The account policy with name PasswordPolicy cannot be found."
    assert world.refusal(delete_account_password_policy) == gone
    world.run(update_account_password_policy)
    assert world.run(delete_account_password_policy) == {}
    assert world.refusal(delete_account_password_policy) == gone
    assert world.account.settings.alias == "example"

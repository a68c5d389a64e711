"""What an account demands of its users' passwords.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
"""

from msgspec.structs import replace

from iamd.account.changes import Put
from iamd.account.operation import Answer, Input
from iamd.account.records import PasswordPolicy
from iamd.account.state import Account
from iamd.call import Call
from iamd.errors import NoSuchEntity


def update_account_password_policy(account: Account, input: Input, call: Call) -> Answer:
    """There is no partial update: what is not sent takes its default.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccountPasswordPolicy.html
    """
    policy = PasswordPolicy(
        minimum_length=input.get("MinimumPasswordLength", 6),
        require_symbols=input.get("RequireSymbols", False),
        require_numbers=input.get("RequireNumbers", False),
        require_uppercase=input.get("RequireUppercaseCharacters", False),
        require_lowercase=input.get("RequireLowercaseCharacters", False),
        users_may_change=input.get("AllowUsersToChangePassword", False),
        max_age=input.get("MaxPasswordAge"),
        reuse_prevention=input.get("PasswordReusePrevention"),
        hard_expiry=input.get("HardExpiry"),
    )
    return {}, [Put(replace(account.settings, password_policy=policy))]


def get_account_password_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountPasswordPolicy.html"""
    policy = account.settings.password_policy
    if policy is None:
        raise NoSuchEntity(f"The Password Policy with domain name {account.account_id} cannot be found.")
    answer = {
        "MinimumPasswordLength": policy.minimum_length,
        "RequireSymbols": policy.require_symbols,
        "RequireNumbers": policy.require_numbers,
        "RequireUppercaseCharacters": policy.require_uppercase,
        "RequireLowercaseCharacters": policy.require_lowercase,
        "AllowUsersToChangePassword": policy.users_may_change,
        "ExpirePasswords": policy.max_age is not None,
        "MaxPasswordAge": policy.max_age,
        "PasswordReusePrevention": policy.reuse_prevention,
        "HardExpiry": policy.hard_expiry,
    }
    return {"PasswordPolicy": {name: value for name, value in answer.items() if value is not None}}, []


def delete_account_password_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccountPasswordPolicy.html"""
    settings = account.settings
    if settings.password_policy is None:
        raise NoSuchEntity("The account policy with name PasswordPolicy cannot be found.")
    return {}, [Put(replace(settings, password_policy=None))]

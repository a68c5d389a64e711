"""Login profiles: the passwords with which users sign in.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords.html
"""

from typing import Any

from msgspec.structs import replace

from iamd.account.changes import Change, Delete, Put
from iamd.account.operation import Answer, Input
from iamd.account.records import LoginProfile, User
from iamd.account.state import Account
from iamd.authentication.password import (
    KEPT_HASHES,
    hash_password,
    hash_unknown_password,
    is_one_of,
    unseal_hashes,
    verify_strength,
)
from iamd.call import Call
from iamd.errors import (
    AccessDenied,
    EntityAlreadyExists,
    InvalidUserType,
    NoSuchEntity,
    PasswordPolicyViolation,
    ValidationError,
)
from iamd.iam.users import get_named_or_calling_user, get_named_user_or_caller, owner_id_of, user_name_answer


def create_login_profile(account: Account, input: Input, call: Call) -> Answer:
    """In a session of AssumeRoot there is no password: the member account's root user may set one again.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateLoginProfile.html
    """
    session = call.caller.session
    if session is not None and session.assumed_root and "UserName" not in input:
        return _allow_password_recovery(account, input, call)
    owner = get_named_user_or_caller(account, input, call)
    if "Password" not in input:
        raise ValidationError(
            "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must not be null"
        )
    if account.login_profiles.find(owner.id):
        raise EntityAlreadyExists(f"Login Profile for user {owner.name} already exists.")
    password = input["Password"]
    _verify_strength(account, password)
    profile = LoginProfile(
        owner_id=owner.id,
        sealed_hash="",
        created=call.time,
        changed=call.time,
        reset_required=input.get("PasswordResetRequired", False),
    )
    profile = replace(profile, sealed_hash=_sealed_hash(profile, password, call))
    return {"LoginProfile": _answer(profile, owner)}, [Put(profile)]


def get_login_profile(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetLoginProfile.html"""
    owner = get_named_or_calling_user(account, input, call)
    return {"LoginProfile": _answer(_get_profile(account, owner), owner)}, []


def update_login_profile(account: Account, input: Input, call: Call) -> Answer:
    """An administrator's change: the account's demands hold for it too. What is not sent stays.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateLoginProfile.html
    """
    profile = _get_profile(account, account.get_user(input["UserName"]))
    changed = profile
    if "Password" in input:
        changed = _with_password(account, profile, input["Password"], call)
    if "PasswordResetRequired" in input:
        changed = replace(changed, reset_required=input["PasswordResetRequired"])
    return {}, [Put(changed)] if changed != profile else []


def delete_login_profile(account: Account, input: Input, call: Call) -> Answer:
    """The user can no longer sign in; access keys go on working.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteLoginProfile.html
    """
    profile = _get_profile(account, get_named_or_calling_user(account, input, call))
    changes: list[Change] = [Delete(profile)]
    last_used = account.last_used.find(profile.owner_id)
    if last_used is not None:
        changes.append(Delete(last_used))
    return {}, changes


def change_password(account: Account, input: Input, call: Call) -> Answer:
    """A user's change of its own password.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ChangePassword.html
    """
    if call.caller.kind != "user":
        raise InvalidUserType("Only IAM Users can change their own password")
    profile = _get_profile(account, get_named_or_calling_user(account, {}, call))
    if not call.compute(is_one_of, input["OldPassword"], unseal_hashes(profile, call.sealer, 1)):
        raise AccessDenied("The old password was incorrect.")
    changed = _with_password(account, profile, input["NewPassword"], call)
    return {}, [Put(replace(changed, reset_required=False))]


def _allow_password_recovery(account: Account, input: Input, call: Call) -> Answer:
    """A profile of the root user whose password nobody knows, to be reset.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html
    """
    if "Password" in input:
        raise ValidationError("The password of a member account's root user cannot be set, only its recovery allowed.")
    if account.login_profiles.find(account.account_id):
        raise EntityAlreadyExists("Login Profile for user root already exists.")
    profile = LoginProfile(
        owner_id=account.account_id, sealed_hash="", created=call.time, changed=call.time, reset_required=True
    )
    sealed_hash = call.sealer.seal(call.compute(hash_unknown_password).encode("ascii"), profile.seal_context)
    profile = replace(profile, sealed_hash=sealed_hash)
    return {"LoginProfile": _answer(profile, None)}, [Put(profile)]


# Shared ---------------------------------------------------------------------------------------------------------------


def _get_profile(account: Account, owner: User | None) -> LoginProfile:
    """The profile of a user, or of root, which is None. Raises NoSuchEntity."""
    profile = account.login_profiles.find(owner_id_of(account, owner))
    if profile is None:
        raise NoSuchEntity(f"Login Profile for User {owner.name if owner else 'root'} cannot be found.")
    return profile


def _with_password(account: Account, profile: LoginProfile, password: str, call: Call) -> LoginProfile:
    """The profile with another password. Raises PasswordPolicyViolation."""
    _verify_strength(account, password)
    policy = account.settings.password_policy
    if policy is not None and policy.reuse_prevention is not None:
        hashes = unseal_hashes(profile, call.sealer, policy.reuse_prevention)
        if call.compute(is_one_of, password, hashes):
            raise PasswordPolicyViolation(
                "Policy constraint violation with password reuse prevention during password change"
            )
    return replace(
        profile,
        sealed_hash=_sealed_hash(profile, password, call),
        previous_hashes=(profile.sealed_hash, *profile.previous_hashes)[: KEPT_HASHES - 1],
        changed=call.time,
    )


def _verify_strength(account: Account, password: str) -> None:
    settings = account.settings
    names = [account.account_id, *([settings.alias] if settings.alias else [])]
    verify_strength(password, settings.password_policy, names)


def _sealed_hash(profile: LoginProfile, password: str, call: Call) -> str:
    return call.sealer.seal(call.compute(hash_password, password).encode("ascii"), profile.seal_context)


def _answer(profile: LoginProfile, owner: User | None) -> dict[str, Any]:
    """The shape ``LoginProfile``."""
    return {
        **user_name_answer(owner),
        "CreateDate": profile.created,
        "PasswordResetRequired": profile.reset_required,
    }

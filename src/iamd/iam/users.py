"""IAM users.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_users.html
"""

from typing import Any

from msgspec.structs import replace

from iamd.account import ids
from iamd.account.changes import Delete, Put
from iamd.account.operation import Answer, Input
from iamd.account.records import User
from iamd.account.state import Account
from iamd.call import Call
from iamd.errors import DeleteConflict, EntityAlreadyExists, NoSuchEntity, ValidationError
from iamd.iam.pagination import paginate_records
from iamd.iam.permissions_boundaries import get_permissions_boundary, permissions_boundary_answer, verify_bounded
from iamd.iam.tags import tags_answer, tags_page, with_tags, without_tags


def create_user(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html"""
    name = input["UserName"]
    tags = with_tags((), input.get("Tags", ()), fold_case=True)
    _verify_free(account, name)
    boundary = input.get("PermissionsBoundary")
    if boundary is not None:
        boundary = get_permissions_boundary(account, boundary)
    account.require_room("Users")
    user = User(
        account_id=account.account_id,
        name=name,
        path=input.get("Path", "/"),
        id=call.new_id(ids.USER),
        created=call.time,
        tags=tags,
        permissions_boundary=boundary,
    )
    return {"User": user_details_answer(user)}, [Put(user)]


def get_user(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html"""
    user = get_named_or_calling_user(account, input, call)
    if user is None:
        return {"User": root_user_answer(account)}, []
    return {"User": user_details_answer(user) | _password_last_used_answer(account, user)}, []


def update_user(account: Account, input: Input, call: Call) -> Answer:
    """A new name or path keeps the unique id, and with it groups, keys and policies.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html
    """
    user = account.get_user(input["UserName"])
    changed = replace(user, name=input.get("NewUserName", user.name), path=input.get("NewPath", user.path))
    if changed == user:
        return {}, []
    if changed.key == user.key:
        return {}, [Put(changed)]
    _verify_free(account, changed.name)
    return {}, [Delete(user), Put(changed)]


def delete_user(account: Account, input: Input, call: Call) -> Answer:
    """A user goes with its tags and its permissions boundary; all else must be gone before.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html
    """
    user = account.get_user(input["UserName"])
    if user.attached_policies:
        raise DeleteConflict("Cannot delete entity, must detach all policies first.")
    if user.inline_policies:
        raise DeleteConflict("Cannot delete entity, must delete policies first.")
    if user.group_ids:
        raise DeleteConflict("Cannot delete entity, must remove users from group first.")
    if account.access_keys_of(user.id):
        raise DeleteConflict("Cannot delete entity, must delete access keys first.")
    if account.login_profiles.find(user.id):
        raise DeleteConflict("Cannot delete entity, must delete login profile first.")
    if account.mfa_devices_of(user.id):
        raise DeleteConflict("Cannot delete entity, must delete MFA device first.")
    if (
        account.signing_certificates_of(user.id)
        or account.ssh_public_keys_of(user)
        or account.service_specific_credentials_of(user)
    ):
        raise DeleteConflict("Cannot delete entity, must remove referenced objects first.")
    return {}, [Delete(user), *map(Delete, account.recorded_uses(user.id))]


def list_users(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html"""
    prefix = input.get("PathPrefix", "/")
    page, more = paginate_records(account.users, input, call, lambda user: user.path.startswith(prefix))
    return {"Users": [user_answer(user) | _password_last_used_answer(account, user) for user in page], **more}, []


# Permissions boundary -------------------------------------------------------------------------------------------------


def put_user_permissions_boundary(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPermissionsBoundary.html"""
    user = account.get_user(input["UserName"])
    boundary = get_permissions_boundary(account, input["PermissionsBoundary"])
    return {}, [Put(replace(user, permissions_boundary=boundary))]


def delete_user_permissions_boundary(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPermissionsBoundary.html"""
    user = account.get_user(input["UserName"])
    verify_bounded(user)
    return {}, [Put(replace(user, permissions_boundary=None))]


# Tags -----------------------------------------------------------------------------------------------------------------


def tag_user(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagUser.html"""
    user = account.get_user(input["UserName"])
    return {}, [Put(replace(user, tags=with_tags(user.tags, input["Tags"], fold_case=True)))]


def untag_user(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagUser.html"""
    user = account.get_user(input["UserName"])
    return {}, [Put(replace(user, tags=without_tags(user.tags, input["TagKeys"], fold_case=True)))]


def list_user_tags(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUserTags.html"""
    return tags_page(account.get_user(input["UserName"]).tags, input, call), []


# Shared ---------------------------------------------------------------------------------------------------------------


def get_named_or_calling_user(account: Account, input: Input, call: Call) -> User | None:
    """The user that ``UserName`` names, by default the caller; None if the caller is root and names nobody.

    Raises NoSuchEntity, or ValidationError if there is neither a name nor a user who calls.
    """
    if "UserName" in input:
        return account.get_user(input["UserName"])
    caller = call.caller
    if caller.kind == "root":
        return None
    if caller.kind != "user":
        raise ValidationError("Must specify userName when calling with non-User credentials")
    # By id: the caller may have been renamed, and its name given to another, since it signed the request.
    user = account.find_by_id(caller.entity_id)
    if not isinstance(user, User):
        raise NoSuchEntity(f"The user with name {caller.name} cannot be found.")
    return user


def get_named_user_or_caller(account: Account, input: Input, call: Call) -> User:
    """Like ``get_named_or_calling_user``, of what root cannot have: root must name a user. Raises ValidationError."""
    user = get_named_or_calling_user(account, input, call)
    if user is None:
        raise ValidationError("Must specify userName when calling with non-User credentials")
    return user


def user_answer(user: User) -> dict[str, Any]:
    """The members of the shape ``User`` that every answer has."""
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.created,
    }


def root_user_answer(account: Account) -> dict[str, Any]:
    """The shape ``User`` for the root user, which has neither name nor path."""
    settings = account.settings
    return {"UserId": account.account_id, "Arn": settings.root_arn, "CreateDate": settings.created}


def owner_id_of(account: Account, owner: User | None) -> str:
    """Whose credentials are those of ``owner``: the user's unique id, or for root, which is None, the account id."""
    return owner.id if owner else account.account_id


def user_name_answer(owner: User | None) -> dict[str, str]:
    """The member ``UserName`` of what describes a credential; root has no name."""
    return {"UserName": owner.name} if owner else {}


def user_details_answer(user: User) -> dict[str, Any]:
    """The shape ``User`` where one user is asked about: with its boundary and its tags, if any."""
    answer = user_answer(user)
    if user.permissions_boundary is not None:
        answer["PermissionsBoundary"] = permissions_boundary_answer(user.permissions_boundary)
    if user.tags:
        answer["Tags"] = tags_answer(user.tags)
    return answer


def _password_last_used_answer(account: Account, user: User) -> dict[str, int]:
    last_used = account.find_last_used(user.id)
    return {"PasswordLastUsed": last_used.time} if last_used else {}


def _verify_free(account: Account, name: str) -> None:
    """Raise EntityAlreadyExists if a user has this name, in whatever case."""
    if account.users.find(name.lower()):
        raise EntityAlreadyExists(f"User with name {name} already exists.")

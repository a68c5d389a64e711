"""Access keys of users and of the root user.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
"""

from typing import Any

from msgspec.structs import replace

from iamd.account.changes import Change, Delete, Put
from iamd.account.operation import Answer, Input
from iamd.account.records import AccessKey, User
from iamd.account.state import Account
from iamd.call import Call
from iamd.errors import AccessDenied, NoSuchEntity, ValidationError
from iamd.iam.pagination import paginate
from iamd.iam.statuses import requested_status, status_answer
from iamd.iam.users import get_named_or_calling_user, owner_id_of, user_name_answer


def create_access_key(account: Account, input: Input, call: Call) -> Answer:
    """The answer alone ever shows the secret.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html
    """
    owner = get_named_or_calling_user(account, input, call)
    keys = account.access_keys_of(owner_id_of(account, owner))
    account.require_room("AccessKeysPerUser", len(keys))
    key_id = call.new_access_key_id()
    while account.access_keys.find(key_id):
        key_id = call.new_access_key_id()
    secret = call.new_secret_access_key()
    key = AccessKey(
        id=key_id,
        owner_id=owner_id_of(account, owner),
        sealed_secret=call.sealer.seal(secret.encode(), key_id),
        created=call.time,
        ordinal=keys[-1].ordinal + 1 if keys else 0,
    )
    return {"AccessKey": {**access_key_answer(key, owner), "SecretAccessKey": secret}}, [Put(key)]


def update_access_key(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html"""
    active = requested_status(input)
    if "UserName" not in input and call.caller.session is not None:
        raise ValidationError("Must specify userName when calling with non-User credentials")
    key = _get_key(account, input, call)
    return {}, [Put(replace(key, active=active))]


def delete_access_key(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html"""
    key = _get_key(account, input, call)
    changes: list[Change] = [Delete(key)]
    last_used = account.last_used.find(key.id)
    if last_used is not None:
        changes.append(Delete(last_used))
    return {}, changes


def list_access_keys(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html"""
    owner = get_named_or_calling_user(account, input, call)
    keys = account.access_keys_of(owner_id_of(account, owner))
    page, more = paginate(keys, input, call, lambda key: f"{key.created:012}/{key.ordinal:012}")
    return {"AccessKeyMetadata": [access_key_answer(key, owner) for key in page], **more}, []


def get_access_key_last_used(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html"""
    key = account.access_keys.find(input["AccessKeyId"])
    if key is None:
        # Not NoSuchEntity: whether another account has the key is not told.
        raise AccessDenied(
            f"User: {call.caller.arn} is not authorized to perform iam:GetAccessKeyLastUsed "
            f"on resource: access key {input['AccessKeyId']}"
        )
    last_used = account.find_last_used(key.id)
    answer: dict[str, Any] = {
        "AccessKeyLastUsed": {
            "LastUsedDate": last_used.time,
            "ServiceName": last_used.service,
            "Region": last_used.region,
        }
        if last_used
        else {"ServiceName": "N/A", "Region": "N/A"}
    }
    owner = account.find_by_id(key.owner_id)
    if isinstance(owner, User):
        answer["UserName"] = owner.name
    return answer, []


# Shared ---------------------------------------------------------------------------------------------------------------


def access_key_answer(key: AccessKey, owner: User | None) -> dict[str, Any]:
    """The members of ``AccessKey`` and ``AccessKeyMetadata``; root, which is ``owner`` None, has no user name."""
    return {
        **user_name_answer(owner),
        "AccessKeyId": key.id,
        "Status": status_answer(key.active),
        "CreateDate": key.created,
    }


def _get_key(account: Account, input: Input, call: Call) -> AccessKey:
    """The key that ``AccessKeyId`` names among those of the user named, or calling. Raises NoSuchEntity."""
    owner = get_named_or_calling_user(account, input, call)
    key = account.access_keys.find(input["AccessKeyId"])
    if key is None or key.owner_id != owner_id_of(account, owner):
        raise NoSuchEntity(f"The Access Key with id {input['AccessKeyId']} cannot be found.")
    return key

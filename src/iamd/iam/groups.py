"""IAM groups: collections of users. They never contain groups, hold no credentials and are no principal.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_groups.html
"""

from typing import Any

from msgspec.structs import replace

from iamd.account import ids
from iamd.account.changes import Delete, Put
from iamd.account.operation import Answer, Input
from iamd.account.records import Group
from iamd.account.state import Account
from iamd.call import Call
from iamd.errors import DeleteConflict, EntityAlreadyExists
from iamd.iam.pagination import paginate, paginate_records
from iamd.iam.users import user_answer


def create_group(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateGroup.html"""
    name = input["GroupName"]
    _verify_free(account, name)
    account.require_room("Groups")
    group = Group(
        account_id=account.account_id,
        name=name,
        path=input.get("Path", "/"),
        id=call.new_id(ids.GROUP),
        created=call.time,
    )
    return {"Group": group_answer(group)}, [Put(group)]


def get_group(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetGroup.html"""
    group = account.get_group(input["GroupName"])
    page, more = paginate(account.members(group), input, call, lambda user: user.key)
    return {"Group": group_answer(group), "Users": [user_answer(user) for user in page], **more}, []


def update_group(account: Account, input: Input, call: Call) -> Answer:
    """A new name or path keeps the unique id, and with it members and policies.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateGroup.html
    """
    group = account.get_group(input["GroupName"])
    changed = replace(group, name=input.get("NewGroupName", group.name), path=input.get("NewPath", group.path))
    if changed == group:
        return {}, []
    if changed.key == group.key:
        return {}, [Put(changed)]
    _verify_free(account, changed.name)
    return {}, [Delete(group), Put(changed)]


def delete_group(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroup.html"""
    group = account.get_group(input["GroupName"])
    if account.members(group):
        raise DeleteConflict("Cannot delete entity, must remove users from group first.")
    if group.attached_policies:
        raise DeleteConflict("Cannot delete entity, must detach all policies first.")
    if group.inline_policies:
        raise DeleteConflict("Cannot delete entity, must delete policies first.")
    return {}, [Delete(group)]


def list_groups(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroups.html"""
    prefix = input.get("PathPrefix", "/")
    page, more = paginate_records(account.groups, input, call, lambda group: group.path.startswith(prefix))
    return {"Groups": [group_answer(group) for group in page], **more}, []


# Membership -----------------------------------------------------------------------------------------------------------


def add_user_to_group(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddUserToGroup.html"""
    user = account.get_user(input["UserName"])
    group = account.get_group(input["GroupName"])
    if group.id in user.group_ids:
        return {}, []
    account.require_room("GroupsPerUser", len(user.group_ids))
    return {}, [Put(replace(user, group_ids=(*user.group_ids, group.id)))]


def remove_user_from_group(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveUserFromGroup.html"""
    user = account.get_user(input["UserName"])
    group = account.get_group(input["GroupName"])
    if group.id not in user.group_ids:
        return {}, []
    return {}, [Put(replace(user, group_ids=tuple(other for other in user.group_ids if other != group.id)))]


def list_groups_for_user(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroupsForUser.html"""
    groups = sorted(account.groups_of(account.get_user(input["UserName"])), key=lambda group: group.key)
    page, more = paginate(groups, input, call, lambda group: group.key)
    return {"Groups": [group_answer(group) for group in page], **more}, []


# Shared ---------------------------------------------------------------------------------------------------------------


def group_answer(group: Group) -> dict[str, Any]:
    """The shape ``Group``, alike in every answer."""
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": group.created,
    }


def _verify_free(account: Account, name: str) -> None:
    """Raise EntityAlreadyExists if a group has this name, in whatever case."""
    if account.groups.find(name.lower()):
        raise EntityAlreadyExists(f"Group with name {name} already exists.")

"""Roles: identities with permissions that others take on for a while.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html
"""

from typing import Any

from msgspec.structs import replace

from iamd.account import ids
from iamd.account.changes import Delete, Put
from iamd.account.operation import Answer, Input
from iamd.account.records import Role
from iamd.account.service_linked_roles import SERVICE_LINKED_PATH
from iamd.account.state import Account
from iamd.account.trust import find_foreign_accounts, trust_policy_in_force
from iamd.call import Call
from iamd.errors import DeleteConflict, EntityAlreadyExists, InvalidInput, UnmodifiableEntity
from iamd.iam.pagination import paginate_records
from iamd.iam.permissions_boundaries import get_permissions_boundary, permissions_boundary_answer, verify_bounded
from iamd.iam.tags import tags_answer, tags_page, with_tags, without_tags
from iamd.iam.trust_policies import trust_principals, verify_trust_policy

RESERVED_PATH = "/aws-reserved/"  # IAM Identity Center's roles
LAST_USED_PERIOD = 400 * 86_400  # seconds: how far back RoleLastUsed reaches


def create_role(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html"""
    name, path, document = input["RoleName"], input.get("Path", "/"), input["AssumeRolePolicyDocument"]
    if path.startswith((SERVICE_LINKED_PATH, RESERVED_PATH)):
        raise InvalidInput(f"The path {path} is reserved for roles that AWS services create.")
    if account.roles.find(name.lower()):
        raise EntityAlreadyExists(f"Role with name {name} already exists.")
    policy = verify_trust_policy(account, document)
    tags = with_tags((), input.get("Tags", ()), fold_case=True)
    account.require_room("Roles")
    boundary = input.get("PermissionsBoundary")
    role = Role(
        account_id=account.account_id,
        name=name,
        path=path,
        id=call.new_id(ids.ROLE),
        created=call.time,
        trust_policy=document,
        trust_principals=trust_principals(account, policy, call),
        description=input.get("Description"),
        max_session_duration=input.get("MaxSessionDuration", 3600),
        tags=tags,
        permissions_boundary=get_permissions_boundary(account, boundary) if boundary is not None else None,
    )
    answer = role_answer(account, role)
    if role.permissions_boundary:
        answer["PermissionsBoundary"] = permissions_boundary_answer(role.permissions_boundary)
    if tags:
        answer["Tags"] = tags_answer(tags)
    return {"Role": answer}, [Put(role)]


def get_role(account: Account, input: Input, call: Call) -> Answer:
    """Principals of other accounts that are hosted here are shown as they are now; in lists, as they were written.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html
    """
    role = account.get_role(input["RoleName"])
    answer = described_role_answer(account, role, call.time)
    others = [call.other_account(account_id) for account_id in sorted(find_foreign_accounts(account, role))]
    if others:
        known = [other for other in others if other is not None]
        answer["AssumeRolePolicyDocument"] = trust_policy_in_force(account, role, *known)
    return {"Role": answer}, []


def update_role(account: Account, input: Input, call: Call) -> Answer:
    """What is left out stays as it is.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html
    """
    role = account.get_role(input["RoleName"])
    if "MaxSessionDuration" in input:
        verify_modifiable(role)
    else:
        _verify_describable(role)
    changed = replace(
        role,
        description=input.get("Description", role.description),
        max_session_duration=input.get("MaxSessionDuration", role.max_session_duration),
    )
    return {}, [Put(changed)]


def update_role_description(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRoleDescription.html"""
    role = account.get_role(input["RoleName"])
    _verify_describable(role)
    changed = replace(role, description=input["Description"])
    return {"Role": role_answer(account, changed) | {"Description": changed.description}}, [Put(changed)]


def update_assume_role_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html"""
    role, document = get_modifiable_role(account, input["RoleName"]), input["PolicyDocument"]
    principals = trust_principals(account, verify_trust_policy(account, document), call)
    return {}, [Put(replace(role, trust_policy=document, trust_principals=principals))]


def delete_role(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html"""
    role = get_modifiable_role(account, input["RoleName"])
    if account.instance_profiles_of(role):
        raise DeleteConflict("Cannot delete entity, must remove roles from instance profile first.")
    if role.attached_policies:
        raise DeleteConflict("Cannot delete entity, must detach all policies first.")
    if role.inline_policies:
        raise DeleteConflict("Cannot delete entity, must delete policies first.")
    return {}, [Delete(role), *map(Delete, account.recorded_uses(role.id))]


def list_roles(account: Account, input: Input, call: Call) -> Answer:
    """By name.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html
    """
    prefix = input.get("PathPrefix", "/")
    roles, more = paginate_records(account.roles, input, call, lambda role: role.path.startswith(prefix))
    return {"Roles": [_described(role_answer(account, role), role) for role in roles], **more}, []


def put_role_permissions_boundary(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePermissionsBoundary.html"""
    role = get_modifiable_role(account, input["RoleName"])
    boundary = get_permissions_boundary(account, input["PermissionsBoundary"])
    return {}, [Put(replace(role, permissions_boundary=boundary))]


def delete_role_permissions_boundary(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRolePermissionsBoundary.html"""
    role = get_modifiable_role(account, input["RoleName"])
    verify_bounded(role)
    return {}, [Put(replace(role, permissions_boundary=None))]


def tag_role(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagRole.html"""
    role = account.get_role(input["RoleName"])
    _verify_describable(role)
    return {}, [Put(replace(role, tags=with_tags(role.tags, input["Tags"], fold_case=True)))]


def untag_role(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagRole.html"""
    role = account.get_role(input["RoleName"])
    _verify_describable(role)
    return {}, [Put(replace(role, tags=without_tags(role.tags, input["TagKeys"], fold_case=True)))]


def list_role_tags(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoleTags.html"""
    return tags_page(account.get_role(input["RoleName"]).tags, input, call), []


# Shared ---------------------------------------------------------------------------------------------------------------


def role_answer(account: Account, role: Role) -> dict[str, Any]:
    """The members of the shape ``Role`` that every answer has, also inside an instance profile."""
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": trust_policy_in_force(account, role),
    }


def described_role_answer(account: Account, role: Role, time: int) -> dict[str, Any]:
    """The shape ``Role`` where one role is asked about, with all that there is to tell at ``time`` (epoch seconds)."""
    answer = _described(role_answer(account, role), role)
    answer["RoleLastUsed"] = role_last_used_answer(account, role, time)
    if role.permissions_boundary:
        answer["PermissionsBoundary"] = permissions_boundary_answer(role.permissions_boundary)
    if role.tags:
        answer["Tags"] = tags_answer(role.tags)
    source = role.source_template
    if source is not None:
        answer["SourceRoleTemplate"] = {
            "TemplateArn": source.template_arn,
            "TemplateMinorVersion": source.minor_version,
        }
    return answer


def role_last_used_answer(account: Account, role: Role, time: int) -> dict[str, Any]:
    """The shape ``RoleLastUsed``: empty for a role not used in the 400 days before ``time`` (epoch seconds)."""
    used = account.find_last_used(role.id)
    if used is None or used.time < time - LAST_USED_PERIOD:
        return {}
    return {"LastUsedDate": used.time, "Region": used.region}


def get_modifiable_role(account: Account, name: str) -> Role:
    """The role, which customers may change. Raises NoSuchEntity, UnmodifiableEntity."""
    role = account.get_role(name)
    verify_modifiable(role)
    return role


def verify_modifiable(role: Role) -> None:
    """Raise UnmodifiableEntity for the roles that only AWS services change.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html
    """
    if role.path.startswith((SERVICE_LINKED_PATH, RESERVED_PATH)):
        raise UnmodifiableEntity(
            f"Cannot perform the operation on the protected role '{role.name}' - this role is only modifiable by AWS"
        )


def _verify_describable(role: Role) -> None:
    """Description and tags of service-linked roles may be changed, but nothing of IAM Identity Center's roles."""
    if not role.path.startswith(SERVICE_LINKED_PATH):
        verify_modifiable(role)


def _described(answer: dict[str, Any], role: Role) -> dict[str, Any]:
    if role.description is not None:
        answer["Description"] = role.description
    return answer | {"MaxSessionDuration": role.max_session_duration}

"""Instance profiles: what hands a role to an EC2 instance.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html
"""

from typing import Any

from msgspec.structs import replace

from iamd.account import ids
from iamd.account.changes import Delete, Put
from iamd.account.operation import Answer, Input
from iamd.account.records import InstanceProfile
from iamd.account.state import Account
from iamd.call import Call
from iamd.errors import DeleteConflict, EntityAlreadyExists, NoSuchEntity
from iamd.iam.pagination import paginate, paginate_records
from iamd.iam.roles import get_modifiable_role, role_answer
from iamd.iam.tags import tags_answer, tags_page, with_tags, without_tags


def create_instance_profile(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateInstanceProfile.html"""
    name = input["InstanceProfileName"]
    tags = with_tags((), input.get("Tags", ()), fold_case=False)
    if account.instance_profiles.find(name.lower()):
        raise EntityAlreadyExists(f"Instance Profile {name} already exists.")
    account.require_room("InstanceProfiles")
    profile = InstanceProfile(
        account_id=account.account_id,
        name=name,
        path=input.get("Path", "/"),
        id=call.new_id(ids.INSTANCE_PROFILE),
        created=call.time,
        tags=tags,
    )
    answer = instance_profile_answer(account, profile)
    if tags:
        answer["Tags"] = tags_answer(tags)
    return {"InstanceProfile": answer}, [Put(profile)]


def get_instance_profile(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetInstanceProfile.html"""
    profile = account.get_instance_profile(input["InstanceProfileName"])
    answer = instance_profile_answer(account, profile) | {"Tags": tags_answer(profile.tags)}
    return {"InstanceProfile": answer}, []


def delete_instance_profile(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteInstanceProfile.html"""
    profile = account.get_instance_profile(input["InstanceProfileName"])
    if profile.role_id:
        raise DeleteConflict("Cannot delete entity, must remove roles from instance profile first.")
    return {}, [Delete(profile)]


def list_instance_profiles(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfiles.html"""
    prefix = input.get("PathPrefix", "/")
    page, more = paginate_records(
        account.instance_profiles, input, call, lambda profile: profile.path.startswith(prefix)
    )
    return {"InstanceProfiles": [instance_profile_answer(account, profile) for profile in page], **more}, []


def list_instance_profiles_for_role(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfilesForRole.html"""
    profiles = account.instance_profiles_of(account.get_role(input["RoleName"]))
    page, more = paginate(profiles, input, call, lambda profile: profile.key)
    return {"InstanceProfiles": [instance_profile_answer(account, profile) for profile in page], **more}, []


# The role inside ------------------------------------------------------------------------------------------------------


def add_role_to_instance_profile(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html"""
    profile = account.get_instance_profile(input["InstanceProfileName"])
    role = get_modifiable_role(account, input["RoleName"])
    account.require_room("RolesPerInstanceProfile", 1 if profile.role_id else 0)
    return {}, [Put(replace(profile, role_id=role.id))]


def remove_role_from_instance_profile(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveRoleFromInstanceProfile.html"""
    profile = account.get_instance_profile(input["InstanceProfileName"])
    role = get_modifiable_role(account, input["RoleName"])
    if profile.role_id != role.id:
        raise NoSuchEntity(f"Role {role.name} in Instance Profile {profile.name} cannot be found.")
    return {}, [Put(replace(profile, role_id=None))]


# Tags -----------------------------------------------------------------------------------------------------------------


def tag_instance_profile(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagInstanceProfile.html"""
    profile = account.get_instance_profile(input["InstanceProfileName"])
    return {}, [Put(replace(profile, tags=with_tags(profile.tags, input["Tags"], fold_case=False)))]


def untag_instance_profile(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagInstanceProfile.html"""
    profile = account.get_instance_profile(input["InstanceProfileName"])
    return {}, [Put(replace(profile, tags=without_tags(profile.tags, input["TagKeys"], fold_case=False)))]


def list_instance_profile_tags(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfileTags.html"""
    return tags_page(account.get_instance_profile(input["InstanceProfileName"]).tags, input, call), []


# Shared ---------------------------------------------------------------------------------------------------------------


def instance_profile_answer(account: Account, profile: InstanceProfile) -> dict[str, Any]:
    """The members of the shape ``InstanceProfile`` that every answer has; tags are in some only."""
    role = account.role_of(profile)
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": profile.created,
        "Roles": [role_answer(account, role)] if role else [],
    }

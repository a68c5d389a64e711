"""Inline policies: documents that belong to one user, group or role.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html#inline-policies
"""

from msgspec.structs import replace

from iamd.account.changes import Put
from iamd.account.operation import Answer, Input
from iamd.account.records import Identity
from iamd.account.state import Account
from iamd.call import Call
from iamd.errors import LimitExceeded, NoSuchEntity
from iamd.iam.pagination import paginate
from iamd.iam.roles import get_modifiable_role
from iamd.policy import check_identity_policy, policy_size


def put_user_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html"""
    return _put(account, account.get_user(input["UserName"]), input, "UserPolicySize")


def put_group_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutGroupPolicy.html"""
    return _put(account, account.get_group(input["GroupName"]), input, "GroupPolicySize")


def put_role_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html"""
    return _put(account, get_modifiable_role(account, input["RoleName"]), input, "RolePolicySize")


def get_user_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUserPolicy.html"""
    user = account.get_user(input["UserName"])
    return {"UserName": user.name, **_get(user, input)}, []


def get_group_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetGroupPolicy.html"""
    group = account.get_group(input["GroupName"])
    return {"GroupName": group.name, **_get(group, input)}, []


def get_role_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html"""
    role = account.get_role(input["RoleName"])
    return {"RoleName": role.name, **_get(role, input)}, []


def delete_user_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPolicy.html"""
    return _delete(account.get_user(input["UserName"]), input)


def delete_group_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroupPolicy.html"""
    return _delete(account.get_group(input["GroupName"]), input)


def delete_role_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRolePolicy.html"""
    return _delete(get_modifiable_role(account, input["RoleName"]), input)


def list_user_policies(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUserPolicies.html"""
    return _list(account.get_user(input["UserName"]), input, call)


def list_group_policies(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroupPolicies.html"""
    return _list(account.get_group(input["GroupName"]), input, call)


def list_role_policies(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRolePolicies.html"""
    return _list(account.get_role(input["RoleName"]), input, call)


def _put(account: Account, identity: Identity, input: Input, quota: str) -> Answer:
    """Create or replace. The quota is of all the identity's documents together; white space is not counted."""
    name, document = input["PolicyName"], input["PolicyDocument"]
    check_identity_policy(document, managed=False)
    policies = {**identity.inline_policies, name: document}
    limit = account.quota(quota)
    if sum(map(policy_size, policies.values())) > limit:
        raise LimitExceeded(f"Maximum policy size of {limit} bytes exceeded for {identity.kind} {identity.name}")
    return {}, [Put(replace(identity, inline_policies=policies))]


def _get(identity: Identity, input: Input) -> dict[str, str]:
    name = input["PolicyName"]
    if name not in identity.inline_policies:
        raise _not_found(identity, name)
    return {"PolicyName": name, "PolicyDocument": identity.inline_policies[name]}


def _delete(identity: Identity, input: Input) -> Answer:
    name = input["PolicyName"]
    if name not in identity.inline_policies:
        raise _not_found(identity, name)
    policies = {other: document for other, document in identity.inline_policies.items() if other != name}
    return {}, [Put(replace(identity, inline_policies=policies))]


def _list(identity: Identity, input: Input, call: Call) -> Answer:
    names, more = paginate(sorted(identity.inline_policies), input, call, str)
    return {"PolicyNames": names, **more}, []


def _not_found(identity: Identity, name: str) -> NoSuchEntity:
    return NoSuchEntity(f"The {identity.kind} policy with name {name} cannot be found.")

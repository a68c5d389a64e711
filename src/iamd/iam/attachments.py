"""Managed policies attached to users, groups and roles.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_manage-attach-detach.html
"""

from msgspec.structs import replace

from iamd.account.changes import Put
from iamd.account.operation import Answer, Input
from iamd.account.records import Identity
from iamd.account.state import Account
from iamd.arn import Arn, parse_arn
from iamd.call import Call
from iamd.errors import NoSuchEntity
from iamd.iam.managed_policies import get_attachable_policy, verify_attachable, verify_policy_arn
from iamd.iam.pagination import paginate
from iamd.iam.roles import get_modifiable_role


def attach_user_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachUserPolicy.html"""
    return _attach(account, account.get_user(input["UserName"]), input, "AttachedPoliciesPerUser")


def attach_group_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachGroupPolicy.html"""
    return _attach(account, account.get_group(input["GroupName"]), input, "AttachedPoliciesPerGroup")


def attach_role_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html"""
    return _attach(account, get_modifiable_role(account, input["RoleName"]), input, "AttachedPoliciesPerRole")


def detach_user_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachUserPolicy.html"""
    return _detach(account.get_user(input["UserName"]), input)


def detach_group_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachGroupPolicy.html"""
    return _detach(account.get_group(input["GroupName"]), input)


def detach_role_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachRolePolicy.html"""
    return _detach(get_modifiable_role(account, input["RoleName"]), input)


def list_attached_user_policies(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedUserPolicies.html"""
    return _list(account.get_user(input["UserName"]), input, call)


def list_attached_group_policies(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedGroupPolicies.html"""
    return _list(account.get_group(input["GroupName"]), input, call)


def list_attached_role_policies(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedRolePolicies.html"""
    return _list(account.get_role(input["RoleName"]), input, call)


def attached_policies_answer(identity: Identity) -> list[dict[str, str]]:
    """The shape ``attachedPoliciesListType``: all attached policies, by name."""
    return [_answer(arn) for arn in sorted(map(parse_arn, identity.attached_policies), key=_key)]


def _attach(account: Account, identity: Identity, input: Input, quota: str) -> Answer:
    policy = get_attachable_policy(account, input["PolicyArn"])
    verify_attachable(policy)
    attached = identity.attached_policies
    if policy.arn in attached:
        return {}, []
    account.require_room(quota, len(attached))
    return {}, [Put(replace(identity, attached_policies=(*attached, policy.arn)))]


def _detach(identity: Identity, input: Input) -> Answer:
    arn = input["PolicyArn"]
    verify_policy_arn(arn)
    attached = identity.attached_policies
    if arn not in attached:
        raise NoSuchEntity(f"Policy {arn} was not found.")
    return {}, [Put(replace(identity, attached_policies=tuple(other for other in attached if other != arn)))]


def _list(identity: Identity, input: Input, call: Call) -> Answer:
    """``PathPrefix`` is of the policies' paths."""
    prefix = "policy" + input.get("PathPrefix", "/")
    arns = [arn for arn in map(parse_arn, identity.attached_policies) if arn.resource.startswith(prefix)]
    page, more = paginate(sorted(arns, key=_key), input, call, _key)
    return {"AttachedPolicies": [_answer(arn) for arn in page], **more}, []


def _key(arn: Arn) -> str:
    """By name whatever its case; the account tells an own policy from AWS's of the same name.

    The path, which can be too long for a marker, tells nothing more: a name is unique among an account's policies.
    """
    return f"{arn.name.lower()} {arn.account_id}"


def _answer(arn: Arn) -> dict[str, str]:
    return {"PolicyName": arn.name, "PolicyArn": str(arn)}

"""GetAccountAuthorizationDetails: users, groups, roles and policies with all that decides their permissions.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any, NamedTuple

from iamd.account.operation import Answer, Input
from iamd.account.records import Group, Identity, ManagedPolicy, Role, User
from iamd.account.state import Account
from iamd.call import Call
from iamd.iam.attachments import attached_policies_answer
from iamd.iam.groups import group_answer
from iamd.iam.instance_profiles import instance_profile_answer
from iamd.iam.managed_policies import policy_answer
from iamd.iam.pagination import paginate
from iamd.iam.permissions_boundaries import permissions_boundary_answer
from iamd.iam.roles import role_answer, role_last_used_answer
from iamd.iam.tags import tags_answer
from iamd.iam.users import user_answer

EVERYTHING = ("User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy")
LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")


class Detail(NamedTuple):
    """One item of the answer, described only if it is on the page."""

    key: str  # orders the stream
    list: str  # the member of the answer it belongs in
    describe: Callable[[], dict[str, Any]]


def get_account_authorization_details(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html"""
    wanted = input.get("Filter") or EVERYTHING
    page, more = paginate(_details(account, wanted, call.time), input, call, lambda detail: detail.key)
    answer: dict[str, Any] = {name: [] for name in LISTS}
    for detail in page:
        answer[detail.list].append(detail.describe())
    return answer | more, []


def _details(account: Account, wanted: Collection[str], time: int) -> Iterator[Detail]:
    """The items of the kinds wanted, in the order of their keys."""
    if "User" in wanted:
        for user in account.users:
            yield Detail(f"0{user.key}", "UserDetailList", partial(_user_detail, account, user))
    if "Group" in wanted:
        for group in account.groups:
            yield Detail(f"1{group.key}", "GroupDetailList", partial(_group_detail, account, group))
    if "Role" in wanted:
        for role in account.roles:
            yield Detail(f"2{role.key}", "RoleDetailList", partial(_role_detail, account, role, time))
    if "LocalManagedPolicy" in wanted:
        for policy in account.policies:
            yield Detail(f"3{policy.key}", "Policies", partial(_policy_detail, account, policy))
    if "AWSManagedPolicy" in wanted:
        # Without a filter AWS-managed policies are those in use; asked for by name, they are all there are.
        shown = (
            policy
            for arn, policy in account.directory.aws_managed_policies.items()
            if wanted is not EVERYTHING or account.attachment_count(arn) or account.boundary_count(arn)
        )
        for policy in sorted(shown, key=lambda policy: policy.key):
            yield Detail(f"4{policy.key}", "Policies", partial(_policy_detail, account, policy))


def _user_detail(account: Account, user: User) -> dict[str, Any]:
    answer = user_answer(user) | {
        "GroupList": [group.name for group in account.groups_of(user)],
        "AttachedManagedPolicies": attached_policies_answer(user),
        "Tags": tags_answer(user.tags),
    }
    if user.inline_policies:
        answer["UserPolicyList"] = _inline_policies_answer(user)
    return answer | _boundary(user)


def _group_detail(account: Account, group: Group) -> dict[str, Any]:
    return group_answer(group) | {
        "GroupPolicyList": _inline_policies_answer(group),
        "AttachedManagedPolicies": attached_policies_answer(group),
    }


def _role_detail(account: Account, role: Role, time: int) -> dict[str, Any]:
    answer = role_answer(account, role) | {
        "InstanceProfileList": [
            instance_profile_answer(account, profile) for profile in account.instance_profiles_of(role)
        ],
        "RolePolicyList": _inline_policies_answer(role),
        "AttachedManagedPolicies": attached_policies_answer(role),
        "Tags": tags_answer(role.tags),
        "RoleLastUsed": role_last_used_answer(account, role, time),
    }
    return answer | _boundary(role)


def _policy_detail(account: Account, policy: ManagedPolicy) -> dict[str, Any]:
    return policy_answer(account, policy) | {
        "PolicyVersionList": [
            {
                "Document": version.document,
                "VersionId": version.id,
                "IsDefaultVersion": version.id == policy.default_version_id,
                "CreateDate": version.created,
            }
            for version in reversed(policy.versions)
        ]
    }


def _inline_policies_answer(identity: Identity) -> list[dict[str, str]]:
    """The shape ``policyDetailListType``: all inline policies, by name."""
    return [
        {"PolicyName": name, "PolicyDocument": identity.inline_policies[name]}
        for name in sorted(identity.inline_policies)
    ]


def _boundary(identity: User | Role) -> dict[str, Any]:
    arn = identity.permissions_boundary
    return {"PermissionsBoundary": permissions_boundary_answer(arn)} if arn else {}

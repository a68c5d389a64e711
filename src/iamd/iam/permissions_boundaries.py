"""Permissions boundaries of users and roles: which policies can be one, and how answers show it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
"""

from iamd.account.records import Role, User
from iamd.account.state import Account
from iamd.errors import InvalidInput, NoSuchEntity
from iamd.iam.managed_policies import is_policy_arn, verify_attachable


def get_permissions_boundary(account: Account, arn: str) -> str:
    """``arn``, of a policy that can be a permissions boundary in this account.

    Raises InvalidInput if it is no policy's ARN, NoSuchEntity if there is no such policy, PolicyNotAttachable for the
    policies of service-linked roles.
    """
    if not is_policy_arn(arn):
        raise InvalidInput(f"ARN {arn} is not valid.")
    policy = account.find_policy(arn)
    if policy is None:
        raise NoSuchEntity(f"Scope ARN: {arn} does not exist or is not attachable.")
    verify_attachable(policy)
    return arn


def verify_bounded(identity: User | Role) -> None:
    """That the user or role has a permissions boundary to delete. Raises NoSuchEntity."""
    if identity.permissions_boundary is None:
        raise NoSuchEntity(f"Principal {identity.id} does not have scope")


def permissions_boundary_answer(arn: str) -> dict[str, str]:
    """The member ``PermissionsBoundary`` of an answer; AWS sends ``Policy``, which is not in the enumeration."""
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}

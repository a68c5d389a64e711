"""AssumeRoot: a short session of a member account's root user, for one task that only root can do.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html
"""

from collections.abc import Mapping
from typing import Any, Final

from iamd.account.operation import Answer, Input
from iamd.account.organization import IAM_SERVICE, ROOT_CREDENTIALS_MANAGEMENT, ROOT_SESSIONS, Organization
from iamd.account.state import Account
from iamd.arn import find_root_account_id, root_arn
from iamd.authentication.session_token import SessionAttributes, SessionCredential, pack
from iamd.call import Call
from iamd.errors import AccessDenied, InternalFailure, ValidationError
from iamd.sts.sessions import issue

MAX_DURATION: Final = 900  # seconds, and the default

# Task policy → the features of central root access that it needs.
TASKS: Final[Mapping[str, frozenset[str]]] = {
    f"arn:aws:iam::aws:policy/root-task/{name}": frozenset(features)
    for name, features in (
        ("IAMAuditRootUserCredentials", {ROOT_CREDENTIALS_MANAGEMENT}),
        ("IAMCreateRootUserPassword", {ROOT_CREDENTIALS_MANAGEMENT, ROOT_SESSIONS}),
        ("IAMDeleteRootUserCredentials", {ROOT_CREDENTIALS_MANAGEMENT}),
        ("S3UnlockBucketPolicy", {ROOT_SESSIONS}),
        ("SQSUnlockQueuePolicy", {ROOT_SESSIONS}),
    )
}


def assume_root(account: Account, input: Input, call: Call) -> Answer:
    """``account`` is the caller's, which manages the organization or administers IAM for it.

    What an organization does not allow is refused like what the caller's policies do not: AWS declares no error for it.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html
    """
    target = find_root_account_id(input["TargetPrincipal"])
    if target is None:
        raise InternalFailure("A principal that is no root user was authorized.")
    task = input["TaskPolicyArn"].get("arn", "")
    if task not in TASKS or account.find_policy(task) is None:
        raise ValidationError(f"{task} is invalid")
    organization = account.directory.find_organization(account.account_id)
    if call.caller.kind == "root" or not _may_be_assumed(account, organization, target, task):
        raise AccessDenied(
            f"User: {call.caller.arn} is not authorized to perform: sts:AssumeRoot on resource: {root_arn(target)}"
        )
    source_identity = None if call.caller.session is None else call.caller.session.source_identity
    credential = SessionCredential(
        kind="root",
        account_id=target,
        entity_id=target,
        secret_access_key=call.new_secret_access_key(),
        issued=call.time,
        expires=call.time + input.get("DurationSeconds", MAX_DURATION),
        packed=pack(SessionAttributes(policy_arns=(task,))),
        source_identity=source_identity,
        assumed_root=True,
    )
    answer: dict[str, Any] = {"Credentials": issue(credential, input, call)}
    if source_identity is not None:
        answer["SourceIdentity"] = source_identity
    return answer, []


def _may_be_assumed(account: Account, organization: Organization | None, target: str, task: str) -> bool:
    """Whether the target is a member that ``account`` may perform the task in."""
    if organization is None or not organization.all_features or IAM_SERVICE not in organization.trusted_services:
        return False
    is_member = account.directory.organization_ids.get(target) == organization.id
    return (
        is_member
        and target != organization.management_account_id
        and organization.administers(account.account_id, IAM_SERVICE)
        and TASKS[task] <= set(organization.root_features)
    )

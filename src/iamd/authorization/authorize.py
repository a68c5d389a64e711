"""The decision on a call: every action that it needs, on every resource that it touches, must be allowed."""

from collections.abc import Mapping
from typing import Any

from iamd import policy
from iamd.account.state import Account
from iamd.authorization.actions import NEEDS
from iamd.authorization.context import PROVIDERS, readings, request_context, resource_context
from iamd.authorization.gather import policies_in_force
from iamd.call import Call, Caller
from iamd.errors import AccessDenied
from iamd.policy import Decision
from iamd.wire.models import OperationModel


class Denied(AccessDenied):
    """AccessDenied with the decision behind it, for logs and explanations."""

    def __init__(self, message: str, decision: Decision) -> None:
        super().__init__(message)
        self.decision = decision

    @property
    def code(self) -> str:
        return "AccessDenied"


def authorize(operation: OperationModel, input: Mapping[str, Any], account: Account, call: Call) -> Decision | None:
    """The decision that allows the call; None for operations that need no permission.

    Raises Denied in AWS's words for the first action that is not allowed.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    decision = None
    needs = NEEDS[operation.name]
    if not needs:
        return None
    policies = policies_in_force(account, call.caller)
    principal = _principal(call.caller)
    context = request_context(account, call)
    for need in needs:
        if need.if_any and not any(member in input for member in need.if_any):
            continue
        action = need.action or f"{operation.service.name}:{operation.name}"
        target = need.target(account, input, call)
        extra = resource_context(target)
        for provider in need.keys:
            extra |= PROVIDERS[provider](input, target)
        for reading in readings(extra):
            request = policy.Request(principal=principal, action=action, resource=target.arn, context=context | reading)
            decision = policy.authorize(request, policies)
            if decision.outcome != "allowed":
                raise Denied(policy.denial_message(decision, call.caller.arn, action, target.shown), decision)
    return decision


def _principal(caller: Caller) -> policy.Principal:
    return policy.Principal(
        kind=caller.kind,
        account_id=caller.account_id,
        arn=caller.arn,
        principal_arn=caller.principal_arn,
        user_id=caller.user_id,
    )

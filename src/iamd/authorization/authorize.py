"""The decision on a call: every action that it needs, on every resource that it touches, must be allowed."""

from iamd import policy
from iamd.account.operation import Input
from iamd.account.records import Role
from iamd.account.state import Account
from iamd.authorization.actions import NEEDS_OF
from iamd.authorization.context import PROVIDERS, readings, request_context, resource_context, service_context
from iamd.authorization.gather import policies_in_force, with_owners_permissions, with_trust_policy
from iamd.authorization.sessions import verify_may_call
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


def authorize(
    operation: OperationModel,
    input: Input,
    account: Account,
    call: Call,
    callers_account: Account | None = None,
) -> Decision | None:
    """The decision that allows the call; None for operations that need no permission.

    ``account`` is the one acted on, ``callers_account`` the caller's where that is another. Raises Denied in AWS's
    words for the first action that is not allowed, and what ``verify_may_call`` raises.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    verify_may_call(operation, call.caller)
    decision = None
    needs = NEEDS_OF[operation.service.prefix][operation.name]
    if callable(needs):
        needs = needs(account, input, call)
    if not needs:
        return None
    policies = policies_in_force(callers_account or account, call.caller)
    principal = principal_of(call.caller)
    context = request_context(account, call, callers_account)
    for need in needs:
        if not need.applies(input, call.caller):
            continue
        action = need.action or f"{operation.service.prefix}:{operation.name}"
        target = need.target(account, input, call)
        extra = resource_context(target)
        if need.context:
            extra |= need.context
        for provider in need.keys:
            extra |= PROVIDERS[provider](input, target)
        asks, in_force, given, shown = principal, policies, context, call.caller.arn
        if need.as_service:
            shown = input["ServicePrincipal"]
            asks = policy.Principal(kind="service", services=(shown,))
            in_force, given = policy.Policies(), service_context(context, input, account)
        if need.owner_may:
            in_force = with_owners_permissions(in_force)
        if need.trust:
            role = target.entity if isinstance(target.entity, Role) else None
            in_force = with_trust_policy(in_force, account, role, callers_account)
        for reading in readings(extra):
            keys = given | reading if reading else given
            request = policy.Request(principal=asks, action=action, resource=target.arn, context=keys)
            decision = policy.authorize(request, in_force)
            if decision.outcome != "allowed":
                raise Denied(policy.denial_message(decision, shown, action, target.shown), decision)
    return decision


def principal_of(caller: Caller) -> policy.Principal:
    """The caller as policies see it."""
    return policy.Principal(
        kind=caller.kind,
        account_id=caller.account_id,
        arn=caller.arn,
        principal_arn=caller.principal_arn,
        user_id=caller.user_id,
        issuer_arn=caller.issuer_arn,
        issuer_id=caller.issuer_id,
    )

"""Whether a caller could do itself all that a policy allows, as far as that can be told without trying.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetDelegationRequest.html
"""

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from iamd import policy
from iamd.account.state import Account
from iamd.authorization.authorize import principal_of
from iamd.authorization.context import request_context
from iamd.authorization.gather import policies_in_force
from iamd.call import Call
from iamd.policy import Policies, parse_policy

Result: TypeAlias = Literal["ALLOWED", "DENIED", "UNSURE"]

# What a * is tried as, so that no ? of a policy passes for it.
_STANDS_FOR: Final = ("", "*", "*" * 64)


def check_permissions(account: Account, call: Call, document: str) -> Result:
    """``account`` is the caller's.

    An action and resource without wildcards are decided as such. With wildcards they stand for many: that a policy
    allows the very pattern is enough if nothing at all is denied; otherwise nobody can be sure.
    """
    policies = policies_in_force(account, call.caller)
    results = set(_results(account, call, policies, document))
    if "DENIED" in results:
        return "DENIED"
    return "UNSURE" if "UNSURE" in results else "ALLOWED"


def _results(account: Account, call: Call, policies: Policies, document: str) -> Iterator[Result]:
    principal, context = principal_of(call.caller), request_context(account, call)
    in_force = (*policies.identity, *(policies.session or ()), *([policies.boundary] if policies.boundary else []))
    denies = any(statement.denies for each in in_force for statement in each.statements)
    for statement in parse_policy(document, source_type="session").statements:
        if statement.denies:
            continue  # who may more than that may less
        if statement.actions is None or statement.resources is None:
            yield "UNSURE"
            continue
        for action in statement.actions:
            for resource in statement.resources:
                forms = (
                    policy.Request(
                        principal=principal,
                        action=action.replace("*", stands_for),
                        resource=resource.replace("*", stands_for),
                        context=context,
                    )
                    for stands_for in _STANDS_FOR
                )
                allowed = all(policy.authorize(form, policies).allowed for form in forms)
                if set("*?$").isdisjoint(action + resource):
                    yield "ALLOWED" if allowed else "DENIED"
                else:
                    yield "ALLOWED" if allowed and not denies else "UNSURE"

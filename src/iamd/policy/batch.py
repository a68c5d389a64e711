"""One action on one resource, decided for thousands of callers at once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from iamd.policy.authorize import Decision, Policies, decide, levels_in_force, needs_no_permission
from iamd.policy.compile import Candidates, Rules
from iamd.policy.document import Policy
from iamd.policy.evaluate import USES, PolicyType, find_rule
from iamd.policy.request import Context, Principal, Request

Caller: TypeAlias = tuple[Principal, Policies, Context]
"""Who asks, the policies in force, and the condition keys."""


def authorize_callers(action: str, resource: str, callers: Iterable[Caller]) -> Iterator[Decision]:
    """The decision for each caller, as ``authorize`` makes it.

    Every policy is searched once for the statements that concern the action and can concern the resource; what is left
    to do for a caller is to put those of its policies together.
    """
    lower = action.lower()
    known: dict[PolicyType, dict[Policy, Candidates]] = defaultdict(dict)
    for principal, policies, context in callers:
        request = Request(principal=principal, action=action, resource=resource, context=context)
        if needs_no_permission(request):
            yield Decision("allowed", None, request, policies)
            continue
        candidates = []
        for policy_type, level in levels_in_force(request, policies):
            found = known[policy_type]
            denies: Rules = ()
            allows: Rules = ()
            for policy in level:
                if policy not in found:
                    found[policy] = _find_candidates(policy, policy_type, lower, resource)
                denying, allowing = found[policy]
                denies += denying
                allows += allowing
            candidates.append((policy_type, denies, allows))
        yield decide(request, policies, candidates)


def _find_candidates(policy: Policy, policy_type: PolicyType, action: str, resource: str) -> Candidates:
    """The rules of a policy that concern the action, given in lower case, and can concern the resource."""
    denies: Rules = ()
    allows: Rules = ()
    for statement in policy.statements:
        rule = find_rule(statement, USES[policy_type]) if statement.fits_action(action) else None
        if rule is not None and resource.startswith(rule[0]):
            if statement.denies:
                denies += (rule,)
            else:
                allows += (rule,)
    return denies, allows

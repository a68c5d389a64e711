"""Policies of one type as one set in which a decision looks up the few statements that its action concerns.

What is compiled is kept: the set as long as its policies are in use, a statement's tests with the statement, which
equal documents share, and what concerns an action in a bounded memo. Nothing is compiled before it is asked for.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TypeAlias

from iamd.policy.actions import find_services
from iamd.policy.document import Policy, Statement
from iamd.policy.evaluate import USES, Match, PolicyType, Rule, Use, find_form, find_rule
from iamd.policy.principals import Form
from iamd.policy.request import Request

_MAX_SETS = 8_192
_MAX_ACTIONS = 65_536  # pairs of set and action
_MAX_REASONS = 8_192  # the same, of which reasons were asked
_MAX_SERVICES = 16  # a statement about more services is looked at for every action

Rules: TypeAlias = tuple[Rule, ...]
Candidates: TypeAlias = tuple[Rules, Rules]
"""The rules whose action fits: those that deny, those that allow."""


class PolicySet:
    """The policies that have a say together: of one type and, where the type has levels, of one level."""

    __slots__ = ("_by_service", "_of_any_service", "policies", "use")

    def __init__(self, policies: tuple[Policy, ...], use: Use) -> None:
        self.policies = policies
        self.use = use
        self._of_any_service: list[Statement] = []
        self._by_service: dict[str, list[Statement]] = {}
        for statement in self.statements():
            services = None if statement.actions is None else find_services(statement.actions)
            if services is None or len(services) > _MAX_SERVICES:
                self._of_any_service.append(statement)
            else:
                for service in services:
                    self._by_service.setdefault(service, []).append(statement)

    def statements(self) -> Iterator[Statement]:
        """All statements of all policies."""
        for policy in self.policies:
            yield from policy.statements

    def statements_about(self, action: str) -> Iterator[Statement]:
        """The statements that concern the action, given in lower case; in no particular order."""
        service = action.partition(":")[0]
        for statements in (self._by_service.get(service, ()), self._of_any_service):
            for statement in statements:
                if statement.fits_action(action):
                    yield statement


@lru_cache(_MAX_SETS)
def find_set(policies: tuple[Policy, ...], policy_type: PolicyType) -> PolicySet:
    """The set of these policies, one for equal ones."""
    return PolicySet(policies, USES[policy_type])


@lru_cache(_MAX_ACTIONS)
def find_candidates(policy_set: PolicySet, action: str) -> Candidates:
    """The rules of the set that the action, given in lower case, concerns."""
    denies: list[Rule] = []
    allows: list[Rule] = []
    for statement in policy_set.statements_about(action):
        rule = find_rule(statement, policy_set.use)
        if rule is not None:
            (denies if statement.denies else allows).append(rule)
    return tuple(denies), tuple(allows)


def applies_any(rules: Rules, request: Request, has_boundary: bool) -> bool:
    """Whether one of the rules, whose action fits, applies to the request."""
    resource, context = request.resource, request.context
    starts_with = resource.startswith
    for starts, test, names in rules:
        if (
            starts_with(starts)
            and (test is None or test(resource, context))
            and (names is None or names(request.principal, has_boundary) is not None)
        ):
            return True
    return False


def find_widest_form(rules: Iterable[Rule], request: Request, has_boundary: bool) -> Form | None:
    """The most far-reaching form in which one of the rules, whose action fits, applies; None if none does."""
    forms = (find_form(rule, request, has_boundary) for rule in rules)
    return max((form for form in forms if form is not None), default=None)


def find_matches(
    policy_set: PolicySet, policy_type: PolicyType, request: Request, has_boundary: bool, *, denies: bool
) -> Iterator[Match]:
    """The statements that allow, or that deny, the request, in the order of the policies."""
    for policy, statement, rule in _find_sources(policy_set, request.action.lower(), denies):
        form = find_form(rule, request, has_boundary)
        if form is not None:
            yield Match(policy_type, policy, statement, form if policy_set.use.names_principals else None)


@lru_cache(_MAX_REASONS)
def _find_sources(policy_set: PolicySet, action: str, denies: bool) -> tuple[tuple[Policy, Statement, Rule], ...]:
    """The rules that the action, given in lower case, concerns, with where they come from, in the policies' order."""
    return tuple(
        (policy, statement, rule)
        for policy in policy_set.policies
        for statement in policy.statements
        if statement.denies is denies and statement.fits_action(action)
        for rule in (find_rule(statement, policy_set.use),)
        if rule is not None
    )

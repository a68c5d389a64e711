"""What callers may do action by action, for all known actions and thousands of callers at once.

Resources and conditions are not looked into: an action is allowed always, sometimes or never.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, pairwise
from typing import Literal, NamedTuple, TypeAlias

from msgspec import Struct

from iamd.policy.authorize import (
    NEEDS_NO_PERMISSION,
    Levels,
    Policies,
    acts_for_root,
    is_resource_controlled,
    types_without_a_say,
)
from iamd.policy.document import Policy, Statement
from iamd.policy.evaluate import USES, FindForm, PolicyType, find_rule
from iamd.policy.matching import compile_pattern, literal_start
from iamd.policy.request import Principal

Answer: TypeAlias = Literal["always", "sometimes", "never"]
Runs: TypeAlias = tuple[tuple[int, int], ...]
"""Actions by their numbers: from the first of each pair up to, and without, the second."""
Bits: TypeAlias = int
"""A set of groups of actions: bit n stands for the group with number n."""

_LAST_CHARACTER = "\U0010ffff"
_MAX_PATTERNS = 16_384


class KnownActions:
    """The actions that are asked about, ``service:Operation`` each, numbered in the order of their lower-case names."""

    def __init__(self, names: Iterable[str]) -> None:
        spelled = {name.lower(): name for name in names}
        self._lower = sorted(spelled)
        self._numbers = {name: number for number, name in enumerate(self._lower)}
        self._found: dict[str, Runs] = {}
        self.names = tuple(spelled[name] for name in self._lower)
        self.need_no_permission = self._find_runs(NEEDS_NO_PERMISSION.__contains__, 0, len(self._lower))
        self.resource_controlled = self._find_runs(is_resource_controlled, 0, len(self._lower))

    def find_number(self, action: str) -> int | None:
        """The number of an action, given in any case; None if it is not known."""
        return self._numbers.get(action.lower())

    def find(self, pattern: str) -> Runs:
        """The actions that a pattern of an Action element, given in lower case, fits."""
        found = self._found.get(pattern)
        if found is None:
            if len(self._found) >= _MAX_PATTERNS:
                self._found.clear()
            found = self._found[pattern] = self._find(pattern)
        return found

    def _find(self, pattern: str) -> Runs:
        start = literal_start(pattern)
        if start == pattern:
            number = self._numbers.get(pattern)
            return () if number is None else ((number, number + 1),)
        first, end = bisect_left(self._lower, start), bisect_left(self._lower, start + _LAST_CHARACTER)
        if pattern == start + "*":
            return ((first, end),) if first < end else ()
        return self._find_runs(compile_pattern(pattern), first, end)

    def _find_runs(self, fits: Callable[[str], bool], first: int, end: int) -> Runs:
        """Those of the actions between two numbers whose lower-case names fit."""
        fitting = [False, *map(fits, self._lower[first:end]), False]
        changes = [first + place for place, (one, next) in enumerate(pairwise(fitting)) if one is not next]
        return tuple(zip(changes[::2], changes[1::2], strict=True))


class Groups:
    """Known actions in groups that none of certain runs tells apart: thousands of actions in some hundred groups."""

    def __init__(self, actions: KnownActions, runs: Iterable[Runs]) -> None:
        ends = {0, *chain.from_iterable(chain.from_iterable(runs))}
        self.actions = actions
        self._starts = sorted(ends - {len(actions.names)})
        self._numbers = {start: number for number, start in enumerate(self._starts)}
        self._numbers[len(actions.names)] = len(self._starts)
        self.all: Bits = (1 << len(self._starts)) - 1
        self.need_no_permission = self.join(actions.need_no_permission)
        self.resource_controlled = self.join(actions.resource_controlled)

    def join(self, runs: Runs) -> Bits:
        """The groups that runs consist of."""
        bits = 0
        for first, end in runs:
            start = self._numbers[first]
            bits |= ((1 << self._numbers[end] - start) - 1) << start
        return bits

    def contain(self, bits: Bits, action: int) -> bool:
        """Whether an action, given by its number, is in one of the groups."""
        return bool(bits >> bisect_right(self._starts, action) - 1 & 1)

    def spell(self, bits: Bits) -> tuple[str, ...]:
        """The names of the actions in the groups."""
        names = self.actions.names
        ends = [*self._starts[1:], len(names)]
        found = (
            names[first:end]
            for number, (first, end) in enumerate(zip(self._starts, ends, strict=True))
            if bits >> number & 1
        )
        return tuple(chain.from_iterable(found))


class Reach(Struct, frozen=True):
    """What a caller may do: ``always``, on every resource and under all conditions; ``sometimes``, depending on the
    resource or on conditions, which might even exclude each other; any other action never.

    INVARIANT: of an action that is always or never allowed, ``authorize`` says the same for every request. What no
    statement restricts to resources or by conditions is never sometimes.
    """

    groups: Groups
    always_in: Bits
    sometimes_in: Bits

    @property
    def always(self) -> tuple[str, ...]:
        """The actions that are always allowed."""
        return self.groups.spell(self.always_in)

    @property
    def sometimes(self) -> tuple[str, ...]:
        """The actions that are sometimes allowed."""
        return self.groups.spell(self.sometimes_in)

    def find(self, action: str) -> Answer | None:
        """The answer for an action, given in any case; None if it is not known."""
        number = self.groups.actions.find_number(action)
        if number is None:
            return None
        if self.groups.contain(self.always_in, number):
            return "always"
        return "sometimes" if self.groups.contain(self.sometimes_in, number) else "never"


def find_reaches(actions: KnownActions, callers: Iterable[tuple[Principal, Policies]]) -> list[Reach]:
    """What each caller may do by the policies in force. Those that callers share are read once.

    Raises ValueError for a resource-based policy: it belongs to one resource. What it would add or deny is left out.
    """
    callers = list(callers)
    if any(policies.resource is not None for _, policies in callers):
        raise ValueError("A resource-based policy says nothing about actions apart from its resource.")
    statements = chain.from_iterable(policy.statements for policy in _every_policy(callers))
    patterns = {pattern for statement in statements for pattern in _patterns(statement)}
    runs = (actions.need_no_permission, actions.resource_controlled, *map(actions.find, patterns))
    reader = _Reader(Groups(actions, runs))
    return [reader.find_reach(principal, policies) for principal, policies in callers]


def _every_policy(callers: Iterable[tuple[Principal, Policies]]) -> set[Policy]:
    found: set[Policy] = set()
    levels: set[Levels | None] = set()
    for _, policies in callers:
        found.update(policies.identity)
        found.update(policies.session or ())
        found.update(policies.endpoint or ())
        levels.update((policies.service_control, policies.resource_control))
        if policies.boundary is not None:
            found.add(policies.boundary)
    found.update(chain.from_iterable(chain.from_iterable(each or () for each in levels)))
    return found


def _patterns(statement: Statement) -> tuple[str, ...]:
    return statement.actions or statement.not_actions or ()


class _Says(NamedTuple):
    """What policies say about actions."""

    may_allow: Bits  # on some resource or under some condition
    allow: Bits  # in any case
    may_deny: Bits
    deny: Bits


_NOTHING = _Says(0, 0, 0, 0)


class _Reader:
    """Reads policies, each of them once, and lists of levels, which accounts have in common."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._policies: dict[PolicyType, dict[Policy, _Says]] = defaultdict(dict)
        self._naming: dict[tuple[Policy, PolicyType], tuple[tuple[FindForm | None, _Says], ...]] = {}
        self._service_control: dict[Levels, _Says] = {}

    def find_reach(self, principal: Principal, policies: Policies) -> Reach:
        free = self._groups.need_no_permission if principal.has_account else 0
        if _needs_resource_policy(principal, policies):
            return Reach(self._groups, free, 0)
        left_out = types_without_a_say(principal, policies, None)
        levels = (says for policy_type, says in self._find_levels(principal, policies) if policy_type not in left_out)
        may_allow, allow, may_deny, deny = _meet(levels, self._groups.all)
        always = free | _without(allow, may_deny)
        return Reach(self._groups, always, _without(_without(may_allow, deny), always))

    def _find_levels(self, principal: Principal, policies: Policies) -> Iterator[tuple[PolicyType, _Says]]:
        """What each level of each type of policy says; all must allow."""
        every = self._groups.all
        identity = self._read_all(policies.identity, PolicyType.IDENTITY)
        yield (
            PolicyType.IDENTITY,
            identity._replace(may_allow=every, allow=every) if acts_for_root(principal) else identity,
        )
        has_boundary = policies.boundary is not None
        if policies.boundary is not None:
            yield PolicyType.PERMISSIONS_BOUNDARY, self._read_all((policies.boundary,), PolicyType.PERMISSIONS_BOUNDARY)
        if policies.session is not None:
            yield PolicyType.SESSION, self._read_all(policies.session, PolicyType.SESSION)
        if policies.service_control is not None:
            says = self._service_control.get(policies.service_control)
            if says is None:
                levels = (self._read_all(level, PolicyType.SERVICE_CONTROL) for level in policies.service_control)
                says = self._service_control[policies.service_control] = _meet(levels, every)
            yield PolicyType.SERVICE_CONTROL, says
        for level in policies.resource_control or ():
            says = self._read_naming(level, PolicyType.RESOURCE_CONTROL, principal, has_boundary)
            yield PolicyType.RESOURCE_CONTROL, _only_about(says, self._groups.resource_controlled, every)
        if policies.endpoint is not None:
            yield (
                PolicyType.VPC_ENDPOINT,
                self._read_naming(policies.endpoint, PolicyType.VPC_ENDPOINT, principal, has_boundary),
            )

    def _read_all(self, policies: Iterable[Policy], policy_type: PolicyType) -> _Says:
        """What policies of a type that names no principals say together."""
        known = self._policies[policy_type]
        may_allow = allow = may_deny = deny = 0
        for policy in policies:
            says = known.get(policy)
            if says is None:
                says = known[policy] = _join(says for _, says in self._read(policy, policy_type))
            may_allow |= says.may_allow
            allow |= says.allow
            if says.may_deny:
                may_deny |= says.may_deny
                deny |= says.deny
        return _Says(may_allow, allow, may_deny, deny)

    def _read_naming(
        self, policies: Iterable[Policy], policy_type: PolicyType, principal: Principal, has_boundary: bool
    ) -> _Says:
        """What policies of a type that names principals say together about one of them."""
        found = []
        for policy in policies:
            key = (policy, policy_type)
            statements = self._naming.get(key)
            if statements is None:
                statements = self._naming[key] = tuple(self._read(policy, policy_type))
            found += [says for names, says in statements if names is None or names(principal, has_boundary) is not None]
        return _join(found)

    def _read(self, policy: Policy, policy_type: PolicyType) -> Iterator[tuple[FindForm | None, _Says]]:
        """For each statement how it names callers, and what it says."""
        for statement in policy.statements:
            rule = find_rule(statement, USES[policy_type])
            if rule is not None:
                starts, test, names = rule
                some = self._find_actions(statement)
                every = some if starts == "" and test is None else 0
                yield names, _Says(0, 0, some, every) if statement.denies else _Says(some, every, 0, 0)

    def _find_actions(self, statement: Statement) -> Bits:
        found = 0
        for pattern in _patterns(statement):
            found |= self._groups.join(self._groups.actions.find(pattern))
        return found if statement.not_actions is None else _without(self._groups.all, found)


def _needs_resource_policy(principal: Principal, policies: Policies) -> bool:
    """Whether the caller may do nothing but what the resource's policy grants."""
    return (
        not principal.has_account
        or policies.resource_policy_required
        or policies.resource_account_id not in (None, principal.account_id)
        or (principal.kind == "federated" and policies.session is None)
    )


def _join(found: Iterable[_Says]) -> _Says:
    """What is said where one is enough."""
    may_allow, allow, may_deny, deny = _NOTHING
    for says in found:
        may_allow, allow = may_allow | says.may_allow, allow | says.allow
        may_deny, deny = may_deny | says.may_deny, deny | says.deny
    return _Says(may_allow, allow, may_deny, deny)


def _meet(found: Iterable[_Says], every: Bits) -> _Says:
    """What is said where all must allow."""
    may_allow, allow, may_deny, deny = every, every, 0, 0
    for says in found:
        may_allow, allow = may_allow & says.may_allow, allow & says.allow
        may_deny, deny = may_deny | says.may_deny, deny | says.deny
    return _Says(may_allow, allow, may_deny, deny)


def _only_about(says: _Says, some: Bits, every: Bits) -> _Says:
    """What is said by policies that leave alone all actions but some."""
    others = _without(every, some)
    return _Says(says.may_allow | others, says.allow | others, says.may_deny & some, says.deny & some)


def _without(some: Bits, others: Bits) -> Bits:
    """A set without another; what ``some & ~others`` would take twice as long for."""
    return some ^ (some & others) if others else some

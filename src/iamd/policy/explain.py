"""Decisions explained to people: what decided, what stood in the way, and what came closest to allowing.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_policies.html
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from iamd.policy.authorize import NEEDS_NO_PERMISSION, Decision, Levels, Outcome, Policies, authorize, policies_in_force
from iamd.policy.conditions import Clause, split_operator
from iamd.policy.document import Policy, Statement, parse_policy
from iamd.policy.evaluate import Match, PolicyType
from iamd.policy.messages import POLICY_TYPE_NAMES
from iamd.policy.principals import Form, PrincipalElement
from iamd.policy.references import StatementReference, find_variables, refer, refer_to, spell_keys
from iamd.policy.request import Context, Principal, Request

Element: TypeAlias = Literal["Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"]

NEAREST = 3
"""How many statements that came close are told for each type of policy, unless the caller wants more."""

_SHOWN_VALUES = 6
_NAMES_PRINCIPALS = {PolicyType.RESOURCE, PolicyType.TRUST, PolicyType.RESOURCE_CONTROL, PolicyType.VPC_ENDPOINT}
_COMPLETES_ARNS = {PolicyType.IDENTITY, PolicyType.PERMISSIONS_BOUNDARY}
_ALLOW_ALL = parse_policy('{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}')
_ALLOW_EVERYBODY = parse_policy('{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}')


class Comparison(Struct, frozen=True, kw_only=True):
    """One element of a statement held against the request."""

    element: Element
    holds: bool
    wanted: tuple[str, ...]  # what the statement lists, as written
    actual: tuple[str, ...] | None  # what the request has; None: the condition key is absent
    operator: str | None = None  # of a condition, as written
    key: str | None = None  # of a condition, as written
    variables: dict[str, str | None] = {}  # policy variables without default in it, and what the request has for them
    note: str | None = None  # what else there is to say

    def __str__(self) -> str:
        if self.note is not None:
            return f"{self.element}: {self.note}"
        if self.element == "Condition":
            return f"Condition {self.operator} on {self.key} {_verb(self.holds)}: {self._compared()}"
        fits = self.holds is not self.element.startswith("Not")
        covers = "covers" if fits else "does not cover"
        return f"{self.element} {covers} {_list(self.actual or ())}: it is {_list(self.wanted)}{self._where()}"

    def _compared(self) -> str:
        actual = "the request has no such key" if self.actual is None else f"the request has {_quote(self.actual)}"
        base = split_operator(self.operator or "").base
        if base == "Null":
            wanted = "it absent" if [value.lower() for value in self.wanted] == ["true"] else "it present"
        elif "Not" in base:
            wanted = f"anything but {_quote(self.wanted)}"
        else:
            wanted = _quote(self.wanted)
        return f"{actual}, the statement wants {wanted}{self._where()}"

    def _where(self) -> str:
        values = (
            f"${{{name}}} has no value" if value is None else f"${{{name}}} is {_quote((value,))}"
            for name, value in self.variables.items()
        )
        return f" ({', '.join(values)})" if self.variables else ""


class Reason(Struct, frozen=True, kw_only=True):
    """A statement, and those of its elements that are why it is told."""

    statement: StatementReference
    elements: tuple[Comparison, ...]  # what holds, of a statement that applies; what does not, of one that came close


class Block(Struct, frozen=True, kw_only=True):
    """A type of policy that had to allow the request and does not."""

    policy_type: PolicyType
    levels: tuple[int, ...]  # of SCPs and RCPs: the levels that do not allow, 0 is the organization's root; else empty
    policies: int  # how many policies had their say there
    nearest: tuple[Reason, ...]  # the statements that would have allowed with the fewest changes, the nearest first


class Explanation(Struct, frozen=True, kw_only=True):
    """A decision and its reasons; ``str()`` gives them as text for people."""

    outcome: Outcome
    policy_type: PolicyType | None  # the type that AWS names as denying; None if allowed
    principal: str
    action: str
    resource: str
    matched: tuple[Reason, ...]  # the statements that made the decision, with their conditions
    blocks: tuple[Block, ...]  # of an implicit deny: every type whose Allow is needed and missing
    missing_context: tuple[str, ...]  # condition keys that statements about the action ask for and the request lacks
    note: str | None = None  # why a request is allowed that no statement allows

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        asked = f"{self.action} on {self.resource}"
        if self.outcome == "allowed":
            yield f"Allowed: {self.principal} may {asked}."
        elif self.policy_type is not None:
            name = POLICY_TYPE_NAMES[self.policy_type]
            explicit = self.outcome == "explicitDeny"
            why = f"with an explicit deny in {name}" if explicit else f"because no {_bare(name)} allows it"
            yield f"Denied: {self.principal} may not {asked}, {why}."
        if self.note is not None:
            yield self.note
        if self.matched:
            yield ""
            yield "It is allowed by" if self.outcome == "allowed" else "It is denied, whatever else allows it, by"
            for reason in self.matched:
                yield from _reason_lines(reason)
        for block in self.blocks:
            yield ""
            yield from _block_lines(block)
        if self.missing_context:
            yield ""
            yield f"Condition keys asked for that the request lacks: {', '.join(self.missing_context)}."


def explain(decision: Decision, nearest: int = NEAREST) -> Explanation:
    """Why the decision is what it is.

    For an implicit deny, every type of policy that stood in the way is told: were the first to allow, the second
    would still deny. Of each, at most ``nearest`` statements are told: those that fail in the fewest elements, which
    is one wherever there is such a statement.
    """
    request, policies = decision.request, decision.policies
    in_force = tuple(policies_in_force(request, policies))
    return Explanation(
        outcome=decision.outcome,
        policy_type=decision.policy_type,
        principal=name_principal(request.principal),
        action=request.action,
        resource=request.resource,
        matched=tuple(_reason(match, request.context) for match in decision.matched),
        blocks=tuple(
            _block(policy_type, in_force, request, policies, nearest) for policy_type in _find_blocking_types(decision)
        ),
        missing_context=spell_keys(decision.missing_context, _flatten(levels for _, levels in in_force)),
        note=_note(decision),
    )


def name_principal(principal: Principal) -> str:
    """Whom to tell people that asked."""
    return principal.arn or ", ".join(principal.services) or "An anonymous caller"


# What stands in the way -----------------------------------------------------------------------------------------------


def _find_blocking_types(decision: Decision) -> list[PolicyType]:
    """The types that deny implicitly: the one named, the one that would be named if that allowed, and so on."""
    found: list[PolicyType] = []
    while decision.outcome == "implicitDeny" and (denying := decision.policy_type) is not None and denying not in found:
        found.append(denying)
        decision = authorize(decision.request, _lift(decision.policies, denying))
    return found


def _lift(policies: Policies, policy_type: PolicyType) -> Policies:
    """The policies, but that those of one type allow everything."""
    match policy_type:
        case PolicyType.IDENTITY:
            return replace(policies, identity=(_ALLOW_ALL,))
        case PolicyType.PERMISSIONS_BOUNDARY:
            return replace(policies, boundary=None)
        case PolicyType.SESSION:
            return replace(policies, session=(_ALLOW_ALL,))
        case PolicyType.SERVICE_CONTROL:
            return replace(policies, service_control=None)
        case PolicyType.RESOURCE_CONTROL:
            return replace(policies, resource_control=None)
        case PolicyType.VPC_ENDPOINT:
            return replace(policies, endpoint=None)
        case PolicyType.RESOURCE | PolicyType.TRUST:
            return replace(policies, resource=_ALLOW_EVERYBODY)


def _block(
    policy_type: PolicyType,
    in_force: Sequence[tuple[PolicyType, Levels]],
    request: Request,
    policies: Policies,
    nearest: int,
) -> Block:
    levels: Levels = next((levels for each, levels in in_force if each is policy_type), ())
    silent, count, near = [], 0, []
    for number, level in enumerate(levels):
        reasons = list(_near_misses(policy_type, level, request, Form.ACCOUNT))
        if all(reason.elements for reason in reasons):
            silent.append(number)
            count += len(level)
            near += reasons
    if policy_type is PolicyType.IDENTITY and policies.resource_account_id in (None, request.principal.account_id):
        # Inside one account a resource-based policy that names the caller would do as well.
        for other, levels in in_force:
            if other is policies.resource_policy_type:
                near += _near_misses(other, next(iter(levels)), request, Form.ENTITY)
    controls = policy_type in (PolicyType.SERVICE_CONTROL, PolicyType.RESOURCE_CONTROL)
    return Block(
        policy_type=policy_type,
        levels=tuple(silent) if controls else (),
        policies=count,
        nearest=tuple(_rank(near, request)[:nearest]),
    )


def _near_misses(policy_type: PolicyType, policies: Iterable[Policy], request: Request, form: Form) -> Iterator[Reason]:
    """Every statement that allows something, with the elements for which it does not allow the request."""
    for policy in policies:
        for statement in policy.statements:
            if not statement.denies:
                failures = tuple(_failures(policy_type, statement, request, form))
                yield Reason(statement=refer_to(policy_type, policy, statement), elements=failures)


def _rank(reasons: list[Reason], request: Request) -> list[Reason]:
    """Those that fail in the fewest elements, the nearest first."""
    fewest = min((len(reason.elements) for reason in reasons), default=0)
    service = request.action.lower().partition(":")[0]

    def distance(reason: Reason) -> tuple[int, int]:
        far, alike = 0, 0
        for comparison in reason.elements:
            match comparison.element:
                case "Condition":
                    continue
                case "Resource" | "NotResource":
                    weight, text = 1, request.resource
                case "Principal" | "NotPrincipal":
                    weight, text = 2, request.principal.principal_arn
                case _:
                    of_service = any(value.partition(":")[0] == service for value in comparison.wanted)
                    weight, text = 3 if of_service else 4, request.action.lower()
            far = max(far, weight)
            alike = max([alike, *(_shared_length(value, text) for value in comparison.wanted)])
        return far, -alike

    return sorted((reason for reason in reasons if len(reason.elements) == fewest), key=distance)


def _shared_length(first: str, second: str) -> int:
    """How many characters two texts begin with in common."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(first), len(second)))


# One statement and the request ----------------------------------------------------------------------------------------


def _failures(policy_type: PolicyType, statement: Statement, request: Request, form: Form) -> Iterator[Comparison]:
    """The elements of an Allow that do not cover the request; none if it allows it.

    ``form`` is how the statement has at least to name the caller, where statements name principals.
    """
    yield from _principal_failures(policy_type, statement, request.principal, form)
    if not statement.fits_action(request.action.lower()):
        yield _listed("Action", statement.actions, statement.not_actions, request.action)
    yield from _resource_failures(policy_type, statement, request)
    for clause in statement.conditions:
        if not clause.holds(request.context):
            yield _compare(clause, request.context, holds=False)


def _principal_failures(
    policy_type: PolicyType, statement: Statement, principal: Principal, least: Form
) -> Iterator[Comparison]:
    element = statement.principal
    if policy_type not in _NAMES_PRINCIPALS:
        for name, found in (("Principal", element), ("NotPrincipal", statement.not_principal)):
            if found is not None:
                yield _principal(name, found, principal, "a policy of this type names no principals")  # type: ignore[arg-type]
        return
    if statement.not_principal is not None:
        yield _principal("NotPrincipal", statement.not_principal, principal, "it goes with Deny only")
    elif element is None:
        yield _principal("Principal", None, principal, "the statement names nobody")
    else:
        form = element.find_form(principal)
        if form is Form.EVERYONE and principal.kind == "provider":
            yield _principal("Principal", element, principal, "an identity provider has to be named")
        elif form is None:
            yield _principal("Principal", element, principal, None)
        elif form < least:
            note = f"{_list(_names(element))} is the whole account, which leaves it to the account's own policies"
            yield _principal("Principal", element, principal, note)


def _principal(
    name: Literal["Principal", "NotPrincipal"], element: PrincipalElement | None, principal: Principal, note: str | None
) -> Comparison:
    return Comparison(
        element=name,
        holds=False,
        wanted=() if element is None else _names(element),
        actual=(name_principal(principal),),
        note=note,
    )


def _resource_failures(policy_type: PolicyType, statement: Statement, request: Request) -> Iterator[Comparison]:
    if statement.resources is None and statement.not_resources is None:
        if policy_type not in (PolicyType.RESOURCE, PolicyType.TRUST):
            note = "the statement has none"
            yield Comparison(element="Resource", holds=False, wanted=(), actual=(request.resource,), note=note)
    elif not statement.fits_resource(request.resource, request.context, policy_type in _COMPLETES_ARNS):
        comparison = _listed("Resource", statement.resources, statement.not_resources, request.resource)
        variables = _variables(statement.resource_keys, comparison.wanted, request.context)
        yield replace(comparison, variables=variables)


def _listed(
    name: Literal["Action", "Resource"], values: tuple[str, ...] | None, others: tuple[str, ...] | None, actual: str
) -> Comparison:
    """Of an element or its Not form, whichever the statement has."""
    element: Element = name if values is not None else "NotAction" if name == "Action" else "NotResource"
    return Comparison(element=element, holds=False, wanted=values or others or (), actual=(actual,))


def _compare(clause: Clause, context: Context, holds: bool) -> Comparison:
    actual = context.get(clause.key.lower())
    return Comparison(
        element="Condition",
        holds=holds,
        wanted=clause.values,
        actual=(actual,) if isinstance(actual, str) else actual or None,
        operator=clause.operator,
        key=clause.key,
        variables=_variables(clause.needs[1:], clause.values, context),
    )


def _variables(keys: Iterable[str], texts: Iterable[str], context: Context) -> dict[str, str | None]:
    """What the keys, given in lower case, are in the request, under the names that ``texts`` have for them."""
    written = {name.lower(): name for text in texts for name in find_variables(text)}
    values = {written.get(key, key): context.get(key) for key in keys}
    return {name: value if isinstance(value, str) else None for name, value in values.items()}


def _reason(match: Match, context: Context) -> Reason:
    """A statement that applies, with its conditions."""
    conditions = (_compare(clause, context, holds=True) for clause in match.statement.conditions)
    return Reason(statement=refer(match), elements=tuple(conditions))


def _note(decision: Decision) -> str | None:
    if decision.outcome != "allowed" or decision.matched:
        return None
    if decision.request.action.lower() in NEEDS_NO_PERMISSION:
        return "Every caller may, whatever its policies say."
    return "The root user needs no policy that allows it."


# Text -----------------------------------------------------------------------------------------------------------------


def _block_lines(block: Block) -> Iterator[str]:
    name = _bare(POLICY_TYPE_NAMES[block.policy_type])
    where = ""
    if block.levels:
        numbers = ", ".join(map(str, block.levels))
        where = f" of level {numbers}" if len(block.levels) == 1 else f" of levels {numbers}"
    if not block.policies:
        yield f"There is no {name}{where}, and one has to allow it."
    else:
        yield f"No {name}{where} allows it."
    if block.nearest:
        one = all(len(reason.elements) == 1 for reason in block.nearest)
        yield "Nearest, but for one element each:" if one else "Nearest:"
        for reason in block.nearest:
            yield from _reason_lines(reason)


def _reason_lines(reason: Reason) -> Iterator[str]:
    yield f"  {reason.statement}"
    for comparison in reason.elements:
        yield f"    {comparison}"


def _bare(name: str) -> str:
    """A name without its article."""
    return name.partition(" ")[2]


def _verb(holds: bool) -> str:
    return "holds" if holds else "does not hold"


def _names(element: PrincipalElement) -> tuple[str, ...]:
    return tuple(value for _, value in element.named)


def _quote(values: tuple[str, ...]) -> str:
    return _list(values, lambda value: f'"{value}"')


def _list(values: tuple[str, ...], form: Callable[[str], str] = str) -> str:
    shown = ", ".join(map(form, values[:_SHOWN_VALUES])) or "nothing"
    more = len(values) - _SHOWN_VALUES
    return f"{shown} and {more} more" if more > 0 else shown


def _flatten(groups: Iterable[Levels]) -> Iterator[Policy]:
    for levels in groups:
        for level in levels:
            yield from level

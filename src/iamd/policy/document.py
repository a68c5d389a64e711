"""Policy documents: JSON text, parsed once into statements that can be asked whether they apply to a request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from iamd.errors import MalformedPolicyDocument
from iamd.policy.actions import compile_actions
from iamd.policy.conditions import Clause
from iamd.policy.json_text import NumberText, Span, find_spans, read_json
from iamd.policy.matching import Matcher
from iamd.policy.principals import PrincipalElement, parse_principal
from iamd.policy.request import Context
from iamd.policy.resources import ResourceTest, compile_not_resources, compile_resources, find_keys

VERSIONS = ("2008-10-17", "2012-10-17")
SYNTAX_ERROR = "Syntax errors in policy."


class Statement(Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """One statement: its elements as written, and tests that are compiled when first asked for.

    An element that the statement lacks is None. Actions are in lower case.
    """

    index: int  # its place in the policy, from 0
    sid: str | None
    effect: Literal["Allow", "Deny"]
    principal: PrincipalElement | None
    not_principal: PrincipalElement | None
    actions: tuple[str, ...] | None
    not_actions: tuple[str, ...] | None
    resources: tuple[str, ...] | None
    not_resources: tuple[str, ...] | None
    conditions: tuple[Clause, ...]
    variables: bool  # whether the policy's version has them
    text: str  # of the whole policy

    @property
    def denies(self) -> bool:
        return self.effect == "Deny"

    @property
    def span(self) -> Span:
        """Where it stands in the policy."""
        return _find_statements(self.text)[self.index]

    @cached_property
    def fits_action(self) -> Matcher:
        """Tells whether the statement is about an action, given in lower case."""
        if self.not_actions is None:
            return compile_actions(self.actions or ())
        listed = compile_actions(self.not_actions)
        return lambda action: not listed(action)

    def resource_test(self, completes: bool) -> ResourceTest:
        """The test of its resource. ``completes``: incomplete ARNs stand for what they start.

        A statement without Resource and NotResource is about none.
        """
        compile_patterns = compile_resources if self.not_resources is None else compile_not_resources
        patterns = self.resources if self.not_resources is None else self.not_resources
        return compile_patterns(patterns or (), variables=self.variables, denies=self.denies, completes=completes)

    def fits_resource(self, resource: str, context: Context, completes: bool) -> bool:
        """Whether the statement is about ``resource``; see ``resource_test``."""
        starts, fits = self.resource_test(completes)
        return resource.startswith(starts) and (fits is None or fits(resource, context))

    @property
    def resource_keys(self) -> tuple[str, ...]:
        """The condition keys, in lower case, that variables in its resources look up."""
        return tuple(find_keys(self.resources or self.not_resources or (), self.variables))

    def holds(self, context: Context) -> bool:
        """Whether all conditions hold."""
        return all(clause.holds(context) for clause in self.conditions)

    @cached_property
    def derived(self) -> dict[Any, Any]:
        """What others compile from the statement and keep with it, each under a key of its own."""
        return {}


@lru_cache(64)
def _find_statements(text: str) -> list[Span]:
    return find_spans(text, "Statement")


class Policy(Struct, frozen=True, kw_only=True, eq=False):
    """A policy document, and where it comes from."""

    version: str
    id: str | None
    statements: tuple[Statement, ...]
    text: str
    # Where it comes from, for reasons; https://docs.aws.amazon.com/IAM/latest/APIReference/API_Statement.html
    source_id: str = ""  # e.g. the policy's name
    source_type: str = ""  # e.g. user, group, role, aws-managed, user-managed, resource
    arn: str | None = None  # of a managed policy; denials name it

    @property
    def principals(self) -> tuple[tuple[str, str], ...]:
        """Every principal that the statements name, as written: ``("AWS", "arn:…")``."""
        elements = (each for statement in self.statements for each in (statement.principal, statement.not_principal))
        return tuple(named for element in elements if element is not None for named in element.named)


def parse_policy(text: str, *, source_id: str = "", source_type: str = "", arn: str | None = None) -> Policy:
    """The policy that ``text`` holds; equal texts are parsed once.

    Understands every document that the ``check_`` functions of ``iamd.policy`` accept. INVARIANT: what is not
    understood in it (an operator, a value, a principal, a variable) never grants and never lifts a Deny.
    Raises MalformedPolicyDocument where there is no policy to be made out at all.
    """
    parse_from = next(tier for longest, tier in _TIERS if len(text) <= longest)
    return parse_from(text, source_id, source_type, arn)


def _parse(text: str) -> Policy:
    try:
        document = read_json(text)
        version = document.get("Version", VERSIONS[0])
        id = _string(document, "Id")
        statements = document["Statement"]
        if version not in VERSIONS:
            raise ValueError("Version")
        if not statements:
            raise ValueError("Statement")
        statements = [statements] if isinstance(statements, Mapping) else statements
        variables = version != VERSIONS[0]
        parsed = tuple(
            _parse_statement(index, statement, variables, text) for index, statement in enumerate(statements)
        )
    except (ValueError, TypeError, AttributeError, KeyError):
        raise MalformedPolicyDocument(SYNTAX_ERROR) from None
    return Policy(version=version, id=id, statements=parsed, text=text)


def _make_tier(count: int) -> Callable[[str, str, str, str | None], Policy]:
    """``parse_policy`` that keeps so many documents."""
    parse = lru_cache(count)(_parse)

    @lru_cache(count)
    def parse_from(text: str, source_id: str, source_type: str, arn: str | None) -> Policy:
        return replace(parse(text), source_id=source_id, source_type=source_type, arn=arn)

    return parse_from


# The longer documents are, the fewer are kept: the inline policies of many thousand users, most managed policies, and
# those few that are as long as AWS's ReadOnlyAccess.
_TIERS = ((4_096, _make_tier(16_384)), (16_384, _make_tier(1_024)), (sys.maxsize, _make_tier(64)))


def _parse_statement(index: int, statement: Mapping[str, Any], variables: bool, text: str) -> Statement:
    effect: Literal["Allow", "Deny"] = "Deny" if statement["Effect"].lower() == "deny" else "Allow"
    if statement["Effect"].lower() != effect.lower():
        raise ValueError("Effect")
    actions, not_actions = _strings(statement, "Action"), _strings(statement, "NotAction")
    resources, not_resources = _strings(statement, "Resource"), _strings(statement, "NotResource")
    if (actions is None) == (not_actions is None) or (resources is not None and not_resources is not None):
        raise ValueError("both or neither")
    return Statement(
        index=index,
        sid=_string(statement, "Sid"),
        effect=effect,
        principal=_principal(statement, "Principal"),
        not_principal=_principal(statement, "NotPrincipal"),
        actions=_lower(actions),
        not_actions=_lower(not_actions),
        resources=resources,
        not_resources=not_resources,
        conditions=tuple(_parse_conditions(statement.get("Condition", {}), variables, effect == "Deny")),
        variables=variables,
        text=text,
    )


def _parse_conditions(element: Mapping[str, Any], variables: bool, denies: bool) -> Iterator[Clause]:
    for operator, keys in element.items():
        for key, values in keys.items():
            texts = tuple(map(scalar_text, values if isinstance(values, list) else [values]))
            yield Clause(operator, key, texts, variables, denies)


def scalar_text(value: object) -> str:
    """A condition value as text: numbers as written, truth values as JSON writes them. Raises ValueError."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    raise ValueError("Condition")


def _string(holder: Mapping[str, Any], element: str) -> str | None:
    value = holder.get(element)
    if value is None and element not in holder:
        return None
    if not isinstance(value, str) or isinstance(value, NumberText):
        raise ValueError(element)
    return value


def _strings(statement: Mapping[str, Any], element: str) -> tuple[str, ...] | None:
    if element not in statement:
        return None
    values = statement[element]
    values = values if isinstance(values, list) else [values]
    if not values or not all(isinstance(value, str) and not isinstance(value, NumberText) for value in values):
        raise ValueError(element)
    return tuple(values)


def _lower(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(value.lower() for value in values)


def _principal(statement: Mapping[str, Any], element: str) -> PrincipalElement | None:
    return parse_principal(statement[element]) if element in statement else None

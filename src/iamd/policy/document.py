"""Policy documents: JSON text, parsed once into statements that can be asked whether they apply to a request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from iamd.errors import MalformedPolicyDocument
from iamd.policy.conditions import Clause, compile_clause
from iamd.policy.json_text import NumberText, Span, find_spans, read_json
from iamd.policy.matching import Matcher, compile_any, compile_glob
from iamd.policy.principals import PrincipalElement, parse_principal
from iamd.policy.request import Context
from iamd.policy.variables import IllFormed, Part, find_tokens, has_variables, parse_template, variable_keys

VERSIONS = ("2008-10-17", "2012-10-17")
SYNTAX_ERROR = "Syntax errors in policy."
ARN_PARTS = 6

_MAX_CACHED_LENGTH = 16_384  # characters; of longer documents, such as AWS's ReadOnlyAccess, few are kept
_MAX_CACHED_DOCUMENTS = 4_096
_MAX_CACHED_LONG_DOCUMENTS = 64

ResourceTest: TypeAlias = Callable[[str, Context, bool], bool]
"""resource, context, whether incomplete ARNs are completed → whether the statement is about the resource."""


class Statement(Struct, frozen=True, kw_only=True):
    """One statement: its elements as written, and compiled.

    An element that the statement lacks is None. Actions are in lower case.
    """

    index: int  # its place in the policy, from 0
    sid: str | None
    effect: Literal["Allow", "Deny"]
    span: Span
    principal: PrincipalElement | None
    not_principal: PrincipalElement | None
    actions: tuple[str, ...] | None
    not_actions: tuple[str, ...] | None
    resources: tuple[str, ...] | None
    not_resources: tuple[str, ...] | None
    conditions: tuple[Clause, ...]
    resource_keys: tuple[str, ...]  # condition keys, in lower case, that variables in resources look up
    fits_action: Matcher  # takes the action in lower case
    fits_resource: ResourceTest

    @property
    def denies(self) -> bool:
        return self.effect == "Deny"

    def holds(self, context: Context) -> bool:
        """Whether all conditions hold."""
        for clause in self.conditions:  # noqa: SIM110 - a generator would cost more than the loop
            if not clause.holds(context):
                return False
        return True


class Policy(Struct, frozen=True, kw_only=True):
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
    if len(text) > _MAX_CACHED_LENGTH:
        policy = _parse_long(text)
    elif not (source_id or source_type or arn):
        return _parse_cached(text)
    else:
        return _parse_cached_from(text, source_id, source_type, arn)
    return replace(policy, source_id=source_id, source_type=source_type, arn=arn)


@lru_cache(_MAX_CACHED_LONG_DOCUMENTS)
def _parse_long(text: str) -> Policy:
    return _parse(text)


@lru_cache(_MAX_CACHED_DOCUMENTS)
def _parse_cached(text: str) -> Policy:
    return _parse(text)


@lru_cache(_MAX_CACHED_DOCUMENTS)
def _parse_cached_from(text: str, source_id: str, source_type: str, arn: str | None) -> Policy:
    return replace(_parse_cached(text), source_id=source_id, source_type=source_type, arn=arn)


def _parse(text: str) -> Policy:
    try:
        document = read_json(text)
        version = document.get("Version", VERSIONS[0])
        id = document.get("Id")
        statements = document["Statement"]
        if version not in VERSIONS or not isinstance(id, str | None):
            raise ValueError("Version or Id")
        if not statements:
            raise ValueError("Statement")
        statements = [statements] if isinstance(statements, Mapping) else statements
        spans = find_spans(text, "Statement")
        variables = version != VERSIONS[0]
        parsed = tuple(
            _parse_statement(index, statement, span, variables)
            for index, (statement, span) in enumerate(zip(statements, spans, strict=True))
        )
    except (ValueError, TypeError, AttributeError, KeyError):
        raise MalformedPolicyDocument(SYNTAX_ERROR) from None
    return Policy(version=version, id=id, statements=parsed, text=text)


def _parse_statement(index: int, statement: Mapping[str, Any], span: Span, variables: bool) -> Statement:
    effect: Literal["Allow", "Deny"] = "Deny" if statement["Effect"].lower() == "deny" else "Allow"
    if statement["Effect"].lower() != effect.lower():
        raise ValueError("Effect")
    denies = effect == "Deny"
    actions, not_actions = _strings(statement, "Action"), _strings(statement, "NotAction")
    resources, not_resources = _strings(statement, "Resource"), _strings(statement, "NotResource")
    if (actions is None) == (not_actions is None) or (resources is not None and not_resources is not None):
        raise ValueError("both or neither")
    patterns = _ResourcePatterns(resources if not_resources is None else not_resources, variables, denies)
    return Statement(
        index=index,
        sid=_string(statement, "Sid"),
        effect=effect,
        span=span,
        principal=_principal(statement, "Principal"),
        not_principal=_principal(statement, "NotPrincipal"),
        actions=_lower(actions),
        not_actions=_lower(not_actions),
        resources=resources,
        not_resources=not_resources,
        conditions=tuple(_parse_conditions(statement.get("Condition", {}), variables, denies)),
        resource_keys=tuple(patterns.keys),
        fits_action=_compile_actions(_lower(actions), _lower(not_actions)),
        fits_resource=patterns.fits if not_resources is None else patterns.fits_none,
    )


def _compile_actions(actions: tuple[str, ...] | None, not_actions: tuple[str, ...] | None) -> Matcher:
    if not_actions is None:
        return compile_any(actions or ())
    listed = compile_any(not_actions)
    return lambda action: not listed(action)


class _ResourcePatterns:
    """The patterns of a Resource or NotResource element.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """

    def __init__(self, patterns: tuple[str, ...] | None, variables: bool, denies: bool) -> None:
        self.keys: list[str] = []
        self._denies = denies
        self._templates: list[tuple[Part, ...]] = []
        self._ill_formed = False
        fixed = []
        for pattern in patterns or ():
            if variables and has_variables(pattern):
                self._add_template(pattern)
            else:
                fixed.append(pattern)
        self._fits_fixed = compile_any(fixed)
        self._fits_completed = compile_any(filter(None, map(complete_arn, fixed)))

    def _add_template(self, pattern: str) -> None:
        """Variables may stand behind the fifth colon only."""
        *parts, last = pattern.split(":", ARN_PARTS - 1)
        try:
            template = parse_template(last)
        except IllFormed:
            self._ill_formed = True
            return
        start = "".join(f"{part}:" for part in parts)
        if has_variables(start) or len(parts) < ARN_PARTS - 1:
            self._ill_formed = True
            return
        self._templates.append((start, *template))
        self.keys += variable_keys(template)

    def fits(self, resource: str, context: Context, completes: bool) -> bool:
        """Whether a Resource element with these patterns is about ``resource``."""
        if self._fits_fixed(resource) or ((completes or self._denies) and self._fits_completed(resource)):
            return True
        if self._ill_formed and self._denies:
            return True
        for template in self._templates:
            tokens = find_tokens(template, context)
            if tokens is not None and compile_glob(tokens)(resource):
                return True
        return False

    def fits_none(self, resource: str, context: Context, completes: bool) -> bool:
        """Whether a NotResource element with these patterns is about ``resource``.

        It is about nothing when a variable has no value.
        """
        if self._fits_fixed(resource) or ((completes or not self._denies) and self._fits_completed(resource)):
            return False
        if self._ill_formed and not self._denies:
            return False
        for template in self._templates:
            tokens = find_tokens(template, context)
            if tokens is None or compile_glob(tokens)(resource):
                return False
        return True


def complete_arn(pattern: str) -> str | None:
    """``arn:aws:sqs`` as ``arn:aws:sqs:*:*:*``; None for what is no incomplete ARN."""
    missing = ARN_PARTS - 1 - pattern.count(":")
    return pattern + ":*" * missing if missing > 0 and pattern.startswith("arn:") else None


def _parse_conditions(element: Mapping[str, Any], variables: bool, denies: bool) -> Iterator[Clause]:
    for operator, keys in element.items():
        for key, values in keys.items():
            texts = tuple(map(scalar_text, values if isinstance(values, list) else [values]))
            yield compile_clause(operator, key, texts, variables=variables, denies=denies)


def scalar_text(value: object) -> str:
    """A condition value as text: numbers as written, truth values as JSON writes them. Raises ValueError."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    raise ValueError("Condition")


def _string(statement: Mapping[str, Any], element: str) -> str | None:
    value = statement.get(element)
    if value is None and element not in statement:
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

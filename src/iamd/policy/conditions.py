"""Conditions: the operators of the policy language, their qualifiers, and what each says about a request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from operator import eq, ge, gt, le, lt
from typing import Any, NamedTuple, TypeAlias

from msgspec import Struct

from iamd.policy.matching import Matcher, Token, compile_arn, compile_glob, match_everything, match_nothing, tokenize
from iamd.policy.request import Context
from iamd.policy.values import parse_bytes, parse_date, parse_network, parse_number, parse_truth
from iamd.policy.variables import (
    IllFormed,
    Part,
    find_text,
    find_tokens,
    has_variables,
    parse_template,
    tokenize_template,
    variable_keys,
)

Check: TypeAlias = Callable[[Context], bool]

FOR_ALL_VALUES = "ForAllValues:"
FOR_ANY_VALUE = "ForAnyValue:"
IF_EXISTS = "IfExists"


# What the operators compare -------------------------------------------------------------------------------------------


def _compile_equal(tokens: Iterable[Token]) -> Matcher:
    return "".join(map(str, tokens)).__eq__


def _compile_equal_ignoring_case(tokens: Iterable[Token]) -> Matcher:
    expected = "".join(map(str, tokens)).lower()
    return lambda text: text.lower() == expected


def _comparison(parse: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Callable[[str], Matcher | None]:
    """Compares parsed values; a value of the request that is none of the kind fits nothing."""

    def compile_value(text: str) -> Matcher | None:
        expected = parse(text)
        if expected is None:
            return None

        def matches(text: str) -> bool:
            value = parse(text)
            return value is not None and compare(value, expected)

        return matches

    return compile_value


def _contained(address: Any, network: Any) -> bool:
    return address in network


class Operator(NamedTuple):
    """One of the language's operators, without its qualifiers.

    Text operators (``from_tokens``) take variables and perhaps wildcards, the others (``from_text``) neither.
    """

    from_tokens: Callable[[Iterable[Token]], Matcher] | None = None
    from_text: Callable[[str], Matcher | None] | None = None
    wildcards: bool = False
    negated: bool = False


def _text(compile_value: Callable[[Iterable[Token]], Matcher], wildcards: bool = False) -> tuple[Operator, Operator]:
    operator = Operator(from_tokens=compile_value, wildcards=wildcards)
    return operator, operator._replace(negated=True)


def _parsed(parse: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> tuple[Operator, Operator]:
    operator = Operator(from_text=_comparison(parse, compare))
    return operator, operator._replace(negated=True)


def _ordered(kind: str, parse: Callable[[str], Any]) -> dict[str, Operator]:
    equals, not_equals = _parsed(parse, eq)
    return {
        f"{kind}Equals": equals,
        f"{kind}NotEquals": not_equals,
        f"{kind}LessThan": _parsed(parse, lt)[0],
        f"{kind}LessThanEquals": _parsed(parse, le)[0],
        f"{kind}GreaterThan": _parsed(parse, gt)[0],
        f"{kind}GreaterThanEquals": _parsed(parse, ge)[0],
    }


def _operators() -> dict[str, Operator]:
    string, not_string = _text(_compile_equal)
    caseless, not_caseless = _text(_compile_equal_ignoring_case)
    like, not_like = _text(compile_glob, wildcards=True)
    arn, not_arn = _text(compile_arn, wildcards=True)
    address, not_address = _parsed(parse_network, _contained)
    return {
        "StringEquals": string,
        "StringNotEquals": not_string,
        "StringEqualsIgnoreCase": caseless,
        "StringNotEqualsIgnoreCase": not_caseless,
        "StringLike": like,
        "StringNotLike": not_like,
        **_ordered("Numeric", parse_number),
        **_ordered("Date", parse_date),
        "Bool": _parsed(parse_truth, eq)[0],
        "BinaryEquals": _parsed(parse_bytes, eq)[0],
        "IpAddress": address,
        "NotIpAddress": not_address,
        "ArnEquals": arn,
        "ArnLike": arn,
        "ArnNotEquals": not_arn,
        "ArnNotLike": not_arn,
        "Null": Operator(),
    }


OPERATORS: Mapping[str, Operator] = _operators()


# Clauses --------------------------------------------------------------------------------------------------------------


class SplitOperator(NamedTuple):
    """An operator's name taken apart."""

    qualifier: str  # ForAllValues:, ForAnyValue: or nothing
    base: str
    if_exists: bool


def split_operator(name: str) -> SplitOperator:
    """``ForAnyValue:StringLikeIfExists`` taken apart. The base need not be an operator that exists."""
    qualifier = next((prefix for prefix in (FOR_ALL_VALUES, FOR_ANY_VALUE) if name.startswith(prefix)), "")
    base = name.removeprefix(qualifier)
    return SplitOperator(qualifier, base.removesuffix(IF_EXISTS), base.endswith(IF_EXISTS))


def is_operator(name: str) -> bool:
    """Whether the language has the operator, with these qualifiers. Names are case-sensitive."""
    return split_operator(name).base in OPERATORS


class Clause(Struct, frozen=True, eq=False, dict=True):
    """One operator applied to one condition key, e.g. ``"StringEquals": {"aws:username": ["Ana", "Bo"]}``."""

    operator: str  # as written, with its qualifiers
    key: str  # as written
    values: tuple[str, ...]  # as written; numbers and truth values as their text
    variables: bool  # whether the policy's version has variables
    denies: bool  # the statement's effect

    @cached_property
    def holds(self) -> Check:
        """Tells whether the clause holds in a context; compiled when first asked for.

        INVARIANT: what is not understood holds in a Deny and does not hold in an Allow.
        """
        key = self.key.lower()
        name = split_operator(self.operator)
        operator = OPERATORS.get(name.base)
        if operator is None or (name.base == "Null" and name.if_exists):
            return _always if self.denies else _never
        if name.base == "Null":
            return _compile_null(key, self.values, self.denies)
        qualify = _QUALIFIERS[name.qualifier]
        fixed, templates = self._compile_values(operator)
        if not templates:
            return qualify(key, _match_any(fixed), operator.negated, name.if_exists)

        def holds(context: Context) -> bool:
            found = [find_matcher(context) for find_matcher in templates]
            return qualify(key, _match_any(fixed + found), operator.negated, name.if_exists)(context)

        return holds

    @property
    def needs(self) -> tuple[str, ...]:
        """The keys, in lower case, that it looks up: its own and those of its variables."""
        operator = OPERATORS.get(split_operator(self.operator).base)
        needs = [self.key.lower()]
        if operator is not None and operator.from_tokens is not None and self.variables:
            for value in self.values:
                with suppress(IllFormed):
                    needs += variable_keys(parse_template(value))
        return tuple(needs)

    def _compile_values(self, operator: Operator) -> tuple[list[Matcher], list[Callable[[Context], Matcher]]]:
        """What a value of the request may fit: matchers, and functions that find one once variables have values."""
        # Inside a negated operator, a value that fits makes the clause fail.
        ill_formed = match_everything if self.denies != operator.negated else match_nothing
        fixed: list[Matcher] = []
        literals: set[str] = set()
        templates: list[Callable[[Context], Matcher]] = []
        for value in self.values:
            if operator.from_text is not None:
                fixed.append(operator.from_text(value) or ill_formed)
            elif self.variables and has_variables(value):
                try:
                    templates.append(_compile_template(operator, parse_template(value)))
                except IllFormed:
                    fixed.append(ill_formed)
            elif operator.from_tokens is _compile_equal:
                literals.add(value)
            elif operator.from_tokens is not None:
                fixed.append(operator.from_tokens(tokenize(value) if operator.wildcards else (value,)))
        if literals:
            fixed.append(frozenset(literals).__contains__)
        return fixed, templates


def _always(context: Context) -> bool:
    return True


def _never(context: Context) -> bool:
    return False


def _compile_null(key: str, values: tuple[str, ...], denies: bool) -> Check:
    wanted = {parse_truth(value) for value in values}
    if not wanted or None in wanted:
        return _always if denies else _never

    def holds(context: Context) -> bool:
        return (not any(_request_values(context, key))) in wanted

    return holds


def _match_any(matchers: list[Matcher]) -> Matcher:
    if len(matchers) == 1:
        return matchers[0]
    return lambda value: any(matches(value) for matches in matchers)


def _compile_template(operator: Operator, parts: tuple[Part, ...]) -> Callable[[Context], Matcher]:
    """What a value must fit once the variables are in place; with an absent key it fits nothing."""
    compile_tokens = operator.from_tokens
    assert compile_tokens is not None
    template = tuple(tokenize_template(parts))

    def find_pattern(context: Context) -> Matcher:
        tokens = find_tokens(template, context)
        return match_nothing if tokens is None else compile_tokens(tokens)

    def find_literal(context: Context) -> Matcher:
        text = find_text(parts, context)
        return match_nothing if text is None else compile_tokens((text,))

    return find_pattern if operator.wildcards else find_literal


# How many of a key's values must fit ----------------------------------------------------------------------------------


def _request_values(context: Context, key: str) -> tuple[str, ...]:
    value = context.get(key, ())
    return (value,) if isinstance(value, str) else value


def _unqualified(key: str, matches: Matcher, negated: bool, if_exists: bool) -> Check:
    absent = negated or if_exists

    def holds(context: Context) -> bool:
        value = context.get(key)
        if isinstance(value, str):
            return matches(value) is not negated
        if not value:
            return absent
        return any(map(matches, value)) is not negated

    return holds


def _for_all_values(key: str, matches: Matcher, negated: bool, if_exists: bool) -> Check:
    def holds(context: Context) -> bool:
        values = _request_values(context, key)
        return not any(values) or all(matches(value) is not negated for value in values)

    return holds


def _for_any_value(key: str, matches: Matcher, negated: bool, if_exists: bool) -> Check:
    def holds(context: Context) -> bool:
        values = _request_values(context, key)
        return any(matches(value) is not negated for value in values) if values else if_exists

    return holds


_QUALIFIERS: Mapping[str, Callable[[str, Matcher, bool, bool], Check]] = {
    "": _unqualified,
    FOR_ALL_VALUES: _for_all_values,
    FOR_ANY_VALUE: _for_any_value,
}

"""Conditions: the operators of the policy language, their qualifiers, and what each says about a request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from collections.abc import Callable, Iterable, Mapping
from operator import eq, ge, gt, le, lt
from typing import Any, NamedTuple, TypeAlias

from msgspec import Struct

from iamd.policy.matching import Matcher, Token, compile_arn, compile_glob, match_everything, match_nothing, tokenize
from iamd.policy.request import Context
from iamd.policy.values import parse_bytes, parse_date, parse_network, parse_number, parse_truth
from iamd.policy.variables import IllFormed, Part, find_text, find_tokens, has_variables, parse_template, variable_keys

Test: TypeAlias = Callable[[str, Context], bool]
"""Whether one value of the request fits the values of the policy."""
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


class Clause(Struct, frozen=True):
    """One operator applied to one condition key, e.g. ``"StringEquals": {"aws:username": ["Ana", "Bo"]}``."""

    operator: str  # as written, with its qualifiers
    key: str  # as written
    values: tuple[str, ...]  # as written; numbers and truth values as their text
    needs: tuple[str, ...]  # the keys, in lower case, that it looks up: its own and those of its variables
    holds: Check


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


def compile_clause(name: str, key: str, values: tuple[str, ...], *, variables: bool, denies: bool) -> Clause:
    """The clause, ready to be asked.

    ``variables`` tells whether the policy's version has them. ``denies`` is the statement's effect.
    INVARIANT: what is not understood holds in a Deny and does not hold in an Allow.
    """
    lookup = key.lower()
    split = split_operator(name)
    operator = OPERATORS.get(split.base)
    needs = [lookup]
    if operator is None or (split.base == "Null" and split.if_exists):
        holds: Check = _always if denies else _never
    elif split.base == "Null":
        holds = _compile_null(lookup, values, denies)
    else:
        # Inside a negated operator, a value that fits makes the clause fail.
        ill_formed = match_everything if denies != operator.negated else match_nothing
        test = _compile_values(operator, values, variables, ill_formed, needs)
        holds = _QUALIFIERS[split.qualifier](lookup, test, operator.negated, split.if_exists)
    return Clause(name, key, values, tuple(needs), holds)


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


def _compile_values(
    operator: Operator, values: tuple[str, ...], variables: bool, ill_formed: Matcher, needs: list[str]
) -> Test:
    """A test that a value passes by fitting any of ``values``. Adds the keys of variables to ``needs``."""
    fixed: list[Matcher] = []
    literals: set[str] = set()
    templates: list[tuple[Part, ...]] = []
    for value in values:
        if operator.from_text is not None:
            fixed.append(operator.from_text(value) or ill_formed)
        elif variables and has_variables(value):
            try:
                templates.append(parse_template(value))
            except IllFormed:
                fixed.append(ill_formed)
                continue
            needs += variable_keys(templates[-1])
        elif operator.from_tokens is _compile_equal:
            literals.add(value)
        elif operator.from_tokens is not None:
            fixed.append(operator.from_tokens(tokenize(value) if operator.wildcards else (value,)))
    if literals:
        fixed.append(frozenset(literals).__contains__)
    if not templates:
        if len(fixed) == 1:
            matches = fixed[0]
            return lambda value, context: matches(value)
        return lambda value, context: any(matches(value) for matches in fixed)
    return lambda value, context: (
        any(matches(value) for matches in fixed)
        or any(_fits_template(operator, template, value, context) for template in templates)
    )


def _fits_template(operator: Operator, template: tuple[Part, ...], value: str, context: Context) -> bool:
    """Whether a value fits once the variables are in place; with an absent key it fits nothing."""
    tokens: list[Token] | None
    if operator.wildcards:
        tokens = find_tokens(template, context)
    else:
        text = find_text(template, context)
        tokens = None if text is None else [text]
    return tokens is not None and operator.from_tokens is not None and operator.from_tokens(tokens)(value)


# How many of a key's values must fit ----------------------------------------------------------------------------------


def _request_values(context: Context, key: str) -> tuple[str, ...]:
    value = context.get(key, ())
    return (value,) if isinstance(value, str) else value


def _unqualified(key: str, test: Test, negated: bool, if_exists: bool) -> Check:
    absent = negated or if_exists

    def holds(context: Context) -> bool:
        value = context.get(key)
        if isinstance(value, str):
            return test(value, context) is not negated
        if not value:
            return absent
        return any(test(each, context) for each in value) is not negated

    return holds


def _for_all_values(key: str, test: Test, negated: bool, if_exists: bool) -> Check:
    def holds(context: Context) -> bool:
        values = _request_values(context, key)
        return not any(values) or all(test(value, context) is not negated for value in values)

    return holds


def _for_any_value(key: str, test: Test, negated: bool, if_exists: bool) -> Check:
    def holds(context: Context) -> bool:
        values = _request_values(context, key)
        return any(test(value, context) is not negated for value in values) if values else if_exists

    return holds


_QUALIFIERS: Mapping[str, Callable[[str, Test, bool, bool], Check]] = {
    "": _unqualified,
    FOR_ALL_VALUES: _for_all_values,
    FOR_ANY_VALUE: _for_any_value,
}

"""The Resource and NotResource elements: which resources a statement is about, compiled into a test.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from iamd.policy.matching import Wildcard, compile_any, compile_glob, literal_start
from iamd.policy.request import Context
from iamd.policy.variables import (
    IllFormed,
    TokenOrVariable,
    find_text,
    find_tokens,
    has_variables,
    parse_template,
    tokenize_template,
    variable_keys,
)

ARN_PARTS = 6
_MAX_STARTS = 8  # so many are tried faster one after the other than by a hash of the whole text

Starts: TypeAlias = str | tuple[str, ...]


class ResourceTest(NamedTuple):
    """A resource fits if it starts with (one of) ``starts`` and passes ``fits``."""

    starts: Starts
    fits: Callable[[str, Context], bool] | None  # None: the start is the whole test


EVERYTHING = ResourceTest("", None)
NOTHING = ResourceTest((), None)  # no text starts with one of none


class _Template(NamedTuple):
    """A pattern with variables."""

    start: str  # the text of every resource that fits starts so
    fits: Callable[[str, Context], bool | None]  # None: a variable has no value
    keys: tuple[str, ...]  # what it cannot do without


class _Patterns:
    """The patterns of one element, taken apart."""

    def __init__(self, patterns: tuple[str, ...], variables: bool) -> None:
        self.fixed: list[str] = []
        self.templates: list[_Template] = []
        self.ill_formed = False
        for pattern in patterns:
            if not variables or not has_variables(pattern):
                self.fixed.append(pattern)
                continue
            try:
                self.templates.append(_parse_template(pattern))
            except IllFormed:
                self.ill_formed = True

    def completed(self) -> Iterator[str]:
        return filter(None, map(_complete_arn, self.fixed))


def compile_resources(patterns: tuple[str, ...], *, variables: bool, denies: bool, completes: bool) -> ResourceTest:
    """The test of a Resource element.

    ``variables``: the policy's version has them. ``denies``: the statement's effect. ``completes``: incomplete ARNs
    stand for what they start. INVARIANT: an ill-formed pattern fits everything in a Deny and nothing in an Allow.
    """
    found = _Patterns(patterns, variables)
    if found.ill_formed and denies:
        return EVERYTHING
    fixed = found.fixed + (list(found.completed()) if completes or denies else [])
    starts = _shortest([*map(literal_start, fixed), *(template.start for template in found.templates)])
    if not found.templates and all(pattern == literal_start(pattern) + "*" for pattern in fixed):
        return ResourceTest(_unwrap(starts), None)
    if len(starts) > _MAX_STARTS:
        starts = (_common_start(starts[0], starts[-1]),)
    if not found.templates:
        fits_any = compile_any(fixed)
        return ResourceTest(_unwrap(starts), lambda resource, context: fits_any(resource))
    fits_fixed = compile_any(fixed)

    def fits(resource: str, context: Context) -> bool:
        if fits_fixed(resource):
            return True
        for start, fits_template, _ in found.templates:
            if resource.startswith(start) and fits_template(resource, context):
                return True
        return False

    return ResourceTest(_unwrap(starts), fits)


def compile_not_resources(patterns: tuple[str, ...], *, variables: bool, denies: bool, completes: bool) -> ResourceTest:
    """The test of a NotResource element. It is about nothing when a variable has no value."""
    found = _Patterns(patterns, variables)
    if found.ill_formed and not denies:
        return NOTHING
    fits_fixed = compile_any(found.fixed + (list(found.completed()) if completes or not denies else []))

    def fits(resource: str, context: Context) -> bool:
        if fits_fixed(resource):
            return False
        for _, fits_template, _ in found.templates:  # noqa: SIM110 - a generator would cost more than the loop
            if fits_template(resource, context) is not False:
                return False
        return True

    return ResourceTest("", fits)


def find_keys(patterns: Iterable[str], variables: bool) -> Iterator[str]:
    """The condition keys, in lower case, that variables in the patterns cannot do without."""
    for template in _Patterns(tuple(patterns), variables).templates:
        yield from template.keys


def _complete_arn(pattern: str) -> str | None:
    """``arn:aws:sqs`` as ``arn:aws:sqs:*:*:*``; None for what is no incomplete ARN."""
    missing = ARN_PARTS - 1 - pattern.count(":")
    return pattern + ":*" * missing if missing > 0 and pattern.startswith("arn:") else None


def _parse_template(pattern: str) -> _Template:
    """Variables may stand behind the fifth colon only. Raises IllFormed."""
    *parts, last = pattern.split(":", ARN_PARTS - 1)
    start = "".join(f"{part}:" for part in parts)
    if has_variables(start) or len(parts) < ARN_PARTS - 1:
        raise IllFormed(pattern)
    template = (start, *parse_template(last))
    fits = _compile_template(tuple(tokenize_template(template)))
    return _Template(literal_start(start), fits, tuple(variable_keys(template)))


def _compile_template(tokens: tuple[TokenOrVariable, ...]) -> Callable[[str, Context], bool | None]:
    if tokens[-1] is Wildcard.ANY and not any(isinstance(token, Wildcard) for token in tokens[:-1]):
        return _start_with(tokens[:-1])

    def fits(resource: str, context: Context) -> bool | None:
        pattern = find_tokens(tokens, context)
        return None if pattern is None else compile_glob(pattern)(resource)

    return fits


def _start_with(tokens: tuple[TokenOrVariable, ...]) -> Callable[[str, Context], bool | None]:
    """The most usual pattern, ``…/${aws:username}/*``, which needs not be compiled for every request."""
    parts = tuple(token for token in tokens if not isinstance(token, Wildcard))

    def fits(resource: str, context: Context) -> bool | None:
        text = find_text(parts, context)
        return None if text is None else resource.startswith(text)

    return fits


def _shortest(starts: Iterable[str]) -> tuple[str, ...]:
    """Those of ``starts`` that continue no other, sorted."""
    shortest: list[str] = []
    for start in sorted(starts):
        if not shortest or not start.startswith(shortest[-1]):
            shortest.append(start)
    return tuple(shortest)


def _common_start(first: str, last: str) -> str:
    """What a sorted list starts with throughout, given its ends."""
    length = next((index for index, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[:length]


def _unwrap(starts: tuple[str, ...]) -> Starts:
    return starts[0] if len(starts) == 1 else starts

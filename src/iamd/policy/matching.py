"""Patterns of actions, resources and ARNs: compiled once, matched over the whole text in linear time.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

import re
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import NamedTuple, TypeAlias

Matcher: TypeAlias = Callable[[str], bool]


class Wildcard(Enum):
    """``*`` stands for any characters or none, ``?`` for exactly one."""

    ANY = "*"
    ONE = "?"


Token: TypeAlias = str | Wildcard
"""A pattern is a sequence of literal texts and wildcards. A ``*`` inside a literal text is just a character."""

_WILDCARD = re.compile(r"([*?])")
_ARN_PARTS = 6


def tokenize(pattern: str) -> Iterator[Token]:
    """The literal texts and wildcards of ``pattern``."""
    for index, text in enumerate(_WILDCARD.split(pattern)):
        if index % 2:
            yield Wildcard(text)
        elif text:
            yield text


def compile_glob(tokens: Iterable[Token]) -> Matcher:
    """A function that tells whether a whole text fits the pattern.

    INVARIANT: no backtracking. What stands before the first ``*`` and behind the last has its place, each literal in
    between is searched once, left to right; with a ``?`` there, all ways to fit are followed at once, one machine step
    a character.
    """
    tokens = list(tokens)
    first, *others = _split(tokens)
    if not others:
        return "".join(map(str, tokens)).__eq__ if Wildcard.ONE not in tokens else _fit_exactly(_Segment(first))
    *middle, last = others
    if any(Wildcard.ONE in segment for segment in middle):
        return _follow_all_ways(tokens)
    literals = ["".join(map(str, segment)) for segment in middle if segment]
    return _search_in_order(_Segment(first), literals, _Segment(last))


def compile_pattern(pattern: str) -> Matcher:
    """Like ``compile_glob``, from text in which every ``*`` and ``?`` is a wildcard."""
    return compile_glob(tokenize(pattern))


def literal_start(pattern: str) -> str:
    """What every text that fits the pattern starts with."""
    return pattern.partition("*")[0].partition("?")[0]


def match_everything(text: str) -> bool:
    return True


def match_nothing(text: str) -> bool:
    return False


def compile_any(patterns: Iterable[str]) -> Matcher:
    """A function that tells whether a text fits at least one of ``patterns``."""
    literals, starts, others = set(), [], []
    for pattern in patterns:
        start = literal_start(pattern)
        if start == pattern:
            literals.add(pattern)
        elif pattern == "*":
            return match_everything
        elif pattern == start + "*":
            starts.append(start)
        else:
            others.append(compile_pattern(pattern))
    if starts:
        others.insert(0, _start_with_any(tuple(starts)))
    if literals or not others:
        others.insert(0, frozenset(literals).__contains__)
    if len(others) == 1:
        return others[0]

    def matches(text: str) -> bool:
        for fits in others:  # noqa: SIM110 - a generator would cost more than the loop
            if fits(text):
                return True
        return False

    return matches


def _start_with_any(starts: tuple[str, ...]) -> Matcher:
    return lambda text: text.startswith(starts)


def compile_arn(tokens: Iterable[Token]) -> Matcher:
    """A function that tells whether an ARN fits, each of its six parts by itself: no wildcard reaches past a colon.

    What is not an ARN fits nothing, and nothing fits a pattern of fewer than six parts.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
    """
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if isinstance(token, Wildcard):
            parts[-1].append(token)
            continue
        first, *others = token.split(":", _ARN_PARTS - len(parts))
        parts[-1].append(first)
        parts += [[text] for text in others]
    if len(parts) < _ARN_PARTS:
        return match_nothing
    matchers = [compile_glob(part) for part in parts]

    def matches(arn: str) -> bool:
        texts = arn.split(":", _ARN_PARTS - 1)
        if len(texts) < _ARN_PARTS or texts[0] != "arn":
            return False
        return all(match(text) for match, text in zip(matchers, texts, strict=True))

    return matches


def _split(tokens: list[Token]) -> list[list[Token]]:
    """The tokens between the ``*``."""
    segments: list[list[Token]] = [[]]
    for token in tokens:
        if token is Wildcard.ANY:
            segments.append([])
        else:
            segments[-1].append(token)
    return segments


class _Segment:
    """Literals and ``?``: of fixed length, with each literal in its place."""

    def __init__(self, tokens: list[Token]) -> None:
        self.length = 0
        self.literals: list[tuple[int, str]] = []
        for token in tokens:
            if isinstance(token, str):
                self.literals.append((self.length, token))
            self.length += len(token) if isinstance(token, str) else 1

    def fits(self, text: str, position: int) -> bool:
        """Whether the segment stands in ``text`` at ``position``, given that the text is long enough."""
        for offset, literal in self.literals:  # noqa: SIM110 - a generator would cost more than the loop
            if not text.startswith(literal, position + offset):
                return False
        return True


def _fit_exactly(segment: _Segment) -> Matcher:
    return lambda text: len(text) == segment.length and segment.fits(text, 0)


def _search_in_order(first: _Segment, middle: list[str], last: _Segment) -> Matcher:
    """The first and the last segment stand at the ends, the literals follow each other in between."""
    shortest = first.length + last.length
    if not shortest and not middle:
        return match_everything

    def matches(text: str) -> bool:
        if len(text) < shortest or not first.fits(text, 0):
            return False
        end = len(text) - last.length
        if not last.fits(text, end):
            return False
        position = first.length
        for piece in middle:
            found = text.find(piece, position, end)
            if found < 0:
                return False
            position = found + len(piece)
        return True

    return matches


def _follow_all_ways(tokens: list[Token]) -> Matcher:
    """The general case: bit i of ``reached`` tells whether the text so far fits the first i positions."""
    shortest = sum(len(token) if isinstance(token, str) else token is Wildcard.ONE for token in tokens)
    positions: _Positions | None = None

    def matches(text: str) -> bool:
        nonlocal positions
        if len(text) < shortest:
            return False
        if positions is None:  # now it is known that they are no more than the text is long
            positions = _number_positions(tokens)
        fits, fits_any, stays, complete = positions
        reached = 1
        for character in text:
            reached = (reached & (fits.get(character, 0) | fits_any)) << 1 | (reached & stays)
            if not reached:
                return False
        return bool(reached & complete)

    return matches


class _Positions(NamedTuple):
    """A pattern as sets of its single-character positions, one bit each."""

    fits: dict[str, int]  # character → where it stands
    fits_any: int  # where ? stands
    stays: int  # in front of which a * takes any character
    complete: int  # behind the last


def _number_positions(tokens: list[Token]) -> _Positions:
    fits: dict[str, int] = {}
    fits_any = stays = 0
    position = 1
    for token in tokens:
        if token is Wildcard.ANY:
            stays |= position
        elif token is Wildcard.ONE:
            fits_any |= position
            position <<= 1
        else:
            for character in str(token):
                fits[character] = fits.get(character, 0) | position
                position <<= 1
    return _Positions(fits, fits_any, stays, position)

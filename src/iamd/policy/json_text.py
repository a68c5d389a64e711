"""Reading JSON text of unknown origin: bounded in size and depth, without duplicate members, with positions.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import json
import re
from typing import Any

from msgspec import Struct

MAX_LENGTH = 131_072
MAX_DEPTH = 16  # a policy needs seven
_STRING = r'"(?:[^"\\]|\\.)*+"?'
_MARKS = re.compile(_STRING + r"|[{}\[\],]", re.DOTALL)
_SPACE_OR_STRING = re.compile(_STRING + r"|[ \t\r\n]++", re.DOTALL)


class NotJson(ValueError):
    """Text that is no JSON, or that no policy has use for: too long, too deep, a member twice."""


class NumberText(str):
    """A JSON number, as it is written."""

    __slots__ = ()


class Position(Struct, frozen=True):
    """A place in a text; both count from 1."""

    line: int
    column: int


class Span(Struct, frozen=True):
    """Where a JSON object stands in its text: just after its opening and just after its closing brace.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_Statement.html
    """

    start: Position
    end: Position


def read_json(text: str) -> Any:
    """The value; numbers as NumberText. Raises NotJson."""
    if len(text) > MAX_LENGTH:
        raise NotJson("too long")
    _verify_depth(text)
    try:
        value = _DECODER.decode(text)
    except ValueError as error:
        raise NotJson(str(error)) from None
    if "\\u" in text:
        _verify_encodable(value)
    return value


def find_spans(text: str, member: str) -> list[Span]:
    """Where the objects stand that are, or are listed in, ``member`` of the object that ``text`` holds."""
    spans: list[Span] = []
    depth = 0
    statement_depth = 0  # the depth inside the objects looked for; 0 while another member is read
    name = None  # of the current member of the outermost object
    expects_name = False
    opened = 0
    for mark in _MARKS.finditer(text):
        character = mark[0][0]
        if character == '"':
            if depth == 1 and expects_name:
                name, expects_name = json.loads(mark[0]), False
        elif character == ",":
            expects_name = depth == 1
        elif character in "{[":
            depth += 1
            if depth == 1:
                expects_name = True
            elif name == member and depth == 2:
                statement_depth = 2 if character == "{" else 3
            if character == "{" and depth == statement_depth:
                opened = mark.end()
        else:
            if character == "}" and depth == statement_depth:
                spans.append(Span(_position(text, opened), _position(text, mark.end())))
            depth -= 1
            if depth == 1:
                statement_depth = 0
    return spans


def count_significant(text: str) -> int:
    """How many characters of JSON ``text`` are no white space between its tokens."""
    blanks = (found[0] for found in _SPACE_OR_STRING.finditer(text))
    return len(text) - sum(len(blank) for blank in blanks if blank[0] != '"')


def _position(text: str, offset: int) -> Position:
    return Position(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def _verify_depth(text: str) -> None:
    depth = 0
    for mark in _MARKS.finditer(text):
        character = mark[0][0]
        if character in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                raise NotJson("too deep")
        elif character in "}]":
            depth -= 1


def _verify_encodable(value: Any) -> None:
    r"""Escapes such as ``\ud800`` can spell half a character, which no answer could carry."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise NotJson("a surrogate by itself") from None


def _unique_members(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) != len(members):
        raise NotJson("a member twice")
    return value


def _refuse_constant(name: str) -> Any:
    raise NotJson(name)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_members,
    parse_int=NumberText,
    parse_float=NumberText,
    parse_constant=_refuse_constant,
)

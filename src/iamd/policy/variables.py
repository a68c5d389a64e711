"""Policy variables: ``${key}``, ``${key, 'default'}`` and the escapes ``${*}``, ``${?}``, ``${$}``.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from msgspec import Struct

from iamd.policy.matching import Token, tokenize
from iamd.policy.request import Context

_OPENING, _CLOSING = "${", "}"
_NAME = re.compile(r"[^,'{$*?]+")


class IllFormed(ValueError):
    """A ``${`` that opens no variable."""


class Variable(Struct, frozen=True):
    """A reference to a condition key of the request."""

    key: str  # lower case
    default: str | None = None  # stands in for a key that is absent


class Quoted(Struct, frozen=True):
    """A character that would mean something else without its escape."""

    text: str


Part: TypeAlias = str | Variable | Quoted
"""A string is text of the pattern, in which ``*`` and ``?`` may be wildcards."""
TokenOrVariable: TypeAlias = Token | Variable


def has_variables(text: str) -> bool:
    """Whether ``text`` needs ``parse_template`` under policy version 2012-10-17."""
    return _OPENING in text


def parse_template(text: str) -> tuple[Part, ...]:
    """``text`` cut at its variables and escapes, in one pass. Raises IllFormed."""
    parts: list[Part] = []
    position = 0
    while (opening := text.find(_OPENING, position)) >= 0:
        closing = text.find(_CLOSING, opening)
        if closing < 0:
            raise IllFormed(text)
        parts += [text[position:opening], _parse_reference(text[opening + len(_OPENING) : closing])]
        position = closing + 1
    parts.append(text[position:])
    return tuple(part for part in parts if part != "")


def find_text(parts: Iterable[Part], context: Context) -> str | None:
    """The template with the request's values, or None where a key is absent and has no default."""
    texts = []
    for part in parts:
        text = part if isinstance(part, str) else _resolve(part, context)
        if text is None:
            return None
        texts.append(text)
    return "".join(texts)


def tokenize_template(parts: Iterable[Part]) -> Iterator[TokenOrVariable]:
    """The template as a pattern whose variables are still open."""
    for part in parts:
        if isinstance(part, str):
            yield from tokenize(part)
        elif isinstance(part, Quoted):
            yield part.text
        else:
            yield part


def find_tokens(template: Iterable[TokenOrVariable], context: Context) -> list[Token] | None:
    """Like ``find_text``, as a pattern. A ``*`` or ``?`` in a value of the request is no wildcard."""
    tokens: list[Token] = []
    for token in template:
        if isinstance(token, Variable):
            text = _resolve(token, context)
            if text is None:
                return None
            tokens.append(text)
        else:
            tokens.append(token)
    return tokens


def variable_keys(parts: Iterable[Part]) -> Iterator[str]:
    """The condition keys, in lower case, that the template cannot do without."""
    return (part.key for part in parts if isinstance(part, Variable) and part.default is None)


def _resolve(part: Variable | Quoted, context: Context) -> str | None:
    if isinstance(part, Quoted):
        return part.text
    value = context.get(part.key, part.default)
    return value if isinstance(value, str) else None  # a multi-valued key cannot stand for one text


def _parse_reference(reference: str) -> Variable | Quoted:
    if reference in ("*", "?", "$"):
        return Quoted(reference)
    name, comma, default = reference.partition(",")
    name, default = name.strip(), default.strip()
    if not _NAME.fullmatch(name) or (comma and not _is_quoted(default)):
        raise IllFormed(reference)
    return Variable(name.lower(), default[1:-1] if comma else None)


def _is_quoted(text: str) -> bool:
    return len(text) >= 2 and text[0] == text[-1] == "'" and "'" not in text[1:-1]

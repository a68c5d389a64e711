"""The regular expressions of AWS's models, matched as Java matches them, in time linear in the text.

https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/regex/Pattern.html
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any, Final

_PROPERTY: Final = re.compile(r"\\p\{([A-Z][a-z]?)\}")
_ASCII_OF_PROPERTY: Final = {"L": "A-Za-z", "N": "0-9", "Z": " "}


@cache
def compile_pattern(pattern: str) -> Callable[[str], Any]:
    """A predicate that is true of text that the whole pattern matches; ``\\w`` and ``\\d`` are ASCII.

    What Java and Python read alike is left to ``re``. That includes ``\\u10000-\\u10FFFF``, which both read as
    ``\\u1000``, ``0-\\u10FF`` and ``FF``: STS refuses characters beyond the basic plane for this reason.
    Raises ValueError for a Unicode property outside a single class.
    """
    if not _PROPERTY.search(pattern):
        return re.compile(pattern, re.ASCII).fullmatch
    if not (parts := re.fullmatch(r"(?:\^\()?\[([^\[\]]*)\]([+*])(?:\)\$)?", pattern)):
        raise ValueError(f"The pattern {pattern} uses Unicode properties outside one character class.")
    categories = tuple(_PROPERTY.findall(pattern))
    plain = _PROPERTY.sub(lambda found: _ASCII_OF_PROPERTY.get(found.group(1), ""), parts.group(1))
    matches_plain = re.compile(f"[{plain}]{parts.group(2)}", re.ASCII).fullmatch
    is_plain = re.compile(f"[{plain}]", re.ASCII).fullmatch

    def matches(text: str) -> bool:
        if matches_plain(text):
            return True
        # Each character once: an unknown caller may send millions.
        characters = set(text)
        return bool(characters) and all(
            is_plain(character) or unicodedata.category(character).startswith(categories) for character in characters
        )

    return matches

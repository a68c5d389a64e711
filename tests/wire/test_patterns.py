"""Patterns of AWS's models match whole texts, as Java does."""

import pytest

from iamd.wire.models import load_service
from iamd.wire.patterns import compile_pattern

PATTERNS = sorted(
    {shape.pattern for service in ("iam", "sts") for shape in load_service(service).shapes.values() if shape.pattern}
)
TAG_KEY = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+"
TAG_VALUE = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*"
ARN = r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+"


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        (r"[\w+=,.@-]+", ["alice", "a+=,.@-_9"]),
        (TAG_KEY, ["team", "Kosten stelle", "中文", "Ж\u00a0٣Ⅷ", "a:/=+-@_.", "\u2028", "\U0001d400"]),
        (TAG_VALUE, ["", "é"]),
        (r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)", ["/", "/a/", "///", "/a//b/"]),
        (r"((/[A-Za-z0-9\.,\+@=_-]+)*)/", ["/", "/a/", "/a/b/"]),
        (r"^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$", ["abc", "a-b", "a" * 63]),
        (r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?", ["v1", "v10", "v1."]),
        (r"[\u0009\u000A\u000D\u0020-\u00FF]+", ["\t\n\r ~\x7f\x85ÿ"]),
        (ARN, ["arn:aws:iam::111122223333:role/é", "中", "ÿ" * 20]),
    ],
)
def test_matches(pattern: str, texts: list[str]) -> None:
    assert [text for text in texts if not compile_pattern(pattern)(text)] == []


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        (r"[\w+=,.@-]+", ["", "a b", "é", "alice\n", "\nalice", "a/b", "a٣"]),
        (TAG_KEY, ["", "a!", "a\n", "\t", "a\u0301", "€", "\U0001f511", "\u200b"]),
        (TAG_VALUE, ["!", "\n"]),
        (r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)", ["", "//\n", "/a", "a/", "/a b/", "/é/"]),
        (r"((/[A-Za-z0-9\.,\+@=_-]+)*)/", ["", "//", "/a", "/a//b/", "/*/"]),
        (r"^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$", ["ab", "a--b", "-ab", "ab-", "Abc", "abc\n", "a" * 64]),
        (r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?", ["v0", "V1", "1", "v1\n", "v1.é"]),
        (r"[\u0009\u000A\u000D\u0020-\u00FF]+", ["", "\0", "\x0b", "Ā", "中"]),
        (ARN, ["", "\U0001f511", "\0"]),
    ],
)
def test_does_not_match(pattern: str, texts: list[str]) -> None:
    assert [text for text in texts if compile_pattern(pattern)(text)] == []


@pytest.mark.parametrize("pattern", PATTERNS)
def test_long_texts_do_not_keep_a_pattern_busy(pattern: str) -> None:
    """A pattern that backtracks over one of these texts would not come back within minutes."""
    matches = compile_pattern(pattern)
    for part in ("a", "/", "/a", "-", "a-", ".", "é", "!", "v1", "0", "o-", "http://", " "):
        assert not matches(part * 100_000 + "\0")


def test_unicode_properties_outside_one_class_are_refused() -> None:
    with pytest.raises(ValueError, match="outside one character class"):
        compile_pattern(r"\p{L}+x")

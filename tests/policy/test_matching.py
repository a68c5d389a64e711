"""Patterns match whole texts, and take work in proportion to the lengths of pattern and text."""

import contextlib
import gc
import sys
from collections.abc import Callable
from random import Random

import pytest

from iamd.policy.conditions import OPERATORS
from iamd.policy.json_text import Position, Span, find_spans, read_json
from iamd.policy.matching import compile_any, compile_arn, compile_pattern, tokenize
from iamd.policy.references import find_variables
from iamd.policy.values import parse_date, parse_network, parse_number
from iamd.policy.variables import IllFormed, parse_template
from tests.policy.reference import COMPARISONS, wildcards_match


def test_patterns_agree_with_regular_expressions() -> None:
    random = Random(1)
    for _ in range(20_000):
        pattern = "".join(random.choices("ab*?", k=random.randint(0, 7)))
        text = "".join(random.choices("ab", k=random.randint(0, 8)))
        assert compile_pattern(pattern)(text) is wildcards_match(pattern, text), (pattern, text)


@pytest.mark.parametrize("patterns", [[], ["a"], ["a", "b"], ["a*"], ["a*", "b"], ["a*", "?b", "c"], ["x", "*"]])
def test_any_pattern_is_enough(patterns: list[str]) -> None:
    for text in ("", "a", "b", "ab", "cb", "c", "abc"):
        assert compile_any(patterns)(text) is any(wildcards_match(pattern, text) for pattern in patterns)


def test_a_wildcard_reaches_past_no_colon_of_an_arn() -> None:
    matches = compile_arn(tokenize("arn:aws:*:*:*:role/a*"))
    assert matches("arn:aws:iam::111122223333:role/abc:d/e")
    assert not matches("arn:aws:iam::111122223333:x:role/abc")
    assert not matches("arn:aws:iam:role/abc")
    assert not matches("urn:aws:iam::111122223333:role/abc")


def lines_executed(run: Callable[[], object]) -> int:
    """How many lines of Python ``run`` executes: a measure of work that no busy machine disturbs."""
    count = 0

    def trace(frame: object, event: str, argument: object) -> object:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    # A collection in the midst would run the callbacks that other tools hang on it, and count their lines too.
    gc.collect()
    gc.disable()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
        gc.enable()
    return count


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*a" * 50 + "b", "a" * 100),
        ("*" + "a" * 50 + "b", "a" * 100),
        ("a*" * 50 + "b", "a" * 100),
        ("*" * 100 + "b", "a" * 100),
        ("*a?" * 33 + "b", "a" * 100),
        ("?*" * 50 + "b", "a" * 100),
        ("*" + "?" * 50 + "b", "a" * 100),
        ("*" + "a?" * 25 + "b*", "a" * 100),
    ],
)
def test_no_pattern_makes_matching_slow(pattern: str, text: str) -> None:
    def work(times: int) -> int:
        return lines_executed(lambda: compile_pattern(pattern * times)(text * times))

    assert work(8) <= 2.5 * work(4) <= 2.5 * 2.5 * work(2)
    assert work(8) <= 20 * (len(pattern) + len(text)) * 8


@pytest.mark.parametrize(
    "make", [lambda n: "[" * n, lambda n: '{"a":' * n, lambda n: '"' + '\\"' * n, lambda n: '"' * n]
)
def test_no_text_makes_reading_slow(make: Callable[[int], str]) -> None:
    def work(size: int) -> int:
        def read() -> None:
            with contextlib.suppress(ValueError):
                read_json(make(size))

        return lines_executed(read)

    assert work(4000) <= 2.5 * work(2000)


@pytest.mark.parametrize(
    "text", ["${" + " " * 100_000, "${" * 100_000, "${a" * 100_000 + "}", "${a," * 100_000, "${" + "a " * 100_000]
)
def test_no_text_makes_finding_variables_slow(text: str) -> None:
    """Were the work more than in proportion, these would take hours."""
    assert find_variables(text) in ([], ["a"], ["a"] * 100_000)
    with pytest.raises(IllFormed):
        parse_template(text)


def test_variables_are_found_without_the_blanks_around_their_names() -> None:
    text = "${ aws:username }-${aws:PrincipalTag/cost center, 'none'}${*}${?}${$}${aws:userid"
    assert find_variables(text) == ["aws:username", "aws:PrincipalTag/cost center"]


def test_there_are_27_operators_and_the_reference_has_them_all() -> None:
    assert len(OPERATORS) == 27
    assert OPERATORS.keys() == COMPARISONS.keys() | {"Null"}


@pytest.mark.parametrize(
    "text", ["", "1" * 101, "1e99999", "0x1", "١", "1_0", " 1", "1,5", "NaN", "Infinity", "+", "."]
)
def test_what_is_no_number(text: str) -> None:
    assert parse_number(text) is None


@pytest.mark.parametrize(
    "text", ["", "T", "2026-1-1T1:1:1+1", "2026-11-20Z10:00", "2026-11-20 10:00", "٢٠٢٦-01", "1e9"]
)
def test_what_is_no_date(text: str) -> None:
    assert parse_date(text) is None


def test_dates_beyond_the_calendar_of_python() -> None:
    year = 31_556_952 * 10**9  # nanoseconds in a mean Gregorian year
    assert parse_date("12000-03-01") == parse_date("2000-03-01") + 10_000 * year
    assert parse_date("-400-03-01") == parse_date("2000-03-01") - 2_400 * year


@pytest.mark.parametrize(
    "text", ["", "1.2.3", "1.2.3.4/33", "01.2.3.4", "fe80::1%eth0", "1.2.3.4/", "::/129", "1.2.3.4/-1"]
)
def test_what_is_no_network(text: str) -> None:
    assert parse_network(text) is None


def test_statements_have_positions_in_the_text_as_stored() -> None:
    text = '{"Version":"2012-10-17","Statement":  { "Sid": "}{" } }'
    assert find_spans(text, "Statement") == [Span(Position(1, 40), Position(1, 54))]
    text = '{\n  "Id": "Statement",\n  "Statement": [\n    {"Sid": "a"},\n    {"Sid": {"x": [{}]}\n}]}'
    assert find_spans(text, "Statement") == [
        Span(Position(4, 6), Position(4, 17)),
        Span(Position(5, 6), Position(6, 2)),
    ]
    assert find_spans('{"State\\u006dent": {}}', "Statement") == [Span(Position(1, 21), Position(1, 22))]
    assert find_spans('{"Other": {"Statement": {}}}', "Statement") == []

"""Policy templates: what customers chose is put in as values, never as policy."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamd.account.delegation import TemplateParameter
from iamd.errors import InvalidInput
from iamd.iam.policy_templates import fill_in, read_parameters

TEMPLATE = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::@{bucket}/*"}],
    }
)


def string(name: str, value: str) -> TemplateParameter:
    return TemplateParameter(name=name, values=(value,), type="string")


def texts(name: str, *values: str) -> TemplateParameter:
    return TemplateParameter(name=name, values=values, type="stringList")


def filled(template: Any, *parameters: TemplateParameter) -> Any:
    return json.loads(fill_in(json.dumps(template), parameters))


def refusal(call: Any, *arguments: Any) -> str:
    with pytest.raises(InvalidInput) as refused:
        call(*arguments)
    return str(refused.value.message)


def test_a_text_takes_the_place_of_its_name() -> None:
    document = json.loads(fill_in(TEMPLATE, [string("bucket", "customer-data")]))
    assert document["Statement"][0]["Resource"] == "arn:aws:s3:::customer-data/*"
    assert filled({"a": "@{x}-@{y}-@{x}"}, string("x", "1"), string("y", "2")) == {"a": "1-2-1"}


def test_a_list_makes_as_many_texts() -> None:
    assert filled({"a": "@{x}/*"}, texts("x", "1", "2")) == {"a": ["1/*", "2/*"]}
    assert filled({"a": ["0", "@{x}"]}, texts("x", "1", "2")) == {"a": ["0", "1", "2"]}
    assert filled({"a": "@{x}"}, texts("x", "1")) == {"a": "1"}


@given(st.text(min_size=1, max_size=60))
@settings(max_examples=100, deadline=None)
def test_a_value_is_never_more_than_a_value(value: str) -> None:
    document = json.loads(fill_in(TEMPLATE, [string("bucket", value)]))
    document["Statement"][0]["Resource"] = "arn:aws:s3:::@{bucket}/*"
    assert document == json.loads(TEMPLATE)


def test_places_and_parameters_go_together() -> None:
    assert refusal(fill_in, TEMPLATE, []) == "The policy template needs the parameter bucket."
    more = [string("bucket", "b"), string("other", "o")]
    assert refusal(fill_in, TEMPLATE, more) == "The policy template has no parameter other."
    long = [string("bucket", "b" * 2048)]
    assert refusal(fill_in, TEMPLATE, long) == "The policy must not be longer than 2048 characters."
    many = json.dumps({"a": "@{x}" * 12})
    assert refusal(fill_in, many, [texts("x", "1", "2", "3")]) == "The policy must not be longer than 2048 characters."


def test_what_becomes_too_long_is_refused_before_it_is_made() -> None:
    """Spelled out, the texts would take gigabytes."""
    too_long = "The policy must not be longer than 2048 characters."
    places = [texts("x", *["a"] * 40), texts("y", *["b" * 2000] * 40)]
    assert refusal(fill_in, json.dumps({"a": ["@{x}@{y}" * 700] * 300}), places) == too_long
    assert refusal(fill_in, json.dumps({"a": "@{x}" * 700}), [texts("x", "", "")]) == too_long


def test_a_text_may_have_as_many_places_as_there_is_room_for() -> None:
    assert filled({"a": "@{x}" * 1900}, string("x", "1")) == {"a": "1" * 1900}


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (
            [{"Name": "x", "Values": ["1"]}, {"Name": "x", "Values": ["2"]}],
            "The parameters of a policy template must have different names.",
        ),
        ([{"Name": "x", "Values": []}], "The parameter x does not have the values of a string."),
        ([{"Name": "x", "Values": ["1", "2"]}], "The parameter x does not have the values of a string."),
        (
            [{"Name": "x", "Values": [], "Type": "stringList"}],
            "The parameter x does not have the values of a stringList.",
        ),
    ],
)
def test_parameters_that_are_none(sent: list[dict[str, Any]], text: str) -> None:
    assert refusal(read_parameters, sent) == text

"""What is read from a policy document, by whomever it was written, and what cannot be read at all."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from iamd.errors import MalformedPolicyDocument
from iamd.policy import parse_policy
from iamd.policy.values import parse_date

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def without(element: str) -> dict[str, Any]:
    return {name: value for name, value in ALLOW.items() if name != element}


@pytest.mark.parametrize(
    "document",
    [
        [],
        "policy",
        {},
        {"Statement": []},
        {"Statement": "Allow"},
        {"Statement": [ALLOW, 7]},
        {"Statement": None},
        {"Statement": ALLOW, "Version": "2012-10-18"},
        {"Statement": ALLOW, "Version": 20121017},
        {"Statement": ALLOW, "Id": 7},
        {"Statement": ALLOW, "Id": ["a"]},
        *(
            {"Statement": [ALLOW, statement]}
            for statement in [
                without("Effect"),
                without("Action"),
                ALLOW | {"Effect": "Permit"},
                ALLOW | {"Effect": None},
                ALLOW | {"Sid": 7},
                ALLOW | {"Sid": None},
                ALLOW | {"Sid": ["a"]},
                ALLOW | {"NotAction": "s3:PutObject"},
                ALLOW | {"NotResource": "arn:aws:s3:::b"},
                ALLOW | {"Action": []},
                ALLOW | {"Action": None},
                ALLOW | {"Action": 7},
                ALLOW | {"Action": ["s3:GetObject", 7]},
                ALLOW | {"Action": ["s3:GetObject", ["s3:PutObject"]]},
                ALLOW | {"Resource": []},
                ALLOW | {"Resource": ["*", None]},
                ALLOW | {"Resource": 7},
                ALLOW | {"Condition": []},
                ALLOW | {"Condition": "aws:username"},
                ALLOW | {"Condition": {"StringEquals": "aws:username"}},
                ALLOW | {"Condition": {"StringEquals": {"aws:username": None}}},
                ALLOW | {"Condition": {"StringEquals": {"aws:username": {"is": "Ana"}}}},
                ALLOW | {"Condition": {"StringEquals": {"aws:username": ["Ana", ["Bo"]]}}},
                ALLOW | {"Principal": 111122223333},
                ALLOW | {"Principal": {"AWS": [111122223333]}},
                ALLOW | {"NotPrincipal": ["*"]},
            ]
        ),
    ],
    ids=json.dumps,
)
def test_what_is_no_policy(document: Any) -> None:
    with pytest.raises(MalformedPolicyDocument) as refused:
        parse_policy(json.dumps(document))
    assert refused.value.message == "Syntax errors in policy."


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", '{"a": 1, "a": 1}', "01", '"\\ud800"', "'x'"])
def test_what_is_no_json_even_where_nobody_reads_it(value: str) -> None:
    text = f'{{"Statement": {json.dumps(ALLOW)}, "Comment": %s}}'
    assert parse_policy(text % '"x"').statements[0].sid is None
    with pytest.raises(MalformedPolicyDocument) as refused:
        parse_policy(text % value)
    assert refused.value.message == "Syntax errors in policy."


def test_the_greatest_length() -> None:
    text = json.dumps({"Statement": ALLOW}).ljust(131_072)
    assert len(parse_policy(text).statements) == 1
    with pytest.raises(MalformedPolicyDocument, match="Syntax errors in policy"):
        parse_policy(f"{text} ")


def test_what_a_policy_holds() -> None:
    first = ALLOW | {"Sid": "One", "Action": ["S3:Get*", "sqs:SendMessage"]}
    second = {"Effect": "Deny", "NotAction": "IAM:*", "NotResource": ["arn:aws:s3:::B"], "Principal": "*"}
    second["Condition"] = {"Bool": {"aws:SecureTransport": False}, "NumericLessThan": {"s3:max-keys": [1, 2.50]}}
    text = json.dumps({"Version": "2012-10-17", "Id": "mine", "Statement": [first, second]})
    policy = parse_policy(text, source_id="name", source_type="user", arn="arn:aws:iam::111122223333:policy/name")
    assert (policy.version, policy.id, policy.text) == ("2012-10-17", "mine", text)
    assert (policy.source_id, policy.source_type, policy.arn) == (
        "name",
        "user",
        "arn:aws:iam::111122223333:policy/name",
    )
    one, two = policy.statements
    assert (one.index, one.sid, one.effect, one.denies) == (0, "One", "Allow", False)
    assert (one.actions, one.not_actions) == (("s3:get*", "sqs:sendmessage"), None)
    assert (one.resources, one.not_resources, one.principal, one.conditions) == (("*",), None, None, ())
    assert (two.index, two.sid, two.effect, two.denies) == (1, None, "Deny", True)
    assert (two.actions, two.not_actions, two.resources) == (None, ("iam:*",), None)
    assert two.not_resources == ("arn:aws:s3:::B",)
    assert [(clause.operator, clause.key, clause.values) for clause in two.conditions] == [
        ("Bool", "aws:SecureTransport", ("false",)),
        ("NumericLessThan", "s3:max-keys", ("1", "2.5")),
    ]
    assert policy.principals == (("AWS", "*"),)


def test_the_old_version_is_what_a_document_without_one_has() -> None:
    assert parse_policy(json.dumps({"Statement": ALLOW})).version == "2008-10-17"
    assert not parse_policy(json.dumps({"Statement": ALLOW})).statements[0].variables
    assert parse_policy(json.dumps({"Version": "2012-10-17", "Statement": ALLOW})).statements[0].variables


def test_dates_are_moments() -> None:
    moment = datetime(1967, 12, 31, 23, 59, 59, tzinfo=UTC)
    while moment.year < 2033:
        seconds = int(moment.timestamp())
        assert parse_date(moment.isoformat()) == seconds * 10**9
        assert parse_date(f"{moment:%Y-%m-%d}") == (seconds - seconds % 86400) * 10**9
        moment += timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026", 1767225600),
        ("2026-11", 1793491200),
        ("2026-11-20", 1795132800),
        ("2026-11-20T10:30", 1795170600),
        ("2026-11-20T10:30Z", 1795170600),
        ("2026-11-20T10:30:15+01:30", 1795165215),
        ("2026-11-20T10:30:15-0130", 1795176015),
        ("2026-11-20T10:30:15-01", 1795174215),
        ("1795132800", 1795132800),
        ("0", 0),
        ("12345", 12345),
    ],
)
def test_forms_of_dates(text: str, seconds: int) -> None:
    assert parse_date(text) == seconds * 10**9


def test_fractions_of_seconds() -> None:
    assert parse_date("1970-01-01T00:00:00.5Z") == 500_000_000
    assert parse_date("1970-01-01T00:00:01.000000001Z") == 1_000_000_001

"""Parameters become input by the shape of the operation, and nothing else does."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamd.errors import MalformedInput, ServiceError
from iamd.wire import query, scalars
from iamd.wire.models import load_service, operation_names
from tests.wire.requests import decode, post

ROLE = {"RoleArn": "arn:aws:iam::111122223333:role/reader", "RoleSessionName": "alice"}


def refusal(name: str, **given: str) -> str | None:
    with pytest.raises(MalformedInput) as refused:
        decode(name, **given)
    assert refused.value.status == 400
    return refused.value.message


def test_members_by_name() -> None:
    assert decode("CreateUser", UserName="alice", Path="/a/") == {"UserName": "alice", "Path": "/a/"}


def test_absent_members_are_absent() -> None:
    assert decode("ListUsers") == {}


def test_an_operation_without_input_takes_anything() -> None:
    assert decode("GetAccountSummary", UserName="alice", Tags__member__x="?") == {}


def test_unknown_members_are_ignored_and_names_are_exact() -> None:
    assert decode("GetUser", username="bob", USERNAME="bob", Nonsense="1", Nonsense__member__1="2", UserNam="x") == {}
    assert decode(
        "CreateUser", UserName="a", Tags__member__1__Key="k", Tags__member__1__Value="v", Tags__member__1__X="x"
    ) == {
        "UserName": "a",
        "Tags": [{"Key": "k", "Value": "v"}],
    }


def test_elements_of_a_list_come_by_their_index_whatever_the_gaps() -> None:
    assert decode(
        "UntagUser", UserName="a", TagKeys__member__10="third", TagKeys__member__2="first", TagKeys__member__9="second"
    ) == {
        "UserName": "a",
        "TagKeys": ["first", "second", "third"],
    }
    assert decode("UntagUser", UserName="a", TagKeys__member__999999999="only") == {
        "UserName": "a",
        "TagKeys": ["only"],
    }


def test_a_structure_in_a_list_does_not_take_members_of_its_neighbour() -> None:
    assert decode(
        "TagUser",
        UserName="a",
        Tags__member__1__Key="one",
        Tags__member__11__Value="eleven",
        Tags__member__1__Value="",
        Tags__member__11__Key="el",
    ) == {"UserName": "a", "Tags": [{"Key": "one", "Value": ""}, {"Key": "el", "Value": "eleven"}]}


def test_lists_in_structures_in_lists() -> None:
    assert decode(
        "SimulateCustomPolicy",
        PolicyInputList__member__1="{}",
        ActionNames__member__1="s3:GetObject",
        ContextEntries__member__1__ContextKeyName="aws:SourceIp",
        ContextEntries__member__1__ContextKeyType="ipList",
        ContextEntries__member__1__ContextKeyValues__member__1="192.0.2.1",
        ContextEntries__member__1__ContextKeyValues__member__2="192.0.2.2",
    ) == {
        "PolicyInputList": ["{}"],
        "ActionNames": ["s3:GetObject"],
        "ContextEntries": [
            {
                "ContextKeyName": "aws:SourceIp",
                "ContextKeyType": "ipList",
                "ContextKeyValues": ["192.0.2.1", "192.0.2.2"],
            }
        ],
    }


def test_an_empty_list_is_its_bare_name() -> None:
    assert decode("UntagUser", UserName="a", TagKeys="") == {"UserName": "a", "TagKeys": []}
    assert decode("TagUser", UserName="a", Tags="") == {"UserName": "a", "Tags": []}


@pytest.mark.parametrize("index", ["0", "-1", "01", "x", "", "1e3", "+1", " 1", "1 ", "٣", "9999999999", "1" * 400])
def test_a_list_index_is_a_number_from_1(index: str) -> None:
    message = "The parameter TagKeys.member.N must have a number from 1 in the place of N."
    assert refusal("UntagUser", UserName="a", **{f"TagKeys__member__{index}": "k"}) == message


@pytest.mark.parametrize("name", ["TagKeys.member", "TagKeys.1", "TagKeys.Member.1", "TagKeys.entry.1", "TagKeys..1"])
def test_elements_of_a_list_are_called_member(name: str) -> None:
    message = "The parameter TagKeys.member.N must have a number from 1 in the place of N."
    assert refusal("UntagUser", UserName="a", **{name: "k"}) == message


def test_a_list_is_no_single_value() -> None:
    message = "The parameter TagKeys is a list and cannot have a value of its own."
    assert refusal("UntagUser", UserName="a", TagKeys="k") == message
    assert refusal("UntagUser", UserName="a", TagKeys="", TagKeys__member__1="k") == message


def test_a_structure_is_no_single_value() -> None:
    message = "The parameter Tags.member.N is a structure and cannot have a value of its own."
    assert refusal("TagUser", UserName="a", Tags__member__1="k") == message


def test_a_single_value_has_no_members() -> None:
    assert refusal("GetUser", UserName__member__1="a") == "The parameter UserName is a single value and has no members."
    assert refusal("GetUser", **{"UserName.": "a"}) == "The parameter UserName is a single value and has no members."
    assert refusal("UntagUser", UserName="a", TagKeys__member__1__Key="k") == (
        "The parameter TagKeys.member.N is a single value and has no members."
    )
    assert refusal("TagUser", UserName="a", Tags__member__1__Key__x="k") == (
        "The parameter Tags.member.N.Key is a single value and has no members."
    )


# Maps -----------------------------------------------------------------------------------------------------------------


def test_maps_are_entries_of_a_key_and_a_value() -> None:
    entries = {
        "Properties.entry.2.key": "region",
        "Properties.entry.2.value": "us-east-1",
        "Properties.entry.1.value": "production",
        "Properties.entry.1.key": "stage",
    }
    properties = decode("PutAccountProperties", **entries)["Properties"]
    assert list(properties.items()) == [("stage", "production"), ("region", "us-east-1")]


def test_maps_of_structures() -> None:
    assert decode(
        "AcquireRole",
        TemplateArn="arn:aws:iam::aws:role-template/example.amazonaws.com/reader:1",
        ReplacementValues__entry__1__key="bucket",
        ReplacementValues__entry__1__value__Values__member__1="a",
        ReplacementValues__entry__1__value__Values__member__2="b",
    ) == {
        "TemplateArn": "arn:aws:iam::aws:role-template/example.amazonaws.com/reader:1",
        "ReplacementValues": {"bucket": {"Values": ["a", "b"]}},
    }


@pytest.mark.parametrize(
    "entries",
    [
        {"Properties.entry.1.key": "a"},
        {"Properties.entry.1.value": "a"},
        {"Properties.entry.1.Key": "a", "Properties.entry.1.Value": "a"},
        {f"Properties.entry.{n}.{side}": "a" for n in (1, 2) for side in ("key", "value")},
    ],
)
def test_an_entry_of_a_map_has_a_key_of_its_own_and_a_value(entries: dict[str, str]) -> None:
    message = "The parameter Properties.entry.N must have a key of its own and a value."
    assert refusal("PutAccountProperties", **entries) == message


def test_entries_of_a_map_are_numbered() -> None:
    message = "The parameter Properties.entry.N must have a number from 1 in the place of N."
    assert refusal("PutAccountProperties", **{"Properties.member.1.key": "a"}) == message


# Single values --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "number"), [("900", 900), ("+900", 900), ("0900", 900), ("3600", 3600)])
def test_integers(text: str, number: int) -> None:
    assert decode("AssumeRole", **ROLE, DurationSeconds=text)["DurationSeconds"] == number


@pytest.mark.parametrize(
    "text",
    ["abc", "900.0", "1e3", " 900", "900 ", "2147483648", "-2147483649", "9" * 5000, "٩٠٠", "0x384", "9_00", "+"],
)
def test_what_is_no_32_bit_integer_is_malformed_without_a_message(text: str) -> None:
    assert refusal("AssumeRole", **ROLE, DurationSeconds=text) is None


def test_an_empty_integer_is_told_as_missing() -> None:
    assert refusal("AssumeRole", **ROLE, DurationSeconds="") == "missing value for decimal type"


@pytest.mark.parametrize(("text", "value"), [("true", True), ("True", True), ("FALSE", False), ("false", False)])
def test_booleans(text: str, value: bool) -> None:
    assert decode("ListPolicies", OnlyAttached=text) == {"OnlyAttached": value}


@pytest.mark.parametrize("text", ["", "1", "0", "yes", "truе", " true"])
def test_what_is_no_boolean_is_malformed(text: str) -> None:
    assert refusal("ListPolicies", OnlyAttached=text) is None


def test_other_scalars() -> None:
    assert scalars.read_long("-9223372036854775808") == -(2**63)
    assert scalars.read_decimal("-1.5e3") == -1500.0
    assert scalars.read_blob("aGVsbG8=") == b"hello"
    assert scalars.read_timestamp("2026-11-23T20:53:12Z") == 1795467192
    assert scalars.read_timestamp("2026-11-23T21:53:12.5+01:00") == 1795467192
    assert scalars.read_timestamp("2026-11-23T20:53:12") == 1795467192
    assert scalars.read_timestamp("1795467192") == 1795467192


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (scalars.read_long, "9223372036854775808"),
        (scalars.read_decimal, ""),
        (scalars.read_decimal, "nan"),
        (scalars.read_decimal, "inf"),
        (scalars.read_blob, "a"),
        (scalars.read_blob, "é==="),
        (scalars.read_blob, "aGVs\nbG8="),
        (scalars.read_timestamp, ""),
        (scalars.read_timestamp, "yesterday"),
        (scalars.read_timestamp, "2026-13-01T00:00:00Z"),
        (scalars.read_timestamp, "9" * 30),
    ],
)
def test_malformed_scalars(read: Any, text: str) -> None:
    with pytest.raises(MalformedInput):
        read(text)


# Hostile requests -----------------------------------------------------------------------------------------------------

FRAGMENTS = [
    "member", "entry", "key", "value", "Key", "Value", "1", "2", "0", "-1", "01", "99999999", "10000000000", "x", "",
    "Tags", "TagKeys", "UserName", "RoleArn", "PolicyArns", "arn", "DurationSeconds", "MaxItems", "\0", "é", "[0]", "%",
]  # fmt: skip


OPERATIONS = [load_service(service).operations[name] for service in ("iam", "sts") for name in operation_names(service)]
VALUES = st.one_of(st.sampled_from(["", "1", "true", "/", ROLE["RoleArn"]]), st.text(max_size=30))


def status_of(run: Callable[[], object]) -> int:
    """The HTTP status of the answer; 200 if nothing is refused."""
    try:
        run()
    except ServiceError as error:
        query.encode_error(None, error, "request-id")
        return error.status
    return 200


@given(data=st.data())
@settings(derandomize=True, database=None, deadline=None, max_examples=500)
def test_any_parameters_are_decoded_or_refused(data: st.DataObject) -> None:
    chosen = data.draw(st.sampled_from(OPERATIONS))
    heads = st.sampled_from([*chosen.input.members, "Unknown"] if chosen.input else ["Unknown"])
    names = st.builds(
        lambda head, rest: ".".join([head, *rest]), heads, st.lists(st.sampled_from(FRAGMENTS), max_size=5)
    )
    given = data.draw(st.dictionaries(names, VALUES, max_size=12))
    assert status_of(lambda: query.decode_input(chosen, given)) in (200, 400)


def test_ten_thousand_broken_requests_are_decoded_or_refused() -> None:
    chance = random.Random(20260101)
    whole = (
        b"Action=CreateRole&Version=2010-05-08&RoleName=reader&AssumeRolePolicyDocument=%7B%7D&MaxSessionDuration=3600"
        b"&Tags.member.1.Key=team&Tags.member.1.Value=a%20b&Tags.member.2.Key=%C3%A9&Tags.member.2.Value="
    )

    def run(body: bytes) -> None:
        parsed = query.parse_parameters(post(body))
        query.decode_input(query.find_operation(parsed), parsed)

    assert status_of(lambda: run(whole)) == 200
    statuses = set()
    for _ in range(10_000):
        broken = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(broken))
            broken[place : place + chance.randrange(3)] = bytes(chance.choices(b"&=.%+0129AaFf\x00\xc3\xa9", k=2))
        statuses.add(status_of(lambda body=bytes(broken): run(body)))  # type: ignore[misc]
    assert statuses == {200, 400, 404}

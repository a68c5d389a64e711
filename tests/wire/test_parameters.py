"""A request is parsed once, and says one thing."""

from contextlib import suppress
from urllib.parse import parse_qsl, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamd.errors import (
    InvalidAction,
    InvalidParameterCombination,
    MalformedInput,
    MalformedQueryString,
    MissingAction,
    ServiceError,
)
from iamd.wire.parameters import MAX_NAME_LENGTH, MAX_PARAMETERS, Parameters, parse_parameters
from iamd.wire.query import find_operation
from tests.wire.requests import get, operation, parameters, post

GET_USER = "Action=GetUser&Version=2010-05-08"


def test_a_get_says_what_its_query_string_says() -> None:
    assert dict(parse_parameters(get(GET_USER))) == {"Action": "GetUser", "Version": "2010-05-08"}


def test_a_post_says_what_its_form_says() -> None:
    assert dict(parse_parameters(post(GET_USER))) == {"Action": "GetUser", "Version": "2010-05-08"}


def test_a_post_may_say_one_part_in_its_query_string_and_another_in_its_form() -> None:
    parsed = parse_parameters(post("UserName=alice", GET_USER.encode()))
    assert dict(parsed) == {"Action": "GetUser", "Version": "2010-05-08", "UserName": "alice"}
    assert dict(parsed.query) == {"Action": "GetUser", "Version": "2010-05-08"}


@pytest.mark.parametrize("name", ["Action", "Version", "UserName", "Unknown"])
def test_a_name_in_both_query_string_and_form_is_refused(name: str) -> None:
    with pytest.raises(InvalidParameterCombination) as refused:
        parse_parameters(post(f"{name}=a", f"{name}=a".encode()))
    assert refused.value.status == 400
    assert refused.value.message == (
        f"The parameter {name} must not appear in both the query string and the body of a request."
    )


def test_a_name_in_both_places_is_refused_however_it_is_encoded() -> None:
    with pytest.raises(InvalidParameterCombination):
        parse_parameters(post("%41ction=DeleteUser", b"Action=GetUser"))


def test_the_first_of_a_repeated_name_counts() -> None:
    parsed = parameters("Action=GetUser&Action=DeleteUser&Version=2010-05-08&Version=2011-06-15&UserName=a&UserName=b")
    assert dict(parsed) == {"Action": "GetUser", "Version": "2010-05-08", "UserName": "a"}
    assert find_operation(parsed) is operation("GetUser")


def test_the_body_of_a_get_says_nothing() -> None:
    request = get(GET_USER)
    request = type(request)(
        method="GET",
        path=b"/",
        query_string=request.query_string,
        headers=post("").headers,
        body=b"Action=DeleteUser&UserName=alice",
    )
    assert dict(parse_parameters(request)) == {"Action": "GetUser", "Version": "2010-05-08"}


@pytest.mark.parametrize(
    "content_type", [None, b"", b"application/json", b"multipart/form-data; boundary=x", b"text/plain"]
)
def test_a_body_that_does_not_call_itself_a_form_says_nothing(content_type: bytes | None) -> None:
    assert dict(parse_parameters(post(GET_USER, content_type=content_type))) == {}


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/x-www-form-urlencoded",
        b"application/x-www-form-urlencoded; charset=utf-8",
        b"application/x-www-form-urlencoded;charset=UTF-8",
        b"Application/X-WWW-Form-URLEncoded ; charset=utf-8",
    ],
)
def test_a_form_may_name_its_charset(content_type: bytes) -> None:
    assert parse_parameters(post(GET_USER, content_type=content_type))["Action"] == "GetUser"


def test_signing_parameters_count_only_in_the_query_string() -> None:
    parsed = parse_parameters(post("X-Amz-Credential=body&x-amz-signature=body&UserName=a", b"X-Amz-Signature=query"))
    assert dict(parsed) == {"X-Amz-Signature": "query", "UserName": "a"}
    assert dict(parsed.query) == {"X-Amz-Signature": "query"}


def test_decoding() -> None:
    assert dict(parameters("A=b+c&D=%2B%26%3d&%C3%A9=%E4%B8%AD&Raw=é=&Empty=&Bare&&=nameless")) == {
        "A": "b c",
        "D": "+&=",
        "é": "中",
        "Raw": "é=",
        "Empty": "",
        "Bare": "",
        "": "nameless",
    }


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=50)), max_size=8))
@settings(derandomize=True, database=None, deadline=None)
def test_decoding_is_the_inverse_of_form_encoding(pairs: list[tuple[str, str]]) -> None:
    body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    expected: dict[str, str] = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        if not name.lower().startswith("x-amz-"):  # signing parameters belong to the query string
            expected.setdefault(name, value)
    assert dict(parameters(body)) == expected


@pytest.mark.parametrize("body", [b"A=%", b"A=%4", b"A=%zz", b"%=a", b"A=%4%41", b"A=%u0041", b"A=100%&B=c"])
def test_broken_percent_encoding_is_refused(body: bytes) -> None:
    for request in post(body), get(body):
        with pytest.raises(MalformedQueryString) as refused:
            parse_parameters(request)
        assert refused.value.message == (
            "The query string contains a percent sign that two hexadecimal digits do not follow."
        )


@pytest.mark.parametrize("body", [b"A=\xff", b"A=%FF", b"%ED%A0%80=surrogate", b"A=%C3", b"A=%C0%80", b"\x80"])
def test_text_that_is_not_utf8_is_refused(body: bytes) -> None:
    for request in post(body), get(body):
        with pytest.raises(MalformedQueryString) as refused:
            parse_parameters(request)
        assert refused.value.message == "The query string contains text that is not UTF-8."


def test_the_number_of_parameters_is_bounded() -> None:
    assert len(parameters("&".join(f"P{n}=" for n in range(MAX_PARAMETERS)))) == MAX_PARAMETERS
    with pytest.raises(MalformedInput) as refused:
        parameters("&" * MAX_PARAMETERS)
    assert refused.value.message == "A request must not contain more than 10000 parameters."


def test_the_length_of_names_is_bounded() -> None:
    assert len(parameters("N" * MAX_NAME_LENGTH + "=")) == 1
    with pytest.raises(MalformedInput) as refused:
        parameters("N" * (MAX_NAME_LENGTH + 1) + "=")
    assert refused.value.message == "The name of a parameter must not be longer than 512 bytes."


def test_parameters_cannot_be_changed_and_do_not_print_values() -> None:
    parsed = Parameters({"Action": "CreateLoginProfile"}, {"Password": "correct horse"})
    assert repr(parsed) == "Parameters(Action, Password)"
    with pytest.raises(TypeError):
        parsed["Action"] = "DeleteUser"  # type: ignore[index]
    with pytest.raises(TypeError):
        parsed.query["Action"] = "DeleteUser"  # type: ignore[index]


# Action and Version ---------------------------------------------------------------------------------------------------


def test_version_and_action_name_the_operation() -> None:
    assert find_operation(parameters("Action=GetUser&Version=2010-05-08")) is operation("GetUser")
    assert find_operation(parameters("Action=GetCallerIdentity&Version=2011-06-15")) is operation("GetCallerIdentity")


def test_an_action_must_be_given() -> None:
    with pytest.raises(MissingAction) as refused:
        find_operation(parameters("Version=2010-05-08"))
    assert (refused.value.status, refused.value.message) == (400, "The request must contain the parameter Action.")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("Action=GetUser", "Could not find operation GetUser for version NO_VERSION_SPECIFIED"),
        ("Action=GetUser&Version=", "Could not find operation GetUser for version "),
        ("Action=GetUser&Version=2000-01-01", "Could not find operation GetUser for version 2000-01-01"),
        ("Action=GetUser&Version=2011-06-15", "Could not find operation GetUser for version 2011-06-15"),
        ("Action=getuser&Version=2010-05-08", "Could not find operation getuser for version 2010-05-08"),
        ("Action=&Version=2010-05-08", "Could not find operation  for version 2010-05-08"),
        (f"Action={'a' * 300}&Version={'b' * 300}", f"Could not find operation {'a' * 256} for version {'b' * 256}"),
    ],
)
def test_unknown_actions_are_refused(body: str, message: str) -> None:
    with pytest.raises(InvalidAction) as refused:
        find_operation(parameters(body))
    assert (refused.value.status, refused.value.message) == (400, message)


@given(st.binary(max_size=60), st.binary(max_size=60), st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS"]))
@settings(derandomize=True, database=None, deadline=None, max_examples=300)
def test_any_bytes_are_parsed_or_refused(query_string: bytes, body: bytes, method: str) -> None:
    request = post(body, query_string)
    request = type(request)(method=method, path=b"/", query_string=query_string, headers=request.headers, body=body)
    with suppress(ServiceError):
        find_operation(parse_parameters(request))

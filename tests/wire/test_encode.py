"""Answers as AWS writes them."""

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamd import errors
from iamd.wire.models import load_service
from iamd.wire.query import encode_error, encode_output
from iamd.wire.scalars import write_policy_document, write_string, write_timestamp
from tests.wire.requests import operation

ID = "7a62c49f-347e-4fc4-9331-6e8eEXAMPLE"
IAM = "https://iam.amazonaws.com/doc/2010-05-08/"
STS = "https://sts.amazonaws.com/doc/2011-06-15/"
FAULT = "http://webservices.amazon.com/AWSFault/2005-15-09"
METADATA = f"<ResponseMetadata><RequestId>{ID}</RequestId></ResponseMetadata>"


def xml(name: str, output: dict[str, Any]) -> str:
    return encode_output(operation(name), output, ID).decode()


def test_an_answer() -> None:
    user = {
        "Path": "/",
        "UserName": "alice",
        "UserId": "AIDACKCEVSQ6C2EXAMPLE",
        "Arn": "arn:aws:iam::111122223333:user/alice",
        "CreateDate": 1795467192,
        "Tags": [{"Key": "team", "Value": "a"}, {"Key": "empty", "Value": ""}],
    }
    assert xml("GetUser", {"User": user}) == (
        f'<GetUserResponse xmlns="{IAM}"><GetUserResult><User><Path>/</Path><UserName>alice</UserName>'
        "<UserId>AIDACKCEVSQ6C2EXAMPLE</UserId><Arn>arn:aws:iam::111122223333:user/alice</Arn>"
        "<CreateDate>2026-11-23T20:53:12Z</CreateDate><Tags><member><Key>team</Key><Value>a</Value></member>"
        f"<member><Key>empty</Key><Value></Value></member></Tags></User></GetUserResult>{METADATA}</GetUserResponse>"
    )


def test_an_operation_without_output_has_no_result() -> None:
    assert xml("DeleteUser", {}) == f'<DeleteUserResponse xmlns="{IAM}">{METADATA}</DeleteUserResponse>'


def test_an_empty_list_is_an_empty_element_and_an_absent_member_is_absent() -> None:
    assert xml("ListUsers", {"Users": [], "IsTruncated": False}) == (
        f'<ListUsersResponse xmlns="{IAM}"><ListUsersResult><Users></Users><IsTruncated>false</IsTruncated>'
        f"</ListUsersResult>{METADATA}</ListUsersResponse>"
    )


def test_an_empty_structure_is_an_empty_element() -> None:
    assert "<RoleLastUsed></RoleLastUsed>" in xml("GetRole", {"Role": {"RoleName": "r", "RoleLastUsed": {}}})


def test_maps_numbers_and_bytes() -> None:
    assert "<SummaryMap><entry><key>Users</key><value>3</value></entry></SummaryMap>" in xml(
        "GetAccountSummary", {"SummaryMap": {"Users": 3}}
    )
    assert "<Content>dXNlcixhcm4=</Content>" in xml("GetCredentialReport", {"Content": b"user,arn"})


def test_what_the_model_does_not_know_is_not_answered() -> None:
    assert "secret" not in xml("GetUser", {"User": {"UserName": "alice", "PasswordHash": "secret"}, "Other": "secret"})


def test_policies_are_url_encoded() -> None:
    document = '{"Version": "2012-10-17", "Statement": [{"Sid": "é~%20+&<"}]}\n'
    encoded = (
        "%7B%22Version%22%3A%20%222012-10-17%22%2C%20%22Statement%22%3A%20%5B%7B%22Sid%22%3A%20%22"
        "%C3%A9~%2520%2B%26%3C%22%7D%5D%7D%0A"
    )
    answer = {"UserName": "alice", "PolicyName": "p", "PolicyDocument": document}
    assert f"<PolicyDocument>{encoded}</PolicyDocument>" in xml("GetUserPolicy", answer)
    assert f"<Document>{encoded}</Document>" in xml("GetPolicyVersion", {"PolicyVersion": {"Document": document}})
    role = {"Role": {"AssumeRolePolicyDocument": document}}
    assert f"<AssumeRolePolicyDocument>{encoded}</AssumeRolePolicyDocument>" in xml("GetRole", role)
    assert json.loads(encode_output(operation("GetRole"), role, ID, json=True))["GetRoleResponse"]["GetRoleResult"] == {
        "Role": {"AssumeRolePolicyDocument": encoded}
    }


def test_policies_beyond_latin_1_are_url_encoded_as_utf8() -> None:
    assert write_policy_document("中\U0001f511") == "%E4%B8%AD%F0%9F%94%91"


def test_markup_and_line_ends_are_escaped() -> None:
    assert write_string("<a href='x'>&amp;\r\n\t\"é\U0001f511") == ("&lt;a href='x'&gt;&amp;amp;&#xD;\n\t\"é\U0001f511")


def test_what_xml_cannot_hold_is_replaced() -> None:
    assert write_string("a\0b\x0bc\x1fd\ufffee\ud800f\x7f") == "a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\x7f"


@given(st.text())
@settings(derandomize=True, database=None, deadline=None, max_examples=300)
def test_any_text_is_well_formed_xml(text: str) -> None:
    body = encode_error(load_service("sts"), errors.ValidationError(text), ID)
    message = ElementTree.fromstring(body).findtext(f"{{{STS}}}Error/{{{STS}}}Message")  # noqa: S314
    unchanged = [a == b for a, b in zip(text, message or "", strict=True) if b != "\ufffd"]
    assert all(unchanged)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1970-01-01T00:00:00Z"), (1795467192, "2026-11-23T20:53:12Z"), (253402300799, "9999-12-31T23:59:59Z")],
)
def test_times(seconds: int, text: str) -> None:
    assert write_timestamp(seconds) == text


# JSON -----------------------------------------------------------------------------------------------------------------


def test_json_wraps_the_result_and_keeps_times_as_numbers() -> None:
    credentials = {
        "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "SessionToken": "token",
        "Expiration": 1795467192,
    }
    answer = encode_output(operation("GetSessionToken"), {"Credentials": credentials}, ID, json=True)
    assert json.loads(answer) == {
        "GetSessionTokenResponse": {
            "GetSessionTokenResult": {"Credentials": credentials},
            "ResponseMetadata": {"RequestId": ID},
        }
    }


def test_json_has_lists_and_maps_of_its_own() -> None:
    answer = encode_output(operation("ListUsers"), {"Users": [{"UserName": "a"}], "IsTruncated": False}, ID, json=True)
    assert json.loads(answer)["ListUsersResponse"]["ListUsersResult"] == {
        "Users": [{"UserName": "a"}],
        "IsTruncated": False,
    }
    answer = encode_output(operation("GetAccountSummary"), {"SummaryMap": {"Users": 3}}, ID, json=True)
    assert json.loads(answer)["GetAccountSummaryResponse"]["GetAccountSummaryResult"] == {"SummaryMap": {"Users": 3}}


def test_json_of_an_operation_without_output() -> None:
    assert json.loads(encode_output(operation("DeleteUser"), {}, ID, json=True)) == {
        "DeleteUserResponse": {"ResponseMetadata": {"RequestId": ID}}
    }


# Errors ---------------------------------------------------------------------------------------------------------------


def test_an_error_of_a_service() -> None:
    error = errors.NoSuchEntity("The user with name <a> cannot be found.")
    assert encode_error(load_service("iam"), error, ID).decode() == (
        f'<ErrorResponse xmlns="{IAM}"><Error><Type>Sender</Type><Code>NoSuchEntity</Code>'
        "<Message>The user with name &lt;a&gt; cannot be found.</Message></Error>"
        f"<RequestId>{ID}</RequestId></ErrorResponse>"
    )


def test_an_error_without_a_message_has_no_message_element() -> None:
    assert encode_error(load_service("sts"), errors.MalformedInput(), ID).decode() == (
        f'<ErrorResponse xmlns="{STS}"><Error><Type>Sender</Type><Code>MalformedInput</Code></Error>'
        f"<RequestId>{ID}</RequestId></ErrorResponse>"
    )


def test_an_unknown_action_is_no_services_error() -> None:
    error = errors.InvalidAction("Could not find operation X for version 2010-05-08")
    expected = (
        f'<ErrorResponse xmlns="{FAULT}"><Error><Type>Sender</Type><Code>InvalidAction</Code>'
        "<Message>Could not find operation X for version 2010-05-08</Message></Error>"
        f"<RequestId>{ID}</RequestId></ErrorResponse>"
    )
    assert encode_error(None, error, ID).decode() == expected
    assert encode_error(load_service("iam"), error, ID).decode() == expected


def test_a_fault_of_the_server_is_the_receivers() -> None:
    body = encode_error(load_service("iam"), errors.ServiceUnavailable("Try again."), ID)
    assert b"<Type>Receiver</Type><Code>ServiceUnavailable</Code>" in body


def test_errors_in_json() -> None:
    assert json.loads(encode_error(load_service("iam"), errors.AccessDenied("No."), ID, json=True)) == {
        "Error": {"Type": "Sender", "Code": "AccessDenied", "Message": "No."},
        "RequestId": ID,
    }
    assert json.loads(encode_error(None, errors.MalformedInput(), ID, json=True)) == {
        "Error": {"Type": "Sender", "Code": "MalformedInput"},
        "RequestId": ID,
    }

"""What is authenticated, authorized and executed is one and the same request, whatever else a client sends with it."""

import http.client
import json
import re
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.server.process import ACCOUNT_ID, ServerProcess

OWN = f"arn:aws:iam::{ACCOUNT_ID}:user/guests/"  # the users that alice may delete and look at
ALICE = f"User: arn:aws:iam::{ACCOUNT_ID}:user/alice is not authorized to perform: "


class Alice:
    """Sends signed requests exactly as written. She may delete and look at the users under /guests/, and no others."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.root = server.client()
        self.root.create_user(UserName="alice")
        statement = {"Effect": "Allow", "Action": ["iam:DeleteUser", "iam:GetUser"], "Resource": OWN + "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.root.put_user_policy(UserName="alice", PolicyName="guests", PolicyDocument=document)
        made = self.root.create_access_key(UserName="alice")["AccessKey"]
        self.key = Credentials(made["AccessKeyId"], made["SecretAccessKey"])

    def send(self, body: str, query: str = "", path: str = "/") -> str:
        """``Code: message`` of the refusal, or ``answered``."""
        url = f"{self.server.endpoint}{path}{'?' + query if query else ''}"
        form = {"content-type": "application/x-www-form-urlencoded"}
        request = AWSRequest(method="POST", url=url, data=body.encode(), headers=form)
        SigV4Auth(self.key, "iam", "us-east-1").add_auth(request)
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        connection.request("POST", f"{path}{'?' + query if query else ''}", body.encode(), dict(request.headers))
        answer = connection.getresponse().read().decode()
        connection.close()
        found = re.search("<Code>(.*)</Code><Message>(.*)</Message>", answer)
        return f"{found[1]}: {found[2]}" if found else "answered"

    def users(self) -> list[str]:
        return [user["UserName"] for user in self.root.list_users()["Users"]]


@pytest.fixture
def alice(dev: ServerProcess) -> Alice:
    dev.reset()
    alice = Alice(dev)
    alice.root.create_user(UserName="guest", Path="/guests/")
    alice.root.create_user(UserName="other", Path="/guests/")
    alice.root.create_user(UserName="boss")
    return alice


def call(action: str, *members: str) -> str:
    return "&".join((f"Action={action}&Version=2010-05-08", *members))


def test_a_request_says_each_thing_in_one_place(alice: Alice) -> None:
    """Another server was once found to authorize the query string's action, and to execute the body's."""
    twice = "must not appear in both the query string and the body of a request."
    for body, query, name in (
        (call("DeleteUser", "UserName=boss"), "Action=GetUser", "Action"),
        (call("GetUser", "UserName=guest"), "Action=DeleteUser", "Action"),
        (call("DeleteUser", "UserName=boss"), "UserName=guest", "UserName"),
        (call("DeleteUser", "UserName=guest"), "%55serName=boss", "UserName"),
        (call("DeleteUser", "UserName=guest"), "Version=2011-06-15", "Version"),
    ):
        assert alice.send(body, query) == f"InvalidParameterCombination: The parameter {name} {twice}"
    assert alice.users() == ["alice", "boss", "guest", "other"]
    assert alice.send(call("DeleteUser"), "UserName=boss") == (
        f"AccessDenied: {ALICE}iam:DeleteUser on resource: user boss because no identity-based policy allows the "
        "iam:DeleteUser action"
    )
    assert alice.send(call("DeleteUser"), "UserName=guest") == "answered"
    assert alice.users() == ["alice", "boss", "other"]


def test_of_a_repeated_member_the_same_one_is_authorized_and_executed(alice: Alice) -> None:
    assert alice.send(call("DeleteUser", "UserName=boss", "UserName=guest")).startswith(
        f"AccessDenied: {ALICE}iam:DeleteUser on resource: user boss"
    )
    assert alice.send(call("DeleteUser", "UserName=guest", "UserName=boss")) == "answered"
    assert alice.send(call("DeleteUser", "UserName=other", "Action=GetUser")) == "answered"
    assert alice.users() == ["alice", "boss"]


@pytest.mark.parametrize("query", ["UserName=guest&UserName=boss", "UserName=boss&UserName=guest", "a=1&a=1"])
def test_nothing_stands_twice_in_a_query_string(alice: Alice, query: str) -> None:
    name = query.partition("=")[0]
    assert alice.send(call("DeleteUser"), query) == (
        f"IncompleteSignature: AWS query-string parameters must include '{name}' only once. "
        "Re-examine the query-string parameters."
    )
    assert alice.users() == ["alice", "boss", "guest", "other"]


@pytest.mark.parametrize(
    "extra",
    ["Path=/guests/", "PathPrefix=/guests/", "NewPath=/guests/", "UserName.1=guest", "username=guest", "Arn=" + OWN],
)
def test_a_member_that_the_operation_does_not_have_shifts_nothing(alice: Alice, extra: str) -> None:
    refusal = alice.send(call("DeleteUser", extra, "UserName=boss"))
    if "." in extra:
        assert refusal == "MalformedInput: The parameter UserName is a single value and has no members."
    else:
        assert refusal.startswith(f"AccessDenied: {ALICE}iam:DeleteUser on resource: user boss")
    assert "boss" in alice.users()


@pytest.mark.parametrize("name", ["guests/boss", "guests/../boss", "/guests/boss", "guest\nboss", "*", "guest*", ""])
def test_a_path_or_pattern_in_place_of_a_name_is_no_name(alice: Alice, name: str) -> None:
    assert alice.send(call("DeleteUser", f"UserName={quote(name, safe='')}")).startswith("ValidationError: ")
    assert alice.users() == ["alice", "boss", "guest", "other"]


def test_the_case_of_a_name_makes_no_other_user(alice: Alice) -> None:
    assert alice.send(call("GetUser", "UserName=GUEST")).startswith(
        f"AccessDenied: {ALICE}iam:GetUser on resource: user GUEST"
    )
    assert alice.send(call("GetUser", "UserName=guest")) == "answered"


@pytest.mark.parametrize("path", ["/guests/", "//", "/?"])
def test_the_path_of_the_url_says_nothing(alice: Alice, path: str) -> None:
    assert alice.send(call("DeleteUser", "UserName=boss"), path=path).startswith(
        f"AccessDenied: {ALICE}iam:DeleteUser on resource: user boss"
    )

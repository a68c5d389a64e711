"""Temporary credentials end to end: made, used, limited and ended through boto3 and the AWS CLI."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.server.process import ACCOUNT_ID, SEEDS, ServerProcess

OTHER_ACCOUNT_ID = "444455556666"
OTHER_ROOT = ("AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with two accounts."""
    home = tmp_path_factory.mktemp("server")
    key_id, secret = OTHER_ROOT
    other = {"account_id": OTHER_ACCOUNT_ID, "root_access_key_id": key_id, "root_secret_access_key": secret}
    (home / "accounts.json").write_text(json.dumps([other]))
    with ServerProcess(home, env=SEEDS | {"IAMD_ACCOUNTS_FILE": str(home / "accounts.json")}) as process:
        yield process


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})


def allow(*actions: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Action": list(actions), "Resource": resource, **more}


def trust(principal: Any, *actions: str, **more: Any) -> str:
    return document({"Principal": principal, "Action": ["sts:AssumeRole", *actions], **more})


def aws(*arns: str) -> dict[str, list[str]]:
    return {"AWS": list(arns)}


def role_arn(name: str, account_id: str = ACCOUNT_ID) -> str:
    return f"arn:aws:iam::{account_id}:role/{name}"


def refusal(call: Any, **input: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**input)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


class Signed:
    """Clients of one credential."""

    def __init__(self, server: ServerProcess, key_id: str, secret: str, token: str | None = None) -> None:
        self._server = server
        self.credential = (key_id, secret, token)
        self.iam = server.client("iam", key_id, secret, aws_session_token=token)
        self.sts = server.client("sts", key_id, secret, aws_session_token=token)

    @classmethod
    def of(cls, server: ServerProcess, credentials: dict[str, Any]) -> "Signed":
        """Signs with the ``Credentials`` of an answer of STS."""
        return cls(server, credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])

    def assume(self, name: str, session: str = "session", account_id: str = ACCOUNT_ID, **more: Any) -> "Signed":
        answer = self.sts.assume_role(RoleArn=role_arn(name, account_id), RoleSessionName=session, **more)
        return Signed.of(self._server, answer["Credentials"])

    @property
    def arn(self) -> str:
        return self.sts.get_caller_identity()["Arn"]


@pytest.fixture(scope="module")
def root(server: ServerProcess) -> Signed:
    return Signed(server, SEEDS["IAMD_ROOT_ACCESS_KEY_ID"], SEEDS["IAMD_ROOT_SECRET_ACCESS_KEY"])


@pytest.fixture(scope="module")
def other_root(server: ServerProcess) -> Signed:
    return Signed(server, *OTHER_ROOT)


def new_user(server: ServerProcess, root: Signed, name: str, *statements: dict[str, Any]) -> Signed:
    root.iam.create_user(UserName=name)
    if statements:
        root.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(*statements))
    key = root.iam.create_access_key(UserName=name)["AccessKey"]
    return Signed(server, key["AccessKeyId"], key["SecretAccessKey"])


def new_role(root: Signed, name: str, trust_policy: str, *statements: dict[str, Any], **more: Any) -> str:
    arn = root.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy, **more)["Role"]["Arn"]
    if statements:
        root.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(*statements))
    return str(arn)


def user_arn(name: str, account_id: str = ACCOUNT_ID) -> str:
    return f"arn:aws:iam::{account_id}:user/{name}"


def test_the_permissions_of_a_role_for_a_user_without_any(server: ServerProcess, root: Signed) -> None:
    alice = new_user(server, root, "alice")
    new_role(root, "Reader", trust(aws(user_arn("alice"))), allow("iam:GetUser", "iam:GetRole"), Path="/team/")
    answer = alice.sts.assume_role(RoleArn=role_arn("team/Reader"), RoleSessionName="morning")
    session = Signed.of(server, answer["Credentials"])
    role_id = root.iam.get_role(RoleName="Reader")["Role"]["RoleId"]
    assert answer["AssumedRoleUser"] == {
        "AssumedRoleId": f"{role_id}:morning",
        "Arn": f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Reader/morning",
    }
    assert "PackedPolicySize" not in answer
    assert "SourceIdentity" not in answer
    identity = session.sts.get_caller_identity()
    assert {name: identity[name] for name in ("UserId", "Account", "Arn")} == {
        "UserId": f"{role_id}:morning",
        "Account": ACCOUNT_ID,
        "Arn": f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Reader/morning",
    }
    assert session.iam.get_user(UserName="alice")["User"]["UserName"] == "alice"
    assert refusal(session.iam.delete_user, UserName="alice") == (
        f"AccessDenied: User: arn:aws:sts::{ACCOUNT_ID}:assumed-role/Reader/morning is not authorized to perform: "
        "iam:DeleteUser on resource: user alice because no identity-based policy allows the iam:DeleteUser action"
    )
    assert refusal(alice.iam.get_user, UserName="alice").startswith("AccessDenied")
    assert session.iam.get_role(RoleName="Reader")["Role"]["RoleLastUsed"]["Region"] == "us-east-1"


def test_missing_untrusting_and_forbidden_roles_look_alike(server: ServerProcess, root: Signed) -> None:
    new_role(root, "ForNobody", trust({"Service": "ec2.amazonaws.com"}))
    new_role(root, "ForTheAccount", trust(aws(ACCOUNT_ID)))
    mallory = new_user(server, root, "mallory")
    for name in ("ForNobody", "ForTheAccount", "Missing"):
        assert refusal(mallory.sts.assume_role, RoleArn=role_arn(name), RoleSessionName="xx") == (
            f"AccessDenied: User: {user_arn('mallory')} is not authorized to perform: sts:AssumeRole "
            f"on resource: {role_arn(name)}"
        )
    assert refusal(mallory.sts.assume_role, RoleArn="arn:aws:iam::role/x-and-more", RoleSessionName="xx") == (
        "ValidationError: arn:aws:iam::role/x-and-more is invalid"
    )


def test_root_assumes_no_role(root: Signed) -> None:
    new_role(root, "ForRoot", trust(aws(ACCOUNT_ID)))
    assert refusal(root.sts.assume_role, RoleArn=role_arn("ForRoot"), RoleSessionName="xx") == (
        "AccessDenied: Roles may not be assumed by root accounts."
    )


def test_a_thousand_sessions_take_no_storage(server: ServerProcess, root: Signed) -> None:
    worker = new_user(server, root, "worker")
    new_role(root, "Busy", trust(aws(user_arn("worker"))))
    status, before = server.ask("/_iamd/health")
    assert status == 200
    sessions = [worker.assume("Busy", f"session-{number}") for number in (1, 2)]
    for _ in range(1_000):
        worker.sts.assume_role(RoleArn=role_arn("Busy"), RoleSessionName="many")
    assert [session.arn.rpartition("/")[2] for session in sessions] == ["session-1", "session-2"]
    assert json.loads(server.ask("/_iamd/health")[1])["revision"] == json.loads(before)["revision"]

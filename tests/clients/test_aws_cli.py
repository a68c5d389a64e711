"""The AWS CLI works against the server: pages, waiters, documents from files, profiles that assume roles, refusals."""

import base64
import csv
import io
import json
from pathlib import Path

import pytest

from tests.clients.life import iam_arn, root_environment, session_arn
from tests.server.process import ACCOUNT_ID, ServerProcess
from tests.server.shell import Shell


@pytest.fixture
def shell(server: ServerProcess, tmp_path: Path) -> Shell:
    """A shell in whose environment the root user calls; documents are files in its home."""
    statement = {"Effect": "Allow", "Action": "iam:List*", "Resource": "*"}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": iam_arn("user/Bob")}}
    for name, content in (("policy.json", statement), ("trust.json", trust)):
        (tmp_path / name).write_text(json.dumps({"Version": "2012-10-17", "Statement": content}, indent=2))
    return Shell(tmp_path, **root_environment(server) | {"HOME": str(tmp_path)})


def test_pages_and_where_they_are_resumed(server: ServerProcess, shell: Shell) -> None:
    for number in range(5):
        server.client().create_user(UserName=f"user-{number}", Path="/team/")
    names = "--query Users[].UserName"
    assert shell.succeed(f"aws iam list-users --path-prefix /team/ --page-size 2 {names}") == [
        f"user-{number}" for number in range(5)
    ]
    first = shell.succeed("aws iam list-users --max-items 2")
    assert [user["UserName"] for user in first["Users"]] == ["user-0", "user-1"]
    rest = shell.succeed(f"aws iam list-users --starting-token {first['NextToken']} {names}")
    assert rest == ["user-2", "user-3", "user-4"]


def test_documents_from_files_and_a_profile_that_assumes_a_role(shell: Shell) -> None:
    shell.succeed("aws iam create-user --user-name Bob --tags Key=Team,Value='a b'")
    shell.succeed("aws iam wait user-exists --user-name Bob")
    key = shell.succeed("aws iam create-access-key --user-name Bob")["AccessKey"]
    role = shell.succeed(
        "aws iam create-role --role-name Keeper --assume-role-policy-document file://$HOME/trust.json"
    )["Role"]
    assert role["AssumeRolePolicyDocument"]["Statement"]["Principal"] == {"AWS": iam_arn("user/Bob")}
    shell.succeed(
        "aws iam put-role-policy --role-name Keeper --policy-name l --policy-document file://$HOME/policy.json"
    )
    document = "--query PolicyDocument.Statement.Action"
    assert shell.succeed(f"aws iam get-role-policy --role-name Keeper --policy-name l {document}") == "iam:List*"

    (shell.home / ".aws").mkdir()
    (shell.home / ".aws" / "config").write_text(
        f"[profile bob]\naws_access_key_id = {key['AccessKeyId']}\naws_secret_access_key = {key['SecretAccessKey']}\n"
        f"[profile keeper]\nrole_arn = {role['Arn']}\nsource_profile = bob\nrole_session_name = night\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del shell.variables[name]
    shell.variables["AWS_PROFILE"] = "keeper"
    assert shell.succeed("aws sts get-caller-identity --query Arn") == session_arn("night")
    assert shell.succeed("aws iam list-users --query Users[].UserName") == ["Bob"]
    refused = shell.run("aws iam delete-user --user-name Bob")
    assert (refused.returncode, refused.stdout) == (255, "")
    assert refused.stderr.strip().removeprefix("aws: [ERROR]: ") == (
        "An error occurred (AccessDenied) when calling the DeleteUser operation: User: "
        f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Keeper/night is not authorized to perform: iam:DeleteUser on "
        "resource: user Bob because no identity-based policy allows the iam:DeleteUser action"
    )


def test_a_credential_report(shell: Shell) -> None:
    shell.succeed("aws iam create-user --user-name Bob")
    assert shell.succeed("aws iam generate-credential-report")["State"] == "STARTED"
    assert shell.succeed("aws iam generate-credential-report")["State"] == "COMPLETE"
    report = shell.succeed("aws iam get-credential-report")
    assert report["ReportFormat"] == "text/csv"
    rows = csv.DictReader(io.StringIO(base64.b64decode(report["Content"]).decode()))
    assert [row["arn"] for row in rows] == [iam_arn("root"), iam_arn("user/Bob")]

"""Organizations that the accounts file asks for, as their accounts see them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import iamd, refused
from tests.server.process import ServerProcess
from tests.server.test_service_quotas import stored_events

MANAGEMENT, DELEGATE, MEMBER = "111122223333", "444455556666", "123456789012"


def account(account_id: str, **more: Any) -> dict[str, Any]:
    key = {"root_access_key_id": f"key_of_{account_id}", "root_secret_access_key": "a-secret-of-tests"}
    return {"account_id": account_id, **key, **more}


def accounts_file(directory: Path, *accounts: dict[str, Any]) -> str:
    path = directory / "accounts.json"
    path.write_text(json.dumps(accounts))
    return str(path)


def refused_start(directory: Path, file: str) -> str:
    return refused(directory, "serve", "--port", "0", "--data-dir", str(directory / "data"), "--accounts-file", file)


def features(server: ServerProcess, account_id: str) -> Any:
    iam = server.client("iam", f"key_of_{account_id}", "a-secret-of-tests")
    answer = iam.list_organizations_features()
    return answer["OrganizationId"], answer["EnabledFeatures"]


def test_an_organization_is_what_the_accounts_file_says(tmp_path: Path) -> None:
    organization = {"trusted_services": ["iam.amazonaws.com"]}
    members = [
        account(DELEGATE, management_account_id=MANAGEMENT, delegated_administrator_of=["iam.amazonaws.com"]),
        account(MEMBER, management_account_id=MANAGEMENT),
    ]
    file = accounts_file(tmp_path, account(MANAGEMENT, organization=organization), *members)
    with ServerProcess(tmp_path, "--accounts-file", file, env={}) as server:
        iam = server.client("iam", f"key_of_{MANAGEMENT}", "a-secret-of-tests")
        enabled = iam.enable_organizations_root_sessions()
        assert enabled["EnabledFeatures"] == ["RootSessions"]
        assert enabled["OrganizationId"].startswith("o-")
        assert features(server, MANAGEMENT) == features(server, DELEGATE)
        member = server.client("iam", f"key_of_{MEMBER}", "a-secret-of-tests")
        refusal = member.exceptions.AccountNotManagementOrDelegatedAdministratorException
        with pytest.raises(refusal, match=f"Account {MEMBER} is neither"):
            member.list_organizations_features()
        server.stop()
    members[1]["delegated_administrator_of"] = ["iam.amazonaws.com"]
    del members[0]["delegated_administrator_of"]
    file = accounts_file(tmp_path, account(MANAGEMENT, organization=organization), *members)
    with ServerProcess(tmp_path, "--accounts-file", file, env={}) as server:
        assert features(server, MEMBER) == (enabled["OrganizationId"], ["RootSessions"])
        delegate = server.client("iam", f"key_of_{MEMBER}", "a-secret-of-tests")
        assert delegate.disable_organizations_root_sessions()["EnabledFeatures"] == []
        assert features(server, MANAGEMENT) == (enabled["OrganizationId"], [])
        server.stop()
    assert iamd(tmp_path, "check", "--data-dir", str(tmp_path / "data")).returncode == 0


@pytest.mark.parametrize(
    ("accounts", "message"),
    [
        (
            [account(MEMBER, management_account_id=MANAGEMENT)],
            f"Account {MEMBER} names {MANAGEMENT} as its management account, which has no organization: give it one.",
        ),
        (
            [account(MEMBER, organization={}, management_account_id=MANAGEMENT)],
            "{file}, account 1: an account manages an organization or is managed in one, not both.",
        ),
        (
            [account(MEMBER, organization={"id": "o-short"})],
            "{file}, account 1: an organization id is o- and 10 to 32 small letters and digits, not 'o-short'.",
        ),
        (
            [account(MANAGEMENT, organization={}, delegated_administrator_of=["iam.amazonaws.com"])],
            "{file}, account 1: only a member account can be a delegated administrator.",
        ),
    ],
)
def test_accounts_that_do_not_go_together_are_named(tmp_path: Path, accounts: list[Any], message: str) -> None:
    file = accounts_file(tmp_path, *accounts)
    assert refused_start(tmp_path, file) == f"Error: {message.format(file=file)}\n"


def test_an_organization_keeps_its_id(tmp_path: Path) -> None:
    file = accounts_file(tmp_path, account(MANAGEMENT, organization={"id": "o-exampleorgid"}))
    with ServerProcess(tmp_path, "--accounts-file", file, env={}) as server:
        server.stop()
    file = accounts_file(tmp_path, account(MANAGEMENT, organization={"id": "o-exampleother"}))
    assert refused_start(tmp_path, file) == (
        f"Error: The organization of account {MANAGEMENT} is o-exampleorgid, and an id never changes: ask for that "
        "one, or for none.\n"
    )


def test_a_member_accounts_root_credentials_are_removed_from_outside(tmp_path: Path) -> None:
    members = [account(MEMBER, management_account_id=MANAGEMENT)]
    organization = {"trusted_services": ["iam.amazonaws.com"]}
    file = accounts_file(tmp_path, account(MANAGEMENT, organization=organization), *members)
    with ServerProcess(tmp_path, "--accounts-file", file, env={}) as server:
        root = server.client("iam", f"key_of_{MANAGEMENT}", "a-secret-of-tests")
        root.enable_organizations_root_credentials_management()
        root.create_user(UserName="alice")
        policy = {"Effect": "Allow", "Action": "sts:AssumeRoot", "Resource": f"arn:aws:iam::{MEMBER}:root"}
        document = json.dumps({"Version": "2012-10-17", "Statement": policy})
        root.put_user_policy(UserName="alice", PolicyName="root", PolicyDocument=document)
        key = root.create_access_key(UserName="alice")["AccessKey"]
        sts = server.client("sts", key["AccessKeyId"], key["SecretAccessKey"])
        task = "arn:aws:iam::aws:policy/root-task/IAMDeleteRootUserCredentials"
        made = sts.assume_root(TargetPrincipal=MEMBER, TaskPolicyArn={"arn": task})["Credentials"]
        session = (made["AccessKeyId"], made["SecretAccessKey"])
        iam = server.client("iam", *session, aws_session_token=made["SessionToken"])
        (old,) = iam.list_access_keys()["AccessKeyMetadata"]
        iam.delete_access_key(AccessKeyId=old["AccessKeyId"])
        with pytest.raises(root.exceptions.ClientError, match="InvalidClientTokenId"):
            server.client("iam", f"key_of_{MEMBER}", "a-secret-of-tests").list_users()
        server.stop()
        events = stored_events(server.data_dir)
    (assumed,) = [event for event in events if event["eventName"] == "AssumeRoot"]
    assert assumed["userIdentity"]["userName"] == "alice"
    assert assumed["requestParameters"] == {"targetPrincipal": MEMBER, "taskPolicyArn": {"arn": task}}
    assert made["SecretAccessKey"] not in json.dumps(assumed)
    assert made["SessionToken"] not in json.dumps(assumed)
    (deleted,) = [event for event in events if event["eventName"] == "DeleteAccessKey"]
    assert deleted["userIdentity"]["type"] == "Root"
    assert deleted["userIdentity"]["sessionContext"]["assumedRoot"] == "true"

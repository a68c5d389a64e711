"""``iamd backup``, ``restore`` and ``check`` on the store of a running server, as people use them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import iamd, refused, succeeded
from tests.server.process import ServerProcess


def state(iam: Any) -> dict[str, Any]:
    """Everything that GetAccountAuthorizationDetails tells, and the access keys."""
    details = iam.get_account_authorization_details(Filter=["User", "Group", "Role", "LocalManagedPolicy"])
    del details["ResponseMetadata"]
    details["keys"] = {
        user["UserName"]: iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]
        for user in details["UserDetailList"]
    }
    return dict(details)


def fill(iam: Any) -> None:
    document = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:Get*","Resource":"*"}}'
    arn = iam.create_policy(PolicyName="read", PolicyDocument=document)["Policy"]["Arn"]
    iam.create_group(GroupName="readers")
    iam.attach_group_policy(GroupName="readers", PolicyArn=arn)
    for name in ("alice", "bob"):
        iam.create_user(UserName=name, Tags=[{"Key": "name", "Value": name}])
        iam.add_user_to_group(GroupName="readers", UserName=name)
    iam.create_role(
        RoleName="operator",
        AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":'
        '{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}}',
    )


def test_a_restored_store_is_the_one_that_was_backed_up(tmp_path: Path) -> None:
    data_dir = ("--data-dir", str(tmp_path / "data"))
    file = tmp_path / "iamd.backup"
    with ServerProcess(tmp_path) as server:
        iam = server.client()
        fill(iam)
        made = iam.create_access_key(UserName="alice")["AccessKey"]
        before = state(iam)
        printed = succeeded(tmp_path, "backup", *data_dir, str(file))
        assert printed.startswith(f"{file} holds revision ")
        assert printed.endswith(
            "Keep the store's master key too, elsewhere: without it nobody, you included, opens the secrets in it.\n"
        )
        iam.create_user(UserName="later")
        iam.remove_user_from_group(GroupName="readers", UserName="alice")
        assert "without it" in printed
        assert refused(tmp_path, "restore", *data_dir, str(file)).endswith(
            " holds a store: restoring would replace all that is in it. If that is what you want, say --force.\n"
        )
        assert succeeded(tmp_path, "restore", "--force", *data_dir, str(file)).startswith(
            f"The store in {tmp_path / 'data'} is revision "
        )
        assert state(iam) == before  # the server that went on running, too
        server.stop()
    assert succeeded(tmp_path, "check", *data_dir) == f"{tmp_path / 'data/iamd.db'} is in order.\n"
    with ServerProcess(tmp_path) as server:
        assert state(server.client()) == before
        alice = server.client("iam", made["AccessKeyId"], made["SecretAccessKey"])
        assert alice.get_user()["User"]["UserName"] == "alice"


def test_a_backup_is_restored_elsewhere_with_its_key(tmp_path: Path) -> None:
    file, elsewhere = tmp_path / "iamd.backup", tmp_path / "elsewhere"
    with ServerProcess(tmp_path) as server:
        fill(server.client())
        before = state(server.client())
        succeeded(tmp_path, "backup", "--data-dir", str(server.data_dir), str(file))
        key = server.data_dir / "master.key"
    assert succeeded(tmp_path, "restore", "--data-dir", str(elsewhere), str(file)).endswith(
        f"Put its master key back as {elsewhere / 'master.key'}, or name its place with --master-key-from.\n"
    )
    assert refused(tmp_path, "check", "--data-dir", str(elsewhere)) == (
        f"Error: There is no master key file {elsewhere / 'master.key'}, and the store holds secrets sealed with one: "
        "put it back.\n"
    )
    with ServerProcess(tmp_path, "--master-key-from", f"file:{key}", data_dir=elsewhere) as server:
        assert state(server.client()) == before


def test_a_running_server_takes_over_another_stores_backup(tmp_path: Path) -> None:
    homes = [tmp_path / "one", tmp_path / "other"]
    for home in homes:
        home.mkdir()
    seeds = {"IAMD_ACCOUNT_ID": "444455556666", "IAMD_ROOT_ACCESS_KEY_ID": "other", "IAMD_ROOT_SECRET_ACCESS_KEY": "x"}
    file = tmp_path / "iamd.backup"
    with ServerProcess(homes[0]) as server, ServerProcess(homes[1], env=seeds) as other:
        server.client().create_user(UserName="alice")
        succeeded(tmp_path, "backup", "--data-dir", str(other.data_dir), str(file))
        (other.data_dir / "master.key").replace(server.data_dir / "master.key")
        succeeded(tmp_path, "restore", "--force", "--data-dir", str(server.data_dir), str(file))
        root = server.client("iam", "other", "x")
        root.create_user(UserName="bob")
        made = root.create_access_key(UserName="bob")["AccessKey"]
        assert server.client("sts", made["AccessKeyId"], made["SecretAccessKey"]).get_caller_identity()["Account"] == (
            "444455556666"
        )
        server.stop()
    assert succeeded(tmp_path, "check", "--data-dir", str(server.data_dir)).endswith(" is in order.\n")


def test_a_new_store_is_in_order(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, env={}) as server:
        server.stop()
    path = server.data_dir / "iamd.db"
    assert succeeded(tmp_path, "check", "--data-dir", str(server.data_dir)) == f"{path} is in order.\n"


def test_a_backup_overwrites_nothing(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        data_dir = ("--data-dir", str(server.data_dir))
        file = tmp_path / "iamd.backup"
        file.write_text("precious")
        assert refused(tmp_path, "backup", *data_dir, str(file)) == (
            f"Error: {file} exists, and a backup overwrites nothing: name another file. Nothing was backed up.\n"
        )
        assert file.read_text() == "precious"


def test_where_there_is_no_store_there_is_nothing_to_back_up_or_check(tmp_path: Path) -> None:
    data_dir = ("--data-dir", str(tmp_path / "nowhere"))
    path = tmp_path / "nowhere/iamd.db"
    assert refused(tmp_path, "backup", *data_dir, str(tmp_path / "file")) == (
        f"Error: There is no store {path}. Nothing was backed up.\n"
    )
    assert refused(tmp_path, "check", *data_dir) == (
        f"Error: There is no store {path}. Name its directory with --data-dir.\n"
    )


@pytest.mark.parametrize("output", ["table", "json"])
def test_check_tells_what_is_wrong(tmp_path: Path, output: str) -> None:
    import apsw

    with ServerProcess(tmp_path) as server:
        fill(server.client())
        server.stop()
    path = server.data_dir / "iamd.db"
    connection = apsw.Connection(str(path))
    connection.execute("DELETE FROM item WHERE key = 'a/111122223333/group/readers'")
    connection.close()
    done = iamd(tmp_path, "check", "--data-dir", str(server.data_dir), "--output", output)
    assert (done.returncode, done.stderr) == (1, "")
    if output == "json":
        findings = json.loads(done.stdout)
        assert {finding["key"] for finding in findings} >= {"a/111122223333/group/readers"}
        assert all(finding["problem"] for finding in findings)
    else:
        assert "a/111122223333/group/readers" in done.stdout
        assert done.stdout.endswith(
            f"Stop the server, keep a copy of {server.data_dir}, and restore the newest backup that iamd check finds "
            "in order.\n"
        )

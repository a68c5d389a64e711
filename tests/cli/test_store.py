"""Moving a store to etcd and back, and the other commands on etcd."""

import re
from pathlib import Path

import pytest

from tests.cli.command import iamd, refused, succeeded
from tests.etcd import Cluster, new_prefix
from tests.server.process import ServerProcess


@pytest.fixture
def on_etcd(etcd: Cluster) -> list[str]:
    """The options that name a store of the test's own."""
    return ["--store", etcd.url, "--store-prefix", new_prefix()]


def user_names(server: ServerProcess) -> list[str]:
    return [user["UserName"] for user in server.client().list_users()["Users"]]


def test_a_store_moves_to_etcd_and_back_with_its_credentials(tmp_path: Path, on_etcd: list[str]) -> None:
    url, prefix = on_etcd[1], on_etcd[2:]
    with ServerProcess(tmp_path) as server:
        server.client().create_user(UserName="alice")
        key = server.client().create_access_key(UserName="alice")["AccessKey"]
        server.stop()
    file = f"sqlite:{server.data_dir / 'iamd.db'}"
    told = succeeded(tmp_path, "store", "copy", "--from", file, "--to", url, *prefix)
    assert re.fullmatch(
        rf"{url} holds what {file} held at revision \d+, compared with it: \d+ values, [\d,]+ bytes\.\n", told
    )
    with ServerProcess(tmp_path, *on_etcd) as server:
        sts = server.client("sts", key["AccessKeyId"], key["SecretAccessKey"])
        assert sts.get_caller_identity()["Arn"] == "arn:aws:iam::111122223333:user/alice"
        server.client().create_user(UserName="bob")
        server.stop()
    back = ("store", "copy", "--from", url, "--to", file, *prefix)
    assert refused(tmp_path, *back) == (
        f"Error: {server.data_dir / 'iamd.db'} holds a store: this would replace all that is in it. "
        "If that is what you want, say --force.\n"
    )
    succeeded(tmp_path, *back, "--force")
    with ServerProcess(tmp_path) as server:
        assert user_names(server) == ["alice", "bob"]
        server.stop()
    assert succeeded(tmp_path, "check", "--data-dir", str(server.data_dir)).endswith(" is in order.\n")


def test_etcd_is_backed_up_checked_and_restored_while_it_is_in_use(tmp_path: Path, on_etcd: list[str]) -> None:
    here = ["--data-dir", str(tmp_path / "data"), *on_etcd]
    backup = tmp_path / "iamd.backup"
    with ServerProcess(tmp_path, *on_etcd) as server:
        server.client().create_user(UserName="alice")
        assert succeeded(tmp_path, "backup", *here, str(backup)).startswith(f"{backup} holds revision ")
        server.client().create_user(UserName="bob")
        assert succeeded(tmp_path, "check", *here) == f"etcd ({on_etcd[1][7:]}, under {on_etcd[3]}) is in order.\n"
        assert refused(tmp_path, "restore", *here, str(backup)) == (
            f"Error: etcd, under {on_etcd[3]}, holds a store: this would replace all that is in it. "
            "If that is what you want, say --force.\n"
        )
        succeeded(tmp_path, "restore", "--force", *here, str(backup))
        server.client().create_user(UserName="carol")
        assert user_names(server) == ["alice", "carol"]
        told = succeeded(tmp_path, "rotate-master-key", *here)
        assert told.startswith("The master key ")
        server.client().create_access_key(UserName="carol")
        server.stop()
    assert succeeded(tmp_path, "check", *here).endswith(" is in order.\n")


def test_what_names_no_store_is_refused(tmp_path: Path) -> None:
    for arguments, reason in (
        (["--from", "sqlite:nowhere.db", "--to", "etcd://127.0.0.1:1"], "There is no store nowhere.db."),
        (
            ["--from", "redis://x", "--to", "sqlite:x"],
            "The store 'redis://x' is of no known kind: say etcd://HOST:PORT,",
        ),
        (["--from", "etcd://h1", "--to", "etcd://h1", "--store-ca", "x"], "The two stores are one."),
        (["--from", "etcd://192.0.2.1", "--to", "sqlite:x"], "The store is on another machine, and without TLS"),
        (["--from", "etcd://127.0.0.1", "--to", "sqlite:x", "--store-cert", "x"], "--store-cert needs --store-key"),
        (
            ["--from", "etcd://127.0.0.1", "--to", "sqlite:x", "--store-user", "x"],
            "Set both --store-user and IAMD_STORE",
        ),
        (
            ["--from", "etcd://127.0.0.1", "--to", "sqlite:x", "--store-prefix", "/a"],
            "--store-prefix /a must end with a",
        ),
        (["--from", "etcd://127.0.0.1:2379/x", "--to", "sqlite:x"], "does not name the members of an etcd cluster"),
    ):
        ended = iamd(tmp_path, "store", "copy", *arguments)
        assert (ended.returncode > 0, ended.stdout, reason in " ".join(ended.stderr.split())) == (True, "", True), ended

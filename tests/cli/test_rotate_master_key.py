"""``iamd rotate-master-key`` beside a running server, as people use it."""

import re
from pathlib import Path

from tests.cli.command import refused, succeeded
from tests.server.process import ServerProcess


def session(server: ServerProcess, key: dict[str, str]) -> dict[str, str]:
    """Temporary credentials of the key's user."""
    credentials: dict[str, str] = server.client("sts", key["AccessKeyId"], key["SecretAccessKey"]).get_session_token()[
        "Credentials"
    ]
    return credentials


def arn(server: ServerProcess, session: dict[str, str]) -> str:
    """Whose session it is."""
    sts = server.client(
        "sts", session["AccessKeyId"], session["SecretAccessKey"], aws_session_token=session["SessionToken"]
    )
    return str(sts.get_caller_identity()["Arn"])


def test_a_running_server_goes_on_with_a_new_master_key(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--workers", "2") as server:
        iam = server.client()
        iam.create_user(UserName="alice")
        before = iam.create_access_key(UserName="alice")["AccessKey"]
        session_before = session(server, before)
        path = server.data_dir / "master.key"
        old = path.read_text()
        printed = succeeded(tmp_path, "rotate-master-key", "--data-dir", str(server.data_dir))
        found = re.fullmatch(
            r"The master key [0-9a-f]{16} is in force: it alone opens the store's 2 data keys\.\n"
            r"Keep a copy of it where the backups are not\. Only backups made before now need the earlier one, "
            r"kept as:\n  (\S+)\n",
            printed,
        )
        assert found is not None, printed
        assert Path(found[1]).read_text() == old != path.read_text()
        after = iam.create_access_key(UserName="alice")["AccessKey"]
        sessions = (session_before, session(server, after))
        for _ in range(10):  # whichever worker answers
            for each in sessions:
                assert arn(server, each).endswith(":user/alice")
            for key in (before, after):
                alice = server.client("sts", key["AccessKeyId"], key["SecretAccessKey"])
                assert alice.get_caller_identity()["Arn"].endswith(":user/alice")
        server.stop()
        assert '"level":"error"' not in server.log()
    assert succeeded(tmp_path, "check", "--data-dir", str(server.data_dir)).endswith(" is in order.\n")
    with ServerProcess(tmp_path) as server:
        for each in sessions:
            assert arn(server, each).endswith(":user/alice")
        for key in (before, after):
            alice = server.client("sts", key["AccessKeyId"], key["SecretAccessKey"])
            assert alice.get_caller_identity()["Arn"].endswith(":user/alice")


def test_where_there_is_no_store_or_no_key_nothing_is_made(tmp_path: Path) -> None:
    data_dir = ("--data-dir", str(tmp_path / "data"))
    assert refused(tmp_path, "rotate-master-key", *data_dir) == (
        f"Error: There is no store {tmp_path / 'data/iamd.db'}. Name its directory with --data-dir.\n"
    )
    with ServerProcess(tmp_path) as server:
        server.stop()
    (tmp_path / "data/master.key").unlink()
    assert refused(tmp_path, "rotate-master-key", *data_dir) == (
        f"Error: There is no master key file {tmp_path / 'data/master.key'}, and the store holds secrets sealed with "
        "one: put it back.\n"
    )
    assert list((tmp_path / "data").glob("master.key*")) == []

"""The first start creates an account and says how to use it, once; what a start refuses, and what it then advises."""

import json
import re
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.server.process import ACCOUNT_ID, ROOT_KEY_ID, SEEDS, ServerProcess, environment

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def refused(home: Path, *arguments: str, **env: str) -> str:
    """What a server that does not start writes to standard error."""
    ended = subprocess.run(
        [sys.executable, "-m", "iamd", "serve", "--port", "0", *arguments],
        env=environment(home, **env),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1, ended
    assert ended.stdout == ""
    return ended.stderr


def pasted(printed: str) -> dict[str, str]:
    """The variables that a start printed to be pasted."""
    return dict(re.findall(r"^  export (\w+)=(\S+)$", printed, re.MULTILINE))


def test_a_first_start_prints_a_root_key_that_works_and_a_second_does_not(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, env={}) as first:
        printed = first.stop()
    variables = pasted(printed)
    assert set(variables) == {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL",
    }
    assert variables["AWS_ENDPOINT_URL"] == first.endpoint
    assert variables["AWS_SECRET_ACCESS_KEY"] not in first.log()
    with ServerProcess(tmp_path, env={}) as second:
        sts = second.client("sts", variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])
        identity = sts.get_caller_identity()
        printed = second.stop()
    assert identity["Arn"] == f"arn:aws:iam::{identity['Account']}:root"
    assert pasted(printed) == {}
    assert variables["AWS_SECRET_ACCESS_KEY"] not in printed + second.log()


def test_the_data_directory_is_for_its_owner_alone(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        found = [server.data_dir, *server.data_dir.rglob("*")]
        assert len(found) > 1
        assert [path for path in found if path.stat().st_mode & 0o077] == []


def test_the_first_account_is_the_one_asked_for_and_its_secret_is_not_printed(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        assert server.client("sts").get_caller_identity()["Account"] == ACCOUNT_ID
        printed = server.stop()
    assert (
        f"Account {ACCOUNT_ID} is new. Its root user's access key is {ROOT_KEY_ID}, with the secret you gave."
        in printed
    )
    assert SEEDS["IAMD_ROOT_SECRET_ACCESS_KEY"] not in printed + server.log()


def test_a_start_warns_until_there_is_an_administrator(tmp_path: Path) -> None:
    warning = f"Warning: account {ACCOUNT_ID} has no administrator yet"
    with ServerProcess(tmp_path) as server:
        iam = server.client()
        iam.create_user(UserName="admin")
        iam.create_group(GroupName="administrators")
        iam.attach_group_policy(GroupName="administrators", PolicyArn=ADMINISTRATOR)
        assert warning in server.stop()
    with ServerProcess(tmp_path) as server:
        server.client().add_user_to_group(GroupName="administrators", UserName="admin")
        assert warning in server.stop()
    with ServerProcess(tmp_path) as server:
        assert warning not in server.stop()


def test_two_first_starts_at_once_create_one_account(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"

    def start(number: int) -> tuple[str, str]:
        home = tmp_path / str(number)
        home.mkdir()
        with ServerProcess(home, env={}, data_dir=data_dir) as server:
            return server.stop(), server.log()

    with ThreadPoolExecutor(3) as pool:
        printed = [printed for printed, _ in pool.map(start, range(3))]
    keys = [key for key in (pasted(each).get("AWS_ACCESS_KEY_ID") for each in printed) if key]
    assert len(keys) == 1


@pytest.mark.parametrize("form", ["json", "toml"])
def test_further_accounts_come_from_a_file(tmp_path: Path, form: str) -> None:
    accounts = [
        {
            "account_id": "444455556666",
            "name": "Test",
            "root_access_key_id": "test",
            "root_secret_access_key": "test",
        },
        {"account_id": "123456789012", "name": "Sandbox"},
    ]
    path = tmp_path / f"accounts.{form}"
    if form == "json":
        path.write_text(json.dumps(accounts))
    else:
        tables = ["[[accounts]]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in each.items()) for each in accounts]
        path.write_text("\n".join(tables))
    with ServerProcess(tmp_path, env={**SEEDS, "IAMD_ACCOUNTS_FILE": str(path)}) as server:
        assert server.client("sts").get_caller_identity()["Account"] == ACCOUNT_ID
        assert server.client("sts", "test", "test").get_caller_identity()["Account"] == "444455556666"
        printed = server.stop()
    assert (
        "Account 444455556666 (Test) is new. Its root user's access key is test, with the secret you gave." in printed
    )
    assert "Account 123456789012 (Sandbox) is new. This is its root user's access key, shown this once:" in printed
    variables = pasted(printed)
    with ServerProcess(tmp_path, "--accounts-file", str(path)) as server:
        sts = server.client("sts", variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])
        assert sts.get_caller_identity()["Account"] == "123456789012"
        assert "is new" not in server.stop()


def test_beyond_loopback_a_server_wants_tls_or_to_be_told(tmp_path: Path) -> None:
    assert refused(tmp_path, "--host", "0.0.0.0") == (  # noqa: S104
        "Error: 0.0.0.0 can be reached from other machines, and without TLS anybody on the way reads and replays "
        "requests. Give --tls-cert and --tls-key; or keep --host 127.0.0.1 and put a TLS proxy before it; or, in a "
        "network you trust with every secret, add --insecure.\n"
    )
    with ServerProcess(tmp_path, "--host", "0.0.0.0", "--insecure") as server:  # noqa: S104
        assert server.endpoint == f"http://127.0.0.1:{server.port}"
        assert server.client("sts").get_caller_identity()["Account"] == ACCOUNT_ID


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        assert refused(tmp_path, "--port", str(server.port)) == (
            f"Error: Cannot listen on 127.0.0.1 port {server.port}: Address already in use. "
            "Choose another with --port, or --port 0 for any free one.\n"
        )


@pytest.mark.parametrize(
    ("env", "message"),
    [
        (
            {"IAMD_ACCOUNT_ID": "12345"},
            "IAMD_ACCOUNT_ID and IAMD_ROOT_*: an account id has 12 digits, not '12345'.",
        ),
        (
            {"IAMD_ROOT_ACCESS_KEY_ID": "test"},
            "Set both IAMD_ROOT_ACCESS_KEY_ID and IAMD_ROOT_SECRET_ACCESS_KEY, or neither.",
        ),
        (
            {"IAMD_ROOT_ACCESS_KEY_ID": "a b", "IAMD_ROOT_SECRET_ACCESS_KEY": "x"},
            "IAMD_ACCOUNT_ID and IAMD_ROOT_*: an access key id has 3 to 128 letters, digits and underscores.",
        ),
    ],
    ids=["account id", "half a key", "access key id"],
)
def test_seeds_that_cannot_be_are_refused(tmp_path: Path, env: dict[str, str], message: str) -> None:
    assert refused(tmp_path, **env) == f"Error: {message}\n"
    assert not (tmp_path / ".local").exists()


def test_a_data_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("")
    assert refused(tmp_path, "--data-dir", str(occupied / "data")) == (
        f"Error: The data directory {occupied}/data cannot be made: Not a directory. Name another with --data-dir.\n"
    )


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_new_root_key_that_cannot_be_shown_stops_the_start(tmp_path: Path, workers: str) -> None:
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "iamd", "serve", "--port", "0", "--workers", workers],
            env=environment(tmp_path),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (
        1,
        "Error: The new root user's access key cannot be shown: standard output fails (No space left on device). "
        "Remove the data directory and start again, or choose the key with IAMD_ROOT_ACCESS_KEY_ID and "
        "IAMD_ROOT_SECRET_ACCESS_KEY.\n",
    )


def test_logs_go_nowhere_rather_than_into_a_connection(tmp_path: Path) -> None:
    closed = ("sh", "-c", 'exec "$@" <&- 2>&-', "sh")  # the next file or connection would get the number of these
    with ServerProcess(tmp_path, wrapper=closed) as server:
        for descriptor in (0, 2):
            assert Path(f"/proc/{server.process.pid}/fd/{descriptor}").readlink() == Path("/dev/null")
        assert server.client("sts").get_caller_identity()["Account"] == ACCOUNT_ID
        server.stop()


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "iamd", "serve", "--port", "0"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)),  # no file grows beyond that
    )
    path = tmp_path / ".local/share/iamd/iamd.db"
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"Error: {path} cannot be ")


def test_the_data_directory_is_under_the_users_data_by_default(tmp_path: Path) -> None:
    def ended(**env: str) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "iamd", "serve", "--port", "0"],
            env=environment(tmp_path, **env),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        process.communicate(timeout=30)

    ended()
    ended(XDG_DATA_HOME=str(tmp_path / "xdg"))
    assert (tmp_path / ".local/share/iamd").is_dir()
    assert (tmp_path / "xdg/iamd").is_dir()

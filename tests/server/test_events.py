"""``iamd events``: what was done, found and followed beside running servers; and which calls leave an event at all."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iamd.server.event_log import Event, Selection
from tests.cli.command import iamd, succeeded
from tests.server.process import ACCOUNT_ID, ServerProcess, environment

TIMEOUT = 30.0  # seconds


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("server"), "--workers", "2") as process:
        iam = process.client()
        for name in ("alice", "bob"):
            iam.create_user(UserName=name)
        iam.create_access_key(UserName="alice")
        iam.delete_user(UserName="bob")
        iam.list_users()
        yield process


def told(server: ServerProcess, *arguments: str) -> list[dict[str, Any]]:
    printed = succeeded(server.home, "events", "--data-dir", str(server.data_dir), "--output", "json", *arguments)
    return [json.loads(line) for line in printed.splitlines()]


def names(events: list[dict[str, Any]]) -> list[str]:
    return [event["eventName"] for event in events]


def test_changes_are_told_in_their_order_and_reads_are_not(server: ServerProcess) -> None:
    assert names(told(server)) == ["CreateUser", "CreateUser", "CreateAccessKey", "DeleteUser"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--action", "iam:CreateUser"], ["CreateUser", "CreateUser"]),
        (["--action", "iam:*user"], ["CreateUser", "CreateUser", "DeleteUser"]),
        (["--action", "DeleteUser", "--action", "*AccessKey"], ["CreateAccessKey", "DeleteUser"]),
        (["--action", "sts:*"], []),
        (["--principal", "*:root", "--limit", "1"], ["DeleteUser"]),
        (["--principal", "*:user/*"], []),
        (["--account", "444455556666"], []),
        (["--account", ACCOUNT_ID, "--limit", "2"], ["CreateAccessKey", "DeleteUser"]),
        (["--since", "1h"], ["CreateUser", "CreateUser", "CreateAccessKey", "DeleteUser"]),
        (["--until", "1h"], []),
        (["--since", "2026-01-02", "--until", "2026-01-02T03:04:05+02:00"], []),
        (["--resource", "*"], []),
        (["--account", ACCOUNT_ID, "--account", "444455556666", "--limit", "1"], ["DeleteUser"]),
    ],
)
def test_they_are_found_by_what_who_where_and_when(
    server: ServerProcess, arguments: list[str], expected: list[str]
) -> None:
    assert names(told(server, *arguments)) == expected


def test_a_table_is_for_people(server: ServerProcess) -> None:
    printed = succeeded(server.home, "events", "--data-dir", str(server.data_dir), "--limit", "1")
    [event] = told(server, "--limit", "1")
    action = f"{'iam:DeleteUser':36}"
    assert printed == f"{event['eventTime']}  {ACCOUNT_ID}  {action}  arn:aws:iam::{ACCOUNT_ID}:root\n"


def test_no_secret_is_told(server: ServerProcess) -> None:
    [event] = told(server, "--action", "iam:CreateAccessKey")
    assert event["responseElements"]["accessKey"]["secretAccessKey"] == "HIDDEN_DUE_TO_SECURITY_REASONS"


@pytest.mark.parametrize("time", ["yesterday", "15", "2026-13-01", "1w"])
def test_what_is_no_time(tmp_path: Path, time: str) -> None:
    done = iamd(tmp_path, "events", "--since", time)
    assert done.returncode == 2
    assert f"{time} is no time: write 2026-01-02T03:04:05Z, 2026-01-02, or 15m, 2h, 7d." in done.stderr


def test_where_there_is_no_store_there_are_no_events(tmp_path: Path) -> None:
    done = iamd(tmp_path, "events", "--data-dir", str(tmp_path / "nowhere"))
    assert (done.returncode, done.stderr) == (
        1,
        f"Error: There is no store {tmp_path / 'nowhere' / 'iamd.db'}. Name its directory with --data-dir.\n",
    )


def test_events_are_followed_as_they_come(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        server.client().create_group(GroupName="before")
        command = [sys.executable, "-m", "iamd", "events", "--data-dir", str(server.data_dir), "--follow"]
        with subprocess.Popen(
            [*command, "--output", "json", "--action", "iam:CreateGroup"],
            env=environment(tmp_path, PYTHONUNBUFFERED="1"),
            stdout=subprocess.PIPE,
            text=True,
        ) as following:
            assert following.stdout is not None
            watchdog = threading.Timer(TIMEOUT, following.kill)
            watchdog.start()
            try:
                seen = [json.loads(following.stdout.readline())["requestParameters"]["groupName"]]
                server.client().create_user(UserName="other")
                server.client().create_group(GroupName="after")
                seen.append(json.loads(following.stdout.readline())["requestParameters"]["groupName"])
            finally:
                watchdog.cancel()
                following.send_signal(signal.SIGINT)
        assert seen == ["before", "after"]
        assert following.returncode == 0


def test_a_pattern_without_a_service_is_of_any() -> None:
    record = {"eventSource": "sts.amazonaws.com", "eventName": "AssumeRole", "eventTime": "2026-01-02T03:04:05Z"}
    event = Event(ACCOUNT_ID, "1", b"{}", record)
    for selection, expected in (
        (Selection(), True),
        (Selection(actions=("assumerole",)), True),
        (Selection(actions=("Assume",)), False),
        (Selection(actions=("iam:*", "STS:assumeR*")), True),
        (Selection(since="2026-01-02T03:04:05Z"), True),
        (Selection(until="2026-01-02T03:04:05Z"), False),
        (Selection(principals=("*",)), True),
        (Selection(principals=("arn:*",)), False),
    ):
        assert selection.matcher()(event) is expected, selection

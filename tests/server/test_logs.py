"""One line a request says who did what with which result, and holds no secret."""

import json
import logging
import os
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from iamd.server.logs import RequestLog, configure_logs
from iamd.server.trace import Trace
from tests.server.process import ACCOUNT_ID, ROOT_KEY_ID, ROOT_SECRET, ServerProcess

TRACE = Trace(
    request_id="12345678-1234-1234-1234-123456789012",
    service="iam",
    operation="GetUser",
    access_key_id="AKIAIOSFODNN7EXAMPLE",
    principal="arn:aws:iam::111122223333:user/alice",
    account_id="111122223333",
    decision="implicitDeny",
    error_code="AccessDenied",
    status=403,
)


def written(log: RequestLog, trace: Trace) -> str:
    reader, writer = os.pipe()
    try:
        log._file_descriptor = writer
        log.write(trace, source_ip="192.0.2.1", seconds=0.00123456)
    finally:
        os.close(writer)
    with open(reader) as pipe:
        return pipe.read()


@pytest.fixture
def configured() -> logging.Handler:
    """Python's logging as it was, after a test that configures it."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    yield
    root.handlers[:], root.level = before


@pytest.mark.usefixtures("configured")
def test_a_line_is_json() -> None:
    line = json.loads(written(configure_logs("info", "json", worker=1), TRACE))
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "event": "request",
        "request_id": "12345678-1234-1234-1234-123456789012",
        "source_ip": "192.0.2.1",
        "principal": "arn:aws:iam::111122223333:user/alice",
        "access_key_id": "AKIAIOSFODNN7EXAMPLE",
        "account_id": "111122223333",
        "service": "iam",
        "operation": "GetUser",
        "decision": "implicitDeny",
        "error": "AccessDenied",
        "status": 403,
        "latency_ms": 1.235,
        "worker": 1,
    }


@pytest.mark.usefixtures("configured")
def test_a_line_is_text_in_which_no_client_can_forge_another() -> None:
    trace = Trace(
        request_id="r-1", access_key_id='x"\n2026-01-02 forged', status=403, error_code="InvalidClientTokenId"
    )
    _, _, line = written(configure_logs("info", "text"), trace).partition(" ")
    assert line == (
        "info    request request_id=r-1 source_ip=192.0.2.1 access_key_id="
        '"x\\"\\n2026-01-02 forged" error=InvalidClientTokenId status=403 latency_ms=1.235\n'
    )


@pytest.mark.usefixtures("configured")
def test_requests_are_told_from_the_level_info_down() -> None:
    assert written(configure_logs("warning", "json"), TRACE) == ""
    assert written(configure_logs("debug", "json"), TRACE) != ""


def test_a_server_tells_of_every_request_and_of_no_secret(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        iam = server.client()
        iam.create_user(UserName="alice")
        made = iam.create_access_key(UserName="alice")["AccessKey"]
        with pytest.raises(ClientError):
            server.client("iam", made["AccessKeyId"], made["SecretAccessKey"]).get_user()
        with pytest.raises(ClientError):
            server.client("iam", "AKIAIOSFODNN7EXAMPLE", "wrong").get_user()
        server.stop()
        lines = [json.loads(line) for line in server.log().splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    told = [
        tuple(line.get(name) for name in ("principal", "operation", "decision", "error", "status")) for line in requests
    ]
    root, alice = f"arn:aws:iam::{ACCOUNT_ID}:root", f"arn:aws:iam::{ACCOUNT_ID}:user/alice"
    assert told == [
        (root, "CreateUser", "allowed", None, 200),
        (root, "CreateAccessKey", "allowed", None, 200),
        (alice, "GetUser", "implicitDeny", "AccessDenied", 403),
        (None, "GetUser", None, "InvalidClientTokenId", 403),
    ]
    assert [line["access_key_id"] for line in requests] == [
        ROOT_KEY_ID,
        ROOT_KEY_ID,
        made["AccessKeyId"],
        "AKIAIOSFODNN7EXAMPLE",
    ]
    assert {line["source_ip"] for line in requests} == {"127.0.0.1"}
    assert made["SecretAccessKey"] not in server.log()
    assert ROOT_SECRET not in server.log()


def test_a_server_may_be_told_to_say_little(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--log-level", "warning") as server:
        server.client().list_users()
        server.stop()
        assert server.log() == ""

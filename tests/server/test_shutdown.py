"""SIGTERM lets requests finish and takes no more; a store that cannot be written refuses, and loses nothing."""

import json
import resource
import signal
import socket
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.server.process import ServerProcess
from tests.server.test_limits import Answer, connect, receive


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_request_under_way_is_answered_before_the_server_ends(tmp_path: Path, workers: str) -> None:
    body = b"Action=GetUser&Version=2010-05-08"
    with ServerProcess(tmp_path, "--workers", workers) as server, connect(server) as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n"
            b"content-type: application/x-www-form-urlencoded\r\ncontent-length: %d\r\n\r\n" % len(body)
        )
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"  # a worker has it
        server.process.send_signal(signal.SIGTERM)
        while _listens(server):
            assert server.process.poll() is None
        connection.sendall(body)
        answer = Answer(receive(connection))
        assert answer.status == 403
        assert "\r\nconnection: close" in answer.head
        assert server.process.wait(30) == 0


def _listens(server: ServerProcess) -> bool:
    try:
        with connect(server):
            return True
    except OSError:
        return False


def test_an_idle_connection_does_not_keep_the_server_from_ending(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server, connect(server) as connection:
        connection.sendall(b"GET /_iamd/health HTTP/1.1\r\nhost: x\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"
        server.stop()
        assert Answer(b"HTTP/1.1 200" + receive(connection)).body.startswith(b'{"status":"ready"')


def test_a_full_disk_refuses_writes_and_loses_nothing(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        iam = server.client()
        iam.create_user(UserName="before")
        limits = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        # No file of the server may grow beyond its size, as on a disk that is full.
        full = max(path.stat().st_size for path in server.data_dir.iterdir())
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (full, limits[1]))
        acknowledged = ["before"]
        refusals = []
        for number in range(100):  # the log has some room left
            try:
                iam.create_user(UserName=f"user-{number}")
                acknowledged.append(f"user-{number}")
            except ClientError as error:
                refusals.append(error.response["Error"]["Code"])
        assert set(refusals) == {"ServiceUnavailable"}
        assert sorted(user["UserName"] for user in iam.list_users()["Users"]) == sorted(acknowledged)
        status, health = server.ask("/_iamd/health")
        assert (status, json.loads(health)["status"]) == (200, "read-only")
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits)
        iam.create_user(UserName="after")
        assert json.loads(server.ask("/_iamd/health")[1])["status"] == "ready"
        server.kill()
    with ServerProcess(tmp_path) as server:
        users = [user["UserName"] for user in server.client().list_users()["Users"]]
        assert sorted(users) == sorted([*acknowledged, "after"])
        server.stop()


def test_a_port_is_free_again_at_once(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        server.client().list_users()
        server.stop()
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", server.port))

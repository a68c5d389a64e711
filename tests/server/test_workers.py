"""Several workers over one store: each reads at once what any of them wrote; one that dies is replaced."""

import json
import os
import select
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from botocore.exceptions import ClientError

from tests.server.process import ServerProcess


def workers_of(server: ServerProcess) -> list[int]:
    """The process ids of a server's workers."""
    pid = server.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def workers_that_answered(server: ServerProcess) -> set[int]:
    lines = [json.loads(line) for line in server.log().splitlines()]
    return {line["worker"] for line in lines if line["event"] == "request"}


def test_each_worker_reads_what_another_wrote(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--workers", "2") as server:
        # A new connection may go to either worker, so a fresh client for each step crosses from one to the other.
        for number in range(15):
            server.client().create_user(UserName=f"user-{number}")
            assert server.client().get_user(UserName=f"user-{number}")["User"]["UserName"] == f"user-{number}"
            assert len(server.client().list_users()["Users"]) == number + 1
        server.stop()
        assert workers_that_answered(server) == {0, 1}


def test_writers_in_all_workers_keep_a_quota_together(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--workers", "2") as server:
        server.client().create_user(UserName="alice")

        def create_key(number: int) -> str:
            try:
                return str(server.client().create_access_key(UserName="alice")["AccessKey"]["AccessKeyId"])
            except ClientError as error:
                return str(error.response["Error"]["Code"])

        with ThreadPoolExecutor(6) as pool:
            made = list(pool.map(create_key, range(6)))
        assert made.count("LimitExceeded") == 4
        kept = {key["AccessKeyId"] for key in server.client().list_access_keys(UserName="alice")["AccessKeyMetadata"]}
        assert kept == set(made) - {"LimitExceeded"}


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--workers", "2") as server:
        server.client().create_user(UserName="alice")
        before = set(workers_of(server))
        assert len(before) == 2
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        # The listening socket is the supervisor's: this waits in its backlog until a new worker takes it.
        assert server.client().get_user(UserName="alice")["User"]["UserName"] == "alice"
        assert not before & set(workers_of(server))
        server.stop()
        assert server.log().count("another takes its place") == 2


def test_workers_end_with_their_supervisor(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--workers", "2") as server:
        server.client().list_users()
        pidfds = [os.pidfd_open(worker) for worker in workers_of(server)]
        assert len(pidfds) == 2
        server.kill()
        for pidfd in pidfds:
            assert select.select([pidfd], [], [], 30)[0]  # readable once the process has ended
            os.close(pidfd)


def test_metrics_count_the_requests_of_all_workers(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--workers", "2") as server:
        for _ in range(20):
            server.client("sts").get_caller_identity()
        # Each worker publishes once a second; the answer sums what the others published and what its own is now.
        line = 'iamd_requests_total{code="OK",operation="GetCallerIdentity",service="sts"} 20.0'
        while line not in server.ask("/_iamd/metrics")[1].splitlines():
            assert server.process.poll() is None
        assert 'iamd_open_connections{worker="1"}' in server.ask("/_iamd/metrics")[1]

"""Metrics: what is counted, over all workers, as Prometheus reads it."""

import pytest
from botocore.exceptions import ClientError

from iamd.server.metrics import Board, Counters, Latency, render
from iamd.server.trace import Trace
from tests.server.process import ServerProcess


def counted(*requests: tuple[str, str | None, float]) -> Counters:
    counters = Counters()
    for operation, error, seconds in requests:
        counters.count(Trace(service="iam", operation=operation, error_code=error, decision="allowed"), seconds)
    return counters


def samples(text: str, name: str) -> dict[str, float]:
    """The samples of one metric, by their labels as written."""
    lines = [line for line in text.splitlines() if line.startswith((name + "{", name + " "))]
    return {line.removeprefix(name).rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_workers_are_summed() -> None:
    first = counted(("GetUser", None, 0.0002), ("GetUser", "AccessDenied", 0.003))
    second = counted(("GetUser", None, 0.0002), ("ListUsers", None, 9.0))
    first.refused["RequestTimeout"] = 2
    first.revision, second.revision = 7, 8
    first.connections = 3
    text = render({0: first, 1: second}, "1.2.3").decode()
    assert samples(text, "iamd_info") == {'{version="1.2.3"}': 1}
    assert samples(text, "iamd_requests_total") == {
        '{code="OK",operation="GetUser",service="iam"}': 2,
        '{code="AccessDenied",operation="GetUser",service="iam"}': 1,
        '{code="OK",operation="ListUsers",service="iam"}': 1,
    }
    buckets = samples(text, "iamd_request_seconds_bucket")
    assert buckets['{le="0.0001",operation="GetUser",service="iam"}'] == 0
    assert buckets['{le="0.00025",operation="GetUser",service="iam"}'] == 2
    assert buckets['{le="0.005",operation="GetUser",service="iam"}'] == 3
    assert buckets['{le="5.0",operation="ListUsers",service="iam"}'] == 0
    assert buckets['{le="+Inf",operation="ListUsers",service="iam"}'] == 1
    assert samples(text, "iamd_request_seconds_count")['{operation="GetUser",service="iam"}'] == 3
    assert samples(text, "iamd_decisions_total") == {'{outcome="allowed"}': 4}
    assert samples(text, "iamd_refused_total") == {'{code="RequestTimeout"}': 2}
    assert samples(text, "iamd_open_connections") == {'{worker="0"}': 3, '{worker="1"}': 0}
    assert samples(text, "iamd_replica_revision") == {'{worker="0"}': 7, '{worker="1"}': 8}
    assert samples(text, "iamd_store_commits_total") == {"": 8}


def test_a_board_shows_what_each_worker_published_last() -> None:
    board = Board(2)
    assert board.read(0) == board.read(1) == Counters()
    board.publish(1, counted(("GetUser", None, 0.5), ("ListUsers", None, 0.5)))
    board.publish(1, counted(("GetUser", None, 0.0002)))
    assert board.read(0) == Counters()
    assert board.read(1) == Counters(
        requests={("iam", "GetUser", "OK"): 1},
        latencies={("iam", "GetUser"): Latency(counts=[0, 1, *[0] * 14], sum=0.0002)},
        decisions={"allowed": 1},
    )


def test_a_half_written_slot_is_not_read() -> None:
    board = Board(1)
    board.publish(0, counted(("GetUser", None, 0.5)))
    board._memory[10] ^= 1
    assert board.read(0) == Counters()


def test_a_server_counts_requests_and_decisions(server: ServerProcess) -> None:
    with pytest.raises(ClientError):
        server.client().get_user(UserName="nobody")
    server.client("sts").get_caller_identity()
    _, text = server.ask("/_iamd/metrics")
    requests = samples(text, "iamd_requests_total")
    assert requests['{code="NoSuchEntity",operation="GetUser",service="iam"}'] == 1
    assert requests['{code="OK",operation="GetCallerIdentity",service="sts"}'] == 1
    assert samples(text, "iamd_decisions_total") == {'{outcome="allowed"}': 1}

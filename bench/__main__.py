"""Run the whole comparison and print it: ``python -m bench [--quick]``."""

import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from bench import servers
from bench.load import Result, send, signed_request
from bench.servers import CREDENTIALS, Server

QUICK = "--quick" in sys.argv


class Measured(NamedTuple):
    rate: float  # requests a second
    cpu: float  # µs of server CPU a request
    median: float  # ms
    p99: float  # ms


def requests(server: Server, service: str, action: str, count: int, **parameters: str) -> list[bytes]:
    request = signed_request(server.endpoint, CREDENTIALS, service, action, **parameters)
    return [request] * count


def new_users(server: Server, prefix: str, count: int) -> list[bytes]:
    return [
        signed_request(server.endpoint, CREDENTIALS, "iam", "CreateUser", UserName=f"{prefix}{number:05}")
        for number in range(count)
    ]


def measure(server: Server, load: Sequence[bytes], connections: int) -> Measured:
    before = server.cpu_seconds()
    result: Result = send(server.endpoint, load, connections)
    cpu = server.cpu_seconds() - before
    if set(result.statuses) != {200}:
        raise RuntimeError(f"{server.name} answered {result.statuses}")
    return Measured(
        result.rate, cpu / result.requests * 1e6, result.percentile(0.5) * 1e3, result.percentile(0.99) * 1e3
    )


def work(server: Server, scale: float) -> dict[str, Measured]:
    """Every workload on one server, each after a warm-up. ``scale`` shrinks the counts for slow servers."""

    def count(full: int) -> int:
        return max(20, int(full * scale * (0.2 if QUICK else 1)))

    send(server.endpoint, new_users(server, "user", 1000), 8)
    loads: dict[str, tuple[Callable[[], list[bytes]], int]] = {
        "GetCallerIdentity": (lambda: requests(server, "sts", "GetCallerIdentity", count(20_000)), 8),
        "GetUser": (lambda: requests(server, "iam", "GetUser", count(20_000), UserName="user00500"), 8),
        "ListUsers, 1,000 users": (lambda: requests(server, "iam", "ListUsers", count(1_000), MaxItems="1000"), 2),
        "CreateUser, 16 clients": (lambda: new_users(server, "more", count(3_500)), 16),
    }
    measured = {}
    for name, (make, connections) in loads.items():
        load = make()
        if not name.startswith("Create"):
            send(server.endpoint, load[: len(load) // 10], connections)
        measured[name] = measure(server, load, connections)
    return measured


def memory_with_5000_users(server: Server) -> float:
    """MiB after 5,000 users with three inline policies each (moto does the same work without compiling them)."""
    document = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::%s/*"}}'
    send(server.endpoint, new_users(server, "user", 5000), 16)
    load = [
        signed_request(
            server.endpoint,
            CREDENTIALS,
            "iam",
            "PutUserPolicy",
            UserName=f"user{number:05}",
            PolicyName=f"policy{policy}",
            PolicyDocument=document % f"bucket-{number}-{policy}",
        )
        for number in range(500 if QUICK else 5000)
        for policy in range(3)
    ]
    send(server.endpoint, load, 16)
    return server.memory_mib()


def main() -> None:
    with servers.iamd() as server:
        ours, our_start = work(server, 1.0), server.first_answer
    with servers.moto() as server:
        theirs, their_start = work(server, 0.05), server.first_answer
    print(f"{'':28}{'iamd':>34}{'moto':>34}{'rate':>8}{'CPU':>8}")
    heads = f"{'req/s':>9}{'CPU µs':>9}{'p50 ms':>8}{'p99 ms':>8}"
    print(f"{'':28}{heads}{heads}{'ratio':>8}{'ratio':>8}")
    for name, our in ours.items():
        their = theirs[name]
        columns = "".join(f"{m.rate:9.0f}{m.cpu:9.0f}{m.median:8.2f}{m.p99:8.2f}" for m in (our, their))
        print(f"{name:28}{columns}{our.rate / their.rate:8.1f}{their.cpu / our.cpu:8.1f}")
    print(f"{'start to first answer, CPU s':28}{our_start:34.2f}{their_start:34.2f}{'':8}{their_start / our_start:8.1f}")
    with servers.iamd() as server:
        print(f"{'5,000 users × 3 policies, MiB':28}{memory_with_5000_users(server):33.0f}")


if __name__ == "__main__":
    main()

"""Run the whole comparison and print it: ``python -m bench [--quick]``."""

import json
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

import boto3
from botocore.credentials import Credentials

from bench import servers
from bench.load import Result, send, signed_request
from bench.servers import CREDENTIALS, Server

QUICK = "--quick" in sys.argv


class Measured(NamedTuple):
    rate: float  # requests a second
    cpu: float  # µs of server CPU a request
    median: float  # ms
    p99: float  # ms


def operator(server: Server) -> Credentials:
    """A user who may do the work by three policies, one of them through a group: what real callers look like."""
    iam = boto3.client(
        "iam",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=CREDENTIALS.access_key,
        aws_secret_access_key=CREDENTIALS.secret_key,
    )

    def document(*actions: str, **condition: object) -> str:
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*", **condition}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    iam.create_user(UserName="operator")
    iam.create_group(GroupName="operators")
    iam.add_user_to_group(GroupName="operators", UserName="operator")
    iam.put_group_policy(
        GroupName="operators", PolicyName="read", PolicyDocument=document("iam:Get*", "iam:List*", "sts:Get*")
    )
    from_loopback = {"Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}}
    iam.put_user_policy(
        UserName="operator", PolicyName="users", PolicyDocument=document("iam:CreateUser", **from_loopback)
    )
    policy = iam.create_policy(PolicyName="tagging", PolicyDocument=document("iam:Tag*", "iam:PutUserPolicy"))
    iam.attach_user_policy(UserName="operator", PolicyArn=policy["Policy"]["Arn"])
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def new_users(server: Server, caller: Credentials, prefix: str, count: int) -> list[bytes]:
    return [
        signed_request(server.endpoint, caller, "iam", "CreateUser", UserName=f"{prefix}{number:05}")
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

    caller = operator(server)
    send(server.endpoint, new_users(server, caller, "user", 1000), 8)

    def same(total: int, service: str, action: str, **parameters: str) -> list[bytes]:
        return [signed_request(server.endpoint, caller, service, action, **parameters)] * count(total)

    loads: dict[str, tuple[Callable[[], list[bytes]], int]] = {
        "GetCallerIdentity": (lambda: same(20_000, "sts", "GetCallerIdentity"), 8),
        "GetUser": (lambda: same(20_000, "iam", "GetUser", UserName="user00500"), 8),
        "ListUsers, 1,000 users": (lambda: same(1_000, "iam", "ListUsers", MaxItems="1000"), 2),
        "CreateUser, 16 clients": (lambda: new_users(server, caller, "more", count(3_500)), 16),
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
    document = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::%s/*"}}'
    )
    send(server.endpoint, new_users(server, CREDENTIALS, "user", 5000), 16)
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
    print(
        f"{'start to first answer, CPU s':28}{our_start:34.2f}{their_start:34.2f}{'':8}{their_start / our_start:8.1f}"
    )
    with servers.iamd() as server:
        print(f"{'5,000 users, 3 policies each, MiB':34}{memory_with_5000_users(server):28.0f}")


if __name__ == "__main__":
    main()

"""Run the whole comparison and print it: ``python -m bench [--quick]``."""

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import count
from statistics import median
from typing import Any, NamedTuple

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


def iam_of(server: Server) -> Any:
    """A boto3 client of the root user."""
    return boto3.client(
        "iam",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=CREDENTIALS.access_key,
        aws_secret_access_key=CREDENTIALS.secret_key,
    )


def operator(server: Server) -> Credentials:
    """A user who may do the work by three policies, one of them through a group: what real callers look like."""
    iam = iam_of(server)

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


def trusted_role(server: Server) -> str:
    """The ARN of a role that the operator may assume by its trust policy, under two conditions."""
    iam = iam_of(server)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": iam.get_user(UserName="operator")["User"]["Arn"]},
        "Action": "sts:AssumeRole",
        "Condition": {"StringLike": {"sts:RoleSessionName": "ben*"}, "IpAddress": {"aws:SourceIp": "127.0.0.0/8"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return str(iam.create_role(RoleName="worker", AssumeRolePolicyDocument=document)["Role"]["Arn"])


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


Load = Callable[[int], Sequence[bytes]]  # makes that many requests


class Work(NamedTuple):
    """One kind of request, sent over ``connections`` to every server in turn, ``requests`` of them to iamd a round."""

    name: str
    requests: int
    connections: int


WORKS = (
    Work("GetCallerIdentity", 4_000, 8),
    Work("GetUser", 4_000, 8),
    Work("AssumeRole", 2_000, 8),
    Work("ListUsers, 1,000 users", 150, 2),
    Work("CreateUser, 16 clients", 300, 16),
)


def loads(server: Server) -> dict[str, Load]:
    """What makes the requests of every work for one server, which then has 1,000 users and what they need."""
    caller = operator(server)
    role_arn = trusted_role(server)
    send(server.endpoint, new_users(server, caller, "user", 1000), 8)
    created = count()

    def signed(service: str, action: str, inputs: Sequence[dict[str, str]]) -> Load:
        made = [signed_request(server.endpoint, caller, service, action, **input) for input in inputs]
        return lambda number: [made[index % len(made)] for index in range(number)]

    return {
        "GetCallerIdentity": signed("sts", "GetCallerIdentity", [{}]),
        "GetUser": signed("iam", "GetUser", [{"UserName": f"user{number:05}"} for number in range(0, 1000, 10)]),
        "AssumeRole": signed(
            "sts",
            "AssumeRole",
            [{"RoleArn": role_arn, "RoleSessionName": f"bench{number}"} for number in range(100)],
        ),
        "ListUsers, 1,000 users": signed("iam", "ListUsers", [{"MaxItems": "1000"}]),
        "CreateUser, 16 clients": lambda number: new_users(server, caller, f"more{next(created)}-", number),
    }


def hello(server: Server) -> dict[str, Load]:
    """The same bytes, as far as hello goes."""
    request = signed_request(server.endpoint, CREDENTIALS, "iam", "GetUser", UserName="user00500")
    return {work.name: lambda number: [request] * number for work in WORKS if work.name != WORKS[-1].name}


def compare(rounds: int) -> dict[str, dict[str, list[Measured]]]:
    """Every work on every server, by name of the work and of the server, once a round.

    All servers are up at once, and take turns within each round: whatever else the machine does meets all of them.
    """
    measured: dict[str, dict[str, list[Measured]]] = {work.name: {} for work in WORKS}
    with ExitStack() as stack:
        ours = stack.enter_context(servers.iamd())
        peers = [stack.enter_context(start()) for start in (servers.moto, servers.ministack)]
        yardstick = stack.enter_context(servers.uvicorn())
        made = [(server, loads(server), share) for server, share in ((ours, 1.0), (peers[0], 0.05), (peers[1], 0.1))]
        made.append((yardstick, hello(yardstick), 1.0))
        for round in range(-1, rounds):  # the first warms up
            for work in WORKS:
                for server, makes, share in made[round % 4 :] + made[: round % 4]:
                    if work.name not in makes:
                        continue
                    load = makes[work.name](max(work.connections, int(work.requests * share)))
                    result = measure(server, load, work.connections)
                    if round >= 0:
                        measured[work.name].setdefault(server.name, []).append(result)
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


def show(measured: dict[str, dict[str, list[Measured]]]) -> None:
    """Medians over the rounds; a ratio is the median of each round's own, which the machine's moods do not touch."""
    print(f"{'':26}{'server':15}{'req/s':>9}{'CPU µs':>10}{'p50 ms':>9}{'p99 ms':>9}{'iamd rate':>12}{'iamd CPU':>12}")
    for work, by_server in measured.items():
        ours = by_server["iamd"]
        for name, theirs in by_server.items():
            figures = [median(column) for column in zip(*theirs, strict=True)]
            rates = median(our.rate / their.rate for our, their in zip(ours, theirs, strict=True))
            cpus = median(their.cpu / our.cpu for our, their in zip(ours, theirs, strict=True))
            ratios = "" if name == "iamd" else f"{rates:10.1f} x{cpus:8.1f} less"
            print(f"{work:26}{name:15}{figures[0]:9.0f}{figures[1]:10.0f}{figures[2]:9.2f}{figures[3]:9.2f}{ratios}")
            work = ""


def main() -> None:
    show(compare(rounds=3 if QUICK else 11))
    for start in (servers.iamd, servers.moto, servers.ministack):
        with start() as server:
            print(f"{'start to first answer':26}{server.name:15}{server.first_answer:9.2f} CPU s")
    with servers.iamd() as server:
        print(f"{'5,000 users, 3 policies':26}{server.name:15}{memory_with_5000_users(server):9.0f} MiB")


if __name__ == "__main__":
    main()

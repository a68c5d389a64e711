"""Temporary credentials beside moto: making them, and using them (``python -m bench.sessions [--quick]``)."""

import json
import sys

import boto3
from botocore.credentials import Credentials

from bench import servers
from bench.__main__ import Measured, measure
from bench.load import send, signed_request
from bench.servers import CREDENTIALS, Server

QUICK = "--quick" in sys.argv


def document(**statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def user_and_role(server: Server) -> tuple[Credentials, str]:
    """A user, and the ARN of a role that it may assume by the trust policy, under two conditions."""
    iam = boto3.client(
        "iam",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=CREDENTIALS.access_key,
        aws_secret_access_key=CREDENTIALS.secret_key,
    )
    arn = iam.create_user(UserName="operator")["User"]["Arn"]
    role = iam.create_role(
        RoleName="worker",
        AssumeRolePolicyDocument=document(
            Principal={"AWS": arn},
            Action=["sts:AssumeRole", "sts:TagSession"],
            Condition={
                "StringLike": {"sts:RoleSessionName": "ben*"},
                "IpAddress": {"aws:SourceIp": "127.0.0.0/8"},
            },
        ),
    )
    iam.put_role_policy(RoleName="worker", PolicyName="read", PolicyDocument=document(Action="iam:Get*", Resource="*"))
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"]), role["Role"]["Arn"]


def session(server: Server, caller: Credentials, **input: object) -> Credentials:
    sts = boto3.client(
        "sts",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=caller.access_key,
        aws_secret_access_key=caller.secret_key,
    )
    made = sts.assume_role(**input)["Credentials"]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def work(server: Server, scale: float) -> dict[str, Measured]:
    """Every workload on one server, each after a warm-up. ``scale`` shrinks the counts for slow servers."""
    count = max(20, int(10_000 * scale * (0.2 if QUICK else 1)))
    caller, role_arn = user_and_role(server)
    assume = {"RoleArn": role_arn, "RoleSessionName": "bench"}
    plain = session(server, caller, **assume)
    tags = [{"Key": f"key{number}", "Value": "x" * 40} for number in range(10)]
    tagged = session(server, caller, **assume, Tags=tags, Policy=document(Action="iam:GetUser", Resource="*"))
    loads = {
        "AssumeRole": (caller, "sts", "AssumeRole", assume),
        "GetCallerIdentity, access key": (caller, "sts", "GetCallerIdentity", {}),
        "GetCallerIdentity, session": (plain, "sts", "GetCallerIdentity", {}),
        "GetUser, session": (plain, "iam", "GetUser", {"UserName": "operator"}),
        "… with policy and 10 tags": (tagged, "iam", "GetUser", {"UserName": "operator"}),
    }
    measured = {}
    for name, (signer, service, action, parameters) in loads.items():
        load = [signed_request(server.endpoint, signer, service, action, **parameters)] * count
        send(server.endpoint, load[: count // 10], 8)
        measured[name] = measure(server, load, 8)
    return measured


def main() -> None:
    with servers.iamd() as server:
        ours = work(server, 1.0)
    with servers.moto() as server:
        theirs = work(server, 0.05)
    print(f"{'':32}{'iamd':>26}{'moto':>26}{'rate':>8}{'CPU':>8}")
    heads = f"{'req/s':>9}{'CPU µs':>9}{'p50 ms':>8}"
    print(f"{'':32}{heads}{heads}{'ratio':>8}{'ratio':>8}")
    for name, our in ours.items():
        their = theirs[name]
        columns = "".join(f"{m.rate:9.0f}{m.cpu:9.0f}{m.median:8.2f}" for m in (our, their))
        print(f"{name:32}{columns}{our.rate / their.rate:8.1f}{their.cpu / our.cpu:8.1f}")


if __name__ == "__main__":
    main()

"""A delegation request through boto3, from one account to another: kept, recorded, and exchanged for credentials."""

import json
from pathlib import Path
from typing import Any

from botocore.config import Config

from tests.cli.command import succeeded
from tests.server.process import ServerProcess
from tests.server.test_organizations import account, accounts_file
from tests.server.test_service_quotas import stored_events

PROVIDER, OWNER = "111122223333", "444455556666"


def allow(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def user(server: ServerProcess, account_id: str, name: str) -> Any:
    """A client of IAM with all of its permissions, and its access key."""
    root = server.client("iam", f"key_of_{account_id}", "a-secret-of-tests")
    root.create_user(UserName=name)
    root.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=allow("iam:*", "sts:*", "iamd:*"))
    key = root.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def trade_in_token(server: ServerProcess, key: tuple[str, str], request_id: str) -> str:
    """What iamd's own API answers, whose model botocore reads like AWS's."""
    import boto3

    import iamd.wire.models

    session = boto3.session.Session()
    data = Path(iamd.wire.models.__file__).parent / "data"
    session._session.get_component("data_loader").search_paths.append(str(data))
    client = session.client(
        "iamd",
        "us-east-1",
        endpoint_url=server.endpoint,
        aws_access_key_id=key[0],
        aws_secret_access_key=key[1],
        config=Config(retries={"total_max_attempts": 1}),
    )
    token: str = client.get_trade_in_token(DelegationRequestId=request_id)["TradeInToken"]
    return token


def test_a_provider_sets_something_up_in_a_customers_account(tmp_path: Path) -> None:
    file = accounts_file(tmp_path, account(PROVIDER), account(OWNER))
    with ServerProcess(tmp_path, "--accounts-file", file, env={}) as server:
        provider, alice = user(server, PROVIDER, "provider"), user(server, OWNER, "alice")
        asking, deciding = server.client("iam", *provider), server.client("iam", *alice)
        template = asking.create_policy(PolicyName="Setup", PolicyDocument=allow("iam:@{action}"))["Policy"]["Arn"]
        request_id = asking.create_delegation_request(
            OwnerAccountId=OWNER,
            Description="Look around",
            Permissions={
                "PolicyTemplateArn": template,
                "Parameters": [{"Name": "action", "Values": ["ListUsers"], "Type": "string"}],
            },
            RequestorWorkflowId="workflow-1",
            NotificationChannel=f"arn:aws:sns:us-east-1:{PROVIDER}:delegations",
            SessionDuration=900,
        )["DelegationRequestId"]
        deciding.associate_delegation_request(DelegationRequestId=request_id)
        deciding.accept_delegation_request(DelegationRequestId=request_id)
        deciding.send_delegation_token(DelegationRequestId=request_id)
        (listed,) = deciding.list_delegation_requests()["DelegationRequests"]
        assert (listed["DelegationRequestId"], listed["State"]) == (request_id, "FINALIZED")
        token = trade_in_token(server, provider, request_id)
        answer = server.client("sts", *provider).get_delegated_access_token(TradeInToken=token)
        assert answer["AssumedPrincipal"] == f"arn:aws:iam::{OWNER}:user/alice"
        made = answer["Credentials"]
        delegated = server.client(
            "iam", made["AccessKeyId"], made["SecretAccessKey"], aws_session_token=made["SessionToken"]
        )
        assert [each["UserName"] for each in delegated.list_users()["Users"]] == ["alice"]
        server.stop()
    assert succeeded(tmp_path, "check", "--data-dir", str(server.data_dir)).endswith(" is in order.\n")
    events = stored_events(server.data_dir)
    assert token not in json.dumps(events)
    told = {each["recipientAccountId"]: each for each in events if each["eventName"] == "AcceptDelegationRequest"}
    assert told[OWNER]["userIdentity"]["userName"] == "alice"
    assert told[PROVIDER]["userIdentity"] == {"accountId": PROVIDER, "invokedBy": "iam.amazonaws.com"}
    assert told[PROVIDER]["serviceEventDetails"] == {"delegationRequestId": request_id}
    assert "alice" not in json.dumps(told[PROVIDER])

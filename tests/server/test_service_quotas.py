"""Service Quotas through boto3, and the operator's commands beside the running server."""

import http.client
import json
import random
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.cli.command import refused, succeeded
from tests.server.process import ACCOUNT_ID, ROOT_KEY_ID, ROOT_SECRET, ServerProcess

GROUPS = {"ServiceCode": "iam", "QuotaCode": "L-F4A5425F"}
ARN = f"arn:aws:servicequotas::{ACCOUNT_ID}:iam/L-F4A5425F"


def error(call: Any, **input: Any) -> tuple[str, str, int]:
    """Code, message and HTTP status of a refusal."""
    with pytest.raises(ClientError) as refusal:
        call(**input)
    answer = refusal.value.response
    return answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_a_quota_is_asked_for_approved_by_the_operator_and_then_holds(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--workers", "2") as server:
        data_dir = ("--data-dir", str(server.data_dir))
        quotas, iam = server.client("service-quotas"), server.client()
        assert [each["ServiceCode"] for each in quotas.list_services()["Services"]] == ["iam"]
        request = quotas.request_service_quota_increase(**GROUPS, DesiredValue=310)["RequestedQuota"]
        assert request["Status"] == "PENDING"
        listed = succeeded(tmp_path, "quota", "requests", *data_dir)
        assert listed.startswith(f"{request['Id']}  PENDING       ")
        assert listed.endswith(f"Z  {ACCOUNT_ID}  Groups 300 -> 310  arn:aws:iam::{ACCOUNT_ID}:root\n")
        [row] = json.loads(succeeded(tmp_path, "quota", "requests", "--output", "json", *data_dir))
        assert row | {"created": ""} == {
            "id": request["Id"],
            "status": "PENDING",
            "created": "",
            "account": ACCOUNT_ID,
            "quota": "Groups",
            "value": 300,
            "desired": 310.0,
            "requester": f"arn:aws:iam::{ACCOUNT_ID}:root",
        }
        assert succeeded(tmp_path, "quota", "approve", request["Id"], *data_dir) == (
            f"The request {request['Id']} of account {ACCOUNT_ID} is approved.\n"
        )
        assert refused(tmp_path, "quota", "refuse", request["Id"], *data_dir) == (
            f"Error: The request {request['Id']} is APPROVED already.\n"
        )
        for _ in range(8):  # whichever worker answers
            assert quotas.get_service_quota(**GROUPS)["Quota"]["Value"] == 310
            assert server.client().get_account_summary()["SummaryMap"]["GroupsQuota"] == 310
        assert succeeded(tmp_path, "quota", "requests", *data_dir) == ""
        assert request["Id"] in succeeded(tmp_path, "quota", "requests", "--all", *data_dir)
        assert succeeded(tmp_path, "quota", "set", "Groups", "1", *data_dir) == (
            f"The quota Groups of account {ACCOUNT_ID} is 1.\n"
        )
        iam.create_group(GroupName="a")
        assert error(iam.create_group, GroupName="b") == (
            "LimitExceeded",
            "Cannot exceed quota for GroupsPerAccount: 1",
            409,
        )
        server.stop()
    with ServerProcess(tmp_path) as server:
        quotas = server.client("service-quotas")
        assert quotas.get_service_quota(**GROUPS)["Quota"]["Value"] == 1
        told = quotas.get_requested_service_quota_change(RequestId=request["Id"])["RequestedQuota"]
        assert (told["Status"], told["Created"]) == ("APPROVED", request["Created"])


def test_a_server_may_be_set_to_approve_by_itself(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--quota-increases", "automatic", "--dev") as server:
        quotas = server.client("service-quotas")
        for _ in range(2):  # also after a reset
            assert quotas.request_service_quota_increase(**GROUPS, DesiredValue=500)["RequestedQuota"]["Status"] == (
                "APPROVED"
            )
            assert server.client().get_account_summary()["SummaryMap"]["GroupsQuota"] == 500
            server.reset()


def test_who_may_ask_is_said_by_policies(server: ServerProcess) -> None:
    iam = server.client()
    iam.create_user(UserName="quota-asker")
    key = iam.create_access_key(UserName="quota-asker")["AccessKey"]
    quotas = server.client("service-quotas", key["AccessKeyId"], key["SecretAccessKey"])
    user = f"User: arn:aws:iam::{ACCOUNT_ID}:user/quota-asker is not authorized to perform: servicequotas:"
    none = "because no identity-based policy allows the servicequotas:"
    assert error(quotas.list_services) == (
        "AccessDeniedException",
        f"{user}ListServices {none}ListServices action",
        400,
    )
    assert error(quotas.request_service_quota_increase, **GROUPS, DesiredValue=400) == (
        "AccessDeniedException",
        f"{user}RequestServiceQuotaIncrease on resource: {ARN} {none}RequestServiceQuotaIncrease action",
        400,
    )
    statement = {
        "Effect": "Allow",
        "Action": "servicequotas:GetServiceQuota",
        "Resource": ARN,
        "Condition": {"StringEquals": {"servicequotas:service": "iam"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    iam.put_user_policy(UserName="quota-asker", PolicyName="p", PolicyDocument=document)
    assert quotas.get_service_quota(**GROUPS)["Quota"]["QuotaArn"] == ARN
    assert error(quotas.get_service_quota, ServiceCode="iam", QuotaCode="L-FE177D64")[0] == "AccessDeniedException"


def test_refusals_have_the_codes_of_json_services(server: ServerProcess) -> None:
    stranger = server.client("service-quotas", "AKIAIOSFODNN7EXAMPLE", "wrong")
    assert error(stranger.list_services) == (
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
        400,
    )
    forger = server.client("service-quotas", ROOT_KEY_ID, "wrong")
    assert error(forger.list_services)[0] == "InvalidSignatureException"
    quotas = server.client("service-quotas")
    assert error(quotas.get_service_quota, ServiceCode="iam", QuotaCode="L 1") == (
        "ValidationException",
        "1 validation error detected: Value 'L 1' at 'quotaCode' failed to satisfy constraint: Member must satisfy "
        "regular expression pattern: [a-zA-Z][a-zA-Z0-9-]{1,128}",
        400,
    )
    assert error(quotas.start_auto_management, OptInLevel="ACCOUNT", OptInType="NotifyOnly")[::2] == (
        "NotImplemented",
        501,
    )


def send(server: ServerProcess, body: bytes, headers: dict[str, str], *, unsigned: dict[str, str]) -> tuple[int, Any]:
    request = AWSRequest("POST", server.endpoint + "/", headers, body)
    SigV4Auth(Credentials(ROOT_KEY_ID, ROOT_SECRET), "servicequotas", "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", "/", body, {**request.headers, **unsigned})
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    return response.status, json.loads(answer)


def test_the_target_must_be_signed(server: ServerProcess) -> None:
    content_type = {"content-type": "application/x-amz-json-1.1"}
    target = {"x-amz-target": "ServiceQuotasV20190624.ListServices"}
    assert send(server, b"{}", content_type | target, unsigned={})[0] == 200
    assert send(server, b"{}", content_type, unsigned=target) == (
        400,
        {
            "__type": "InvalidSignatureException",
            "message": "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.",
        },
    )


def test_no_json_makes_the_server_fail(server: ServerProcess) -> None:
    chance = random.Random(20260104)
    values: list[Any] = [
        None,
        True,
        0,
        -1,
        1e308,
        "",
        "iam",
        "L-F4A5425F",
        "x" * 5000,
        [],
        {},
        [[]],
        {"Key": "a"},
        "é\x00",
    ]
    members = ["ServiceCode", "QuotaCode", "DesiredValue", "ContextId", "NextToken", "MaxResults", "Tags", "RequestId"]
    operations = ["ListServices", "GetServiceQuota", "RequestServiceQuotaIncrease", "TagResource", "Nothing", ""]
    for _ in range(300):
        body = json.dumps({name: chance.choice(values) for name in chance.sample(members, 4)}).encode()
        if chance.random() < 0.3:
            at = chance.randrange(len(body))
            body = body[:at] + chance.choice([b"", b"\xff", b"[" * 5000, b'"', b"1e999"]) + body[at + 1 :]
        target = chance.choice(["ServiceQuotasV20190624.", "iam.", ""]) + chance.choice(operations)
        status, answer = send(server, body, {"x-amz-target": target}, unsigned={})
        assert status in (200, 400), (target, body, answer)
    assert "traceback" not in server.log()


def test_changes_are_audited(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        request = server.client("service-quotas").request_service_quota_increase(**GROUPS, DesiredValue=400)
        request_id = request["RequestedQuota"]["Id"]
        succeeded(tmp_path, "quota", "refuse", request_id, "--data-dir", str(server.data_dir))
        server.stop()
    events = stored_events(server.data_dir)
    asked = next(event for event in events if event["eventName"] == "RequestServiceQuotaIncrease")
    assert asked["eventSource"] == "servicequotas.amazonaws.com"
    assert asked["requestParameters"] == {"serviceCode": "iam", "quotaCode": "L-F4A5425F", "desiredValue": 400.0}
    decided = next(event for event in events if event["eventName"] == "UpdateServiceQuotaIncreaseRequestStatus")
    assert decided["eventType"] == "AwsServiceEvent"
    assert decided["serviceEventDetails"] == {
        "requestId": request_id,
        "serviceCode": "iam",
        "quotaCode": "L-F4A5425F",
        "newQuotaValue": 400.0,
        "status": "NOT_APPROVED",
    }


def stored_events(data_dir: Path) -> list[dict[str, Any]]:
    import asyncio

    from iamd.store.sqlite import SQLiteStore

    async def read() -> list[dict[str, Any]]:
        store = SQLiteStore(data_dir / "iamd.db")
        await store.open()
        events = [json.loads(item.value) async for _, items in store.scan("event/") for _, item in items]
        await store.close()
        return events

    return asyncio.run(read())

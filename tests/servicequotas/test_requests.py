"""Requests to raise a quota: who decides, what is told of them, and that the quota then holds."""

import json

import pytest
from msgspec.structs import replace

from iamd.account.directory import Directory
from iamd.iam.groups import create_group
from iamd.servicequotas.operator import (
    QuotaError,
    approve_request,
    get_quota_name,
    refuse_request,
    set_quota,
)
from iamd.servicequotas.requests import (
    HISTORY,
    get_requested_service_quota_change,
    list_requested_service_quota_change_history,
    list_requested_service_quota_change_history_by_quota,
    request_service_quota_increase,
)
from tests.iam.world import ACCOUNT_ID, NOW, World

GROUPS = {"ServiceCode": "iam", "QuotaCode": "L-F4A5425F"}


@pytest.fixture
def automatic() -> World:
    """A world whose server approves by itself what AWS would."""
    return World(directory=Directory(approves_quota_increases=True))


def ask(world: World, value: float = 400.0) -> dict:
    return world.run(request_service_quota_increase, **GROUPS, DesiredValue=value)["RequestedQuota"]


def status(world: World, request_id: str) -> str:
    return world.run(get_requested_service_quota_change, RequestId=request_id)["RequestedQuota"]["Status"]


def decide(world: World, decision, *arguments, **options) -> None:  # type: ignore[no-untyped-def]
    for change in decision(world.account, *arguments, **options):
        world._apply(change)


def test_a_request_waits_for_the_operator(world: World) -> None:
    request = ask(world)
    requester = {"accountId": ACCOUNT_ID, "callerArn": f"arn:aws:iam::{ACCOUNT_ID}:root"}
    assert json.loads(request.pop("Requester")) == requester
    request_id = request.pop("Id")
    assert len(request_id) == 40
    assert request == {
        "ServiceCode": "iam",
        "ServiceName": "AWS Identity and Access Management (IAM)",
        "QuotaCode": "L-F4A5425F",
        "QuotaName": "Groups per account",
        "DesiredValue": 400.0,
        "Status": "PENDING",
        "Created": NOW,
        "LastUpdated": NOW,
        "QuotaArn": f"arn:aws:servicequotas::{ACCOUNT_ID}:iam/L-F4A5425F",
        "GlobalQuota": True,
        "Unit": "None",
        "QuotaRequestedAtLevel": "ACCOUNT",
    }
    assert world.account.quota("Groups") == 300
    decide(world, approve_request, request_id, NOW + 60, beyond_aws=False)
    told = world.run(get_requested_service_quota_change, RequestId=request_id)["RequestedQuota"]
    assert (told["Status"], told["LastUpdated"]) == ("APPROVED", NOW + 60)
    assert world.account.quota("Groups") == 400


def test_a_request_refused_leaves_the_quota_as_it_is(world: World) -> None:
    request_id = ask(world)["Id"]
    decide(world, refuse_request, request_id, NOW + 60)
    assert status(world, request_id) == "NOT_APPROVED"
    assert world.account.quota("Groups") == 300
    for decision, more in ((approve_request, {"beyond_aws": True}), (refuse_request, {})):
        with pytest.raises(QuotaError, match=rf"^The request {request_id} is NOT_APPROVED already\.$"):
            decide(world, decision, request_id, NOW, **more)


def test_a_server_may_approve_as_far_as_aws_raises_a_quota(automatic: World) -> None:
    request = ask(automatic, 500.0)
    assert request["Status"] == "APPROVED"
    assert automatic.account.quota("Groups") == 500
    beyond = ask(automatic, 501.0)
    assert beyond["Status"] == "PENDING"
    assert automatic.account.quota("Groups") == 500


def test_beyond_awss_maximum_the_operator_must_say_so(world: World) -> None:
    request_id = ask(world, 501.0)["Id"]
    too_far = r"^AWS raises Groups to 500 at most\. Add --beyond-aws to go further than AWS\.$"
    with pytest.raises(QuotaError, match=too_far):
        approve_request(world.account, request_id, NOW, beyond_aws=False)
    with pytest.raises(QuotaError, match=too_far):
        set_quota(world.account, "Groups", 501, beyond_aws=False)
    decide(world, approve_request, request_id, NOW, beyond_aws=True)
    assert world.account.quota("Groups") == 501


def test_a_raised_quota_is_the_one_enforced(world: World) -> None:
    decide(world, set_quota, "Groups", 1, beyond_aws=False)
    world.run(create_group, GroupName="a")
    exceeded = "LimitExceeded: Cannot exceed quota for GroupsPerAccount: "
    assert world.refusal(create_group, GroupName="b") == f"{exceeded}1"
    request = world.run(request_service_quota_increase, **GROUPS, DesiredValue=2.0)["RequestedQuota"]
    decide(world, approve_request, request["Id"], NOW, beyond_aws=False)
    world.run(create_group, GroupName="b")
    assert world.refusal(create_group, GroupName="c") == f"{exceeded}2"


def test_a_quota_has_one_open_request(world: World) -> None:
    first = ask(world)
    assert world.refusal(request_service_quota_increase, **GROUPS, DesiredValue=450.0) == (
        "ResourceAlreadyExistsException: Only one open service quota increase request is allowed per quota."
    )
    world.run(request_service_quota_increase, ServiceCode="iam", QuotaCode="L-FE177D64", DesiredValue=2000.0)
    decide(world, refuse_request, first["Id"], NOW)
    ask(world)


@pytest.mark.parametrize("value", [300.0, 299.0, 0.0])
def test_a_request_must_ask_for_more(world: World, value: float) -> None:
    assert world.refusal(request_service_quota_increase, **GROUPS, DesiredValue=value) == (
        "IllegalArgumentException: You must provide a quota value greater than the current quota value."
    )


def test_what_aws_raises_for_nobody_cannot_be_asked_for(world: World) -> None:
    fixed = "IllegalArgumentException: The request failed because the specified quota is not adjustable."
    users = {"ServiceCode": "iam", "QuotaCode": "L-F55AF5E4"}
    assert world.refusal(request_service_quota_increase, **users, DesiredValue=6000.0) == fixed
    assert world.refusal(request_service_quota_increase, **GROUPS, DesiredValue=400.0, ContextId="x") == fixed


def test_a_quota_that_is_not_there_cannot_be_asked_for(world: World) -> None:
    refusal = world.refusal(request_service_quota_increase, ServiceCode="iam", QuotaCode="L-00000000", DesiredValue=1.0)
    assert refusal.startswith("NoSuchResourceException: ")
    refusal = world.refusal(request_service_quota_increase, ServiceCode="ec2", QuotaCode="L-1216C47A", DesiredValue=1.0)
    assert refusal.startswith("NoSuchResourceException: ")


def test_the_history_is_told_newest_first_by_quota_and_status(world: World) -> None:
    ids = []
    for value in (310.0, 320.0, 330.0):
        world.time += 1
        ids.append(ask(world, value)["Id"])
        if value < 330:
            decide(world, approve_request, ids[-1], world.time, beyond_aws=False)
    roles = world.run(request_service_quota_increase, ServiceCode="iam", QuotaCode="L-FE177D64", DesiredValue=2000.0)[
        "RequestedQuota"
    ]["Id"]

    def history(**asked: str) -> list[str]:
        listed = world.run(list_requested_service_quota_change_history, **asked)["RequestedQuotas"]
        return [request["Id"] for request in listed]

    def by_quota(**asked: object) -> list[str]:
        listed = world.run(list_requested_service_quota_change_history_by_quota, **GROUPS, **asked)
        return [request["Id"] for request in listed["RequestedQuotas"]]

    assert by_quota() == ids[::-1]
    assert by_quota(Status="APPROVED") == [ids[1], ids[0]]
    assert by_quota(Status="PENDING") == [ids[2]]
    assert by_quota(QuotaRequestedAtLevel="RESOURCE") == []
    assert by_quota(QuotaRequestedAtLevel="ACCOUNT", MaxResults=2) == [ids[2], ids[1]]
    assert set(history()) == {*ids, roles}
    assert history(ServiceCode="iam", Status="APPROVED") == [ids[1], ids[0]]
    assert world.refusal(list_requested_service_quota_change_history, ServiceCode="ec2") == (
        "NoSuchResourceException: The request failed because the specified service does not exist."
    )


def test_requests_decided_90_days_ago_are_forgotten(world: World) -> None:
    old = ask(world, 310.0)["Id"]
    decide(world, approve_request, old, NOW, beyond_aws=False)
    world.time = NOW + HISTORY - 1
    assert status(world, old) == "APPROVED"
    world.time += 1
    assert world.run(list_requested_service_quota_change_history) == {"RequestedQuotas": []}
    assert world.refusal(get_requested_service_quota_change, RequestId=old) == (
        "NoSuchResourceException: The request failed because the specified quota increase request does not exist."
    )
    fresh = ask(world, 320.0)["Id"]
    assert [request.id for request in world.account.quota_requests] == [fresh]
    world.time += 2 * HISTORY
    assert status(world, fresh) == "PENDING"


def test_operators_name_quotas_by_name_or_code() -> None:
    assert get_quota_name("L-F4A5425F") == get_quota_name("groups") == get_quota_name("Groups") == "Groups"
    with pytest.raises(QuotaError, match=r"^There is no quota Wizards\. iamd quota list shows them\.$"):
        get_quota_name("Wizards")


def test_what_the_records_have_no_room_for_cannot_be_set(world: World) -> None:
    with pytest.raises(
        QuotaError, match=r"^RolesPerInstanceProfile is 1 by the nature of the thing, and cannot be changed\.$"
    ):
        set_quota(world.account, "RolesPerInstanceProfile", 2, beyond_aws=True)


def test_an_operator_may_set_any_other_quota(world: World) -> None:
    decide(world, set_quota, "Users", 7, beyond_aws=False)
    decide(world, set_quota, "Users", 6000, beyond_aws=True)
    assert world.account.settings == replace(world.account.settings, quotas={"Users": 6000})


def test_a_request_that_is_not_there_cannot_be_decided(world: World) -> None:
    with pytest.raises(QuotaError, match=r"^There is no request x\. iamd quota requests shows them\.$"):
        approve_request(world.account, "x", NOW, beyond_aws=False)

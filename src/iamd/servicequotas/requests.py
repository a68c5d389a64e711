"""Requests to raise a quota: made by the account, decided by the operator, or at once where the server is set so.

https://docs.aws.amazon.com/servicequotas/latest/userguide/request-quota-increase.html
"""

import json
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from iamd.account.changes import Change, Delete, Put
from iamd.account.operation import Answer, Input
from iamd.account.records import QuotaRequest
from iamd.account.state import Account
from iamd.call import Call
from iamd.errors import IllegalArgumentException, NoSuchResourceException, ResourceAlreadyExistsException
from iamd.servicequotas.catalog import (
    SERVICE_CODE,
    SERVICE_NAME,
    SERVICE_QUOTAS,
    ServiceQuota,
    get_quota,
    verify_service,
)
from iamd.servicequotas.pagination import paginate

HISTORY = 90 * 86_400  # seconds for which closed requests are told
_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def request_service_quota_increase(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_RequestServiceQuotaIncrease.html"""
    quota = get_quota(input["ServiceCode"], input["QuotaCode"], call.source.region)
    desired = input["DesiredValue"]
    if "ContextId" in input or not quota.adjustable:
        raise IllegalArgumentException("The request failed because the specified quota is not adjustable.")
    if any(request.open for request in _requests_of(account, quota)):
        raise ResourceAlreadyExistsException("Only one open service quota increase request is allowed per quota.")
    if desired <= account.quota(quota.quota):
        raise IllegalArgumentException("You must provide a quota value greater than the current quota value.")
    request = QuotaRequest(
        id=call.choose(_ID_LETTERS, 40),
        quota_code=quota.code,
        desired_value=desired,
        requester_arn=call.caller.arn,
        created=call.time,
        updated=call.time,
    )
    changes: list[Change] = [Delete(old) for old in _requests_of(account, quota) if not _is_told(old, call.time)]
    # What is more than AWS would give waits for somebody to say so.
    if account.directory.approves_quota_increases and desired <= quota.maximum:
        request, settings = approve(account, request, call.time)
        changes.append(settings)
    return {"RequestedQuota": _answer(account, request)}, [*changes, Put(request)]


def get_requested_service_quota_change(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetRequestedServiceQuotaChange.html"""
    request = account.quota_requests.find(input["RequestId"])
    if request is None or not _is_told(request, call.time):
        raise NoSuchResourceException("The request failed because the specified quota increase request does not exist.")
    return {"RequestedQuota": _answer(account, request)}, []


def list_requested_service_quota_change_history(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListRequestedServiceQuotaChangeHistory.html"""
    if "ServiceCode" in input:
        verify_service(input["ServiceCode"], call.source.region)
    return _list(account, input, call, iter(account.quota_requests))


def list_requested_service_quota_change_history_by_quota(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListRequestedServiceQuotaChangeHistoryByQuota.html"""
    quota = get_quota(input["ServiceCode"], input["QuotaCode"], call.source.region)
    return _list(account, input, call, _requests_of(account, quota))


# Deciding -------------------------------------------------------------------------------------------------------------


def approve(account: Account, request: QuotaRequest, time: int) -> tuple[QuotaRequest, Put]:
    """The request approved at ``time`` (epoch seconds), and the change that raises the account's quota."""
    settings = account.settings
    quota = SERVICE_QUOTAS[request.quota_code].quota
    raised = replace(settings, quotas={**settings.quotas, quota: int(request.desired_value)})
    return replace(request, status="APPROVED", updated=time), Put(raised)


# Shared ---------------------------------------------------------------------------------------------------------------


def _list(account: Account, input: Input, call: Call, requests: Iterator[QuotaRequest]) -> Answer:
    """One page of those of ``requests`` that the input asks for, newest first."""
    status = input.get("Status")
    told = [
        request for request in requests if _is_told(request, call.time) and (status is None or request.status == status)
    ]
    if input.get("QuotaRequestedAtLevel") == "RESOURCE":
        told = []
    page, more = paginate(sorted(told, key=_newest_first), input, call, _newest_first)
    return {"RequestedQuotas": [_answer(account, request) for request in page], **more}, []


def _newest_first(request: QuotaRequest) -> str:
    return f"{10**12 - request.created:013}/{request.id}"


def _requests_of(account: Account, quota: ServiceQuota) -> Iterator[QuotaRequest]:
    return (request for request in account.quota_requests if request.quota_code == quota.code)


def _is_told(request: QuotaRequest, time: int) -> bool:
    return request.open or request.updated > time - HISTORY


def _answer(account: Account, request: QuotaRequest) -> dict[str, Any]:
    quota = SERVICE_QUOTAS[request.quota_code]
    requester = {"accountId": account.account_id, "callerArn": request.requester_arn}
    return {
        "Id": request.id,
        "ServiceCode": SERVICE_CODE,
        "ServiceName": SERVICE_NAME,
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "DesiredValue": request.desired_value,
        "Status": request.status,
        "Created": request.created,
        "LastUpdated": request.updated,
        "Requester": json.dumps(requester, separators=(",", ":")),
        "QuotaArn": quota.arn(account.account_id),
        "GlobalQuota": True,
        "Unit": "None",
        "QuotaRequestedAtLevel": "ACCOUNT",
    }

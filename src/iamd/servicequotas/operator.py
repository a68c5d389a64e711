"""What an operator does to an account's quotas: set one, approve or refuse a request.

AWS raises a quota no further than its maximum; an operator may, if that is said in so many words.
"""

from typing import Any

from msgspec.structs import replace

from iamd.account.changes import Change, Put
from iamd.account.quotas import FIXED, QUOTAS
from iamd.account.records import QuotaRequest
from iamd.account.state import Account
from iamd.servicequotas.catalog import SERVICE_QUOTAS
from iamd.servicequotas.requests import approve


class QuotaError(Exception):
    """A change of quotas that is not made; the message says why and what to do."""


def get_quota_name(text: str) -> str:
    """The quota that ``text`` names: by its name in ``iamd.account.quotas``, or by AWS's code. Raises QuotaError."""
    if text in SERVICE_QUOTAS:
        return SERVICE_QUOTAS[text].quota
    for name in QUOTAS:
        if name.lower() == text.lower():
            return name
    raise QuotaError(f"There is no quota {text}. iamd quota list shows them.")


def set_quota(account: Account, name: str, value: int, *, beyond_aws: bool) -> list[Change]:
    """Let the account have ``value`` of a quota. Raises QuotaError."""
    if name in FIXED:
        raise QuotaError(f"{name} is {QUOTAS[name].default} by the nature of the thing, and cannot be changed.")
    _verify_maximum(name, value, beyond_aws=beyond_aws)
    settings = account.settings
    return [Put(replace(settings, quotas={**settings.quotas, name: value}))]


def approve_request(account: Account, request_id: str, time: int, *, beyond_aws: bool) -> list[Change]:
    """Raise the quota as a request asks. Raises QuotaError."""
    request = get_open_request(account, request_id)
    quota = SERVICE_QUOTAS[request.quota_code].quota
    _verify_maximum(quota, int(request.desired_value), beyond_aws=beyond_aws)
    approved, settings = approve(account, request, time)
    return [Put(approved), settings]


def refuse_request(account: Account, request_id: str, time: int) -> list[Change]:
    """Close a request and leave the quota as it is. Raises QuotaError."""
    request = get_open_request(account, request_id)
    return [Put(replace(request, status="NOT_APPROVED", updated=time))]


def get_open_request(account: Account, request_id: str) -> QuotaRequest:
    """The request. Raises QuotaError if there is none, or it is decided."""
    request = account.quota_requests.find(request_id)
    if request is None:
        raise QuotaError(f"There is no request {request_id}. iamd quota requests shows them.")
    if not request.open:
        raise QuotaError(f"The request {request_id} is {request.status} already.")
    return request


def request_details(request: QuotaRequest) -> dict[str, Any]:
    """What an audit event tells of a request."""
    return {
        "requestId": request.id,
        "serviceCode": "iam",
        "quotaCode": request.quota_code,
        "newQuotaValue": request.desired_value,
        "status": request.status,
    }


def _verify_maximum(name: str, value: int, *, beyond_aws: bool) -> None:
    maximum = QUOTAS[name].maximum
    if value > maximum and not beyond_aws:
        raise QuotaError(f"AWS raises {name} to {maximum} at most. Add --beyond-aws to go further than AWS.")

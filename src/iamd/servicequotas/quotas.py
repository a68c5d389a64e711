"""What the quotas are: AWS's defaults, and the values applied to the account.

https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/Welcome.html
"""

from typing import Any

from iamd.account.operation import Answer, Input
from iamd.account.state import Account
from iamd.call import Call
from iamd.errors import NoSuchResourceException
from iamd.servicequotas.catalog import (
    REGION,
    SERVICE_CODE,
    SERVICE_NAME,
    SERVICE_QUOTAS,
    ServiceQuota,
    get_quota,
    verify_service,
)
from iamd.servicequotas.pagination import paginate

_CODES = sorted(SERVICE_QUOTAS)


def list_services(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServices.html"""
    codes = [SERVICE_CODE] if call.source.region == REGION else []
    page, more = paginate(codes, input, call, str)
    return {"Services": [{"ServiceCode": code, "ServiceName": SERVICE_NAME} for code in page], **more}, []


def get_aws_default_service_quota(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetAWSDefaultServiceQuota.html"""
    quota = get_quota(input["ServiceCode"], input["QuotaCode"], call.source.region)
    return {"Quota": _default_answer(quota)}, []


def list_aws_default_service_quotas(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListAWSDefaultServiceQuotas.html"""
    verify_service(input["ServiceCode"], call.source.region)
    page, more = paginate(_CODES, input, call, str)
    return {"Quotas": [_default_answer(SERVICE_QUOTAS[code]) for code in page], **more}, []


def get_service_quota(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html"""
    quota = get_quota(input["ServiceCode"], input["QuotaCode"], call.source.region)
    if "ContextId" in input:
        raise NoSuchResourceException(
            "The request failed because applied value for the specified context Id do not exist."
        )
    return {"Quota": _applied_answer(account, quota)}, []


def list_service_quotas(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html"""
    verify_service(input["ServiceCode"], call.source.region)
    codes = _CODES
    if "QuotaCode" in input:
        codes = [get_quota(input["ServiceCode"], input["QuotaCode"], call.source.region).code]
    if input.get("QuotaAppliedAtLevel") == "RESOURCE":  # no quota of IAM's is applied to single resources
        codes = []
    page, more = paginate(codes, input, call, str)
    return {"Quotas": [_applied_answer(account, SERVICE_QUOTAS[code]) for code in page], **more}, []


# Shared ---------------------------------------------------------------------------------------------------------------


def _answer(quota: ServiceQuota, account_id: str, value: int) -> dict[str, Any]:
    return {
        "ServiceCode": SERVICE_CODE,
        "ServiceName": SERVICE_NAME,
        "QuotaArn": quota.arn(account_id),
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": float(value),
        "Unit": "None",
        "Adjustable": quota.adjustable,
        "GlobalQuota": True,
        "QuotaAppliedAtLevel": "ACCOUNT",
        "Description": quota.description,
    }


def _default_answer(quota: ServiceQuota) -> dict[str, Any]:
    return _answer(quota, "", quota.default)


def _applied_answer(account: Account, quota: ServiceQuota) -> dict[str, Any]:
    return _answer(quota, account.account_id, account.quota(quota.quota))

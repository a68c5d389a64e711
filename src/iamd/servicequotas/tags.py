"""Tags of the account's applied quotas.

https://docs.aws.amazon.com/servicequotas/latest/userguide/sq-tagging.html
"""

from msgspec.structs import replace

from iamd.account.changes import Put
from iamd.account.operation import Answer, Input
from iamd.account.records import Tags
from iamd.account.state import Account
from iamd.call import Call
from iamd.errors import (
    IllegalArgumentException,
    NoSuchResourceException,
    TagPolicyViolationException,
    TooManyTagsException,
)
from iamd.servicequotas.catalog import SERVICE_QUOTAS, ServiceQuota

MAX_TAGS = 50


def tag_resource(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_TagResource.html"""
    quota = _get_quota(account, input["ResourceARN"])
    added = {tag["Key"]: tag["Value"] for tag in input["Tags"]}
    if len(added) != len(input["Tags"]):
        raise IllegalArgumentException("A tag key must not be given twice.")
    if any(key.lower().startswith("aws:") for key in added):
        raise TagPolicyViolationException("The specified tag is a reserved word and cannot be used.")
    tags = dict(_tags_of(account, quota)) | added
    if len(tags) > MAX_TAGS:
        raise TooManyTagsException("You've exceeded the number of tags allowed for a resource.")
    return {}, [_with_tags(account, quota, tuple(tags.items()))]


def untag_resource(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_UntagResource.html"""
    quota = _get_quota(account, input["ResourceARN"])
    kept = tuple((key, value) for key, value in _tags_of(account, quota) if key not in input["TagKeys"])
    return {}, [_with_tags(account, quota, kept)]


def list_tags_for_resource(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListTagsForResource.html"""
    quota = _get_quota(account, input["ResourceARN"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in _tags_of(account, quota)]}, []


# Shared ---------------------------------------------------------------------------------------------------------------


def _get_quota(account: Account, arn: str) -> ServiceQuota:
    for quota in SERVICE_QUOTAS.values():
        if quota.arn(account.account_id) == arn:
            return quota
    raise NoSuchResourceException("The specified resource does not exist.")


def _tags_of(account: Account, quota: ServiceQuota) -> Tags:
    return account.settings.quota_tags.get(quota.quota, ())


def _with_tags(account: Account, quota: ServiceQuota, tags: Tags) -> Put:
    others = {name: held for name, held in account.settings.quota_tags.items() if name != quota.quota}
    return Put(replace(account.settings, quota_tags={**others, quota.quota: tags} if tags else others))

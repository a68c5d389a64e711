"""IAM's quotas as Service Quotas tells them: AWS's codes and names, and which of ours each is.

https://docs.aws.amazon.com/general/latest/gr/iam-service.html
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from iamd.account.quotas import QUOTAS
from iamd.arn import PARTITION
from iamd.errors import NoSuchResourceException

SERVICE_CODE: Final = "iam"
SERVICE_NAME: Final = "AWS Identity and Access Management (IAM)"
REGION: Final = "us-east-1"  # where global quotas are told and raised, and nowhere else


class ServiceQuota(NamedTuple):
    """One quota: ``quota`` is its name in ``iamd.account.quotas``."""

    code: str  # L-…
    name: str
    quota: str
    description: str

    @property
    def default(self) -> int:
        """AWS's value for a new account."""
        return QUOTAS[self.quota].default

    @property
    def maximum(self) -> int:
        """How far AWS raises it."""
        return QUOTAS[self.quota].maximum

    @property
    def adjustable(self) -> bool:
        return self.maximum > self.default

    def arn(self, account_id: str) -> str:
        """The ARN of the quota in an account; of AWS's default for it with an empty id. Global: it has no region."""
        return quota_arn("", account_id, SERVICE_CODE, self.code)


_ALL: Final = (
    ServiceQuota(
        "L-E95E4862",
        "Customer managed policies per account",
        "Policies",
        "How many customer managed policies this account can have.",
    ),
    ServiceQuota("L-F4A5425F", "Groups per account", "Groups", "How many IAM groups this account can have."),
    ServiceQuota(
        "L-6E65F664",
        "Instance profiles per account",
        "InstanceProfiles",
        "How many instance profiles this account can have.",
    ),
    ServiceQuota(
        "L-384571C4",
        "Managed policies per group",
        "AttachedPoliciesPerGroup",
        "How many managed policies can be attached to an IAM group.",
    ),
    ServiceQuota(
        "L-0DA4ABF3",
        "Managed policies per role",
        "AttachedPoliciesPerRole",
        "How many managed policies can be attached to an IAM role.",
    ),
    ServiceQuota(
        "L-4019AD8B",
        "Managed policies per user",
        "AttachedPoliciesPerUser",
        "How many managed policies can be attached to an IAM user.",
    ),
    ServiceQuota(
        "L-858F3967",
        "OpenId connect providers per account",
        "OpenIDConnectProviders",
        "How many OpenID Connect providers this account can have.",
    ),
    ServiceQuota(
        "L-C07B4B0D",
        "Role trust policy length",
        "AssumeRolePolicySize",
        "How many characters, without white space, the trust policy of an IAM role can have.",
    ),
    ServiceQuota("L-FE177D64", "Roles per account", "Roles", "How many IAM roles this account can have."),
    ServiceQuota(
        "L-DB618D39", "SAML providers per account", "SAMLProviders", "How many SAML providers this account can have."
    ),
    ServiceQuota(
        "L-BF35879D",
        "Server certificates per account",
        "ServerCertificates",
        "How many server certificates this account can have.",
    ),
    ServiceQuota("L-F55AF5E4", "Users per account", "Users", "How many IAM users this account can have."),
)

SERVICE_QUOTAS: Final[Mapping[str, ServiceQuota]] = {quota.code: quota for quota in _ALL}


def quota_arn(region: str, account_id: str, service_code: str, quota_code: str) -> str:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_servicequotas.html"""
    return f"arn:{PARTITION}:servicequotas:{region}:{account_id}:{service_code}/{quota_code}"


def verify_service(service_code: str, region: str) -> None:
    """Raise NoSuchResourceException unless it is a service whose quotas ``region`` tells."""
    if service_code != SERVICE_CODE or region != REGION:
        raise NoSuchResourceException("The request failed because the specified service does not exist.")


def get_quota(service_code: str, quota_code: str, region: str) -> ServiceQuota:
    """The quota. Raises NoSuchResourceException."""
    verify_service(service_code, region)
    quota = SERVICE_QUOTAS.get(quota_code)
    if quota is None:
        raise NoSuchResourceException(
            f"The request failed because the specified quota {quota_code} does not exist for service {service_code}."
        )
    return quota

"""The access advisor for an organization: which services its service control policies allow, and when accounts asked.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed-view-data-orgs.html
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from iamd.account.operation import Answer, Input
from iamd.account.organization import Organization
from iamd.account.records import AccessReport
from iamd.account.state import Account
from iamd.call import Call
from iamd.errors import AccessDenied, NoSuchEntity
from iamd.iam.access_advisor import PERIOD, find_job, job_not_found, new_job
from iamd.iam.pagination import paginate
from iamd.policy.catalog import service_names

# The only service control policy there is here: attached everywhere, it allows everything.
# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
FULL_ACCESS = "p-FullAWSAccess"


def generate_organizations_access_report(account: Account, input: Input, call: Call) -> Answer:
    """The job is done at once; what it answers is looked up when it is read.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateOrganizationsAccessReport.html
    """
    _get_managed_organization(account)
    policy_id = input.get("OrganizationsPolicyId", FULL_ACCESS)
    if policy_id != FULL_ACCESS:
        raise NoSuchEntity(f"The service control policy {policy_id} cannot be found.")
    return new_job(account, call, entity_path=input["EntityPath"])


def get_organizations_access_report(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetOrganizationsAccessReport.html"""
    organization = _get_managed_organization(account)
    job = find_job(account, input, call)
    if job is None or job.entity_path is None:
        raise job_not_found(input)
    answer = {"JobCreationDate": job.created, "JobCompletionDate": job.created}
    account_ids = _find_account_ids(account, organization, job)
    if account_ids is None:
        message = f"The entity with path {job.entity_path} cannot be found in the organization {organization.id}."
        told = {"Code": "NoSuchEntity", "Message": message}
        return {**answer, "JobStatus": "FAILED", "ErrorDetails": told, "IsTruncated": False}, []
    root_path = "/".join(job.entity_path.split("/")[:2])
    uses = _uses(account, account_ids, call.time - PERIOD)
    services = [_Service(rank, namespace, uses.get(namespace, [])) for rank, namespace in enumerate(service_names())]
    key = _SORT_KEYS[input.get("SortKey", "SERVICE_NAMESPACE_ASCENDING")]
    page, more = paginate(sorted(services, key=key), input, call, key)
    return {
        **answer,
        "JobStatus": "COMPLETED",
        "NumberOfServicesAccessible": len(services),
        "NumberOfServicesNotAccessed": sum(not service.uses for service in services),
        "AccessDetails": [_service_answer(service, root_path) for service in page],
        **more,
    }, []


class _Use(NamedTuple):
    """An account's last attempt to access a service."""

    time: int
    region: str
    account_id: str


class _Service(NamedTuple):
    """A service, its place among all of them, and who asked for it."""

    rank: int
    namespace: str
    uses: list[_Use]

    @property
    def time(self) -> int:
        """Of the last attempt; 0 if there was none."""
        return max((use.time for use in self.uses), default=0)


# Texts that sort as is asked for, stable while services are used between two pages.
_SORT_KEYS: Mapping[str, Callable[[_Service], str]] = {
    "SERVICE_NAMESPACE_ASCENDING": lambda service: f"{service.rank:06}",
    "SERVICE_NAMESPACE_DESCENDING": lambda service: f"{10**6 - service.rank:07}",
    "LAST_AUTHENTICATED_TIME_ASCENDING": lambda service: f"{service.time:012}/{service.rank:06}",
    "LAST_AUTHENTICATED_TIME_DESCENDING": lambda service: f"{10**11 - service.time:012}/{service.rank:06}",
}


def _get_managed_organization(account: Account) -> Organization:
    """Raises AccessDenied for all but the management account."""
    organization = account.directory.find_organization(account.account_id)
    if organization is None or organization.management_account_id != account.account_id:
        raise AccessDenied(f"The account {account.account_id} is not the management account of an organization.")
    return organization


def _find_account_ids(account: Account, organization: Organization, job: AccessReport) -> list[str] | None:
    """The accounts in the entity that a path names; None if it names none.

    The root is all but the management account, which no service control policy limits. iamd knows of no organizational
    units, so an account is right below the root.
    """
    organization_id, _, *below = (job.entity_path or "").rstrip("/").split("/")
    members = sorted(each for each, joined in account.directory.organization_ids.items() if joined == organization.id)
    if organization_id != organization.id or len(below) > 1:
        return None
    if not below:
        return [each for each in members if each != organization.management_account_id]
    return below if below[0] in members else None


def _uses(account: Account, account_ids: list[str], since: int) -> dict[str, list[_Use]]:
    """By service, the accounts' last attempts."""
    found: dict[str, list[_Use]] = {}
    for account_id in account_ids:
        for namespace, (time, region) in account.directory.service_uses.get(account_id, {}).items():
            if time >= since:
                found.setdefault(namespace, []).append(_Use(time, region, account_id))
    return found


def _service_answer(service: _Service, root_path: str) -> dict[str, Any]:
    """The shape ``AccessDetail``."""
    answer: dict[str, Any] = {
        "ServiceName": service_names()[service.namespace],
        "ServiceNamespace": service.namespace,
        "TotalAuthenticatedEntities": len(service.uses),
    }
    if service.uses:
        last = max(service.uses)
        answer["Region"] = last.region
        answer["EntityPath"] = f"{root_path}/{last.account_id}"
        answer["LastAuthenticatedTime"] = last.time
    return answer

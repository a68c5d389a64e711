"""Central root access: which of its features an organization's management account has enabled.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-enable-root-access.html
"""

from collections.abc import Callable

from msgspec.structs import replace

from iamd.account.changes import PutOrganization
from iamd.account.operation import Answer, Input, Output
from iamd.account.organization import IAM_SERVICE, ROOT_CREDENTIALS_MANAGEMENT, ROOT_SESSIONS, Organization
from iamd.account.state import Account
from iamd.call import Call
from iamd.errors import (
    AccountNotManagementOrDelegatedAdministratorException,
    CallerIsNotManagementAccountException,
    OrganizationNotFoundException,
    OrganizationNotInAllFeaturesModeException,
    ServiceAccessNotEnabledException,
)


def enable_organizations_root_credentials_management(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableOrganizationsRootCredentialsManagement.html"""
    return _enable(account, call, ROOT_CREDENTIALS_MANAGEMENT)


def disable_organizations_root_credentials_management(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DisableOrganizationsRootCredentialsManagement.html"""
    return _disable(account, call, ROOT_CREDENTIALS_MANAGEMENT)


def enable_organizations_root_sessions(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableOrganizationsRootSessions.html"""
    return _enable(account, call, ROOT_SESSIONS)


def disable_organizations_root_sessions(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DisableOrganizationsRootSessions.html"""
    return _disable(account, call, ROOT_SESSIONS)


def list_organizations_features(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOrganizationsFeatures.html"""
    return _answer(_get_organization(account, call)), []


# Shared ---------------------------------------------------------------------------------------------------------------


def _enable(account: Account, call: Call, feature: str) -> Answer:
    def enabled(features: tuple[str, ...]) -> tuple[str, ...]:
        return features if feature in features else (*features, feature)

    organization = _get_organization(account, call)
    if call.caller.account_id != organization.management_account_id:
        raise CallerIsNotManagementAccountException(
            f"Account {call.caller.account_id} is not the management account of its organization."
        )
    return _change(organization, enabled)


def _disable(account: Account, call: Call, feature: str) -> Answer:
    def without(features: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(each for each in features if each != feature)

    return _change(_get_organization(account, call), without)


def _change(organization: Organization, change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Answer:
    changed = replace(organization, root_features=change(organization.root_features))
    return _answer(changed), [PutOrganization(changed)]


def _get_organization(account: Account, call: Call) -> Organization:
    """The caller's organization, ready for central root access. Raises what AWS documents for those that are not.

    AWS publishes no texts for these errors; their names are what clients tell apart.
    """
    caller_id = call.caller.account_id
    organization = account.directory.find_organization(caller_id)
    if organization is None:
        raise OrganizationNotFoundException(f"Account {caller_id} is not a member of an organization.")
    if not organization.administers(caller_id, IAM_SERVICE):
        raise AccountNotManagementOrDelegatedAdministratorException(
            f"Account {caller_id} is neither the management account nor the delegated administrator for "
            f"{IAM_SERVICE} of its organization."
        )
    if not organization.all_features:
        raise OrganizationNotInAllFeaturesModeException(
            f"The organization {organization.id} does not have all features enabled."
        )
    if IAM_SERVICE not in organization.trusted_services:
        raise ServiceAccessNotEnabledException(
            f"Trusted access is not enabled for {IAM_SERVICE} in the organization {organization.id}."
        )
    return organization


def _answer(organization: Organization) -> Output:
    return {"OrganizationId": organization.id, "EnabledFeatures": list(organization.root_features)}

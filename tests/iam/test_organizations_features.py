"""Central root access: who may enable and disable its features, and what keeps an organization from it."""

import pytest
from msgspec.structs import replace

from iamd.account.changes import PutOrganization
from iamd.account.organization import Organization
from iamd.call import Caller
from iamd.iam.organizations_features import (
    disable_organizations_root_credentials_management,
    disable_organizations_root_sessions,
    enable_organizations_root_credentials_management,
    enable_organizations_root_sessions,
    list_organizations_features,
)
from tests.iam.world import ACCOUNT_ID, OTHER_ACCOUNT_ID, Operation, World

MEMBER_ID = "444455556666"
ORGANIZATION = Organization(
    id="o-exampleorgid",
    management_account_id=ACCOUNT_ID,
    trusted_services=("sso.amazonaws.com", "iam.amazonaws.com"),
    delegated_administrators={"iam.amazonaws.com": (OTHER_ACCOUNT_ID,), "sso.amazonaws.com": (MEMBER_ID,)},
)
ALL = (
    enable_organizations_root_credentials_management,
    enable_organizations_root_sessions,
    disable_organizations_root_credentials_management,
    disable_organizations_root_sessions,
    list_organizations_features,
)


@pytest.fixture
def organization(world: World) -> Organization:
    """The account manages an organization with two members, one of which administers IAM for it."""
    world.directory.organizations[ORGANIZATION.id] = ORGANIZATION
    for account_id in (ACCOUNT_ID, OTHER_ACCOUNT_ID, MEMBER_ID):
        world.directory.organization_ids[account_id] = ORGANIZATION.id
    return ORGANIZATION


def root_of(world: World, account_id: str) -> Caller:
    return replace(world.root, account_id=account_id)


def test_features_are_enabled_and_disabled_one_by_one(world: World, organization: Organization) -> None:
    def answer(*features: str) -> dict[str, object]:
        return {"OrganizationId": "o-exampleorgid", "EnabledFeatures": list(features)}

    assert world.run(list_organizations_features) == answer()
    assert world.run(enable_organizations_root_sessions) == answer("RootSessions")
    assert world.changes == [PutOrganization(replace(organization, root_features=("RootSessions",)))]
    both = answer("RootSessions", "RootCredentialsManagement")
    assert world.run(enable_organizations_root_credentials_management) == both
    assert world.run(enable_organizations_root_sessions) == both
    assert world.run(list_organizations_features) == both
    assert world.run(disable_organizations_root_sessions) == answer("RootCredentialsManagement")
    assert world.run(disable_organizations_root_sessions) == answer("RootCredentialsManagement")
    assert world.run(disable_organizations_root_credentials_management) == answer()


def test_a_delegated_administrator_disables_and_lists_but_does_not_enable(
    world: World, organization: Organization
) -> None:
    world.run(enable_organizations_root_sessions)
    delegate = root_of(world, OTHER_ACCOUNT_ID)
    for operation in ALL[:2]:
        assert world.refusal(operation, delegate) == (
            "CallerIsNotManagementAccountException: "
            "Account 111122223333 is not the management account of its organization."
        )
    assert world.run(list_organizations_features, delegate)["EnabledFeatures"] == ["RootSessions"]
    assert world.run(disable_organizations_root_sessions, delegate)["EnabledFeatures"] == []


@pytest.mark.parametrize("operation", ALL)
class TestRefusals:
    def test_without_an_organization(self, world: World, operation: Operation) -> None:
        assert world.refusal(operation) == (
            "OrganizationNotFoundException: Account 123456789012 is not a member of an organization."
        )

    def test_of_other_members(self, world: World, organization: Organization, operation: Operation) -> None:
        assert world.refusal(operation, root_of(world, MEMBER_ID)) == (
            "AccountNotManagementOrDelegatedAdministratorException: Account 444455556666 is neither the management "
            "account nor the delegated administrator for iam.amazonaws.com of its organization."
        )

    def test_without_all_features(self, world: World, organization: Organization, operation: Operation) -> None:
        world.directory.organizations[organization.id] = replace(organization, all_features=False)
        assert world.refusal(operation) == (
            "OrganizationNotInAllFeaturesModeException: "
            "The organization o-exampleorgid does not have all features enabled."
        )

    def test_without_trusted_access(self, world: World, organization: Organization, operation: Operation) -> None:
        world.directory.organizations[organization.id] = replace(organization, trusted_services=("sso.amazonaws.com",))
        assert world.refusal(operation) == (
            "ServiceAccessNotEnabledException: "
            "Trusted access is not enabled for iam.amazonaws.com in the organization o-exampleorgid."
        )

"""What iamd knows of an organization: which account manages it, and what that has handed to services and members.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_introduction.html
"""

from collections.abc import Mapping

from msgspec import Struct

IAM_SERVICE = "iam.amazonaws.com"  # the service principal that trusted access and delegation for central root name
ROOT_CREDENTIALS_MANAGEMENT = "RootCredentialsManagement"
ROOT_SESSIONS = "RootSessions"


class Organization(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One organization; which accounts are its members stands in ``Directory.organization_ids``."""

    id: str  # o-…
    management_account_id: str
    all_features: bool = True  # False: consolidated billing alone
    trusted_services: tuple[str, ...] = ()  # service principals that have trusted access
    delegated_administrators: Mapping[str, tuple[str, ...]] = {}  # service principal → account ids
    root_features: tuple[str, ...] = ()  # of central root access, in the order of enabling

    def administers(self, account_id: str, service: str) -> bool:
        """Whether the account acts for the organization in what concerns ``service``: as its management account, or
        as the delegated administrator of that service principal.

        https://docs.aws.amazon.com/organizations/latest/userguide/orgs_integrate_delegated_admin.html
        """
        return account_id == self.management_account_id or account_id in self.delegated_administrators.get(service, ())

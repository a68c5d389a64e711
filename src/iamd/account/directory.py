"""What is known beyond one account: which accounts and organizations there are, and what all of them share."""

from collections.abc import Mapping
from typing import TypeAlias

from iamd.account.delegation import DelegationRequest
from iamd.account.organization import Organization
from iamd.account.records import ManagedPolicy
from iamd.account.role_templates import RoleTemplates

ServiceUses: TypeAlias = Mapping[str, tuple[int, str]]
"""Service namespace → time and region of an account's last attempt to access it."""


class Directory:
    """What is known beyond one account: the accounts there are, their aliases and organizations, and AWS-managed
    policies.
    """

    def __init__(
        self,
        aws_managed_policies: Mapping[str, ManagedPolicy] | None = None,
        *,
        approves_quota_increases: bool = False,
        public_url: str = "http://127.0.0.1:4567",
        role_templates: RoleTemplates | None = None,
        recorded_actions: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.account_ids: set[str] = set()
        self.aliases: dict[str, str] = {}  # alias → account id
        self.seeded_access_keys: dict[str, str] = {}  # access key ids that carry no account id → account id
        self.organizations: dict[str, Organization] = {}  # by id
        self.delegation_requests: dict[str, DelegationRequest] = {}  # by id
        self.organization_ids: dict[str, str] = {}  # account id → id of the organization that it is a member of
        self.service_uses: dict[str, ServiceUses] = {}  # account id → which services its principals last asked when
        self.aws_managed_policies: Mapping[str, ManagedPolicy] = aws_managed_policies or {}  # by ARN
        self.role_templates: RoleTemplates = role_templates or {}
        self.approves_quota_increases = approves_quota_increases  # at once, as far as AWS raises them
        # Actions whose events are recorded even if they change nothing, with patterns of the ARNs that they are about.
        self.recorded_actions: Mapping[str, tuple[str, ...]] = recorded_actions or {}
        self.public_url = public_url  # where clients reach this installation

    def issuer_url(self, issuer_id: str) -> str:
        """The issuer of the web identity tokens of an account: what ``iss`` says, and where its keys are published."""
        return f"{self.issuers_url}{issuer_id}"

    @property
    def issuers_url(self) -> str:
        """What the issuers of this installation's own web identity tokens begin with."""
        return f"{self.public_url}/_iamd/issuers/"

    def become(self, other: "Directory") -> None:
        """Know what ``other`` knows of what is stored, and nothing else of that."""
        self.account_ids = other.account_ids
        self.aliases = other.aliases
        self.seeded_access_keys = other.seeded_access_keys
        self.organizations = other.organizations
        self.delegation_requests = other.delegation_requests
        self.organization_ids = other.organization_ids
        self.service_uses = other.service_uses

    def find_organization(self, account_id: str) -> Organization | None:
        """The organization that the account is a member of, its management account included."""
        organization_id = self.organization_ids.get(account_id)
        return self.organizations.get(organization_id) if organization_id else None

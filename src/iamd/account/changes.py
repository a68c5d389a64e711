"""What an operation asks to be written."""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from iamd.account.delegation import DelegationRequest
from iamd.account.organization import Organization
from iamd.account.records import Record


class Put(NamedTuple):
    """Create the record, or replace the one with its key."""

    record: Record


class Delete(NamedTuple):
    """Remove the record with this one's key."""

    record: Record


class ClaimAlias(NamedTuple):
    """Take an account alias, which is unique among all accounts."""

    alias: str


class ReleaseAlias(NamedTuple):
    """Give an account alias back."""

    alias: str


class PutOrganization(NamedTuple):
    """Found the organization, or replace the one with its id.

    INVARIANT: asked for only in commits of its management account, whose head so orders all writes of it.
    """

    organization: Organization


class JoinOrganization(NamedTuple):
    """Make an account a member of an organization, and of no other."""

    account_id: str
    organization_id: str


class PutServiceUses(NamedTuple):
    """Let the account's organization know when which services were last asked by its principals."""

    services: Mapping[str, tuple[int, str]]  # namespace → time and region


class PutDelegationRequest(NamedTuple):
    """Make the delegation request, or replace the one with its id.

    INVARIANT: asked for only in commits of the account that requested it, whose head so orders all writes of it.
    """

    request: DelegationRequest


class DropDelegationRequest(NamedTuple):
    """Forget the delegation request; likewise only in commits of the account that requested it."""

    request_id: str


DirectoryChange: TypeAlias = (
    ClaimAlias
    | ReleaseAlias
    | PutOrganization
    | JoinOrganization
    | PutServiceUses
    | PutDelegationRequest
    | DropDelegationRequest
)
Change: TypeAlias = Put | Delete | DirectoryChange

"""The organizations that the accounts file asks for, made so at every start."""

import secrets
import string
from collections.abc import Sequence, Set

from iamd.account.changes import Change, JoinOrganization, PutOrganization
from iamd.account.organization import Organization
from iamd.account.state import Account
from iamd.replica.replica import Replica, Written
from iamd.server.seeds import OrganizationSeed, Seed
from iamd.server.settings import SettingsError

MEMBERS_AT_ONCE = 100  # that join in one transaction, of which a store may not take a larger one


async def found_organizations(replica: Replica, seeds: Sequence[Seed]) -> None:
    """Let each organization be what the seeds say, and its members be members; their accounts exist.

    A large one is founded in several steps, each of which leaves it in order; the next start completes what was begun.
    Which features of central root access are enabled stays. Nobody leaves an organization by being left out. Raises
    SettingsError, ServiceUnavailable.
    """
    for seed in seeds:
        if seed.organization is None or seed.account_id is None:
            continue
        members = [each for each in seeds if each.management_account_id == seed.account_id]
        wanted = _Wanted(seed.account_id, seed.organization, members, f"o-{_random_letters(10)}")
        while not await replica.write(seed.account_id, wanted.write):
            pass


class _Wanted:
    """An organization as the seeds ask for it. ``new_id`` is its id if it has none yet and none is asked for."""

    def __init__(
        self, management_account_id: str, organization: OrganizationSeed, members: Sequence[Seed], new_id: str
    ) -> None:
        self._management_account_id = management_account_id
        self._seed = organization
        self._members = members
        self._new_id = new_id

    def write(self, account: Account) -> Written:
        """The next step, and whether it is the last."""
        directory = account.directory
        present = directory.find_organization(account.account_id)
        if present is not None and present.management_account_id != account.account_id:
            raise SettingsError(
                f"Account {account.account_id} is a member of {present.id}, so it cannot manage an organization."
            )
        if present is not None and self._seed.id not in (None, present.id):
            raise SettingsError(
                f"The organization of account {account.account_id} is {present.id}, and an id never changes: ask for "
                "that one, or for none."
            )
        organization_id = self._seed.id or (present.id if present else self._new_id)
        joining = [
            member_id
            for member_id in (self._management_account_id, *self._member_ids)
            if directory.organization_ids.get(member_id) != organization_id
        ]
        now, later = joining[:MEMBERS_AT_ONCE], set(joining[MEMBERS_AT_ONCE:])
        organization = self._organization(organization_id, present, later)
        changes: list[Change] = [] if organization == present else [PutOrganization(organization)]
        changes += [JoinOrganization(member_id, organization_id) for member_id in now]
        return Written(not later, changes)

    @property
    def _member_ids(self) -> list[str]:
        return [seed.account_id for seed in self._members if seed.account_id]

    def _organization(self, id: str, present: Organization | None, absent: Set[str]) -> Organization:
        """INVARIANT: only members are delegated administrators, so those who are ``absent`` yet are left out."""
        services = sorted({service for seed in self._members for service in seed.delegated_administrator_of})
        administrators = {
            service: tuple(
                seed.account_id
                for seed in self._members
                if seed.account_id and seed.account_id not in absent and service in seed.delegated_administrator_of
            )
            for service in services
        }
        return Organization(
            id=id,
            management_account_id=self._management_account_id,
            all_features=self._seed.feature_set == "ALL",
            trusted_services=self._seed.trusted_services,
            delegated_administrators={service: ids for service, ids in administrators.items() if ids},
            root_features=present.root_features if present else (),
        )


def _random_letters(count: int) -> str:
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(count))

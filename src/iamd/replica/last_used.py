"""When access keys, roles and passwords were last used, and for what: seen at once here, saved a while later.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from msgspec.structs import replace

from iamd.account.changes import Change, Put, PutServiceUses
from iamd.account.records import LastUsed, ServiceAccess, join_accesses
from iamd.account.state import Account
from iamd.call import Caller
from iamd.errors import ServiceUnavailable
from iamd.replica.batch import Written

if TYPE_CHECKING:
    from iamd.replica.replica import Replica

SAVE_EVERY = 30.0  # seconds
SPAN = 15 * 60  # seconds: of several uses in one such span the first is recorded, as AWS does
PERIOD = 400 * 86_400  # seconds for which it is known that an action was asked for
MAX_ACTIONS = 1000  # of a service, by one principal; no service has more, but whoever authorizes may make up names
MAX_RECORDS = 100  # in one transaction, which every kind of store can hold

_logger = logging.getLogger("iamd.replica")


class Unsaved:
    """What was seen of one account and is not saved yet; the account itself reads it here."""

    __slots__ = ("accesses", "uses")

    def __init__(self) -> None:
        self.uses: dict[str, LastUsed] = {}
        self.accesses: dict[str, ServiceAccess] = {}


class LastUsedNotes:
    """The uses that this process has seen and not saved yet, by account."""

    def __init__(self, replica: "Replica") -> None:
        self._replica = replica
        self._unsaved: dict[str, Unsaved] = {}
        self._saving: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Save from time to time."""
        self._saving = asyncio.create_task(self._save_from_time_to_time())

    async def close(self) -> None:
        """Save what there is to save."""
        if self._saving is not None:
            self._saving.cancel()
            await asyncio.wait([self._saving])
        await self.save()

    def attach(self, account: Account) -> None:
        """Let an account that was just loaded read what is unsaved of it, which outlives it when it is reloaded."""
        unsaved = self._unsaved.setdefault(account.account_id, Unsaved())
        account.unsaved_uses, account.unsaved_accesses = unsaved.uses, unsaved.accesses

    def note_use(self, account: Account, caller: Caller, time: int, service: str, action: str, region: str) -> None:
        """Record that ``caller`` asked a service for an action, and with which access key or as which role."""
        principal_id = caller.entity_id
        self.note_access(account, principal_id, time, service, action, region)
        if caller.kind == "role":
            self.note(account, principal_id, time, service, region)
        elif caller.session is None and caller.access_key_id is not None:
            self.note(account, caller.access_key_id, time, service, region)

    def note(self, account: Account, used_id: str, time: int, service: str, region: str) -> None:
        """Record a use. ``used_id`` is as in ``LastUsed``, ``time`` in epoch seconds."""
        last = account.find_last_used(used_id)
        if last is None or time - last.time >= SPAN or (last.service != service and time >= last.time):
            account.mark_used(LastUsed(id=used_id, time=time, service=service, region=region))

    def note_access(
        self, account: Account, principal_id: str, time: int, service: str, action: str, region: str
    ) -> None:
        """Record that a user, a role (unique ids) or root (account id) asked a service for an action."""
        known = account.find_service_access(principal_id, service)
        if known is not None:
            attempt = known.actions.get(action)
            if attempt is not None and time - attempt[0] < SPAN:
                return
        elif not _exists(account, principal_id):
            return
        actions = {} if known is None else known.actions
        if action in actions or len(actions) < MAX_ACTIONS:
            actions = {**actions, action: (time, region)}
        if known is not None and known.time > time:
            time, region = known.time, known.region
        access = ServiceAccess(principal_id=principal_id, service=service, time=time, region=region, actions=actions)
        account.unsaved_accesses[access.key] = access

    async def save(self) -> None:
        """Write all unsaved uses, some of an account at a time; what cannot be written waits for the next time."""
        for account_id, unsaved in list(self._unsaved.items()):
            for uses in _portions([*unsaved.uses.values(), *unsaved.accesses.values()]):

                def run(account: Account, uses: list[LastUsed | ServiceAccess] = uses) -> Written:
                    return Written(None, list(_changes(account, uses)))

                try:
                    await self._replica.write(account_id, run)
                except ServiceUnavailable:
                    return
                except LookupError:
                    break
                for use in uses:
                    if isinstance(use, LastUsed):
                        _forget(unsaved.uses, use)
                    else:
                        _forget(unsaved.accesses, use)

    async def _save_from_time_to_time(self) -> None:
        while True:
            await asyncio.sleep(SAVE_EVERY)
            try:
                await self.save()
            except Exception:
                _logger.exception("Recorded uses could not be saved; they will be with the next ones.")


def _portions(uses: list[LastUsed | ServiceAccess]) -> Iterator[list[LastUsed | ServiceAccess]]:
    rest = iter(uses)
    while portion := list(islice(rest, MAX_RECORDS)):
        yield portion


def _forget(unsaved: dict[str, LastUsed] | dict[str, ServiceAccess], use: LastUsed | ServiceAccess) -> None:
    """Unless it was used again meanwhile."""
    if unsaved.get(use.key) is use:
        del unsaved[use.key]


def _changes(account: Account, uses: Iterable[LastUsed | ServiceAccess]) -> Iterator[Change]:
    """What is later than what is saved, of what still exists."""
    accesses: list[ServiceAccess] = []
    for use in uses:
        if isinstance(use, LastUsed):
            saved = account.last_used.find(use.id)
            if _exists(account, use.id) and (saved is None or saved.time < use.time):
                yield Put(use)
        elif _exists(account, use.principal_id):
            known = account.service_accesses.find(use.key)
            newest = _recent(use if known is None else join_accesses(known, use))
            if newest != known:
                accesses.append(newest)
                yield Put(newest)
    services = _service_uses(account, accesses)
    if services is not None:
        yield PutServiceUses(services)


def _exists(account: Account, used_id: str) -> bool:
    """Whether there is an access key, user or role with this id; root has the account's."""
    return used_id == account.account_id or account.find_by_id(used_id) is not None


def _recent(access: ServiceAccess) -> ServiceAccess:
    """Without the actions asked for so long ago that it is not reported any more."""
    actions = {name: attempt for name, attempt in access.actions.items() if access.time - attempt[0] < PERIOD}
    return replace(access, actions=actions) if len(actions) < len(access.actions) else access


def _service_uses(account: Account, accesses: list[ServiceAccess]) -> Mapping[str, tuple[int, str]] | None:
    """What the account's organization is to know now; None if it has none, or knows it."""
    directory = account.directory
    if not accesses or directory.find_organization(account.account_id) is None:
        return None
    known = directory.service_uses.get(account.account_id)
    services = dict(known or {})
    for access in accesses if known else (*account.service_accesses, *accesses):
        attempt = (access.time, access.region)
        services[access.service] = max(attempt, services.get(access.service, attempt))
    return services if services != known else None

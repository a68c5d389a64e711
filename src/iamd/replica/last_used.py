"""When access keys, roles and passwords were last used: seen at once in this process, saved a while later.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
"""

import asyncio
import logging
from typing import TYPE_CHECKING

from iamd.account.changes import Change, Put
from iamd.account.records import LastUsed
from iamd.account.state import Account
from iamd.errors import ServiceUnavailable
from iamd.replica.batch import Written

if TYPE_CHECKING:
    from iamd.replica.replica import Replica

SAVE_EVERY = 30.0  # seconds

_logger = logging.getLogger("iamd.replica")


class LastUsedNotes:
    """The uses that this process has seen and not saved yet, by account."""

    def __init__(self, replica: "Replica") -> None:
        self._replica = replica
        self._unsaved: dict[str, dict[str, LastUsed]] = {}
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

    def unsaved(self, account_id: str) -> dict[str, LastUsed]:
        """The unsaved uses in an account by id: its ``Account.unsaved_uses``, which outlive it when it is reloaded."""
        return self._unsaved.setdefault(account_id, {})

    def note(self, account: Account, used_id: str, time: int, service: str, region: str) -> None:
        """Record a use. ``used_id`` is as in ``LastUsed``, ``time`` in epoch seconds."""
        account.mark_used(LastUsed(id=used_id, time=time, service=service, region=region))

    async def save(self) -> None:
        """Write all unsaved uses, one batch for each account; what cannot be written waits for the next time."""
        for account_id, unsaved in list(self._unsaved.items()):
            if not unsaved:
                continue
            uses = list(unsaved.values())

            def run(account: Account, uses: list[LastUsed] = uses) -> Written:
                return Written(None, _newer(account, uses))

            try:
                await self._replica.write(account_id, run)
            except (ServiceUnavailable, LookupError):
                continue
            for use in uses:
                if unsaved.get(use.id) is use:
                    del unsaved[use.id]

    async def _save_from_time_to_time(self) -> None:
        while True:
            await asyncio.sleep(SAVE_EVERY)
            try:
                await self.save()
            except Exception:
                _logger.exception("Recorded uses could not be saved; they will be with the next ones.")


def _newer(account: Account, uses: list[LastUsed]) -> list[Change]:
    """The uses later than those saved, of what still exists."""
    changes: list[Change] = []
    for use in uses:
        saved = account.last_used.find(use.id)
        if account.find_by_id(use.id) is not None and (saved is None or saved.time < use.time):
            changes.append(Put(use))
    return changes

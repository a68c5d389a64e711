"""Keeps the snapshot on disk up to date with the replica, and finds in it what the store cannot be asked for."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from iamd.account.records import KINDS, Record, encode_record
from iamd.call import Sealer
from iamd.errors import ServiceUnavailable
from iamd.replica.snapshot import Manifest, Snapshot
from iamd.store import layout
from iamd.store.interface import Revision

if TYPE_CHECKING:
    from iamd.replica.replica import Replica

SAVE_EVERY = 10.0  # seconds

_logger = logging.getLogger("iamd.replica")


class SnapshotKeeper:
    """One process ``writes`` the snapshot, others that share it only read.

    INVARIANT: an account's file is used, and named in a manifest, only if the account's newest commit is in it, as far
    as this process has heard since ``base``; so what is read from it misses nothing that comes before what is heard.
    """

    def __init__(self, snapshot: Snapshot, sealer: Sealer, *, writes: bool) -> None:
        self._snapshot = snapshot
        self._sealer = sealer
        self._writes = writes
        self._base: Revision = 0  # from where on commits are heard
        self._newest: dict[str, Revision] = {}  # account id → its newest commit heard
        self._files: dict[str, Revision] = {}  # account id → its file, as of ``base``
        self._saved: Revision = 0
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def read(self) -> Manifest | None:
        """What to begin with. None if there is nothing."""
        manifest = self._snapshot.read_manifest(self._sealer)
        if manifest is not None:
            self.begin(manifest.revision)
            self._files = dict(manifest.accounts)
            self._saved = manifest.revision
        return manifest

    def begin(self, base: Revision) -> None:
        """Commits are heard from now on after ``base``; what was heard before is of no use."""
        self._base = base
        self._newest.clear()
        self._files.clear()

    def hear(self, account_id: str, revision: Revision) -> None:
        """There is a commit to the account."""
        self._newest[account_id] = revision

    async def find_account(self, account_id: str, epoch: str) -> tuple[Revision, Mapping[str, bytes]] | None:
        """The newest commit of the account that this process has heard of, and the account's stored records."""
        return await asyncio.to_thread(self._find_account, account_id, epoch)

    def _find_account(self, account_id: str, epoch: str) -> tuple[Revision, Mapping[str, bytes]] | None:
        manifest = self._snapshot.read_manifest(self._sealer)
        if manifest is None or manifest.epoch != epoch or manifest.revision < self._base:
            return None
        revision = manifest.accounts.get(account_id)
        if revision is None or revision < self._newest.get(account_id, 0):
            return None
        records = self._snapshot.read_account(account_id, revision, self._sealer)
        return None if records is None else (revision, records)

    # Saving -----------------------------------------------------------------------------------------------------------

    def start(self, replica: "Replica") -> None:
        """Save from time to time, if this is the process that does."""
        if self._writes:
            self._task = asyncio.create_task(self._save_from_time_to_time(replica))

    async def close(self, replica: "Replica") -> None:
        """Save what there is to save."""
        if self._task is not None:
            self._stopping.set()
            await self._task
            await self.save(replica)

    async def _save_from_time_to_time(self, replica: "Replica") -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SAVE_EVERY):
                    await self._stopping.wait()
            await self.save(replica)

    async def save(self, replica: "Replica") -> None:
        """Let the snapshot hold what the replica does."""
        if not replica.epoch or (self._saved == replica.revision and not self._unsaved(replica)):
            return
        accounts = self._unsaved(replica)
        files = {
            account_id: revision
            for account_id, revision in self._files.items()
            if revision >= self._newest.get(account_id, 0)
        } | {account_id: revision for account_id, (revision, _) in accounts.items()}
        entries = dict(replica.entries)
        manifest = Manifest(epoch=replica.epoch, revision=replica.revision, entries=entries, accounts=files)
        generation = replica.generation
        try:
            await asyncio.to_thread(self._write, manifest, accounts)
        except (OSError, ServiceUnavailable) as error:
            _logger.error("The snapshot cannot be saved: %s", error)
            return
        if generation == replica.generation:
            self._files = files
            self._saved = manifest.revision

    def _unsaved(self, replica: "Replica") -> dict[str, tuple[Revision, list[Record]]]:
        """The accounts in memory that have commits which their files do not, with their records."""
        return {
            account.account_id: (account.revision, [record for kind in KINDS for record in account.table(kind)])
            for account in replica.accounts()
            if self._files.get(account.account_id) != account.revision
        }

    def _write(self, manifest: Manifest, accounts: Mapping[str, tuple[Revision, list[Record]]]) -> None:
        for account_id, (revision, records) in accounts.items():
            stored = {layout.record_key(account_id, record): encode_record(record) for record in records}
            self._snapshot.write_account(account_id, revision, stored, self._sealer)
        data_keys = {
            key.removeprefix(layout.DATA_KEY_PREFIX): value
            for key, value in manifest.entries.items()
            if key.startswith(layout.DATA_KEY_PREFIX)
        }
        self._snapshot.write_manifest(manifest, data_keys, self._sealer)

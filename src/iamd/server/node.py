"""What one process answers from: a store, the replica of it in memory, and the key ring that opens its secrets."""

import logging
from collections.abc import Callable
from typing import NamedTuple

from iamd.account.directory import Directory
from iamd.authentication.issuer_keys import IssuerKeys
from iamd.replica.keeping import SnapshotKeeper
from iamd.replica.replica import Replica
from iamd.replica.snapshot import Snapshot
from iamd.server.places import snapshot_path, store_path
from iamd.server.settings import Settings
from iamd.store.interface import Store, Transaction, Unavailable
from iamd.store.layout import DATA_KEY_PREFIX
from iamd.store.master_keys import MasterKeys, new_master_keys
from iamd.store.opening import make_store
from iamd.store.sealing import KeyRing, make_key_ring, open_key_ring
from iamd.store.sqlite import SQLiteStore

_logger = logging.getLogger("iamd.server")


class Health(NamedTuple):
    """``status`` is ``ready``; ``read-only`` (what is known is answered, and nothing can be written); ``stale`` (nor is
    anything heard that others write); or ``closed``.
    """

    status: str
    reason: str | None  # for people, where it is not ``ready``
    revision: int  # of the store, as far as this process knows
    age: float | None = None  # seconds since it was known to be the newest; None of a store on this machine


class Node:
    """A store, its replica and its key ring, open together."""

    def __init__(
        self, replica: Replica, sealer: KeyRing, issuer_keys: IssuerKeys, new_directory: Callable[[], Directory]
    ) -> None:
        self.replica = replica
        self.sealer = sealer
        self.issuer_keys = issuer_keys
        self.closed = False
        self._new_directory = new_directory
        self._seeded: dict[str, bytes] | None = None

    @classmethod
    async def open(cls, settings: Settings, new_directory: Callable[[], Directory], worker: int = 0) -> "Node":
        """Open the store that the settings name, or for ``dev`` one in memory.

        ``new_directory`` makes a directory that knows what is not stored: AWS-managed policies and the like. If the
        store is elsewhere and out of reach, the node begins with the replica's snapshot on disk, which the worker
        numbered 0 keeps.

        Raises Unavailable if neither can be used, MasterKeyError if secrets cannot be opened, SettingsError if the keys
        of issuers cannot be read.
        """
        issuer_keys = settings.open_issuer_keys()
        store = SQLiteStore() if settings.dev else make_store(settings.store, store_path(settings.data_dir))
        snapshot = None if settings.store is None else Snapshot(snapshot_path(settings.data_dir))
        try:
            sealer = await _open_store(
                store, new_master_keys() if settings.dev else settings.master_key_source, snapshot
            )
            keeper = None if snapshot is None else SnapshotKeeper(snapshot, sealer, writes=worker == 0)
            replica = Replica(store, new_directory(), keeper)
            replica.watch(DATA_KEY_PREFIX, sealer)
            await replica.open()
        except BaseException:
            await store.close()
            raise
        return cls(replica, sealer, issuer_keys, new_directory)

    async def close(self) -> None:
        """Finish the writes that are queued, and let go of the store."""
        self.closed = True
        await _close(self.replica)

    def health(self) -> Health:
        """Whether this process can answer, and write."""
        if self.closed:
            return Health("closed", "The server is stopping.", self.replica.revision)
        contact = self.replica.store.contact()
        revision, age = self.replica.revision, None if contact.age is None else round(contact.age, 3)
        if contact.problem is not None:
            return Health("stale", contact.problem, revision, age)
        problem = self.replica.find_problem()
        if problem is not None:
            return Health("read-only", problem, revision, age)
        return Health("ready", None, revision, age)

    # For tests of other software: back to the seeded state ----------------------------------------------------------

    async def remember(self) -> None:
        """Make the present state the one that ``reset`` goes back to."""
        self._seeded = {key: item.value async for _, items in self.replica.store.scan("") for key, item in items}

    async def reset(self) -> None:
        """Go back to the state at ``remember``, in a new store in memory; requests under way end on the old."""
        if self._seeded is None:
            raise RuntimeError("there is no state to go back to")
        store = SQLiteStore(None)
        await store.open()
        await store.commit(Transaction(expect={}, put=self._seeded))
        replica = Replica(store, self._new_directory())
        await replica.open()
        before, self.replica = self.replica, replica
        await _close(before)


async def _close(replica: Replica) -> None:
    await replica.close()
    await replica.store.close()


async def _open_store(store: Store, master_key: str | MasterKeys, snapshot: Snapshot | None) -> KeyRing:
    """The store's key ring, or while the store is out of reach the snapshot's. Raises Unavailable, MasterKeyError."""
    try:
        await store.open()
        return await open_key_ring(store, master_key)
    except Unavailable as error:
        data_keys = {} if snapshot is None else snapshot.read_data_keys()
        if not data_keys:
            raise
        _logger.error("Started from the snapshot on disk, because the store is out of reach: %s", error)
        return make_key_ring(data_keys, master_key)

"""What one process answers from: a store, the replica of it in memory, and the key ring that opens its secrets."""

from collections.abc import Callable
from typing import NamedTuple

from iamd.account.state import Directory
from iamd.authentication.issuer_keys import IssuerKeys
from iamd.replica.replica import Replica
from iamd.server.places import store_path
from iamd.server.settings import Settings
from iamd.store.interface import Transaction
from iamd.store.layout import DATA_KEY_PREFIX
from iamd.store.master_keys import new_master_keys
from iamd.store.sealing import KeyRing, open_key_ring
from iamd.store.sqlite import SQLiteStore


class Health(NamedTuple):
    """``status`` is ``ready``, ``read-only`` (the store is out of reach; what is known is answered) or ``closed``."""

    status: str
    reason: str | None  # for people, where it is not ``ready``
    revision: int  # of the store, as far as this process knows


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
    async def open(cls, settings: Settings, new_directory: Callable[[], Directory]) -> "Node":
        """Open the store that the settings name, or for ``dev`` one in memory.

        ``new_directory`` makes a directory that knows what is not stored: AWS-managed policies and the like.

        Raises Unavailable if the store cannot be used, MasterKeyError if its secrets cannot be opened, SettingsError if
        the keys of issuers cannot be read.
        """
        issuer_keys = settings.open_issuer_keys()
        store = SQLiteStore(None if settings.dev else store_path(settings.data_dir))
        await store.open()
        try:
            sealer = await open_key_ring(store, new_master_keys() if settings.dev else settings.master_key_source)
            replica = Replica(store, new_directory())
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
        problem = self.replica.problem or self.replica.write_problem
        if problem is not None:
            return Health("read-only", problem, self.replica.revision)
        return Health("ready", None, self.replica.revision)

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

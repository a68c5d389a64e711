"""The contract of a store: ordered keys and values, changed by atomic transactions, each with a revision.

``tests/store/contract.py`` is this contract as a suite; every implementation passes it.
"""

from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple, Protocol, TypeAlias

from msgspec import Struct

Revision: TypeAlias = int  # of a commit: 1, 2, 3 … without gaps; 0 means "absent" or "empty store"


class Item(NamedTuple):
    """A value and the revision of the commit that wrote it."""

    value: bytes
    revision: Revision


class Transaction(Struct, frozen=True, kw_only=True):
    """Changes that happen together or not at all.

    ``expect`` names, for each key, the revision of its newest write that the writer saw, 0 for a key it saw absent; a
    commit happens only if all of them still hold.
    """

    expect: Mapping[str, Revision]
    put: Mapping[str, bytes] = {}
    delete: frozenset[str] = frozenset()


class Commit(NamedTuple):
    """One committed transaction, as the change feed tells it."""

    revision: Revision
    put: Mapping[str, bytes]
    delete: frozenset[str]


class Conflict(Exception):
    """An expectation did not hold; nothing was written. Read again and re-run."""


class Unavailable(Exception):
    """The store cannot be reached or cannot write; nothing was written. The message says why, for people."""


class Unknown(Exception):
    """The store did not say whether it committed. Look for the transaction in the change feed before retrying."""


class Compacted(Exception):
    """The change feed no longer reaches back to the revision asked for. Scan again."""


class Store(Protocol):
    """A durable store. Methods are called from one event loop; an implementation may use threads of its own."""

    async def open(self) -> None:
        """Make ready, creating and migrating as needed. Raises Unavailable."""
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of files and connections."""
        ...

    async def commit(self, transaction: Transaction, *, timeout: float = 5.0) -> Revision:
        """Write durably; the revision returned is the new head at that moment.

        Raises Conflict, Unavailable or Unknown. ``timeout`` is in seconds.
        """
        ...

    async def get(self, *keys: str) -> tuple[Revision, dict[str, Item]]:
        """The items of those keys that exist, and the head they were read at."""
        ...

    def scan(self, prefix: str) -> AsyncIterator[tuple[Revision, list[tuple[str, Item]]]]:
        """All items under a prefix in key order, in pages; every page is of one snapshot, whose head it carries."""
        ...

    async def changes(self, after: Revision, *, limit: int = 1000) -> list[Commit]:
        """Up to ``limit`` commits after ``after``, whole, in order, none left out. Raises Compacted."""
        ...

    async def head(self) -> tuple[str, Revision]:
        """The store's epoch, which a restore changes, and its newest revision."""
        ...

    def poll(self) -> bool:
        """True if commits by other processes may have come since the last call. Cheap: microseconds, no waiting."""
        ...

    async def compact(self, before: Revision) -> None:
        """Let the change feed forget commits up to and including ``before``. Current values stay."""
        ...

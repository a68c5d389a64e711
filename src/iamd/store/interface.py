"""The contract of a store: ordered keys and values, changed by atomic transactions, each with a revision.

``tests/store/contract.py`` is this contract as a suite; every implementation passes it. Why it is shaped so:
``docs/decisions/0001-store-contract.md``.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import NamedTuple, Protocol, TypeAlias

from msgspec import Struct

Revision: TypeAlias = int  # of a commit; 0 means "absent" or "empty store"


class Item(NamedTuple):
    """A value and the revision of the commit that wrote it."""

    value: bytes
    revision: Revision


class Transaction(Struct, frozen=True, kw_only=True):
    """Changes that happen together or not at all.

    ``expect`` names, for each key, the revision of its newest write that the writer saw, 0 for a key it saw absent; a
    commit happens only if all of them still hold. Deleting a key that is absent changes nothing. A transaction puts at
    least one key, so that every commit has a revision of its own in every engine, and does not both put and delete one;
    ValueError otherwise.
    """

    expect: Mapping[str, Revision]
    put: Mapping[str, bytes]
    delete: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.put:
            raise ValueError("a transaction puts at least one key")
        if not self.delete.isdisjoint(self.put):
            raise ValueError("a transaction does not put and delete the same key")

    @property
    def operations(self) -> int:
        """How many keys it changes."""
        return len(self.put) + len(self.delete)

    @property
    def size(self) -> int:
        """The bytes of the keys and values it changes, roughly what it costs to send or write."""
        return sum(len(key) + len(value) for key, value in self.put.items()) + sum(map(len, self.delete))


class Commit(NamedTuple):
    """One committed transaction, as the change feed tells it; ``delete`` holds only keys that were there."""

    revision: Revision
    put: Mapping[str, bytes]
    delete: frozenset[str]


class Limits(NamedTuple):
    """The largest transaction that a store takes."""

    operations: int  # keys put and deleted
    size: int  # bytes, see Transaction.size


class Contact(NamedTuple):
    """How a process stands with its store, as far as it knows without asking."""

    problem: str | None = None  # why nothing new is heard, for people; None if all is well
    age: float | None = None  # seconds since all that was committed was known; None if it was never, or is always


class Conflict(Exception):
    """An expectation did not hold; nothing was written. Read again and re-run."""


class Unavailable(Exception):
    """The store cannot be reached or cannot write; nothing was written. The message says why, for people."""


class Unknown(Exception):
    """The store did not say whether it committed. Look for the transaction in the change feed before retrying."""


class Compacted(Exception):
    """The change feed does not lead from the revision asked for to the present: it was compacted, or another state was
    restored. Scan again."""


class TooLarge(Exception):
    """The transaction is over the store's limits; nothing was written."""


class Store(Protocol):
    """A durable store. Methods are called from one event loop; an implementation may use threads of its own.

    Revisions grow by one with each commit. An engine that counts other users' commits too leaves those numbers out of
    its feed, so a reader may conclude from ``revision + 1`` that nothing came between, and from nothing else that
    something did.

    Where the store is on the same machine, everyone hears at once of every commit. A distributed one tells of others'
    commits a moment later; there ``poll`` and ``changes`` know, at the least, of the process's own commits, of what
    made one conflict, and of what ``head``, ``get`` and ``scan`` have read.
    """

    @property
    def at_once(self) -> bool:
        """Whether every commit, whoever made it, is known as soon as it is made."""
        ...

    @property
    def limits(self) -> Limits:
        """The largest transaction that ``commit`` takes."""
        ...

    async def open(self) -> None:
        """Make ready, creating and migrating as needed. Raises Unavailable."""
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of files and connections."""
        ...

    async def commit(self, transaction: Transaction, *, timeout: float = 5.0) -> Revision:
        """Write durably; the revision returned is the new head at that moment.

        Conflicts with every expectation if another state was restored since this store last raised Compacted or was
        opened. Raises Conflict, Unavailable, Unknown or TooLarge. ``timeout`` is in seconds.
        """
        ...

    async def get(self, *keys: str) -> tuple[Revision, dict[str, Item]]:
        """The items of those keys that exist, and the head they were read at."""
        ...

    def scan(self, prefix: str) -> AsyncIterator[tuple[Revision, list[tuple[str, Item]]]]:
        """All items under a prefix in key order, in pages; every page is of one snapshot, whose head it carries.

        There is always at least one page, which may be empty.
        """
        ...

    async def changes(self, after: Revision, *, limit: int = 1000) -> list[Commit]:
        """Up to ``limit`` commits after ``after``, whole, in order, none left out; empty only if there are none.

        Raises Compacted, and then, once, if another state was restored since the store was opened.
        """
        ...

    async def head(self) -> tuple[str, Revision]:
        """The store's epoch, which a restore changes, and its newest revision."""
        ...

    def poll(self, after: Revision) -> bool:
        """True if ``changes(after)`` may have something to tell. Cheap: microseconds, no waiting."""
        ...

    def listen(self, heard: Callable[[], None]) -> None:
        """Let ``heard`` be called whenever there may be something new to poll for, if the store is one that tells."""
        ...

    def let_go(self, before: Revision) -> None:
        """Stop holding commits up to and including ``before`` ready for ``changes``, if the store does. No waiting."""
        ...

    def contact(self) -> Contact:
        """Whether the store can be heard. Cheap, like ``poll``."""
        ...

    async def compact(self, before: Revision) -> None:
        """Let the change feed forget commits up to and including ``before``. Current values stay."""
        ...

    async def check(self) -> list[str]:
        """What the engine finds wrong with itself, in words for people; empty if all is well. May take long."""
        ...

"""Copies of a whole store, between engines or to a file: made beside what is there, compared, then put in force."""

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

from iamd.store import layout
from iamd.store.backup import BackupError, StoreExists, restore, unpack, verify_new
from iamd.store.database import Database, create_file, sync_directory
from iamd.store.interface import Item, Limits, Revision, Store, Transaction
from iamd.store.sqlite import SQLiteStore

Progress: TypeAlias = Callable[[str, int, int | None], None]  # what is done, how many items, and of how many if known

__all__ = [
    "BackupError",
    "Copied",
    "NewState",
    "StoreExists",
    "copy",
    "new_backup",
    "new_file_state",
    "opened_backup",
    "verify_empty",
]


class Copied(NamedTuple):
    """What was copied: everything that the source held at one revision."""

    revision: Revision
    items: int
    size: int  # bytes of keys and values


class NewState(Protocol):
    """A state that a store is to have, made beside the present one. Its methods raise Unavailable."""

    limits: Limits

    async def put(self, values: Mapping[str, bytes]) -> None:
        """Hold these as well; within ``limits``."""
        ...

    def scan(self) -> AsyncIterator[list[tuple[str, Item]]]:
        """All that was put."""
        ...

    async def put_in_force(self) -> None:
        """Make it the store's, at one moment and under a new epoch, so that whoever followed the old one reads anew."""
        ...


class _Sum:
    """Tells two sets of items apart whatever the order they are seen in."""

    def __init__(self) -> None:
        self.items = 0
        self.size = 0
        self._digests = 0

    def add(self, key: str, value: bytes) -> None:
        name = key.encode()
        digest = blake2b(len(name).to_bytes(8, "big") + name + value, digest_size=32)
        self._digests = (self._digests + int.from_bytes(digest.digest(), "big")) % (1 << 256)
        self.items += 1
        self.size += len(name) + len(value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Sum) and (self.items, self._digests) == (other.items, other._digests)

    __hash__ = None  # type: ignore[assignment]


def _no_progress(what: str, done: int, total: int | None) -> None:
    return


async def copy(source: Store, state: NewState, progress: Progress = _no_progress) -> Copied:
    """Make the store that ``state`` is for what ``source`` holds now, after comparing all of it.

    The source may be in use; what it is given later is not copied. History stays behind: the change feed of the copy
    begins with the copy. Raises Unavailable, BackupError; the store is then as it was.
    """
    taken = _Sum()
    heads: dict[str, bytes] = {}
    pending: dict[str, bytes] = {}
    room = state.limits.size
    revision: Revision = 0
    async for head, page in source.scan(""):
        revision = head
        for key, (value, _) in page:
            taken.add(key, value)
            if key.startswith(layout.HEAD_PREFIX) and "/" not in key.removeprefix(layout.HEAD_PREFIX):
                heads[key] = value
                continue
            size = len(key.encode()) + len(value)
            if pending and (len(pending) >= state.limits.operations or size > room):
                await state.put(pending)
                pending, room = {}, state.limits.size
            pending[key] = value
            room -= size
        progress("Copying", taken.items, None)
    if pending:
        await state.put(pending)
    # INVARIANT: no record of an account is newer than its head, by which writers and replicas order them.
    names = sorted(heads)
    step = min(state.limits.operations, 1000)
    for start in range(0, len(names), step):
        await state.put({name: heads[name] for name in names[start : start + step]})
    copied = _Sum()
    async for page in state.scan():
        for key, (value, _) in page:
            copied.add(key, value)
        progress("Comparing", copied.items, taken.items)
    if copied != taken:
        raise BackupError("The copy differs from the original.")
    await state.put_in_force()
    return Copied(revision, taken.items, taken.size)


# SQLite ---------------------------------------------------------------------------------------------------------------


class _FileState:
    """A new state in a store in a file of its own; ``finish`` then makes it what it is for."""

    limits = SQLiteStore.limits

    def __init__(self, store: SQLiteStore, finish: Callable[[], Awaitable[object]]) -> None:
        self._store = store
        self._finish = finish

    async def put(self, values: Mapping[str, bytes]) -> None:
        await self._store.commit(Transaction(expect={}, put=values), timeout=60)

    async def scan(self) -> AsyncIterator[list[tuple[str, Item]]]:
        async for _, page in self._store.scan(""):
            yield page

    async def put_in_force(self) -> None:
        _, head = await self._store.head()
        await self._store.compact(head)  # or the order in which it was copied would pass for its history
        await self._store.close()
        await self._finish()


@asynccontextmanager
async def new_backup(destination: Path) -> AsyncIterator[NewState]:
    """The state of the new file ``destination``, which is there if and only if it is whole. Raises BackupError."""
    verify_new(destination)
    async with _aside(destination) as (aside, store):

        async def finish() -> None:
            with closing(Database(aside)) as database:
                database.connection.execute("PRAGMA journal_mode = DELETE")  # one file, that read-only disks can hold
            aside.rename(destination)
            sync_directory(destination.parent)

        yield _FileState(store, finish)


@asynccontextmanager
async def new_file_state(path: Path, *, force: bool) -> AsyncIterator[NewState]:
    """The state that the SQLite store at ``path`` is to have. Raises BackupError; StoreExists unless ``force``."""
    if path.exists() and not force:
        async with _opened(SQLiteStore(path)) as present:
            await verify_empty(present, str(path))
    async with _aside(path) as (aside, store):
        yield _FileState(store, partial(restore, aside, path, force=True))


async def verify_empty(store: Store, name: str) -> None:
    """Raise StoreExists if there is anything in the store."""
    async for _, page in store.scan(""):
        if page:
            raise StoreExists(f"{name} holds a store: this would replace all that is in it.")


@asynccontextmanager
async def opened_backup(backup: Path) -> AsyncIterator[Store]:
    """What a backup holds, as a store to read from. Raises BackupError."""
    with tempfile.TemporaryDirectory(prefix="iamd-") as directory:
        file = Path(directory) / "iamd.db"
        await asyncio.to_thread(unpack, backup, file)
        async with _opened(SQLiteStore(file)) as store:
            yield store


@asynccontextmanager
async def _aside(path: Path) -> AsyncIterator[tuple[Path, SQLiteStore]]:
    aside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    create_file(aside)
    try:
        async with _opened(SQLiteStore(aside)) as store:
            yield aside, store
    finally:
        for suffix in ("", "-wal", "-shm"):
            aside.with_name(aside.name + suffix).unlink(missing_ok=True)


@asynccontextmanager
async def _opened(store: SQLiteStore) -> AsyncIterator[SQLiteStore]:
    await store.open()
    try:
        yield store
    finally:
        await store.close()

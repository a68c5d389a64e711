"""The embedded store: one SQLite file, shared by the processes of one machine, or a database in the memory of one."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import apsw

from iamd.store.database import Database, create_file, explain
from iamd.store.interface import (
    Commit,
    Compacted,
    Contact,
    Item,
    Limits,
    Revision,
    TooLarge,
    Transaction,
    Unavailable,
    Unknown,
)
from iamd.store.writer import Job, Pending, Writer, deliver

LIMITS = Limits(operations=10_000, size=16 << 20)
T = TypeVar("T")

READ_PATIENCE = 0.5  # seconds in which the event loop may wait for a lock, which readers hardly ever do


class SQLiteStore:
    """A store in the file at ``path``; without one in memory, for one process, gone when it is closed.

    The feed and single items are read on the event loop, since that takes microseconds and another thread would cost
    more; scans have threads and connections of their own, writes one thread. A process that forks opens the store
    after it has forked.
    """

    at_once = True
    limits = LIMITS

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = None if path is None else Path(path)
        self._writer: Writer | None = None
        self._write_database: Database | None = None
        self._read_database: Database | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._version = -1  # Database.version() when head and epoch in the file were last read
        self._head: Revision = 0
        self._file_epoch = ""
        self._epoch = ""  # of the state whose changes are followed

    async def open(self) -> None:
        """Raises Unavailable, with a sentence that names the file."""
        if self.path is None:
            self._open_files()
        else:
            await asyncio.to_thread(self._open_files)
        assert self._write_database is not None
        self._writer = Writer(self._write_database)
        if self.path is not None:
            self._writer.start(asyncio.get_running_loop())
        self._epoch, _ = await self.head()

    def _open_files(self) -> None:
        # Whoever starts a server is told where its store is, clients are not.
        name = "The store in memory" if self.path is None else str(self.path)
        try:
            if self.path is not None:
                create_file(self.path)
            self._write_database = Database(self.path, name=name)
            self._write_database.prepare_to_write()
            self._write_database.name = "The store"
            if self.path is None:
                self._read_database = self._write_database
                return
            self._read_database = self._open_reader(READ_PATIENCE)
            self._version = -1  # each connection counts for itself
            self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="iamd-store-scan")
        except (apsw.Error, OSError) as error:
            self._close_files()
            raise Unavailable(explain(error, name)) from error
        except Unavailable:
            self._close_files()
            raise

    def _open_reader(self, patience: float = 5.0) -> Database:
        database = Database(self.path, patience=patience)
        database.prepare_to_read()
        return database

    async def close(self) -> None:
        """Write what is queued and close the file."""
        await asyncio.to_thread(self._close_files)

    def _close_files(self) -> None:
        if self._writer is not None:
            self._writer.stop()
        if self._threads is not None:
            self._threads.shutdown()
        for database in (self._read_database, self._write_database):
            if database is not None:
                database.close()
        self._writer = self._read_database = self._write_database = self._threads = None

    # Writing ----------------------------------------------------------------------------------------------------------

    async def commit(self, transaction: Transaction, *, timeout: float = 5.0) -> Revision:
        if transaction.operations > self.limits.operations or transaction.size > self.limits.size:
            raise TooLarge(f"A transaction changes {self.limits.operations} keys and {self.limits.size} bytes at most.")
        return await self._write(transaction, timeout)

    async def _write(self, work: Transaction | Job, timeout: float) -> Revision:
        if self._writer is None:
            raise Unavailable("The store is not open.")
        loop = asyncio.get_running_loop()
        pending = Pending(work, self._epoch, loop.create_future())
        if self.path is None:
            deliver(self._writer.write(pending))
            return await pending.future
        self._writer.put(pending)
        timer = loop.call_later(timeout, _expire, pending, timeout)
        try:
            return await pending.future
        finally:
            timer.cancel()

    async def compact(self, before: Revision) -> None:
        def begin(database: Database) -> None:
            forgotten = max(database.compacted(), min(before, database.head()))
            database.set_property("compacted", forgotten)

        after: int | None = 0

        def go_on(database: Database) -> None:
            nonlocal after
            assert after is not None
            after = database.forget(after, database.compacted())

        await self._write(begin, 60)
        while after is not None:
            await self._write(go_on, 60)

    # Reading ----------------------------------------------------------------------------------------------------------

    @contextmanager
    def _snapshot(self) -> Iterator[Database]:
        database = self._read_database
        if database is None:
            raise Unavailable("The store is not open.")
        try:
            database.begin_read()
            database.verify_schema()
            yield database
        except apsw.Error as error:
            raise Unavailable(database.explain(error)) from error
        finally:
            database.end()

    async def get(self, *keys: str) -> tuple[Revision, dict[str, Item]]:
        with self._snapshot() as database:
            found = {key: database.find(key) for key in keys}
            return database.head(), {key: item for key, item in found.items() if item is not None}

    async def head(self) -> tuple[str, Revision]:
        with self._snapshot() as database:
            return database.epoch(), database.head()

    async def changes(self, after: Revision, *, limit: int = 1000) -> list[Commit]:
        with self._snapshot() as database:
            epoch = database.epoch()
            if epoch != self._epoch:
                self._epoch = epoch
                raise Compacted("Another state of the store was restored.")
            return database.changes(after, limit)

    def poll(self, after: Revision) -> bool:
        database = self._read_database
        if database is None:
            return True
        try:
            version = database.version() if self.path is not None else -1
            if version != self._version or version == -1:
                self._file_epoch, self._head = database.epoch(), database.head()
                self._version = version
        except apsw.Error:
            return True  # whoever now asks for changes hears why there are none
        return self._head != after or self._file_epoch != self._epoch

    def listen(self, heard: Callable[[], None]) -> None:
        """Nobody is told: ``poll`` knows at once."""

    def let_go(self, before: Revision) -> None:
        """Nothing is held."""

    def contact(self) -> Contact:
        return Contact()

    async def scan(self, prefix: str) -> AsyncIterator[tuple[Revision, list[tuple[str, Item]]]]:
        if self.path is None:
            with self._snapshot() as database:
                head, pages = database.head(), list(database.pages(prefix))
            for page in pages:
                yield head, page
            return
        scan = _Scan(self, prefix)
        try:
            head = await self._in_thread(scan.open)
            while (items := await self._in_thread(scan.next)) is not None:
                yield head, items
        except apsw.Error as error:
            raise Unavailable(explain(error, "The store")) from error
        finally:
            if self._threads is None:
                scan.close()
            else:
                self._threads.submit(scan.close)

    async def _in_thread(self, read: Callable[[], T]) -> T:
        if self._threads is None:
            raise Unavailable("The store is not open.")
        return await asyncio.get_running_loop().run_in_executor(self._threads, read)

    async def check(self) -> list[str]:
        if self.path is None:
            with self._snapshot() as database:
                return list(database.findings())
        return await self._in_thread(self._findings)

    def _findings(self) -> list[str]:
        database = self._open_reader()
        try:
            database.begin_read()
            return list(database.findings())
        except apsw.Error as error:
            return [explain(error, str(self.path))]
        finally:
            database.close()


class _Scan:
    """A connection that reads one snapshot page by page, in any thread, one at a time."""

    def __init__(self, store: SQLiteStore, prefix: str) -> None:
        self._store = store
        self._prefix = prefix
        self._lock = threading.Lock()
        self._database: Database | None = None
        self._pages: Iterator[list[tuple[str, Item]]] = iter(())

    def open(self) -> Revision:
        with self._lock:
            self._database = self._store._open_reader()
            self._database.begin_read()
            self._pages = self._database.pages(self._prefix)
            return self._database.head()

    def next(self) -> list[tuple[str, Item]] | None:
        with self._lock:
            return next(self._pages, None)

    def close(self) -> None:
        with self._lock:
            if self._database is not None:
                self._database.close()


def _expire(pending: Pending, timeout: float) -> None:
    if pending.future.done():
        return
    if pending.abandon():
        pending.future.set_exception(
            Unavailable(f"The store is busy: it has not come to this change in {timeout:g} seconds.")
        )
    else:
        pending.future.set_exception(
            Unknown(f"The disk has not confirmed in {timeout:g} seconds that the change is stored.")
        )

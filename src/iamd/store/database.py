"""One connection to a SQLite store: the statements, without queues, threads or event loops."""

import errno
import os
import random
import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import apsw

from iamd.store.interface import Commit, Compacted, Item, Revision, Transaction, Unavailable
from iamd.store.migrations import VERSION, find_version, migrate, verify_version

PLACES = 16  # bits of an entry's id that hold its place within the commit
PAGE_BYTES = 4 << 20  # a page of a scan or of the change feed ends when it holds so much
PAGE_ITEMS = 500
LOCK_PATIENCE = 5.0  # seconds to wait for another process's lock
MAX_WAL_BYTES = 64 << 20  # what the write-ahead log is cut back to after it was longer


class Database:
    """A connection to the file at ``path``, or to a database in memory if None. Used by one thread at a time.

    Methods raise apsw.Error, of which ``explain`` says for people what it means.
    """

    def __init__(self, path: Path | None, *, name: str = "The store", patience: float = LOCK_PATIENCE) -> None:
        """Open a file that is there. ``name`` is what people are told it is, ``patience`` is in seconds."""
        self.name = name
        self._patience = patience
        self._give_up = 0.0
        self.connection = apsw.Connection(":memory:" if path is None else str(path), apsw.SQLITE_OPEN_READWRITE)
        self.connection.set_busy_handler(self._wait)

    def _wait(self, calls: int) -> bool:
        # Short random pauses give every process its turn at the lock; SQLite's own grow long and starve the patient.
        now = time.monotonic()
        if calls == 0:
            self._give_up = now + self._patience
        time.sleep(random.uniform(0.00005, 0.0003))  # noqa: S311 - only spreads the tries
        return now < self._give_up

    def prepare_to_write(self) -> None:
        """Make the file a store of the newest schema, whose commits are on the disk when they return."""
        execute = self.connection.execute
        verify_version(find_version(self.connection, self.name), self.name)
        execute("PRAGMA journal_mode = WAL").get  # noqa: B018 - what runs it
        execute("PRAGMA synchronous = FULL")
        execute(f"PRAGMA journal_size_limit = {MAX_WAL_BYTES}")
        execute("PRAGMA secure_delete = ON").get  # noqa: B018 - what compaction forgets is not left in the file
        migrate(self.connection, self.name)

    def prepare_to_read(self) -> None:
        """Refuse to write, and to read a schema that is not the newest."""
        self.verify_schema()
        self.connection.execute("PRAGMA query_only = ON")

    def verify_schema(self) -> None:
        """Raise Unavailable if the file is not a store of the newest schema; another process may have migrated it."""
        version = find_version(self.connection, self.name)
        verify_version(version, self.name)
        if version != VERSION:
            raise Unavailable(f"{self.name} has not been brought to schema {VERSION} yet (it has {version}).")

    def explain(self, error: Exception) -> str:
        """What an error of this connection means, for people."""
        return explain(error, self.name, self.connection.system_errno)

    def close(self) -> None:
        self.connection.close()

    # Reading ----------------------------------------------------------------------------------------------------------

    def begin_read(self) -> None:
        """See one snapshot, that of now, until ``end``."""
        self.connection.execute("BEGIN; SELECT count(*) FROM sqlite_schema").get  # noqa: B018 - BEGIN alone sees nothing

    def begin_write(self) -> None:
        """Hold the only right to write until ``commit`` or ``end``."""
        self.connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make what was written since ``begin_write`` durable."""
        self.connection.execute("COMMIT")

    def end(self) -> None:
        """Let go of the snapshot or of what was written, if there still is one."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def version(self) -> int:
        """A number that changes when another connection commits. Microseconds."""
        return int(self.connection.pragma("data_version"))  # half the time of a cursor, on every request

    def epoch(self) -> str:
        return str(self.connection.execute("SELECT value FROM property WHERE name = 'epoch'").get)

    def head(self) -> Revision:
        newest = self.connection.execute("SELECT max(id) FROM entry").get
        return 0 if newest is None else int(newest) >> PLACES

    def compacted(self) -> Revision:
        """The newest revision that the change feed has forgotten."""
        return int(self.connection.execute("SELECT value FROM property WHERE name = 'compacted'").get)

    def find(self, key: str) -> Item | None:
        row = self.connection.execute(
            "SELECT value, id FROM entry WHERE id = (SELECT entry FROM item WHERE key = ?)", (key,)
        ).fetchone()
        return None if row is None else Item(row[0], row[1] >> PLACES)

    def pages(self, prefix: str) -> Iterator[list[tuple[str, Item]]]:
        """All items under the prefix in key order; at least one page."""
        rows = self.connection.execute(
            "SELECT item.key, entry.value, entry.id FROM item JOIN entry ON entry.id = item.entry "
            "WHERE item.key >= ? AND item.key < ? ORDER BY item.key",
            (prefix, prefix + "\U0010ffff"),
        )
        page: list[tuple[str, Item]] = []
        size = 0
        for key, value, entry in rows:
            page.append((key, Item(value, entry >> PLACES)))
            size += len(value)
            if len(page) >= PAGE_ITEMS or size >= PAGE_BYTES:
                yield page
                page, size = [], 0
        yield page

    def changes(self, after: Revision, limit: int) -> list[Commit]:
        """Up to ``limit`` commits, fewer if they are big. Raises Compacted."""
        if after < self.compacted():
            raise Compacted(f"The change feed begins after revision {self.compacted()}.")
        rows = self.connection.execute(
            "SELECT id, key, value FROM entry WHERE id >= ? ORDER BY id", ((after + 1) << PLACES,)
        )
        commits: list[Commit] = []
        size = 0
        for revision, entries in groupby(rows, lambda row: row[0] >> PLACES):
            put: dict[str, bytes] = {}
            delete: set[str] = set()
            for _, key, value in entries:
                if value is None:
                    delete.add(key)
                else:
                    put[key] = value
                    size += len(value)
            commits.append(Commit(revision, put, frozenset(delete)))
            if len(commits) >= limit or size >= PAGE_BYTES:
                break
        return commits

    # Writing, between begin_write and commit --------------------------------------------------------------------------

    def find_conflict(self, transaction: Transaction) -> str | None:
        """A key that is not as the transaction expects, or None."""
        for key, revision in transaction.expect.items():
            entry = self.connection.execute("SELECT entry FROM item WHERE key = ?", (key,)).get
            if (0 if entry is None else entry >> PLACES) != revision:
                return key
        return None

    def write(self, revision: Revision, transaction: Transaction) -> None:
        """Make the transaction's changes as the commit ``revision``."""
        execute = self.connection.execute
        entry = revision << PLACES
        for key, value in transaction.put.items():
            execute("INSERT INTO entry VALUES (?, ?, ?)", (entry, key, value))
            execute("INSERT INTO item VALUES (?, ?) ON CONFLICT DO UPDATE SET entry = excluded.entry", (key, entry))
            entry += 1
        for key in sorted(transaction.delete):
            execute("DELETE FROM item WHERE key = ?", (key,))
            if self.connection.changes():
                execute("INSERT INTO entry VALUES (?, ?, NULL)", (entry, key))
                entry += 1

    def set_property(self, name: str, value: str | int) -> None:
        self.connection.execute("UPDATE property SET value = ? WHERE name = ?", (value, name))

    def forget(self, after: int, before: Revision, count: int = 1000) -> int | None:
        """Delete what holds no current value among the next ``count`` entries after the id ``after``.

        Goes up to the revision ``before``. Returns the id to go on from, None at the end.
        """
        execute = self.connection.execute
        last = execute(
            "SELECT max(id) FROM (SELECT id FROM entry WHERE id > ? AND id < ? ORDER BY id LIMIT ?)",
            (after, (before + 1) << PLACES, count),
        ).get
        if last is None:
            return None
        execute(
            "DELETE FROM entry WHERE id > ? AND id <= ? "
            "AND id IS NOT (SELECT entry FROM item WHERE item.key = entry.key)",
            (after, last),
        )
        return int(last)

    # Checking ---------------------------------------------------------------------------------------------------------

    def findings(self) -> Iterator[str]:
        """What is wrong with the file: with SQLite's structures, then with the log and what it says is current."""
        for (message,) in self.connection.execute("PRAGMA integrity_check(20)"):
            if message != "ok":
                yield f"SQLite finds the file damaged: {message}."
        compacted = self.compacted()
        last = compacted
        for (revision,) in self.connection.execute(
            "SELECT DISTINCT id >> ? FROM entry WHERE id >= ? ORDER BY 1", (PLACES, (compacted + 1) << PLACES)
        ):
            if revision != last + 1:
                yield f"The log has no commit between the revisions {last} and {revision}."
            last = revision
        for revision, count, place in self.connection.execute(
            "SELECT id >> ?1, count(*), max(id & ?2) FROM entry WHERE id >= ?3 "
            "GROUP BY 1 HAVING count(*) != 1 + max(id & ?2)",
            (PLACES, (1 << PLACES) - 1, (compacted + 1) << PLACES),
        ):
            yield f"The commit of revision {revision} has {count} of its {place + 1} or more entries."
        for key, newest, value, current in self.connection.execute(
            "SELECT log.key, log.newest, entry.value IS NULL, item.entry "
            "FROM (SELECT key, max(id) AS newest FROM entry GROUP BY key) log "
            "JOIN entry ON entry.id = log.newest LEFT JOIN item ON item.key = log.key "
            "WHERE CASE WHEN entry.value IS NULL THEN item.entry IS NOT NULL ELSE item.entry IS NOT log.newest END"
        ):
            yield _disagreement(key, newest, value, current)
        for (key,) in self.connection.execute("SELECT key FROM item WHERE key NOT IN (SELECT key FROM entry)"):
            yield f"{key} has a current value, but the log knows nothing of it."


def _disagreement(key: str, newest: int, deleted: bool, current: int | None) -> str:
    log = f"the log {'deletes it in' if deleted else 'has its newest value of'} revision {newest >> PLACES}"
    item = "it has no current value" if current is None else f"its current value is of revision {current >> PLACES}"
    return f"{key}: {log}, but {item}."


def create_file(path: Path) -> None:
    """Make an empty file that nobody else may read, or let nobody else read the one that is there.

    INVARIANT: a file that is there is never opened but by SQLite: closing any descriptor of it would give up all locks
    that this process holds on it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        return
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def explain(error: Exception, name: str, system_errno: int = 0) -> str:
    """What an error of SQLite, or of the file system, means, for people; ``system_errno`` if SQLite knows of one."""
    if isinstance(error, apsw.FullError):
        return f"{name} cannot be written: the disk is full."
    if isinstance(error, apsw.IOError) and system_errno in (errno.EDQUOT, errno.EFBIG):
        return f"{name} cannot be written: it has grown to the size that it may have ({os.strerror(system_errno)})."
    if isinstance(error, OSError):
        return f"{name} cannot be used: {error.strerror}{f' ({error.filename})' if error.filename else ''}."
    if isinstance(error, apsw.ReadOnlyError):
        return f"{name} cannot be written: it, its directory or its disk is read-only."
    if isinstance(error, apsw.BusyError):
        return f"{name} is in use: another process has held its lock for too long."
    if isinstance(error, apsw.CorruptError | apsw.NotADBError):
        return f"{name} is damaged or is no store ({error}). Run iamd check, or restore a backup."
    if isinstance(error, apsw.CantOpenError):
        return f"{name} cannot be opened: it or its directory is missing, or may not be read and written."
    if isinstance(error, apsw.IOError):
        # SQLite also remembers errors that were none of the disk's, such as that of a lock held by another process.
        reason = os.strerror(system_errno) if system_errno in (errno.EIO, errno.EROFS) else error
        return f"{name} cannot be read or written: the disk failed ({reason})."
    return f"{name} cannot be used: {error}."

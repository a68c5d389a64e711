"""The one thread of a process that writes to its SQLite store: whatever waits is written with one fsync."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeAlias

import apsw

from iamd.store.database import Database
from iamd.store.interface import Conflict, Revision, Transaction, Unavailable, Unknown

GROUP_SIZE = 512  # transactions with one fsync at most

Outcome: TypeAlias = Revision | Exception
Job: TypeAlias = Callable[[Database], None]


class Pending:
    """A transaction, or a job of another kind, in the writer's queue.

    ``epoch`` is that of the state which the transaction's expectations are about. INVARIANT: a pending is begun or
    abandoned, never both; so whoever gives it up knows whether it can still happen.
    """

    def __init__(self, work: Transaction | Job, epoch: str, future: "asyncio.Future[Revision]") -> None:
        self.work = work
        self.epoch = epoch
        self.future = future
        self._lock = threading.Lock()
        self._begun = False
        self._abandoned = False

    def begin(self) -> bool:
        """Let the writer begin; False if the pending was abandoned."""
        with self._lock:
            self._begun = not self._abandoned
            return self._begun

    def abandon(self) -> bool:
        """Give the pending up; False if the writer has begun it."""
        with self._lock:
            self._abandoned = not self._begun
            return self._abandoned


class Writer:
    """Writes groups of transactions to a database; ``start`` gives it a thread of its own and a queue."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: SimpleQueue[Pending | None] = SimpleQueue()
        self._next: Pending | None = None  # taken from the queue, but not part of the group before it
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to take from the queue; outcomes are delivered in ``loop``."""
        self._loop = loop
        self._thread = threading.Thread(target=self._run, name="iamd-store-writer", daemon=True)
        self._thread.start()

    def put(self, pending: Pending) -> None:
        """Queue; the pending's future becomes its outcome."""
        self._queue.put(pending)

    def stop(self) -> None:
        """Write what is queued, and end the thread."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        assert self._loop is not None
        while not self._stopping:
            first, self._next = self._next or self._queue.get(), None
            if first is None:
                return
            outcomes = self.write(first)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(deliver, outcomes)

    def _take_more(self, group: list[Pending]) -> None:
        with contextlib.suppress(Empty):
            while len(group) < GROUP_SIZE:
                pending = self._queue.get_nowait()
                if pending is None:
                    self._stopping = True
                    return
                if not isinstance(pending.work, Transaction):
                    self._next = pending
                    return
                group.append(pending)

    def write(self, first: Pending) -> list[tuple[Pending, Outcome]]:
        """Write the first pending, and with it what is queued by the time that the lock is had."""
        group = [first]
        database = self._database
        committing = False
        try:
            database.begin_write()
            if isinstance(first.work, Transaction):
                self._take_more(group)
            outcomes = self._write_group(group)
            committing = True
            database.commit()
        except Exception as error:
            failure = _failure(error, database, committing)
            with contextlib.suppress(apsw.Error):
                database.end()
            return [(pending, failure) for pending in group]
        return outcomes

    def _write_group(self, group: list[Pending]) -> list[tuple[Pending, Outcome]]:
        """Each transaction that finds what it expects becomes a commit; the others conflict, each for itself."""
        database = self._database
        database.verify_schema()
        epoch, revision = database.epoch(), database.head()
        outcomes: list[tuple[Pending, Outcome]] = []
        for pending in group:
            if not pending.begin():
                continue
            work = pending.work
            if not isinstance(work, Transaction):
                work(database)
                outcomes.append((pending, revision))
            elif pending.epoch != epoch:
                outcomes.append((pending, Conflict("Another state of the store was restored.")))
            elif (key := database.find_conflict(work)) is not None:
                outcomes.append((pending, Conflict(f"{key} is not at revision {work.expect[key]}.")))
            else:
                revision += 1
                database.write(revision, work)
                outcomes.append((pending, revision))
        return outcomes


def deliver(outcomes: list[tuple[Pending, Outcome]]) -> None:
    """Tell whoever waits."""
    for pending, outcome in outcomes:
        if pending.future.done():
            continue
        if isinstance(outcome, Exception):
            pending.future.set_exception(outcome)
        else:
            pending.future.set_result(outcome)


def _failure(error: Exception, database: Database, committing: bool) -> Exception:
    if isinstance(error, Unavailable):
        return error
    if committing and getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_FSYNC:
        # What was written is no part of the store now, but a crash before the next commit could bring it back.
        return Unknown("The disk did not confirm that the change is stored.")
    return Unavailable(database.explain(error))

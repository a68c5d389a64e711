"""An account's queue of writes: what waits travels in one transaction, run again if another writer was first."""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from iamd.account.state import Account
from iamd.errors import ServiceUnavailable
from iamd.replica.batch import Batch, Committed, Run, Waiter
from iamd.store import layout
from iamd.store.interface import Commit, Conflict, Revision, Unavailable, Unknown

if TYPE_CHECKING:
    from iamd.replica.replica import Replica

PATIENCE = 5.0  # seconds for which a batch is tried while others are first
LONGEST_WAIT = 1.9  # seconds after which a client hears what is known of its write, whatever the store does
OUTAGE_PATIENCE = 1.5  # seconds after which a batch is given up because the store fails it
SHORTEST_TRY = 0.1  # seconds for one try, however late
OUTAGE_PAUSE = 0.05  # seconds between tries while the store cannot be heard
LONGEST_PAUSE = 0.005  # seconds between tries: whoever was first is done, so there is little to wait for
IN_DOUBT = "The store did not say whether the change was made; look before trying again."


class WriteQueue:
    """Writes of this process to one account, in the order they came; one batch is on its way at a time."""

    def __init__(self, replica: "Replica", account_id: str) -> None:
        self._replica = replica
        self._account_id = account_id
        self._waiters: deque[Waiter] = deque()
        self._working: asyncio.Task[None] | None = None
        self._outage_over = 0.0  # the event loop's time when the batch under way is given up, if the store fails it
        self._sought: dict[str, Batch] = {}  # by transaction id: batches that are, or may yet be, committed

    async def commit(self, run: Run, asked: float) -> Committed:
        """Queue a run and wait for its outcome, or the exception it raised.

        Raises ServiceUnavailable ``LONGEST_WAIT`` seconds after ``asked``, in the event loop's time. A store on this
        machine has its own bounds.
        """
        future = self._put(run)
        if self._replica.store.at_once:
            return await future
        try:
            async with asyncio.timeout_at(asked + LONGEST_WAIT):
                return await future
        except TimeoutError:
            return self._give_up(future)

    def _give_up(self, future: "asyncio.Future[Committed]") -> Committed:
        """The outcome of a run that is waited for no more. Raises it, or ServiceUnavailable that says what is known."""
        if future.done() and not future.cancelled():
            return future.result()  # it came at the same moment
        tried = [batch for batch in self._sought.values() if batch.holds(future)]
        for batch in tried:
            if batch.revision is not None:
                return batch.outcome(future)  # durable, though this process may not hold it yet
        if tried:
            self._replica.note_write_problem(IN_DOUBT)
            raise ServiceUnavailable(IN_DOUBT)
        # INVARIANT: a run that is in no transaction by now is in none later, since its future is done.
        problem = self._replica.store.contact().problem or "The store does not answer in time; nothing was changed."
        self._replica.note_write_problem(problem)
        raise ServiceUnavailable(problem)

    def _put(self, run: Run) -> "asyncio.Future[Committed]":
        waiter = Waiter(run, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return waiter.future

    async def drain(self) -> None:
        """Wait until everything queued is answered."""
        while self._working is not None:
            await asyncio.wait([self._working])

    def notice(self, transaction_id: str, revision: Revision) -> None:
        """Hear of a commit to the account."""
        batch = self._sought.get(transaction_id)
        if batch is not None:
            batch.revision = revision

    async def _work(self) -> None:
        try:
            while self._waiters:
                try:
                    batch = await self._write()
                except Unavailable as error:
                    self._replica.note_write_problem(str(error))
                    self._fail(ServiceUnavailable(str(error)))
                except Exception as error:
                    self._fail(error)
                else:
                    batch.answer()
                # A batch takes its runs from the front of the queue, so whatever is answered stands there.
                while self._waiters and self._waiters[0].future.done():
                    self._waiters.popleft()
                self._sought.clear()
        finally:
            self._working = None

    def _fail(self, error: Exception) -> None:
        if self._sought:
            error = ServiceUnavailable(IN_DOUBT)
        for waiter in self._waiters:
            if not waiter.future.done():
                waiter.future.set_exception(error)

    async def _write(self) -> Batch:
        """Write what is queued, or as much of it as fits in one batch; the batch returned is durable."""
        clock = asyncio.get_running_loop().time
        give_up = clock() + PATIENCE
        pause = 0.0
        self._outage_over = clock() + OUTAGE_PATIENCE
        generation = self._replica.generation
        while True:
            try:
                async with self._in_time():
                    account = await self._replica.current_account(self._account_id)
            except Unavailable:
                # A store that has just been lost is often back in a moment, with another leader.
                if self._replica.store.contact().problem is None or clock() > self._outage_over:
                    raise
                await asyncio.sleep(OUTAGE_PAUSE)
                continue
            if self._sought and generation != self._replica.generation:
                raise Unavailable("What became of the change cannot be told: the store was restored or compacted.")
            for sought in self._sought.values():
                if sought.revision is not None:
                    return sought
            batch = Batch(account, self._replica.store.limits)
            batch.run(self._waiters)
            is_read = batch.rests_on_what_was_read and not self._sought
            if await (self._is_newest(account) if is_read else self._commit(batch)):
                return batch
            if self._sought and clock() > self._outage_over:
                raise Unavailable("The store does not say what became of the change.")
            if clock() > give_up:
                raise ServiceUnavailable("Too many others are changing this account; nothing was changed. Try again.")
            await asyncio.sleep(pause * random.random())  # noqa: S311 - only spreads the tries
            pause = min(LONGEST_PAUSE, pause * 2 or 0.001)

    @contextlib.asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        """Raise Unavailable when the batch is given up. A store on this machine has its own bounds."""
        if self._replica.store.at_once:
            yield
            return
        try:
            async with asyncio.timeout_at(self._outage_over + SHORTEST_TRY):
                yield
        except TimeoutError:
            raise Unavailable("The store does not answer in time.") from None

    async def _is_newest(self, account: Account) -> bool:
        """Whether nobody has committed to the account since. A commit finds that out by itself. Raises Unavailable."""
        store = self._replica.store
        if store.at_once:
            return True
        key = layout.head_key(self._account_id)
        async with self._in_time():
            _, items = await store.get(key)
        return key in items and items[key].revision == account.revision

    async def _commit(self, batch: Batch) -> bool:
        """True once the batch is durable and this process holds it; False if it is to be run again.

        INVARIANT: a batch of unknown fate is tried again only as a transaction that replaces the same head, so at most
        one of the two is ever committed, and the change feed says which. That holds even if by now there is nothing to
        change: otherwise the former might still be committed after whoever is in it was refused.
        """
        transaction = batch.transaction(fenced=bool(self._sought))
        if transaction is None:
            return True
        generation = self._replica.generation
        self._sought[batch.id] = batch
        try:
            timeout = max(self._outage_over - asyncio.get_running_loop().time(), SHORTEST_TRY)
            revision = await self._replica.store.commit(transaction, timeout=timeout)
        except Unknown:
            return False
        except Conflict:
            del self._sought[batch.id]
            return False
        except BaseException:
            del self._sought[batch.id]
            raise
        batch.revision = revision
        self._replica.write_problem = None
        await self._replica.take(Commit(revision, transaction.put, transaction.delete), generation)
        return True

"""What a server does for its store from time to time: forgets old history and, if told to, old audit events."""

import asyncio
import logging
import random
import time

from iamd.call import now
from iamd.replica.replica import Replica
from iamd.store.interface import Conflict, Revision, Unavailable, Unknown
from iamd.store.retention import History, forget_events

EVERY = 600.0  # seconds
HOUR, DAY = 3600, 86_400

_logger = logging.getLogger("iamd.server")


class Housekeeper:
    """``keep_history`` is in hours, ``keep_events`` in days, None for ever.

    Several servers of one store may each have one: what one has forgotten the others find gone.
    """

    def __init__(self, replica: Replica, keep_history: float, keep_events: int | None) -> None:
        self._replica = replica
        self._history = History(keep_history * HOUR)
        self._keep_events = keep_events
        self._events_due = 0.0
        self._forgotten: Revision = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _work(self) -> None:
        while True:
            try:
                await self.tidy(time.monotonic())
            except (Unavailable, Conflict, Unknown) as error:
                _logger.info("The store is tidied another time: %s", error)
            except Exception:
                _logger.exception("The store could not be tidied.")
            await asyncio.sleep(EVERY * random.uniform(0.9, 1.1))  # noqa: S311 - lest all servers do it at once

    async def tidy(self, clock: float) -> None:
        """Forget what is due at ``clock``, in seconds of a clock that only grows."""
        store = self._replica.store
        forgotten = self._history.mark(clock, self._replica.revision)
        if forgotten is not None and forgotten > self._forgotten:
            await store.compact(forgotten)
            self._forgotten = forgotten
        if self._keep_events is not None and clock >= self._events_due:
            self._events_due = clock + DAY / 4
            before = now() - self._keep_events * DAY
            count = await forget_events(store, sorted(self._replica.directory.account_ids), before)
            if count:
                _logger.info("Forgot %d audit events older than %d days.", count, self._keep_events)

"""What a store forgets in time: commits that nobody follows from any more, and audit events of a certain age."""

import secrets
from collections import deque
from collections.abc import Iterable

from iamd.store import layout
from iamd.store.interface import Conflict, Revision, Store, Transaction, Unknown

MAX_EVENTS = 100  # in one transaction


class History:
    """Which revision was the newest when, as far back as the change feed is to be kept (``keep``, in seconds)."""

    def __init__(self, keep: float) -> None:
        self._keep = keep
        self._marks: deque[tuple[float, Revision]] = deque()

    def mark(self, time: float, revision: Revision) -> Revision | None:
        """Note the newest revision; the one up to which the feed may be forgotten, None if there is none yet."""
        self._marks.append((time, revision))
        forgotten = None
        while self._marks[0][0] <= time - self._keep:
            forgotten = self._marks.popleft()[1]
        return forgotten


async def forget_events(store: Store, account_ids: Iterable[str], before: int) -> int:
    """Delete the audit events from before ``before``, epoch seconds; how many they were. Raises Unavailable."""
    return sum([await _forget_events_of(store, account_id, before) for account_id in account_ids])


async def _forget_events_of(store: Store, account_id: str, before: int) -> int:
    limit = layout.event_key(account_id, f"{before * 1000:013}")
    forgotten = 0
    while True:
        old = []
        async for _, page in store.scan(layout.event_key(account_id, "")):
            old += [key for key, _ in page if key < limit]
            if len(old) >= MAX_EVENTS or not page or page[-1][0] >= limit:
                break
        if not old:
            return forgotten
        # INVARIANT: like every change of an account, this replaces its head.
        head_key = layout.head_key(account_id)
        _, items = await store.get(head_key)
        if head_key not in items:
            return forgotten
        head = layout.encode_entry(layout.Head(transaction=secrets.token_hex(16)))
        gone = frozenset(old[:MAX_EVENTS])
        transaction = Transaction(expect={head_key: items[head_key].revision}, put={head_key: head}, delete=gone)
        try:
            await store.commit(transaction)
        except (Conflict, Unknown):
            continue  # and look again
        forgotten += len(gone)

"""Delivery of webhooks: audit events of chosen actions, sent to an address of the operator's, each at least once.

The store's own log is the queue: an event is in it before its call is answered, and a cursor in the store says how far
it was delivered. So nothing is lost while the receiver or this process is away, and memory holds one page of the log.
Of all processes on a store one delivers at a time, the one whose claim stands in the cursor.
"""

import asyncio
import contextlib
import hashlib
import hmac
import logging
import secrets
import time
import urllib.parse
from collections.abc import AsyncIterator, Callable, Sequence

from msgspec.structs import replace

from iamd import __version__
from iamd.server.event_log import LOOK_EVERY, SLACK, Event, events_of, find_event
from iamd.server.webhook import Webhook
from iamd.store.interface import Compacted, Conflict, Revision, Store, Transaction, Unavailable, Unknown
from iamd.store.layout import EVENT_PREFIX, WEBHOOK_PREFIX, WebhookCursor, decode_webhook_cursor, encode_entry

SEND_TIMEOUT = 10.0  # seconds
FIRST_PAUSE = 1.0  # seconds after a failure, doubled at each further one
LONGEST_PAUSE = 60.0  # seconds
CLAIM = 30.0  # seconds for which others leave the delivery to the claimant, should it die; over twice SEND_TIMEOUT
MAX_SKIPPED = 10_000  # commits without a chosen event, after which the cursor is moved all the same

_logger = logging.getLogger("iamd.webhooks")


class NotTaken(Exception):
    """A webhook's receiver did not take an event."""


class Delivery:
    """Delivers the events of one webhook, within one process."""

    def __init__(self, webhook: Webhook, store: Store, clock: Callable[[], float] = time.time) -> None:
        self.webhook = webhook
        self._store = store
        self._clock = clock
        self._key = f"{WEBHOOK_PREFIX}{webhook.name}"
        self._id = secrets.token_hex(8)
        self._matches = webhook.selection.matcher()
        self._cursor = WebhookCursor(revision=0, event_id="")
        self._cursor_revision: Revision = 0
        self._position: Revision = 0  # up to which this process has looked
        self._newest = ""  # id of the newest event that it has seen

    async def open(self) -> None:
        """Find the cursor. Raises Unavailable, Unknown."""
        await self._read_cursor()

    async def run(self) -> None:
        """Deliver until cancelled."""
        pause = FIRST_PAUSE
        while True:
            try:
                await self.deliver_all()
                pause = FIRST_PAUSE
                await asyncio.sleep(LOOK_EVERY)
                continue
            except (NotTaken, Unavailable, Unknown) as problem:
                _logger.warning("The webhook %s waits for %d s: %s", self.webhook.name, pause, problem)
            except Exception:
                _logger.exception("The webhook %s waits for %d s, by a fault of iamd.", self.webhook.name, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def deliver_all(self) -> None:
        """Deliver what there is, unless another process does. Raises NotTaken, Unavailable, Unknown."""
        while self._store.poll(self._position):
            try:
                commits = await self._store.changes(self._position)
            except Compacted:
                await self._deliver_since_cursor()
                continue
            if not commits:
                return
            events = [(commit.revision, event) for commit in commits for event in events_of(commit)]
            newest = max((event.id for _, event in events), default="")
            chosen = [(revision, event) for revision, event in events if self._matches(event)]
            if not await self._deliver(chosen, commits[-1].revision, newest):
                return

    async def _deliver_since_cursor(self) -> None:
        """Where the log does not lead on from the cursor: all events since it, some of them for a second time."""
        _, head = await self._store.head()
        await self._read_cursor()
        since = _id_at((int(self._cursor.event_id[:13]) - SLACK) / 1000)
        events: list[Event] = []
        async for _, items in self._store.scan(EVENT_PREFIX):
            found = (find_event(key, item.value) for key, item in items)
            events += [event for event in found if event is not None and event.id >= since and self._matches(event)]
        events.sort(key=lambda event: event.id)
        await self._deliver([(self._cursor.revision + 1, event) for event in events], head, _id_at(self._clock()))

    async def _deliver(self, events: Sequence[tuple[Revision, Event]], end: Revision, newest: str) -> bool:
        """Deliver events, with the revisions that brought them, and move the cursor to ``end``.

        False if another process does. Raises NotTaken, with the cursor before what was not taken.
        """
        if events and not await self._claim():
            return False
        for revision, event in events:
            if self._cursor.until - self._clock() < CLAIM / 2 and not await self._claim():
                return False
            problem = await asyncio.to_thread(send, self.webhook, event, int(self._clock()))
            if problem is not None:
                before = max(revision - 1, self._cursor.revision)
                await self._write_cursor(replace(self._cursor, revision=before, holder=None, until=0.0))
                self._position = self._cursor.revision
                raise NotTaken(f"event {event.record.get('eventID')} was not taken: {problem}.")
        self._position, self._newest = end, max(newest, self._newest)
        if not events and end - self._cursor.revision <= MAX_SKIPPED:
            return True
        event_id = max(self._newest, self._cursor.event_id)
        return await self._write_cursor(WebhookCursor(revision=end, event_id=event_id))

    # The cursor -------------------------------------------------------------------------------------------------------

    async def _claim(self) -> bool:
        """Whether it is this process that delivers, for a while from now; it then goes on from the cursor as read."""
        known = self._cursor.revision
        if self._cursor.holder != self._id:
            await self._read_cursor()
        if self._cursor.holder not in (None, self._id) and self._cursor.until > self._clock():
            return False
        if self._cursor.revision != known:
            return False  # another process has delivered meanwhile, and this one looks again from where that was
        return await self._write_cursor(replace(self._cursor, holder=self._id, until=self._clock() + CLAIM))

    async def let_go(self) -> None:
        """Leave the delivery to others at once, from where this process has looked, if the store can be written."""
        claimed, moved = self._cursor.holder == self._id, self._position > self._cursor.revision
        if claimed or (moved and self._cursor.holder is None):
            revision = self._cursor.revision if claimed else self._position
            event_id = max(self._newest, self._cursor.event_id)
            with contextlib.suppress(Unavailable, Unknown):
                await self._write_cursor(WebhookCursor(revision=revision, event_id=event_id))

    async def _read_cursor(self) -> None:
        """What the store says; a webhook that is new begins with what comes now."""
        head, items = await self._store.get(self._key)
        while self._key not in items:
            new = WebhookCursor(revision=head, event_id=_id_at(self._clock()))
            with contextlib.suppress(Conflict):  # another process was first
                await self._store.commit(Transaction(expect={self._key: 0}, put={self._key: encode_entry(new)}))
            head, items = await self._store.get(self._key)
        item = items[self._key]
        self._cursor, self._cursor_revision = decode_webhook_cursor(item.value), item.revision
        self._position = self._cursor.revision

    async def _write_cursor(self, cursor: WebhookCursor) -> bool:
        """False if another process was first, whose cursor is then known."""
        transaction = Transaction(expect={self._key: self._cursor_revision}, put={self._key: encode_entry(cursor)})
        try:
            self._cursor_revision = await self._store.commit(transaction)
        except (Conflict, Unknown):
            await self._read_cursor()
            return False
        self._cursor = cursor
        return True


def send(webhook: Webhook, event: Event, now: int) -> str | None:
    """Send one event; None if it was taken (any status from 200 to 299), else why not. Blocks."""
    import http.client

    url = urllib.parse.urlsplit(webhook.url)
    make = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = make(url.hostname or "", url.port, timeout=SEND_TIMEOUT)
    path = url.path or "/"
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"iamd/{__version__}",
        "X-Iamd-Event-Id": str(event.record.get("eventID", event.id)),
        "X-Iamd-Timestamp": str(now),
        "X-Iamd-Signature": signature(webhook.secret, now, event.stored),
    }
    try:
        connection.request("POST", f"{path}?{url.query}" if url.query else path, event.stored, headers)
        status = connection.getresponse().status
    except (OSError, ValueError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        connection.close()
    return None if 200 <= status < 300 else f"it answered {status}"


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """``v1=`` and the HMAC-SHA256, in hexadecimal, of the timestamp, a dot and the body."""
    return "v1=" + hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()


@contextlib.asynccontextmanager
async def delivering(webhooks: Sequence[Webhook], store: Store) -> AsyncIterator[None]:
    """Deliver meanwhile, from a store of its own that is not open yet.

    If the store is out of reach, which stops no server from answering, delivery begins when it is back.
    """
    deliveries = [Delivery(webhook, store) for webhook in webhooks]
    is_open = False
    with contextlib.suppress(Unavailable, Unknown):
        await _open(store, deliveries)  # before anything is answered, so that new webhooks miss nothing
        is_open = True
    task = asyncio.create_task(_deliver(store, deliveries, is_open=is_open))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        for delivery in deliveries:
            await delivery.let_go()
        await store.close()


async def _open(store: Store, deliveries: Sequence[Delivery]) -> None:
    await store.open()
    for delivery in deliveries:
        await delivery.open()


async def _deliver(store: Store, deliveries: Sequence[Delivery], *, is_open: bool) -> None:
    while not is_open:
        try:
            await asyncio.sleep(LONGEST_PAUSE)
            await _open(store, deliveries)
            is_open = True
        except (Unavailable, Unknown) as error:
            _logger.warning("Webhooks wait for the store: %s", error)
    await asyncio.gather(*(delivery.run() for delivery in deliveries))


def _id_at(seconds: float) -> str:
    """What the ids of events at that time and later are not before."""
    return f"{int(seconds * 1000):013}"

"""The distributed store: an etcd cluster, whose members outlive machines and regions (docs/decisions/0016-etcd.md)."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc.aio

from iamd.store import etcd_api_pb2 as api
from iamd.store.etcd_client import COMPACT, HASH, RANGE, STATUS, TRY_TIMEOUT, TXN, EtcdClient
from iamd.store.etcd_feed import EtcdFeed, State, compacted_revision
from iamd.store.etcd_keys import EtcdKeys, end_of
from iamd.store.etcd_settings import EtcdSettings
from iamd.store.interface import (
    Commit,
    Compacted,
    Conflict,
    Contact,
    Item,
    Limits,
    Revision,
    TooLarge,
    Transaction,
    Unavailable,
    Unknown,
)

# etcd takes 128 operations and 1.5 MiB by default; each commit has one operation more than its transaction, and etcd
# counts the prefixes of keys and its own framing.
LIMITS = Limits(operations=126, size=1_400_000)
OPEN_TIMEOUT = 3.0  # seconds
READ_TIMEOUT = 2.0  # seconds
OUTAGE_READ_TIMEOUT = 0.5  # seconds that one more member may take while the feed is interrupted
HEAR_TIMEOUT = 0.7  # seconds that a commit which is known of may take to be heard
MEND_PAUSE = 1.0  # seconds
PAGE_BYTES = 1 << 20  # of a scan, roughly
FIRST_PAGE_ITEMS = 100
MAX_PAGE_ITEMS = 1000


class EtcdStore:
    """A store under the prefix of ``settings`` in an etcd cluster.

    What others commit is heard a moment later, through a watch; what was heard of without being heard yet, such as this
    process's own commits, ``changes`` waits for. If ``open`` raises Unavailable, the store goes on trying.
    """

    at_once = False
    limits = LIMITS

    def __init__(self, settings: EtcdSettings) -> None:
        self.settings = settings
        self._keys = EtcdKeys(settings.prefix.encode())
        self.client = EtcdClient(settings)
        self._listeners: list[Callable[[], None]] = []
        self._feed = EtcdFeed(self.client, self._keys, self._read_state, self._tell)
        self._newest: Revision = 0  # of the commits known of
        self._mend_after = 0.0  # the event loop's time before which a feed that broke is not tried to be mended again
        self._beginning = asyncio.Lock()
        self._retrying: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Raises Unavailable if no quorum answers in time, after which the store opens by itself when one does."""
        if self._retrying is None:
            self.client.open()
            self._newest = 0
        try:
            await self._begin(OPEN_TIMEOUT)
        except (Unavailable, Unknown, TooLarge) as error:
            self._feed.problem = str(error)
            if self._retrying is None:
                self._retrying = asyncio.create_task(self._retry())
            raise Unavailable(str(error)) from error

    async def _retry(self) -> None:
        while self._feed.state is None:
            try:
                await self._begin(OPEN_TIMEOUT)
            except (Unavailable, Unknown, TooLarge) as error:
                self._feed.problem = str(error)
                await asyncio.sleep(1.0)
        self._tell()

    async def _begin(self, timeout: float) -> str:
        """Follow the state that is current, if none is followed yet; its epoch."""
        if self._feed.state is None:
            if self._retrying is not None and self._retrying is not asyncio.current_task():
                raise Unavailable(self._feed.problem)
            async with self._beginning:
                if self._feed.state is None:
                    state = await self._read_state(timeout, create=True)
                    self._feed.follow(state, state.head)
                    return state.epoch
        return self._feed.state.epoch

    async def close(self) -> None:
        ending = [task for task in (self._retrying, self._feed.stop()) if task is not None]
        if self._retrying is not None:
            self._retrying.cancel()
            self._retrying = None
        self._feed.state = None
        await asyncio.gather(*ending, return_exceptions=True)
        await self.client.close()

    def listen(self, heard: Callable[[], None]) -> None:
        self._listeners.append(heard)

    def _tell(self) -> None:
        self._newest = max(self._newest, self._feed.position)
        for heard in self._listeners:
            heard()

    def let_go(self, before: Revision) -> None:
        if not self._feed.broken and before >= self._feed.floor:
            self._feed.take(before, 0)

    def contact(self) -> Contact:
        feed = self._feed
        age = asyncio.get_running_loop().time() - feed.contact if feed.contact else None
        return Contact(feed.problem, age)

    # Writing ----------------------------------------------------------------------------------------------------------

    async def commit(self, transaction: Transaction, *, timeout: float = 5.0) -> Revision:
        limits = self.limits
        if (
            max(transaction.operations, len(transaction.expect)) > limits.operations
            or transaction.size + sum(map(len, transaction.expect)) > limits.size
        ):
            raise TooLarge(f"A transaction changes {limits.operations} keys and {limits.size} bytes at most.")
        deadline = self._deadline(timeout)
        epoch = await self._begin(timeout)
        keys = self._keys
        request = api.TxnRequest(
            compare=[
                api.Compare(target=api.Compare.VALUE, key=keys.current, value=epoch.encode()),
                *(
                    api.Compare(target=api.Compare.MOD, key=keys.data(epoch, key), mod_revision=revision)
                    for key, revision in transaction.expect.items()
                ),
            ],
            success=[
                _put(keys.head(epoch), b""),
                *(_put(keys.data(epoch, key), value) for key, value in transaction.put.items()),
                *(
                    api.RequestOp(delete_range=api.DeleteRangeRequest(key=keys.data(epoch, key)))
                    for key in transaction.delete
                ),
            ],
            failure=[_range(keys.head(epoch))],
        )
        answer = await self.client.call(TXN, request, deadline, writes=True)
        if not answer.succeeded:
            # What this writer did not know of is now known of, and the next to ask will wait until it is heard.
            self._know(answer.responses[0].range.kvs)
            raise Conflict("Another writer was first.")
        revision = int(answer.header.revision)
        self._newest = max(self._newest, revision)
        return revision

    async def compact(self, before: Revision) -> None:
        state = await self._read_state(READ_TIMEOUT)
        before = min(before, state.head)
        if before <= state.compacted:
            return
        key = self._keys.compacted(state.epoch)
        request = api.TxnRequest(
            compare=[api.Compare(target=api.Compare.VALUE, key=self._keys.current, value=state.epoch.encode())],
            success=[_put(key, b"%d" % before)],
        )
        answer = await self.client.call(TXN, request, self._deadline(READ_TIMEOUT), writes=True)
        if not answer.succeeded:
            raise Unavailable("Another state of the store was restored meanwhile.")
        self._feed.mark_compacted(before)
        try:
            # The revision that etcd compacts to loses its deletions; nobody reads it any more, by the marker.
            await self.client.call(COMPACT, api.CompactionRequest(revision=before), self._deadline(READ_TIMEOUT))
        except Compacted:
            return  # others have, and further

    # Reading ----------------------------------------------------------------------------------------------------------

    async def _read_state(self, timeout: float = READ_TIMEOUT, *, create: bool = False) -> State:
        """What is current, by a quorum; with ``create`` a first, empty state if there is none."""
        keys = self._keys
        if create:
            request = api.TxnRequest(
                compare=[api.Compare(target=api.Compare.CREATE, key=keys.current, create_revision=0)],
                success=[_put(keys.current, secrets.token_hex(6).encode()), _range(keys.current)],
                failure=[_range(keys.current)],
            )
        else:
            request = api.TxnRequest(success=[_range(keys.current)])
        # Twice at most one of them writes, and whoever asks again hears which.
        found = await self.client.call(TXN, request, self._deadline(timeout), writes=False)
        kvs = found.responses[-1].range.kvs
        epoch = self._notice(kvs)
        request = api.TxnRequest(success=[_range(keys.head(epoch)), _range(keys.compacted(epoch))])
        answer = await self.client.call(TXN, request, self._deadline(timeout))
        head, compacted = (response.range.kvs for response in answer.responses)
        return State(
            epoch=epoch,
            begun=kvs[0].mod_revision,
            head=self._know(head),
            compacted=compacted_revision(compacted[0]) if compacted else 0,
            revision=answer.header.revision,
        )

    def _know(self, head: Any) -> Revision:
        revision = int(head[0].mod_revision) if head else 0
        self._newest = max(self._newest, revision)
        return revision

    async def get(self, *keys: str) -> tuple[Revision, dict[str, Item]]:
        def reads(epoch: str) -> list[Any]:
            return [_range(self._keys.head(epoch)), *(_range(self._keys.data(epoch, key)) for key in keys)]

        _, answer = await self._read_current(reads, READ_TIMEOUT)
        head, *found = (response.range.kvs for response in answer.responses)
        items = {key: _item(kvs[0]) for key, kvs in zip(keys, found, strict=True) if kvs}
        return self._know(head), items

    async def _read_current(
        self, reads: Callable[[str], list[Any]], timeout: float, *, quorum: bool = True
    ) -> tuple[str, Any]:
        """What the reads answer on the state that is current, and its epoch."""
        epoch = await self._begin(READ_TIMEOUT)
        while True:
            operations, otherwise = reads(epoch), [_range(self._keys.current)]
            for operation in (*operations, *otherwise):
                operation.range.serializable = not quorum
            compare = api.Compare(target=api.Compare.VALUE, key=self._keys.current, value=epoch.encode())
            request = api.TxnRequest(compare=[compare], success=operations, failure=otherwise)
            answer = await self.client.call(TXN, request, self._deadline(timeout), quorum=quorum)
            if answer.succeeded:
                return epoch, answer
            epoch = self._notice(answer.responses[0].range.kvs)

    def _notice(self, current: Any) -> str:
        """Know which state is current; the feed is to be begun anew if it is not the one followed."""
        if not current:
            raise Unavailable(f"etcd holds no store under {self.settings.prefix}: it was removed.")
        epoch = str(current[0].value.decode())
        if self._feed.state is not None and self._feed.state.epoch != epoch and not self._feed.broken:
            self._feed.broken = True
            self._tell()
        return epoch

    async def head(self) -> tuple[str, Revision]:
        await self._begin(READ_TIMEOUT)
        state = await self._read_state()
        return state.epoch, state.head

    async def scan(self, prefix: str) -> AsyncIterator[tuple[Revision, list[tuple[str, Item]]]]:
        epoch, answer = await self._read_first_page(prefix)
        found, head_found = (response.range for response in answer.responses)
        head, at = self._know(head_found.kvs), int(answer.header.revision)
        cut, end = len(self._keys.data(epoch)), end_of(self._keys.data(epoch, prefix))
        try:
            while True:
                page = [(kv.key[cut:].decode(), _item(kv)) for kv in found.kvs]
                yield head, page
                if not found.more:
                    return
                mean = sum(len(item.value) for _, item in page) // len(page) + 100
                limit = max(1, min(MAX_PAGE_ITEMS, PAGE_BYTES // mean))
                request = api.RangeRequest(key=found.kvs[-1].key + b"\0", range_end=end, limit=limit, revision=at)
                found = await self._read_page(request)
        except Compacted as error:
            raise Unavailable("etcd compacted what was being read; try again.") from error

    async def _read_first_page(self, prefix: str) -> tuple[str, Any]:
        """Asked first of one member alone, which will do if it knows all that this process knows of."""

        def reads(epoch: str) -> list[Any]:
            key = self._keys.data(epoch, prefix)
            page = api.RangeRequest(key=key, range_end=end_of(key), limit=FIRST_PAGE_ITEMS)
            return [api.RequestOp(range=page), _range(self._keys.head(epoch))]

        # Whoever has lost the others has nothing to wait for.
        timeout = READ_TIMEOUT if self._feed.problem is None else OUTAGE_READ_TIMEOUT
        with contextlib.suppress(Unavailable):
            epoch, answer = await self._read_current(reads, timeout, quorum=False)
            if answer.header.revision >= self._newest:
                return epoch, answer
        return await self._read_current(reads, timeout)

    async def _read_page(self, page: Any) -> Any:
        page.serializable = True
        with contextlib.suppress(Unavailable):
            return await self.client.call(RANGE, page, self._deadline(READ_TIMEOUT), quorum=False)
        page.serializable = False
        return await self.client.call(RANGE, page, self._deadline(READ_TIMEOUT))

    # The change feed --------------------------------------------------------------------------------------------------

    def poll(self, after: Revision) -> bool:
        return self._newest > after or self._feed.broken

    async def changes(self, after: Revision, *, limit: int = 1000) -> list[Commit]:
        await self._begin(HEAR_TIMEOUT)
        feed = self._feed
        for again in (True, False):
            if not feed.broken:
                self._verify_kept(after)
                if after < feed.floor:
                    assert feed.state is not None
                    feed.follow(feed.state, after)
                await feed.wait_for(self._newest, after, HEAR_TIMEOUT)
            if not feed.broken:
                break
            await self._mend(after if again else None)
        self._verify_kept(after)
        return feed.take(after, limit)

    async def _mend(self, after: Revision | None) -> None:
        """Follow what is current. Raises Compacted unless its history leads on from ``after``."""
        before = self._feed.state
        clock = asyncio.get_running_loop().time
        if self._feed.problem is not None and clock() < self._mend_after:
            raise Unavailable(self._feed.problem)  # whoever only reads is not to wait for what just failed
        try:
            state = await self._read_state(HEAR_TIMEOUT)
        except Unavailable as error:
            self._feed.problem, self._mend_after = str(error), clock() + MEND_PAUSE
            raise
        if before is not None and before.epoch == state.epoch:
            if after is not None and state.compacted <= after <= state.head:
                self._feed.follow(state, after)
                return
            reason = "etcd compacted its history."
        else:
            reason = "Another state of the store was restored."
        self._newest = state.head  # numbers of another history do not count
        self._feed.follow(state, state.head)
        raise Compacted(reason)

    def _verify_kept(self, after: Revision) -> None:
        state = self._feed.state
        if state is not None and after < state.compacted:
            raise Compacted(f"The change feed begins after revision {state.compacted}.")

    # Checking ---------------------------------------------------------------------------------------------------------

    async def check(self) -> list[str]:
        await self._begin(READ_TIMEOUT)
        findings: list[str] = []
        answer = await self.client.call(
            TXN, api.TxnRequest(success=[_range(self._keys.current)]), self._deadline(READ_TIMEOUT)
        )
        hashes: dict[str, tuple[int, int]] = {}
        for member in self.client.members:
            try:
                await member.connect(TRY_TIMEOUT)
                token = await self.client.authenticate()
                status = await member.call(STATUS, api.StatusRequest(), READ_TIMEOUT, token)
                findings += [f"etcd's member {member.endpoint} reports: {error}." for error in status.errors]
                if not status.leader:
                    findings.append(f"etcd's member {member.endpoint} has no leader.")
                asked = api.HashKVRequest(revision=answer.header.revision)
                hashed = await member.call(HASH, asked, 10 * READ_TIMEOUT, token)
                hashes[member.endpoint] = (hashed.compact_revision, hashed.hash)
            except Unavailable as error:
                findings.append(f"etcd's member {member.endpoint} does not answer: {error}.")
            except grpc.aio.AioRpcError as error:
                if "permission denied" not in (error.details() or ""):  # only etcd's root may ask all of it
                    findings.append(f"etcd's member {member.endpoint} does not answer: {error.details()}.")
        for compacted in {compacted for compacted, _ in hashes.values()}:
            alike = {hashed for at, hashed in hashes.values() if at == compacted}
            if len(alike) > 1:
                findings.append("etcd's members hold different data: replace the member that differs from the others.")
        return findings

    def _deadline(self, timeout: float) -> float:
        return asyncio.get_running_loop().time() + timeout


def _put(key: bytes, value: bytes) -> Any:
    return api.RequestOp(put=api.PutRequest(key=key, value=value))


def _range(key: bytes) -> Any:
    return api.RequestOp(range=api.RangeRequest(key=key))


def _item(found: Any) -> Item:
    return Item(found.value, found.mod_revision)

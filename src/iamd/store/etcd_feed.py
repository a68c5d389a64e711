"""The change feed of an etcd store: a watch that goes on by itself, made into whole commits that wait to be taken."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Any, NamedTuple

import grpc
import grpc.aio

from iamd.store import etcd_api_pb2 as api
from iamd.store.etcd_client import CONNECT_TIMEOUT, RANGE, TRY_TIMEOUT, EtcdClient, explain
from iamd.store.etcd_keys import EtcdKeys, end_of
from iamd.store.interface import Commit, Compacted, Revision, TooLarge, Unavailable, Unknown

MAX_WAITING = 10_000  # commits that wait to be taken; then nothing more is read
MAX_WAITING_BYTES = 64 << 20
ASK_EVERY = 1.0  # seconds: whether the member is still there
SILENCE = 3.0  # seconds without a word after which it is not
HOME_EVERY = 15.0  # seconds: whether the preferred member is there again
PAUSES = (0.05, 0.1, 0.2, 0.5)  # seconds between attempts, the last for all further ones

_logger = logging.getLogger("iamd.store")


class State(NamedTuple):
    """What etcd says of a store at one moment, read with a quorum."""

    epoch: str
    begun: Revision  # of etcd, when this state became current
    head: Revision
    compacted: Revision  # what the change feed has forgotten
    revision: Revision  # of etcd, which counts others' commits too


class EtcdFeed:
    """Follows the state of the store that ``follow`` was told, from its revision on.

    ``read_state`` raises Unavailable. ``heard`` is called when there is something new: commits, or a change of
    ``problem``. INVARIANT: ``commits`` holds every commit after ``floor`` up to ``position``, whole and in order.
    """

    def __init__(
        self,
        client: EtcdClient,
        keys: EtcdKeys,
        read_state: Callable[[], Awaitable[State]],
        heard: Callable[[], None],
    ) -> None:
        self._client = client
        self._keys = keys
        self._read_state = read_state
        self._heard = heard
        self.state: State | None = None  # as followed: its epoch; head and compacted are as last heard of
        self.position: Revision = 0
        self.floor: Revision = 0
        self.broken = False  # the state is no longer current, or its feed no longer leads from position to the present
        self.problem: str | None = "The store was not reached yet."
        self.contact = 0.0  # the event loop's time when everything up to then was known to be heard
        self._commits: deque[Commit] = deque()
        self._bytes = 0
        self._room = asyncio.Event()
        self._room.set()
        self._waiters: set[asyncio.Future[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._last_word = 0.0  # the event loop's time when the member last said anything
        self._go_home = False  # the watch was ended because the preferred member is there again

    def mark_compacted(self, before: Revision) -> None:
        """Know that the change feed has forgotten commits up to ``before``."""
        if self.state is not None:
            self.state = self.state._replace(compacted=max(self.state.compacted, before))

    # Following --------------------------------------------------------------------------------------------------------

    def follow(self, state: State, after: Revision) -> None:
        """Hear of all commits to ``state`` after a revision."""
        self.stop()
        self.state = state
        self.position = self.floor = after
        self.broken = False
        self.problem = None
        self.contact = asyncio.get_running_loop().time()
        self._commits.clear()
        self._bytes = 0
        self._room.set()
        self._task = asyncio.create_task(self._run(_start(state, after)))

    def stop(self) -> "asyncio.Task[None] | None":
        """Hear no more; the task that is about to end, if there is one."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        self._wake()
        return task

    async def _run(self, start: Revision | None) -> None:
        failures = 0
        while not self.broken:
            member = None
            try:
                if start is None:
                    start = await self._find_start()
                    if start is None:
                        break
                member = self._client.member
                await self._watch(member, start)
                start, failures = None, 0
                continue
            except (Unavailable, Unknown, TooLarge) as error:
                problem = explain(str(error))
            except Compacted:
                break
            except grpc.aio.AioRpcError as error:
                problem = explain(error.details() or error.code().name)
            except Exception as error:
                _logger.exception("The watch of etcd ended by a fault of iamd, and begins anew.")
                problem = f"etcd cannot be followed: {type(error).__name__}."
            start = None
            if member is not None:
                failures = 0 if self.problem is None else failures
                self._client.failed(member)
            self._lose(problem)
            await asyncio.sleep(PAUSES[min(failures, len(PAUSES) - 1)])
            failures += 1
        self.broken = True
        self._tell()

    async def _find_start(self) -> Revision | None:
        """The revision of etcd up to which nothing is missing; None if no history leads from here to the present."""
        assert self.state is not None
        state = await self._read_state()
        if state.epoch != self.state.epoch or state.head < self.position or state.compacted > self.position:
            return None
        self.state = state
        return _start(state, self.position)

    async def _watch(self, member: Any, start: Revision) -> None:
        await member.connect(CONNECT_TIMEOUT)
        stream = member.watch(await self._client.authenticate())
        asked = asyncio.create_task(self._ask(stream))
        try:
            prefix = self._keys.prefix
            create = api.WatchCreateRequest(key=prefix, range_end=end_of(prefix), start_revision=start + 1)
            await stream.write(api.WatchRequest(create=create))
            while True:
                response = await stream.read()
                if response is grpc.aio.EOF:
                    raise Unavailable("etcd ended the watch.")
                if response.compact_revision:
                    raise Compacted("etcd has compacted the history that was to be heard.")
                if response.canceled:
                    raise Unavailable(explain(response.cancel_reason or "the watch was cancelled"))
                if response.created:
                    await self._verify_uncompacted(member, start)
                self._take_in(response)
                if self.broken:
                    return
                await self._room.wait()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            if self._go_home:
                return
            raise Unavailable(f"{member.endpoint} has fallen silent.") from None  # see _ask
        finally:
            asked.cancel()
            stream.cancel()
            await asyncio.gather(asked, return_exceptions=True)

    async def _verify_uncompacted(self, member: Any, start: Revision) -> None:
        """etcd takes a watch from the very revision that it compacted to, and leaves out the deletions in that one."""
        # A read at the revision before is refused then, and taken otherwise.
        request = api.RangeRequest(key=self._keys.current, revision=start, serializable=True, count_only=True)
        try:
            await member.call(RANGE, request, TRY_TIMEOUT, self._client.token)
        except grpc.aio.AioRpcError as error:
            problem = error.details() or ""
            if "has been compacted" in problem:
                raise Compacted("etcd has compacted the history that was to be heard.") from None
            if "future revision" not in problem:  # the member has not come as far: nothing can be missing
                raise

    async def _ask(self, stream: Any) -> None:
        """Ask whether the member is still there, and end the stream if it is not, or if the preferred one is again."""
        clock = asyncio.get_running_loop().time
        began = clock()
        self._go_home = False
        self._last_word = began
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            while True:
                await asyncio.sleep(ASK_EVERY)
                if not self._room.is_set():
                    self._last_word = clock()
                elif clock() - self._last_word > SILENCE:
                    break
                if not self._client.at_home and clock() - began > HOME_EVERY:
                    began = clock()
                    self._go_home = await self._client.try_home()
                    if self._go_home:
                        break
                await stream.write(api.WatchRequest(progress=api.WatchProgressRequest()))
        stream.cancel()

    def _take_in(self, response: Any) -> None:
        now = asyncio.get_running_loop().time()
        self._last_word = now
        self.contact = now
        changed = self.problem is not None
        self.problem = None
        if response.events:
            self._take_events(response.events)
            changed = True
        if changed:
            self._tell()

    def _take_events(self, events: Any) -> None:
        """Make commits of the events, which come in the order of revisions, those of one revision together."""
        assert self.state is not None
        epoch = self.state.epoch
        data, head = self._keys.data(epoch), self._keys.head(epoch)
        cut = len(data)
        put: dict[str, bytes] = {}
        delete: set[str] = set()
        revision = 0
        complete = False
        for event in events:
            item = event.kv
            if item.mod_revision != revision:
                if complete:
                    self._add(Commit(revision, put, frozenset(delete)))
                put, delete, revision, complete = {}, set(), item.mod_revision, False
            key = item.key
            if key.startswith(data):
                if event.type:
                    delete.add(key[cut:].decode())
                else:
                    put[key[cut:].decode()] = item.value
            elif key == head:
                complete = not event.type
            elif key == self._keys.current and (event.type or item.value != epoch.encode()):
                self.broken = True
            elif key == self._keys.compacted(epoch):
                self.mark_compacted(compacted_revision(item))
        if complete:
            self._add(Commit(revision, put, frozenset(delete)))

    def _add(self, commit: Commit) -> None:
        if commit.revision <= self.position:
            return
        self._bytes += _size(commit)
        self._commits.append(commit)
        self.position = commit.revision
        if len(self._commits) >= MAX_WAITING or self._bytes >= MAX_WAITING_BYTES:
            self._room.clear()

    def _lose(self, problem: str) -> None:
        told = self.problem == problem
        self.problem = problem
        if not told:
            self._tell()

    def _tell(self) -> None:
        self._wake()
        self._heard()

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    # Taking -----------------------------------------------------------------------------------------------------------

    async def wait_for(self, target: Revision, after: Revision, timeout: float) -> None:
        """Wait until there is a commit after ``after``, or everything up to ``target`` was heard, or the feed broke.

        Raises Unavailable if it cannot be heard, or not within ``timeout`` seconds.
        """
        deadline = asyncio.get_running_loop().time() + timeout
        while self.position < target and self.position <= after and not self.broken:
            if self.problem is not None:
                raise Unavailable(self.problem)
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                async with asyncio.timeout_at(deadline):
                    await waiter
            except TimeoutError:
                self._lose("etcd is slow to tell what was committed.")
                raise Unavailable("etcd is slow to tell what was committed.") from None
            finally:
                self._waiters.discard(waiter)

    def take(self, after: Revision, limit: int) -> list[Commit]:
        """Up to ``limit`` of the commits after ``after``, which is no less than ``floor``; earlier ones are let go."""
        commits = self._commits
        while commits and commits[0].revision <= after:
            self._bytes -= _size(commits.popleft())
        self.floor = max(self.floor, after)
        self._room.set()
        return list(islice(commits, limit))


def _start(state: State, after: Revision) -> Revision:
    """The revision of etcd after which the first commit after ``after`` is."""
    # What others write and compact while this store rests must not cost its history.
    return state.revision if after == state.head else max(after, state.begun)


def compacted_revision(item: Any) -> Revision:
    """What the item under ``EtcdKeys.compacted`` says."""
    return int(item.value) if item.value else int(item.mod_revision)


def _size(commit: Commit) -> int:
    return 200 + sum(len(key) + len(value) for key, value in commit.put.items()) + sum(map(len, commit.delete))

"""The replica: the accounts of a store in the memory of one process, read from there and written through here."""

import asyncio
import contextlib
import secrets
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from iamd.account.changes import Put
from iamd.account.directory import Directory
from iamd.account.ids import find_account_id
from iamd.account.records import AccessKey, Record, Settings, encode_record
from iamd.account.state import Account
from iamd.call import Caller
from iamd.errors import EntityAlreadyExists, ServiceUnavailable
from iamd.replica.applying import apply_commit, apply_to_directory, decode_stored_record
from iamd.replica.batch import Committed, Run, Written, new_event_id
from iamd.replica.keeping import SnapshotKeeper
from iamd.replica.last_used import LastUsedNotes
from iamd.replica.writing import WriteQueue
from iamd.store import layout
from iamd.store.interface import Commit, Compacted, Conflict, Revision, Store, Transaction, Unavailable, Unknown

__all__ = ["Replica", "Watcher", "Written"]

DIRECTORY_PREFIXES = (
    layout.ACCOUNT_PREFIX,
    layout.ALIAS_PREFIX,
    layout.ACCESS_KEY_PREFIX,
    layout.ORGANIZATION_PREFIX,
    layout.MEMBER_PREFIX,
    layout.DELEGATION_PREFIX,
    layout.SERVICE_USES_PREFIX,
)

REMEMBER_USE = 60  # seconds for which it is not looked whether a use has to be recorded again
MAX_REMEMBERED_USES = 10_000  # of one account
BELIEVE_PROBLEM = 5.0  # seconds for which a write that failed tells of the store that is heard
WAIT_STEP = 0.02  # seconds between looks for a revision that is waited for


class Watcher(Protocol):
    """Whoever wants to know what is under some prefix of a store (see ``Replica.watch``)."""

    def hear(self, key: str, value: bytes | None) -> None:
        """A commit put this key or, with None, deleted it."""

    def hear_all(self, values: Mapping[str, bytes]) -> None:
        """These are all the keys there are: at first, and when commits can no longer be followed one by one."""


class Replica:
    """What one process knows of a store, and the one way through which it changes accounts.

    ``store`` is open before ``open`` and stays so until after ``close``. ``directory`` is filled by the replica. All
    methods are called from one event loop. INVARIANT: every commit is applied at most once, whole, in the order of
    revisions, and between two awaits; so whoever reads sees the state at one revision.
    """

    def __init__(self, store: Store, directory: Directory, keeper: SnapshotKeeper | None = None) -> None:
        self.store = store
        self.directory = directory
        self.epoch = ""  # of the store, as known
        self.revision: Revision = 0  # of the newest commit applied
        self.generation = 0  # counts how often everything known was dropped to be read anew
        self.problem: str | None = None  # why the store was last unavailable, None if it was not
        self.write_problem: str | None = None  # why the last write could not be made, None if it was
        self._write_problem_at = 0.0  # the event loop's time when that was
        self.last_used = LastUsedNotes(self)
        self.analyses = asyncio.Lock()  # held by whoever computes on accounts for long
        self.entries: dict[str, bytes] = {}  # stored keys and values of the directory and of what is watched, if kept
        self._keeper = keeper  # of a snapshot on disk
        self._from_snapshot = False  # and nothing was heard from the store since
        self._news = asyncio.Event()
        self._hearing: asyncio.Task[None] | None = None
        self._accounts: dict[str, Account] = {}
        self._loading: dict[str, asyncio.Task[Account | None]] = {}
        self._missed: dict[str, list[Commit]] = {}  # commits to accounts that came while they were being loaded
        self._queues: dict[str, WriteQueue] = {}
        self._watchers: list[tuple[str, Watcher]] = []
        self._following = asyncio.Lock()
        self._knows_directory = False
        self._closed = False

    async def open(self) -> None:
        """Load the directory. Raises Unavailable, if there is no snapshot to begin with either."""
        begun = self._keeper is not None and self._begin_from_snapshot(self._keeper)
        try:
            await self._catch_up()
        except Unavailable:
            if not begun:
                raise
        self.store.listen(self._news.set)
        self._hearing = asyncio.create_task(self._hear_news())
        self.last_used.open()
        if self._keeper is not None:
            self._keeper.start(self)

    async def close(self) -> None:
        """Finish the writes that are queued; further ones are refused."""
        if self._hearing is not None:
            self._hearing.cancel()
        await self.last_used.close()
        self._closed = True
        for queue in self._queues.values():
            await queue.drain()
        if self._keeper is not None:
            await self._keeper.close(self)

    def note_write_problem(self, problem: str) -> None:
        """A write could not be made."""
        self.write_problem, self._write_problem_at = problem, asyncio.get_running_loop().time()

    def find_problem(self) -> str | None:
        """Why reads or writes fail, as far as the last ones tell; None if they do not.

        A distributed store that is heard again has probably recovered, and nobody need write for health to say so.
        """
        if not self.store.at_once and asyncio.get_running_loop().time() > self._write_problem_at + BELIEVE_PROBLEM:
            return self.problem
        return self.problem or self.write_problem

    def watch(self, prefix: str, watcher: "Watcher") -> None:
        """Let ``watcher`` hear of the keys under ``prefix``. Called before ``open``."""
        self._watchers.append((prefix, watcher))

    # Reading ----------------------------------------------------------------------------------------------------------

    def find_account(self, account_id: str) -> Account | None:
        """The account, if it is in memory and no commit is known of that the replica does not hold. Microseconds."""
        return None if self.store.poll(self.revision) else self._accounts.get(account_id)

    async def follow(self) -> None:
        """Know of every account, alias and seeded access key that is committed, if the store can be reached."""
        with contextlib.suppress(Unavailable):
            await self._catch_up()

    def accounts(self) -> Iterable[Account]:
        """The accounts in memory."""
        return self._accounts.values()

    async def wait_for(self, revision: Revision, timeout: float) -> None:
        """Wait until this process holds the commit of that revision. Raises ServiceUnavailable after ``timeout`` s."""
        if self.revision >= revision:
            return
        clock = asyncio.get_running_loop().time
        deadline = clock() + timeout
        while True:
            await self.follow()
            if self.revision >= revision:
                return
            if clock() >= deadline:
                raise ServiceUnavailable(
                    f"Revision {revision} has not reached this server yet, which is at {self.revision}. Try again."
                )
            await asyncio.sleep(WAIT_STEP)

    async def account(self, account_id: str) -> Account | None:
        """The account as every process has committed it, or None if there is none.

        With the store out of reach, the account as last known; raises ServiceUnavailable if it is not known at all.
        """
        try:
            await self._catch_up()
        except Unavailable as error:
            if account_id not in self._accounts and self._keeper is None:
                raise ServiceUnavailable(str(error)) from error
        try:
            return await self._load(account_id)
        except Unavailable as error:
            raise ServiceUnavailable(str(error)) from error

    async def current_account(self, account_id: str) -> Account:
        """The account as every process has committed it, to write on. Raises Unavailable, or LookupError if none."""
        while True:
            await self._catch_up()
            generation = self.generation
            account = await self._load(account_id)
            if account is None:
                raise LookupError(f"There is no account {account_id}.")
            if generation == self.generation:
                return account

    async def _load(self, account_id: str) -> Account | None:
        account = self._accounts.get(account_id)
        if account is not None or account_id not in self.directory.account_ids:
            return account
        loading = self._loading.get(account_id)
        if loading is None:
            loading = self._loading[account_id] = asyncio.create_task(self._read_account(account_id))
            loading.add_done_callback(lambda _: self._loading.pop(account_id))
        return await asyncio.shield(loading)

    async def _read_account(self, account_id: str) -> Account | None:
        head_key = layout.head_key(account_id)
        while True:
            generation = self.generation
            missed = self._missed[account_id] = []
            try:
                account = Account(account_id, self.directory)
                try:
                    async for _, items in self.store.scan(head_key):
                        for key, item in items:
                            if key == head_key:
                                account.revision = item.revision
                            elif (record := decode_stored_record(key, item.value)) is not None:
                                account.apply(Put(record))
                except Unavailable:
                    kept = None if self._keeper is None else await self._keeper.find_account(account_id, self.epoch)
                    if kept is None:
                        raise
                    account = _account_from(kept, account_id, self.directory)
            finally:
                del self._missed[account_id]
            if generation == self.generation:
                break
        if not account.revision:
            return None
        for commit in missed:
            apply_commit(account, commit)
        self.last_used.attach(account)
        self._accounts[account_id] = account
        return account

    # Following --------------------------------------------------------------------------------------------------------

    async def _catch_up(self) -> None:
        """Apply everything that is committed. Raises Unavailable."""
        async with self._following:
            try:
                if self._from_snapshot:
                    await self._join_store()
                if not self._knows_directory:
                    await self._read_directory()
                while self.store.poll(self.revision):
                    try:
                        commits = await self.store.changes(self.revision)
                    except Compacted:
                        self._forget()
                        await self._read_directory()
                        continue
                    if not commits:
                        break
                    for commit in commits:
                        self._apply(commit)
            except Unavailable as error:
                self.problem = str(error)
                raise
            self.problem = None

    async def _hear_news(self) -> None:
        """Apply what others commit as it comes, whether or not anybody asks."""
        while True:
            await self._news.wait()
            self._news.clear()
            with contextlib.suppress(Unavailable):
                await self._catch_up()
                self.store.let_go(self.revision)
                if self.store.contact().problem is None:
                    self.write_problem = None

    def _begin_from_snapshot(self, keeper: SnapshotKeeper) -> bool:
        manifest = keeper.read()
        if manifest is None:
            return False
        for key, value in manifest.entries.items():
            if key.startswith(DIRECTORY_PREFIXES):
                apply_to_directory(self.directory, key, value)
        for prefix, watcher in self._watchers:
            watcher.hear_all({key: value for key, value in manifest.entries.items() if key.startswith(prefix)})
        self.entries = dict(manifest.entries)
        self.epoch, self.revision = manifest.epoch, manifest.revision
        self._knows_directory = self._from_snapshot = True
        return True

    async def _join_store(self) -> None:
        """Go on from the snapshot, if it is of the store's present state. Raises Unavailable."""
        problem = self.store.contact().problem
        if problem is not None:
            raise Unavailable(problem)
        epoch, head = await self.store.head()
        if epoch != self.epoch or head < self.revision:
            self._forget()
        self._from_snapshot = False

    def _forget(self) -> None:
        self.generation += 1
        self._accounts.clear()
        self._knows_directory = False

    async def _read_directory(self) -> None:
        # Commits that come during the scans are applied again afterwards, which ends in the right state all the same.
        epoch, revision = await self.store.head()
        found = Directory()
        entries: dict[str, bytes] = {}
        for prefix in DIRECTORY_PREFIXES:
            for key, value in (await self._read_entries(prefix, entries)).items():
                apply_to_directory(found, key, value)
        for prefix, watcher in self._watchers:
            watcher.hear_all(await self._read_entries(prefix, entries))
        self.directory.become(found)
        self.epoch = epoch
        if self._keeper is not None:
            self.entries = entries
            self._keeper.begin(revision)
        self.revision = revision
        self._knows_directory = True

    async def _read_entries(self, prefix: str, entries: dict[str, bytes]) -> dict[str, bytes]:
        found = {key: item.value async for _, items in self.store.scan(prefix) for key, item in items}
        entries |= found
        return found

    async def take(self, commit: Commit, generation: int) -> None:
        """Hold a commit of this process's own, made on what was known in ``generation``, and all that came before."""
        if generation == self.generation and commit.revision == self.revision + 1:
            self._apply(commit)
            return
        try:
            await self._catch_up()
        except Unavailable:
            return  # it is durable none the less; the next to ask will catch up or hear why not

    def _apply(self, commit: Commit) -> None:
        if commit.revision <= self.revision:
            return
        for key, value in commit.put.items():
            self._apply_key(key, value, commit)
        for key in commit.delete:
            self._apply_key(key, None, commit)
        self.revision = commit.revision

    def _apply_key(self, key: str, value: bytes | None, commit: Commit) -> None:
        if key.startswith(layout.EVENT_PREFIX):
            return
        if key.startswith(layout.HEAD_PREFIX):
            # INVARIANT: a commit that touches an account replaces its head, so the head alone leads to all of it.
            account_id = key.removeprefix(layout.HEAD_PREFIX)
            if value is not None and "/" not in account_id:
                self._apply_to_account(account_id, value, commit)
        elif key.startswith(DIRECTORY_PREFIXES):
            apply_to_directory(self.directory, key, value)
            self._keep(key, value)
        for prefix, watcher in self._watchers:
            if key.startswith(prefix):
                watcher.hear(key, value)
                self._keep(key, value)

    def _keep(self, key: str, value: bytes | None) -> None:
        if self._keeper is None:
            return
        if value is None:
            self.entries.pop(key, None)
        else:
            self.entries[key] = value

    def _apply_to_account(self, account_id: str, head: bytes, commit: Commit) -> None:
        account = self._accounts.get(account_id)
        if account is not None:
            apply_commit(account, commit)
        if self._keeper is not None:
            self._keeper.hear(account_id, commit.revision)
        if account_id in self._missed:
            self._missed[account_id].append(commit)
        queue = self._queues.get(account_id)
        if queue is not None:
            queue.notice(layout.decode_head(head).transaction, commit.revision)

    # Writing ----------------------------------------------------------------------------------------------------------

    async def write(self, account_id: str, run: Run) -> Any:
        """The answer of ``commit``."""
        return (await self.commit(account_id, run)).answer

    async def commit(self, account_id: str, run: Run, asked: float | None = None) -> Committed:
        """Run on the account as it is now, write what comes of it, and return the answer once it is durable.

        ``run`` is pure, and is run again on a newer account if another writer was first. What it raises is raised here,
        likewise once what it saw is durable. Raises ServiceUnavailable if the store cannot write; of a distributed one
        within two seconds of ``asked``, in the event loop's time, which is now unless the client has waited already.
        Should the caller be cancelled, the change may still be made.
        """
        if self._closed:
            raise ServiceUnavailable("The server is shutting down.")
        queue = self._queues.get(account_id)
        if queue is None:
            queue = self._queues[account_id] = WriteQueue(self, account_id)
        return await queue.commit(run, asyncio.get_running_loop().time() if asked is None else asked)

    async def create_account(
        self,
        settings: Settings,
        access_keys: Iterable[AccessKey] = (),
        *,
        name: str | None = None,
        event: bytes | None = None,
    ) -> Account:
        """Begin an account with its settings and access keys; the owner of the root user's is the account id.

        ``name`` is the account's, for people. Raises EntityAlreadyExists if the account or one of the access keys
        exists, ServiceUnavailable.
        """
        account_id = settings.account_id
        head = layout.encode_entry(layout.Head(transaction=secrets.token_hex(16)))
        entry = layout.AccountEntry(id=account_id, created=settings.created, name=name)
        records: list[Record] = [settings, *access_keys]
        put = {
            layout.ACCOUNT_PREFIX + account_id: layout.encode_entry(entry),
            layout.head_key(account_id): head,
        }
        reference = layout.encode_entry(layout.AccountReference(account_id=account_id))
        for record in records[1:]:
            if find_account_id(record.key) != account_id:
                put[layout.ACCESS_KEY_PREFIX + record.key] = reference
        expect = dict.fromkeys(put, 0)
        put |= {layout.record_key(account_id, record): encode_record(record) for record in records}
        if event is not None:
            put[layout.event_key(account_id, new_event_id())] = event
        try:
            await self.store.commit(Transaction(expect=expect, put=put))
        except Conflict as conflict:
            raise EntityAlreadyExists(f"Account {account_id} or one of its access keys already exists.") from conflict
        except Unknown as unknown:
            _, items = await self.store.get(layout.head_key(account_id))
            item = items.get(layout.head_key(account_id))
            if item is None or item.value != head:
                raise ServiceUnavailable(str(unknown)) from unknown
        except Unavailable as error:
            raise ServiceUnavailable(str(error)) from error
        return await self.current_account(account_id)

    def note_use(self, account: Account, caller: Caller, time: int, service: str, action: str, region: str) -> None:
        """Record that ``caller`` asked a service (its namespace) for an action now, granted or not, and by what.

        For whoever authorizes, on every request: what was recorded within the last minute takes one look.
        """
        use = (caller.access_key_id or caller.user_id, service, action)
        if account.recorded_until.get(use, 0) <= time:
            self.last_used.note_use(account, caller, time, service, action, region)
            if len(account.recorded_until) >= MAX_REMEMBERED_USES:
                account.recorded_until.clear()
            account.recorded_until[use] = time + REMEMBER_USE


def _account_from(kept: tuple[Revision, Mapping[str, bytes]], account_id: str, directory: Directory) -> Account:
    account = Account(account_id, directory)
    account.revision, records = kept
    for key, value in records.items():
        record = decode_stored_record(key, value)
        if record is not None:
            account.apply(Put(record))
    return account

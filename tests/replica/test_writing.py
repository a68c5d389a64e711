"""Writes to an account travel together, each as if alone, and are answered when they are durable."""

import asyncio
from typing import Any

import pytest

from iamd.account.changes import ClaimAlias, Put, ReleaseAlias
from iamd.account.records import Settings, decode_record
from iamd.account.state import Account
from iamd.errors import EntityAlreadyExists, ServiceError, ServiceUnavailable
from iamd.replica import writing
from iamd.replica.replica import Replica, Written
from iamd.store.interface import Conflict, Limits, Revision, Transaction
from iamd.store.sqlite import SQLiteStore
from tests.replica.world import (
    ACCOUNT,
    OTHER_ACCOUNT,
    Forgetful,
    create_user,
    delete_user,
    dump,
    names,
    rename_user,
    replica_of,
    settings,
    user,
    with_account,
)


async def outcome(replica: Replica, run: Any) -> Any:
    try:
        return await replica.write(ACCOUNT, run)
    except ServiceError as refusal:
        return f"{refusal.code}: {refusal.message}"


async def outcomes(replica: Replica, *runs: Any) -> list[Any]:
    """What each of the runs, queued at once, comes to: its answer or its refusal."""
    return await asyncio.gather(*(outcome(replica, run) for run in runs))


class GatedStore(SQLiteStore):
    """A store in memory whose commits wait until they are let through."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = asyncio.Event()

    async def commit(self, transaction: Transaction, *, timeout: float = 5.0) -> Revision:
        self.waiting.set()
        await self.gate.wait()
        return await super().commit(transaction, timeout=timeout)


class SQLiteView(SQLiteStore):
    """The same store in memory as another one, without its gate."""

    def __init__(self, store: SQLiteStore) -> None:
        super().__init__()
        self.__dict__ = store.__dict__


class SmallStore(SQLiteStore):
    """A store in memory that takes small transactions only."""

    limits = Limits(operations=8, size=100_000)


class ConflictingStore(SQLiteStore):
    """A store in memory that, when told, always finds another writer first."""

    conflicts = False

    async def commit(self, transaction: Transaction, *, timeout: float = 5.0) -> Revision:
        if self.conflicts:
            raise Conflict("Another writer was first.")
        return await super().commit(transaction, timeout=timeout)


class ForgetfulStore(Forgetful, SQLiteStore):
    """One in memory."""


def with_store(store_type: type[SQLiteStore]) -> Any:
    def decorate(test: Any) -> Any:
        def run() -> None:
            async def in_loop() -> None:
                store = store_type()
                await store.open()
                async with replica_of(store) as replica:
                    await replica.create_account(settings())
                    await test(replica, store)
                await store.close()

            asyncio.run(in_loop())

        run.__name__ = test.__name__
        return run

    return decorate


# One transaction ------------------------------------------------------------------------------------------------------


@with_account
async def test_records_event_and_head_are_one_commit(replica: Replica) -> None:
    before = replica.revision
    assert await replica.write(ACCOUNT, create_user("alice")) == "alice"
    [commit] = await replica.store.changes(before)
    record, event, head = sorted(commit.put)[1], sorted(commit.put)[2], sorted(commit.put)[0]
    assert (head, record) == ("a/111122223333", "a/111122223333/user/alice")
    assert event.startswith("event/111122223333/")
    assert commit.put[event] == b'{"eventName":"CreateUser"}'
    assert decode_record("user", commit.put[record]) == user("alice")
    assert (len(commit.put), commit.delete) == (3, frozenset())


@with_account
async def test_what_waits_together_travels_together(replica: Replica) -> None:
    before = replica.revision
    assert await outcomes(replica, *(create_user(f"user{number:02}") for number in range(30))) == [
        f"user{number:02}" for number in range(30)
    ]
    [commit] = await replica.store.changes(before)
    assert len(commit.put) == 1 + 30 + 30
    assert len(names(replica.find_account(ACCOUNT))) == 30


@with_account
async def test_a_long_queue_travels_in_several_transactions(replica: Replica) -> None:
    before = replica.revision
    await outcomes(replica, *(create_user(f"user{number:03}") for number in range(600)))
    assert [len(commit.put) for commit in await replica.store.changes(before)] == [1 + 512, 1 + 512, 1 + 176]
    assert len(names(replica.find_account(ACCOUNT))) == 600


@with_account
async def test_event_ids_sort_in_the_order_of_writing(replica: Replica) -> None:
    def run(number: int) -> Any:
        return lambda account: Written(number, [], b"%d" % number)

    await outcomes(replica, *(run(number) for number in range(200)))
    for number in range(200, 210):
        await replica.write(ACCOUNT, run(number))
    events = [item.value async for _, items in replica.store.scan("event/") for _, item in items]
    assert events == [b"%d" % number for number in range(210)]


@with_account
async def test_what_changes_nothing_commits_nothing(replica: Replica) -> None:
    before = replica.revision

    def read(account: Account) -> Written:
        return Written(names(account), [])

    assert await outcomes(replica, read, read, delete_user("nobody")) == [
        [],
        [],
        "NoSuchEntity: The user with name nobody cannot be found.",
    ]
    assert await replica.store.changes(before) == []


@with_account
async def test_an_event_alone_is_written(replica: Replica) -> None:
    before = replica.revision
    await replica.write(ACCOUNT, lambda account: Written(None, [], b"{}"))
    [commit] = await replica.store.changes(before)
    assert [value for key, value in commit.put.items() if key.startswith("event/")] == [b"{}"]


@with_store(SmallStore)
async def test_a_batch_keeps_to_the_limits_of_the_store(replica: Replica, store: SmallStore) -> None:
    before = replica.revision
    await outcomes(replica, *(create_user(f"user{number}") for number in range(10)))
    commits = await store.changes(before)
    assert [len(commit.put) for commit in commits] == [1 + 2 * 3] * 3 + [1 + 2]
    assert len(names(replica.find_account(ACCOUNT))) == 10


@with_store(SmallStore)
async def test_what_no_transaction_can_hold_is_refused_alone(replica: Replica, store: SmallStore) -> None:
    def run(account: Account) -> Written:
        return Written(None, [Put(user(f"user{number}")) for number in range(8)])

    assert await outcomes(replica, create_user("alice"), run, create_user("bob")) == [
        "alice",
        "LimitExceeded: The request changes more than one transaction of the store can hold.",
        "bob",
    ]
    assert names(replica.find_account(ACCOUNT)) == ["alice", "bob"]


# One after another ----------------------------------------------------------------------------------------------------


@with_account
async def test_each_run_sees_what_those_before_it_changed(replica: Replica) -> None:
    assert await outcomes(
        replica,
        create_user("alice"),
        create_user("alice"),
        rename_user("alice", "bob"),
        create_user("alice"),
        delete_user("bob"),
        delete_user("bob"),
        create_user("bob"),
    ) == [
        "alice",
        "EntityAlreadyExists: User with name alice already exists.",
        "bob",
        "alice",
        "bob",
        "NoSuchEntity: The user with name bob cannot be found.",
        "bob",
    ]
    account = await replica.account(ACCOUNT)
    assert names(account) == ["alice", "bob"]
    assert account.find_by_id("AIDABOB") == user("bob")
    async with replica_of(replica.store) as later:
        assert dump(await later.account(ACCOUNT)) == dump(account)


@with_account
async def test_a_quota_holds_within_a_batch(replica: Replica) -> None:
    await replica.write(ACCOUNT, lambda account: Written(None, [Put(settings(quotas={"Users": 3}))]))
    assert await outcomes(replica, *(create_user(f"user{number}") for number in range(5))) == [
        "user0",
        "user1",
        "user2",
        "LimitExceeded: Cannot exceed quota for UsersPerAccount: 3",
        "LimitExceeded: Cannot exceed quota for UsersPerAccount: 3",
    ]


@with_account
async def test_two_names_may_change_places_in_one_batch(replica: Replica) -> None:
    await outcomes(replica, create_user("alice"), create_user("bob"))
    swap = (rename_user("alice", "c"), rename_user("bob", "alice"), rename_user("c", "bob"))
    assert await outcomes(replica, *swap) == ["c", "alice", "bob"]
    account = await replica.account(ACCOUNT)
    assert {each.name: each.id for each in account.users} == {"alice": "AIDABOB", "bob": "AIDAALICE"}
    assert [account.find_by_id(unique_id).name for unique_id in ("AIDAALICE", "AIDABOB")] == ["bob", "alice"]
    async with replica_of(replica.store) as later:
        assert dump(await later.account(ACCOUNT)) == dump(account)


@with_account
async def test_a_fault_in_one_run_is_its_callers_alone(replica: Replica) -> None:
    def faulty(account: Account) -> Written:
        raise ZeroDivisionError("a fault")

    async def faulty_write() -> None:
        with pytest.raises(ZeroDivisionError):
            await replica.write(ACCOUNT, faulty)

    _, done = await asyncio.gather(faulty_write(), outcomes(replica, create_user("alice"), create_user("bob")))
    assert done == ["alice", "bob"]


@with_account
async def test_writing_to_an_account_that_does_not_exist_is_a_fault(replica: Replica) -> None:
    with pytest.raises(LookupError, match=r"^There is no account 444455556666\.$"):
        await replica.write(OTHER_ACCOUNT, create_user("alice"))


# Until it is durable --------------------------------------------------------------------------------------------------


@with_store(GatedStore)
async def test_nobody_sees_or_hears_what_is_not_durable(replica: Replica, store: GatedStore) -> None:
    account = await replica.account(ACCOUNT)
    before = dump(account)
    store.gate.clear()
    store.waiting.clear()
    writes = [
        asyncio.ensure_future(replica.write(ACCOUNT, run))
        for run in (create_user("alice"), create_user("alice"), lambda account: Written(names(account), []))
    ]
    await store.waiting.wait()
    assert dump(account) == before
    assert replica.find_account(ACCOUNT) is account
    assert [write.done() for write in writes] == [False, False, False]
    store.gate.set()
    assert await writes[0] == "alice"
    assert names(replica.find_account(ACCOUNT)) == ["alice"]
    assert await writes[2] == ["alice"]
    with pytest.raises(EntityAlreadyExists):
        await writes[1]


@with_store(GatedStore)
async def test_what_comes_meanwhile_travels_in_the_next_transaction(replica: Replica, store: GatedStore) -> None:
    before = replica.revision
    store.gate.clear()
    store.waiting.clear()
    first = asyncio.ensure_future(replica.write(ACCOUNT, create_user("first")))
    await store.waiting.wait()
    later = asyncio.ensure_future(outcomes(replica, *(create_user(f"user{number}") for number in range(10))))
    await asyncio.sleep(0)
    store.gate.set()
    await asyncio.gather(first, later)
    assert [len(commit.put) for commit in await store.changes(before)] == [1 + 2, 1 + 20]


@with_store(GatedStore)
async def test_a_caller_that_leaves_does_not_disturb_the_others(replica: Replica, store: GatedStore) -> None:
    store.gate.clear()
    store.waiting.clear()
    writes = [asyncio.ensure_future(replica.write(ACCOUNT, create_user(name))) for name in ("alice", "bob", "carol")]
    await store.waiting.wait()
    queued = [asyncio.ensure_future(replica.write(ACCOUNT, create_user(name))) for name in ("dave", "erin")]
    await asyncio.sleep(0)
    for left in (writes[0], writes[2], queued[0]):
        left.cancel()
    store.gate.set()
    assert await writes[1] == "bob"
    assert await queued[1] == "erin"
    assert names(await replica.account(ACCOUNT)) == ["alice", "bob", "carol", "erin"]  # dave left before it began
    assert [write.cancelled() for write in (*writes, *queued)] == [True, False, True, True, False]


@with_store(GatedStore)
async def test_closing_finishes_what_is_queued_and_takes_no_more(replica: Replica, store: GatedStore) -> None:
    store.gate.clear()
    writes = [asyncio.ensure_future(replica.write(ACCOUNT, create_user(name))) for name in ("alice", "bob")]
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(replica.close())
    store.gate.set()
    await closing
    assert [write.result() for write in writes] == ["alice", "bob"]
    with pytest.raises(ServiceUnavailable, match=r"^The server is shutting down\.$"):
        await replica.write(ACCOUNT, create_user("carol"))


# Conflicts ------------------------------------------------------------------------------------------------------------


@with_store(GatedStore)
async def test_after_a_conflict_everything_runs_again_on_what_is_newer(replica: Replica, store: GatedStore) -> None:
    await replica.account(ACCOUNT)
    async with replica_of(SQLiteView(store)) as other:
        store.gate.clear()
        store.waiting.clear()
        mine = asyncio.ensure_future(outcomes(replica, create_user("alice"), create_user("bob")))
        await store.waiting.wait()
        assert await outcomes(other, create_user("bob"), create_user("carol")) == ["bob", "carol"]
        store.gate.set()
        assert await mine == ["alice", "EntityAlreadyExists: User with name bob already exists."]
        assert dump(await replica.account(ACCOUNT)) == dump(await other.account(ACCOUNT))
        assert names(await other.account(ACCOUNT)) == ["alice", "bob", "carol"]


def test_a_write_that_never_comes_first_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    @with_store(ConflictingStore)
    async def test(replica: Replica, store: ConflictingStore) -> None:
        store.conflicts = True
        message = r"^Too many others are changing this account; nothing was changed\. Try again\.$"
        with pytest.raises(ServiceUnavailable, match=message):
            await replica.write(ACCOUNT, create_user("alice"))
        store.conflicts = False
        assert await replica.write(ACCOUNT, create_user("alice")) == "alice"

    monkeypatch.setattr(writing, "PATIENCE", 0.1)
    test()


# Stores that fail -----------------------------------------------------------------------------------------------------


@with_account
async def test_a_store_that_cannot_write_fails_everyone_and_changes_nothing(replica: Replica) -> None:
    await replica.write(ACCOUNT, create_user("alice"))
    before = dump(await replica.account(ACCOUNT))
    connection = replica.store._write_database.connection
    connection.pragma("max_page_count", connection.pragma("page_count"))
    big = Put(user("bob", inline_policies={"big": "x" * 100_000}))
    done = await outcomes(replica, lambda account: Written(None, [big]), create_user("carol"), delete_user("nobody"))
    assert done == ["ServiceUnavailable: The store cannot be written: the disk is full."] * 3
    assert dump(await replica.account(ACCOUNT)) == before
    connection.pragma("max_page_count", 1_000_000)
    assert await outcomes(replica, lambda account: Written("big", [big]), create_user("carol")) == ["big", "carol"]
    assert names(await replica.account(ACCOUNT)) == ["alice", "bob", "carol"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_of_unknown_fate_happens_once_and_is_answered(when: str) -> None:
    @with_store(ForgetfulStore)
    async def test(replica: Replica, store: ForgetfulStore) -> None:
        before = replica.revision
        store.forget = when
        assert await outcomes(replica, create_user("alice"), create_user("alice"), create_user("bob")) == [
            "alice",
            "EntityAlreadyExists: User with name alice already exists.",
            "bob",
        ]
        assert len(await store.changes(before)) == 1
        account = await replica.account(ACCOUNT)
        assert names(account) == ["alice", "bob"]
        async with replica_of(store) as later:
            assert dump(await later.account(ACCOUNT)) == dump(account)

    test()


@with_store(ForgetfulStore)
async def test_a_commit_of_unknown_fate_followed_by_an_outage_is_told_as_unknown(
    replica: Replica, store: ForgetfulStore
) -> None:
    store.forget = "after"
    write = asyncio.ensure_future(replica.write(ACCOUNT, create_user("alice")))
    while store.forget is not None:
        await asyncio.sleep(0)
    await store.close()
    message = r"^The store did not say whether the change was made; look before trying again\.$"
    with pytest.raises(ServiceUnavailable, match=message):
        await write


def test_an_account_of_unknown_fate_is_created_once() -> None:
    @with_store(ForgetfulStore)
    async def test(replica: Replica, store: ForgetfulStore) -> None:
        store.forget = "after"
        account = await replica.create_account(settings(OTHER_ACCOUNT))
        assert account.settings == settings(OTHER_ACCOUNT)
        store.forget = "before"
        with pytest.raises(ServiceUnavailable, match=r"^It did not say\.$"):
            await replica.create_account(settings("123456789012"))

    test()


# Aliases --------------------------------------------------------------------------------------------------------------


def claim(alias: str) -> Any:
    def run(account: Account) -> Written:
        if alias in account.directory.aliases:
            raise EntityAlreadyExists(f"The account alias {alias} already exists.")
        old = account.settings.alias
        changes: list[Any] = [] if old is None else [ReleaseAlias(old)]
        new = Settings(account_id=account.account_id, created=1_700_000_000, alias=alias)
        return Written(alias, [*changes, ClaimAlias(alias), Put(new)])

    return run


def release(account: Account) -> Written:
    old = account.settings.alias
    assert old is not None
    return Written(old, [ReleaseAlias(old), Put(Settings(account_id=account.account_id, created=1_700_000_000))])


@with_account
async def test_an_alias_belongs_to_one_account(replica: Replica) -> None:
    await replica.create_account(settings(OTHER_ACCOUNT))
    done = await asyncio.gather(
        replica.write(ACCOUNT, claim("example")), replica.write(OTHER_ACCOUNT, claim("example")), return_exceptions=True
    )
    assert sorted(map(str, done)) == ["The account alias example already exists.", "example"]
    [owner] = replica.directory.aliases.values()
    async with replica_of(replica.store) as later:
        assert later.directory.aliases == {"example": owner}


@with_account
async def test_an_alias_given_back_is_anyones(replica: Replica) -> None:
    await replica.create_account(settings(OTHER_ACCOUNT))
    assert await replica.write(ACCOUNT, claim("example")) == "example"
    assert await replica.write(ACCOUNT, release) == "example"
    assert replica.directory.aliases == {}
    assert await replica.write(OTHER_ACCOUNT, claim("example")) == "example"
    assert replica.directory.aliases == {"example": OTHER_ACCOUNT}


@with_account
async def test_aliases_may_change_many_times_in_one_batch(replica: Replica) -> None:
    before = replica.revision
    runs = (claim("one"), claim("two"), claim("one"), release, claim("one"), claim("three"), claim("two"))
    assert await outcomes(replica, *runs) == ["one", "two", "one", "one", "one", "three", "two"]
    assert len(await replica.store.changes(before)) == 1
    assert replica.directory.aliases == {"two": ACCOUNT}
    assert await outcomes(replica, release, claim("two"), claim("three")) == ["two", "two", "three"]
    assert replica.directory.aliases == {"three": ACCOUNT}
    async with replica_of(replica.store) as later:
        assert later.directory.aliases == {"three": ACCOUNT}


@with_store(GatedStore)
async def test_an_alias_claimed_elsewhere_meanwhile_is_refused(replica: Replica, store: GatedStore) -> None:
    await replica.create_account(settings(OTHER_ACCOUNT))
    async with replica_of(SQLiteView(store)) as other:
        store.gate.clear()
        store.waiting.clear()
        mine = asyncio.ensure_future(outcomes(replica, claim("example"), create_user("alice")))
        await store.waiting.wait()
        assert replica.directory.aliases == {}
        assert await other.write(OTHER_ACCOUNT, claim("example")) == "example"
        store.gate.set()
        assert await mine == ["EntityAlreadyExists: The account alias example already exists.", "alice"]
        assert replica.directory.aliases == {"example": OTHER_ACCOUNT}

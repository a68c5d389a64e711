"""Replicas over one etcd: what one refuses rests on what is newest, and what nobody said is found in the feed."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from iamd.errors import EntityAlreadyExists, LimitExceeded, NoSuchEntity
from iamd.replica import writing
from iamd.replica.replica import Replica
from iamd.store.check import check
from iamd.store.etcd import EtcdStore
from iamd.store.interface import Conflict, Limits, Revision, Transaction, Unknown
from tests.etcd import Cluster, new_prefix
from tests.replica.world import ACCOUNT, Forgetful, create_user, delete_user, dump, names, replica_of, settings

Test = Callable[[Replica, Replica], Awaitable[None]]


class ForgetfulStore(Forgetful, EtcdStore):
    """One in etcd."""


class GatedStore(ForgetfulStore):
    """Sends commits when the gate, if there is one, is open."""

    gate: asyncio.Event | None = None
    waiting: asyncio.Event  # one is about to be sent

    async def commit(self, transaction: Transaction, *, timeout: float = 5.0) -> Revision:
        if self.gate is not None:
            self.waiting.set()
            await self.gate.wait()
        return await super().commit(transaction, timeout=timeout)


def run(etcd: Cluster, test: Test) -> None:
    """The test with the replicas of two processes, over one store with an account of five users at most."""

    async def in_loop() -> None:
        where = etcd.settings(new_prefix())
        stores = [GatedStore(where), GatedStore(where)]
        for store in stores:
            await store.open()
        async with replica_of(stores[0]) as one:
            await one.create_account(settings(quotas={"Users": 5}))
            async with replica_of(stores[1]) as other:
                await test(one, other)
        assert await check(stores[0]) == []
        for store in stores:
            await store.close()

    asyncio.run(in_loop())


def test_a_quota_holds_among_regions_that_race(etcd: Cluster) -> None:
    async def test(one: Replica, other: Replica) -> None:
        outcomes = await asyncio.gather(
            *(
                replica.write(ACCOUNT, create_user(f"{where}{number}"))
                for number in range(10)
                for where, replica in (("a", one), ("b", other))
            ),
            return_exceptions=True,
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["LimitExceeded"] * 15 + ["str"] * 5
        await other.wait_for(one.revision, 20)
        await one.wait_for(other.revision, 20)
        assert dump(await one.account(ACCOUNT)) == dump(await other.account(ACCOUNT))

    run(etcd, test)


def test_a_refusal_rests_on_what_is_newest_anywhere(etcd: Cluster) -> None:
    async def test(one: Replica, other: Replica) -> None:
        for number in range(30):
            await one.write(ACCOUNT, create_user("alice"))
            with pytest.raises(EntityAlreadyExists):
                await other.write(ACCOUNT, create_user("alice"))
            await other.write(ACCOUNT, delete_user("alice"))
            with pytest.raises(NoSuchEntity):
                await one.write(ACCOUNT, delete_user("alice"))
            for user in range(5):
                await one.write(ACCOUNT, create_user(f"user{number}-{user}"))
            with pytest.raises(LimitExceeded):
                await other.write(ACCOUNT, create_user("bob"))
            for user in range(5):
                await other.write(ACCOUNT, delete_user(f"user{number}-{user}"))

    run(etcd, test)


@pytest.mark.parametrize("forget", ["before", "after"])
def test_a_commit_of_which_nobody_was_told_happens_once(etcd: Cluster, forget: str) -> None:
    async def test(one: Replica, other: Replica) -> None:
        assert isinstance(one.store, ForgetfulStore)
        one.store.forget = forget
        outcomes = await asyncio.gather(*(one.write(ACCOUNT, create_user(name)) for name in ("alice", "bob")))
        assert outcomes == ["alice", "bob"]
        events = [item async for _, page in one.store.scan("event/") for item in page]
        assert len(events) == 2
        await other.wait_for(one.revision, 20)
        assert names(await other.account(ACCOUNT)) == ["alice", "bob"]

    run(etcd, test)


class LateStore(ForgetfulStore):
    """Does not say whether it committed the first change of users; it is on its way."""

    late: Transaction | None = None

    async def commit(self, transaction: Transaction, *, timeout: float = 5.0) -> Revision:
        if self.late is None and any("/user/" in key for key in transaction.put):
            self.late = transaction
            raise Unknown("It did not say.")
        return await super().commit(transaction, timeout=timeout)


def test_what_was_refused_is_not_made_by_an_earlier_try_that_comes_late(etcd: Cluster) -> None:
    async def test() -> None:
        store = LateStore(etcd.settings(new_prefix()))
        await store.open()
        async with replica_of(store) as replica:
            await replica.create_account(settings())
            runs = iter([create_user("alice"), delete_user("alice")])  # as if permission had just run out
            with pytest.raises(NoSuchEntity):
                await replica.write(ACCOUNT, lambda account: next(runs)(account))
            assert store.late is not None
            with pytest.raises(Conflict):
                await store.commit(store.late)
            assert names(await replica.account(ACCOUNT)) == []
        assert await check(store) == []
        await store.close()

    asyncio.run(test())


def test_whoever_waits_too_long_is_told_whether_the_change_may_be_made(
    etcd: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(one: Replica, other: Replica) -> None:
        store = one.store
        assert isinstance(store, GatedStore)
        await one.account(ACCOUNT)
        store.gate, store.waiting = asyncio.Event(), asyncio.Event()
        long_ago = asyncio.get_running_loop().time() - writing.LONGEST_WAIT + 0.2
        sent = asyncio.ensure_future(one.commit(ACCOUNT, create_user("alice"), long_ago))
        patient = asyncio.ensure_future(one.commit(ACCOUNT, create_user("bob")))
        await store.waiting.wait()
        queued = asyncio.ensure_future(one.commit(ACCOUNT, create_user("carol"), long_ago))
        done = await asyncio.gather(sent, queued, return_exceptions=True)
        assert [str(refusal) for refusal in done] == [
            "The store did not say whether the change was made; look before trying again.",
            "The store does not answer in time; nothing was changed.",
        ]
        assert one.find_problem() == str(done[1])
        store.gate.set()
        assert (await patient).answer == "bob"
        assert names(await one.account(ACCOUNT)) == ["alice", "bob"]
        assert one.find_problem() is None

    monkeypatch.setattr(writing, "LONGEST_WAIT", 20.0)
    monkeypatch.setattr(writing, "OUTAGE_PATIENCE", 20.0)
    run(etcd, test)


def test_what_is_queued_on_one_account_travels_together(etcd: Cluster) -> None:
    async def test(one: Replica, other: Replica) -> None:
        before = one.revision
        await asyncio.gather(*(one.write(ACCOUNT, create_user(f"user{number}")) for number in range(5)))
        assert len(await one.store.changes(before)) == 1

    run(etcd, test)


def test_more_than_one_transaction_holds_is_split(etcd: Cluster) -> None:
    async def test(one: Replica, other: Replica) -> None:
        one.store.limits = Limits(operations=7, size=10_000)  # type: ignore[misc]
        before = one.revision
        await asyncio.gather(*(one.write(ACCOUNT, create_user(f"user{number}")) for number in range(5)))
        assert len(await one.store.changes(before)) == 2
        assert len(names(await one.account(ACCOUNT))) == 5

    run(etcd, test)


def test_what_no_transaction_holds_is_refused_before_anything_is_written(etcd: Cluster) -> None:
    async def test(one: Replica, other: Replica) -> None:
        before = await one.store.head()
        with pytest.raises(LimitExceeded, match="more than one transaction of the store can hold"):
            await one.write(ACCOUNT, create_user("alice", inline_policies={"big": "x" * 1_500_000}))
        assert await one.store.head() == before

    run(etcd, test)

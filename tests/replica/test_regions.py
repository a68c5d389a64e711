"""Replicas over one etcd: what one refuses rests on what is newest, and what nobody said is found in the feed."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from iamd.errors import EntityAlreadyExists, LimitExceeded, NoSuchEntity
from iamd.replica.replica import Replica
from iamd.store.check import check
from iamd.store.etcd import EtcdStore
from iamd.store.interface import Limits
from tests.etcd import Cluster, new_prefix
from tests.replica.world import ACCOUNT, Forgetful, create_user, delete_user, dump, names, replica_of, settings

Test = Callable[[Replica, Replica], Awaitable[None]]


class ForgetfulStore(Forgetful, EtcdStore):
    """One in etcd."""


def run(etcd: Cluster, test: Test) -> None:
    """The test with the replicas of two processes, over one store with an account of five users at most."""

    async def in_loop() -> None:
        where = etcd.settings(new_prefix())
        stores = [ForgetfulStore(where), ForgetfulStore(where)]
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

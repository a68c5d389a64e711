"""Organizations that are larger than a transaction, on each store."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from iamd.account.directory import Directory
from iamd.account.organization import IAM_SERVICE
from iamd.replica.batch import Run
from iamd.replica.replica import Replica
from iamd.server.organizations import MEMBERS_AT_ONCE, found_organizations
from iamd.server.seeds import OrganizationSeed, Seed
from iamd.store.check import check
from iamd.store.etcd import LIMITS
from iamd.store.interface import Store
from iamd.store.sqlite import SQLiteStore
from tests.etcd import Cluster, new_store
from tests.replica.world import ACCOUNT, settings

MEMBERS = [f"4444{number:08}" for number in range(2 * MEMBERS_AT_ONCE + 1)]
SEEDS = [
    Seed(account_id=ACCOUNT, organization=OrganizationSeed()),
    *(
        Seed(account_id=id, management_account_id=ACCOUNT, delegated_administrator_of=(IAM_SERVICE,) * (id in ends))
        for ends in [(MEMBERS[0], MEMBERS[-1])]
        for id in MEMBERS
    ),
]


class InterruptedReplica(Replica):
    """Of a process that ends after so many writes."""

    writes = 0

    async def write(self, account_id: str, run: Run) -> Any:
        if not self.writes:
            raise EOFError
        self.writes -= 1
        return await super().write(account_id, run)


@pytest.fixture(params=["SQLite", "etcd"])
def store(request: pytest.FixtureRequest) -> Callable[[], Store]:
    if request.param == "SQLite":
        return SQLiteStore
    etcd: Cluster = request.getfixturevalue("etcd")
    return lambda: new_store(etcd)


def run(make: Callable[[], Store], test: Callable[[Store], Awaitable[None]]) -> None:
    async def in_loop() -> None:
        store = make()
        await store.open()
        try:
            async with opened(Replica(store, Directory())) as replica:
                await asyncio.gather(*(replica.create_account(settings(id)) for id in (ACCOUNT, *MEMBERS)))
            await test(store)
            assert await check(store) == []
        finally:
            await store.close()

    asyncio.run(in_loop())


@asynccontextmanager
async def opened(replica: Replica) -> AsyncIterator[Replica]:
    await replica.open()
    try:
        yield replica
    finally:
        await replica.close()


def test_more_members_join_than_a_transaction_of_etcd_takes(store: Callable[[], Store]) -> None:
    async def test(store: Store) -> None:
        async with opened(Replica(store, Directory())) as replica:
            before = replica.revision
            await found_organizations(replica, SEEDS)
            commits = await store.changes(before)
            assert max(len(commit.put) for commit in commits) <= LIMITS.operations
            directory = replica.directory
            [organization] = directory.organizations.values()
            assert directory.organization_ids == dict.fromkeys([ACCOUNT, *MEMBERS], organization.id)
            assert organization.delegated_administrators == {IAM_SERVICE: (MEMBERS[0], MEMBERS[-1])}
            founded = replica.revision
            await found_organizations(replica, SEEDS)
            assert replica.revision == founded

    assert len(SEEDS) > LIMITS.operations
    run(store, test)


def test_what_was_begun_is_in_order_and_completed_by_the_next_start(store: Callable[[], Store]) -> None:
    async def test(store: Store) -> None:
        async with opened(InterruptedReplica(store, Directory())) as begun:
            begun.writes = 1
            with pytest.raises(EOFError):
                await found_organizations(begun, SEEDS)
        assert await check(store) == []
        async with opened(Replica(store, Directory())) as replica:
            [half] = replica.directory.organizations.values()
            assert set(replica.directory.organization_ids) == {ACCOUNT, *MEMBERS[: MEMBERS_AT_ONCE - 1]}
            assert half.delegated_administrators == {IAM_SERVICE: (MEMBERS[0],)}
            await found_organizations(replica, SEEDS)
            [whole] = replica.directory.organizations.values()
            assert set(replica.directory.organization_ids) == {ACCOUNT, *MEMBERS}
            assert (whole.id, whole.delegated_administrators) == (half.id, {IAM_SERVICE: (MEMBERS[0], MEMBERS[-1])})

    run(store, test)

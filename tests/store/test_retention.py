"""Old history and old audit events are forgotten, current values and younger events are not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from iamd.replica.replica import Replica, Written
from iamd.server.housekeeping import Housekeeper
from iamd.store import layout
from iamd.store.check import check
from iamd.store.interface import Compacted, Store, Transaction
from iamd.store.retention import History, forget_events
from iamd.store.sqlite import SQLiteStore
from tests.etcd import Cluster, new_store
from tests.replica.world import ACCOUNT, OTHER_ACCOUNT, create_user, names, replica_of, settings
from tests.store.contract import read_all

YEAR_2001 = 1_000_000_000


@pytest.fixture(params=["sqlite", "etcd"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "sqlite":
        return SQLiteStore(tmp_path / "iamd.db")
    cluster: Cluster = request.getfixturevalue("etcd")
    return new_store(cluster)


@asynccontextmanager
async def accounts(store: Store) -> AsyncIterator[Replica]:
    await store.open()
    async with replica_of(store) as replica:
        for account_id in (ACCOUNT, OTHER_ACCOUNT):
            await replica.create_account(settings(account_id))
        yield replica
    await store.close()


async def put_events(store: Store, account_id: str, times: list[int]) -> None:
    """Audit events of those times, in epoch seconds, as commits of the account."""
    head_key = layout.head_key(account_id)
    for start in range(0, len(times), 100):
        _, items = await store.get(head_key)
        events = {
            layout.event_key(account_id, f"{time * 1000:013}-{start + number:06}-aaaaaaaa"): b"{}"
            for number, time in enumerate(times[start : start + 100])
        }
        head = {head_key: layout.encode_entry(layout.Head(transaction=f"events-{start}"))}
        await store.commit(Transaction(expect={head_key: items[head_key].revision}, put=events | head))


def test_events_of_an_age_are_forgotten_and_younger_ones_kept(store: Store) -> None:
    async def test() -> None:
        async with accounts(store) as replica:
            await put_events(store, ACCOUNT, [YEAR_2001 - 1] * 250 + [YEAR_2001, YEAR_2001 + 1])
            await put_events(store, OTHER_ACCOUNT, [YEAR_2001 - 5])
            assert await forget_events(store, [ACCOUNT, OTHER_ACCOUNT], YEAR_2001) == 251
            assert len(await read_all(store, layout.event_key(ACCOUNT, ""))) == 2
            assert await read_all(store, layout.event_key(OTHER_ACCOUNT, "")) == {}
            assert await forget_events(store, [ACCOUNT, OTHER_ACCOUNT], YEAR_2001) == 0
            await replica.write(ACCOUNT, create_user("alice"))
            assert names(await replica.account(ACCOUNT)) == ["alice"]
            assert await check(store) == []

    asyncio.run(test())


def test_a_server_forgets_history_when_it_is_old_enough_and_events_that_it_is_told_to(store: Store) -> None:
    async def test() -> None:
        async with accounts(store) as replica:
            await put_events(store, ACCOUNT, [YEAR_2001])
            housekeeper = Housekeeper(replica, keep_history=1, keep_events=30)
            await replica.write(ACCOUNT, lambda account: Written(None, [], None))
            began = replica.revision
            await housekeeper.tidy(10_000)
            assert await read_all(store, layout.event_key(ACCOUNT, f"{YEAR_2001 * 1000:013}")) == {}
            await replica.write(ACCOUNT, create_user("alice"))
            changed = replica.revision
            await housekeeper.tidy(10_000 + 3599)
            assert (await store.changes(began))[-1].revision == changed
            await housekeeper.tidy(10_000 + 3600)
            assert [commit.revision for commit in await store.changes(changed)] == []
            with pytest.raises(Compacted):
                await store.changes(began - 1)
            assert names(await replica.account(ACCOUNT)) == ["alice"]
            assert len(await read_all(store, layout.event_key(ACCOUNT, ""))) == 1
            assert await check(store) == []

    asyncio.run(test())


def test_history_is_kept_as_long_as_asked() -> None:
    history = History(keep=100)
    assert [history.mark(time, revision) for time, revision in [(0, 1), (50, 2), (99, 3)]] == [None, None, None]
    assert history.mark(100, 4) == 1
    assert history.mark(180, 5) == 2
    assert history.mark(1000, 6) == 5

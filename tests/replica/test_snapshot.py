"""The replica on disk: begun from while the store is away, never behind what was heard, sealed and whole."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from iamd.account.directory import Directory
from iamd.errors import ServiceUnavailable
from iamd.replica.keeping import SnapshotKeeper
from iamd.replica.replica import Replica
from iamd.replica.snapshot import Snapshot
from iamd.store.copying import copy
from iamd.store.etcd import EtcdStore
from iamd.store.etcd_settings import EtcdSettings
from iamd.store.etcd_state import new_etcd_state
from iamd.store.interface import Unavailable
from iamd.store.layout import DATA_KEY_PREFIX
from iamd.store.master_keys import new_master_keys
from iamd.store.sealing import make_key_ring, open_key_ring
from iamd.store.sqlite import SQLiteStore
from tests.etcd import Cluster, new_prefix
from tests.faults.links import Links, links
from tests.replica.world import ACCOUNT, OTHER_ACCOUNT, create_user, dump, names, replica_of, settings


class Region:
    """A process over a link that can be cut, with a snapshot, and another process whose link stays whole."""

    def __init__(self, directory: Path, between: Links, etcd: Cluster) -> None:
        self.between = between
        self.prefix = new_prefix()
        self.way = EtcdSettings(endpoints=(f"127.0.0.1:{between.to_member[0][1].port}",), prefix=self.prefix)
        self.near = EtcdStore(etcd.settings(self.prefix))
        self.snapshot = Snapshot(directory / "replica")
        self.keys = new_master_keys()

    def cut(self) -> None:
        self.between.isolated.add(1)

    def mend(self) -> None:
        self.between.isolated.clear()

    @asynccontextmanager
    async def process(self) -> AsyncIterator[Replica]:
        """The process, from its start to its end; what it knows is on disk then."""
        store = EtcdStore(self.way)
        try:
            await store.open()
            sealer = await open_key_ring(store, self.keys)
        except Unavailable:
            sealer = make_key_ring(self.snapshot.read_data_keys(), self.keys)
        replica = Replica(store, Directory(), SnapshotKeeper(self.snapshot, sealer, writes=True))
        replica.watch(DATA_KEY_PREFIX, sealer)
        try:
            await replica.open()
            yield replica
            await replica.close()
        finally:
            await store.close()


Test = Callable[[Region, Replica], Awaitable[None]]


@pytest.fixture
def region(tmp_path: Path, etcd: Cluster) -> Iterator[Region]:
    [member] = etcd.members
    with links([member.port] * 2, [member.peer_port] * 2) as between:
        made = Region(tmp_path, between, etcd)
        yield made
        made.mend()


def run(region: Region, test: Test) -> None:
    """The test with the replica of another process, in whose store are two accounts."""

    async def in_loop() -> None:
        await region.near.open()
        await open_key_ring(region.near, region.keys)
        async with replica_of(region.near) as near:
            for account_id in (ACCOUNT, OTHER_ACCOUNT):
                await near.create_account(settings(account_id))
            await near.write(ACCOUNT, create_user("alice"))
            await test(region, near)
        await region.near.close()

    asyncio.run(in_loop())


async def until_heard(replica: Replica) -> None:
    give_up = asyncio.get_running_loop().time() + 30
    while replica.store.contact().problem is not None:
        assert asyncio.get_running_loop().time() < give_up
        await asyncio.sleep(0.01)


async def until_lost(replica: Replica) -> None:
    give_up = asyncio.get_running_loop().time() + 30
    while replica.store.contact().problem is None:
        assert asyncio.get_running_loop().time() < give_up
        await asyncio.sleep(0.01)


def test_a_process_begins_from_its_snapshot_and_goes_on_with_the_feed(region: Region) -> None:
    async def test(region: Region, near: Replica) -> None:
        async with region.process() as replica:
            was = dump(await replica.account(ACCOUNT))
        region.cut()
        await near.write(ACCOUNT, create_user("bob"))
        async with region.process() as replica:
            assert dump(await replica.account(ACCOUNT)) == was
            assert replica.directory.account_ids == {ACCOUNT, OTHER_ACCOUNT}
            with pytest.raises(ServiceUnavailable):  # it was never asked for there
                await replica.account(OTHER_ACCOUNT)
            with pytest.raises(ServiceUnavailable):
                await replica.write(ACCOUNT, create_user("carol"))
            region.mend()
            await until_heard(replica)
            await replica.write(ACCOUNT, create_user("carol"))
            assert names(await replica.account(ACCOUNT)) == ["alice", "bob", "carol"]
            assert replica.generation == 0  # nothing was read anew

    run(region, test)


def test_an_account_with_newer_commits_is_not_taken_from_the_snapshot(region: Region) -> None:
    async def test(region: Region, near: Replica) -> None:
        async with region.process() as replica:
            assert names(await replica.account(ACCOUNT)) == ["alice"]
        await near.write(ACCOUNT, create_user("bob"))
        async with region.process() as replica:
            await replica.wait_for(near.revision, 20)
            region.cut()
            await until_lost(replica)
            with pytest.raises(ServiceUnavailable):
                await replica.account(ACCOUNT)
            region.mend()

    run(region, test)


def test_an_account_that_was_not_used_again_stays_in_the_snapshot(region: Region) -> None:
    async def test(region: Region, near: Replica) -> None:
        async with region.process() as replica:
            was = dump(await replica.account(ACCOUNT))
        await near.write(OTHER_ACCOUNT, create_user("bob"))
        async with region.process() as replica:
            await replica.wait_for(near.revision, 20)
        region.cut()
        async with region.process() as replica:
            assert dump(await replica.account(ACCOUNT)) == was
            region.mend()

    run(region, test)


def test_a_snapshot_of_another_state_of_the_store_is_forgotten(region: Region) -> None:
    async def test(region: Region, near: Replica) -> None:
        async with region.process() as replica:
            assert names(await replica.account(ACCOUNT)) == ["alice"]
        other = SQLiteStore()
        await other.open()
        await open_key_ring(other, region.keys)
        async with replica_of(other) as source:
            await source.create_account(settings(OTHER_ACCOUNT))
        async with new_etcd_state(region.near, force=True) as state:
            await copy(other, state)
        await other.close()
        async with region.process() as replica:
            assert await replica.account(ACCOUNT) is None
            assert replica.directory.account_ids == {OTHER_ACCOUNT}

    run(region, test)


def test_a_snapshot_that_was_changed_is_not_used(region: Region) -> None:
    async def test(region: Region, near: Replica) -> None:
        async with region.process() as replica:
            assert names(await replica.account(ACCOUNT)) == ["alice"]
        region.cut()
        for path in region.snapshot.directory.iterdir():
            content = bytearray(path.read_bytes())
            content[-40] ^= 1
            path.write_bytes(content)
        with pytest.raises(Unavailable):
            async with region.process():
                raise AssertionError("it began all the same")

    run(region, test)

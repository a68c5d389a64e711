"""A copy of a store, in either engine, holds what the store held; it is in force whole or not at all."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from iamd.store.check import check
from iamd.store.copying import BackupError, NewState, StoreExists, copy, new_backup, new_file_state, opened_backup
from iamd.store.etcd import EtcdStore
from iamd.store.etcd_state import new_etcd_state
from iamd.store.interface import Compacted, Conflict, Store
from iamd.store.sqlite import SQLiteStore
from tests.etcd import Cluster, new_store
from tests.replica.world import ACCOUNT, OTHER_ACCOUNT, create_user, names, replica_of, settings
from tests.store.contract import put, read_all


async def fill(store: Store, users: int = 3) -> None:
    async with replica_of(store) as replica:
        for account_id in (ACCOUNT, OTHER_ACCOUNT):
            await replica.create_account(settings(account_id))
        for number in range(users):
            await replica.write(ACCOUNT, create_user(f"user{number:04}"))


async def values(store: Store) -> dict[str, bytes]:
    return {key: item.value for key, item in (await read_all(store)).items()}


class Engine:
    """Stores of one kind, and their new states."""

    def __init__(self, directory: Path, etcd: Cluster | None) -> None:
        self._directory = directory
        self._etcd = etcd

    def make(self, name: str) -> Any:
        return SQLiteStore(self._directory / name) if self._etcd is None else new_store(self._etcd)

    def state(self, store: Any, *, force: bool = False) -> AbstractAsyncContextManager[NewState]:
        if isinstance(store, EtcdStore):
            return new_etcd_state(store, force=force)
        return new_file_state(store.path, force=force)


@pytest.fixture(params=["sqlite", "etcd"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    return Engine(tmp_path, request.getfixturevalue("etcd") if request.param == "etcd" else None)


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def in_loop() -> None:
        await test()

    asyncio.run(in_loop())


def test_a_copy_holds_everything_and_is_in_order(engine: Engine, tmp_path: Path, etcd: Cluster) -> None:
    async def test() -> None:
        for source in (SQLiteStore(tmp_path / "source"), new_store(etcd)):
            target = engine.make(f"target-{type(source).__name__}")
            for store in (source, target):
                await store.open()
            await fill(source, users=300)
            async with engine.state(target) as state:
                copied = await copy(source, state)
            assert copied.revision == (await source.head())[1]
            assert copied.items == len(await values(target))
            assert await values(target) == await values(source)
            async with replica_of(target) as replica:
                assert len(names(await replica.account(ACCOUNT))) == 300
                await replica.write(ACCOUNT, create_user("after"))
            assert await check(target) == []
            for store in (source, target):
                await store.close()

    run(test)


def test_a_store_that_holds_something_is_only_replaced_by_force(engine: Engine, tmp_path: Path) -> None:
    async def test() -> None:
        source, target = SQLiteStore(tmp_path / "source"), engine.make("target")
        for store in (source, target):
            await store.open()
        await fill(source)
        await target.commit(put({"a": b"1"}))
        before = await target.head(), await read_all(target)
        with pytest.raises(StoreExists, match=r"holds a store: this would replace all that is in it\.$"):
            async with engine.state(target):
                raise AssertionError("it was not refused")
        assert (await target.head(), await read_all(target)) == before
        async with engine.state(target, force=True) as state:
            await copy(source, state)
        with pytest.raises(Compacted):
            await target.changes(before[0][1])
        assert await values(target) == await values(source)
        for store in (source, target):
            await store.close()

    run(test)


def test_whoever_uses_a_store_that_is_replaced_reads_anew_and_what_was_prepared_conflicts(
    engine: Engine, tmp_path: Path
) -> None:
    async def test() -> None:
        source, target = SQLiteStore(tmp_path / "source"), engine.make("target")
        for store in (source, target):
            await store.open()
        await fill(source)
        async with replica_of(target) as replica:
            await replica.create_account(settings(ACCOUNT))
            await replica.write(ACCOUNT, create_user("gone"))
            seen = await read_all(target)
            async with engine.state(target, force=True) as state:
                await copy(source, state)
            with pytest.raises(Conflict):
                await target.commit(put({"a": b"1"}, **{f"a/{ACCOUNT}": seen[f"a/{ACCOUNT}"].revision}))
            await replica.write(ACCOUNT, create_user("after"))
            assert names(await replica.account(ACCOUNT)) == ["after", "user0000", "user0001", "user0002"]
            assert replica.directory.account_ids == {ACCOUNT, OTHER_ACCOUNT}
        for store in (source, target):
            await store.close()

    run(test)


def test_a_copy_that_is_broken_off_leaves_what_was_there(engine: Engine) -> None:
    async def test() -> None:
        target = engine.make("target")
        await target.open()
        await fill(target)
        before = await target.head(), await read_all(target)

        async def break_off() -> None:
            async with engine.state(target, force=True) as state:
                await state.put({"a": b"1"})
                raise RuntimeError("broken off")

        with pytest.raises(RuntimeError, match="broken off"):
            await break_off()
        assert (await target.head(), await read_all(target)) == before
        assert await check(target) == []
        await target.close()

    run(test)


def test_of_two_copies_to_etcd_at_once_one_is_in_force_and_whole(tmp_path: Path, etcd: Cluster) -> None:
    async def test() -> None:
        source, target = SQLiteStore(tmp_path / "source"), new_store(etcd)
        for store in (source, target):
            await store.open()
        await fill(source)

        async def copy_twice() -> None:
            async with new_etcd_state(target, force=True) as one:
                await one.put({"a": b"1"})
                async with new_etcd_state(target, force=True) as other:
                    await copy(source, other)
                await one.put_in_force()

        with pytest.raises(BackupError, match=r"^Meanwhile another state was put in force\.$"):
            await copy_twice()
        assert await values(target) == await values(source)
        for store in (source, target):
            await store.close()

    run(test)


def test_a_backup_of_etcd_is_restored_to_either_engine(engine: Engine, tmp_path: Path, etcd: Cluster) -> None:
    async def test() -> None:
        source, target = new_store(etcd), engine.make("target")
        for store in (source, target):
            await store.open()
        await fill(source)
        backup = tmp_path / "iamd.backup"
        async with new_backup(backup) as state:
            await copy(source, state)
        assert sorted(path.name for path in tmp_path.glob("iamd.backup*")) == ["iamd.backup"]
        assert backup.stat().st_mode & 0o077 == 0
        with pytest.raises(BackupError, match="exists, and a backup overwrites nothing: name another file"):
            async with new_backup(backup):
                raise AssertionError("it was not refused")
        async with opened_backup(backup) as saved, engine.state(target) as state:
            await copy(saved, state)
        assert await values(target) == await values(source)
        for store in (source, target):
            await store.close()

    run(test)

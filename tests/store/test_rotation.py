"""A new master key is put in force while the store is in use, and the earlier one opens nothing that comes."""

import asyncio
import base64
import fcntl
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from iamd.account.directory import Directory
from iamd.replica.replica import Replica
from iamd.store.backup import back_up
from iamd.store.check import check
from iamd.store.layout import DATA_KEY_PREFIX
from iamd.store.master_keys import (
    MasterKeyError,
    MasterKeys,
    format_master_keys,
    load_master_keys,
    new_master_keys,
    write_master_key_file,
)
from iamd.store.rotation import Rotation, rotate_master_key
from iamd.store.sealing import KeyRing, decode_data_key, open_key_ring
from iamd.store.sqlite import SQLiteStore
from tests.store.contract import read_all

SECRET = b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
CONTEXT = "AKIAIOSFODNN7EXAMPLE"


class Process:
    """One process that uses the store in a directory, as a server does: it follows, seals and opens."""

    def __init__(self, directory: Path, source: str = "") -> None:
        self.store = SQLiteStore(directory / "iamd.db")
        self.source = source or f"file:{directory / 'master.key'}"
        self.ring: KeyRing

    async def __aenter__(self) -> "Process":
        await self.store.open()
        self.ring = await open_key_ring(self.store, self.source)
        self.replica = Replica(self.store, Directory())
        self.replica.watch(DATA_KEY_PREFIX, self.ring)
        await self.replica.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.replica.close()
        await self.store.close()

    async def follow(self) -> None:
        assert await self.replica.account("111122223333") is None

    async def seal(self) -> str:
        await self.follow()
        return self.ring.seal(SECRET, CONTEXT)

    async def opens(self, sealed: str) -> bool:
        await self.follow()
        return self.ring.unseal(sealed, CONTEXT) == SECRET


def in_loop(test: Callable[[Path], Awaitable[None]]) -> Callable[[Path], None]:
    def run(tmp_path: Path) -> None:
        asyncio.run(test(tmp_path))

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@in_loop
async def test_processes_that_run_go_on_and_read_each_other(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    async with Process(tmp_path) as one, Process(tmp_path) as other:
        old = load_master_keys(one.source)
        before = await one.seal()
        done = await rotate_master_key(one.store, one.source)
        new = load_master_keys(one.source)
        assert done == Rotation(new.current.id, 2, (tmp_path / f"master.key.{old.current.id}",))
        assert new == MasterKeys(new.current)
        assert new.current != old.current
        assert path.stat().st_mode & 0o777 == 0o600
        after = await one.seal()
        assert after.startswith("2.")
        assert [await other.opens(sealed) for sealed in (before, after)] == [True, True]
        assert await one.opens(await other.seal())
        async with Process(tmp_path) as later:
            assert [await later.opens(sealed) for sealed in (before, after)] == [True, True]
        with pytest.raises(MasterKeyError):
            await open_key_ring(one.store, old)
        assert await check(one.store, sealer=one.ring) == []


@in_loop
async def test_a_process_that_missed_the_commits_learns_the_keys_all_the_same(tmp_path: Path) -> None:
    async with Process(tmp_path) as one, Process(tmp_path) as idle:
        for _ in range(3):
            await rotate_master_key(one.store, one.source)
        assert await idle.opens(await one.seal())
        assert (await idle.seal()).startswith("4.")


@in_loop
async def test_the_earlier_key_opens_old_backups_and_nothing_that_comes(tmp_path: Path) -> None:
    source = f"file:{tmp_path / 'master.key'}"
    async with Process(tmp_path) as process:
        sealed = await process.seal()
        await back_up(tmp_path / "iamd.db", tmp_path / "old.backup")
        stored = await read_all(process.store, DATA_KEY_PREFIX)
        wrapped = [decode_data_key(item.value).wrapped for item in stored.values()]
        done = await rotate_master_key(process.store, source)
        await back_up(tmp_path / "iamd.db", tmp_path / "new.backup")
    kept = f"file:{done.kept[0]}"
    old, new = SQLiteStore(tmp_path / "old.backup"), SQLiteStore(tmp_path / "new.backup")
    await old.open()
    assert (await open_key_ring(old, kept)).unseal(sealed, CONTEXT) == SECRET
    await old.close()
    await new.open()
    with pytest.raises(MasterKeyError):
        await open_key_ring(new, kept)
    await new.close()
    for file in (tmp_path / "new.backup", tmp_path / "iamd.db"):
        content = file.read_bytes()
        assert not [each for each in wrapped if base64.b64encode(each) in content]


@in_loop
async def test_a_rotation_that_was_interrupted_leaves_a_store_that_opens_and_rotates(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    async with Process(tmp_path) as process:
        sealed = await process.seal()
        old = load_master_keys(process.source)
        half = MasterKeys(new_master_keys().current, (old.current,))
        write_master_key_file(path, half)  # and killed before anything was wrapped anew
        async with Process(tmp_path) as later:
            assert await later.opens(sealed)
        done = await rotate_master_key(process.store, process.source)
        assert done.kept == tuple(tmp_path / f"master.key.{key.id}" for key in (half.current, old.current))
        assert await process.opens(sealed)


@in_loop
async def test_another_stores_key_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    async with Process(tmp_path) as process:
        right = load_master_keys(process.source)
        write_master_key_file(path, new_master_keys())
        before = path.read_text()
        with pytest.raises(MasterKeyError, match=f"is not the one that the store's secrets .*{right.current.id}"):
            await rotate_master_key(process.store, process.source)
    assert path.read_text() == before
    assert sorted(each.name for each in tmp_path.glob("master.key*")) == ["master.key"]


@in_loop
async def test_one_rotation_at_a_time(tmp_path: Path) -> None:
    async with Process(tmp_path) as process:
        directory = os.open(tmp_path, os.O_RDONLY)
        fcntl.flock(directory, fcntl.LOCK_EX)
        with pytest.raises(MasterKeyError, match=r"^Another process is rotating this master key\.$"):
            await rotate_master_key(process.store, process.source)
        os.close(directory)
        await rotate_master_key(process.store, process.source)


def test_a_key_from_elsewhere_is_changed_there_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        old, new = new_master_keys(), new_master_keys()
        both = MasterKeys(new.current, (old.current,))
        monkeypatch.setenv("MASTER_KEY", format_master_keys(old))
        async with Process(tmp_path, "env:MASTER_KEY") as process:
            sealed = await process.seal()
            with pytest.raises(MasterKeyError) as refusal:
                await rotate_master_key(process.store, process.source)
        assert str(refusal.value) == (
            "The master key comes from env:MASTER_KEY, where iamd cannot put another. Let it give two lines, a new key "
            "(head -c 32 /dev/urandom | base64) and below it the present one; restart every server of this store; then "
            "run this again."
        )
        monkeypatch.setenv("MASTER_KEY", format_master_keys(both))
        async with Process(tmp_path, "env:MASTER_KEY") as process:
            assert await rotate_master_key(process.store, process.source) == Rotation(new.current.id, 2, ())
            assert (await process.seal()).startswith("2.")
        monkeypatch.setenv("MASTER_KEY", format_master_keys(new))
        async with Process(tmp_path, "env:MASTER_KEY") as process:
            assert await process.opens(sealed)

    asyncio.run(test())

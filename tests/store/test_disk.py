"""A disk that is full or read-only is told in clear words, and costs nothing that was acknowledged."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from iamd.store.interface import Unavailable, Unknown
from iamd.store.sqlite import SQLiteStore
from tests.store.contract import put, read_all, read_feed

NOBODY = 65534


def run(module: str, argument: Path) -> str:
    command = [sys.executable, "-m", f"tests.store.{module}", str(argument)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def test_a_file_that_may_not_grow_loses_nothing_and_recovers(tmp_path: Path) -> None:
    path = tmp_path / "iamd.db"
    acknowledged, refusals, read_while_full, findings = json.loads(run("full_disk_writer", path))
    assert refusals == ["The store cannot be written: it has grown to the size that it may have (File too large)."]
    assert {name.partition("-")[0] for name in acknowledged} >= {"before", "after"}
    assert read_while_full == sum(not name.startswith("after") for name in acknowledged)
    assert findings == []

    async def read() -> set[str]:
        store = SQLiteStore(path)
        await store.open()
        assert [commit.revision for commit in await read_feed(store)] == list(range(1, len(acknowledged) + 1))
        keys = set(await read_all(store))
        await store.close()
        return keys

    assert asyncio.run(read()) == {key for name in acknowledged for key in (name, f"{name}/too")}


def test_a_full_database_loses_nothing_and_recovers(tmp_path: Path) -> None:
    async def test() -> None:
        store = SQLiteStore(tmp_path / "iamd.db")
        await store.open()
        await store.commit(put({"before": bytes(1000)}))
        connection = store._write_database.connection  # SQLite itself then says that the disk is full
        connection.pragma("max_page_count", connection.pragma("page_count") + 5)
        outcomes = await asyncio.gather(
            *(store.commit(put({f"full/{number}": bytes(100_000)})) for number in range(5)), return_exceptions=True
        )
        assert {str(outcome) for outcome in outcomes} == {"The store cannot be written: the disk is full."}
        assert {type(outcome) for outcome in outcomes} == {Unavailable}
        assert await store.commit(put({"small": b""})) == 2
        connection.pragma("max_page_count", 1_000_000)
        assert await store.commit(put({"after": bytes(100_000)})) == 3
        assert list(await read_all(store)) == ["after", "before", "small"]
        assert await store.check() == []
        await store.close()

    asyncio.run(test())


class FailingDisk(apsw.VFS):
    """Files as SQLite otherwise has them, until the disk is told to fail."""

    def __init__(self) -> None:
        self.fails_to: str | None = None
        super().__init__("failing", "unix", makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return FailingFile(self, name, flags)


class FailingFile(apsw.VFSFile):
    def __init__(self, disk: FailingDisk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        super().__init__("unix", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        if self._disk.fails_to == "write":
            raise apsw.exception_for(apsw.SQLITE_FULL)
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        if self._disk.fails_to == "sync":
            raise apsw.exception_for(apsw.SQLITE_IOERR_FSYNC)
        super().xSync(flags)


@pytest.fixture
def disk() -> Iterator[FailingDisk]:
    disk = FailingDisk()
    yield disk
    disk.unregister()


@pytest.mark.parametrize(
    ("failure", "refusal"),
    [
        ("write", Unavailable("The store cannot be written: the disk is full.")),
        ("sync", Unknown("The disk did not confirm that the change is stored.")),
    ],
)
def test_a_disk_that_fails_is_told_and_loses_nothing(
    tmp_path: Path, disk: FailingDisk, failure: str, refusal: Exception
) -> None:
    async def test() -> None:
        store = SQLiteStore(tmp_path / "iamd.db")
        await store.open()
        await store.commit(put({"before": b""}))
        disk.fails_to = failure
        commits = (store.commit(put({f"during/{number}": b""})) for number in range(3))
        outcomes = await asyncio.gather(*commits, return_exceptions=True)
        assert {(type(outcome), str(outcome)) for outcome in outcomes} == {(type(refusal), str(refusal))}
        assert list(await read_all(store)) == ["before"]
        disk.fails_to = None
        assert await store.commit(put({"after": b""})) == 2
        await store.close()
        await store.open()
        assert list(await read_all(store)) == ["after", "before"]
        assert await store.check() == []
        await store.close()

    asyncio.run(test())


@pytest.fixture
def unwritable() -> Iterator[Path]:
    """A directory with a store, both of which their owner may only read."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        if os.geteuid() == 0:
            os.chown(directory, NOBODY, NOBODY)
        yield directory
        directory.chmod(0o700)


def close_to_writing(directory: Path) -> None:
    for path in (*directory.iterdir(), directory):
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
        path.chmod(0o500 if path.is_dir() else 0o400)


def test_a_read_only_store_is_refused_in_clear_words(unwritable: Path) -> None:
    async def prepare() -> None:
        store = SQLiteStore(unwritable / "iamd.db")
        await store.open()
        await store.commit(put({"a": b"1"}))
        await store.close()

    asyncio.run(prepare())
    content = (unwritable / "iamd.db").read_bytes()
    close_to_writing(unwritable)
    assert run("read_only_opener", unwritable) in (
        f"{unwritable}/iamd.db cannot be written: it, its directory or its disk is read-only.\n",
        f"{unwritable}/iamd.db cannot be opened: it or its directory is missing, or may not be read and written.\n",
    )
    assert (unwritable / "iamd.db").read_bytes() == content


def test_a_read_only_directory_is_refused_in_clear_words(unwritable: Path) -> None:
    close_to_writing(unwritable)
    message = f"{unwritable}/iamd.db cannot be used: Permission denied ({unwritable}/iamd.db).\n"
    assert run("read_only_opener", unwritable) == message
    assert list(unwritable.iterdir()) == []


def test_another_process_cannot_be_kept_from_reading_by_a_lock(tmp_path: Path) -> None:
    async def test() -> None:
        store = SQLiteStore(tmp_path / "iamd.db")
        await store.open()
        await store.commit(put({"a": b"1"}))
        other = apsw.Connection(str(tmp_path / "iamd.db"))
        other.execute("BEGIN EXCLUSIVE")
        assert list(await read_all(store)) == ["a"]
        assert store.poll(1) is False
        other.execute("ROLLBACK")
        other.close()
        await store.close()

    asyncio.run(test())

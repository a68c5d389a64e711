"""A file of an older schema becomes one of the newest, whole or not at all; one of a newer schema is refused."""

import asyncio
from pathlib import Path

import apsw
import pytest

from iamd.store import migrations
from iamd.store.interface import Unavailable
from iamd.store.migrations import STEPS, VERSION, migrate
from iamd.store.sqlite import SQLiteStore
from tests.store.contract import put, read_all

NEXT = (*STEPS, "ALTER TABLE entry ADD COLUMN size INTEGER; UPDATE entry SET size = length(value);")
BROKEN = (*STEPS, "ALTER TABLE entry ADD COLUMN size INTEGER; DROP TABLE missing;")


def make_store(path: Path) -> None:
    async def make() -> None:
        store = SQLiteStore(path)
        await store.open()
        await store.commit(put({"a": b"12345", "b": b"123"}))
        await store.close()

    asyncio.run(make())


def schema(connection: apsw.Connection) -> list[tuple[str, ...]]:
    return list(connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name"))


def test_an_older_schema_is_brought_to_the_newest_with_all_it_holds(tmp_path: Path) -> None:
    make_store(tmp_path / "iamd.db")
    connection = apsw.Connection(str(tmp_path / "iamd.db"))
    assert connection.pragma("user_version") == VERSION
    migrate(connection, "the store", NEXT)
    assert connection.pragma("user_version") == VERSION + 1
    assert list(connection.execute("SELECT key, value, size FROM entry")) == [("a", b"12345", 5), ("b", b"123", 3)]
    before = schema(connection)
    migrate(connection, "the store", NEXT)
    assert schema(connection) == before
    connection.close()


def test_a_new_file_takes_every_step(tmp_path: Path) -> None:
    make_store(tmp_path / "old.db")
    migrated, new = apsw.Connection(str(tmp_path / "old.db")), apsw.Connection(str(tmp_path / "new.db"))
    migrate(migrated, "the store", NEXT)
    migrate(new, "the store", NEXT)
    assert schema(new) == schema(migrated)
    assert new.pragma("application_id") == migrations.APPLICATION_ID
    migrated.close()
    new.close()


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    make_store(tmp_path / "iamd.db")
    connection = apsw.Connection(str(tmp_path / "iamd.db"))
    before = schema(connection)
    with pytest.raises(apsw.SQLError, match="no such table: missing"):
        migrate(connection, "the store", BROKEN)
    assert (schema(connection), connection.pragma("user_version")) == (before, VERSION)
    connection.close()


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "iamd.db"
    make_store(path)
    connection = apsw.Connection(str(path))
    migrate(connection, "the store", NEXT)
    connection.close()
    content = path.read_bytes()
    with pytest.raises(Unavailable) as refusal:
        asyncio.run(SQLiteStore(path).open())
    assert str(refusal.value) == (
        f"{path} was written by a newer version of iamd (schema {VERSION + 1}; this one knows up to {VERSION}). "
        "Start the newer version, or restore a backup that this one made."
    )
    assert path.read_bytes() == content


def test_a_process_that_a_newer_one_overtook_writes_no_more(tmp_path: Path) -> None:
    async def test() -> None:
        store = SQLiteStore(tmp_path / "iamd.db")
        await store.open()
        await store.commit(put({"a": b"1"}))
        newer = apsw.Connection(str(store.path))
        migrate(newer, "the store", NEXT)
        newer.close()
        for use in (store.commit(put({"b": b"1"})), store.changes(0), read_all(store)):
            with pytest.raises(Unavailable, match=r"^The store was written by a newer version of iamd "):
                await use
        await store.close()

    asyncio.run(test())

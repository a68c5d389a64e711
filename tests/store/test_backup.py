"""A backup is the store as it was at one moment, and a restore makes a store that, all of it."""

import asyncio
import os
import stat
from pathlib import Path

import apsw
import pytest

from iamd.store.backup import BackupError, back_up, restore
from iamd.store.interface import Commit, Item
from iamd.store.migrations import STEPS, VERSION, migrate
from iamd.store.sqlite import SQLiteStore
from tests.store.contract import put, read_all, read_feed

State = tuple[int, dict[str, Item], list[Commit]]


async def read_state(path: Path) -> tuple[str, State]:
    """The epoch, and everything else that a store holds."""
    store = SQLiteStore(path)
    await store.open()
    epoch, revision = await store.head()
    state = revision, await read_all(store), await read_feed(store)
    assert await store.check() == []
    await store.close()
    return epoch, state


async def make_store(path: Path, commits: int = 50) -> SQLiteStore:
    store = SQLiteStore(path)
    await store.open()
    for number in range(commits):
        delete = (f"k{(number + 5) % 17}",) if number % 3 else ()
        await store.commit(put({f"k{number % 17}": bytes([number]) * 3000, "b": b""}, delete))
    return store


def test_a_store_that_was_lost_is_restored_with_all_it_held(tmp_path: Path) -> None:
    async def test() -> None:
        store = await make_store(tmp_path / "iamd.db")
        await store.close()
        epoch, state = await read_state(tmp_path / "iamd.db")
        backup = await back_up(tmp_path / "iamd.db", tmp_path / "backup.db")
        assert (backup.epoch, backup.revision) == (epoch, 50)
        assert backup.size == (tmp_path / "backup.db").stat().st_size
        for path in tmp_path.glob("iamd.db*"):
            path.unlink()
        restored = await restore(tmp_path / "backup.db", tmp_path / "iamd.db")
        assert restored.revision == 50
        new_epoch, new_state = await read_state(tmp_path / "iamd.db")
        assert new_state == state
        assert new_epoch == restored.epoch != epoch
        assert sorted(os.listdir(tmp_path)) == ["backup.db", "iamd.db"]

    asyncio.run(test())


def test_a_backup_is_made_while_others_write_and_is_of_one_moment(tmp_path: Path) -> None:
    async def test() -> None:
        store = await make_store(tmp_path / "iamd.db")
        begun, done = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        async def write() -> int:
            written = 0
            while not done.is_set():
                await store.commit(put({f"left{written % 7}": b"%d" % written, f"right{written % 7}": b"%d" % written}))
                written += 1
                begun.set()
            return written

        writing = asyncio.ensure_future(write())
        await begun.wait()
        backup = await back_up(
            tmp_path / "iamd.db", tmp_path / "backup.db", lambda copied, total: loop.call_soon_threadsafe(begun.set)
        )
        done.set()
        assert await writing >= backup.revision - 50 > 0
        feed = await read_feed(store)
        await store.close()
        _, (revision, items, commits) = await read_state(tmp_path / "backup.db")
        assert revision == backup.revision
        assert commits == feed[:revision]
        for number in range(7):
            assert items.get(f"left{number}") == items.get(f"right{number}")

    asyncio.run(test())


def test_a_backup_is_one_file_for_its_owner_alone_that_tells_its_progress(tmp_path: Path) -> None:
    async def test() -> None:
        store = await make_store(tmp_path / "iamd.db")
        told: list[tuple[int, int]] = []
        (tmp_path / "backups").mkdir()
        await back_up(store.path, tmp_path / "backups" / "1.db", lambda *progress: told.append(progress))
        await store.close()
        assert os.listdir(tmp_path / "backups") == ["1.db"]
        assert stat.filemode((tmp_path / "backups" / "1.db").stat().st_mode) == "-rw-------"
        assert told[-1][0] == told[-1][1] > 0
        (tmp_path / "backups" / "1.db").chmod(0o400)
        (tmp_path / "backups").chmod(0o500)
        assert (await restore(tmp_path / "backups" / "1.db", tmp_path / "new.db")).revision == 50
        (tmp_path / "backups").chmod(0o700)

    asyncio.run(test())


def test_a_backup_overwrites_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        store = await make_store(tmp_path / "iamd.db")
        await store.close()
        (tmp_path / "backup.db").write_bytes(b"precious")
        with pytest.raises(
            BackupError, match=rf"^{tmp_path}/backup.db exists, and a backup overwrites nothing: name another file\.$"
        ):
            await back_up(tmp_path / "iamd.db", tmp_path / "backup.db")
        assert (tmp_path / "backup.db").read_bytes() == b"precious"

    asyncio.run(test())


def test_a_restore_replaces_a_store_only_when_told(tmp_path: Path) -> None:
    async def test() -> None:
        store = await make_store(tmp_path / "iamd.db")
        await back_up(tmp_path / "iamd.db", tmp_path / "backup.db")
        await store.commit(put({"later": b""}))
        await store.close()
        before = await read_state(tmp_path / "iamd.db")
        message = rf"^{tmp_path}/iamd.db holds a store: restoring would replace all that is in it\.$"
        with pytest.raises(BackupError, match=message):
            await restore(tmp_path / "backup.db", tmp_path / "iamd.db")
        assert await read_state(tmp_path / "iamd.db") == before
        await restore(tmp_path / "backup.db", tmp_path / "iamd.db", force=True)
        assert (await read_state(tmp_path / "iamd.db"))[1] == (await read_state(tmp_path / "backup.db"))[1]

    asyncio.run(test())


def test_a_store_that_holds_nothing_is_replaced(tmp_path: Path) -> None:
    async def test() -> None:
        store = await make_store(tmp_path / "iamd.db", 3)
        empty = await make_store(tmp_path / "empty.db", 0)
        await back_up(tmp_path / "iamd.db", tmp_path / "backup.db")
        await restore(tmp_path / "backup.db", tmp_path / "empty.db")
        assert (await empty.head())[1] == 3
        await store.close()
        await empty.close()

    asyncio.run(test())


def test_a_backup_of_an_older_schema_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    connection = apsw.Connection(str(path))
    migrate(connection, "the store", STEPS[:1])
    connection.execute("INSERT INTO entry VALUES (1 << 16, 'a', x'31'); INSERT INTO item VALUES ('a', 1 << 16)")
    connection.close()

    async def test() -> None:
        await restore(path, tmp_path / "iamd.db")
        assert (await read_state(tmp_path / "iamd.db"))[1] == (
            1,
            {"a": Item(b"1", 1)},
            [Commit(1, {"a": b"1"}, frozenset())],
        )

    asyncio.run(test())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "There is no backup {path}."),
        (b"", "{path} is empty."),
        (b"nonsense" * 1000, "{path} is damaged or is no store (file is not a database). "
         "Run iamd check, or restore a backup."),
    ],
)  # fmt: skip
def test_what_is_no_backup_is_not_restored(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "backup.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BackupError) as refusal:
        asyncio.run(restore(path, tmp_path / "iamd.db"))
    assert str(refusal.value) == message.format(path=path)
    assert set(os.listdir(tmp_path)) <= {"backup.db"}


def test_a_backup_of_a_newer_schema_is_not_restored(tmp_path: Path) -> None:
    path = tmp_path / "backup.db"
    connection = apsw.Connection(str(path))
    migrate(connection, "the store", (*STEPS, "CREATE TABLE more (x)"))
    connection.close()
    with pytest.raises(BackupError, match=rf"\(schema {VERSION + 1}; this one knows up to {VERSION}\)"):
        asyncio.run(restore(path, tmp_path / "iamd.db"))
    assert os.listdir(tmp_path) == ["backup.db"]


def test_a_damaged_store_makes_no_backup_and_a_damaged_backup_no_store(tmp_path: Path) -> None:
    async def test() -> None:
        store = await make_store(tmp_path / "iamd.db")
        await store.close()
        await back_up(tmp_path / "iamd.db", tmp_path / "backup.db")
        for path in (tmp_path / "iamd.db", tmp_path / "backup.db"):
            connection = apsw.Connection(str(path))
            connection.execute("DELETE FROM entry WHERE id >> 16 = 20")
            connection.close()
        message = (
            r"^What was copied is not in order, so the original hardly is: "
            r"The log has no commit between the revisions 19 and 21\.$"
        )
        with pytest.raises(BackupError, match=message):
            await back_up(tmp_path / "iamd.db", tmp_path / "another.db")
        with pytest.raises(BackupError, match=message):
            await restore(tmp_path / "backup.db", tmp_path / "new.db")
        assert sorted(os.listdir(tmp_path)) == ["backup.db", "iamd.db"]

    asyncio.run(test())


def test_there_is_nothing_to_back_up_where_no_store_is(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=rf"^There is no store {tmp_path}/iamd.db\.$"):
        asyncio.run(back_up(tmp_path / "iamd.db", tmp_path / "backup.db"))
    assert os.listdir(tmp_path) == []

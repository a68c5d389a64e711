"""The contract as the SQLite store keeps it, in a file and in memory, and what it promises beyond."""

import asyncio
import stat
from pathlib import Path

import apsw
import pytest

from iamd.store.interface import Transaction, Unavailable
from iamd.store.sqlite import SQLiteStore
from tests.store.contract import SharedStoreContract, StoreContract, put, read_all, read_feed


class TestInAFile(SharedStoreContract):
    def make(self, directory: Path) -> SQLiteStore:
        return SQLiteStore(directory / "iamd.db")


class TestInMemory(StoreContract):
    def make(self, directory: Path) -> SQLiteStore:
        return SQLiteStore()


def mode(path: Path) -> str:
    return stat.filemode(path.stat().st_mode)


def test_revisions_count_up_without_gaps(tmp_path: Path) -> None:
    async def test() -> None:
        one, other = SQLiteStore(tmp_path / "iamd.db"), SQLiteStore(tmp_path / "iamd.db")
        await one.open()
        await other.open()
        await asyncio.gather(
            *(store.commit(put({"a": b""}, b=number % 2)) for store in (one, other) for number in range(40)),
            return_exceptions=True,
        )
        assert [commit.revision for commit in await read_feed(one)] == list(range(1, 41))
        await one.close()
        await other.close()

    asyncio.run(test())


def test_its_files_are_the_owners_alone(tmp_path: Path) -> None:
    async def test() -> None:
        path = tmp_path / "data" / "iamd.db"
        store = SQLiteStore(path)
        await store.open()
        await store.commit(put({"a": b""}))
        assert {file.name: mode(file) for file in path.parent.iterdir()} == {
            "iamd.db": "-rw-------",
            "iamd.db-shm": "-rw-------",
            "iamd.db-wal": "-rw-------",
        }
        assert mode(path.parent) == "drwx------"
        await store.close()
        path.chmod(0o644)
        await store.open()
        assert mode(path) == "-rw-------"
        await store.close()
        assert [file.name for file in path.parent.iterdir()] == ["iamd.db"]

    asyncio.run(test())


def test_commits_reach_the_disk_before_they_return(tmp_path: Path) -> None:
    async def test() -> None:
        store = SQLiteStore(tmp_path / "iamd.db")
        await store.open()
        connection = store._write_database.connection
        assert connection.pragma("journal_mode") == "wal"
        assert connection.pragma("synchronous") == 2  # FULL
        await store.close()

    asyncio.run(test())


def test_writes_queued_when_it_closes_are_written(tmp_path: Path) -> None:
    async def test() -> None:
        store = SQLiteStore(tmp_path / "iamd.db")
        await store.open()
        commits = [asyncio.ensure_future(store.commit(put({f"k{number}": b""}))) for number in range(100)]
        await asyncio.sleep(0)
        await store.close()
        assert sorted(await asyncio.gather(*commits)) == list(range(1, 101))
        with pytest.raises(Unavailable, match=r"^The store is not open\.$"):
            await store.commit(put({"a": b""}))
        assert store.poll(0) is True
        await store.open()
        assert len(await read_all(store)) == 100
        await store.close()

    asyncio.run(test())


def test_a_write_that_another_process_keeps_out_gives_up_and_never_happens(tmp_path: Path) -> None:
    async def test() -> None:
        store = SQLiteStore(tmp_path / "iamd.db")
        await store.open()
        other = apsw.Connection(str(tmp_path / "iamd.db"))
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match=r"^The store is busy: it has not come to this change in 0.05 seconds\.$"):
            await store.commit(put({"a": b""}), timeout=0.05)
        other.execute("ROLLBACK")
        assert await store.commit(put({"b": b""})) == 1
        assert list(await read_all(store)) == ["b"]
        other.close()
        await store.close()

    asyncio.run(test())


@pytest.mark.parametrize("content", [b"not a database, but longer than its header would be" * 40, b"\0" * 4096])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "iamd.db"
    path.write_bytes(content)
    message = rf"^{path} is damaged or is no store \(file is not a database\)\. Run iamd check, or restore a backup\.$"
    with pytest.raises(Unavailable, match=message):
        asyncio.run(SQLiteStore(path).open())
    assert path.read_bytes() == content


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "iamd.db"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE entry (id)")
    connection.close()
    content = path.read_bytes()
    with pytest.raises(Unavailable, match=rf"^{path} is a database of another program, not a store of iamd\.$"):
        asyncio.run(SQLiteStore(path).open())
    assert path.read_bytes() == content


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    path = tmp_path / "file" / "iamd.db"
    with pytest.raises(Unavailable, match=rf"^{path} cannot be used: File exists \({path.parent}\)\.$"):
        asyncio.run(SQLiteStore(path).open())


@pytest.mark.parametrize(
    ("damage", "findings"),
    [
        ("DELETE FROM entry WHERE id >> 16 = 1", ["The log has no commit between the revisions 0 and 2."]),
        (
            "DELETE FROM entry WHERE id = (2 << 16)",
            [
                "The commit of revision 2 has 1 of its 2 or more entries.",
                "b has a current value, but the log knows nothing of it.",
            ],
        ),
        (
            "UPDATE item SET entry = (1 << 16) WHERE key = 'a'",
            ["a: the log has its newest value of revision 3, but its current value is of revision 1."],
        ),
        (
            "DELETE FROM item WHERE key = 'a'",
            ["a: the log has its newest value of revision 3, but it has no current value."],
        ),
        (
            "INSERT INTO item VALUES ('c', 2 << 16 | 1)",
            ["c: the log deletes it in revision 3, but its current value is of revision 2."],
        ),
    ],
)
def test_damage_is_found(tmp_path: Path, damage: str, findings: list[str]) -> None:
    async def test() -> None:
        store = SQLiteStore(tmp_path / "iamd.db")
        await store.open()
        await store.commit(put({"a": b"1"}))
        await store.commit(put({"b": b"2", "c": b"2"}))
        await store.commit(Transaction(expect={}, put={"a": b"3"}, delete=frozenset({"c"})))
        assert await store.check() == []
        connection = apsw.Connection(str(tmp_path / "iamd.db"))
        connection.execute(damage)
        connection.close()
        assert await store.check() == findings
        await store.close()

    asyncio.run(test())


def test_a_damaged_page_is_found(tmp_path: Path) -> None:
    async def test() -> None:
        store = SQLiteStore(tmp_path / "iamd.db")
        await store.open()
        for number in range(300):
            await store.commit(put({f"k{number}": bytes(200)}))
        await store.close()
        with open(tmp_path / "iamd.db", "r+b") as file:
            file.seek(10 * 4096)
            file.write(b"\xff" * 4096)
        await store.open()
        findings = await store.check()
        assert findings
        assert all(finding.startswith(("SQLite finds the file damaged: ", str(store.path))) for finding in findings[:1])
        await store.close()

    asyncio.run(test())

"""A process answers from its replica what every process has committed."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from iamd.account.records import AccessKey
from iamd.errors import EntityAlreadyExists, ServiceUnavailable
from iamd.replica.replica import Replica
from iamd.store.backup import back_up, restore
from iamd.store.interface import Transaction
from tests.replica.world import (
    ACCOUNT,
    OTHER_ACCOUNT,
    create_user,
    delete_user,
    dump,
    dump_directory,
    names,
    rename_user,
    replica_in,
    replica_of,
    settings,
    with_account,
)


def key(key_id: str, account_id: str = ACCOUNT) -> AccessKey:
    return AccessKey(id=key_id, owner_id=account_id, sealed_secret="1.sealed", created=1_700_000_000)


@with_account
async def test_an_account_that_does_not_exist_is_none(replica: Replica) -> None:
    assert replica.find_account(OTHER_ACCOUNT) is None
    assert await replica.account(OTHER_ACCOUNT) is None


@with_account
async def test_a_new_account_has_its_settings_and_keys(replica: Replica) -> None:
    account = await replica.create_account(
        settings(OTHER_ACCOUNT, quotas={"Groups": 500}), [key("AKIAIOSFODNN7EXAMPLE", OTHER_ACCOUNT)], name="Example"
    )
    assert account is replica.find_account(OTHER_ACCOUNT)
    assert account.settings == settings(OTHER_ACCOUNT, quotas={"Groups": 500})
    assert [each.id for each in account.access_keys_of(OTHER_ACCOUNT)] == ["AKIAIOSFODNN7EXAMPLE"]
    assert replica.directory.account_ids == {ACCOUNT, OTHER_ACCOUNT}
    assert replica.directory.seeded_access_keys == {"AKIAIOSFODNN7EXAMPLE": OTHER_ACCOUNT}


@with_account
async def test_an_account_or_a_seeded_access_key_exists_once(replica: Replica) -> None:
    message = r"^Account 111122223333 or one of its access keys already exists\.$"
    with pytest.raises(EntityAlreadyExists, match=message):
        await replica.create_account(settings())
    await replica.create_account(settings("123456789012"), [key("test", "123456789012")])
    with pytest.raises(EntityAlreadyExists):
        await replica.create_account(settings(OTHER_ACCOUNT), [key("test", OTHER_ACCOUNT)])
    assert await replica.account(OTHER_ACCOUNT) is None


def test_of_many_first_starts_one_makes_the_account(tmp_path: Path) -> None:
    async def test() -> None:
        async with replica_in(tmp_path / "iamd.db") as one, replica_in(tmp_path / "iamd.db") as other:
            outcomes = await asyncio.gather(
                *(replica.create_account(settings()) for replica in (one, other)), return_exceptions=True
            )
            assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Account", "EntityAlreadyExists"]
            assert dump(await one.account(ACCOUNT)) == dump(await other.account(ACCOUNT))

    asyncio.run(test())


@with_account
async def test_a_replica_opened_later_holds_the_same(replica: Replica) -> None:
    for number in range(20):
        await replica.write(ACCOUNT, create_user(f"user{number}"))
    await replica.write(ACCOUNT, delete_user("user3"))
    async with replica_of(replica.store) as later:
        assert later.find_account(ACCOUNT) is None  # nothing is loaded before it is asked for
        assert dump(await later.account(ACCOUNT)) == dump(await replica.account(ACCOUNT))
        assert dump_directory(later.directory) == dump_directory(replica.directory)
        assert later.revision == replica.revision


@with_account
async def test_an_account_is_loaded_once_for_all_who_ask(replica: Replica) -> None:
    async with replica_of(replica.store) as later:
        accounts = await asyncio.gather(*(later.account(ACCOUNT) for _ in range(10)))
        assert len({id(account) for account in accounts}) == 1


@with_account
async def test_a_commit_while_an_account_is_loaded_is_not_missed(replica: Replica) -> None:
    await asyncio.gather(*(replica.write(ACCOUNT, create_user(f"user{each:04}")) for each in range(1500)))  # some pages
    async with replica_of(replica.store) as later:
        loading = asyncio.ensure_future(later.account(ACCOUNT))
        await asyncio.sleep(0)
        await replica.write(ACCOUNT, delete_user("user0000"))
        await later.write(ACCOUNT, rename_user("user1499", "zoe"))
        assert dump(await loading) == dump(await replica.account(ACCOUNT))


def test_a_commit_of_another_process_is_seen_at_once(tmp_path: Path) -> None:
    async def test() -> None:
        async with replica_in(tmp_path / "iamd.db") as one, replica_in(tmp_path / "iamd.db") as other:
            await one.create_account(settings())
            for number in range(30):
                writer, reader = (one, other) if number % 2 else (other, one)
                await writer.write(ACCOUNT, create_user(f"user{number:02}"))
                assert reader.find_account(ACCOUNT) is None  # it knows that there is something to follow
                assert names(await reader.account(ACCOUNT)) == [f"user{each:02}" for each in range(number + 1)]
                assert reader.find_account(ACCOUNT) is await reader.account(ACCOUNT)
                assert writer.find_account(ACCOUNT) is not None

    asyncio.run(test())


def test_a_replica_that_fell_behind_a_compaction_reads_anew(tmp_path: Path) -> None:
    async def test() -> None:
        async with replica_in(tmp_path / "iamd.db") as one, replica_in(tmp_path / "iamd.db") as other:
            await one.create_account(settings())
            await other.account(ACCOUNT)
            for number in range(5):
                await one.write(ACCOUNT, create_user(f"user{number}"))
            await one.create_account(settings(OTHER_ACCOUNT))
            await one.store.compact(one.revision)
            assert dump(await other.account(ACCOUNT)) == dump(await one.account(ACCOUNT))
            assert dump_directory(other.directory) == dump_directory(one.directory)
            await other.write(ACCOUNT, create_user("zoe"))
            assert names(await one.account(ACCOUNT))[-1] == "zoe"

    asyncio.run(test())


def test_a_restore_under_a_running_process_is_read_anew_and_written_on(tmp_path: Path) -> None:
    async def test() -> None:
        database = tmp_path / "iamd.db"
        async with replica_in(database) as replica:
            await replica.create_account(settings())
            await replica.write(ACCOUNT, create_user("kept"))
            await back_up(database, tmp_path / "backup.db")
            revision = replica.revision
            await replica.write(ACCOUNT, create_user("lost"))
            await replica.create_account(settings(OTHER_ACCOUNT))
            await restore(tmp_path / "backup.db", database, force=True)
            # Another history reaches the same revision: what was seen of the old one must not be taken for it.
            async with replica_in(database) as other:
                await other.write(ACCOUNT, create_user("instead"))
                await other.write(ACCOUNT, create_user("of"))
                assert other.revision == revision + 2
            await replica.write(ACCOUNT, create_user("later"))
            assert names(await replica.account(ACCOUNT)) == ["instead", "kept", "later", "of"]
            assert replica.directory.account_ids == {ACCOUNT}
            assert await replica.account(OTHER_ACCOUNT) is None
            assert await replica.store.check() == []

    asyncio.run(test())


def test_without_its_store_a_replica_goes_on_answering_what_it_knows(tmp_path: Path) -> None:
    async def test() -> None:
        async with replica_in(tmp_path / "iamd.db") as replica:
            await replica.create_account(settings())
            await replica.create_account(settings(OTHER_ACCOUNT))
            await replica.write(ACCOUNT, create_user("alice"))
            assert replica.problem is None
            async with replica_of(replica.store) as other:
                await other.account(ACCOUNT)
                await replica.store.close()
                assert other.find_account(ACCOUNT) is None
                assert names(await other.account(ACCOUNT)) == ["alice"]
                assert other.problem == "The store is not open."
                with pytest.raises(ServiceUnavailable, match=r"^The store is not open\.$"):
                    await other.account(OTHER_ACCOUNT)
                with pytest.raises(ServiceUnavailable, match=r"^The store is not open\.$"):
                    await other.write(ACCOUNT, create_user("bob"))
                await replica.store.open()
                assert names(await other.account(ACCOUNT)) == ["alice"]
                assert other.problem is None
                await other.write(ACCOUNT, create_user("bob"))

    asyncio.run(test())


def test_a_seeded_access_key_of_another_process_is_known_after_following(tmp_path: Path) -> None:
    async def test() -> None:
        async with replica_in(tmp_path / "iamd.db") as one, replica_in(tmp_path / "iamd.db") as other:
            await other.create_account(settings(), [key("seeded")])
            assert one.directory.seeded_access_keys == {}
            await one.follow()
            assert one.directory.seeded_access_keys == {"seeded": ACCOUNT}
            await one.store.close()
            await one.follow()  # what is known stays

    asyncio.run(test())


class Listener:
    """Remembers what it heard."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def hear(self, key: str, value: bytes | None) -> None:
        self.heard.append((key, value))

    def hear_all(self, values: Mapping[str, bytes]) -> None:
        self.heard.append(dict(values))


@with_account
async def test_a_watcher_hears_of_its_keys_alone(replica: Replica) -> None:
    watcher = Listener()
    replica.watch("meta/", watcher)
    await replica.write(ACCOUNT, create_user("alice"))
    await replica.store.commit(Transaction(expect={}, put={"meta/a": b"1", "other": b""}))
    await replica.store.commit(Transaction(expect={}, put={"meta/b": b"2"}, delete=frozenset({"meta/a"})))
    await replica.account(ACCOUNT)
    assert watcher.heard == [("meta/a", b"1"), ("meta/b", b"2"), ("meta/a", None)]


@with_account
async def test_a_watcher_hears_of_all_there_is_when_commits_cannot_be_followed(replica: Replica) -> None:
    watcher = Listener()
    replica.watch("meta/", watcher)
    await replica.store.commit(Transaction(expect={}, put={"meta/a": b"1", "other": b""}))
    await replica.store.commit(Transaction(expect={}, put={"meta/b": b"2"}, delete=frozenset({"meta/a"})))
    await replica.store.compact(replica.revision + 2)
    await replica.account(ACCOUNT)
    assert watcher.heard == [{"meta/b": b"2"}]

"""The contract of ``iamd.store.interface`` as a suite; each store runs it in a class of its own."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from iamd.store.interface import (
    Commit,
    Compacted,
    Conflict,
    Item,
    Revision,
    Store,
    TooLarge,
    Transaction,
)

PATIENCE = 20.0  # seconds for what is heard a moment later

Test = Callable[[Any, Store], Awaitable[None]]


def in_loop(test: Test) -> Callable[[Any, Path], None]:
    """A test in an event loop of its own, with an open store."""

    def run(self: Any, tmp_path: Path) -> None:
        async def with_store() -> None:
            store = self.make(tmp_path)
            await store.open()
            try:
                await test(self, store)
            finally:
                await store.close()

        asyncio.run(with_store())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


def put(values: dict[str, bytes], delete: tuple[str, ...] = (), **expect: int) -> Transaction:
    return Transaction(expect=expect, put=values, delete=frozenset(delete))


async def read_all(store: Store, prefix: str = "") -> dict[str, Item]:
    return {key: item async for _, items in store.scan(prefix) for key, item in items}


async def read_feed(store: Store, after: Revision = 0, limit: int = 1000) -> list[Commit]:
    commits: list[Commit] = []
    while page := await store.changes(commits[-1].revision if commits else after, limit=limit):
        assert len(page) <= limit
        commits += page
    return commits


async def known(store: Store, after: Revision) -> bool:
    """Whether the store comes to know that there is something after a revision."""
    give_up = asyncio.get_running_loop().time() + PATIENCE
    while not store.poll(after):
        if asyncio.get_running_loop().time() > give_up:
            return False
        await asyncio.sleep(0.001)
    return True


def pieces(values: dict[str, bytes], store: Store) -> Iterator[dict[str, bytes]]:
    """The values in transactions that the store takes."""
    items = iter(values.items())
    while piece := dict(islice(items, min(1000, store.limits.operations))):
        yield piece


class StoreContract:
    """What every store does. ``make`` is a store that is new, or the same one again for the same directory."""

    def make(self, directory: Path) -> Store:
        raise NotImplementedError

    # Committing -------------------------------------------------------------------------------------------------------

    @in_loop
    async def test_an_empty_store_is_at_revision_0(self, store: Store) -> None:
        epoch, head = await store.head()
        assert (len(epoch) > 0, head) == (True, 0)
        assert await store.get("a") == (0, {})
        assert [page async for page in store.scan("")] == [(0, [])]
        assert await store.changes(0) == []
        assert store.poll(0) is False

    @in_loop
    async def test_a_commit_is_read_at_once_with_its_revision(self, store: Store) -> None:
        first = await store.commit(put({"a": b"1", "b": b"2"}))
        second = await store.commit(put({"b": b"3", "c": b""}))
        assert second > first > 0
        assert await store.get("a", "b", "c", "d") == (
            second,
            {"a": Item(b"1", first), "b": Item(b"3", second), "c": Item(b"", second)},
        )
        assert (await store.head())[1] == second

    @in_loop
    async def test_any_text_can_be_a_key(self, store: Store) -> None:
        keys = ["a/111122223333/user/zoë", "a b", "日本", "😀", "a'\"\\%_", "-", "~"]
        revision = await store.commit(put({key: key.encode() for key in keys}))
        assert await read_all(store) == {key: Item(key.encode(), revision) for key in keys}

    @in_loop
    async def test_big_values_come_back_whole(self, store: Store) -> None:
        values = {f"big/{number}": random.Random(number).randbytes(200_000) for number in range(6)}
        revision = await store.commit(put(values))
        assert await read_all(store, "big/") == {key: Item(value, revision) for key, value in values.items()}
        assert await store.changes(0) == [Commit(revision, values, frozenset())]

    @in_loop
    async def test_a_transaction_over_the_limits_is_refused_whole(self, store: Store) -> None:
        many = {f"k{number}": b"" for number in range(store.limits.operations + 1)}
        with pytest.raises(TooLarge):
            await store.commit(put(many))
        with pytest.raises(TooLarge):
            await store.commit(put({"a": bytes(store.limits.size)}))
        assert await store.head() == ((await store.head())[0], 0)

    @in_loop
    async def test_a_transaction_at_the_limit_of_operations_is_taken(self, store: Store) -> None:
        many = {f"k{number:06}": b"" for number in range(store.limits.operations)}
        revision = await store.commit(put(many))
        assert await store.changes(0) == [Commit(revision, many, frozenset())]

    # Expectations -----------------------------------------------------------------------------------------------------

    @in_loop
    async def test_absence_is_expected_as_revision_0(self, store: Store) -> None:
        revision = await store.commit(put({"a": b"1"}, a=0))
        with pytest.raises(Conflict):
            await store.commit(put({"a": b"2"}, a=0))
        assert await read_all(store) == {"a": Item(b"1", revision)}

    @in_loop
    async def test_a_key_may_only_be_as_it_was_seen(self, store: Store) -> None:
        seen = await store.commit(put({"a": b"1"}))
        newer = await store.commit(put({"a": b"2"}, a=seen))
        with pytest.raises(Conflict):
            await store.commit(put({"a": b"3"}, a=seen))
        assert await read_all(store) == {"a": Item(b"2", newer)}

    @in_loop
    async def test_an_expected_key_that_is_gone_conflicts(self, store: Store) -> None:
        seen = await store.commit(put({"a": b"1"}))
        await store.commit(put({"b": b""}, delete=("a",)))
        with pytest.raises(Conflict):
            await store.commit(put({"c": b""}, a=seen))
        await store.commit(put({"c": b""}, a=0))

    @in_loop
    async def test_a_key_deleted_and_put_again_is_not_the_one_seen(self, store: Store) -> None:
        seen = await store.commit(put({"a": b"1"}))
        await store.commit(put({"b": b""}, delete=("a",)))
        await store.commit(put({"a": b"1"}))
        with pytest.raises(Conflict):
            await store.commit(put({"c": b""}, a=seen))

    @in_loop
    async def test_one_expectation_that_fails_leaves_everything_unwritten(self, store: Store) -> None:
        revision = await store.commit(put({"a": b"1", "b": b"1"}))
        with pytest.raises(Conflict):
            await store.commit(put({"a": b"2", "new": b""}, delete=("b",), a=revision, b=revision + 1))
        assert await read_all(store) == {"a": Item(b"1", revision), "b": Item(b"1", revision)}
        assert len(await read_feed(store)) == 1

    @in_loop
    async def test_a_conflict_is_its_own_transactions_alone(self, store: Store) -> None:
        taken = await store.commit(put({"taken": b""}))
        outcomes = await asyncio.gather(
            *(store.commit(put({f"k{number}": b""}, taken=number % 2 * taken)) for number in range(20)),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes] == [Conflict, int] * 10
        assert sorted(await read_all(store, "k")) == sorted(f"k{number}" for number in range(1, 20, 2))

    @in_loop
    async def test_of_writers_that_saw_the_same_one_wins(self, store: Store) -> None:
        outcomes = await asyncio.gather(
            *(store.commit(put({"a": b"%d" % number}, a=0)) for number in range(20)), return_exceptions=True
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict"] * 19 + ["int"]

    @in_loop
    async def test_racing_writers_hold_a_quota_exactly(self, store: Store) -> None:
        async def add(writer: int) -> int:
            added = 0
            for number in range(10):
                while True:
                    _, items = await store.get("count")
                    count, seen = items.get("count", Item(b"0", 0))
                    if int(count) == 60:
                        return added
                    members = {"count": b"%d" % (int(count) + 1), f"member/{writer}-{number}": b""}
                    try:
                        await store.commit(put(members, count=seen))
                    except Conflict:
                        continue
                    added += 1
                    break
            return added

        assert sum(await asyncio.gather(*(add(writer) for writer in range(12)))) == 60
        assert len(await read_all(store, "member/")) == 60

    # Deleting ---------------------------------------------------------------------------------------------------------

    @in_loop
    async def test_what_is_deleted_is_gone(self, store: Store) -> None:
        await store.commit(put({"a": b"1", "b": b"1"}))
        revision = await store.commit(put({"c": b"1"}, delete=("a",)))
        assert await store.get("a") == (revision, {})
        assert sorted(await read_all(store)) == ["b", "c"]

    @in_loop
    async def test_deleting_what_is_not_there_changes_nothing(self, store: Store) -> None:
        revision = await store.commit(put({"a": b"1"}, delete=("b", "c")))
        assert await store.changes(0) == [Commit(revision, {"a": b"1"}, frozenset())]

    def test_a_transaction_puts_something(self) -> None:
        with pytest.raises(ValueError, match=r"^a transaction puts at least one key$"):
            Transaction(expect={}, put={}, delete=frozenset({"a"}))

    def test_a_transaction_does_not_put_what_it_deletes(self) -> None:
        with pytest.raises(ValueError, match=r"^a transaction does not put and delete the same key$"):
            Transaction(expect={}, put={"a": b""}, delete=frozenset({"a", "b"}))

    # Scanning ---------------------------------------------------------------------------------------------------------

    @in_loop
    async def test_a_scan_is_in_key_order_and_of_its_prefix(self, store: Store) -> None:
        keys = ["a", "a/", "a/1", "a/1/x", "a/10", "a/2", "a0", "b", "aa", "A/1"]
        await store.commit(put(dict.fromkeys(keys, b"")))
        assert list(await read_all(store, "a/")) == ["a/", "a/1", "a/1/x", "a/10", "a/2"]
        assert list(await read_all(store, "a/1")) == ["a/1", "a/1/x", "a/10"]
        assert list(await read_all(store)) == sorted(keys)
        assert await read_all(store, "c") == {}

    @in_loop
    async def test_a_scan_is_of_one_snapshot_while_others_write(self, store: Store) -> None:
        before = {f"k{number:05}": b"old" for number in range(3000)}
        for piece in pieces(before, store):
            revision = await store.commit(put(piece))
        seen: dict[str, bytes] = {}
        heads = set()
        async for head, items in store.scan("k"):
            if not heads:
                await store.commit(put({"k02999": b"new", "k03000": b"new"}, delete=("k02998",)))
            heads.add(head)
            seen |= {key: item.value for key, item in items}
        assert (heads, seen) == ({revision}, before)
        assert len(await read_all(store, "k")) == 3000

    @in_loop
    async def test_a_scan_may_be_left_early(self, store: Store) -> None:
        for piece in pieces({f"k{number}": b"" for number in range(2000)}, store):
            await store.commit(put(piece))
        for _ in range(10):
            async for _, items in store.scan("k"):
                assert items
                break
        await store.commit(put({"a": b""}))

    # The change feed --------------------------------------------------------------------------------------------------

    @in_loop
    async def test_the_feed_tells_whole_commits_in_order(self, store: Store) -> None:
        first = await store.commit(put({"a": b"1", "b": b"1"}))
        second = await store.commit(put({"a": b"2"}, delete=("b",)))
        third = await store.commit(put({"b": b"3"}))
        commits = [
            Commit(first, {"a": b"1", "b": b"1"}, frozenset()),
            Commit(second, {"a": b"2"}, frozenset({"b"})),
            Commit(third, {"b": b"3"}, frozenset()),
        ]
        assert await store.changes(0) == commits
        assert await store.changes(first) == commits[1:]
        assert await store.changes(third) == []
        assert await store.changes(0, limit=2) == commits[:2]

    @in_loop
    async def test_the_feed_leaves_nothing_out_and_tells_nothing_twice(self, store: Store) -> None:
        done: dict[Revision, dict[str, bytes]] = {}

        async def write(writer: int) -> None:
            for number in range(40):
                values = {f"{writer}": b"%d" % number, f"{writer}/{number}": b""}
                done[await store.commit(put(values))] = values

        async def follow() -> list[Commit]:
            commits: list[Commit] = []
            while len(commits) < 320:
                after = commits[-1].revision if commits else 0
                if store.poll(after):
                    commits += await store.changes(after, limit=7)
                await asyncio.sleep(0)
            return commits

        commits, *_ = await asyncio.gather(follow(), *(write(writer) for writer in range(8)))
        assert commits == [Commit(revision, done[revision], frozenset()) for revision in sorted(done)]
        assert commits == await read_feed(store)

    @in_loop
    async def test_a_long_feed_comes_in_pages(self, store: Store) -> None:
        revisions = [await store.commit(put({"a": bytes(200_000)})) for _ in range(60)]
        assert [commit.revision for commit in await read_feed(store, limit=9)] == revisions
        assert [commit.revision for commit in await read_feed(store)] == revisions

    @in_loop
    async def test_poll_tells_of_commits_not_yet_followed(self, store: Store) -> None:
        revision = await store.commit(put({"a": b"1"}))
        assert (store.poll(0), store.poll(revision), store.poll(revision)) == (True, False, False)
        newer = await store.commit(put({"a": b"1"}))
        assert (store.poll(revision), store.poll(newer)) == (True, False)

    # Compaction -------------------------------------------------------------------------------------------------------

    @in_loop
    async def test_compaction_forgets_history_and_keeps_values(self, store: Store) -> None:
        revisions = [await store.commit(put({"a": b"%d" % number, f"k{number}": b""})) for number in range(5)]
        await store.commit(put({"b": b""}, delete=("k0",)))
        before, commits = await read_all(store), await read_feed(store)
        await store.compact(revisions[3])
        assert await read_all(store) == before
        for forgotten in (0, *revisions[:3]):
            with pytest.raises(Compacted):
                await store.changes(forgotten)
        assert await store.changes(revisions[3]) == commits[4:]
        assert await store.check() == []

    @in_loop
    async def test_expectations_hold_after_compaction(self, store: Store) -> None:
        seen = await store.commit(put({"a": b"1"}))
        last = await store.commit(put({"b": b"1"}))
        await store.compact(last)
        assert await store.changes(last) == []
        with pytest.raises(Conflict):
            await store.commit(put({"a": b"2"}, a=last))
        assert await store.commit(put({"a": b"2"}, a=seen)) > last

    @in_loop
    async def test_compacting_twice_or_beyond_the_end_is_harmless(self, store: Store) -> None:
        first = await store.commit(put({"a": b"1"}))
        last = await store.commit(put({"a": b"2"}))
        await store.compact(last + 100)
        await store.compact(first)
        newest = await store.commit(put({"a": b"3"}))
        assert [commit.revision for commit in await store.changes(last)] == [newest]
        with pytest.raises(Compacted):
            await store.changes(first)

    @in_loop
    async def test_a_store_finds_nothing_wrong_with_itself(self, store: Store) -> None:
        for number in range(20):
            await store.commit(put({f"k{number % 7}": b"%d" % number}, delete=(f"k{(number + 3) % 7}",)))
        assert await store.check() == []


class SharedStoreContract(StoreContract):
    """What stores do that outlive a process and that several share."""

    at_once = True  # others' commits are known as soon as they are made, not only a moment later

    @in_loop
    async def test_everything_is_there_when_opened_again(self, store: Store) -> None:
        await store.commit(put({"a": b"1", "b": b"2"}))
        await store.commit(put({"c": b"3"}, delete=("a",)))
        was = await store.head(), await read_all(store), await read_feed(store)
        await store.close()
        await store.open()
        assert (await store.head(), await read_all(store), await read_feed(store)) == was

    @in_loop
    async def test_what_was_polled_before_it_was_opened_again_does_not_count(self, store: Store) -> None:
        assert store.poll(0) is False
        revision = await store.commit(put({"a": b"1"}))
        await store.close()
        await store.open()
        assert (store.poll(0), store.poll(revision)) == (True, False)

    def test_each_sees_what_the_other_commits(self, tmp_path: Path) -> None:
        async def test() -> None:
            one, other = self.make(tmp_path), self.make(tmp_path)
            await one.open()
            await other.open()
            assert await one.head() == await other.head()
            revision = 0
            for number in range(50):
                writer, reader = (one, other) if number % 2 else (other, one)
                previous, revision = revision, await writer.commit(put({"a": b"%d" % number}, a=revision))
                assert reader.poll(previous) if self.at_once else await known(reader, previous)
                assert await reader.changes(previous) == [Commit(revision, {"a": b"%d" % number}, frozenset())]
                assert reader.poll(revision) is False
            await one.close()
            assert await other.commit(put({"a": b""}, a=revision)) > revision
            await other.close()

        asyncio.run(test())

    def test_two_that_race_never_both_win(self, tmp_path: Path) -> None:
        async def test() -> None:
            stores = [self.make(tmp_path), self.make(tmp_path)]
            for store in stores:
                await store.open()
            for number in range(30):
                outcomes = await asyncio.gather(
                    *(store.commit(put({f"k{number}": b""}, **{f"k{number}": 0})) for store in stores * 3),
                    return_exceptions=True,
                )
                assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict"] * 5 + ["int"]
            assert await read_feed(stores[0]) == await read_feed(stores[1])
            for store in stores:
                await store.close()

        asyncio.run(test())

"""Any sequence of calls leaves a store, and a dictionary with a list of commits as its model, saying the same."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from iamd.store.interface import Commit, Compacted, Conflict, Item, Transaction
from iamd.store.sqlite import SQLiteStore
from tests.store.contract import read_all, read_feed

KEYS = st.sampled_from(["a", "a/1", "a/1/x", "a/2", "b", "ß"])


class StoreMachine(RuleBasedStateMachine):
    """Drives a store in a file, which can be opened again."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.store = SQLiteStore(self.make_path())
        self.runner.run(self.store.open())
        self.items: dict[str, Item] = {}
        self.commits: list[Commit] = []
        self.compacted = 0

    def make_path(self) -> Path | None:
        return Path(self.directory.name) / "iamd.db"

    def teardown(self) -> None:
        self.runner.run(self.store.close())
        self.runner.close()
        self.directory.cleanup()

    @rule(
        values=st.dictionaries(KEYS, st.binary(max_size=20), min_size=1),
        delete=st.frozensets(KEYS),
        expect=st.dictionaries(KEYS, st.integers(-1, 1)),
    )
    def commit(self, values: dict[str, bytes], delete: frozenset[str], expect: dict[str, int]) -> None:
        """``expect`` says how far from the truth each expectation is."""
        delete -= values.keys()
        expected = {key: max(0, self.revision_of(key) + distance) for key, distance in expect.items()}
        transaction = Transaction(expect=expected, put=values, delete=delete)
        holds = all(self.revision_of(key) == revision for key, revision in expected.items())
        try:
            revision = self.runner.run(self.store.commit(transaction))
        except Conflict:
            assert not holds
            return
        assert holds
        assert revision == len(self.commits) + 1
        self.commits.append(Commit(revision, values, delete & self.items.keys()))
        for key in delete:
            self.items.pop(key, None)
        self.items |= {key: Item(value, revision) for key, value in values.items()}

    def revision_of(self, key: str) -> int:
        return self.items[key].revision if key in self.items else 0

    @rule(after=st.integers(0, 20), limit=st.integers(1, 5))
    def follow(self, after: int, limit: int) -> None:
        try:
            changes = self.runner.run(self.store.changes(after, limit=limit))
        except Compacted:
            assert after < self.compacted
            return
        assert after >= self.compacted
        assert changes == self.commits[after : after + limit]
        assert self.store.poll(after) == (after != len(self.commits))

    @rule(prefix=KEYS)
    def scan(self, prefix: str) -> None:
        found = {key: item for key, item in self.items.items() if key.startswith(prefix)}
        assert self.runner.run(read_all(self.store, prefix)) == found

    @rule(keys=st.sets(KEYS))
    def get(self, keys: set[str]) -> None:
        found = {key: self.items[key] for key in keys & self.items.keys()}
        assert self.runner.run(self.store.get(*keys)) == (len(self.commits), found)

    @rule(before=st.integers(0, 20))
    def compact(self, before: int) -> None:
        self.runner.run(self.store.compact(before))
        self.compacted = max(self.compacted, min(before, len(self.commits)))

    @precondition(lambda self: self.store.path is not None)
    @rule()
    def open_again(self) -> None:
        self.runner.run(self.store.close())
        self.runner.run(self.store.open())

    @invariant()
    def they_agree(self) -> None:
        assert list(self.runner.run(read_all(self.store)).items()) == sorted(self.items.items())
        assert self.runner.run(read_feed(self.store, self.compacted)) == self.commits[self.compacted :]
        assert self.runner.run(self.store.head())[1] == len(self.commits)
        assert self.runner.run(self.store.check()) == []


class MemoryStoreMachine(StoreMachine):
    """Drives a store in memory."""

    def make_path(self) -> None:
        return None


TestStoreInAFile = StoreMachine.TestCase
TestStoreInAFile.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
TestStoreInMemory = MemoryStoreMachine.TestCase
TestStoreInMemory.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)

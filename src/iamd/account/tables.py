"""The records of one kind that an account has, in memory."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import Generic, TypeVar

from iamd.account.records import Record

R = TypeVar("R", bound=Record)


class Table(Generic[R]):
    """The records of one kind, by key and in key order."""

    def __init__(self) -> None:
        self._records: dict[str, R] = {}
        self._keys: list[str] = []

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[R]:
        records = self._records
        return (records[key] for key in self._keys)

    def find(self, key: str) -> R | None:
        return self._records.get(key)

    def after(self, key: str) -> Iterator[R]:
        """The records whose keys come after ``key``, in key order."""
        records = self._records
        return (records[k] for k in self._keys[bisect_right(self._keys, key) :])

    def starting(self, prefix: str) -> list[R]:
        """The records whose keys start with ``prefix``, in key order."""
        keys, place, found = self._keys, bisect_left(self._keys, prefix), []
        while place < len(keys) and keys[place].startswith(prefix):
            found.append(self._records[keys[place]])
            place += 1
        return found

    def _put(self, record: R) -> R | None:
        key = record.key
        old = self._records.get(key)
        if old is None:
            insort(self._keys, key)
        self._records[key] = record
        return old

    def _remove(self, key: str) -> R | None:
        old = self._records.pop(key, None)
        if old is not None:
            del self._keys[bisect_left(self._keys, key)]
        return old

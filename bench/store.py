"""Measure the store and the replica over it: ``python -m bench.store [commits]``.

A commit is a compare-and-set of an account's head with a record and an audit event of 1 KB each. Figures of one run
compare with each other; those of a shared machine compare with little else.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from iamd.account.changes import Put
from iamd.account.directory import Directory
from iamd.account.records import Settings, User
from iamd.account.state import Account
from iamd.replica.replica import Replica, Written
from iamd.store.interface import Transaction
from iamd.store.master_keys import new_master_keys
from iamd.store.sealing import open_key_ring
from iamd.store.sqlite import SQLiteStore

RECORD = b"r" * 1000
EVENT = b"e" * 1000
WRITERS = 16


def account_id(number: int) -> str:
    return f"{111122223333 + number}"


def create_user(name: str) -> Callable[[Account], Written]:
    def run(account: Account) -> Written:
        user = User(
            account_id=account.account_id, name=name, id=f"AIDA{name}", created=1, inline_policies={"p": "x" * 850}
        )
        return Written(None, [Put(user)], EVENT)

    return run


def percentiles(seconds: list[float]) -> tuple[float, float]:
    """Median and 99th percentile in ms."""
    ordered = sorted(seconds)
    return ordered[len(ordered) // 2] * 1000, ordered[int(len(ordered) * 0.99)] * 1000


async def measure(
    write: Callable[[int, int], Awaitable[None]], writers: int, commits: int
) -> tuple[float, float, float]:
    """Commits a second, median and 99th percentile in ms, of writers that each write one after another."""
    times: list[float] = []

    async def work(writer: int) -> None:
        for number in range(commits // writers):
            begun = time.perf_counter()
            await write(writer, number)
            times.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    await asyncio.gather(*(work(writer) for writer in range(writers)))
    return len(times) / (time.perf_counter() - begun), *percentiles(times)


async def bench_store(path: Path | None, writers: int, commits: int) -> tuple[float, float, float]:
    store = SQLiteStore(path)
    await store.open()
    heads = dict.fromkeys(range(writers), 0)

    async def write(writer: int, number: int) -> None:
        head = f"a/{account_id(writer)}"
        put = {head: b"head", f"{head}/user/{number}": RECORD, f"event/{account_id(writer)}/{number}": EVENT}
        heads[writer] = await store.commit(Transaction(expect={head: heads[writer]}, put=put))

    result = await measure(write, writers, commits)
    await store.close()
    return result


async def bench_replica(
    path: Path | None, writers: int, commits: int, accounts: int = 1, prefix: str = ""
) -> tuple[float, float, float]:
    store = SQLiteStore(path)
    await store.open()
    replica = Replica(store, Directory())
    await replica.open()
    for number in range(accounts):
        if await replica.account(account_id(number)) is None:
            await replica.create_account(Settings(account_id=account_id(number), created=1))

    async def write(writer: int, number: int) -> None:
        await replica.write(account_id(writer % accounts), create_user(f"{prefix}{writer}-{number}"))

    result = await measure(write, writers, commits)
    await replica.close()
    await store.close()
    return result


def bench_processes(path: Path, processes: int, commits: int, accounts: int) -> tuple[float, float, float]:
    """Processes of 16 writers each over one file; each process is this module again."""

    async def prepare() -> None:
        await bench_replica(path, 1, 1, accounts, "first")

    asyncio.run(prepare())
    command = [sys.executable, "-m", "bench.store", "--process", str(path), str(commits), str(accounts)]
    started = [
        subprocess.Popen([*command, f"p{number}-"], stdout=subprocess.PIPE, text=True) for number in range(processes)
    ]
    results = [json.loads(process.communicate()[0]) for process in started]
    return sum(rate for rate, _, _ in results), max(m for _, m, _ in results), max(p for _, _, p in results)


async def bench_reading(path: Path, users: int) -> dict[str, float]:
    """What reads cost: µs for those on every request, ms for loading."""
    store = SQLiteStore(path)
    await store.open()
    replica = Replica(store, Directory())
    await replica.open()
    await replica.create_account(Settings(account_id=account_id(0), created=1))
    await asyncio.gather(*(replica.write(account_id(0), create_user(f"user{number}")) for number in range(users)))
    fresh = Replica(store, Directory())
    await fresh.open()
    begun = time.perf_counter()
    await fresh.account(account_id(0))
    loading = time.perf_counter() - begun
    ring = await open_key_ring(store, new_master_keys())
    sealed = ring.seal(b"s" * 40, "AKIAIOSFODNN7EXAMPLE")
    await fresh.account(account_id(0))

    def cost(call: Callable[[], object], count: int = 20_000) -> float:
        begun = time.perf_counter()
        for _ in range(count):
            call()
        return (time.perf_counter() - begun) / count * 1e6

    account = fresh.find_account(account_id(0))
    assert account is not None
    results = {
        f"load an account of {users:,} users, ms": loading * 1000,
        "find_account, µs": cost(lambda: fresh.find_account(account_id(0))),
        "note a use, µs": cost(lambda: fresh.last_used.note(account, "AKIAIOSFODNN7EXAMPLE", 1, "iam", "us-east-1")),
        "unseal a secret, µs": cost(lambda: ring.unseal(sealed, "AKIAIOSFODNN7EXAMPLE")),
    }
    account.unsaved_uses.clear()
    await fresh.close()
    await replica.close()
    await store.close()
    return results


def main(commits: int) -> None:
    rows: list[tuple[str, tuple[float, float, float]]] = []
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for writers in (1, WRITERS):
            rows.append(
                (f"store, {writers} writers", asyncio.run(bench_store(directory / f"s{writers}.db", writers, commits)))
            )
        for writers, accounts in ((1, 1), (WRITERS, 1), (WRITERS, WRITERS)):
            path = directory / f"r{writers}-{accounts}.db"
            rows.append(
                (
                    f"replica, {writers} writers on {accounts} accounts",
                    asyncio.run(bench_replica(path, writers, commits, accounts)),
                )
            )
        for accounts in (1, WRITERS):
            rows.append(
                (
                    f"3 processes of {WRITERS} writers on {accounts} accounts",
                    bench_processes(directory / f"p{accounts}.db", 3, commits, accounts),
                )
            )
        rows.append(("store in memory, 16 writers", asyncio.run(bench_store(None, WRITERS, commits))))
        print(f"{'':45} {'commits/s':>10} {'median ms':>10} {'p99 ms':>8}")
        for title, (rate, median, p99) in rows:
            print(f"{title:45} {rate:10,.0f} {median:10.2f} {p99:8.2f}")
        for title, value in asyncio.run(bench_reading(directory / "read.db", 5000)).items():
            print(f"{title:45} {value:10.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--process"]:
        _, _, database, count, accounts, prefix = sys.argv
        print(json.dumps(asyncio.run(bench_replica(Path(database), WRITERS, int(count), int(accounts), prefix))))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3200)

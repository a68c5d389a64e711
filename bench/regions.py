"""Measure writes on SQLite and on three etcd members, without and with a distance: ``python -m bench.regions``.

A write is an operation through the replica: a compare-and-set of its account's head with a record and an audit event of
1 KB each, answered when it is durable and this process's replica holds it. The distance is 35 ms each way, between the
members and from a process to all members but its own, made by links in this process; the process prefers a member that
does not lead, as two of three regions do. Everything shares one machine, so compare the figures of one run.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from tests.etcd import cluster, free_ports, new_prefix
from tests.faults.links import links

from bench.store import WRITERS, account_id, create_user, measure
from iamd.account.directory import Directory
from iamd.account.records import Settings
from iamd.replica import batch
from iamd.replica.replica import Replica
from iamd.store.etcd import EtcdStore
from iamd.store.etcd_settings import EtcdSettings
from iamd.store.interface import Store
from iamd.store.sqlite import SQLiteStore

DELAY = 0.035  # seconds each way

Figures = dict[str, float]


@asynccontextmanager
async def opened(store: Store) -> AsyncIterator[Replica]:
    await store.open()
    replica = Replica(store, Directory())
    await replica.open()
    try:
        yield replica
    finally:
        await replica.close()
        await store.close()


async def write_figures(replica: Replica, commits: int) -> Figures:
    """Rates and latencies of one writer, of 16 on their own accounts, and of 16 on one account."""
    for number in range(WRITERS):
        await replica.create_account(Settings(account_id=account_id(number), created=1, quotas={"Users": 10_000_000}))
    run = 0

    async def figures(name: str, writers: int, accounts: int, commits: int) -> Figures:
        nonlocal run
        run += 1
        this = run

        async def write(writer: int, number: int) -> None:
            user = create_user(f"user-{this}-{writer}-{number}")
            await replica.write(account_id(writer % accounts), user)

        rate, median, worst = await measure(write, writers, commits)
        return {f"{name}, writes/s": rate, f"{name}, median ms": median, f"{name}, p99 ms": worst}

    found = await figures("1 writer", 1, 1, max(commits // 8, 20))
    found |= await figures("16 writers, 16 accounts", WRITERS, WRITERS, commits)
    found |= await figures("16 writers, one account", WRITERS, 1, commits)
    found |= await figures("64 writers, one account", 4 * WRITERS, 1, commits)
    together, batch.MAX_RUNS = batch.MAX_RUNS, 1
    found |= await figures("64 writers, one account, not grouped", 4 * WRITERS, 1, max(commits // 16, 64))
    batch.MAX_RUNS = together
    return found


async def lag_figures(writer: Replica, reader: Replica, commits: int) -> Figures:
    """How long after a write is answered in one process another one's replica holds it."""
    lags = []
    account = account_id(0)
    for number in range(commits):
        committed = await writer.commit(account, create_user(f"lag-{number}"))
        answered = time.perf_counter()
        while reader.revision < committed.revision:
            await asyncio.sleep(0.0002)
        lags.append(time.perf_counter() - answered)
    lags.sort()
    return {
        "replica lag, median ms": lags[len(lags) // 2] * 1000,
        "replica lag, p99 ms": lags[int(len(lags) * 0.99)] * 1000,
    }


async def on_sqlite(commits: int) -> Figures:
    with tempfile.TemporaryDirectory() as directory:
        async with opened(SQLiteStore(Path(directory) / "iamd.db")) as replica:
            return await write_figures(replica, commits)


async def on_etcd(commits: int, delay: float) -> Figures:
    ports = free_ports(6)
    peers = ports[3:]
    with (
        tempfile.TemporaryDirectory() as directory,
        links(ports[:3], peers) as between,
        cluster(
            3,
            *(() if not delay else ("--heartbeat-interval", "150", "--election-timeout", "1500")),
            on_disk=Path(directory) / "etcd",
            ports=ports[:3],
            peers=[
                (listen, link.port if delay else listen)
                for listen, link in zip(ports[3:], between.to_peer, strict=True)
            ],
        ) as etcd,
    ):
        leader = etcd.members.index(etcd.leader())
        if delay:
            between.slow_down(delay)
        prefix = new_prefix()

        def store(at: int) -> EtcdStore:
            order = [*range(at, 3), *range(at)]
            if delay:
                endpoints = tuple(f"127.0.0.1:{between.to_member[at][to].port}" for to in order)
            else:
                endpoints = tuple(etcd.members[to].endpoint for to in order)
            return EtcdStore(EtcdSettings(endpoints=endpoints, prefix=prefix))

        async with AsyncExitStack() as stack:
            writer = await stack.enter_async_context(opened(store((leader + 1) % 3)))
            found = await write_figures(writer, commits)
            reader = await stack.enter_async_context(opened(store((leader + 2) % 3)))
            return found | await lag_figures(writer, reader, max(commits // 10, 20))


def main() -> None:
    commits = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    columns = {
        "SQLite": asyncio.run(on_sqlite(commits)),
        "etcd": asyncio.run(on_etcd(commits, 0)),
        "etcd, 35 ms each way": asyncio.run(on_etcd(max(commits // 2, 64), DELAY)),
    }
    print(f"| {'':44} | " + " | ".join(f"{name:>20}" for name in columns) + " |")
    for row in columns["etcd"]:
        cells = (f"{column[row]:20,.1f}" if row in column else f"{'':20}" for column in columns.values())
        print(f"| {row:44} | " + " | ".join(cells) + " |")
    print(json.dumps(columns))


if __name__ == "__main__":
    main()

"""Measure what many accounts cost on etcd: ``python -m bench.scale [accounts]``.

Each account has 100 users with a policy of their own; one more has 5,000 users, 1,000 roles and 1,500 policies. The one
member of etcd keeps its data in memory where the system has room for that, so its disk is not what is measured.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.etcd import Cluster, cluster, new_prefix
from tests.server.process import ACCOUNT_ID, ServerProcess

from bench.store import account_id, create_user
from iamd.account.directory import Directory
from iamd.account.records import (
    ManagedPolicy,
    PolicyVersion,
    Record,
    Role,
    Settings,
    User,
    encode_record,
)
from iamd.replica.replica import Replica
from iamd.store import layout
from iamd.store.etcd import EtcdStore
from iamd.store.etcd_state import new_etcd_state
from iamd.store.retention import MAX_EVENTS

CREATED = 1_700_000_000
POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],'
    '"Resource":"arn:aws:s3:::example-bucket/home/${aws:username}/*"}]}'
)
TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'
COMMITS = 5_000


def users(account: str, count: int) -> Iterator[Record]:
    for number in range(count):
        yield User(
            account_id=account,
            name=f"user-{number:05}",
            id=f"AIDA{account}{number:05}",
            created=CREATED,
            inline_policies={"home": POLICY},
        )


def big_account(account: str) -> Iterator[Record]:
    yield from users(account, 5_000)
    for number in range(1_000):
        yield Role(
            account_id=account,
            name=f"role-{number:05}",
            id=f"AROA{account}{number:05}",
            created=CREATED,
            trust_policy=TRUST,
            inline_policies={"home": POLICY},
        )
    for number in range(1_500):
        yield ManagedPolicy(
            account_id=account,
            name=f"policy-{number:05}",
            id=f"ANPA{account}{number:05}",
            created=CREATED,
            updated=CREATED,
            versions=(PolicyVersion(id="v1", document=POLICY, created=CREATED),),
        )


def stored(account: str, records: Iterator[Record]) -> Iterator[tuple[str, bytes]]:
    for record in records:
        yield layout.record_key(account, record), encode_record(record)


def small_account(account: str) -> Iterator[tuple[str, bytes]]:
    yield layout.ACCOUNT_PREFIX + account, layout.encode_entry(layout.AccountEntry(id=account, created=CREATED))
    yield layout.head_key(account), layout.encode_entry(layout.Head(transaction="made"))
    yield from stored(account, iter([Settings(account_id=account, created=CREATED)]))
    yield from stored(account, users(account, 100))


async def load(etcd: Cluster, prefix: str, accounts: int) -> tuple[int, float]:
    """Put the accounts beside what is there; values put, and seconds it took."""
    store = EtcdStore(etcd.settings(prefix))
    await store.open()
    present = [(key, item.value) async for _, page in store.scan("") for key, item in page]

    def values() -> Iterator[tuple[str, bytes]]:
        yield from present
        yield from stored(ACCOUNT_ID, big_account(ACCOUNT_ID))
        for number in range(1, accounts + 1):
            yield from small_account(account_id(number))

    began, count, page = time.perf_counter(), 0, {}
    async with new_etcd_state(store, force=True) as state:
        for key, value in values():
            page[key] = value
            count += 1
            if len(page) == MAX_EVENTS:
                await state.put(page)
                page = {}
        if page:
            await state.put(page)
        heads = [key for key, _ in present if key.startswith("a/") and key.count("/") == 1]
        await state.put(dict(each for each in present if each[0] in heads))
        await state.put_in_force()
    seconds = time.perf_counter() - began
    await store.close()
    return count, seconds


def memory(server: ServerProcess) -> float:
    """MiB of a server."""
    return memory_of(server.process.pid)


def memory_of(process_id: int) -> float:
    """MiB of a process."""
    status = Path(f"/proc/{process_id}/status").read_text()
    [size] = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")]
    return size / 1024


@contextmanager
def timed(name: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    print(f"{name:58} {time.perf_counter() - began:10.2f} s")


def size_of(etcd: Cluster) -> float:
    """MiB of etcd's database."""
    status = etcd.members[0].ask("/v3/maintenance/status")
    assert status is not None
    return int(str(status["dbSize"])) / (1 << 20)


async def catch_up(etcd: Cluster, prefix: str) -> None:
    """How fast a replica applies what it missed."""
    store, other = EtcdStore(etcd.settings(prefix)), EtcdStore(etcd.settings(prefix))
    await store.open()
    await other.open()
    replica, writer = Replica(store, Directory()), Replica(other, Directory())
    await replica.open()
    await writer.open()
    account = account_id(1)
    assert await replica.account(account) is not None
    before = replica.revision
    store._feed.stop()  # as one that was cut off
    for start in range(0, COMMITS, 50):
        await asyncio.gather(
            *(writer.write(account_id(number % 50 + 1), create_user(f"new-{start + number}")) for number in range(50))
        )
    assert store._feed.state is not None
    began = time.perf_counter()
    store._feed.follow(store._feed.state, before)
    await replica.wait_for(writer.revision, 60)
    seconds = time.perf_counter() - began
    print(f"{'commits that a replica catches up with':58} {COMMITS / seconds:10,.0f} /s")
    for each in (replica, writer):
        await each.close()
    for each_store in (store, other):
        await each_store.close()


def main() -> None:
    accounts = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    prefix = new_prefix()
    with tempfile.TemporaryDirectory() as directory, cluster() as etcd:
        home = Path(directory)
        options = ("--store", etcd.url, "--store-prefix", prefix, "--log-level", "error")
        with ServerProcess(home, *options) as server:
            server.stop()
        with timed("start to first answer and stop, 1 account"), ServerProcess(home, *options) as server:
            server.client("sts").get_caller_identity()
            print(f"{'memory, 1 small account':58} {memory(server):10.0f} MiB")
            server.stop()
        count, seconds = asyncio.run(load(etcd, prefix, accounts))
        print(f"{'values loaded':58} {count:10,} ({count / seconds:,.0f} /s), etcd {size_of(etcd):,.0f} MiB")
        process = etcd.members[0].process
        assert process is not None
        print(f"{'memory of etcd':58} {memory_of(process.pid):10.0f} MiB")
        for path in sorted((server.data_dir / "replica").iterdir()):
            path.unlink()
        began = time.perf_counter()
        with ServerProcess(home, *options) as server:
            print(f"{f'start until it listens, {accounts:,} accounts':58} {time.perf_counter() - began:10.2f} s")
            print(f"{'memory before any account is used':58} {memory(server):10.0f} MiB")
            sts, iam = server.client("sts"), server.client()
            with timed("first answer: loads 5,000 users, 1,000 roles, 1,500 policies"):
                sts.get_caller_identity()
            with timed("second answer"):
                sts.get_caller_identity()
            print(f"{'memory with that account':58} {memory(server):10.0f} MiB")
            with timed("ListUsers, 5,000 users in pages of 1,000"):
                pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 1000})
                assert sum(len(page["Users"]) for page in pages) == 5_000
            with timed("CreateGroup there"):
                iam.create_group(GroupName="one-more")
            server.stop()
        asyncio.run(catch_up(etcd, prefix))


if __name__ == "__main__":
    main()

"""Whatever is written, by however many at once, each replica holds what the store holds; a batch leaves no trace."""

import asyncio
import contextlib
import random
from copy import copy
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from iamd.account.changes import (
    ClaimAlias,
    Delete,
    JoinOrganization,
    Put,
    PutOrganization,
    PutServiceUses,
    ReleaseAlias,
)
from iamd.account.ids import new_access_key_id
from iamd.account.organization import Organization
from iamd.account.records import AccessKey, Group, ServiceAccess, Settings
from iamd.account.state import Account
from iamd.errors import EntityAlreadyExists, NoSuchEntity
from iamd.replica.batch import Batch, Waiter
from iamd.replica.replica import Replica, Written
from iamd.store.check import check
from iamd.store.interface import Limits
from tests.replica import world
from tests.replica.world import (
    ACCOUNT,
    OTHER_ACCOUNT,
    create_user,
    dump,
    dump_directory,
    rename_user,
    replica_in,
    replica_of,
)

NAMES = ["alice", "bob", "carol", "dave"]


def create_user_once(name: str) -> Any:
    """As ``create_user``, but not while a user of that id goes by another name."""

    def run(account: Account) -> Written:
        if account.find_by_id(world.user(name).id) is not None:
            return Written(None, [])
        return create_user(name)(account)

    return run


def create_group(name: str) -> Any:
    def run(account: Account) -> Written:
        if account.find_group(name) is not None:
            return Written(None, [])
        group = Group(account_id=ACCOUNT, name=name, id=f"AGPA{name.upper()}", created=1)
        return Written(None, [Put(group)], b"{}")

    return run


def join(name: str, group_name: str) -> Any:
    def run(account: Account) -> Written:
        user, group = account.get_user(name), account.get_group(group_name)
        group_ids = tuple(sorted({*user.group_ids, group.id}))
        return Written(None, [Put(replace(user, group_ids=group_ids))], b"{}")

    return run


def create_access_key(name: str) -> Any:
    def run(account: Account) -> Written:
        user = account.get_user(name)
        chance = random.Random(user.id)
        key_id = new_access_key_id("AKIA", ACCOUNT, lambda letters, count: "".join(chance.choices(letters, k=count)))
        key = AccessKey(id=key_id, owner_id=user.id, sealed_secret="1.sealed", created=1)
        return Written(None, [Put(key)], b"{}")

    return run


def delete_access_keys(name: str) -> Any:
    def run(account: Account) -> Written:
        return Written(None, [Delete(key) for key in account.access_keys_of(account.get_user(name).id)], b"{}")

    return run


def delete_user_with_keys(name: str) -> Any:
    def run(account: Account) -> Written:
        user = account.get_user(name)
        return Written(None, [Delete(user), *(Delete(key) for key in account.access_keys_of(user.id))], b"{}")

    return run


def take_alias(alias: str) -> Any:
    def run(account: Account) -> Written:
        if account.directory.aliases.get(alias, account.account_id) != account.account_id:
            return Written(None, [])
        old = account.settings.alias
        changes: list[Any] = [] if old is None else [ReleaseAlias(old)]
        settings = Settings(account_id=account.account_id, created=1, alias=alias)
        return Written(None, [*changes, ClaimAlias(alias), Put(settings)], b"{}")

    return run


def organize(name: str, member_id: str) -> Any:
    def run(account: Account) -> Written:
        organization = Organization(id=f"o-{name}", management_account_id=account.account_id)
        joins = [JoinOrganization(each, organization.id) for each in (account.account_id, member_id)]
        return Written(None, [PutOrganization(organization), *joins], b"{}")

    return run


def use_service(name: str) -> Any:
    def run(account: Account) -> Written:
        access = ServiceAccess(principal_id=ACCOUNT, service=name, time=1, region="us-east-1")
        return Written(None, [Put(access), PutServiceUses({name: (1, "us-east-1")})])

    return run


RUNS = [
    *(use_service(name) for name in ("iam", "sts")),
    *(make(name) for name in NAMES for make in (create_user_once, create_access_key, delete_access_keys)),
    *(delete_user_with_keys(name) for name in NAMES),
    *(rename_user(name, other) for name in NAMES for other in NAMES if name != other),
    *(create_group(name) for name in ("admins", "readers")),
    *(join(name, group) for name in NAMES for group in ("admins", "readers")),
    *(take_alias(alias) for alias in ("one", "two", "three")),
    *(organize("one", member_id) for member_id in (ACCOUNT, OTHER_ACCOUNT)),
]


async def write(replica: Replica, account_id: str, run: Any) -> None:
    with contextlib.suppress(EntityAlreadyExists, NoSuchEntity):
        await replica.write(account_id, run)


def test_replicas_that_race_end_alike_and_like_the_store(tmp_path: Path) -> None:
    async def test() -> None:
        async with replica_in(tmp_path / "iamd.db") as one, replica_in(tmp_path / "iamd.db") as other:
            await one.create_account(world.settings())
            await one.create_account(world.settings(OTHER_ACCOUNT))
            aliases = [take_alias(alias) for alias in ("one", "two", "three")]

            async def client(replica: Replica, seed: int) -> None:
                chance = random.Random(seed)
                for _ in range(40):
                    await write(replica, ACCOUNT, chance.choice(RUNS))
                    if chance.random() < 0.2:
                        await write(replica, OTHER_ACCOUNT, chance.choice(aliases))
                    if chance.random() < 0.3:
                        account = await replica.account(ACCOUNT)
                        assert account is not None
                        assert account.revision <= replica.revision

            await asyncio.gather(*(client(replica, seed) for seed in range(6) for replica in (one, other)))
            async with replica_of(one.store) as fresh:
                for account_id in (ACCOUNT, OTHER_ACCOUNT):
                    expected = dump(await fresh.account(account_id))
                    assert dump(await one.account(account_id)) == expected
                    assert dump(await other.account(account_id)) == expected
                assert dump_directory(one.directory) == dump_directory(fresh.directory)
                assert dump_directory(other.directory) == dump_directory(fresh.directory)
            assert await check(one.store) == []

    asyncio.run(test())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(RUNS), max_size=12), st.lists(st.sampled_from(RUNS), min_size=1, max_size=12))
def test_running_a_batch_leaves_the_account_as_it_was(before: list[Any], runs: list[Any]) -> None:
    async def test() -> None:
        async with replica_in() as replica:
            await replica.create_account(world.settings())
            for run in before:
                await write(replica, ACCOUNT, run)
            account = await replica.account(ACCOUNT)
            assert account is not None
            was, directory_was = dump(account), dump_directory(account.directory)
            copies = [copy(part) for part in directory_was]
            batch = Batch(account, Limits(1000, 1_000_000))
            batch.run(Waiter(run, asyncio.get_running_loop().create_future()) for run in runs)
            assert dump(account) == was
            assert list(dump_directory(account.directory)) == copies

    asyncio.run(test())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(RUNS), max_size=25))
def test_a_batch_comes_to_what_its_runs_come_to_one_by_one(runs: list[Any]) -> None:
    async def test() -> None:
        async with replica_in() as together, replica_in() as single:
            for replica in (together, single):
                await replica.create_account(world.settings())
            await asyncio.gather(*(write(together, ACCOUNT, run) for run in runs))
            for run in runs:
                await write(single, ACCOUNT, run)
            assert dump(await together.account(ACCOUNT))[1:] == dump(await single.account(ACCOUNT))[1:]
            assert dump_directory(together.directory) == dump_directory(single.directory)
            async with replica_of(together.store) as fresh:
                assert dump(await fresh.account(ACCOUNT)) == dump(await together.account(ACCOUNT))
                assert dump_directory(fresh.directory) == dump_directory(together.directory)

    asyncio.run(test())

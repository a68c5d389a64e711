"""An account in a store, runs that change it, and a way to compare what two replicas hold."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from iamd.account.changes import Delete, Put
from iamd.account.directory import Directory
from iamd.account.records import KINDS, Record, Settings, User
from iamd.account.state import Account
from iamd.errors import EntityAlreadyExists
from iamd.replica.replica import Replica, Written
from iamd.store.interface import Revision, Store, Transaction, Unknown
from iamd.store.sqlite import SQLiteStore

ACCOUNT = "111122223333"
OTHER_ACCOUNT = "444455556666"
Run = Callable[[Account], Written]


class Forgetful:
    """Mixed into a store: when told, it does not say whether it committed: ``before`` it could, or ``after`` it did."""

    forget: str | None = None

    async def commit(self, transaction: Transaction, *, timeout: float = 5.0) -> Revision:
        forget, self.forget = self.forget, None
        if forget != "before":
            revision = await super().commit(transaction, timeout=timeout)
        if forget is not None:
            raise Unknown("It did not say.")
        return revision


def settings(account_id: str = ACCOUNT, **attributes: Any) -> Settings:
    return Settings(account_id=account_id, created=1_700_000_000, **attributes)


def user(name: str, **attributes: Any) -> User:
    return User(account_id=ACCOUNT, name=name, id=f"AIDA{name.upper()}", created=1_700_000_000, **attributes)


def create_user(name: str, **attributes: Any) -> Run:
    """As the operation does: refuses a name that is taken and more users than the quota."""

    def run(account: Account) -> Written:
        account.require_room("Users")
        if account.find_user(name) is not None:
            raise EntityAlreadyExists(f"User with name {name} already exists.")
        return Written(name, [Put(user(name, **attributes))], b'{"eventName":"CreateUser"}')

    return run


def delete_user(name: str) -> Run:
    def run(account: Account) -> Written:
        return Written(name, [Delete(account.get_user(name))], b'{"eventName":"DeleteUser"}')

    return run


def rename_user(name: str, new_name: str) -> Run:
    def run(account: Account) -> Written:
        old = account.get_user(name)
        if account.find_user(new_name) is not None:
            raise EntityAlreadyExists(f"User with name {new_name} already exists.")
        new = User(account_id=ACCOUNT, name=new_name, id=old.id, created=old.created, group_ids=old.group_ids)
        return Written(new_name, [Delete(old), Put(new)], b'{"eventName":"UpdateUser"}')

    return run


def names(account: Account | None) -> list[str]:
    assert account is not None
    return [each.name for each in account.users]


def dump(account: Account | None) -> tuple[Any, ...]:
    """Everything that an account holds, its indexes included, in a form that compares."""
    assert account is not None
    records: dict[str, dict[str, Record]] = {
        kind: {record.key: record for record in account.table(kind)} for kind in KINDS
    }
    indexes = {
        name: {key: set(values) for key, values in getattr(account, name).items()}
        for name in ("_member_ids", "_attached_ids", "_bounded_ids", "_owned_keys", "_profile_ids")
    }
    return account.revision, records, account._by_id, indexes


def dump_directory(directory: Directory) -> tuple[Any, ...]:
    return (
        directory.account_ids,
        directory.aliases,
        directory.seeded_access_keys,
        directory.organizations,
        directory.organization_ids,
        directory.delegation_requests,
        directory.service_uses,
    )


@asynccontextmanager
async def replica_of(store: Store) -> AsyncIterator[Replica]:
    """A replica over a store that is open."""
    replica = Replica(store, Directory())
    await replica.open()
    try:
        yield replica
    finally:
        await replica.close()


@asynccontextmanager
async def replica_in(path: Path | None = None) -> AsyncIterator[Replica]:
    """A replica over a store of its own at ``path``, or in memory."""
    store = SQLiteStore(path)
    await store.open()
    try:
        async with replica_of(store) as replica:
            yield replica
    finally:
        await store.close()


def with_account(test: Callable[[Replica], Awaitable[None]]) -> Callable[[], None]:
    """A test in an event loop of its own, with a replica of a store in memory that has one account."""

    def run() -> None:
        async def in_loop() -> None:
            async with replica_in() as replica:
                await replica.create_account(settings())
                await test(replica)

        asyncio.run(in_loop())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run

"""The first start of a store: creates the accounts that the settings ask for, or one with a random id."""

import secrets
from collections.abc import Iterator, Sequence

from iamd.account.ids import ACCESS_KEY, SECRET_ALPHABET, new_access_key_id
from iamd.account.records import AccessKey, Group, Role, Settings, User
from iamd.account.state import Account
from iamd.call import Letters, Sealer
from iamd.errors import EntityAlreadyExists
from iamd.replica.replica import Replica
from iamd.server.greeting import NewAccount
from iamd.server.seeds import Seed
from iamd.server.settings import SettingsError
from iamd.store import layout
from iamd.store.interface import Conflict, Store, Transaction, Unknown

_ADMINISTRATOR = ("AdministratorAccess", "IAMFullAccess")


async def create_accounts(replica: Replica, sealer: Sealer, seeds: Sequence[Seed], time: int) -> list[NewAccount]:
    """Create what the seeds ask for and is not there; without seeds, one account in an empty store.

    ``time`` is epoch seconds. Of several processes that start at once, one creates each account. Raises SettingsError
    if a seed's access key is another account's, ServiceUnavailable, Unavailable.
    """
    created = []
    known = replica.directory.account_ids
    if not seeds and not known:
        seeds = [Seed()]
    for seed in seeds:
        if seed.account_id is not None and seed.account_id in known:
            continue
        if seed.account_id is None and known:
            continue
        account_id = seed.account_id or await _first_account_id(replica.store)
        new = await _create_account(replica, sealer, seed, account_id, time)
        if new is not None:
            created.append(new)
    return created


async def _first_account_id(store: Store) -> str:
    """The id of the first account: random, and the same for all who ask."""
    chosen = f"{secrets.randbelow(10**12 - 10**11) + 10**11}"  # without leading zeros, which spreadsheets lose
    key = layout.FIRST_ACCOUNT_KEY
    choice = layout.encode_entry(layout.AccountReference(account_id=chosen))
    while True:
        try:
            await store.commit(Transaction(expect={key: 0}, put={key: choice}))
        except Conflict:
            _, items = await store.get(key)
            return layout.decode_account_reference(items[key].value).account_id
        except Unknown:
            continue  # another try conflicts with the first, if that was made
        return chosen


async def _create_account(
    replica: Replica, sealer: Sealer, seed: Seed, account_id: str, time: int
) -> NewAccount | None:
    """The account with its root user's access key, or None if another process was first."""
    letters = Letters()
    key_id = seed.root_access_key_id or new_access_key_id(ACCESS_KEY, account_id, letters)
    secret = seed.root_secret_access_key or letters(SECRET_ALPHABET, 40)
    sealed = sealer.seal(secret.encode("ascii"), key_id)
    root_key = AccessKey(id=key_id, owner_id=account_id, sealed_secret=sealed, created=time)
    try:
        await replica.create_account(Settings(account_id=account_id, created=time), [root_key], name=seed.name)
    except EntityAlreadyExists:
        if await replica.account(account_id) is not None:
            return None
        owner = replica.directory.seeded_access_keys.get(key_id)
        raise SettingsError(
            f"Account {account_id} cannot have the access key id {key_id}, which is account {owner}'s: choose another."
        ) from None
    return NewAccount(
        account_id=account_id,
        name=seed.name,
        access_key_id=key_id,
        secret_access_key=None if seed.root_secret_access_key else secret,
    )


async def find_accounts_without_administrator(replica: Replica, account_ids: Sequence[str]) -> list[str]:
    """Those of the accounts in which only the root user can manage users and their permissions."""
    accounts = [await replica.account(account_id) for account_id in account_ids]
    return [account.account_id for account in accounts if account is not None and not _has_administrator(account)]


def _has_administrator(account: Account) -> bool:
    return any(_administrators(account))


def _administrators(account: Account) -> Iterator[User | Role]:
    """Users and roles with a policy of AWS's for administrators, their own or a group's."""
    for name in _ADMINISTRATOR:
        for holder in account.attached_to(f"arn:aws:iam::aws:policy/{name}"):
            if isinstance(holder, Group):
                yield from account.members(holder)
            elif isinstance(holder, User | Role):
                yield holder

"""What commands that change accounts beside a running server share: the store, its replica, and the account meant."""

import asyncio
from collections.abc import Awaitable, Callable, Collection

import click

from iamd.account.directory import Directory
from iamd.account.state import Account
from iamd.cli.store_options import Place
from iamd.errors import ServiceUnavailable
from iamd.replica.replica import Replica
from iamd.store.interface import Store, Unavailable
from iamd.store.master_keys import MasterKeyError
from iamd.store.sealing import KeyRing, open_key_ring


class Stored:
    """A store that is open, and what it holds."""

    def __init__(self, store: Store, replica: Replica) -> None:
        self.replica = replica
        self._store = store

    async def open_key_ring(self, source: str) -> KeyRing:
        """What seals and opens secrets. Raises MasterKeyError, Unavailable."""
        return await open_key_ring(self._store, source)

    def account_ids(self, account_id: str | None) -> list[str]:
        """The account named, by default all."""
        return sorted(self.replica.directory.account_ids) if account_id is None else [account_id]

    async def get_account(self, account_id: str | None) -> Account:
        """The account named, by default the only one. Raises ClickException."""
        known = self.replica.directory.account_ids
        if account_id is None:
            if len(known) != 1:
                raise click.ClickException(f"Name one of the accounts with --account: {_some(known)}.")
            [account_id] = known
        account = await self.replica.account(account_id)
        if account is None:
            raise click.ClickException(f"There is no account {account_id}. There are: {_some(known)}.")
        return account


def _some(account_ids: Collection[str]) -> str:
    """The first few of them, for people."""
    shown = sorted(account_ids)[:5]
    return ", ".join(shown if len(shown) == len(account_ids) else [*shown, "…"])


def run_on_store(place: Place, act: Callable[[Stored], Awaitable[None]], *refusals: type[Exception]) -> None:
    """Open the store, act on it, and close it. Raises ClickException, for ``refusals`` of ``act`` too."""
    place.verify()
    refused: tuple[type[Exception], ...] = (Unavailable, ServiceUnavailable, MasterKeyError, *refusals)

    async def run() -> None:
        async with place.opened() as store:
            replica = Replica(store, Directory())
            try:
                await replica.open()
                await act(Stored(store, replica))
            finally:
                await replica.close()

    try:
        asyncio.run(run())
    except refused as error:
        raise click.ClickException(str(error)) from None

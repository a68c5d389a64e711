"""The options that say which store a command works on: the data directory's own, or an etcd cluster."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from iamd.cli.options import data_dir_option, find_secret, setting
from iamd.server.places import store_path
from iamd.store.etcd_settings import DEFAULT_PREFIX, EtcdSettings, InvalidStore, parse_endpoints

if TYPE_CHECKING:
    from iamd.store.interface import Store

F = TypeVar("F", bound=Callable[..., Any])

_FILE = click.Path(dir_okay=False, path_type=Path)
_STORE = setting(
    "--store", metavar="URL", help="etcd://HOST:PORT,…: an etcd cluster; by default a file in the data directory."
)
_CONNECTION = (
    setting("--store-prefix", default=DEFAULT_PREFIX, show_default=True, help="What all keys in etcd begin with."),
    setting("--store-ca", type=_FILE, help="Certificates that etcd's are signed by, PEM: use TLS."),
    setting("--store-cert", type=_FILE, help="Client certificate for etcd and its chain, PEM."),
    setting("--store-key", type=_FILE, help="Private key of the client certificate, PEM."),
    setting("--store-user", help="User of etcd; its password is IAMD_STORE_PASSWORD."),
    setting("--store-insecure", is_flag=True, help="Reach etcd beyond loopback without TLS."),
)


def connection_options(function: F) -> F:
    """How etcd is reached: ``--store-prefix`` and the like."""
    for option in reversed(_CONNECTION):
        function = option(function)
    return function


def store_options(function: F) -> F:
    """``--store URL`` and how it is reached; ``pop_etcd`` makes them one value."""
    return _STORE(connection_options(function))


def pop_etcd(context: click.Context, options: dict[str, Any]) -> EtcdSettings | None:
    """The etcd cluster that the options name, which are taken out; None for the data directory's store."""
    url, connection = options.pop("store"), pop_connection(options)
    return None if url is None else make_etcd_settings(context, url, connection)


def pop_connection(options: dict[str, Any]) -> dict[str, Any]:
    """The values of ``connection_options``, which are taken out."""
    return {name: options.pop(f"store_{name}") for name in ("prefix", "ca", "cert", "key", "user", "insecure")}


def make_etcd_settings(context: click.Context, url: str, connection: dict[str, Any]) -> EtcdSettings:
    """Raises UsageError for what does not go together."""
    try:
        password = find_secret(context, "store_password")
        settings = EtcdSettings(endpoints=parse_endpoints(url), password=password, **connection)
        settings.verify()
    except InvalidStore as error:
        raise click.UsageError(str(error)) from None
    return settings


@dataclass(frozen=True)
class Place:
    """Where the store is that a command works on; ``etcd`` is None if that is a file of the data directory."""

    data_dir: Path
    etcd: EtcdSettings | None

    @property
    def path(self) -> Path:
        """Of the SQLite store."""
        return store_path(self.data_dir)

    @property
    def name(self) -> str:
        """The store, for people."""
        return str(self.path) if self.etcd is None else self.etcd.name

    def verify(self) -> None:
        """Raise ClickException if there is certainly no store."""
        if self.etcd is None and not self.path.exists():
            raise click.ClickException(f"There is no store {self.path}. Name its directory with --data-dir.")

    @asynccontextmanager
    async def opened(self) -> AsyncIterator["Store"]:
        """The store, open. Raises Unavailable."""
        from iamd.store.opening import make_store

        store = make_store(self.etcd, self.path)
        try:
            await store.open()
            yield store
        finally:
            await store.close()


def account_option(function: F) -> F:
    """``--account ID``: the account that a command works on, by default the only one."""
    return click.option(
        "--account", "account_id", metavar="ID", help="The account; needed only where there are several."
    )(function)


def place_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--data-dir`` and ``store_options``, which reach the command as its argument ``place``."""

    @wraps(function)
    def with_place(*arguments: Any, data_dir: Path, **options: Any) -> Any:
        place = Place(data_dir, pop_etcd(click.get_current_context(), options))
        return function(*arguments, place=place, **options)

    return data_dir_option(store_options(with_place))

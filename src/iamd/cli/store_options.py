"""The options that say which store a command works on: the data directory's own, or an etcd cluster."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from iamd.cli.options import find_secret, setting
from iamd.store.etcd_settings import DEFAULT_PREFIX, EtcdSettings, InvalidStore, parse_endpoints

F = TypeVar("F", bound=Callable[..., Any])

_FILE = click.Path(dir_okay=False, path_type=Path)
_OPTIONS = (
    setting(
        "--store", metavar="URL", help="etcd://HOST:PORT,…: an etcd cluster; by default a file in the data directory."
    ),
    setting("--store-prefix", default=DEFAULT_PREFIX, show_default=True, help="What all keys in etcd begin with."),
    setting("--store-ca", type=_FILE, help="Certificates that etcd's are signed by, PEM: use TLS."),
    setting("--store-cert", type=_FILE, help="Client certificate for etcd and its chain, PEM."),
    setting("--store-key", type=_FILE, help="Private key of the client certificate, PEM."),
    setting("--store-user", help="User of etcd; its password is IAMD_STORE_PASSWORD."),
    setting("--store-insecure", is_flag=True, help="Reach etcd beyond loopback without TLS."),
)


def store_options(function: F) -> F:
    """``--store URL`` and what belongs to it; ``pop_store`` makes them one value."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def pop_store(context: click.Context, options: dict[str, Any], url: str | None = None) -> EtcdSettings | None:
    """The etcd cluster that the options, which are taken out, or ``url`` name; None for the data directory's store."""
    given = {name: options.pop(f"store_{name}") for name in ("prefix", "ca", "cert", "key", "user", "insecure")}
    url = options.pop("store", None) or url
    if url is None:
        return None
    try:
        password = find_secret(context, "store_password")
        settings = EtcdSettings(endpoints=parse_endpoints(url), password=password, **given)
        settings.verify()
    except InvalidStore as error:
        raise click.UsageError(str(error)) from None
    return settings

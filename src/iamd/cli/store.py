"""``iamd store copy``: move everything from one kind of store to the other."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iamd.cli.options import config_option
from iamd.cli.store_options import connection_options, make_etcd_settings, pop_connection

if TYPE_CHECKING:
    from iamd.store.copying import Copied
    from iamd.store.etcd_settings import EtcdSettings

_SQLITE = "sqlite:"


@click.group(short_help="Move everything to another kind of store.")
def store() -> None:
    """Move what iamd keeps from one kind of store to the other.

    \b
    Examples:
      iamd store copy --from sqlite:/var/lib/iamd/iamd.db --to etcd://127.0.0.1:2379
    """


@store.command()
@config_option
@click.option("--from", "source", required=True, metavar="URL", help="sqlite:PATH or etcd://HOST:PORT,…")
@click.option("--to", "target", required=True, metavar="URL", help="sqlite:PATH or etcd://HOST:PORT,…")
@click.option("--force", is_flag=True, help="Replace a store that is there, with all that is in it.")
@connection_options
@click.pass_context
def copy(context: click.Context, /, source: str, target: str, force: bool, **options: Any) -> None:
    """Copy everything from one store to another, and compare the two.

    Servers may use either: the copy is what the source holds at one moment, so stop the writers of the source first, or
    what they write later stays behind. Afterwards start the servers with the new store, and with the same master key.
    History does not move, audit events do.

    \b
    Examples:
      iamd store copy --from sqlite:/var/lib/iamd/iamd.db --to etcd://127.0.0.1:2379
      iamd store copy --from etcd://127.0.0.1:2379 --to sqlite:/var/lib/iamd/iamd.db
    """
    import asyncio

    from iamd.store.backup import BackupError, StoreExists
    from iamd.store.interface import Unavailable

    connection = pop_connection(options)
    ends = [_parse(context, url, connection) for url in (source, target)]
    if isinstance(ends[0], Path) and not ends[0].exists():
        raise click.ClickException(f"There is no store {ends[0]}.")
    if ends[0] == ends[1]:
        raise click.UsageError("The two stores are one.")
    try:
        copied = asyncio.run(_copy(ends[0], ends[1], force))
    except StoreExists as error:
        raise click.ClickException(f"{error} If that is what you want, say --force.") from None
    except (BackupError, Unavailable) as error:
        raise click.ClickException(f"{error} Nothing was replaced.") from None
    click.echo(
        f"{target} holds what {source} held at revision {copied.revision}, compared with it: "
        f"{copied.items:,} values, {copied.size:,} bytes."
    )


def _parse(context: click.Context, url: str, connection: dict[str, Any]) -> "Path | EtcdSettings":
    if url.startswith(_SQLITE):
        return Path(url.removeprefix(_SQLITE))
    return make_etcd_settings(context, url, connection)


async def _copy(source: "Path | EtcdSettings", target: "Path | EtcdSettings", force: bool) -> "Copied":
    from contextlib import AsyncExitStack

    from iamd.cli.progress import progress_of_steps
    from iamd.store.copying import NewState, copy, new_file_state
    from iamd.store.sqlite import SQLiteStore

    async with AsyncExitStack() as stack:
        if isinstance(source, Path):
            origin: Any = SQLiteStore(source)
        else:
            from iamd.store.etcd import EtcdStore

            origin = EtcdStore(source)
        stack.push_async_callback(origin.close)
        await origin.open()
        opening: AbstractAsyncContextManager[NewState]
        if isinstance(target, Path):
            opening = new_file_state(target, force=force)
        else:
            from iamd.store.etcd import EtcdStore
            from iamd.store.etcd_state import new_etcd_state

            destination = EtcdStore(target)
            stack.push_async_callback(destination.close)
            await destination.open()
            opening = new_etcd_state(destination, force=force)
        state = await stack.enter_async_context(opening)
        report = stack.enter_context(progress_of_steps())
        return await copy(origin, state, report)

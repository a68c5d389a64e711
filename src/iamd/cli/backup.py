"""``iamd backup``: copy the store to a file while it is in use."""

from pathlib import Path

import click

from iamd.cli.options import config_option
from iamd.cli.store_options import Place, place_options


@click.command(short_help="Copy the store to a file, while it is in use.")
@config_option
@place_options
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(place: Place, file: Path) -> None:
    """Copy the store to the new file FILE, as it is at one moment.

    The server may be running. The copy is compared with the original. Secrets in it stay sealed: it is of use only with
    the store's master key, which it does not hold, so keep that too. Restore it to either kind of store.

    \b
    Examples:
      iamd backup /backups/iamd-2026-01-02
      iamd backup --data-dir /srv/iamd iamd.backup
      iamd backup --store etcd://127.0.0.1:2379 iamd.backup
    """
    import asyncio

    from iamd.store.backup import BackupError
    from iamd.store.interface import Unavailable

    try:
        revision, size = asyncio.run(_back_up(place, file))
    except (BackupError, Unavailable) as error:
        raise click.ClickException(f"{error} Nothing was backed up.") from None
    click.echo(f"{file} holds revision {revision} of the store, {size:,} bytes, compared with the original.")
    click.echo("Keep the store's master key too, elsewhere: without it nobody, you included, opens the secrets in it.")


async def _back_up(place: Place, file: Path) -> tuple[int, int]:
    from iamd.cli.progress import progress, progress_of_steps
    from iamd.store.backup import back_up
    from iamd.store.copying import copy, new_backup

    if place.etcd is None:
        with progress("Backing up") as report:
            made = await back_up(place.path, file, report)
        return made.revision, made.size
    with progress_of_steps() as report_step:
        async with place.opened() as store, new_backup(file) as state:
            copied = await copy(store, state, report_step)
    return copied.revision, file.stat().st_size

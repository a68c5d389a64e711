"""``iamd backup``: copy the store to a file while it is in use."""

from pathlib import Path

import click

from iamd.cli.options import config_option, data_dir_option
from iamd.server.places import store_path


@click.command()
@config_option
@data_dir_option
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(data_dir: Path, file: Path) -> None:
    """Copy the store to the new file FILE, as it is at one moment.

    The server may be running. The copy is compared with the original. Secrets in it stay sealed: it is of use only with
    the store's master key, which it does not hold, so keep that too.

    \b
    Examples:
      iamd backup /backups/iamd-2026-01-02
      iamd backup --data-dir /srv/iamd iamd.backup
    """
    import asyncio

    from iamd.cli.progress import progress
    from iamd.store.backup import BackupError, back_up

    try:
        with progress("Backing up") as report:
            made = asyncio.run(back_up(store_path(data_dir), file, report))
    except BackupError as error:
        raise click.ClickException(f"{error} Nothing was backed up.") from None
    click.echo(f"{file} holds revision {made.revision} of the store, {made.size:,} bytes, compared with the original.")
    click.echo("Keep the store's master key too, elsewhere: without it nobody, you included, opens the secrets in it.")

"""``iamd restore``: make the store what a backup holds."""

from pathlib import Path

import click

from iamd.cli.options import config_option, data_dir_option
from iamd.server.places import master_key_path, store_path


@click.command()
@config_option
@data_dir_option
@click.option("--force", is_flag=True, help="Replace a store that is there, with all that is in it.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(data_dir: Path, file: Path, force: bool) -> None:
    """Make the store what the backup FILE holds.

    The server may be running: it reads everything anew. The master key is not in the backup; the one that was in force
    when the backup was made belongs in its place, by default DATA_DIR/master.key, before anything is restored.

    \b
    Examples:
      iamd restore iamd.backup
      iamd restore --force --data-dir /srv/iamd iamd.backup
    """
    import asyncio

    from iamd.cli.progress import progress
    from iamd.store.backup import BackupError, StoreExists
    from iamd.store.backup import restore as restore_store

    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(
            f"The data directory {data_dir} cannot be made: {error.strerror}. Name another with --data-dir."
        ) from None
    try:
        with progress("Restoring") as report:
            made = asyncio.run(restore_store(file, store_path(data_dir), force=force, progress=report))
    except StoreExists as error:
        raise click.ClickException(f"{error} If that is what you want, say --force.") from None
    except BackupError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"The store in {data_dir} is revision {made.revision} of {file}, compared with it.")
    key_path = master_key_path(data_dir)
    if not key_path.exists():
        click.echo(f"Put its master key back as {key_path}, or name its place with --master-key-from.")

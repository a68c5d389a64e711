"""``iamd restore``: make the store what a backup holds."""

from pathlib import Path

import click

from iamd.cli.options import config_option
from iamd.cli.store_options import Place, place_options
from iamd.server.places import master_key_path


@click.command()
@config_option
@place_options
@click.option("--force", is_flag=True, help="Replace a store that is there, with all that is in it.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(place: Place, file: Path, force: bool) -> None:
    """Make the store what the backup FILE holds.

    The server may be running: it reads everything anew. The master key is not in the backup; the one that was in force
    when the backup was made belongs in its place, by default DATA_DIR/master.key, before anything is restored.

    \b
    Examples:
      iamd restore iamd.backup
      iamd restore --force --data-dir /srv/iamd iamd.backup
      iamd restore --force --store etcd://127.0.0.1:2379 iamd.backup
    """
    import asyncio

    from iamd.store.backup import BackupError, StoreExists
    from iamd.store.interface import Unavailable

    try:
        revision = asyncio.run(_restore(place, file, force))
    except StoreExists as error:
        raise click.ClickException(f"{error} If that is what you want, say --force.") from None
    except (BackupError, Unavailable) as error:
        raise click.ClickException(str(error)) from None
    where = place.data_dir if place.etcd is None else place.name
    click.echo(f"The store in {where} is revision {revision} of {file}, compared with it.")
    key_path = master_key_path(place.data_dir)
    if not key_path.exists():
        click.echo(f"Put its master key back as {key_path}, or name its place with --master-key-from.")


async def _restore(place: Place, file: Path, force: bool) -> int:
    from iamd.cli.progress import progress, progress_of_steps
    from iamd.store.backup import restore
    from iamd.store.copying import copy, opened_backup

    if place.etcd is None:
        try:
            place.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise click.ClickException(
                f"The data directory {place.data_dir} cannot be made: {error.strerror}. Name another with --data-dir."
            ) from None
        with progress("Restoring") as report:
            return (await restore(file, place.path, force=force, progress=report)).revision
    from iamd.store.etcd import EtcdStore
    from iamd.store.etcd_state import new_etcd_state

    with progress_of_steps() as report_step:
        async with opened_backup(file) as source, place.opened() as store:
            assert isinstance(store, EtcdStore)
            async with new_etcd_state(store, force=force) as state:
                return (await copy(source, state, report_step)).revision

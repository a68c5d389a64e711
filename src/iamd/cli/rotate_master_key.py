"""``iamd rotate-master-key``: put a new master key in force."""

import click

from iamd.cli.options import config_option, master_key_option, master_key_source
from iamd.cli.store_options import Place, place_options


@click.command(short_help="Put a new master key in force.")
@config_option
@place_options
@master_key_option
def rotate_master_key(place: Place, master_key_from: str | None) -> None:
    """Put a new master key in force, and a new key for what is sealed from now on.

    The server may be running. What is sealed stays as it is: only the keys that seal it are wrapped anew, which takes a
    moment. The earlier master key is kept in a file beside the new one, for backups that were made before.

    A master key from env: or command: is changed where it comes from. Let it give two lines, the new key and below it
    the present one; restart the server; then run this; then take the second line away.

    \b
    Examples:
      iamd rotate-master-key
      iamd rotate-master-key --data-dir /srv/iamd
    """
    import asyncio

    from iamd.store.interface import Unavailable
    from iamd.store.master_keys import MasterKeyError
    from iamd.store.rotation import Rotation
    from iamd.store.rotation import rotate_master_key as rotate

    place.verify()
    source = master_key_source(place.data_dir, master_key_from)

    async def run() -> Rotation:
        async with place.opened() as store:
            return await rotate(store, source)

    try:
        done = asyncio.run(run())
    except (Unavailable, MasterKeyError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(
        f"The master key {done.master_key_id} is in force: it alone opens the store's {done.data_keys} data keys."
    )
    if not done.kept:
        click.echo("Its source may stop giving the earlier ones; only backups made before need those.")
        return
    click.echo(
        "Keep a copy of it where the backups are not. Only backups made before now need the earlier one, kept as:"
    )
    for kept in done.kept:
        click.echo(f"  {kept}")

"""``iamd check``: look for what is wrong with a store."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iamd.cli.options import config_option, master_key_option, master_key_source, setting
from iamd.cli.output import counted, output_option, print_json
from iamd.cli.store_options import Place, place_options

if TYPE_CHECKING:
    from iamd.cli.progress import Report
    from iamd.store.check import Finding


@click.command()
@config_option
@place_options
@master_key_option
@setting(
    "--aws-managed-policies",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file that the server is started with, if it is.",
)
@output_option()
def check(place: Place, master_key_from: str | None, aws_managed_policies: Path | None, output: str) -> None:
    """Look for what is wrong with the store.

    The server may be running. Checked are the file itself, the log against the current values, every record against
    the others, and that every sealed secret opens. The exit status is 1 if anything is wrong.

    \b
    Examples:
      iamd check
      iamd check --data-dir /srv/iamd --output json
    """
    import asyncio

    from iamd.cli.progress import progress
    from iamd.iam.aws_managed import InvalidPolicyFile
    from iamd.store.interface import Unavailable
    from iamd.store.master_keys import MasterKeyError

    place.verify()
    source = master_key_source(place.data_dir, master_key_from)
    try:
        with progress("Checking") as report:
            findings = asyncio.run(_findings(place, source, aws_managed_policies, report))
    except (Unavailable, MasterKeyError, InvalidPolicyFile) as error:
        raise click.ClickException(str(error)) from None
    _print(place, findings, output)
    sys.exit(1 if findings else 0)


async def _findings(place: Place, source: str, aws_managed_policies: Path | None, report: "Report") -> list["Finding"]:
    from iamd.account.directory import Directory
    from iamd.iam.aws_managed import load_aws_managed_policies
    from iamd.store.check import check as check_store
    from iamd.store.sealing import open_key_ring

    directory = Directory(load_aws_managed_policies(aws_managed_policies))
    async with place.opened() as store:
        sealer = await open_key_ring(store, source)
        return await check_store(store, directory, sealer, lambda _, count: report(count, None))


def _print(place: Place, findings: list["Finding"], output: str) -> None:
    if output == "json":
        print_json([finding._asdict() for finding in findings])
    elif not findings:
        click.echo(f"{place.name} is in order.")
    else:
        width = max(len(finding.key) for finding in findings)
        for finding in findings:
            click.echo(f"{finding.key or 'store':{width}}  {finding.problem}")
        kept = str(place.data_dir) if place.etcd is None else "etcd's data"
        click.echo(
            f"{counted(len(findings), 'finding')}. Stop the server, keep a copy of {kept}, and restore the newest "
            "backup that iamd check finds in order."
        )

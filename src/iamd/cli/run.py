"""``iamd run``: start a command with the credentials of a role."""

import sys
from typing import Any

import click

from iamd.cli.roles import identity_options, role_options, role_request

_NOT_EXECUTABLE, _NOT_FOUND = 126, 127  # exit statuses, as shells have them


@click.command(
    short_help="Start a command with a role's credentials.", context_settings={"ignore_unknown_options": False}
)
@role_options
@identity_options
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(
    command: tuple[str, ...], profile: str | None, endpoint_url: str | None, region: str | None, **options: Any
) -> None:
    """Start COMMAND with the credentials of a role, which stay fresh for as long as it runs.

    The command's AWS SDK or CLI finds them by itself, at an address on loopback that only the command knows the token
    of. Other AWS credentials, profiles and configuration files are out of its sight. The command takes the place of
    this process: its exit status, signals and terminal are its own.

    \b
    Examples:
      iamd run --role Reader -- aws s3 ls
      iamd run --role team/Deploy --session-name build-17 -- make deploy
      iamd run --profile ci --role Reader --policy @narrow.json -- python job.py
      iamd run --role Thumbnails --service lambda.amazonaws.com -- python function.py
    """
    from iamd.workload.issuing import Issuer, NotIssued
    from iamd.workload.run import run

    issuer = Issuer(profile=profile, endpoint_url=endpoint_url, region=region)
    try:
        run(
            command,
            role_request(**options),
            issuer.issue,
            endpoint_url=issuer.endpoint_url,
            region=issuer.region,
        )
    except NotIssued as problem:
        raise click.ClickException(f"No credentials of {options['role']}: {problem}") from None
    except FileNotFoundError:
        click.echo(f"Error: There is no command {command[0]}.", err=True)
        sys.exit(_NOT_FOUND)
    except OSError as error:
        click.echo(f"Error: {command[0]} cannot be executed: {error.strerror}.", err=True)
        sys.exit(_NOT_EXECUTABLE)

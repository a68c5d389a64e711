"""``iamd credential-process``: print the credentials of a role for an AWS profile."""

import os
from typing import Any

import click

from iamd.cli.roles import identity_options, role_options, role_request

_INSIDE = "IAMD_CREDENTIAL_PROCESS"


@click.command(short_help="Print a role's credentials for an AWS profile.")
@role_options
@identity_options
def credential_process(profile: str | None, endpoint_url: str | None, region: str | None, **options: Any) -> None:
    """Print the credentials of a role as AWS SDKs take them from a credential_process.

    \b
    Examples, in ~/.aws/config beside the profile "operator" that may assume the role:
      [profile reader]
      credential_process = iamd credential-process --profile operator --role Reader
    """
    import msgspec

    from iamd.workload.credentials import process_document
    from iamd.workload.issuing import Issuer, NotIssued

    if os.environ.get(_INSIDE):
        raise click.ClickException(
            "The profile to ask with gets its credentials from this very command. Name another with --profile."
        )
    os.environ[_INSIDE] = "1"
    issuer = Issuer(profile=profile, endpoint_url=endpoint_url, region=region)
    try:
        credentials = issuer.issue(role_request(**options))
    except NotIssued as problem:
        raise click.ClickException(f"No credentials of {options['role']}: {problem}") from None
    click.echo(msgspec.json.encode(process_document(credentials)))

"""``iamd mfa``: bring hardware MFA tokens into an account."""

from pathlib import Path

import click

from iamd.cli.options import config_option, master_key_option, master_key_source
from iamd.cli.output import counted
from iamd.cli.store_options import Place, account_option, place_options


@click.group(name="mfa")
def mfa() -> None:
    """Bring hardware MFA tokens into an account.

    \b
    Example:
      iamd mfa import tokens.csv
    """


@mfa.command(name="import", short_help="Bring the tokens of a file into an account.")
@config_option
@place_options
@master_key_option
@account_option
@click.option(
    "--seeds",
    "encoding",
    type=click.Choice(["hex", "base32"]),
    default="hex",
    show_default=True,
    help="How the file writes the seeds.",
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(place: Place, master_key_from: str | None, account_id: str | None, encoding: str, file: Path) -> None:
    """Let an account have the tokens of a FILE: on each line a serial number and a seed, as vendors deliver them.

    The server may be running. Users then enable a token by its serial number and two of its codes (aws iam
    enable-mfa-device). Seeds are sealed; afterwards the file is no more needed and better destroyed.

    \b
    Examples:
      iamd mfa import tokens.csv
      iamd mfa import --account 111122223333 --seeds base32 tokens.csv
    """
    from iamd.account.state import Account
    from iamd.call import now
    from iamd.cli.stores import Stored, run_on_store
    from iamd.errors import EntityAlreadyExists
    from iamd.iam.mfa_hardware import InvalidTokenFile, add_token, read_tokens
    from iamd.replica.replica import Written
    from iamd.server.audit import operator_event

    source = master_key_source(place.data_dir, master_key_from)
    try:
        tokens = list(read_tokens(file.read_text("utf-8"), encoding))
    except (InvalidTokenFile, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file} cannot be used: {error}") from None

    async def act(stored: Stored) -> None:
        account = await stored.get_account(account_id)
        sealer = await stored.open_key_ring(source)

        def write(account: Account) -> Written:
            time = now()
            changes = [add_token(account, token, time, sealer) for token in tokens]
            details = {"serialNumbers": [token.serial for token in tokens]}
            return Written(None, changes, operator_event("iam", "ImportMFADevices", details, account.account_id, time))

        await stored.replica.write(account.account_id, write)
        click.echo(f"Account {account.account_id} has {counted(len(tokens), 'token')} more.")

    run_on_store(place, act, EntityAlreadyExists)

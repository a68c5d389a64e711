"""``iamd explain``: tell why a case is decided as it is."""

from typing import BinaryIO

import click

from iamd.cli.output import output_option, print_json


@click.command(short_help="Tell why a case is decided as it is.")
@click.argument("file", type=click.File("rb"), default="-")
@output_option("text")
def explain(file: BinaryIO, output: str) -> None:
    """Tell why the case in FILE, or on standard input, is decided as it is.

    The case is JSON as iamd evaluate reads it, on as many lines as it likes. For a denial, every type of policy that
    stood in the way is told, with the statements that came closest to allowing and the element in which they fail.

    \b
    Examples:
      iamd explain case.json
      head -1 cases.jsonl | iamd explain --output json
    """
    from iamd.policy import authorize
    from iamd.policy import explain as explain_decision
    from iamd.policy.case import MAX_LENGTH, InvalidCase, read_case, read_policies, read_request

    data = file.read(MAX_LENGTH + 1)
    if len(data) > MAX_LENGTH:
        raise click.ClickException(f"A case has at most {MAX_LENGTH:,} bytes.")
    try:
        case = read_case(data)
        decision = authorize(read_request(case), read_policies(case))
    except InvalidCase as error:
        raise click.ClickException(str(error)) from None
    explanation = explain_decision(decision)
    if output == "json":
        print_json(explanation)
    else:
        click.echo(str(explanation))

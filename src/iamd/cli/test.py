"""``iamd test``: run unit tests of policies."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iamd.cli.output import counted, output_option, print_json

if TYPE_CHECKING:
    from iamd.cli.policy_tests import Outcome


@click.command(short_help="Run unit tests of policies.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="File to write JUnit XML to, for CI.")
@output_option()
def test(paths: tuple[Path, ...], junit: Path | None, output: str) -> None:
    """Run the policy unit tests in PATHS: YAML files, and directories of them.

    A test is a request, the policies in force, and the decision that is expected. A failure is explained: which
    statements decided, or came closest and in which element they failed. The exit status is 1 if any test fails.

    \b
    Examples:
      iamd test policies/
      iamd test --junit results.xml tests/queues.yaml
    """
    from iamd.cli.policy_tests import find_files, run_file

    files = find_files(paths)
    outcomes = [outcome for file in files for outcome in run_file(file)]
    if not outcomes:
        raise click.ClickException(f"There are no YAML files in {', '.join(map(str, paths))}.")
    if junit is not None:
        from iamd.cli.junit import junit_xml

        try:
            junit.write_bytes(junit_xml(outcomes))
        except OSError as error:
            raise click.ClickException(f"{junit} cannot be written: {error.strerror}.") from None
    if output == "json":
        print_json(outcomes)
    else:
        _print(outcomes)
    sys.exit(0 if all(outcome.passed for outcome in outcomes) else 1)


def _print(outcomes: Sequence["Outcome"]) -> None:
    file = None
    for outcome in outcomes:
        if outcome.file != file:
            file = outcome.file
            click.echo(file)
        if outcome.passed:
            click.echo(f"  {click.style('ok', fg='green')}     {outcome.name}")
            continue
        word = "FAILED" if outcome.error is None else "ERROR"
        click.echo(f"  {click.style(f'{word:6}', fg='red')} {outcome.name} (line {outcome.line})")
        for problem in outcome.problems if outcome.error is None else (outcome.error,):
            click.echo(f"         {problem}")
        if outcome.explanation is not None:
            click.echo()
            for line in outcome.explanation.splitlines():
                click.echo(f"           {line}".rstrip())
            click.echo()
    failed = sum(not outcome.passed for outcome in outcomes)
    click.echo(f"{counted(len(outcomes), 'test')}, {f'{failed} failed' if failed else 'all passed'}.")

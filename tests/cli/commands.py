"""Runs the ``iamd`` command in this process."""

from click.testing import CliRunner, Result

from iamd.cli import main


def run(*arguments: str, input: str | bytes | None = None) -> Result:
    """What the command printed, and its exit status."""
    result = CliRunner().invoke(main, list(arguments), input=input, prog_name="iamd")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result

"""The ``iamd`` command as the tests run it: in a process of its own, or in this one."""

import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner, Result

from iamd.cli import main
from tests.server.process import environment


def iamd(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "iamd", *arguments],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def succeeded(home: Path, *arguments: str) -> str:
    """What a command that succeeded printed."""
    done = iamd(home, *arguments)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def refused(home: Path, *arguments: str) -> str:
    """What a command that was refused wrote to standard error."""
    done = iamd(home, *arguments)
    assert (done.returncode, done.stdout) == (1, ""), done
    return done.stderr


def run_here(*arguments: str, input: str | bytes | None = None) -> Result:
    """What the command printed in this process, and its exit status."""
    result = CliRunner().invoke(main, list(arguments), input=input, prog_name="iamd")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result

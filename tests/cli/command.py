"""The ``iamd`` command in a process of its own, as the tests run it."""

import subprocess
import sys
from pathlib import Path

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

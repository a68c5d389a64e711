"""A shell with the AWS CLI in it, as the tests that type commands use it."""

import json
import subprocess
import sys
from pathlib import Path

from tests.server.process import environment


class Shell:
    """A shell with a home of its own, and with the environment ``variables``."""

    def __init__(self, home: Path, **variables: str) -> None:
        self.home = home
        self.variables = variables

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        nowhere_else = environment(self.home, AWS_PAGER="", AWS_EC2_METADATA_DISABLED="true")
        path = f"{Path(sys.executable).parent}:{nowhere_else['PATH']}"
        return subprocess.run(
            ["sh", "-c", command],
            env=nowhere_else | self.variables | {"PATH": path},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def succeed(self, command: str) -> dict:
        """The JSON that a command printed."""
        done = self.run(command)
        assert (done.returncode, done.stderr) == (0, ""), done
        return json.loads(done.stdout) if done.stdout else {}

"""A real server process on a free port, as the tests start, ask and end it."""

import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

ACCOUNT_ID = "111122223333"
ROOT_KEY_ID = "root-of-tests".replace("-", "_")
ROOT_SECRET = "a-secret-of-tests"
SEEDS = {
    "IAMD_ACCOUNT_ID": ACCOUNT_ID,
    "IAMD_ROOT_ACCESS_KEY_ID": ROOT_KEY_ID,
    "IAMD_ROOT_SECRET_ACCESS_KEY": ROOT_SECRET,
}
START_TIMEOUT = 30.0  # seconds, on a machine that is busy with other tests


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a process that knows nothing of this machine's AWS settings or iamd, and runs this code."""
    source = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", **source, **more}


class ServerProcess:
    """``python -m iamd serve --port 0 …``, ready when it is made."""

    def __init__(
        self,
        home: Path,
        *arguments: str,
        env: Mapping[str, str] = SEEDS,
        data_dir: Path | None = None,
        wrapper: Sequence[str] = (),
    ) -> None:
        self.home = home
        self.data_dir = data_dir or home / "data"
        self.log_path = home / f"server-{time.monotonic_ns()}.log"
        serve = [sys.executable, "-m", "iamd", "serve", "--port", "0", "--data-dir", str(self.data_dir)]
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [*wrapper, *serve, *arguments],
                env=environment(home, **env),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline()
        found = re.fullmatch(r"IAMD_ENDPOINT_URL=(\S+)\n", self.first_line)
        if found is None:
            self.process.communicate(timeout=START_TIMEOUT)
            raise AssertionError(f"the server did not start: {self.first_line}{self.log()}")
        self.endpoint = found[1]
        self.host = urlsplit(self.endpoint).hostname or ""
        self.port = int(self.endpoint.rpartition(":")[2])

    def log(self) -> str:
        """What the server wrote to standard error."""
        return self.log_path.read_text()

    def stop(self) -> str:
        """End it by SIGTERM, as an operator does, and return the rest of what it printed."""
        self.process.send_signal(signal.SIGTERM)
        return self._ended(0)

    def kill(self) -> None:
        """End it by SIGKILL, which leaves it no time for anything."""
        self.process.kill()
        self._ended(-signal.SIGKILL)

    def _ended(self, status: int) -> str:
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            printed = stdout.read()
        assert self.process.wait(START_TIMEOUT) == status, self.log()
        return printed

    def __enter__(self) -> "ServerProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.kill()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
        """Status and body of an unsigned request."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=START_TIMEOUT)
        with contextlib.closing(connection):
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            return response.status, response.read().decode()

    def reset(self) -> None:
        """Forget everything but the seeded account, which has nothing in it; for servers with ``--dev``."""
        assert self.ask("/_iamd/reset", "POST") == (200, "Reset to the seeded state.\n")

    def client(self, service: str = "iam", key_id: str = ROOT_KEY_ID, secret: str = ROOT_SECRET, **more: Any) -> Any:
        """A boto3 client that tries once, so that a test sees each answer."""
        return boto3.session.Session().client(
            service,
            region_name="us-east-1",
            endpoint_url=self.endpoint,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            **({"config": Config(retries={"total_max_attempts": 1}, max_pool_connections=32)} | more),
        )

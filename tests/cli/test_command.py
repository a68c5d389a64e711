"""The ``iamd`` command itself: ways to call it, help, and what it does not import."""

import subprocess
import sys
from pathlib import Path

import pytest
from click import Group
from click.testing import CliRunner

from iamd import __version__
from iamd.cli import main
from tests.server.process import environment

COMMANDS = sorted(
    f"{name} {part}" if part else name
    for name, command in main.commands.items()
    for part in ("", *getattr(command, "commands", ()))
)


def run(home: Path, *command: str) -> str:
    done = subprocess.run(command, env=environment(home), capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


@pytest.mark.parametrize(
    "command",
    [(sys.executable, "-m", "iamd"), (str(Path(sys.executable).with_name("iamd")),)],
    ids=["python -m iamd", "iamd"],
)
def test_the_command_is_there(tmp_path: Path, command: tuple[str, ...]) -> None:
    assert run(tmp_path, *command, "--version") == f"iamd, version {__version__}\n"
    assert run(tmp_path, *command, "--help").startswith("Usage: iamd [OPTIONS] COMMAND [ARGS]...\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_examples(command: str) -> None:
    result = CliRunner().invoke(main, [*command.split(), "--help"], prog_name="iamd")
    assert result.exit_code == 0
    assert f"iamd {command}" in result.output.partition("Example")[2]


@pytest.mark.parametrize(
    "group", ["", *(name for name, command in main.commands.items() if isinstance(command, Group))]
)
def test_lists_of_commands_say_in_whole_words_what_each_does(group: str) -> None:
    listed = CliRunner().invoke(main, [*group.split(), "--help"], prog_name="iamd").output.partition("\nCommands:\n")[2]
    assert listed
    assert "..." not in listed


def test_every_setting_is_read_from_its_variable_and_the_file() -> None:
    for name, command in main.commands.items():
        if name in ("run", "credential-process", "events"):  # what they are called with is of that call alone
            continue
        for parameter in command.params:
            if parameter.name in ("config", "force", "output", "file", "paths", "junit"):
                continue
            assert parameter.envvar == f"IAMD_{str(parameter.name).upper()}"


def imported(home: Path, code: str) -> set[str]:
    """The top-level modules that are there after running ``code``."""
    printed = run(
        home, sys.executable, "-c", f"{code}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    )
    return set(printed.splitlines()[-1].split())


SLOW = {"botocore", "boto3", "rich", "prometheus_client", "structlog", "pydantic", "yaml"}


def test_help_imports_no_server(tmp_path: Path) -> None:
    code = (
        "from click.testing import CliRunner\nfrom iamd.cli import main\nCliRunner().invoke(main, ['serve', '--help'])"
    )
    assert imported(tmp_path, code) & (SLOW | {"uvicorn", "uvloop", "apsw", "cryptography", "msgspec"}) == set()


def test_a_server_starts_without_what_is_slow_to_import(tmp_path: Path) -> None:
    code = (
        "import iamd.server.serve\n"
        "from iamd.server.operations import SERVICES, operation_functions\n"
        "[operation_functions(service) for service in SERVICES]"
    )
    assert imported(tmp_path, code) & SLOW == set()

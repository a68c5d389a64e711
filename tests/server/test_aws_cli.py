"""The AWS CLI, as people type it: the README's walk from nothing to a request refused, word for word."""

import re
from pathlib import Path

from tests.server.process import ServerProcess
from tests.server.shell import Shell

README = Path(__file__).parents[2] / "README.md"
WALK = README.read_text().partition("\n## Five minutes")[2].partition("\n## ")[0]
EXAMPLE_ACCOUNT_ID = "111122223333"


def blocks(language: str) -> list[list[str]]:
    """The lines of the walk's code blocks."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", WALK, re.DOTALL | re.MULTILINE)
    return [code.splitlines() for marked, code in found if marked == language]


def take_key(shell: Shell, made: dict) -> None:
    """Put a new key into the environment, as the README says."""
    shell.variables |= {
        "AWS_ACCESS_KEY_ID": made["AccessKey"]["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": made["AccessKey"]["SecretAccessKey"],
    }


def test_from_nothing_to_a_request_refused_with_its_reason(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    paste, *commands = blocks("sh")
    assert len(commands) == 4
    with ServerProcess(tmp_path, env={}) as server:
        assert server.process.stdout is not None
        for line in server.process.stdout:
            if found := re.fullmatch(r"  export (AWS_\w+)=(\S+)\n", line):
                shell.variables[found[1]] = found[2]
            if line.startswith("Warning"):
                break
        assert [line.partition("=")[0].removeprefix("export ") for line in paste] == list(shell.variables)

        account_id = shell.succeed(commands[0][0])["Account"]
        *root_commands, make_key = commands[1]
        for command in root_commands:
            shell.succeed(command)
        take_key(shell, shell.succeed(make_key))
        *admin_commands, make_key = commands[2]
        for command in admin_commands:
            shell.succeed(command)
        take_key(shell, shell.succeed(make_key))
        look, more = commands[3]
        assert [user["UserName"] for user in shell.succeed(look)["Users"]] == ["admin", "alice"]
        refused = shell.run(more)
        assert (refused.returncode, refused.stdout) == (255, "")
        (promised,) = blocks("")
        assert " ".join(refused.stderr.split()).removeprefix("aws: [ERROR]: ") == " ".join(promised).replace(
            EXAMPLE_ACCOUNT_ID, account_id
        )


def test_the_profile_that_a_first_start_offers_works(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, env={}) as server:
        printed = server.stop()
    commands = re.findall(r"^  (aws configure set .*)$", printed, re.MULTILINE)
    assert len(commands) == 4
    shell = Shell(tmp_path)
    with ServerProcess(tmp_path, env={}) as server:
        for command in commands:  # as printed; the port is a new one
            shell.succeed(re.sub(r"http://127.0.0.1:\d+", server.endpoint, command))
        caller = shell.succeed("aws sts get-caller-identity --profile iamd-root")
        assert caller["Arn"] == f"arn:aws:iam::{caller['Account']}:root"

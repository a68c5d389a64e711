"""``iamd run``: a command with the credentials of a role, and with everything else its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from iamd.workload.run import command_environment
from tests.clients.install import JAVASCRIPT, node
from tests.server.process import environment
from tests.workload.conftest import Operator, document, session_arn

TIMEOUT = 60.0  # seconds
PYTHON = sys.executable
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
WHO = Path(__file__).parent / "sdk.py"


def start(operator: Operator, home: Path, *arguments: str, **more: Any) -> subprocess.Popen[str]:
    variables = environment(home, **operator.environment | {"PATH": PATH} | more.pop("env", {}))
    return subprocess.Popen(
        [PYTHON, "-m", "iamd", "run", *arguments],
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def run(operator: Operator, home: Path, *arguments: str, **more: Any) -> tuple[int, str, str]:
    """Exit status, standard output and standard error."""
    with start(operator, home, *arguments, **more) as process:
        output, errors = process.communicate(timeout=TIMEOUT)
    return process.returncode, output, errors


def output(operator: Operator, home: Path, *arguments: str, **more: Any) -> str:
    status, printed, errors = run(operator, home, *arguments, **more)
    assert (status, errors) == (0, "")
    return printed


@pytest.mark.parametrize(
    "command",
    [
        ["aws", "sts", "get-caller-identity", "--query", "{arn: Arn}"],
        [PYTHON, str(WHO)],
        ["node", str(JAVASCRIPT / "workload.mjs")],
    ],
    ids=["aws-cli", "boto3", "javascript"],
)
def test_an_sdk_finds_the_credentials_by_itself(operator: Operator, home: Path, command: list[str]) -> None:
    if command[0] == "node":
        command[0] = str(node())
    with start(operator, home, "--role", "Reader", "--session-name", "job-7", "--", *command) as process:
        printed, errors = process.communicate("once\n", timeout=TIMEOUT)
    assert (process.returncode, errors) == (0, "")
    answer = json.loads(printed.removeprefix('{"ready":true}').removeprefix('{"ready": true}'))
    assert answer["arn"] == session_arn("Reader", "job-7")


def test_what_lies_in_the_home_directory_is_out_of_sight(operator: Operator, home: Path) -> None:
    (home / ".aws").mkdir()
    (home / ".aws" / "credentials").write_text("[default]\naws_access_key_id = no\naws_secret_access_key = no\n")
    (home / ".aws" / "config").write_text(
        f"[profile base]\nregion = eu-west-1\nendpoint_url = {operator.server.endpoint}\n"
    )
    key = "aws_access_key_id = {AccessKeyId}\naws_secret_access_key = {SecretAccessKey}\n".format(**operator.key)
    with (home / ".aws" / "credentials").open("a") as file:
        file.write(f"[base]\n{key}")
    done = subprocess.run(
        [PYTHON, "-m", "iamd", "run", "--profile", "base", "--role", "Reader", "--", "sh", "-c",
         "aws sts get-caller-identity && env"],
        env=environment(home, PATH=PATH),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert session_arn("Reader") in done.stdout
    variables = dict(line.split("=", 1) for line in done.stdout.splitlines() if line.startswith("AWS_"))
    assert variables.pop("AWS_CONTAINER_CREDENTIALS_FULL_URI").startswith("http://127.0.0.1:")
    assert len(variables.pop("AWS_CONTAINER_AUTHORIZATION_TOKEN")) == 43
    assert variables == {
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_ENDPOINT_URL": operator.server.endpoint,
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }


def test_no_other_way_to_credentials_is_handed_on() -> None:
    inherited = {
        "PATH": "/bin",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_SESSION_TOKEN": "x",
        "AWS_SECURITY_TOKEN": "x",
        "AWS_PROFILE": "x",
        "AWS_DEFAULT_PROFILE": "x",
        "AWS_ROLE_ARN": "x",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "x",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "x",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "x",
        "AWS_CONFIG_FILE": "x",
        "AWS_RETRY_MODE": "standard",
    }
    assert command_environment(inherited, "127.0.0.1:1", "token", endpoint_url=None, region=None) == {
        "PATH": "/bin",
        "AWS_RETRY_MODE": "standard",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/v1/credentials/command",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "token",
    }


def test_a_session_policy_limits_the_command(operator: Operator, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "narrow.json"
    file.write_text(document({"Action": "iam:ListUsers", "Resource": "*"}))
    lists = ("aws", "iam", "list-roles", "--query", "Roles[0].RoleName")
    assert output(operator, home, "--role", "Reader", "--", *lists) == '"Reader"\n'
    for policy in (f"@{file}", file.read_text()):
        status, _, errors = run(operator, home, "--role", "Reader", "--policy", policy, "--", *lists)
        assert status == 254 or status == 255
        assert "because no session policy allows the iam:ListRoles action" in errors


@pytest.mark.parametrize("name", ["Missing", "arn:aws:iam::111122223333:role/Missing"])
def test_without_credentials_the_command_is_not_started(operator: Operator, home: Path, name: str) -> None:
    assert run(operator, home, "--role", name, "--", "touch", str(home / "started")) == (
        1,
        "",
        f"Error: No credentials of {name}: AccessDenied: User: {operator.arn} is not authorized to perform: "
        "sts:AssumeRole on resource: arn:aws:iam::111122223333:role/Missing\n",
    )
    assert not (home / "started").exists()


def test_without_an_identity_to_ask_with_the_next_step_is_told(operator: Operator, home: Path) -> None:
    env = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
    status, _, errors = run(operator, home, "--role", "Reader", "--", "true", env=env)
    assert (status, errors) == (
        1,
        "Error: No credentials of Reader: There are no AWS credentials to ask with. Set AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, or name a profile with --profile.\n",
    )


@pytest.mark.parametrize(
    ("script", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", -15), ("kill -9 $$", -9)]
)
def test_the_exit_status_is_the_commands(operator: Operator, home: Path, script: str, status: int) -> None:
    assert run(operator, home, "--role", "Reader", "--", "sh", "-c", script) == (status, "", "")


def test_a_command_that_is_not_there_or_no_program(operator: Operator, home: Path, tmp_path: Path) -> None:
    assert run(operator, home, "--role", "Reader", "--", "no-such-command") == (
        127,
        "",
        "Error: There is no command no-such-command.\n",
    )
    assert run(operator, home, "--role", "Reader", "--", str(tmp_path)) == (
        126,
        "",
        f"Error: {tmp_path} cannot be executed: Permission denied.\n",
    )


def test_signals_and_input_are_the_commands_and_the_agent_ends_with_it(operator: Operator, home: Path) -> None:
    script = (
        'trap "echo caught; exit 3" USR1; echo $$ $AWS_CONTAINER_CREDENTIALS_FULL_URI; read line; echo $line; read line'
    )
    with start(operator, home, "--role", "Reader", "--", "bash", "-c", script) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        pid, address = process.stdout.readline().split()
        assert int(pid) == process.pid
        host, port = address.removeprefix("http://").partition("/")[0].split(":")
        socket.create_connection((host, int(port)), timeout=TIMEOUT).close()
        process.stdin.write("hello\n")
        process.stdin.flush()
        assert process.stdout.readline() == "hello\n"
        process.send_signal(signal.SIGUSR1)
        assert process.communicate(timeout=TIMEOUT) == ("caught\n", "")
        assert process.returncode == 3
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        try:
            socket.create_connection((host, int(port)), timeout=TIMEOUT).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.01)
    raise AssertionError("the agent lives on")


def test_the_command_has_no_child_that_it_does_not_know(operator: Operator, home: Path) -> None:
    script = "import os\ntry:\n    os.waitpid(-1, os.WNOHANG)\nexcept ChildProcessError:\n    print('none')"
    assert output(operator, home, "--role", "Reader", "--", PYTHON, "-c", script) == "none\n"


# iamd credential-process ----------------------------------------------------------------------------------------------


def configure(home: Path, operator: Operator, *lines: str) -> dict[str, str]:
    """A home with the profile ``operator`` and more lines of configuration."""
    (home / ".aws").mkdir()
    key = "aws_access_key_id = {AccessKeyId}\naws_secret_access_key = {SecretAccessKey}\n".format(**operator.key)
    (home / ".aws" / "credentials").write_text(f"[operator]\n{key}")
    (home / ".aws" / "config").write_text("\n".join(lines) + "\n")
    return environment(home, AWS_ENDPOINT_URL=operator.server.endpoint, AWS_DEFAULT_REGION="us-east-1", PATH=PATH)


def test_a_profile_gets_its_credentials_from_the_command(operator: Operator, home: Path) -> None:
    command = f"{PYTHON} -m iamd credential-process --profile operator --role Reader --session-name by-profile"
    variables = configure(home, operator, "[profile reader]", f"credential_process = {command}")
    done = subprocess.run(
        ["aws", "sts", "get-caller-identity", "--profile", "reader", "--query", "Arn"],
        env=variables,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=True,
    )
    assert json.loads(done.stdout) == session_arn("Reader", "by-profile")
    printed = subprocess.run(
        [PYTHON, "-m", "iamd", "credential-process", "--profile", "operator", "--role", "Reader"],
        env=variables,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=True,
    ).stdout
    document = json.loads(printed)
    assert list(document) == ["Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"]
    assert document["Version"] == 1
    assert document["AccessKeyId"].startswith("ASIA")


def test_a_profile_that_leads_to_itself_is_refused(operator: Operator, home: Path) -> None:
    command = f"{PYTHON} -m iamd credential-process --role Reader"
    variables = configure(home, operator, "[profile loop]", f"credential_process = {command}")
    done = subprocess.run(
        ["aws", "sts", "get-caller-identity", "--profile", "loop"],
        env=variables | {"AWS_PROFILE": "loop"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode != 0
    assert "gets its credentials from this very command. Name another with --profile." in done.stderr

"""The AWS CLI, as people type it: the README's walk from nothing to a request refused with its reason."""

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.server.process import ServerProcess, environment

READ_ONLY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["iam:Get*", "iam:List*"], "Resource": "*"}],
    }
)


class Shell:
    """A shell with an AWS CLI and a home of its own."""

    def __init__(self, home: Path, **variables: str) -> None:
        self.home = home
        self.variables = variables

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).with_name("aws")), *arguments],
            env=environment(self.home, AWS_PAGER="", AWS_EC2_METADATA_DISABLED="true", **self.variables),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def aws(self, *arguments: str) -> dict:
        """The JSON that a command printed."""
        done = self.run(*arguments)
        assert done.returncode == 0, done
        return json.loads(done.stdout) if done.stdout else {}

    def refused(self, *arguments: str) -> str:
        """What a command that was refused wrote to standard error."""
        done = self.run(*arguments)
        assert done.returncode == 255, done
        assert done.stdout == ""
        return done.stderr.strip()


def test_from_nothing_to_a_request_refused_with_its_reason(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, env={}) as server:
        printed = server.stop()
    commands = re.findall(r"^  aws (configure set .*)$", printed, re.MULTILINE)
    assert len(commands) == 4
    with ServerProcess(server.home, env={}) as server:
        shell = Shell(tmp_path)
        for command in commands:  # as printed; the port is a new one
            shell.run(*re.sub(r"http://127.0.0.1:\d+", server.endpoint, command).split())
        root = ("--profile", "iamd-root")
        account_id = shell.aws("sts", "get-caller-identity", *root)["Account"]
        shell.aws("iam", "create-user", "--user-name", "admin", *root)
        policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
        shell.aws("iam", "attach-user-policy", "--user-name", "admin", "--policy-arn", policy_arn, *root)
        admin = with_key_of(shell, server, "admin", *root)

        admin.aws("iam", "create-group", "--group-name", "auditors")
        document = ("--policy-name", "read-only", "--policy-document", READ_ONLY)
        admin.aws("iam", "put-group-policy", "--group-name", "auditors", *document)
        admin.aws("iam", "create-user", "--user-name", "alice")
        admin.aws("iam", "add-user-to-group", "--group-name", "auditors", "--user-name", "alice")
        alice = with_key_of(admin, server, "alice")

        assert alice.aws("sts", "get-caller-identity")["Arn"] == f"arn:aws:iam::{account_id}:user/alice"
        users = [user["UserName"] for user in alice.aws("iam", "list-users")["Users"]]
        assert users == ["admin", "alice"]
        assert alice.refused("iam", "create-user", "--user-name", "bob").endswith(
            "An error occurred (AccessDenied) when calling the CreateUser operation: "
            f"User: arn:aws:iam::{account_id}:user/alice is not authorized to perform: iam:CreateUser on resource: "
            f"arn:aws:iam::{account_id}:user/bob because no identity-based policy allows the iam:CreateUser action"
        )
        assert admin.refused("iam", "get-user", "--user-name", "bob").endswith(
            "An error occurred (NoSuchEntity) when calling the GetUser operation: "
            "The user with name bob cannot be found."
        )


def with_key_of(shell: Shell, server: ServerProcess, user: str, *options: str) -> Shell:
    """A shell with a new access key of a user."""
    made = shell.aws("iam", "create-access-key", "--user-name", user, *options)["AccessKey"]
    return Shell(
        shell.home,
        AWS_ACCESS_KEY_ID=made["AccessKeyId"],
        AWS_SECRET_ACCESS_KEY=made["SecretAccessKey"],
        AWS_DEFAULT_REGION="us-east-1",
        AWS_ENDPOINT_URL=server.endpoint,
    )

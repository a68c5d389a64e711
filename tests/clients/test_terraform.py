"""Terraform with the AWS provider: apply, nothing left to do, change in place, import, destroy."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.clients.life import iam_arn, root_environment
from tests.iam.certificates import issue, rsa_key
from tests.iam.test_saml_providers import entity
from tests.server.process import ACCOUNT_ID, ServerProcess

pytestmark = pytest.mark.tools

NOTHING_TO_DO, CHANGES = 0, 2  # what plan -detailed-exitcode tells
IMPORTED = {
    "aws_iam_user.bob": "Robert",
    "aws_iam_group.readers": "Lookers",
    "aws_iam_role.keeper": "Keeper",
    "aws_iam_policy.read": iam_arn("policy/team/read"),
    "aws_iam_instance_profile.machines": "Machines",
    "aws_iam_openid_connect_provider.issuer": iam_arn("oidc-provider/issuer.example.com"),
    "aws_iam_saml_provider.example": iam_arn("saml-provider/Example"),
    "aws_iam_account_alias.example": "amzn-example",
    "aws_iam_account_password_policy.strict": "iam-account-password-policy",
    "aws_iam_user_policy.bob": "Robert:own",
    "aws_iam_service_linked_role.scaling": iam_arn(
        "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_night"
    ),
}


class Terraform:
    """Runs the commands on a configuration of its own; the machine's settings say where providers are found."""

    def __init__(self, server: ServerProcess, home: Path) -> None:
        found = shutil.which("terraform")
        assert found, "Terraform is not installed: https://developer.hashicorp.com/terraform/install"
        self._command = found
        self._home = home
        shutil.copy(Path(__file__).parent / "terraform" / "main.tf", home)
        issued = issue(start=int(time.time()) - 60)
        ssh = rsa_key().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        values = {
            "certificate": issued.pem.strip(),
            "private_key": issued.key_pem,
            "saml_metadata": entity(),
            "ssh_public_key": f"{ssh} bob@example.com",
        }
        (home / "terraform.tfvars.json").write_text(json.dumps(values))
        settings = {name: value for name, value in os.environ.items() if name.startswith("TF_")}
        self._env = root_environment(server) | {"HOME": str(home), "TF_IN_AUTOMATION": "1"} | settings

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._command, *arguments],
            cwd=self._home,
            env=self._env,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def succeed(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def plan(self, stage: str) -> int:
        return self.run("plan", "-detailed-exitcode", "-no-color", f"-var=stage={stage}").returncode

    def seen(self) -> Any:
        return json.loads(self.succeed("output", "-json", "seen"))


def test_the_life_of_a_configuration(server: ServerProcess, tmp_path: Path) -> None:
    terraform = Terraform(server, tmp_path)
    terraform.succeed("init", "-no-color")

    terraform.succeed("apply", "-auto-approve", "-no-color", "-var=stage=one")
    seen = {
        "account": ACCOUNT_ID,
        "alias": "amzn-example",
        "keys": ["Active"],
        "members": ["Bob"],
        "profiles": ["Machines"],
        "read_only": "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "roles": ["Keeper"],
        "session": iam_arn("root"),
        "simulation": True,
        "users": ["Bob"],
    }
    assert terraform.seen() == seen
    assert terraform.plan("one") == NOTHING_TO_DO

    assert terraform.plan("two") == CHANGES
    terraform.succeed("apply", "-auto-approve", "-no-color", "-var=stage=two")
    assert terraform.plan("two") == NOTHING_TO_DO
    assert terraform.seen() == seen | {"keys": ["Inactive"], "members": ["Robert"], "users": ["Robert"]}

    terraform.succeed("state", "rm", *IMPORTED)
    (tmp_path / "imports.tf").write_text(
        "\n".join(f'import {{\n  to = {address}\n  id = "{id}"\n}}' for address, id in IMPORTED.items())
    )
    printed = terraform.succeed("apply", "-auto-approve", "-no-color", "-var=stage=two")
    assert f"Resources: {len(IMPORTED)} imported, 0 added, " in printed
    assert ", 0 destroyed." in printed
    assert terraform.plan("two") == NOTHING_TO_DO

    terraform.succeed("destroy", "-auto-approve", "-no-color", "-var=stage=two")
    details = server.client().get_account_authorization_details()
    for kind in ("UserDetailList", "GroupDetailList", "RoleDetailList"):
        assert details[kind] == []
    assert server.client().list_policies(Scope="Local")["Policies"] == []
    assert server.client().list_account_aliases()["AccountAliases"] == []

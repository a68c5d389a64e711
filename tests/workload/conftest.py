"""A server with an operator, who may assume the roles Reader and Writer."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.process import ACCOUNT_ID, ServerProcess


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})


class Operator:
    """A server, and the access key of the user ``operator``."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.iam = server.client()
        self.iam.create_user(UserName="operator")
        self.key = self.iam.create_access_key(UserName="operator")["AccessKey"]
        self.arn = f"arn:aws:iam::{ACCOUNT_ID}:user/operator"
        may = {"Action": ["iamd:AssumeRoleForService", "iam:PassRole", "iam:GetInstanceProfile"], "Resource": "*"}
        self.iam.put_user_policy(UserName="operator", PolicyName="p", PolicyDocument=document(may))
        for name in ("Reader", "Writer"):
            self.role(name, {"Principal": {"AWS": self.arn}, "Action": "sts:AssumeRole"})

    def role(self, name: str, *trust: dict[str, Any], **more: Any) -> str:
        """A new role, by its ARN; it may list roles."""
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(*trust), **more)["Role"]
        listing = document({"Action": "iam:ListRoles", "Resource": "*"})
        self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=listing)
        return str(role["Arn"])

    @property
    def environment(self) -> dict[str, str]:
        """What the operator's own AWS SDK needs."""
        return {
            "AWS_ACCESS_KEY_ID": self.key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": self.key["SecretAccessKey"],
            "AWS_ENDPOINT_URL": self.server.endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
        }


def session_arn(role: str, session: str = "iamd-workload") -> str:
    return f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{role}/{session}"


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with ServerProcess(tmp_path_factory.mktemp("server")) as process:
        yield Operator(process)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home directory without any AWS configuration."""
    (tmp_path / "home").mkdir()
    return tmp_path / "home"

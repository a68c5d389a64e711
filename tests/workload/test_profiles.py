"""Profiles that lead to a role, in the AWS CLI and boto3: with MFA, from a machine's own credentials, and in chains."""

import base64
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from iamd.authentication.mfa import STEP_SECONDS, code_at
from tests.server.process import ACCOUNT_ID, ServerProcess, environment
from tests.workload.agents import TIMEOUT
from tests.workload.conftest import Operator, session_arn
from tests.workload.test_run import PATH
from tests.workload.test_serve import Workload

CLI = ["aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text", "--profile"]
SCRIPT = "import boto3, sys; print(boto3.Session(profile_name=sys.argv[1]).client('sts').get_caller_identity()['Arn'])"
BOTO3 = [sys.executable, "-c", SCRIPT]
CLIENTS = pytest.mark.parametrize("client", [CLI, BOTO3], ids=["aws-cli", "boto3"])


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """With roles in a row: Reader may take on Second, and that Third, each with the tags of the one before."""
    with ServerProcess(tmp_path_factory.mktemp("server")) as process:
        given = Operator(process)
        before = "Reader"
        for name in ("Second", "Third"):
            principal = {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:role/{before}"}
            given.role(name, {"Principal": principal, "Action": ["sts:AssumeRole", "sts:TagSession"]})
            before = name
        yield given


def configure(operator: Operator, home: Path, config: str, **variables: str) -> dict[str, str]:
    """The environment of clients with this configuration, and with the operator's key in the profile ``operator``."""
    (home / ".aws").mkdir()
    key = "aws_access_key_id = {AccessKeyId}\naws_secret_access_key = {SecretAccessKey}\n".format(**operator.key)
    (home / ".aws" / "credentials").write_text(f"[operator]\n{key}")
    (home / ".aws" / "config").write_text(config)
    where = {"AWS_ENDPOINT_URL": operator.server.endpoint, "AWS_DEFAULT_REGION": "us-east-1", "PATH": PATH}
    return environment(home, **where, **variables)


def who(client: list[str], profile: str, env: dict[str, str], input: str = "", **variables: str) -> str:
    """The ARN that a client printed, who has no terminal."""
    done = subprocess.run(
        [*client, profile],
        env=env | variables,
        input=input,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def profile(name: str, role: str, *lines: str) -> str:
    arn = f"arn:aws:iam::{ACCOUNT_ID}:role/{role}"
    return "\n".join([f"[profile {name}]", f"role_arn = {arn}", "role_session_name = by-profile", *lines, ""])


@CLIENTS
def test_a_chain_of_profiles_is_a_chain_of_roles(operator: Operator, home: Path, client: list[str]) -> None:
    config = profile("first", "Reader", "source_profile = operator")
    config += profile("second", "Second", "source_profile = first") + profile(
        "third", "Third", "source_profile = second"
    )
    env = configure(operator, home, config)
    assert who(client, "third", env) == session_arn("Third", "by-profile")
    assert who(client, "first", env) == session_arn("Reader", "by-profile")


@CLIENTS
def test_a_profile_asks_for_a_code_of_the_mfa_device(operator: Operator, home: Path, client: list[str]) -> None:
    name = "cli" if client is CLI else "boto3"
    operator.iam.create_user(UserName=name)
    key = operator.iam.create_access_key(UserName=name)["AccessKey"]
    device = operator.iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    seed, step = base64.b32decode(device["Base32StringSeed"]), int(time.time()) // STEP_SECONDS
    operator.iam.enable_mfa_device(
        UserName=name,
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1=code_at(seed, step - 1),
        AuthenticationCode2=code_at(seed, step),
    )
    condition = {"NumericLessThan": {"aws:MultiFactorAuthAge": "300"}}
    principal = {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:user/{name}"}
    operator.role(f"With-{name}", {"Principal": principal, "Action": "sts:AssumeRole", "Condition": condition})
    config = profile(
        "mfa", f"With-{name}", "source_profile = holder", f"mfa_serial = {device['SerialNumber']}"
    ) + profile("plain", f"With-{name}", "source_profile = holder")
    env = configure(operator, home, config)
    keys = "aws_access_key_id = {AccessKeyId}\naws_secret_access_key = {SecretAccessKey}\n".format(**key)
    (home / ".aws" / "credentials").write_text(f"[holder]\n{keys}")
    printed = who(client, "mfa", env, code_at(seed, step + 1) + "\n")
    assert printed.endswith(session_arn(f"With-{name}", "by-profile"))
    done = subprocess.run([*client, "plain"], env=env, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert done.returncode != 0
    assert f"is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::{ACCOUNT_ID}:role/With-{name}" in (
        done.stderr
    )


@CLIENTS
@pytest.mark.parametrize("source", ["EcsContainer", "Ec2InstanceMetadata", "Environment"])
def test_a_profile_begins_with_the_machines_own_credentials(
    operator: Operator, home: Path, client: list[str], source: str
) -> None:
    env = configure(operator, home, profile("second", "Second", f"credential_source = {source}"))
    instance = {"id": "one", "role": "Reader", "token_file": str(home / "token"), "metadata": "127.0.0.1:0"}
    with Workload(operator, home, [instance]) as workload:
        variables = workload.instances["one"]
        if source == "EcsContainer":
            del variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
        elif source == "Ec2InstanceMetadata":
            variables = {name: value for name, value in variables.items() if "METADATA" in name}
        else:
            variables = of_reader(operator)
        assert who(client, "second", env, **variables) == session_arn("Second", "by-profile")


def of_reader(operator: Operator) -> dict[str, str]:
    """A session of Reader in variables, as who has asked STS by hand has it."""
    sts = operator.server.client("sts", operator.key["AccessKeyId"], operator.key["SecretAccessKey"])
    arn = f"arn:aws:iam::{ACCOUNT_ID}:role/Reader"
    credentials = sts.assume_role(RoleArn=arn, RoleSessionName="by-hand")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
    }


@CLIENTS
def test_a_profile_asks_for_an_external_id_and_a_duration(operator: Operator, home: Path, client: list[str]) -> None:
    name = "ForCli" if client is CLI else "ForBoto3"
    condition = {"StringEquals": {"sts:ExternalId": "unique-7"}}
    operator.role(name, {"Principal": {"AWS": operator.arn}, "Action": "sts:AssumeRole", "Condition": condition})
    config = profile("known", name, "source_profile = operator", "external_id = unique-7", "duration_seconds = 900")
    config += profile("unknown", name, "source_profile = operator")
    env = configure(operator, home, config)
    assert who(client, "known", env) == session_arn(name, "by-profile")
    done = subprocess.run([*client, "unknown"], env=env, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert (done.returncode != 0, "AccessDenied" in done.stderr) == (True, True)

"""Roles that trust services, for workloads: a function, a machine with an instance profile, and the API behind them."""

import json
import subprocess
from pathlib import Path

import boto3
import pytest

from iamd.wire.models import OWN_MODELS
from tests.server.process import ACCOUNT_ID, environment
from tests.workload.agents import ask
from tests.workload.conftest import Operator, session_arn
from tests.workload.test_run import PATH, output, run
from tests.workload.test_serve import CLI, Workload, running, sdks

TIMEOUT = 60.0  # seconds
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT_ID}:function:thumbnails"
INSTANCE = "i-1234567890abcdef0"


@pytest.fixture(scope="module")
def function_role(operator: Operator) -> str:
    """A role for one function."""
    condition = {"ArnLike": {"aws:SourceArn": FUNCTION}, "StringEquals": {"aws:SourceAccount": ACCOUNT_ID}}
    principal = {"Service": "lambda.amazonaws.com"}
    return operator.role(
        "Thumbnails", {"Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}, Path="/functions/"
    )


def test_a_function_has_the_role_that_trusts_its_service(operator: Operator, home: Path, function_role: str) -> None:
    options = ("--role", "functions/Thumbnails", "--service", "lambda.amazonaws.com", "--session-name", "thumbnails")
    printed = output(operator, home, *options, "--source-arn", FUNCTION, "--", *CLI)
    assert printed == session_arn("Thumbnails", "thumbnails") + "\n"
    refusal = (
        "Error: No credentials of functions/Thumbnails: AccessDenied: User: lambda.amazonaws.com is not authorized to "
        f"perform: sts:AssumeRole on resource: {function_role}\n"
    )
    assert run(operator, home, *options, "--source-arn", FUNCTION + "-2", "--", *CLI) == (1, "", refusal)
    assert run(operator, home, *options, "--", *CLI) == (1, "", refusal)
    status, _, errors = run(operator, home, "--role", "functions/Thumbnails", "--", *CLI)
    assert (status, f"User: {operator.arn} is not authorized to perform: sts:AssumeRole" in errors) == (1, True)


def test_a_machine_has_the_role_in_its_instance_profile(operator: Operator, home: Path) -> None:
    instance_arn = f"arn:aws:ec2:us-east-1:{ACCOUNT_ID}:instance/{INSTANCE}"
    condition = {"ArnEquals": {"aws:SourceArn": instance_arn}}
    principal = {"Service": "ec2.amazonaws.com"}
    operator.role("Web", {"Principal": principal, "Action": "sts:AssumeRole", "Condition": condition})
    operator.iam.create_instance_profile(InstanceProfileName="web")
    operator.iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="Web")
    profile = operator.iam.get_instance_profile(InstanceProfileName="web")["InstanceProfile"]
    with Workload(operator, home, [{"id": INSTANCE, "instance_profile": "web", "metadata": "127.0.0.1:0"}]) as workload:
        env = workload.environment(INSTANCE)
        with running(sdks(), dict.fromkeys(sdks(), env)) as started:
            assert {sdk.who().get("arn") for sdk in started.values()} == {session_arn("Web", INSTANCE)}
        address = env["AWS_EC2_METADATA_SERVICE_ENDPOINT"].removeprefix("http://")
        token = ask(address, "/latest/api/token", "PUT", {"X-aws-ec2-metadata-token-ttl-seconds": "60"}).text
        info = ask(address, "/latest/meta-data/iam/info", headers={"X-aws-ec2-metadata-token": token})
    told = info.json
    assert (told["Code"], told["InstanceProfileArn"], told["InstanceProfileId"]) == (
        "Success",
        profile["Arn"],
        profile["InstanceProfileId"],
    )


def test_boto3_and_the_aws_cli_speak_the_operator_api(
    operator: Operator, home: Path, function_role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DATA_PATH", str(OWN_MODELS))
    client = boto3.session.Session().client(
        "iamd",
        region_name="us-east-1",
        endpoint_url=operator.server.endpoint,
        aws_access_key_id=operator.key["AccessKeyId"],
        aws_secret_access_key=operator.key["SecretAccessKey"],
    )
    answer = client.assume_role_for_service(
        RoleArn=function_role,
        RoleSessionName="thumbnails",
        ServicePrincipal="lambda.amazonaws.com",
        SourceArn=FUNCTION,
    )
    assert answer["AssumedRoleUser"]["Arn"] == session_arn("Thumbnails", "thumbnails")
    command = ["aws", "iamd", "assume-role-for-service", "--role-arn", function_role, "--source-arn", FUNCTION]
    done = subprocess.run(
        [*command, "--role-session-name", "by-cli", "--service-principal", "lambda.amazonaws.com"],
        env=environment(home, **operator.environment, AWS_DATA_PATH=str(OWN_MODELS), PATH=PATH),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=True,
    )
    assert json.loads(done.stdout)["AssumedRoleUser"]["Arn"] == session_arn("Thumbnails", "by-cli")


def test_without_an_endpoint_services_are_not_looked_for_at_aws(operator: Operator, home: Path) -> None:
    nowhere = {"AWS_ENDPOINT_URL": ""}
    options = ("--role", f"arn:aws:iam::{ACCOUNT_ID}:role/R", "--service", "lambda.amazonaws.com")
    assert run(operator, home, *options, "--", "true", env=nowhere) == (
        1,
        "",
        f"Error: No credentials of arn:aws:iam::{ACCOUNT_ID}:role/R: AWS assumes no role for a service of yours: set "
        "AWS_ENDPOINT_URL.\n",
    )

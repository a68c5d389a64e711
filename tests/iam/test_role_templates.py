"""Role templates: what a file brings, what values may be given, and the role that comes of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from iamd.account.changes import Put
from iamd.account.directory import Directory
from iamd.account.records import Role, SourceRoleTemplate
from iamd.account.role_templates import describe_role
from iamd.errors import InvalidInput
from iamd.iam.aws_managed import load_aws_managed_policies
from iamd.iam.role_templates import InvalidTemplateFile, acquire_role, get_role_template_version, load_role_templates
from iamd.iam.roles import create_role, get_role
from tests.iam.world import ACCOUNT_ID, NOW, World

ARN = "arn:aws:iam::aws:role-template/example.amazonaws.com/Runner:1"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},'
    '"Action":"sts:AssumeRole"}]}'
)


def version(minor: int = 1, **more: Any) -> dict[str, Any]:
    """What ``aws iam get-role-template-version`` prints."""
    return {
        "RoleTemplateVersion": {
            "TemplateArn": ARN,
            "TemplateName": "Runner",
            "MajorVersion": 1,
            "MinorVersion": minor,
            "DefaultMinorVersion": 1,
            "Enabled": True,
            "VersionEnabled": True,
            "RoleNamePattern": "Runner-@{Project}",
            "RolePathPattern": "/runners/",
            "RoleDescriptionPattern": "Runs @{Project}.",
            "AssumeRolePolicyDocumentTemplate": json.loads(TRUST),
            "InlinePolicyTemplates": [
                {
                    "PolicyName": "buckets",
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "@{Buckets}"}],
                    },
                }
            ],
            "ManagedPolicyArns": [READ_ONLY],
            "PermissionBoundaryArn": READ_ONLY,
            "ParametersDefinition": [
                {"Name": "Project", "Type": "String", "IsRequired": True},
                {"Name": "Buckets", "Type": "ArnList", "DefaultValue": "arn:aws:s3:::example"},
                {"Name": "Limit", "Type": "Number"},
            ],
            "RoleTagsTemplate": [{"Key": "project", "Value": "@{Project}"}],
            "MaxSessionDuration": 7200,
            "CreateTimestamp": "2026-07-01T00:00:00Z",
            **more,
        }
    }


def make_world(tmp_path: Path, *versions: dict[str, Any]) -> World:
    file = tmp_path / "templates.json"
    file.write_text(json.dumps(versions))
    return World(directory=Directory(load_aws_managed_policies(), role_templates=load_role_templates(file)))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A world whose server knows one template, with two minor versions."""
    return make_world(tmp_path, version(), version(2, MaxSessionDuration=3600))


def values(**given: list[str]) -> dict[str, Any]:
    return {name: {"Values": chosen} for name, chosen in given.items()}


def test_a_version_is_told_as_the_file_has_it(world: World) -> None:
    told = world.run(get_role_template_version, TemplateArn=ARN)["RoleTemplateVersion"]
    expected = dict(version()["RoleTemplateVersion"])
    expected["CreateTimestamp"] = 1_782_864_000
    expected["AssumeRolePolicyDocumentTemplate"] = TRUST
    expected["InlinePolicyTemplates"] = [
        {
            "PolicyName": "buckets",
            "PolicyDocument": '{"Version":"2012-10-17","Statement":'
            '[{"Effect":"Allow","Action":"s3:GetObject","Resource":"@{Buckets}"}]}',
        }
    ]
    told["ParametersDefinition"] = [
        {name: value for name, value in parameter.items() if value is not False}
        for parameter in told["ParametersDefinition"]
    ]
    assert told == expected
    assert (
        world.run(get_role_template_version, TemplateArn=ARN, MinorVersion=2)["RoleTemplateVersion"][
            "MaxSessionDuration"
        ]
        == 3600
    )


def test_a_role_takes_everything_from_its_template(world: World) -> None:
    buckets = ["arn:aws:s3:::a", "arn:aws:s3:::b"]
    answer = world.run(acquire_role, TemplateArn=ARN, ReplacementValues=values(Project=["blue"], Buckets=buckets))
    [change] = world.changes
    assert isinstance(change, Put)
    role = change.record
    assert isinstance(role, Role)
    assert role == Role(
        account_id=ACCOUNT_ID,
        name="Runner-blue",
        path="/runners/",
        id=role.id,
        created=NOW,
        trust_policy=TRUST,
        description="Runs blue.",
        max_session_duration=7200,
        tags=(("project", "blue"),),
        permissions_boundary=READ_ONLY,
        attached_policies=(READ_ONLY,),
        inline_policies={
            "buckets": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject",'
            '"Resource":["arn:aws:s3:::a","arn:aws:s3:::b"]}]}'
        },
        source_template=SourceRoleTemplate(template_arn=ARN, minor_version=1),
    )
    assert answer == world.run(get_role, RoleName="Runner-blue")
    assert answer["Role"]["SourceRoleTemplate"] == {"TemplateArn": ARN, "TemplateMinorVersion": 1}


def test_a_role_made_before_is_answered_again(world: World) -> None:
    given = {"TemplateArn": ARN, "ReplacementValues": values(Project=["blue"])}
    first = world.run(acquire_role, **given)
    assert world.run(acquire_role, **given) == first
    assert world.changes == []


def test_a_role_that_came_from_elsewhere_keeps_its_name(world: World) -> None:
    world.run(create_role, RoleName="runner-Blue", AssumeRolePolicyDocument=TRUST)
    assert world.refusal(acquire_role, TemplateArn=ARN, ReplacementValues=values(Project=["blue"])) == (
        "NameConflict: Role with name Runner-blue already exists."
    )


def test_a_disabled_template_makes_no_role(tmp_path: Path) -> None:
    for disabled in ({"Enabled": False}, {"VersionEnabled": False}):
        world = make_world(tmp_path, version(**disabled))
        assert world.refusal(acquire_role, TemplateArn=ARN, ReplacementValues=values(Project=["blue"])) == (
            f"RoleTemplateDisabled: The role template {ARN} is disabled."
        )
        world.run(get_role_template_version, TemplateArn=ARN)


def test_a_template_that_is_not_there_is_not_found(world: World) -> None:
    other = ARN.replace("Runner", "Walker")
    for operation in (acquire_role, get_role_template_version):
        assert world.refusal(operation, TemplateArn=other) == (
            f"NoSuchEntity: The role template {other} cannot be found."
        )
    assert world.refusal(acquire_role, TemplateArn=ARN, TemplateMinorVersion=3) == (
        f"NoSuchEntity: The role template {ARN} version 3 cannot be found."
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "The role template needs a value for the parameter Project."),
        ({"Project": ["a"], "Other": ["b"]}, "The role template does not define the parameter Other."),
        ({"Project": ["a", "b"]}, "The parameter Project takes one value."),
        ({"Project": ["a"], "Buckets": ["example"]}, "The value of the parameter Buckets must be an ARN."),
        ({"Project": ["a"], "Limit": ["many"]}, "The value of the parameter Limit must be a number."),
        ({"Project": ["a b"]}, "The role name Runner-a b is not valid."),
        ({"Project": ["a" * 60]}, f"The role name Runner-{'a' * 60} is not valid."),
    ],
)
def test_values_that_do_not_fit_are_refused(world: World, given: dict[str, list[str]], message: str) -> None:
    refusal = world.refusal(acquire_role, TemplateArn=ARN, ReplacementValues=values(**given))
    assert refusal == f"InvalidInput: {message}"


def test_a_path_must_be_one_that_customers_roles_may_have(tmp_path: Path) -> None:
    for path in ("/aws-service-role/@{Project}/", "/aws-reserved/", "/a b/"):
        world = make_world(tmp_path, version(RolePathPattern=path))
        assert world.refusal(acquire_role, TemplateArn=ARN, ReplacementValues=values(Project=["x"])) == (
            f"InvalidInput: The path {path.replace('@{Project}', 'x')} is not valid."
        )


def test_quotas_and_grammar_hold_for_templates_too(tmp_path: Path) -> None:
    given = {"TemplateArn": ARN, "ReplacementValues": values(Project=["x"])}
    world = make_world(tmp_path, version(AssumeRolePolicyDocumentTemplate={"Version": "2012-10-17", "Statement": []}))
    assert world.refusal(acquire_role, **given).startswith("MalformedPolicyDocument: ")
    long = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::" + "x" * 10_300},
    }
    world = make_world(tmp_path, version(InlinePolicyTemplates=[{"PolicyName": "p", "PolicyDocument": long}]))
    assert world.refusal(acquire_role, **given) == (
        "LimitExceeded: Maximum policy size of 10240 bytes exceeded for role Runner-x"
    )
    missing = "arn:aws:iam::aws:policy/NoSuchPolicy"
    world = make_world(tmp_path, version(ManagedPolicyArns=[missing]))
    assert world.refusal(acquire_role, **given) == (
        f"NoSuchEntity: Policy {missing} does not exist or is not attachable."
    )


def test_a_value_never_becomes_syntax(world: World) -> None:
    template = world.directory.role_templates[ARN][1]
    described = describe_role(template, {"Project": ['"},{"Effect":"Allow'], "Buckets": ['arn:aws:s3:::a","*']})
    document = json.loads(described.inline_policies["buckets"])
    assert document["Statement"] == [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": 'arn:aws:s3:::a","*'}]


def test_a_list_has_no_place_inside_a_text(tmp_path: Path) -> None:
    buckets = {"Name": "Project", "Type": "StringList"}
    world = make_world(tmp_path, version(ParametersDefinition=[buckets], InlinePolicyTemplates=[]))
    template = world.directory.role_templates[ARN][1]
    with pytest.raises(InvalidInput) as refused:
        describe_role(template, {"Project": ["a", "b"]})
    assert refused.value.message == "The parameter Project takes one value here."


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[", "is no list of what aws iam get-role-template-version prints: Input data was truncated."),
        ("{}", "is no list of what aws iam get-role-template-version prints: Expected `array`, got `object`."),
        (
            "[{}]",
            "is no list of what aws iam get-role-template-version prints: Object missing required field `TemplateArn`.",
        ),
    ],
)
def test_a_file_with_a_fault_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "templates.json"
    file.write_text(text)
    with pytest.raises(InvalidTemplateFile) as refused:
        load_role_templates(file)
    assert str(refused.value) == f"The file {file} {fault}"


def test_only_awss_templates_are_taken(tmp_path: Path) -> None:
    mine = ARN.replace("iam::aws", "iam::111122223333")
    with pytest.raises(InvalidTemplateFile, match=f"The template {mine} in .* has no ARN of a role template"):
        make_world(tmp_path, version(TemplateArn=mine))
    with pytest.raises(InvalidTemplateFile, match=r"cannot be read: No such file or directory\.$"):
        load_role_templates(tmp_path / "none.json")

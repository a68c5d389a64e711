"""AcquireRole has no action of its own: the role that comes of it is made with the actions that make it."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from iamd.account.directory import Directory
from iamd.account.records import Role, SourceRoleTemplate, User
from iamd.authorization.authorize import Denied, authorize
from iamd.iam.role_templates import load_role_templates
from iamd.wire.models import load_service
from tests.iam.test_role_templates import ARN, READ_ONLY, TRUST, values, version
from tests.iam.world import ACCOUNT_ID, CREATED, World

ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/runners/Runner-blue"
ALICE = User(account_id=ACCOUNT_ID, name="alice", id="AIDAALICEXAMPLE111111", created=CREATED)
INPUT = {"TemplateArn": ARN, "ReplacementValues": values(Project=["blue"])}


@pytest.fixture
def world(tmp_path: Path) -> World:
    file = tmp_path / "templates.json"
    file.write_text(json.dumps([version()]))
    world = World(directory=Directory(role_templates=load_role_templates(file)))
    world.put(ALICE)
    return world


def denied(world: World, *statements: dict[str, Any]) -> str | None:
    """Which action alice still lacks with these statements, None if she may."""
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})
    world.put(replace(ALICE, inline_policies={"p": document} if statements else {}))
    operation = load_service("iam").operations["AcquireRole"]
    try:
        authorize(operation, INPUT, world.account, world.call("AcquireRole", world.user("alice")))
    except Denied as denial:
        return (
            str(denial.message)
            .removeprefix(f"User: arn:aws:iam::{ACCOUNT_ID}:user/alice is not authorized to perform: ")
            .partition(" because")[0]
        )
    return None


def test_a_new_role_needs_the_actions_that_make_it(world: World) -> None:
    allowed: list[dict[str, Any]] = []
    for action in ("CreateRole", "TagRole", "PutRolePolicy", "AttachRolePolicy"):
        assert denied(world, *allowed) == f"iam:{action} on resource: {ROLE}"
        allowed.append({"Action": f"iam:{action}", "Resource": ROLE})
    assert denied(world, *allowed) is None


def test_a_role_made_before_needs_that_it_may_be_looked_at(world: World) -> None:
    world.put(
        Role(
            account_id=ACCOUNT_ID,
            name="Runner-blue",
            path="/runners/",
            id="AROARUNNEREXAMPLE1111",
            created=CREATED,
            trust_policy=TRUST,
            source_template=SourceRoleTemplate(template_arn=ARN, minor_version=1),
        )
    )
    assert denied(world) == f"iam:GetRole on resource: {ROLE}"
    assert denied(world, {"Action": "iam:GetRole", "Resource": ROLE}) is None


@pytest.mark.parametrize(
    ("condition", "may"),
    [
        ({"StringEquals": {"iam:RoleTemplateARN": ARN}}, True),
        ({"StringEquals": {"iam:RoleTemplateARN": ARN + "0"}}, False),
        ({"StringEquals": {"iam:PermissionsBoundary": READ_ONLY}}, True),
        ({"StringEquals": {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/Other"}}, False),
        ({"StringEquals": {"aws:RequestTag/project": "blue"}}, True),
        ({"StringEquals": {"aws:RequestTag/project": "red"}}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["project"]}}, True),
    ],
)
def test_conditions_see_what_the_template_says(world: World, condition: dict[str, Any], may: bool) -> None:
    create = {"Action": ["iam:CreateRole", "iam:TagRole"], "Resource": "*", "Condition": condition}
    other = {"Action": ["iam:PutRolePolicy", "iam:AttachRolePolicy"], "Resource": "*"}
    assert (denied(world, create, other) is None) == may


def test_attaching_sees_the_policy(world: World) -> None:
    others = {"Action": ["iam:CreateRole", "iam:TagRole", "iam:PutRolePolicy"], "Resource": "*"}
    for arn, may in ((READ_ONLY, True), ("arn:aws:iam::aws:policy/Other", False)):
        attach = {
            "Action": "iam:AttachRolePolicy",
            "Resource": "*",
            "Condition": {"ArnEquals": {"iam:PolicyARN": arn}, "StringEquals": {"iam:RoleTemplateARN": ARN}},
        }
        assert (denied(world, others, attach) is None) == may


def test_a_template_that_is_not_there_needs_no_permission_to_be_missed(world: World) -> None:
    operation = load_service("iam").operations["AcquireRole"]
    call = world.call("AcquireRole", world.user("alice"))
    assert authorize(operation, {"TemplateArn": ARN + "0"}, world.account, call) is None

"""AssumeRoleForService: roles that trust services, for the workloads of an operator."""

import json
from typing import Any

import pytest

from iamd.account.organization import Organization
from iamd.call import Caller
from tests.iam.world import ACCOUNT_ID, OTHER_ACCOUNT_ID
from tests.sts.cloud import Cloud, allow

LAMBDA = "lambda.amazonaws.com"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT_ID}:function:thumbnails"
INSTANCE = f"arn:aws:ec2:us-east-1:{ACCOUNT_ID}:instance/i-1234567890abcdef0"
MAY = allow("iamd:AssumeRoleForService", "iam:PassRole")


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def trust(service: str = LAMBDA, *also: str, **more: Any) -> dict[str, Any]:
    """A statement of a trust policy: this service may assume the role."""
    return {"Principal": {"Service": service}, "Action": ["sts:AssumeRole", *also], **more}


def when(**conditions: Any) -> dict[str, Any]:
    """A condition of a trust policy: ``SourceArn="…"`` is ``aws:SourceArn``."""
    names = {"ExternalId": "sts:ExternalId", "RoleSessionName": "sts:RoleSessionName"}
    return {"StringLike": {names.get(key, f"aws:{key}"): value for key, value in conditions.items()}}


def asked(role_arn: str, **more: Any) -> dict[str, Any]:
    return {"RoleArn": role_arn, "RoleSessionName": "thumbnails", "ServicePrincipal": LAMBDA, **more}


def session(cloud: Cloud, operator: Caller, role_arn: str, **more: Any) -> Caller:
    return cloud.open(cloud.ask("AssumeRoleForService", operator, **asked(role_arn, **more)))


def refusal(cloud: Cloud, operator: Caller, role_arn: str, **more: Any) -> str:
    return cloud.refusal("AssumeRoleForService", operator, **asked(role_arn, **more))


def not_trusted(role_arn: str, service: str = LAMBDA, action: str = "sts:AssumeRole") -> str:
    return f"AccessDenied: User: {service} is not authorized to perform: {action} on resource: {role_arn}"


def test_a_workload_gets_a_session_of_the_role_that_trusts_its_service(cloud: Cloud) -> None:
    role = cloud.role("Thumbnails", trust(), allow("iam:GetUser"))
    operator = cloud.user("operator", MAY)
    output = cloud.ask("AssumeRoleForService", operator, **asked(role))
    assert set(output) == {"Credentials", "AssumedRoleUser"}
    assert output["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Thumbnails/thumbnails"
    workload = cloud.open(output)
    assert workload.arn == output["AssumedRoleUser"]["Arn"]
    assert cloud.decide(workload, "GetUser", UserName="operator") == "allowed"
    assert cloud.decide(operator, "GetUser", UserName="operator").startswith("AccessDenied")


@pytest.mark.parametrize("missing", ["iamd:AssumeRoleForService", "iam:PassRole"])
def test_the_operator_needs_both_permissions(cloud: Cloud, missing: str) -> None:
    role = cloud.role("Thumbnails", trust())
    others = {"iamd:AssumeRoleForService", "iam:PassRole", "sts:AssumeRole"} - {missing}
    operator = cloud.user("operator", allow(*others))
    assert refusal(cloud, operator, role) == (
        f"AccessDenied: User: {operator.arn} is not authorized to perform: {missing} on resource: {role} "
        f"because no identity-based policy allows the {missing} action"
    )


def test_its_permissions_can_be_for_one_service_role_and_resource(cloud: Cloud) -> None:
    roles = [cloud.role(name, trust()) for name in ("One", "Two")]
    operator = cloud.user(
        "operator",
        allow(
            "iamd:AssumeRoleForService",
            resource=roles[0],
            Condition={
                "StringEquals": {"iamd:ServicePrincipal": LAMBDA},
                "StringLike": {"sts:RoleSessionName": "thumb*"},
            },
        ),
        allow(
            "iam:PassRole",
            Condition={
                "StringEquals": {"iam:PassedToService": LAMBDA},
                "ArnLike": {"iam:AssociatedResourceArn": f"arn:aws:lambda:*:{ACCOUNT_ID}:function:thumb*"},
            },
        ),
    )
    assert session(cloud, operator, roles[0], SourceArn=FUNCTION)
    assert "to perform: iamd:AssumeRoleForService" in refusal(cloud, operator, roles[1], SourceArn=FUNCTION)
    ec2 = {"ServicePrincipal": "ec2.amazonaws.com", "SourceArn": FUNCTION}
    assert "to perform: iamd:AssumeRoleForService" in refusal(cloud, operator, roles[0], **ec2)
    named = {"RoleSessionName": "other", "SourceArn": FUNCTION}
    assert "to perform: iamd:AssumeRoleForService" in refusal(cloud, operator, roles[0], **named)
    for source in ({}, {"SourceArn": FUNCTION.replace("thumb", "other-")}):
        assert "to perform: iam:PassRole" in refusal(cloud, operator, roles[0], **source)


def test_the_trust_policy_decides_with_the_service_as_its_caller(cloud: Cloud) -> None:
    operator = cloud.user("operator", MAY, allow("sts:AssumeRole"))
    for_ec2 = cloud.role("ForEc2", trust("ec2.amazonaws.com"))
    for_operator = cloud.role("ForOperator", {"Principal": {"AWS": operator.arn}, "Action": "sts:AssumeRole"})
    denied = cloud.role("Denied", trust(Effect="Deny"))
    missing = for_ec2.replace("ForEc2", "Missing")
    for role in (for_ec2, for_operator, missing):
        assert refusal(cloud, operator, role) == not_trusted(role)
    assert refusal(cloud, operator, denied) == not_trusted(denied) + " with an explicit deny in the role trust policy"
    assert cloud.refused(operator, cloud.role("Lambda", trust())).startswith("AccessDenied")  # who is no service


@pytest.mark.parametrize(
    ("condition", "given", "trusted"),
    [
        (when(SourceArn=FUNCTION), {"SourceArn": FUNCTION}, True),
        (when(SourceArn=FUNCTION), {"SourceArn": FUNCTION + "-2"}, False),
        (when(SourceArn=FUNCTION), {}, False),
        (when(SourceAccount=ACCOUNT_ID), {"SourceAccount": ACCOUNT_ID}, True),
        (when(SourceAccount=ACCOUNT_ID), {"SourceArn": FUNCTION}, True),
        (when(SourceAccount=ACCOUNT_ID), {"SourceAccount": OTHER_ACCOUNT_ID}, False),
        (when(SourceAccount=ACCOUNT_ID), {}, False),
        (when(SourceOrgID="o-a1b2c3d4e5"), {"SourceAccount": OTHER_ACCOUNT_ID}, True),
        (when(SourceOrgID="o-a1b2c3d4e5"), {"SourceAccount": ACCOUNT_ID}, False),
        (when(PrincipalOrgID="*"), {"SourceAccount": OTHER_ACCOUNT_ID}, False),
        (when(ExternalId="unique-7"), {"ExternalId": "unique-7"}, True),
        (when(ExternalId="unique-7"), {"ExternalId": "unique-8"}, False),
        (when(RoleSessionName="thumb*"), {}, True),
        (when(PrincipalServiceName=LAMBDA, PrincipalIsAWSService="true"), {}, True),
        ({"ForAnyValue:StringEquals": {"aws:PrincipalServiceNamesList": LAMBDA}}, {}, True),
        ({"Null": {"aws:PrincipalArn": "true", "aws:SourceIp": "true", "aws:userid": "true"}}, {}, True),
        ({"Null": {"aws:PrincipalTag/Team": "true"}}, {}, True),
    ],
)
def test_what_a_trust_policy_can_ask_for(
    cloud: Cloud, condition: dict[str, Any], given: dict[str, str], trusted: bool
) -> None:
    role = cloud.role("Thumbnails", trust(Condition=condition))
    operator = cloud.user("operator", MAY, tags=(("Team", "blue"),))
    directory = cloud.worlds[ACCOUNT_ID].directory
    directory.organizations["o-a1b2c3d4e5"] = Organization(id="o-a1b2c3d4e5", management_account_id=OTHER_ACCOUNT_ID)
    directory.organization_ids[OTHER_ACCOUNT_ID] = "o-a1b2c3d4e5"
    if trusted:
        assert session(cloud, operator, role, **given).name == "Thumbnails"
    else:
        assert refusal(cloud, operator, role, **given) == not_trusted(role)


def test_a_role_of_another_account_is_not_the_operators_to_give_out(cloud: Cloud) -> None:
    role = cloud.role("Thumbnails", trust(), account_id=OTHER_ACCOUNT_ID)
    assert refusal(cloud, cloud.user("operator", MAY), role) == not_trusted(role)
    same_name = cloud.role("Thumbnails", trust())
    assert refusal(cloud, cloud.user("operator", MAY), role) == not_trusted(role)
    assert session(cloud, cloud.user("operator", MAY), same_name)


def test_root_gives_out_no_roles(cloud: Cloud) -> None:
    role = cloud.role("Thumbnails", trust())
    assert refusal(cloud, cloud.root, role) == "AccessDenied: Roles may not be assumed by root accounts."


def test_a_boundary_limits_the_operator(cloud: Cloud) -> None:
    role = cloud.role("Thumbnails", trust())
    boundary = cloud.policy("Boundary", allow("iamd:AssumeRoleForService"))
    operator = cloud.user("operator", MAY, permissions_boundary=boundary)
    assert "because no permissions boundary allows the iam:PassRole action" in refusal(cloud, operator, role)


def test_tags_need_the_roles_consent(cloud: Cloud) -> None:
    tags = {"Tags": [{"Key": "Team", "Value": "blue"}], "TransitiveTagKeys": ["Team"]}
    operator = cloud.user("operator", MAY)
    plain = cloud.role("Plain", trust())
    assert refusal(cloud, operator, plain, **tags) == not_trusted(plain, action="sts:TagSession")
    tagged = session(cloud, operator, cloud.role("Tagged", trust(LAMBDA, "sts:TagSession")), **tags)
    assert tagged.session is not None
    assert tagged.session.tags == {"Team": "blue"}
    assert tagged.session.transitive_tag_keys == ("Team",)


def test_a_session_policy_limits_the_workload(cloud: Cloud) -> None:
    role = cloud.role("Thumbnails", trust(), allow("*"))
    policy = json.dumps({"Version": "2012-10-17", "Statement": allow("iam:GetRole") | {"Effect": "Allow"}})
    workload = session(cloud, cloud.user("operator", MAY), role, Policy=policy)
    assert cloud.decide(workload, "GetRole", RoleName="Thumbnails") == "allowed"
    assert "because no session policy allows" in cloud.decide(workload, "GetUser", UserName="operator")


@pytest.mark.parametrize(("asked_for", "lasts"), [({}, 3600), ({"DurationSeconds": 43200}, 43200)])
def test_the_maximum_session_duration_of_a_role_does_not_limit_services(
    cloud: Cloud, asked_for: dict[str, int], lasts: int
) -> None:
    role = cloud.role("Thumbnails", trust(), max_session_duration=3600)
    workload = session(cloud, cloud.user("operator", MAY), role, **asked_for)
    assert workload.session is not None
    assert workload.session.expires - workload.session.issued == lasts


@pytest.mark.parametrize(
    ("service", "source", "condition"),
    [
        (LAMBDA, FUNCTION, {"ArnEquals": {"lambda:SourceFunctionArn": FUNCTION}}),
        (
            "ec2.amazonaws.com",
            INSTANCE,
            {"ArnEquals": {"ec2:SourceInstanceARN": INSTANCE}, "NumericEquals": {"ec2:RoleDelivery": "2.0"}},
        ),
        ("ecs-tasks.amazonaws.com", FUNCTION, {"Null": {"lambda:SourceFunctionArn": "true"}}),
    ],
)
def test_a_session_tells_which_function_or_instance_has_it(
    cloud: Cloud, service: str, source: str, condition: dict[str, Any]
) -> None:
    role = cloud.role("R", trust(service), allow("iam:GetUser", Condition=condition))
    operator = cloud.user("operator", MAY)
    workload = session(cloud, operator, role, ServicePrincipal=service, SourceArn=source)
    assert cloud.decide(workload, "GetUser", UserName="operator") == "allowed"
    elsewhere = source.replace("thumbnails", "other").replace("i-1234567890abcdef0", "i-0")
    other = session(cloud, operator, role, ServicePrincipal=service, SourceArn=elsewhere)
    allowed = cloud.decide(other, "GetUser", UserName="operator") == "allowed"
    assert allowed is (service == "ecs-tasks.amazonaws.com")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"SourceArn": "not-an-arn-at-all-but-long"}, "SourceArn not-an-arn-at-all-but-long is not an ARN."),
        (
            {"SourceArn": FUNCTION, "SourceAccount": OTHER_ACCOUNT_ID},
            f"SourceArn {FUNCTION} is not of the account {OTHER_ACCOUNT_ID}.",
        ),
    ],
)
def test_a_source_that_contradicts_itself_is_refused(cloud: Cloud, source: dict[str, str], message: str) -> None:
    role = cloud.role("Thumbnails", trust())
    assert refusal(cloud, cloud.user("operator", MAY), role, **source) == f"InvalidParameterValue: {message}"


def test_sessions_of_federated_users_and_without_mfa_may_not(cloud: Cloud) -> None:
    role = cloud.role("Thumbnails", trust())
    operator = cloud.user("operator", MAY)
    without_mfa = cloud.open(cloud.ask("GetSessionToken", operator))
    assert refusal(cloud, without_mfa, role) == (
        "InvalidClientTokenId: The security token included in the request is invalid"
    )

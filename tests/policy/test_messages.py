"""Denials in AWS's words."""

import json

import pytest

from iamd.policy import Policies, PolicyType, Principal, Request, authorize, denial_message, parse_policy

USER, RESOURCE = "arn:aws:iam::111122223333:user/Ana", "arn:aws:sqs:us-east-1:111122223333:queue"
MANAGED = "arn:aws:iam::111122223333:policy/Limits"
ANA = Principal(kind="user", account_id="111122223333", arn=USER, principal_arn=USER, user_id="AIDACKCEVSQ6C2EXAMPLE")
SUBJECT = f"User: {USER} is not authorized to perform: sqs:SendMessage on resource: {RESOURCE}"


def statement(effect: str, action: str, arn: str | None = None):
    elements = {"Effect": effect, "Principal": "*", "Action": action, "Resource": "*"}
    return parse_policy(json.dumps({"Statement": elements}), arn=arn)


ALLOW = parse_policy('{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}')
SILENT = statement("Allow", "sns:Publish")


def message(action: str = "sqs:SendMessage", resource_text: str | None = RESOURCE, **policies) -> str:
    request = Request(principal=ANA, action=action, resource=RESOURCE)
    return denial_message(authorize(request, Policies(**policies)), USER, action, resource_text)


@pytest.mark.parametrize(
    ("policies", "reason"),
    [
        ({}, "identity-based policy"),
        ({"resource": SILENT, "resource_policy_required": True}, "resource-based policy"),
        ({"service_control": ((SILENT,),)}, "service control policy"),
        ({"resource_control": ((SILENT,),)}, "resource control policy"),
        ({"identity": (ALLOW,), "boundary": SILENT}, "permissions boundary"),
        ({"identity": (ALLOW,), "session": (SILENT,)}, "session policy"),
        ({"endpoint": (SILENT,)}, "VPC endpoint policy"),
    ],
)
def test_implicit_denies(policies, reason: str) -> None:
    assert message(**policies) == f"{SUBJECT} because no {reason} allows the sqs:SendMessage action"


@pytest.mark.parametrize(
    ("name", "wrap", "reason"),
    [
        ("identity", lambda policy: (policy,), "an identity-based policy"),
        ("resource", lambda policy: policy, "a resource-based policy"),
        ("service_control", lambda policy: ((policy,),), "a service control policy"),
        ("resource_control", lambda policy: ((policy,),), "a resource control policy"),
        ("boundary", lambda policy: policy, "a permissions boundary"),
        ("session", lambda policy: (policy,), "a session policy"),
        ("endpoint", lambda policy: (policy,), "a VPC endpoint policy"),
    ],
)
def test_explicit_denies_name_managed_policies(name: str, wrap, reason: str) -> None:
    inline, managed = statement("Deny", "*"), statement("Deny", "*", MANAGED)
    assert message(**{name: wrap(inline)}) == f"{SUBJECT} with an explicit deny in {reason}"
    assert message(**{name: wrap(managed)}) == f"{SUBJECT} with an explicit deny in {reason}: {MANAGED}"


@pytest.mark.parametrize("resource_text", [None, ""])
def test_an_action_without_resource(resource_text: str | None) -> None:
    assert message("iam:GetAccountSummary", resource_text) == (
        f"User: {USER} is not authorized to perform: iam:GetAccountSummary "
        "because no identity-based policy allows the iam:GetAccountSummary action"
    )


def test_sts_gives_no_reason_but_an_explicit_deny() -> None:
    role = "arn:aws:iam::111122223333:role/Ops"
    trust = {"resource_policy_type": PolicyType.TRUST, "resource_policy_required": True}
    subject = f"User: {USER} is not authorized to perform: sts:AssumeRole on resource: {role}"
    assert message("sts:AssumeRole", role, resource=SILENT, **trust) == subject
    assert message("sts:AssumeRole", role, resource=statement("Deny", "*"), **trust) == (
        f"{subject} with an explicit deny in the role trust policy"
    )
    for action in ("sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext"):
        assert message(action, role, resource=SILENT, **trust) == (
            f"User: {USER} is not authorized to perform: {action} on resource: {role}"
        )


@pytest.mark.parametrize("action", ["sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"])
def test_who_shows_a_token_is_told_no_more_than_that_it_may_not(action: str) -> None:
    trust = {"resource_policy_type": PolicyType.TRUST, "resource_policy_required": True}
    for effect in ("Allow", "Deny"):
        policies = {"resource": statement(effect, "sns:Publish" if effect == "Allow" else "*"), **trust}
        assert message(action, **policies) == f"Not authorized to perform {action}"
        assert message(action.upper(), **policies) == f"Not authorized to perform {action}"


def test_a_provider_is_told_no_more_whatever_the_action() -> None:
    provider = Principal(kind="provider", arn="arn:aws:iam::111122223333:saml-provider/Idp")
    decision = authorize(Request(principal=provider, action="sts:TagSession", resource=RESOURCE), Policies())
    assert denial_message(decision, provider.arn, "sts:TagSession", RESOURCE) == (
        "Not authorized to perform sts:TagSession"
    )


def test_the_policy_named_is_the_first_managed_one_of_the_type_named() -> None:
    inline, managed = statement("Deny", "*"), statement("Deny", "*", MANAGED)
    other = statement("Deny", "*", f"{MANAGED}2")
    allowing = statement("Allow", "*", f"{MANAGED}3")
    identity = f"{SUBJECT} with an explicit deny in an identity-based policy"
    assert message(identity=(ALLOW, inline, managed, other)) == f"{identity}: {MANAGED}"
    assert message(identity=(inline,), boundary=other) == identity
    assert message(service_control=((allowing, inline),), identity=(managed,)) == (
        f"{SUBJECT} with an explicit deny in a service control policy"
    )


def test_missing_context_names_the_keys_that_statements_about_the_action_ask_for() -> None:
    policy = parse_policy(
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": "sqs:*",
                        "Resource": "arn:aws:sqs:*:*:${aws:PrincipalTag/team}-${aws:username, 'all'}",
                        "Condition": {
                            "Bool": {"aws:SecureTransport": "true"},
                            "StringLike": {"aws:UserAgent": "${aws:SourceIdentity}*"},
                        },
                    },
                    {
                        "Effect": "Allow",
                        "Action": "s3:*",
                        "Resource": "*",
                        "Condition": {"Null": {"s3:prefix": "true"}},
                    },
                ],
            }
        )
    )
    request = Request(principal=ANA, action="sqs:SendMessage", context={"aws:useragent": "x"})
    assert authorize(request, Policies(identity=(policy,))).missing_context == (
        "aws:principaltag/team",
        "aws:securetransport",
        "aws:sourceidentity",
    )

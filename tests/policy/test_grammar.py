"""What AWS refuses to save as a policy: the texts, and which fault it tells first."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamd.errors import MalformedPolicyDocument
from iamd.policy import (
    check_identity_policy,
    check_resource_control_policy,
    check_resource_policy,
    check_service_control_policy,
    check_session_policy,
    check_trust_policy,
    invalid_principal,
    parse_policy,
    policy_size,
)
from iamd.policy.grammar import find_object, verify_syntax

SYNTAX = "Syntax errors in policy."
VERSION = "Policy document must be version 2012-10-17 or greater."
LEGACY = "The policy failed legacy parsing"
UNIQUE_SID = "Statement IDs (SID) in a single policy must be unique."
NOT_ALPHANUMERIC = (
    "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
)
NO_ACTIONS = "Policy statement must contain actions."
NO_RESOURCES = "Policy statement must contain resources."
NO_VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
ORGANIZATIONS = "The provided policy document does not meet the requirements of the specified policy type."
ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
TRUST = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
NOT_BOB = {"Effect": "Allow", "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:user/Bob"}, "Action": "sts:AssumeRole"}


def document(*statements: Any, **members: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **members})


def allow(**elements: Any) -> dict[str, Any]:
    return {**ALLOW, **elements}


def without(statement: dict[str, Any], *elements: str) -> dict[str, Any]:
    return {name: value for name, value in statement.items() if name not in elements}


def refusal(check: Any, text: str, **arguments: Any) -> str | None:
    """The message with which ``check`` refuses the document; None if it takes it."""
    try:
        policy = check(text, **arguments)
    except MalformedPolicyDocument as error:
        return error.message
    assert policy == parse_policy(text)
    return None


def identity_refusal(text: str) -> str | None:
    return refusal(check_identity_policy, text, managed=True)


# Identity-based policies ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "policy",
        "[]",
        "{}",
        '"Statement"',
        '{"Version": "2012-10-17", "Statement": []}',
        '{"Version": "2012-10-17", "Statement": {}}',
        '{"Version": "2012-10-17", "Statement": ["Allow"]}',
        '{"Version": "2012-10-17", "Statement": "Allow"}',
        document(ALLOW) + "}",
        document(ALLOW)[:-1] + ', "Version": "2012-10-17"}',
        document(ALLOW, Comment="mine"),
        document(ALLOW, Version="2012-10-18"),
        document(ALLOW, Version=20121017),
        document(ALLOW, Id=7),
        document(ALLOW, statement=[]),
        document(allow(Comment="mine")),
        document(allow(Sid=7)),
        document(allow(Sid=None)),
        document(allow(NotAction="s3:PutObject")),
        document(allow(NotResource="*")),
        document(without(ALLOW, "Effect")),
        document(allow(Effect="Permit")),
        document(allow(Effect=["Allow"])),
        document(allow(Action={"s3": "GetObject"})),
        document(allow(Action=["s3:GetObject", 7])),
        document(allow(Resource=[["*"]])),
        document(allow(Resource=None)),
        document(allow(Condition=[])),
        document(allow(Condition=None)),
        document(allow(Condition={"StringEquals": "aws:username"})),
        document(allow(Condition={"StringEquals": {"aws:username": {"is": "Ana"}}})),
        document(allow(Condition={"StringEquals": {"aws:username": None}})),
        document(allow(Condition={"StringEquals": {"aws:username": [["Ana"]]}})),
        document(allow(Condition={"StringSounds": {"aws:username": "Ana"}})),
        document(allow(Condition={"stringequals": {"aws:username": "Ana"}})),
        document(allow(Condition={"ForAnyValue::StringEquals": {"aws:username": "Ana"}})),
        document(allow(Condition={"ForAnyValue:ForAnyValue:StringEquals": {"aws:username": "Ana"}})),
        document(allow(Sid="\ud800")),
        '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Sid": NaN}}',
    ],
)
def test_syntax_errors(text: str) -> None:
    assert identity_refusal(text) == SYNTAX


@pytest.mark.parametrize(
    "statement",
    [
        ALLOW,
        allow(Sid=""),
        allow(Effect="Deny"),
        allow(Action=["*", "iam:*", "no-such.service:Get*", "iam: any name at all "]),
        allow(Condition={}),
        allow(Condition={"StringSounds": {}}),
        allow(Condition={"DateGreaterThan": {}}),
        allow(Condition={"DateGreaterThan": {"aws:CurrentTime": []}}),
        allow(Condition={"ForAllValues:StringLikeIfExists": {"aws:TagKeys": ["a*", 1, 2.5, True]}}),
        allow(Condition={"Null": {"aws:TokenIssueTime": True}, "NumericLessThan": {"aws:MultiFactorAuthAge": 3600}}),
        *(
            allow(Condition={"DateLessThan": {"aws:CurrentTime": date}})
            for date in [
                "2026",
                "2026-11",
                "2026-11-20",
                "2026-11-20T10:00Z",
                "2026-11-20T10:00:00Z",
                "2026-11-20T10:00:00.5+02:00",
                "2026-11-20t1:00:00.5+02",
                "07T",
                "-292275054",
                "292278993",
                "0",
                "9223372036854775807",
                1793000000,
            ]
        ),
        *(
            allow(Resource=resource)
            for resource in [
                "arn:aws:s3:::example-bucket/*",
                "arn:aws-cn:s3:::example-bucket",
                "arn:aws-us-gov:s3:::example-bucket",
                "arn:aws-eusc:s3:::example-bucket",
                "arn:aws-iso-b:s3:::example-bucket",
                "arn:*:s3:::example-bucket",
                "arn:aws:s3:us-east-1:111122223333:accesspoint/example",
                "arn:aws:sqs",
                "arn:aws:no-such-service",
                "arn:aws:sqs:us-east-1:111122223333",
                "arn:aws:iam:::user/x",
                "arn:aws:iam::111122223333:*",
                "arn:aws:iam::111122223333:root",
                "arn:aws:iam::111122223333:mfa/${aws:username}",
                "arn:aws-iso:s3:::example-bucket",
                "arn:aws:s3:::a:b:c",
                *(
                    f"arn:aws:iam::111122223333:{path}/x"
                    for path in [
                        "access-report",
                        "delegation-request",
                        "delegation-template",
                        "federated-user",
                        "group",
                        "instance-profile",
                        "oidc-provider",
                        "policy",
                        "report",
                        "role",
                        "saml-provider",
                        "server-certificate",
                        "sms-mfa",
                        "u2f",
                        "user",
                    ]
                ),
                *(
                    f"arn:aws:s3:us-east-1:111122223333:{kind}/x"
                    for kind in ["access-grants", "async-request", "job", "storage-lens", "storage-lens-group"]
                ),
            ]
        ),
    ],
)
def test_what_is_odd_and_passes(statement: dict[str, Any]) -> None:
    assert identity_refusal(document(statement)) is None
    assert identity_refusal(document(statement, Id="any")) is None


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (allow(Effect="allow"), LEGACY),
        (allow(Effect="DENY"), LEGACY),
        *(
            (allow(Condition={"DateLessThanIfExists": {"aws:CurrentTime": date}}), LEGACY)
            for date in [
                "soon",
                "",
                True,
                "2026-13",
                "2026-11-32",
                "2026-11-20T24:00Z",
                "2026-11-20T10:60Z",
                "2026-11-20T10:00:60Z",
                "2026-11-20T10:00:00.1234567890Z",
                "2026-11-20T10:00:00+24:00",
                "-292275055",
                "292278994-01",
                "9223372036854775808",
            ]
        ),
        (allow(Resource="arn:aws:s3::example-bucket"), LEGACY),
        (allow(Resource="arn:aws::example"), LEGACY),
        (allow(Resource="arn:aws:"), LEGACY),
        (without(allow(NotResource=["arn:aws:s3::example-bucket"]), "Resource"), LEGACY),
        (without(ALLOW, "Action"), NO_ACTIONS),
        (allow(Action=[]), NO_ACTIONS),
        (without(allow(NotAction=[]), "Action"), NO_ACTIONS),
        (without(ALLOW, "Resource"), NO_RESOURCES),
        (allow(Resource=[]), NO_RESOURCES),
        (without(allow(NotResource=[]), "Resource"), NO_RESOURCES),
        (allow(Action="GetObject"), NO_VENDOR),
        (allow(Action=""), NO_VENDOR),
        (without(allow(NotAction=["s3:GetObject", "**"]), "Action"), NO_VENDOR),
        (allow(Action="s3:Get:Object"), "Actions/Condition can contain only one colon."),
        (allow(Action="s 3:GetObject"), "Vendor s 3 is not valid"),
        (allow(Action="*:GetObject"), "Vendor * is not valid"),
        (allow(Resource="example-bucket"), 'Resource example-bucket must be in ARN format or "*".'),
        (allow(Resource=""), 'Resource  must be in ARN format or "*".'),
        (allow(Resource="urn:aws:s3:::example"), 'Resource urn:aws:s3:::example must be in ARN format or "*".'),
        (allow(Resource="arn:ours:s3:::b"), 'Partition "ours" is not valid for resource "arn:ours:s3:::b".'),
        (allow(Resource="arn:ours:s3::b"), 'Partition "ours" is not valid for resource "arn:ours:s3::b:*".'),
        (allow(Resource="arn:ours"), 'Partition "ours" is not valid for resource "arn:ours:*:*:*:*".'),
        (allow(Resource="bucket:docs"), 'Partition "docs" is not valid for resource "arn:docs:*:*:*:*".'),
        (allow(Resource="aws:s3:::docs"), 'Partition "s3" is not valid for resource "arn:s3:::docs:*".'),
        (allow(Resource="w:x:y:1:2:3:4"), 'Partition "x" is not valid for resource "arn:x:y:1:2:3:4".'),
        (allow(Resource="arn:ours:"), 'Partition "ours" is not valid for resource "arn:ours:*:*:*:*".'),
        (allow(Resource="arn:aws"), "Resource vendor must be fully qualified and cannot contain regexes."),
        (allow(Resource="arn:aws:s*:::b"), "Resource vendor must be fully qualified and cannot contain regexes."),
        (allow(Resource="arn:aws:s?:::b"), "Resource vendor must be fully qualified and cannot contain regexes."),
        (allow(Resource="arn:aws:s3"), "Resource arn:aws:s3 can not contain region information."),
        (allow(Resource="arn:aws:iam"), "IAM resource arn:aws:iam cannot contain region information."),
        (allow(Resource="arn:awsx:s3:::b"), 'Partition "awsx" is not valid for resource "arn:awsx:s3:::b".'),
        (
            allow(Resource="arn:aws:s3:us-east-1::example-bucket"),
            "Resource arn:aws:s3:us-east-1::example-bucket can not contain region information.",
        ),
        (
            allow(Resource="arn:aws:iam:us-east-1:111122223333:user/Ana"),
            "IAM resource arn:aws:iam:us-east-1:111122223333:user/Ana cannot contain region information.",
        ),
        (
            allow(Resource="arn:aws:iam::111122223333:people/Ana"),
            'IAM resource path must either be "*", root, or start with user/, federated-user/, role/, group/, '
            "instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, "
            "access-report/.",
        ),
        (allow(Principal="*"), "Policy document should not specify a principal."),
        (allow(NotPrincipal="*"), "Policy document should not specify a principal."),
        (allow(Sid="not alphanumeric"), NOT_ALPHANUMERIC),
        (allow(Sid="One!"), NOT_ALPHANUMERIC),
    ],
)
def test_faults_of_one_statement(statement: dict[str, Any], message: str) -> None:
    assert identity_refusal(document(statement)) == message


def test_sids_are_unique_unless_empty() -> None:
    assert identity_refusal(document(allow(Sid="One"), allow(Sid="One"))) == UNIQUE_SID
    assert identity_refusal(document(allow(Sid="One"), allow(Sid="one"))) is None
    assert identity_refusal(document(allow(Sid=""), allow(Sid=""))) is None


@pytest.mark.parametrize(
    "elements",
    [
        {"NotAction": "s3:PutObject"},
        {"NotResource": "*"},
        {"Principal": "*", "NotPrincipal": "*"},
        {"Sid": 7},
        {"Effect": "Permit"},
        {"Action": ["s3:GetObject", 7]},
        {"Resource": 7},
        {"Condition": {"StringSounds": {"aws:username": "Ana"}}},
        {"Condition": {"StringEquals": {"aws:username": None}}},
        {"Comment": "mine"},
    ],
)
def test_every_statement_is_read_before_any_is_judged(elements: dict[str, Any]) -> None:
    assert identity_refusal(document(allow(Effect="allow"), allow(**elements), Version="2008-10-17")) == SYNTAX
    assert refusal(check_session_policy, document(allow(Effect="allow"), allow(**elements))) == SYNTAX


@pytest.mark.parametrize("version", ["2008-10-17", None])
def test_only_inline_policies_may_have_the_old_version(version: str | None) -> None:
    text = json.dumps({"Statement": ALLOW} if version is None else {"Version": version, "Statement": ALLOW})
    assert identity_refusal(text) == VERSION
    assert refusal(check_identity_policy, text, managed=False) is None


# Each statement has the fault of its row and those of all rows below; AWS tells the first.
FAULTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (SYNTAX, {"Comment": "mine"}, {}),
    (VERSION, {}, {"Version": "2008-10-17"}),
    (LEGACY, {"Effect": "allow"}, {}),
    (UNIQUE_SID, {}, {}),
    (NO_ACTIONS, {"Action": []}, {}),
    ('Resource bucket must be in ARN format or "*".', {"Resource": "bucket"}, {}),
    (NO_VENDOR, {"Action": "GetObject"}, {}),
    ("Policy document should not specify a principal.", {"Principal": "*"}, {}),
]


@pytest.mark.parametrize("first", range(len(FAULTS)))
def test_the_first_fault_is_told(first: int) -> None:
    statement, members = dict(ALLOW), {}
    for _, elements, others in reversed(FAULTS[first:]):
        statement.update(elements)
        members.update(others)
    statements = [{**statement, "Sid": "One"}] * (2 if first <= 3 else 1)
    assert identity_refusal(document(*statements, **members)) == FAULTS[first][0]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (without(allow(Action="GetObject"), "Resource"), NO_RESOURCES),
        (without(allow(Resource="arn:aws:s3::b"), "Action"), LEGACY),
        (allow(Resource=["arn:ours:s3:::b", "arn:aws:s3::b"]), LEGACY),
        (
            allow(Resource=["arn:ours:s3:::b", "arn:ours:s3::b"]),
            'Partition "ours" is not valid for resource "arn:ours:s3:::b".',
        ),
        (allow(Action="GetObject", Resource="b"), 'Resource b must be in ARN format or "*".'),
    ],
)
def test_which_of_two_faults_is_told(statement: dict[str, Any], message: str) -> None:
    assert identity_refusal(document(statement)) == message


def test_incomplete_arns_are_refused_in_session_policies() -> None:
    text = document(allow(Resource="arn:aws:sqs"))
    assert identity_refusal(text) is None
    assert refusal(check_session_policy, text) == 'Resource arn:aws:sqs must be in ARN format or "*".'
    assert refusal(check_session_policy, document(without(allow(NotResource="arn:aws:sqs"), "Resource"))) == (
        'Resource arn:aws:sqs must be in ARN format or "*".'
    )
    assert refusal(check_session_policy, document(allow(Resource="arn:aws:sqs:us-east-1:111122223333"))) == (
        'Resource arn:aws:sqs:us-east-1:111122223333 must be in ARN format or "*".'
    )
    assert refusal(check_session_policy, document(allow(Resource="arn:aws:sqs:us-east-1:111122223333:queue"))) is None
    assert refusal(check_session_policy, document(ALLOW)) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "This policy contains invalid Json"),
        (document(allow(Sid=7)), SYNTAX),
        (document(allow(Effect="allow")), LEGACY),
        (document(allow(Principal="*")), "Policy document should not specify a principal."),
        (json.dumps({"Version": "2008-10-17", "Statement": ALLOW}), None),
    ],
)
def test_session_policies(text: str, message: str | None) -> None:
    assert refusal(check_session_policy, text) == message


# Trust policies and other resource-based policies ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "principal",
    [
        {"Service": "ec2.amazonaws.com"},
        {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]},
        {"AWS": "*"},
        {"AWS": "111122223333"},
        {"AWS": ["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:role/path/Ops"]},
        {"AWS": "arn:aws:iam::111122223333:user/Ana"},
        {"AWS": "arn:aws:sts::111122223333:assumed-role/Ops/session"},
        {"AWS": "arn:aws:sts::111122223333:federated-user/Fay"},
        {"AWS": "AROADBQP57FF2AEXAMPLE"},
        {"Federated": "arn:aws:iam::111122223333:saml-provider/Idp"},
        {"Federated": "arn:aws:iam::111122223333:oidc-provider/idp.example.com/path"},
        {"Federated": "accounts.google.com"},
        {"Service": "ec2.amazonaws.com.cn"},
        {"Service": "ec2.amazonaws.eu"},
        {"Service": "retail.amazon.com"},
        {"Service": "parts.of-a.long.name-2.aws.internal"},
        {"CanonicalUser": "0123456789abcdef" * 4},
        {"AWS": [], "Service": "ec2.amazonaws.com"},
    ],
)
def test_principals_that_a_trust_policy_may_name(principal: dict[str, Any]) -> None:
    assert refusal(check_trust_policy, document({**TRUST, "Principal": principal})) is None


@pytest.mark.parametrize(
    ("principal", "message"),
    [
        ("*", 'AssumeRolepolicy contained an invalid principal: "STAR":"*".'),
        ("111122223333", 'Invalid principal in policy: "AWS":"111122223333"'),
        (
            {"AWS": "arn:aws:iam::111122223333:group/Ops"},
            'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:group/Ops"',
        ),
        (
            {"AWS": ["111122223333", "arn:aws:iam::111122223333:role/*"]},
            'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role/*"',
        ),
        ({"AWS": "11112222333"}, 'Invalid principal in policy: "AWS":"11112222333"'),
        ({"AWS": "Ana"}, 'Invalid principal in policy: "AWS":"Ana"'),
        ({"AWS": ""}, "Missing required field Principal"),
        ({"AWS": []}, "Missing required field Principal"),
        ({}, "Missing required field Principal cannot be empty!"),
        ({"Service": "ec2"}, 'Invalid principal in policy: "SERVICE":"ec2"'),
        ({"Service": "*"}, 'Invalid principal in policy: "SERVICE":"*"'),
        ({"Federated": "*"}, "Federated principals must be valid domain names or SAML metadata ARNs"),
        (
            {"Federated": "arn:aws:iam::111122223333:role/Ops"},
            "Federated principals must be valid domain names or SAML metadata ARNs",
        ),
        *(
            ({"Service": service}, f'Invalid principal in policy: "SERVICE":"{service}"')
            for service in [
                "amazonaws.com",
                ".amazonaws.com",
                "EC2.amazonaws.com",
                "ec2.amazonaws.com.cn.",
                "ec2.amazonaws.com.eu",
                "ec2-amazonaws.com",
                "ec2.amazonawsXcom",
            ]
        ),
        *(
            ({"Federated": name}, "Federated principals must be valid domain names or SAML metadata ARNs")
            for name in [
                "localhost",
                "idp.",
                ".example.com",
                "idp_.example.com",
                "arn:aws:iam::111122223333:saml-provider/",
                "arn:aws:iam::111122223333:saml-provider/Id*",
                "arn:aws:iam::111122223333:saml-provider/Id P",
                "arn:aws:iam::11112222333:saml-provider/Idp",
                "arn:aws:iam:us-east-1:111122223333:saml-provider/Idp",
            ]
        ),
        ({"CanonicalUser": "a" * 63}, f'Invalid principal in policy: "CANONICALUSER":"{"a" * 63}"'),
        ({"CanonicalUser": "A" * 64}, f'Invalid principal in policy: "CANONICALUSER":"{"A" * 64}"'),
        ({"CanonicalUser": "g" * 64}, f'Invalid principal in policy: "CANONICALUSER":"{"g" * 64}"'),
        ({"AWS": ["111122223333", ""]}, 'Invalid principal in policy: "AWS":""'),
        ({"AWS": "111122223333", "Service": "ec2"}, 'Invalid principal in policy: "SERVICE":"ec2"'),
        ({"Group": "Ops"}, 'Invalid principal in policy: "GROUP":"Ops"'),
        ({"AWS": [7]}, 'Invalid principal in policy: "AWS":"7"'),
        ({"AWS": 111122223333}, 'Invalid principal in policy: "AWS":"111122223333"'),
    ],
)
def test_principals_that_a_trust_policy_may_not_name(principal: Any, message: str) -> None:
    assert refusal(check_trust_policy, document({**TRUST, "Principal": principal})) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "This policy contains invalid Json"),
        ("[]", "This policy contains invalid Json"),
        (document(TRUST, statement=[]), "Unknown field statement"),
        (document(TRUST, _comment="mine"), "Unknown field _comment"),
        ('{"Version": "2012-10-17"}', "Missing required field Statement"),
        (document({**TRUST, "Comment": "mine"}), "Unknown field Comment"),
        (document({**TRUST, "Resource": "*"}), "Has prohibited field Resource"),
        (document({**TRUST, "NotResource": "*"}), "AssumeRole policy must not contain resources."),
        (document(NOT_BOB), "Allow with NotPrincipal is not allowed."),
        (document({**NOT_BOB, "Effect": "ALLOW"}), "Allow with NotPrincipal is not allowed."),
        (document({**TRUST, **NOT_BOB}), "Allow with NotPrincipal is not allowed."),
        (document(TRUST, {**NOT_BOB, "Effect": "Deny"}), "AssumeRole policy must not contain NotPrincipal field."),
        (document({**NOT_BOB, "Effect": "Deny"}, NOT_BOB), "Allow with NotPrincipal is not allowed."),
        (document(), "Could not parse the policy: Statement is empty!"),
        (document(TRUST, Version="2012-10-18"), "The policy must contain a valid version string"),
        (document(without(TRUST, "Principal")), "Missing required field Principal"),
        (document(without(TRUST, "Action")), "Missing required field Action"),
        (document(without(TRUST, "Effect")), "Missing required field Effect"),
        (document({**TRUST, "Effect": "Permit"}), "Invalid effect: Permit"),
        (
            document({**TRUST, "Action": ["sts:AssumeRole", "s3:GetObject"]}),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            document(without({**TRUST, "NotAction": "sts:AssumeRole"}, "Action")),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            document({**TRUST, "Sid": "One"}, {**TRUST, "Sid": "One"}),
            "The Statement Ids in the policy are not unique",
        ),
        (
            document({**TRUST, "Action": "sts:NoSuchAction"}),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (document({**TRUST, "Sid": "an id"}), NOT_ALPHANUMERIC),
        (document({**TRUST, "Condition": []}), SYNTAX),
        (document(TRUST, 7), SYNTAX),
        ('{"Version": "2012-10-17", "Statement": 7}', SYNTAX),
        (document({**TRUST, "Action": {"sts": "AssumeRole"}}), SYNTAX),
    ],
)
def test_faults_of_trust_policies(text: str, message: str) -> None:
    assert refusal(check_trust_policy, text) == message


@pytest.mark.parametrize(
    "action",
    [
        "sts:AssumeRole",
        "STS:assumerole",
        "sts:*",
        "sts:Assume*",
        "*",
        ["sts:TagSession", "sts:SetSourceIdentity"],
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
        "sts:DecodeAuthorizationMessage",
        "sts:GetAccessKeyInfo",
        "sts:GetCallerIdentity",
        "sts:GetFederationToken",
        "sts:GetServiceBearerToken",
        "sts:GetSessionToken",
        "sts:SetContext",
    ],
)
def test_actions_of_trust_policies(action: Any) -> None:
    assert refusal(check_trust_policy, document({**TRUST, "Action": action, "Effect": "ALLOW"})) is None


def test_a_trust_policy_tells_whom_it_names() -> None:
    principal = {"AWS": ["111122223333", "arn:aws:iam::111122223333:user/Ana"], "Service": "ec2.amazonaws.com"}
    assert check_trust_policy(document({**TRUST, "Principal": principal})).principals == (
        ("AWS", "111122223333"),
        ("AWS", "arn:aws:iam::111122223333:user/Ana"),
        ("Service", "ec2.amazonaws.com"),
    )
    assert invalid_principal("AWS", "arn:aws:iam::111122223333:user/Bo").message == (
        'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:user/Bo"'
    )


GITHUB = "token.actions.githubusercontent.com"
GITHUB_ARN = f"arn:aws:iam::111122223333:oidc-provider/{GITHUB}"
GITHUB_MESSAGE = (
    f"Trust policy with trusted principal {GITHUB_ARN} must evaluate, using StringEquals, StringLike or "
    f"StringEqualsIgnoreCase, {GITHUB}:sub or {GITHUB}:job_workflow_ref which is not scoped to all"
)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({}, GITHUB_MESSAGE),
        ({"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}}, GITHUB_MESSAGE),
        ({"StringLike": {f"{GITHUB}:sub": "*"}}, GITHUB_MESSAGE),
        ({"StringLike": {f"{GITHUB}:sub": ["repo:example/*", "*"]}}, GITHUB_MESSAGE),
        ({"StringNotEquals": {f"{GITHUB}:sub": "repo:example/code:ref:main"}}, GITHUB_MESSAGE),
        ({"StringEqualsIfExists": {f"{GITHUB}:sub": "repo:example/code:ref:main"}}, GITHUB_MESSAGE),
        ({"ForAllValues:StringEquals": {f"{GITHUB}:sub": "repo:example/code:ref:main"}}, GITHUB_MESSAGE),
        ({"StringEquals": {f"{GITHUB}:sub": "repo:example/code:ref:main"}}, None),
        ({"StringLike": {f"{GITHUB}:SUB": "repo:*"}}, None),
        ({"StringEquals": {f"{GITHUB}:job_workflow_ref": "example/code/.github/workflows/ci.yml@main"}}, None),
    ],
)
def test_whose_tokens_of_a_shared_issuer_a_role_trusts(condition: dict[str, Any], message: str | None) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": GITHUB_ARN},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    assert refusal(check_trust_policy, document(statement)) == message
    assert refusal(check_trust_policy, document({**statement, "Effect": "Deny"})) is None
    assert refusal(check_trust_policy, document({**statement, "Action": "sts:TagSession"})) is None
    others = [{**statement, "Effect": "Deny"}, {**statement, "Action": "sts:TagSession"}, TRUST]
    assert refusal(check_trust_policy, document(*others, statement)) == message


# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html
@pytest.mark.parametrize(
    ("issuer", "key"),
    [
        *(
            (issuer, f"{issuer}:sub")
            for issuer in [
                "agent.buildkite.com",
                "app.terraform.io",
                "gitlab.com",
                "oidc-configuration.audit-log.githubusercontent.com",
                "oidc.codefresh.io",
                "proidc.upbound.io",
                "scalr.io",
                "studio.datachain.ai/api",
                "tokens.cloud.shisho.dev",
                "vstoken.actions.githubusercontent.com",
            ]
        ),
        *(
            (issuer, f"{issuer}:aud")
            for issuer in [
                "api.pulumi.com/oidc",
                "cognito-identity.amazonaws.com",
                "oidc.vercel.com",
                "sandboxes.cloud",
            ]
        ),
        ("sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d", "sts:RoleSessionName"),
    ],
)
@pytest.mark.parametrize("operator", ["StringEquals", "StringLike", "StringEqualsIgnoreCase"])
def test_issuers_that_many_share(issuer: str, key: str, operator: str) -> None:
    built_in = issuer == "cognito-identity.amazonaws.com"
    provider = issuer if built_in else f"arn:aws:iam::111122223333:oidc-provider/{issuer}"
    action = "sts:AssumeRoleWithWebIdentity"
    statement = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": action}
    assert refusal(check_trust_policy, document(statement)) == (
        f"Trust policy with trusted principal {provider} must evaluate, using StringEquals, StringLike or "
        f"StringEqualsIgnoreCase, {key} which is not scoped to all"
    )
    assert refusal(check_trust_policy, document({**statement, "Condition": {operator: {key: "mine"}}})) is None


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (allow(Principal="*"), None),
        (allow(Principal={"AWS": "111122223333"}), None),
        (without(allow(Principal="*"), "Resource"), None),
        ({**allow(NotPrincipal={"AWS": "111122223333"}), "Effect": "Deny"}, None),
        (allow(NotPrincipal={"AWS": "111122223333"}), "Allow with NotPrincipal is not allowed."),
        (ALLOW, "Missing required field Principal"),
        (allow(Principal="*", Action="GetObject"), NO_VENDOR),
        (allow(Principal={"Service": "s3"}), 'Invalid principal in policy: "SERVICE":"s3"'),
        (
            {**without(allow(NotPrincipal={"Service": "s3"}), "Principal"), "Effect": "Deny"},
            'Invalid principal in policy: "SERVICE":"s3"',
        ),
        ({**allow(NotPrincipal="*"), "Effect": "Deny"}, None),
        (allow(Principal="Ana"), 'Invalid principal in policy: "AWS":"Ana"'),
        (without(allow(Principal="*", NotAction="s3:GetObject"), "Action"), None),
    ],
)
def test_resource_based_policies(statement: dict[str, Any], message: str | None) -> None:
    assert refusal(check_resource_policy, document(statement)) == message


# Organizations --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (document(ALLOW), None),
        (
            document(allow(Resource="arn:aws:s3:::example-bucket", Condition={"Bool": {"aws:SecureTransport": True}})),
            None,
        ),
        (document(without(allow(NotAction="iam:*"), "Action")), None),
        (document({**ALLOW, "Effect": "Deny"}), None),
        ("{", ORGANIZATIONS),
        (document(ALLOW, Version="2008-10-17"), ORGANIZATIONS),
        (document(ALLOW, Id="mine"), ORGANIZATIONS),
        (document(allow(Principal="*")), ORGANIZATIONS),
        (document(allow(Effect="allow")), ORGANIZATIONS),
        (document(allow(Action="GetObject")), ORGANIZATIONS),
        (document(without(ALLOW, "Resource")), ORGANIZATIONS),
        (document(without(ALLOW, "Action")), ORGANIZATIONS),
        (document(allow(Resource="bucket")), ORGANIZATIONS),
        (document({**ALLOW, "Effect": "Deny", "NotPrincipal": "*"}), ORGANIZATIONS),
        (document(without(allow(NotResource="arn:aws:s3:::b"), "Resource")), None),
        (document(without(allow(NotResource="bucket"), "Resource")), ORGANIZATIONS),
        (document(allow(Resource=["*", "bucket"])), ORGANIZATIONS),
        (document(allow(Resource="arn:aws:sqs::queue")), ORGANIZATIONS),
        (document(allow(Resource=[])), ORGANIZATIONS),
        (document(allow(Action=[])), ORGANIZATIONS),
        (document(without(allow(NotAction="GetObject"), "Action")), ORGANIZATIONS),
        (document(allow(Effect="DENY")), ORGANIZATIONS),
        (document(allow(Sid="One"), allow(Sid="One")), ORGANIZATIONS),
        (document(allow(Sid="an id")), ORGANIZATIONS),
        (document(allow(Comment="mine")), ORGANIZATIONS),
        (json.dumps({"Statement": ALLOW}), ORGANIZATIONS),
        (json.dumps({"Version": "2012-10-17", "Statement": ALLOW}), None),
        (document(ALLOW, allow(Effect="allow")), ORGANIZATIONS),
    ],
)
def test_service_control_policies(text: str, message: str | None) -> None:
    assert refusal(check_service_control_policy, text) == message


RCP = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (RCP, None),
        (without({**RCP, "NotResource": "arn:aws:s3:::b"}, "Resource"), None),
        ({**RCP, "Effect": "Allow"}, ORGANIZATIONS),
        ({**RCP, "Principal": {"AWS": "*"}}, ORGANIZATIONS),
        (without(RCP, "Principal"), ORGANIZATIONS),
        ({**RCP, "Action": "*"}, ORGANIZATIONS),
        ({**RCP, "Action": ["s3:*", "*"]}, ORGANIZATIONS),
        (without({**RCP, "NotAction": "s3:*"}, "Action"), ORGANIZATIONS),
        (without(RCP, "Resource"), ORGANIZATIONS),
    ],
)
def test_resource_control_policies(statement: dict[str, Any], message: str | None) -> None:
    assert refusal(check_resource_control_policy, document(statement)) == message


# Size and bounds ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("{}", 2),
        ('{ "a" :\t"b c",\r\n"d": [ ] }', 18),
        (r'{"a": "quote \" and blank"}', 26),
        ("   ", 0),
    ],
)
def test_white_space_between_tokens_does_not_count(text: str, size: int) -> None:
    assert policy_size(text) == size


CHECKS = [
    lambda text: check_identity_policy(text, managed=True),
    lambda text: check_identity_policy(text, managed=False),
    check_session_policy,
    check_trust_policy,
    check_resource_policy,
    check_service_control_policy,
    check_resource_control_policy,
    parse_policy,
]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 20_000,
        '{"Statement":' + "[" * 50_000 + "]" * 50_000 + "}",
        '"' + '\\"' * 60_000,
        '{"Statement": ' + "1" * 100_000 + "}",
        '{"Version": "2012-10-17", "Statement": [], "Id": "' + "a" * 131_072 + '"}',
        "\ufeff{}",
        "\x00",
        '{"Statement": [{"Effect": {}}]}',
    ],
)
def test_hostile_text_is_malformed(text: str) -> None:
    for check in CHECKS:
        with pytest.raises(MalformedPolicyDocument):
            check(text)


scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8))
ELEMENTS = "Version Id Statement Sid Effect Principal NotPrincipal Action NotAction Resource NotResource Condition"
INNER = "AWS Service Federated StringEquals DateLessThan Null aws:username"
names = st.sampled_from([*ELEMENTS.split(), *INNER.split()])
words = st.sampled_from(
    [
        "2012-10-17",
        "Allow",
        "Deny",
        "*",
        "s3:*",
        "sts:AssumeRole",
        "arn:aws:s3:::b/${aws:username}",
        "111122223333",
        "${",
    ]
)
json_values = st.recursive(
    scalars | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | st.text(max_size=4), inner, max_size=5),
    max_leaves=20,
)
statements = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Action": json_values | words},
    optional=dict.fromkeys(("Resource", "Principal", "Condition", "Sid", "NotAction"), json_values | words),
)
near_policies = st.fixed_dictionaries(
    {"Statement": statements | st.lists(statements, max_size=2)},
    optional={"Version": words | json_values, "Id": json_values},
)


texts = st.one_of(st.text(max_size=60), near_policies.map(json.dumps), json_values.map(json.dumps))


@settings(max_examples=300, deadline=None)
@given(texts)
def test_no_text_raises_anything_but_malformed_policy_document(text: str) -> None:
    for check in CHECKS:
        message = refusal(check, text)
        assert message is None or message.encode()


@settings(max_examples=300, deadline=None)
@given(texts)
def test_what_the_grammar_accepts_can_be_parsed(text: str) -> None:
    document = find_object(text)
    if document is not None and refusal(check_identity_policy, text, managed=False) == SYNTAX:
        with pytest.raises(MalformedPolicyDocument):
            verify_syntax(document)  # the fault is the grammar's, not the parser's

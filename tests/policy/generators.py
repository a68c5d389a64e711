"""Random requests and policies that meet often: few names, every operator, principal kind and policy type."""

import json
from random import Random
from typing import Any

from iamd.policy import Principal, Request
from tests.policy.reference import COMPARISONS, Documents

OWN, OTHER = "111122223333", "444455556666"
USER, ROLE, LINKED = (
    f"arn:aws:iam::{OWN}:user/team/Ana",
    f"arn:aws:iam::{OWN}:role/Ops",
    "role/aws-service-role/x/AWSRoleX",
)
SESSION, FEDERATED = f"arn:aws:sts::{OWN}:assumed-role/Ops/s1", f"arn:aws:sts::{OWN}:federated-user/Fay"
ROOT, OTHER_ROOT = f"arn:aws:iam::{OWN}:root", f"arn:aws:iam::{OTHER}:root"
PROVIDER = f"arn:aws:iam::{OWN}:saml-provider/Idp"
USER_ID, ROLE_ID = "AIDACKCEVSQ6C2EXAMPLE", "AROADBQP57FF2AEXAMPLE"
CANONICAL = "a" * 64

PRINCIPALS = [
    Principal(kind="root", account_id=OWN, arn=ROOT, principal_arn=ROOT, user_id=OWN),
    Principal(kind="user", account_id=OWN, arn=USER, principal_arn=USER, user_id=USER_ID, canonical_user_id=CANONICAL),
    Principal(kind="user", account_id=OWN, arn=USER, principal_arn=USER, user_id=USER_ID, in_management_account=True),
    Principal(kind="role", account_id=OWN, arn=SESSION, principal_arn=ROLE, user_id=f"{ROLE_ID}:s1"),
    Principal(
        kind="role",
        account_id=OWN,
        arn=f"arn:aws:sts::{OWN}:assumed-role/AWSRoleX/s1",
        principal_arn=f"arn:aws:iam::{OWN}:{LINKED}",
        user_id="AROALINKEDROLEEXAMPLE:s1",
    ),
    Principal(
        kind="federated",
        account_id=OWN,
        arn=FEDERATED,
        principal_arn=FEDERATED,
        user_id=f"{OWN}:Fay",
        issuer_arn=USER,
        issuer_id=USER_ID,
    ),
    Principal(
        kind="federated",
        account_id=OWN,
        arn=FEDERATED,
        principal_arn=FEDERATED,
        user_id=f"{OWN}:Fay",
        issuer_arn=ROOT,
        issuer_id=OWN,
    ),
    Principal(kind="anonymous"),
    Principal(kind="service", services=("logs.amazonaws.com", "logs.us-east-1.amazonaws.com")),
    Principal(kind="provider", arn=PROVIDER),
]
ACTIONS = [
    "s3:GetObject",
    "s3:getobject",
    "s3:PutObject",
    "iam:GetUser",
    "sts:AssumeRole",
    "kms:RetireGrant",
    "sts:GetCallerIdentity",
]
ACTION_PATTERNS = [
    "*",
    "s3:*",
    "S3:getobject",
    "s3:Get*",
    "s3:?etObject",
    "iam:*",
    "sts:*Role",
    "kms:*",
    "*:*",
    "s3:**t*",
    "s3",
    "iam:PassRole",
    "sts:TagSession",
    "kms:Retire?rant",
    "kms:Retire*",
]
RESOURCES = [
    "*",
    "arn:aws:s3:::bucket/Ana/key",
    "arn:aws:s3:::bucket/a*b",
    f"arn:aws:iam::{OWN}:user/team/Ana",
    f"arn:aws:sqs:us-east-1:{OWN}:Ana:1",
    ROLE,
]
RESOURCE_PATTERNS = [
    "*",
    "?",
    "arn:aws:s3:::bucket/*",
    "arn:aws:s3:::bucket/?na/k*y",
    "arn:aws:s3:::*/${aws:username}/*",
    "arn:aws:s3:::bucket/${aws:username}/*",
    "arn:aws:s3:::bucket/${aws:PrincipalTag/Team}?*",
    "arn:aws:s3:::bucket/${aws:PrincipalTag/team, 'Ana'}/key",
    "arn:aws:s3:::bucket/${aws:TagKeys}/key",
    "arn:aws:s3:::bucket/a${*}b",
    "arn:aws:s3:::bucket/a${?}b${$}",
    "arn:aws:s3:::bucket/${aws:username",
    "arn:aws:s3:::bucket/${aws:username, Ana}/*",
    "arn:aws:iam::${aws:PrincipalAccount}:user/*",
    "arn:aws:iam::*:user/team/${aws:UserName}",
    "arn:aws:sqs",
    "arn:aws:s3*",
    "arn:aws:sqs:us-east-1",
    "arn:aws:sqs:*:*:*:1",
    "arn:aws:s3:::bucket/Ana/*",
    "arn:aws:s3:::bucket/Ana/key",
    "arn:aws:s3:::bucket/Bo/key",
    "arn:aws:s3:::bucket/Bo/*/key",
    "arn:aws:s3:::bucket/a*",
    "arn:aws:s3:::bucket/b",
    "arn:aws:s3:::bucket/c",
    "arn:aws:s3:::bucket/d",
    "arn:aws:s3:::bucket/e",
    f"arn:aws:iam::{OWN}:*",
]
TEXTS = [
    "Ana",
    "ana",
    "a*b",
    "axb",
    "",
    "x",
    "${aws:username}",
    "A?a",
    "*",
    "${aws:username, 'x'}",
    "${aws:broken",
    "a${*}b",
]
NUMBERS = ["1", "10", "9.5", "-3", "1e1", "none", "10.0"]
DATES = [
    "2026-01-01T00:00:00Z",
    "2026-11-20",
    "2026",
    "2026-11",
    "1793000000",
    "2026-11-20T10:00:00.250+02:00",
    "2026-11-20T08:00Z",
    "soon",
    "1970-01-01",
    "12345",
]
TRUTHS = ["true", "false", "True", "FALSE", "maybe"]
BINARIES = ["aGVsbG8=", "aGVsbG8", "Ynll", "*"]
ADDRESSES = ["203.0.113.9", "203.0.113.0/24", "2001:db8::1", "2001:db8::/32", "0.0.0.0/0", "::/0", "10.0.0.256", "here"]
ARNS = [
    ROLE,
    USER,
    "arn:aws:iam::*:role/*",
    "arn:aws:iam::*",
    "arn:*:iam::111122223333:role/Ops",
    "arn:aws:s*:::b",
    "arn:aws:sqs:us-east-1:1:b",
    "${aws:PrincipalArn}",
    "arn:aws:iam::${aws:PrincipalAccount:role/*",
    "arn:aws:sns:us-east-1:111122223333:a:b:c",
    "arn:aws:sns:us-east-?:*:a:*",
    "no-arn",
    "*",
]
# Condition keys, and what a request may hold under them.
KEYS: dict[str, list[Any]] = {
    "aws:username": ["Ana", "ana", "a*b", ""],
    "aws:PrincipalTag/Team": ["Ana", "x"],
    "s3:prefix": TEXTS,
    "aws:PrincipalAccount": [OWN],
    "aws:MultiFactorAuthAge": NUMBERS,
    "aws:CurrentTime": DATES,
    "aws:EpochTime": ["1793000000", "12345", "0"],
    "aws:MultiFactorAuthPresent": TRUTHS,
    "s3:hash": BINARIES,
    "aws:SourceIp": [each for each in ADDRESSES if "/" not in each],
    "aws:PrincipalArn": [ROLE, USER, SESSION],
    "aws:SourceArn": [*ARNS],
    "aws:TagKeys": [(), ("Ana",), ("Ana", "x"), ("",), ("", "Ana"), ("ana", "axb", "10")],
    "aws:PrincipalOrgPaths": [("o-1/r-1/",), ("o-1/r-1/ou-1/", "o-2/")],
}
VALUES = {
    "String": TEXTS,
    "Numeric": NUMBERS,
    "Date": DATES,
    "Bool": TRUTHS,
    "Binary": BINARIES,
    "IpAddress": ADDRESSES,
    "NotIpAddress": ADDRESSES,
    "Arn": ARNS,
    "Null": TRUTHS,
}
OPERATORS = [*COMPARISONS, "Null"]
NO_OPERATORS = ["StringSounds", "stringequals", "ForSomeValues:StringEquals", "NullIfExists"]
AWS_PRINCIPALS = [
    "*",
    OWN,
    ROOT,
    OTHER,
    OTHER_ROOT,
    USER,
    ROLE,
    SESSION,
    FEDERATED,
    USER_ID,
    ROLE_ID,
    "arn:aws-cn:iam::111122223333:root",
    f"arn:aws:iam::{OWN}:role/*",
    f"arn:aws:iam::{OWN}:group/Ops",
]
ALLOW_ALL = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
ALLOW_ALL_TO_ALL = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}'


def make_request(random: Random) -> Request:
    return Request(
        principal=random.choice(PRINCIPALS),
        action=random.choice(ACTIONS),
        resource=random.choice(RESOURCES),
        context={key.lower(): random.choice(values) for key, values in KEYS.items() if random.random() < 0.6},
    )


def make_documents(random: Random) -> Documents:
    def perhaps(chance: float, make: Any) -> Any:
        return make() if random.random() < chance else None

    def policies(names_principals: bool = False) -> tuple[str, ...]:
        general = [ALLOW_ALL_TO_ALL if names_principals else ALLOW_ALL] if random.random() < 0.6 else []
        return tuple(general + [make_policy(random, names_principals) for _ in range(random.randint(0, 2))])

    def levels(names_principals: bool) -> tuple[tuple[str, ...], ...]:
        return tuple(policies(names_principals) for _ in range(random.randint(1, 3)))

    return Documents(
        identity=policies(),
        boundary=perhaps(0.3, lambda: make_policy(random, False)),
        session=perhaps(0.3, policies),
        resource=perhaps(0.6, lambda: make_policy(random, True)),
        is_trust_policy=random.random() < 0.2,
        resource_policy_required=random.random() < 0.3,
        resource_account_id=random.choice([None, OWN, OTHER]),
        resource_in_management_account=random.random() < 0.1,
        service_control=perhaps(0.3, lambda: levels(False)),
        resource_control=perhaps(0.3, lambda: levels(True)),
        endpoint=perhaps(0.2, lambda: policies(True)),
    )


def make_policy(random: Random, names_principals: bool) -> str:
    statements = [make_statement(random, names_principals) for _ in range(random.randint(1, 3))]
    document: dict[str, Any] = {"Statement": statements[0] if len(statements) == 1 else statements}
    if random.random() < 0.8:
        document["Version"] = random.choice(["2012-10-17", "2012-10-17", "2008-10-17"])
    return json.dumps(document, indent=random.choice([None, 2]))


def make_statement(random: Random, names_principals: bool) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Deny" if random.random() < 0.25 else "Allow"}
    statement["NotAction" if random.random() < 0.1 else "Action"] = _one_or_more(random, ACTION_PATTERNS)
    if random.random() < 0.95:
        statement["NotResource" if random.random() < 0.15 else "Resource"] = _one_or_more(random, RESOURCE_PATTERNS)
    if random.random() < (0.95 if names_principals else 0.03):
        statement["NotPrincipal" if random.random() < 0.15 else "Principal"] = _principal_element(random)
    if random.random() < 0.5:
        statement["Condition"] = {_operator(random): _keys(random) for _ in range(random.randint(1, 2))}
        statement["Condition"] = {name: keys(name) for name, keys in statement["Condition"].items()}
    return statement


def _operator(random: Random) -> str:
    if random.random() < 0.03:
        return random.choice(NO_OPERATORS)
    qualifier = random.choice(["", "", "", "ForAllValues:", "ForAnyValue:"])
    suffix = random.choice(["", "", "IfExists"])
    name = random.choice(OPERATORS)
    return qualifier + name + (suffix if name != "Null" else "")


def _keys(random: Random) -> Any:
    def make(operator: str) -> dict[str, Any]:
        base = operator.removeprefix("ForAllValues:").removeprefix("ForAnyValue:")
        pool = next((values for kind, values in VALUES.items() if base.startswith(kind)), TEXTS)
        fitting = [key for key, values in KEYS.items() if values is pool] or list(KEYS)
        keys = [random.choice(fitting if random.random() < 0.6 else list(KEYS)) for _ in range(random.randint(1, 2))]
        return {_vary_case(random, key): _condition_values(random, pool) for key in keys}

    return make


def _condition_values(random: Random, pool: list[str]) -> Any:
    if random.random() < 0.05:
        return random.choice([True, False, 10, 9.5, []])
    return _one_or_more(random, pool)


def _vary_case(random: Random, key: str) -> str:
    return random.choice([key, key, key.lower(), key.upper()])


def _principal_element(random: Random) -> Any:
    choice = random.random()
    if choice < 0.2:
        return "*"
    element: dict[str, Any] = {}
    if choice < 0.9:
        element["AWS"] = random.sample(AWS_PRINCIPALS, random.choice([1, 1, 2, 4]))
    if random.random() < 0.2:
        element["Service"] = random.choice(["logs.amazonaws.com", "ec2.amazonaws.com", ["*"]])
    if random.random() < 0.2:
        element["Federated"] = random.choice([PROVIDER, "accounts.google.com"])
    if random.random() < 0.1:
        element["CanonicalUser"] = CANONICAL
    return element


def _one_or_more(random: Random, pool: list[str]) -> Any:
    if random.random() < 0.6:
        return random.choice(pool)
    longest = len(pool) if random.random() < 0.2 else min(3, len(pool))
    return random.sample(pool, random.randint(1, longest))

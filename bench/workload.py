"""One set of policies and requests for every policy engine: wildcards, conditions, variables, mixed outcomes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

ACCOUNT_ID = "111122223333"
CALLER = f"arn:aws:iam::{ACCOUNT_ID}:user/Ana"
USER_NAME = "Ana"
SERVICES = [
    *("s3", "ec2", "sqs", "iam", "dynamodb", "kms", "lambda", "sns", "logs", "ecs", "ecr", "rds", "glue", "athena"),
    *("events", "states", "ssm", "batch", "sagemaker", "kinesis", "firehose", "route53", "cloudfront", "eks"),
]
VERBS = ["Get", "List", "Put", "Delete", "Describe", "Create", "Update"]
NOUNS = ["Object", "Item", "Queue", "User", "Table", "Key", "Function", "Topic", "Stream", "Group"]
APPS = [f"app{number}" for number in range(30)]
REGIONS = ["us-east-1", "eu-west-1", "ap-south-1"]
CONDITIONS: list[dict[str, dict[str, Any]]] = [
    {"StringEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}},
    {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    {"Bool": {"aws:SecureTransport": "true"}},
    {"StringLike": {"aws:UserAgent": "aws-cli/*"}},
    {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}},
    {"Bool": {"aws:SecureTransport": "true"}, "IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "10.0.0.0/8"]}},
]


@dataclass(frozen=True)
class Asked:
    """A request in no engine's terms; condition keys as AWS writes them."""

    action: str
    resource: str
    context: dict[str, str]


def make_policies(random: Random, count: int) -> list[str]:
    """So many policy documents of three to seven statements."""
    return [
        json.dumps({"Version": "2012-10-17", "Statement": [_statement(random) for _ in range(random.randint(3, 7))]})
        for _ in range(count)
    ]


def make_requests(random: Random, policies: list[str], count: int) -> list[Asked]:
    """Half of the requests are aimed at a statement, most of those hit; the others are about anything."""
    statements = [statement for text in policies for statement in json.loads(text)["Statement"]]
    return [_aimed(random, random.choice(statements)) if index % 2 else _random(random) for index in range(count)]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def conditions(statement: dict[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """(operator, key, values)"""
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            yield operator, key, listed(values)


def _statement(random: Random) -> dict[str, Any]:
    service, app = random.choice(SERVICES), random.choice(APPS)
    one, verb = f"{service}:{random.choice(VERBS)}{random.choice(NOUNS)}", f"{service}:{random.choice(VERBS)}*"
    actions: Any = random.choice([one, one, verb, [one, verb], f"{service}:*", f"{service}:*{random.choice(NOUNS)}"])
    arn = f"arn:aws:{service}:us-east-1:{ACCOUNT_ID}"
    resources: Any = random.choice(
        [
            f"{arn}:{app}/*",
            f"{arn}:{app}/*/{random.choice('xyz')}",
            [f"{arn}:{each}/data/x" for each in random.sample(APPS, 3)],
            f"{arn}:app?/data/*",
            f"{arn}:{app}/${{aws:username}}/*" if random.random() < 0.2 else f"{arn}:{app}/data/*",
            "*" if random.random() < 0.5 else f"{arn}:*",
        ]
    )
    effect = "Deny" if random.random() < 0.1 else "Allow"
    statement: dict[str, Any] = {"Effect": effect, "Action": actions, "Resource": resources}
    if random.random() < 0.4:
        statement["Condition"] = random.choice(CONDITIONS)
    return statement


def _random(random: Random) -> Asked:
    service = random.choice(SERVICES)
    resource = f"arn:aws:{service}:us-east-1:{ACCOUNT_ID}:{random.choice(APPS)}/{_path(random)}"
    return Asked(f"{service}:{random.choice(VERBS)}{random.choice(NOUNS)}", resource, _context(random))


def _aimed(random: Random, statement: dict[str, Any]) -> Asked:
    action = random.choice(listed(statement["Action"])).replace("*", random.choice(NOUNS))
    resource = random.choice(listed(statement["Resource"])).replace("${aws:username}", USER_NAME).replace("?", "7")
    return Asked(action, resource.replace("*", _path(random)), _context(random))


def _path(random: Random) -> str:
    return f"{random.choice(['data', 'logs', USER_NAME])}/{random.choice('xyz')}"


def _context(random: Random) -> dict[str, str]:
    context = {
        "aws:username": USER_NAME,
        "aws:RequestedRegion": random.choice(REGIONS),
        "aws:SourceIp": random.choice(["203.0.113.9", "10.1.2.3", "198.51.100.7"]),
        "aws:SecureTransport": random.choice(["true", "true", "false"]),
        "aws:UserAgent": random.choice(["aws-cli/2.30 md/Botocore", "Boto3/1.44"]),
    }
    if random.random() < 0.7:
        context["aws:MultiFactorAuthAge"] = random.choice(["60", "7200"])
    return context

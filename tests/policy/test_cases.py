"""The rules of AWS's documentation, a table each: engine and reference must both give what the table says."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from iamd.policy import Principal, Request, authorize
from tests.policy import engine, reference
from tests.policy.reference import Documents, Verdict

CASES = Path(__file__).parent / "cases"
OWN = "111122223333"
USER = f"arn:aws:iam::{OWN}:user/Ana"
ROLE, SESSION = f"arn:aws:iam::{OWN}:role/path/Ops", f"arn:aws:sts::{OWN}:assumed-role/Ops/s"
ROOT = f"arn:aws:iam::{OWN}:root"
FEDERATED = f"arn:aws:sts::{OWN}:federated-user/Fay"
LINKED = f"arn:aws:iam::{OWN}:role/aws-service-role/logs.amazonaws.com/AWSServiceRoleForLogs"
USER_ID = "AIDACKCEVSQ6C2EXAMPLE"
CANONICAL_ID = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"


def federated(issuer: str, issuer_id: str) -> Principal:
    return Principal(
        kind="federated",
        account_id=OWN,
        arn=FEDERATED,
        principal_arn=FEDERATED,
        user_id=f"{OWN}:Fay",
        issuer_arn=issuer,
        issuer_id=issuer_id,
    )


def user(**more: Any) -> Principal:
    return Principal(kind="user", account_id=OWN, arn=USER, principal_arn=USER, user_id=USER_ID, **more)


CALLERS = {
    "root": Principal(kind="root", account_id=OWN, arn=ROOT, principal_arn=ROOT, user_id=OWN),
    "user": user(),
    "user of the management account": user(in_management_account=True),
    "user with a canonical id": user(canonical_user_id=CANONICAL_ID),
    "role": Principal(kind="role", account_id=OWN, arn=SESSION, principal_arn=ROLE, user_id="AROADBQP57FF2AEXAMPLE:s"),
    "service-linked role": Principal(
        kind="role",
        account_id=OWN,
        arn=f"arn:aws:sts::{OWN}:assumed-role/AWSServiceRoleForLogs/s",
        principal_arn=LINKED,
        user_id="AROALINKEDROLEEXAMPLE:s",
    ),
    "federated": federated(USER, USER_ID),
    "federated by root": federated(ROOT, OWN),
    "anonymous": Principal(kind="anonymous"),
    "service": Principal(kind="service", services=("logs.amazonaws.com",)),
    "provider": Principal(kind="provider", arn=f"arn:aws:iam::{OWN}:saml-provider/Idp"),
}


def rows(name: str) -> list[Any]:
    """(the rule's table, one of its rows) for each row of a file, named after rule and row."""
    found = []
    tables = yaml.safe_load((CASES / f"{name}.yaml").read_text())
    for rule, table in tables.items():
        assert table["page"].startswith("https://docs.aws.amazon.com/"), rule
        for number, row in enumerate(table["rows"], 1):
            label = row["name"] if isinstance(row, dict) else str(number)
            found.append(pytest.param(table, row, id=f"{rule}: {label}"))
    return found


def make_context(keys: Mapping[str, Any]) -> dict[str, str | tuple[str, ...]]:
    return {key.lower(): tuple(value) if isinstance(value, list) else value for key, value in keys.items()}


def decide(request: Request, documents: Documents) -> Verdict:
    """The verdict of the engine, which must be that of the reference."""
    verdict = engine.decide(request, documents)
    assert verdict == reference.decide(request, documents)
    return verdict


def applies(statement: Mapping[str, Any], request: Request, version: str = "2012-10-17") -> bool | str:
    """Whether a statement of an identity-based policy applies; "deny" if it does as a Deny only."""
    allow = json.dumps({"Version": version, "Statement": {**statement, "Effect": "Allow"}})
    deny = json.dumps({"Version": version, "Statement": {**statement, "Effect": "Deny"}})
    allowed = decide(request, Documents(identity=(allow,))).outcome == "allowed"
    denied = decide(request, Documents(identity=(deny,))).outcome == "explicitDeny"
    assert allowed <= denied
    return "deny" if denied and not allowed else allowed


@pytest.mark.parametrize(("table", "row"), rows("conditions"))
def test_condition(table: Mapping[str, Any], row: list[Any]) -> None:
    condition, keys, holds = row
    request = Request(principal=CALLERS["user"], action="s3:GetObject", context=make_context(keys))
    assert applies({"Action": "s3:*", "Resource": "*", "Condition": condition}, request) is holds


@pytest.mark.parametrize(("table", "row"), rows("not_understood"))
def test_what_is_not_understood_withholds_access(table: Mapping[str, Any], row: list[Any]) -> None:
    condition, keys = row
    request = Request(principal=CALLERS["user"], action="s3:GetObject", context=make_context(keys))
    assert applies({"Action": "s3:*", "Resource": "*", "Condition": condition}, request) == "deny"


@pytest.mark.parametrize(("table", "row"), rows("elements"))
def test_element(table: Mapping[str, Any], row: list[Any]) -> None:
    elements, asked, keys, expected = row
    statement = dict(elements)
    if not {"Action", "NotAction"} & elements.keys():
        statement["Action"] = "*"
    if not {"Resource", "NotResource"} & elements.keys():
        statement["Resource"] = "*"
    action, resource = (asked, "*") if table["asks"] == "action" else ("s3:GetObject", asked)
    request = Request(principal=CALLERS["user"], action=action, resource=resource, context=make_context(keys))
    assert applies(statement, request, table.get("version", "2012-10-17")) == expected


@pytest.mark.parametrize(("table", "row"), rows("decisions"))
def test_decision(table: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    action = row.get("action", "sqs:SendMessage")
    caller = CALLERS[row["caller"]]
    context = make_context({"aws:PrincipalArn": caller.principal_arn, **row.get("context", {})})
    request = Request(principal=caller, action=action, resource=f"arn:aws:sqs:us-east-1:{OWN}:queue", context=context)

    def text(policy: Any, **elements: Any) -> str:
        words = {"allow": {}, "deny": {"Effect": "Deny"}, "silent": {"Action": "sns:Publish"}}
        statement = words[policy] if isinstance(policy, str) else policy
        return json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, **elements, **statement}]}
        )

    def texts(policies: Any) -> Any:
        return None if policies is None else tuple(text(policy, Resource="*") for policy in policies)

    def levels(policies: Any) -> Any:
        return None if policies is None else tuple(map(texts, policies))

    if "trust" in row:
        resource = text(row["trust"])
    else:
        resource = text(row["resource"], Resource="*") if "resource" in row else None
    documents = Documents(
        identity=texts(row.get("identity", [])),
        boundary=text(row["boundary"], Resource="*") if "boundary" in row else None,
        session=texts(row.get("session")),
        resource=resource,
        is_trust_policy="trust" in row,
        resource_policy_required="trust" in row or row.get("required", False),
        resource_account_id=row.get("owner", OWN),
        resource_in_management_account=row.get("owner_is_management", False),
        service_control=levels(row.get("scps")),
        resource_control=levels(row.get("rcps")),
        endpoint=texts(row.get("endpoint")),
    )
    verdict = decide(request, documents)
    assert (verdict.outcome, verdict.policy_type) == (row["decision"], row.get("by"))
    matched = {f"{policy_type} {index}" for policy_type, _, index in verdict.matched}
    assert matched == set(row.get("matched", []))
    assert {match.policy_type.value for match in authorize(request, engine.parse(documents)).matched} == {
        statement.split()[0] for statement in row.get("matched", [])
    }

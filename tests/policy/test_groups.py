"""A group is no principal: no kind of policy that can be saved names one."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from iamd.errors import MalformedPolicyDocument
from iamd.policy import (
    check_identity_policy,
    check_resource_control_policy,
    check_resource_policy,
    check_service_control_policy,
    check_session_policy,
    check_trust_policy,
)

GROUP = "arn:aws:iam::111122223333:group/division/Ops"
CHECKS: dict[str, Callable[[str], object]] = {
    "inline": partial(check_identity_policy, managed=False),
    "managed": partial(check_identity_policy, managed=True),
    "session": check_session_policy,
    "trust": check_trust_policy,
    "resource": check_resource_policy,
    "service control": check_service_control_policy,
    "resource control": check_resource_control_policy,
}
PRINCIPALS = [
    GROUP,
    {"AWS": GROUP},
    {"AWS": ["111122223333", GROUP]},
    {"AWS": "arn:aws:iam::111122223333:group/*"},
    {"Federated": GROUP},
    {"Service": GROUP},
]


@pytest.mark.parametrize("principal", PRINCIPALS, ids=str)
@pytest.mark.parametrize("element", ["Principal", "NotPrincipal"])
@pytest.mark.parametrize("kind", CHECKS)
def test_no_policy_names_a_group(kind: str, element: str, principal: Any) -> None:
    statement = {"Effect": "Deny", element: principal, "Action": "sts:AssumeRole"}
    if kind != "trust":
        statement["Resource"] = "*"
    with pytest.raises(MalformedPolicyDocument):
        CHECKS[kind](json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


@pytest.mark.parametrize("check", [check_trust_policy, check_resource_policy])
def test_the_refusal_names_the_group(check: Callable[[str], object]) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": GROUP}, "Action": "sts:AssumeRole"}
    if check is check_resource_policy:
        statement["Resource"] = "*"
    with pytest.raises(MalformedPolicyDocument) as refused:
        check(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert refused.value.message == f'Invalid principal in policy: "AWS":"{GROUP}"'

"""The policy simulator as boto3 sees it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.server.process import ACCOUNT_ID, ServerProcess

BOB = f"arn:aws:iam::{ACCOUNT_ID}:user/Bob"
PUT = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/${aws:username}"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [PUT]}, indent=2)


@pytest.fixture(scope="module")
def bob(server: ServerProcess) -> Any:
    """The client of Bob, who may simulate custom policies and himself."""
    root = server.client()
    root.create_user(UserName="Bob")
    root.create_user(UserName="Alice")
    root.put_user_policy(UserName="Bob", PolicyName="put", PolicyDocument=POLICY)
    actions = ["iam:SimulatePrincipalPolicy", "iam:GetContextKeysForPrincipalPolicy"]
    own = {"Effect": "Allow", "Action": actions, "Resource": BOB}
    root.put_user_policy(
        UserName="Bob", PolicyName="own", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": own})
    )
    key = root.create_access_key(UserName="Bob")["AccessKey"]
    return server.client(key_id=key["AccessKeyId"], secret=key["SecretAccessKey"])


def refusal(call: Callable[..., Any], **given: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**given)
    refused = error.value.response["Error"]
    return f"{refused['Code']}: {refused['Message']}"


def test_a_principal_is_simulated_page_by_page(bob: Any) -> None:
    paginator = bob.get_paginator("simulate_principal_policy")
    pages = paginator.paginate(
        PolicySourceArn=BOB,
        ActionNames=["s3:PutObject", "s3:GetObject"],
        ResourceArns=["arn:aws:s3:::bucket/Bob"],
        PaginationConfig={"PageSize": 1},
    )
    results = [result for page in pages for result in page["EvaluationResults"]]
    place = {"StartPosition": {"Line": 4, "Column": 6}, "EndPosition": {"Line": 8, "Column": 6}}
    matched = [{"SourcePolicyId": "user_Bob_put", "SourcePolicyType": "IAM Policy", **place}]
    assert results == [
        {
            "EvalActionName": action,
            "EvalResourceName": "arn:aws:s3:::bucket/Bob",
            "EvalDecision": decision,
            "MatchedStatements": found,
            "MissingContextValues": [],
            "EvalDecisionDetails": {},
            "ResourceSpecificResults": [
                {
                    "EvalResourceName": "arn:aws:s3:::bucket/Bob",
                    "EvalResourceDecision": decision,
                    "MatchedStatements": found,
                    "MissingContextValues": missing,
                }
            ],
        }
        | ({"MissingContextValues": missing} if missing else {})
        for action, decision, found, missing in (
            ("s3:PutObject", "allowed", matched, []),
            ("s3:GetObject", "implicitDeny", [], ["aws:username"]),
        )
    ]


def test_a_custom_simulation_across_accounts(server: ServerProcess, bob: Any) -> None:
    share = {"Effect": "Allow", "Principal": {"AWS": BOB}, "Action": "s3:*", "Resource": "arn:aws:s3:::bucket/*"}
    [result] = server.client().simulate_custom_policy(
        PolicyInputList=[POLICY],
        ActionNames=["s3:PutObject"],
        ResourceArns=["arn:aws:s3:::bucket/Bob"],
        ResourcePolicy=json.dumps({"Version": "2012-10-17", "Statement": [share]}),
        ResourceOwner="arn:aws:iam::444455556666:root",
        CallerArn=BOB,
        ContextEntries=[
            {"ContextKeyName": "aws:MultiFactorAuthAge", "ContextKeyType": "numeric", "ContextKeyValues": ["1"]}
        ],
    )["EvaluationResults"]
    assert result["EvalDecision"] == "allowed"
    assert result["EvalDecisionDetails"] == {"IAM Policy": "allowed", "Resource Policy": "allowed"}


def test_a_large_simulation_leaves_the_server_to_others(server: ServerProcess, bob: Any) -> None:
    resources = [f"arn:aws:s3:::bucket/{number}" for number in range(2000)]
    [result] = server.client().simulate_custom_policy(
        PolicyInputList=[POLICY], ActionNames=["s3:PutObject"], ResourceArns=resources
    )["EvaluationResults"]
    assert len(result["ResourceSpecificResults"]) == 2000


def test_context_keys_are_told(server: ServerProcess, bob: Any) -> None:
    assert server.client().get_context_keys_for_custom_policy(PolicyInputList=[POLICY])["ContextKeyNames"] == [
        "aws:username"
    ]
    assert bob.get_context_keys_for_principal_policy(PolicySourceArn=BOB)["ContextKeyNames"] == ["aws:username"]


def test_who_may_not_simulate_learns_nothing(bob: Any) -> None:
    for operation, given, resource in (
        ("simulate_principal_policy", {"PolicySourceArn": BOB.replace("Bob", "Alice")}, BOB.replace("Bob", "Alice")),
        ("simulate_principal_policy", {"PolicySourceArn": BOB.replace("Bob", "Eve")}, BOB.replace("Bob", "Eve")),
        ("simulate_custom_policy", {"PolicyInputList": [POLICY]}, "*"),
    ):
        name = "".join(word.title() for word in operation.split("_"))
        assert refusal(getattr(bob, operation), ActionNames=["s3:GetObject"], **given) == (
            f"AccessDenied: User: {BOB} is not authorized to perform: iam:{name} on resource: {resource} because no "
            f"identity-based policy allows the iam:{name} action"
        )
    for operation, given, resource in (
        ("get_context_keys_for_custom_policy", {"PolicyInputList": [POLICY]}, "*"),
        ("get_context_keys_for_principal_policy", {"PolicySourceArn": BOB + "2"}, BOB + "2"),
    ):
        name = "".join(word.title() for word in operation.split("_"))
        assert refusal(getattr(bob, operation), **given) == (
            f"AccessDenied: User: {BOB} is not authorized to perform: iam:{name} on resource: {resource} because no "
            f"identity-based policy allows the iam:{name} action"
        )

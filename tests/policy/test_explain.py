"""Explanations: what decided, what stood in the way, and which element of which statement came closest."""

import json
from dataclasses import fields
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamd.policy import Decision, Policies, Policy, PolicyType, Principal, Request, authorize, explain, parse_policy
from iamd.policy.explain import Reason
from tests.policy import engine
from tests.policy.generators import FEDERATED, PROVIDER, ROOT, make_documents, make_request
from tests.policy.reference import Documents

OWN = "111122223333"
USER, QUEUE = f"arn:aws:iam::{OWN}:user/Ana", f"arn:aws:sqs:us-east-1:{OWN}:queue"
ANA = Principal(kind="user", account_id=OWN, arn=USER, principal_arn=USER, user_id="AIDACKCEVSQ6C2EXAMPLE")
ASKED = f"{USER} may not sqs:SendMessage on {QUEUE}"
NO_IDENTITY_POLICY = (
    f"Denied: {ASKED}, because no identity-based policy allows it.\n\nNo identity-based policy allows it.\n"
)


def policy(*statements: dict[str, Any], source: str = "queues.json") -> Policy:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]}
    return parse_policy(json.dumps(document), source_id=source)


def allow(**elements: Any) -> dict[str, Any]:
    return {"Action": "sqs:SendMessage", "Resource": "*", **elements}


def decide(principal: Principal = ANA, action: str = "sqs:SendMessage", on: str = QUEUE, **policies: Any) -> Decision:
    context = {"aws:principaltag/team": "blue", "aws:tagkeys": ("a", "b"), "aws:username": "Ana"}
    request = Request(principal=principal, action=action, resource=on, context=context)
    return authorize(request, Policies(**policies))


@pytest.mark.parametrize(
    ("statement", "failure"),
    [
        (allow(Action=["sqs:Get*", "sqs:Send"]), "Action does not cover sqs:SendMessage: it is sqs:get*, sqs:send"),
        ({"NotAction": "sqs:*", "Resource": "*"}, "NotAction covers sqs:SendMessage: it is sqs:*"),
        (allow(Resource="arn:aws:sqs:*:*:other"), f"Resource does not cover {QUEUE}: it is arn:aws:sqs:*:*:other"),
        ({"Action": "*", "NotResource": "arn:aws:sqs:*:*:*"}, f"NotResource covers {QUEUE}: it is arn:aws:sqs:*:*:*"),
        (
            allow(Resource="arn:aws:sqs:*:*:${aws:UserName}-${aws:SourceIdentity}-${aws:PrincipalTag/cost, 'none'}"),
            f"Resource does not cover {QUEUE}: it is "
            "arn:aws:sqs:*:*:${aws:UserName}-${aws:SourceIdentity}-${aws:PrincipalTag/cost, 'none'} "
            '(${aws:UserName} is "Ana", ${aws:SourceIdentity} has no value)',
        ),
        (
            allow(Resource=[f"arn:aws:sqs:*:*:{number}" for number in range(1, 10)]),
            f"Resource does not cover {QUEUE}: it is "
            + ", ".join(f"arn:aws:sqs:*:*:{number}" for number in range(1, 7))
            + " and 3 more",
        ),
        (
            allow(Condition={"StringEquals": {"aws:PrincipalTag/team": ["red", "green"]}}),
            "Condition StringEquals on aws:PrincipalTag/team does not hold: "
            'the request has "blue", the statement wants "red", "green"',
        ),
        (
            allow(Condition={"StringNotLike": {"aws:PrincipalTag/team": "b*"}}),
            "Condition StringNotLike on aws:PrincipalTag/team does not hold: "
            'the request has "blue", the statement wants anything but "b*"',
        ),
        (
            allow(Condition={"Bool": {"aws:MultiFactorAuthPresent": True}}),
            "Condition Bool on aws:MultiFactorAuthPresent does not hold: "
            'the request has no such key, the statement wants "true"',
        ),
        (
            allow(Condition={"Null": {"aws:PrincipalTag/team": "true"}}),
            "Condition Null on aws:PrincipalTag/team does not hold: "
            'the request has "blue", the statement wants it absent',
        ),
        (
            allow(Condition={"Null": {"aws:TokenIssueTime": "false"}}),
            "Condition Null on aws:TokenIssueTime does not hold: "
            "the request has no such key, the statement wants it present",
        ),
        (
            allow(Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}),
            "Condition ForAllValues:StringEquals on aws:TagKeys does not hold: "
            'the request has "a", "b", the statement wants "a"',
        ),
        (
            allow(Condition={"StringEquals": {"aws:PrincipalTag/team": "${aws:username}"}}),
            "Condition StringEquals on aws:PrincipalTag/team does not hold: "
            'the request has "blue", the statement wants "${aws:username}" (${aws:username} is "Ana")',
        ),
        (allow(Principal="*"), "Principal: a policy of this type names no principals"),
    ],
)
def test_the_one_element_that_failed(statement: dict[str, Any], failure: str) -> None:
    text = str(explain(decide(identity=(policy({**statement, "Sid": "Send"}),))))
    assert text.partition("\n\nCondition keys")[0] == (
        f'{NO_IDENTITY_POLICY}Nearest, but for one element each:\n  queues.json: Statement[0] "Send"\n    {failure}'
    )


@pytest.mark.parametrize(
    ("elements", "failure"),
    [
        ({"Principal": {"AWS": "444455556666"}}, f"Principal does not cover {USER}: it is 444455556666"),
        ({}, "Principal: the statement names nobody"),
        ({"NotPrincipal": {"AWS": "444455556666"}}, "NotPrincipal: it goes with Deny only"),
    ],
)
def test_whom_a_resource_based_policy_names(elements: dict[str, Any], failure: str) -> None:
    naming = policy(allow(**elements))
    decision = decide(identity=(policy(allow()),), resource=naming, resource_account_id="444455556666")
    assert str(explain(decision)) == (
        f"Denied: {ASKED}, because no resource-based policy allows it.\n\n"
        "No resource-based policy allows it.\n"
        f"Nearest, but for one element each:\n  queues.json: Statement[0]\n    {failure}"
    )


def test_inside_an_account_a_resource_based_policy_would_do() -> None:
    delegating = policy(allow(Principal={"AWS": OWN}), source="queue policy")
    assert str(explain(decide(resource=delegating))) == (
        f"Denied: {ASKED}, because no identity-based policy allows it.\n\n"
        "There is no identity-based policy, and one has to allow it.\n"
        "Nearest, but for one element each:\n"
        "  queue policy: Statement[0]\n"
        f"    Principal: {OWN} is the whole account, which leaves it to the account's own policies"
    )


def test_every_type_that_stood_in_the_way_is_told() -> None:
    allowing, silent = policy(allow()), policy(allow(Action="sqs:Receive*", Sid="Receive"), source="limits")
    explanation = explain(
        decide(
            service_control=((allowing,), (silent,), (silent, allowing), ()),
            identity=(silent,),
            boundary=silent,
            session=(silent,),
        )
    )
    nearest = (
        "Nearest, but for one element each:\n"
        '  limits: Statement[0] "Receive"\n'
        "    Action does not cover sqs:SendMessage: it is sqs:receive*"
    )
    assert str(explanation) == (
        f"Denied: {ASKED}, because no service control policy allows it.\n\n"
        f"No service control policy of levels 1, 3 allows it.\n{nearest}\n\n"
        f"No identity-based policy allows it.\n{nearest}\n\n"
        f"No permissions boundary allows it.\n{nearest}\n\n"
        f"No session policy allows it.\n{nearest}"
    )
    assert [(block.policy_type, block.levels, block.policies) for block in explanation.blocks] == [
        (PolicyType.SERVICE_CONTROL, (1, 3), 1),
        (PolicyType.IDENTITY, (), 1),
        (PolicyType.PERMISSIONS_BOUNDARY, (), 1),
        (PolicyType.SESSION, (), 1),
    ]


def test_the_nearest_come_first() -> None:
    """Fewer elements before more; conditions, resources, principals, actions; the more alike the nearer."""
    statements = [
        allow(Sid="TwoElements", Action="sqs:Purge*", Resource="arn:aws:sqs:*:*:other"),
        allow(Sid="OtherService", Action="s3:*"),
        allow(Sid="OtherAction", Action="sqs:DeleteQueue"),
        allow(Sid="NearAction", Action="sqs:SendMessageBatch"),
        allow(Sid="OtherResource", Resource="arn:aws:s3:::bucket"),
        allow(Sid="NearResource", Resource=f"{QUEUE}-2"),
        allow(Sid="Condition", Condition={"Bool": {"aws:SecureTransport": "true"}}),
    ]
    explanation = explain(decide(identity=(policy(*statements),)), nearest=9)
    assert [reason.statement.sid for reason in explanation.blocks[0].nearest] == [
        "Condition",
        "NearResource",
        "OtherResource",
        "NearAction",
        "OtherAction",
        "OtherService",
    ]
    assert explanation.missing_context == ("aws:SecureTransport",)
    fewer = explain(decide(identity=(policy(*statements),)))
    assert fewer.blocks[0].nearest == explanation.blocks[0].nearest[:3]


def test_who_is_not_named_comes_after_resources_and_before_actions() -> None:
    statements = [
        allow(Sid="OtherAction", Principal="*", Action="sqs:SendMessageBatch"),
        allow(Sid="NotPrincipal", NotPrincipal={"AWS": "444455556666"}),
        allow(Sid="Principal", Principal={"AWS": f"{USER}2"}),
        {"Sid": "NotResource", "Principal": "*", "Action": "sqs:SendMessage", "NotResource": "arn:aws:sqs:*:*:*"},
        allow(Sid="OtherResource", Principal="*", Resource=f"{QUEUE}2"),
    ]
    explanation = explain(
        decide(identity=(policy(allow()),), resource=policy(*statements), resource_account_id="444455556666"), nearest=9
    )
    assert [reason.statement.sid for reason in explanation.blocks[0].nearest] == [
        "OtherResource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "OtherAction",
    ]


def test_statements_that_fail_in_several_elements_are_told_where_none_is_nearer() -> None:
    statement = allow(Resource="arn:aws:s3:::b", Condition={"Bool": {"aws:SecureTransport": "true"}})
    assert str(explain(decide(identity=(policy(statement),)))) == (
        f"{NO_IDENTITY_POLICY}Nearest:\n  queues.json: Statement[0]\n"
        f"    Resource does not cover {QUEUE}: it is arn:aws:s3:::b\n"
        "    Condition Bool on aws:SecureTransport does not hold: "
        'the request has no such key, the statement wants "true"\n\n'
        "Condition keys asked for that the request lacks: aws:SecureTransport."
    )


def test_an_explicit_deny_names_the_statements_and_why_they_apply() -> None:
    text = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": "*", "Resource": "*"},
    {"Sid": "NoMFA", "Effect": "Deny", "Action": "*", "Resource": "*",
     "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}
  ]
}"""
    explanation = explain(decide(service_control=((parse_policy(text, source_id="scp.json"),),)))
    assert str(explanation) == (
        f"Denied: {ASKED}, with an explicit deny in a service control policy.\n\n"
        "It is denied, whatever else allows it, by\n"
        '  scp.json: Statement[1] "NoMFA", line 5:6\n'
        "    Condition BoolIfExists on aws:MultiFactorAuthPresent holds: "
        'the request has no such key, the statement wants "false"\n\n'
        "Condition keys asked for that the request lacks: aws:MultiFactorAuthPresent."
    )
    assert explanation.blocks == ()


@pytest.mark.parametrize(
    ("decision", "text"),
    [
        (
            decide(identity=(policy(allow(Sid="Send")),)),
            f'Allowed: {USER} may sqs:SendMessage on {QUEUE}.\n\nIt is allowed by\n  queues.json: Statement[0] "Send"',
        ),
        (
            decide(identity=(parse_policy(json.dumps({"Statement": {"Effect": "Allow", **allow()}})),)),
            f"Allowed: {USER} may sqs:SendMessage on {QUEUE}.\n\nIt is allowed by\n  identity: Statement[0]",
        ),
        (
            decide(action="sts:GetCallerIdentity", on="*"),
            f"Allowed: {USER} may sts:GetCallerIdentity on *.\nEvery caller may, whatever its policies say.",
        ),
        (
            decide(Principal(kind="root", account_id=OWN, arn=ROOT, principal_arn=ROOT, user_id=OWN)),
            f"Allowed: {ROOT} may sqs:SendMessage on {QUEUE}.\nThe root user needs no policy that allows it.",
        ),
        (
            decide(Principal(kind="federated", account_id=OWN, arn=FEDERATED), identity=(policy(allow()),)),
            f"Denied: {FEDERATED} may not sqs:SendMessage on {QUEUE}, because no session policy allows it.\n\n"
            "There is no session policy, and one has to allow it.",
        ),
        (
            decide(Principal(kind="anonymous")),
            f"Denied: An anonymous caller may not sqs:SendMessage on {QUEUE}, "
            "because no resource-based policy allows it.\n\n"
            "There is no resource-based policy, and one has to allow it.",
        ),
        (
            decide(Principal(kind="service", services=("logs.amazonaws.com",)), resource=policy(allow(Principal="*"))),
            f"Allowed: logs.amazonaws.com may sqs:SendMessage on {QUEUE}.\n\n"
            "It is allowed by\n  queues.json: Statement[0]",
        ),
        (
            decide(Principal(kind="provider", arn=PROVIDER), resource=policy(allow(Principal="*"))),
            f"Denied: {PROVIDER} may not sqs:SendMessage on {QUEUE}, because no resource-based policy allows it.\n\n"
            "No resource-based policy allows it.\nNearest, but for one element each:\n"
            "  queues.json: Statement[0]\n    Principal: an identity provider has to be named",
        ),
    ],
)
def test_other_decisions(decision: Decision, text: str) -> None:
    assert str(explain(decision)) == text


def test_an_explanation_is_data_too() -> None:
    text = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b"}}'
    explanation = explain(decide(identity=(parse_policy(text, source_id="b.json"),)))
    assert json.loads(msgspec.json.encode(explanation)) == {
        "outcome": "implicitDeny",
        "policy_type": "identity",
        "principal": USER,
        "action": "sqs:SendMessage",
        "resource": QUEUE,
        "matched": [],
        "blocks": [
            {
                "policy_type": "identity",
                "levels": [],
                "policies": 1,
                "nearest": [
                    {
                        "statement": {
                            "policy_type": "identity",
                            "policy": "b.json",
                            "sid": None,
                            "index": 0,
                            "effect": "Allow",
                            "start": {"line": 1, "column": 38},
                            "end": {"line": 1, "column": 96},
                        },
                        "elements": [
                            {
                                "element": "Resource",
                                "holds": False,
                                "wanted": ["arn:aws:s3:::b"],
                                "actual": [QUEUE],
                                "operator": None,
                                "key": None,
                                "variables": {},
                                "note": None,
                            },
                        ],
                    },
                ],
            },
        ],
        "missing_context": [],
        "note": None,
    }


# What is told is true -------------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(st.randoms(use_true_random=False))
def test_with_its_elements_mended_a_near_statement_allows(random: Random) -> None:
    request, documents = make_request(random), make_documents(random)
    decision = authorize(request, parse(documents))
    explanation = explain(decision)
    if decision.outcome != "implicitDeny":
        assert explanation.blocks == ()
        return
    block = explanation.blocks[0]
    assert block.policy_type is decision.policy_type
    for reason in block.nearest:
        assert reason.elements
        if len(block.levels) > 1:
            continue  # every level has to allow
        mended = authorize(request, parse(mend(documents, reason, request.principal)))
        assert mended.policy_type is not block.policy_type, f"{reason}\n{request}\n{documents}"


def parse(documents: Documents) -> Policies:
    """The policies in force, each with its text as its source."""

    def name(value: Any) -> Any:
        if isinstance(value, Policy):
            return parse_policy(value.text, source_id=value.text)
        return tuple(map(name, value)) if isinstance(value, tuple) else value

    policies = engine.parse(documents)
    return Policies(**{field: name(getattr(policies, field)) for field in policies.__struct_fields__})


def mend(documents: Documents, reason: Reason, principal: Principal) -> Documents:
    """The documents, in which the elements that are told cover the request."""
    document = json.loads(reason.statement.policy)
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    statement = statements[reason.statement.index]
    names_principals = reason.statement.policy_type in ("resource", "trust", "resourceControl", "vpcEndpoint")
    for comparison in reason.elements:
        if comparison.element == "Condition":
            del statement["Condition"][comparison.operator][comparison.key]
            continue
        name = comparison.element.removeprefix("Not")
        statement.pop(f"Not{name}", None)
        statement[name] = "*"
        if name == "Principal" and principal.kind == "provider":
            statement[name] = {"Federated": principal.arn}
        elif name == "Principal" and not names_principals:
            del statement[name]

    def exchange(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(exchange, value))
        return json.dumps(document) if value == reason.statement.policy else value

    return Documents(**{field.name: exchange(getattr(documents, field.name)) for field in fields(documents)})

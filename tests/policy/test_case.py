"""Cases: who the principal is, which condition keys follow, what the members mean, and what is no case."""

import json
from typing import Any

import pytest

from iamd.policy import Principal, authorize
from iamd.policy.case import InvalidCase, read_case, read_policies, read_request
from iamd.policy.results import Answerer

OWN, OTHER = "111122223333", "444455556666"
USER, ROOT = f"arn:aws:iam::{OWN}:user/team/Ana", f"arn:aws:iam::{OWN}:root"
ROLE, SESSION = f"arn:aws:iam::{OWN}:role/Ops", f"arn:aws:sts::{OWN}:assumed-role/Ops/s"
FEDERATED, PROVIDER = f"arn:aws:sts::{OWN}:federated-user/Fay", f"arn:aws:iam::{OWN}:saml-provider/Idp"
QUEUE = f"arn:aws:sqs:us-east-1:{OWN}:queue"


def case(principal: str = USER, action: str = "sqs:SendMessage", **members: Any) -> bytes:
    request = {"principal": principal, "action": action, "resource": QUEUE, **members.pop("request", {})}
    return json.dumps({"id": "one", "request": request, **members}).encode()


def policy(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    statement = {"Effect": effect, "Action": "*", "Resource": "*", **elements}
    return {"Version": "2012-10-17", "Statement": [statement]}


ALLOW, DENY, SILENT = policy(), policy("Deny"), policy(Action="sns:Publish")
TO_ALL = policy(Principal="*")


def answer(data: bytes) -> dict[str, Any]:
    """The answer to a case; the same when its policies are known already."""
    answerer = Answerer()
    first, _ = answerer.answer(data, 1)
    assert answerer.answer(data, 1)[0] == first
    return json.loads(first)


def decide(*arguments: Any, **members: Any) -> tuple[str, str | None]:
    answered = answer(case(*arguments, **members))
    return answered["decision"], answered["blocked_by"]


def refusal(data: bytes) -> str:
    line, is_case = Answerer().answer(data, 3)
    assert not is_case
    answered = json.loads(line)
    assert answered.keys() == {"id", "error"}
    return answered["error"]


# Principals -----------------------------------------------------------------------------------------------------------


def signed(principal_arn: str, kind: str) -> dict[str, str]:
    return {
        "aws:principalaccount": OWN,
        "aws:principalarn": principal_arn,
        "aws:principalisawsservice": "false",
        "aws:principaltype": kind,
    }


def entity(kind: Any, arn: str, principal_arn: str = "") -> Principal:
    return Principal(kind=kind, account_id=OWN, arn=arn, principal_arn=principal_arn or arn)


@pytest.mark.parametrize(
    ("text", "principal", "context"),
    [
        (USER, entity("user", USER), {**signed(USER, "User"), "aws:username": "Ana"}),
        (SESSION, entity("role", SESSION, ROLE), signed(ROLE, "AssumedRole")),
        (ROLE, entity("role", f"arn:aws:sts::{OWN}:assumed-role/Ops/*", ROLE), signed(ROLE, "AssumedRole")),
        (FEDERATED, entity("federated", FEDERATED), signed(FEDERATED, "FederatedUser")),
        (ROOT, entity("root", ROOT), signed(ROOT, "Account")),
        (OWN, entity("root", ROOT), signed(ROOT, "Account")),
        (PROVIDER, Principal(kind="provider", arn=PROVIDER), {}),
        ("accounts.google.com", Principal(kind="provider", arn="accounts.google.com"), {}),
        (
            "lambda.amazonaws.com",
            Principal(kind="service", services=("lambda.amazonaws.com",)),
            {
                "aws:principalisawsservice": "true",
                "aws:principalservicename": "lambda.amazonaws.com",
                "aws:principalservicenameslist": ("lambda.amazonaws.com",),
                "aws:principaltype": "Service",
            },
        ),
        (
            "*",
            Principal(kind="anonymous"),
            {"aws:principalaccount": "anonymous", "aws:principaltype": "Anonymous"},
        ),
    ],
)
def test_principals_and_the_keys_that_follow(text: str, principal: Principal, context: dict[str, Any]) -> None:
    request = read_request(read_case(case(text)))
    assert request.principal == principal
    assert request.context == context


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Ana",
        "1111",
        "arn:aws:iam::111122223333:group/Ops",
        "arn:aws:iam::111122223333:user/",
        "arn:aws:iam::111122223333:policy/p",
        "arn:aws:iam:::user/Ana",
        "arn:aws:sts::111122223333:assumed-role/Ops",
        "arn:aws:s3:::bucket",
        "AIDACKCEVSQ6C2EXAMPLE",
    ],
)
def test_what_is_no_principal(text: str) -> None:
    assert refusal(case(text)) == (
        f'"{text}" is no principal: write the ARN of a user, a role, a role session, a federated user, a root user or '
        "an identity provider, or an account id, a service principal, or * for an anonymous caller."
    )


def test_what_the_case_says_of_the_principal_counts() -> None:
    path = f"arn:aws:iam::{OWN}:role/team/Ops"
    context = {"aws:PrincipalArn": path, "aws:userid": "AROADBQP57FF2AEXAMPLE:s", "aws:PrincipalType": "Robot"}
    request = read_request(read_case(case(SESSION, request={"context": context})))
    assert (request.principal.principal_arn, request.principal.user_id) == (path, "AROADBQP57FF2AEXAMPLE:s")
    assert (request.context["aws:principalarn"], request.context["aws:principaltype"]) == (path, "Robot")
    for other in (f"arn:aws:iam::{OWN}:role/Other", f"arn:aws:iam::{OTHER}:role/Ops", f"arn:aws:iam::{OWN}:user/Ops"):
        request = read_request(read_case(case(SESSION, request={"context": {"aws:PrincipalArn": other}})))
        assert request.principal.principal_arn == ROLE


def test_a_role_named_by_its_arn_is_some_session_of_it() -> None:
    named = policy(Principal={"AWS": ROLE})
    assert decide(ROLE, resource_policy=named) == ("allowed", None)
    assert decide(ROLE, resource_policy=named, session_policies=[]) == ("implicitDeny", "session")
    assert decide(ROLE, resource_policy=policy(Principal={"AWS": SESSION})) == ("implicitDeny", "identity")


def test_a_service_by_any_of_its_names() -> None:
    names = ["logs.amazonaws.com", "logs.us-east-1.amazonaws.com"]
    asked = {"context": {"aws:PrincipalServiceNamesList": names}}
    for name in names:
        named = policy(Principal={"Service": name})
        assert decide("logs.amazonaws.com", request=asked, resource_policy=named) == ("allowed", None)


def test_service_linked_roles_by_their_path() -> None:
    name = "AWSServiceRoleForLogs"
    path = f"arn:aws:iam::{OWN}:role/aws-service-role/logs.amazonaws.com/{name}"
    session = f"arn:aws:sts::{OWN}:assumed-role/{name}/s"
    policies = {"identity_policies": [ALLOW], "scps": [[DENY]]}
    assert decide(session, **policies) == ("explicitDeny", "serviceControl")
    assert decide(session, request={"context": {"aws:PrincipalArn": path}}, **policies) == ("allowed", None)
    assert decide(path, **policies) == ("allowed", None)


# Context --------------------------------------------------------------------------------------------------------------


def test_values_of_condition_keys() -> None:
    context = {
        "a:Text": "x",
        "a:Number": 10,
        "a:Decimal": 9.5,
        "a:Truth": True,
        "a:Many": ["x", 1, False],
        "a:No": [],
    }
    request = read_request(read_case(case("*", request={"context": context})))
    assert {key: value for key, value in request.context.items() if key.startswith("a:")} == {
        "a:text": "x",
        "a:number": "10",
        "a:decimal": "9.5",
        "a:truth": "true",
        "a:many": ("x", "1", "false"),
        "a:no": (),
    }


def test_the_owner_of_the_resource() -> None:
    bucket = "arn:aws:s3:::bucket"
    assert decide(identity_policies=[ALLOW], request={"resource": bucket}) == ("allowed", None)
    other = {"resource": bucket, "resource_account": OTHER}
    assert decide(identity_policies=[ALLOW], request=other) == ("implicitDeny", "resource")
    elsewhere = {"resource": QUEUE.replace(OWN, OTHER)}
    assert decide(identity_policies=[ALLOW], request=elsewhere) == ("implicitDeny", "resource")
    condition = {"StringEquals": {"aws:ResourceAccount": OTHER}}
    policies = {"identity_policies": [policy(Condition=condition)], "resource_policy": TO_ALL}
    assert decide(request=other, **policies) == ("allowed", None)


# Policies -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "decision"),
    [
        ({}, ("implicitDeny", "identity")),
        ({"identity_policies": None}, ("implicitDeny", "identity")),
        ({"identity_policies": []}, ("implicitDeny", "identity")),
        ({"identity_policies": [SILENT, ALLOW]}, ("allowed", None)),
        ({"identity_policies": [json.dumps(ALLOW)]}, ("allowed", None)),
        ({"identity_policies": [ALLOW], "permissions_boundary": None}, ("allowed", None)),
        ({"identity_policies": [ALLOW], "permissions_boundary": []}, ("implicitDeny", "permissionsBoundary")),
        ({"identity_policies": [ALLOW], "permissions_boundary": [SILENT]}, ("implicitDeny", "permissionsBoundary")),
        ({"identity_policies": [ALLOW], "permissions_boundary": [SILENT, ALLOW]}, ("allowed", None)),
        (
            {"identity_policies": [ALLOW], "permissions_boundary": [ALLOW, DENY]},
            ("explicitDeny", "permissionsBoundary"),
        ),
        ({"identity_policies": [ALLOW], "session_policies": []}, ("implicitDeny", "session")),
        ({"identity_policies": [ALLOW], "session_policies": [SILENT, ALLOW]}, ("allowed", None)),
        ({"identity_policies": [ALLOW], "vpc_endpoint_policies": []}, ("implicitDeny", "vpcEndpoint")),
        ({"identity_policies": [ALLOW], "vpc_endpoint_policies": [TO_ALL]}, ("allowed", None)),
        ({"identity_policies": [ALLOW], "scps": None}, ("allowed", None)),
        ({"identity_policies": [ALLOW], "scps": []}, ("allowed", None)),
        ({"identity_policies": [ALLOW], "scps": [[]]}, ("implicitDeny", "serviceControl")),
        ({"identity_policies": [ALLOW], "scps": [[ALLOW], []]}, ("implicitDeny", "serviceControl")),
        ({"identity_policies": [ALLOW], "scps": [[ALLOW], [SILENT, ALLOW]]}, ("allowed", None)),
        ({"identity_policies": [ALLOW], "rcps": [[TO_ALL], [DENY]]}, ("explicitDeny", "resourceControl")),
        ({"identity_policies": [ALLOW], "rcps": [[TO_ALL], [TO_ALL]]}, ("allowed", None)),
        ({"identity_policies": [ALLOW], "scps": [[DENY]], "principal_account_is_management": True}, ("allowed", None)),
        ({"resource_policy": TO_ALL}, ("allowed", None)),
        ({"trust_policy": TO_ALL}, ("allowed", None)),
        ({"identity_policies": [ALLOW], "trust_policy": SILENT}, ("implicitDeny", "trust")),
        ({"identity_policies": [ALLOW], "resource_policy": SILENT}, ("allowed", None)),
    ],
)
def test_members(members: dict[str, Any], decision: tuple[str, str | None]) -> None:
    assert decide(**members) == decision


def test_a_kms_key_needs_its_policy() -> None:
    key = {"resource": f"arn:aws:kms:us-east-1:{OWN}:key/1234abcd-12ab-34cd-56ef-1234567890ab"}
    silent = {"identity_policies": [ALLOW], "resource_policy": SILENT}
    assert decide(action="kms:Decrypt", request=key, **silent) == ("implicitDeny", "resource")
    alias = {"resource": f"arn:aws:kms:us-east-1:{OWN}:alias/key"}
    assert decide(action="kms:ListAliases", request=alias, **silent) == ("allowed", None)


def test_a_result_names_statements_and_keys() -> None:
    text = '{\n "Version": "2012-10-17",\n "Statement": {"Sid": "No", "Effect": "Deny", "Action": "*"}\n}'
    wants = policy(Condition={"Bool": {"aws:SecureTransport": "true"}}, Resource="arn:aws:s3:::${aws:SourceIdentity}")
    assert answer(case(identity_policies=[ALLOW, wants], scps=[[ALLOW], [ALLOW, text]])) == {
        "id": "one",
        "decision": "explicitDeny",
        "matched_statements": [
            {
                "policy_type": "serviceControl",
                "policy": "scps[1][1]",
                "sid": "No",
                "index": 0,
                "effect": "Deny",
                "start": {"line": 3, "column": 16},
                "end": {"line": 3, "column": 61},
            }
        ],
        "blocked_by": "serviceControl",
        "missing_context_keys": ["aws:SecureTransport", "aws:SourceIdentity"],
    }
    given = {"context": {"AWS:securetransport": "true", "aws:SourceIdentity": "Ana"}}
    assert answer(case(identity_policies=[ALLOW, wants], request=given))["missing_context_keys"] == []


@pytest.mark.parametrize("id", ["text", 7, None, [1, "x"], {"a": 1}])
def test_an_id_is_anything(id: Any) -> None:
    data = json.dumps({"id": id, "request": {"principal": USER, "action": "s3:GetObject"}}).encode()
    assert answer(data)["id"] == id


# What is no case ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"identity_polices": []}, "Object contains unknown field `identity_polices`"),
        ({"request": {"acton": "x"}}, "Object contains unknown field `acton` - at `$.request`"),
        ({"request": {"action": None}}, "Expected `str`, got `null` - at `$.request.action`"),
        ({"request": {"context": {"a": None}}}, None),
        (
            {"request": {"context": {"a:b": "1", "A:B": "2"}}},
            "A condition key is given twice: upper and lower case make no difference.",
        ),
        ({"request": {"action": "GetObject"}}, '"GetObject" is no action: write service:Operation, without wildcards.'),
        ({"request": {"action": "s3:*"}}, '"s3:*" is no action: write service:Operation, without wildcards.'),
        ({"request": {"resource_account": "1"}}, '"1" is no account id: write twelve digits.'),
        ({"identity_policies": ALLOW}, "identity_policies is to be a list."),
        ({"identity_policies": [ALLOW, 1]}, "identity_policies[1]: Syntax errors in policy."),
        ({"identity_policies": ["{"]}, "identity_policies[0]: Syntax errors in policy."),
        ({"scps": [ALLOW]}, "scps[0] is to be a list."),
        ({"rcps": [[{}]]}, "rcps[0][0]: Syntax errors in policy."),
        ({"resource_policy": [ALLOW]}, "resource_policy: Syntax errors in policy."),
        (
            {"resource_policy": ALLOW, "trust_policy": ALLOW},
            "A case has a resource_policy or a trust_policy: a role's trust policy is its only one.",
        ),
    ],
)
def test_what_is_no_case(members: dict[str, Any], error: str | None) -> None:
    found = refusal(case(**members))
    assert found == error or (error is None and found.endswith("at `$.request.context[...]`"))


@pytest.mark.parametrize("data", [b"", b"[]", b"nonsense", b'{"id": 1', b"\xff", b'"' + b"x" * 20_000_000 + b'"'])
def test_a_line_without_id_is_told_by_its_number(data: bytes) -> None:
    line, is_case = Answerer().answer(data, 3)
    answered = json.loads(line)
    assert (is_case, answered["id"]) == (False, None)
    assert answered["error"].startswith("Line 3: ")


def test_what_people_note_has_no_effect() -> None:
    noted = case(identity_policies=[ALLOW], name="Ana sends", comment=["x"], description=None, expected="implicitDeny")
    assert answer(noted)["decision"] == "allowed"


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(InvalidCase):
        read_case(b'{"request": ' + b"[" * 100_000)


def test_reading_and_deciding_apart() -> None:
    """What ``iamd.policy`` offers to programs: the same case as objects."""
    read = read_case(case(identity_policies=[ALLOW]))
    decision = authorize(read_request(read), read_policies(read, {"identity_policies[0]": "allow.json"}))
    assert decision.allowed
    assert [match.policy.source_id for match in decision.matched] == ["allow.json"]

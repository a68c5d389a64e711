"""The encoded authorization message: what it tells, that it fits, and that only what was sealed here is decoded."""

import binascii
import json
from typing import Any

import pytest

from iamd.errors import InvalidAuthorizationMessageException
from iamd.policy import (
    Decision,
    Policies,
    Principal,
    Request,
    authorization_message,
    authorize,
    decode_authorization_message,
    encode_authorization_message,
    parse_policy,
)

USER, QUEUE = "arn:aws:iam::111122223333:user/team/Ana", "arn:aws:sqs:us-east-1:111122223333:queue"
ANA = Principal(kind="user", account_id="111122223333", arn=USER, principal_arn=USER, user_id="AIDACKCEVSQ6C2EXAMPLE")
SESSION = "arn:aws:sts::111122223333:assumed-role/Ops/s"
OPS = Principal(kind="role", account_id="111122223333", arn=SESSION, user_id="AROADBQP57FF2AEXAMPLE:s")


def decide(principal: Principal = ANA, context: dict[str, Any] | None = None, **statement: Any) -> Decision:
    policies = ()
    if statement:
        document = {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", **statement},
        }
        policies = (parse_policy(json.dumps(document)),)
    request = Request(principal=principal, action="sqs:SendMessage", resource=QUEUE, context=context or {})
    return authorize(request, Policies(identity=policies))


def seal(secret: bytes) -> str:
    return "key." + binascii.b2a_base64(bytes(28) + secret, newline=False).decode()


def unseal(sealed: str) -> bytes | None:
    return binascii.a2b_base64(sealed[4:])[28:] if sealed.startswith("key.") else None


def values(*texts: str) -> dict[str, Any]:
    return {"items": [{"value": text} for text in texts]}


def test_an_implicit_deny() -> None:
    context = {"aws:principaltag/team": "blue", "aws:tagkeys": ("a", "b")}
    assert json.loads(authorization_message(decide(context=context))) == {
        "allowed": False,
        "explicitDeny": False,
        "matchedStatements": {"items": []},
        "failures": {"items": []},
        "context": {
            "principal": {"id": "AIDACKCEVSQ6C2EXAMPLE", "name": "Ana", "arn": USER},
            "action": "sqs:SendMessage",
            "resource": QUEUE,
            "conditions": {
                "items": [
                    {"key": "aws:principaltag/team", "values": values("blue")},
                    {"key": "aws:tagkeys", "values": values("a", "b")},
                ]
            },
        },
    }


def test_an_explicit_deny_names_the_statement() -> None:
    condition = {"StringEquals": {"aws:PrincipalTag/team": ["blue", "red"]}}
    decision = decide(OPS, {"aws:principaltag/team": "blue"}, Sid="NotBlue", Condition=condition)
    message = json.loads(authorization_message(decision))
    assert (message["allowed"], message["explicitDeny"]) == (False, True)
    assert message["context"]["principal"] == {"id": "AROADBQP57FF2AEXAMPLE:s", "arn": SESSION}
    assert message["context"]["conditions"] == {"items": [{"key": "aws:PrincipalTag/team", "values": values("blue")}]}
    assert message["matchedStatements"] == {
        "items": [
            {
                "statementId": "NotBlue",
                "effect": "DENY",
                "principals": values(),
                "principalGroups": values(),
                "actions": values("*"),
                "resources": values("*"),
                "conditions": {"items": [{"key": "aws:PrincipalTag/team", "values": values("blue", "red")}]},
            }
        ]
    }


def test_what_is_not_listed_is_told_as_such() -> None:
    statement = {"Effect": "Deny", "NotPrincipal": {"AWS": "444455556666"}, "NotAction": "s3:*", "NotResource": "a"}
    request = Request(principal=ANA, action="sqs:SendMessage", resource=QUEUE)
    decision = authorize(request, Policies(resource=parse_policy(json.dumps({"Statement": statement}))))
    (statement,) = json.loads(authorization_message(decision))["matchedStatements"]["items"]
    assert {name: value for name, value in statement.items() if name.startswith("not")} == {
        "notPrincipals": values("444455556666"),
        "notActions": values("s3:*"),
        "notResources": values("a"),
    }
    assert statement["actions"] == statement["resources"] == statement["principals"] == values()


def test_what_is_encoded_is_decoded() -> None:
    decision = decide(context={"aws:principaltag/name": "Ána"})
    encoded = encode_authorization_message(decision, seal)
    assert "Ana" not in encoded
    assert decode_authorization_message(encoded, unseal) == authorization_message(decision)


def test_a_long_message_leaves_out_its_longest_keys() -> None:
    context = {"aws:useragent": "x" * 20_000, "aws:sourceip": "203.0.113.9", "s3:prefix": "y" * 9_000}
    encoded = encode_authorization_message(decide(context=context), seal)
    assert len(encoded) <= 10_240
    conditions = json.loads(decode_authorization_message(encoded, unseal))["context"]["conditions"]
    assert conditions == {"items": [{"key": "aws:sourceip", "values": values("203.0.113.9")}]}


def test_a_long_message_leaves_out_its_statements_last() -> None:
    decision = decide(context={"aws:sourceip": "203.0.113.9"}, Action=[f"s3:{'x' * 50}{n}" for n in range(200)] + ["*"])
    message = json.loads(decode_authorization_message(encode_authorization_message(decision, seal), unseal))
    assert message["explicitDeny"] is True
    assert message["matchedStatements"] == message["context"]["conditions"] == {"items": []}


def test_of_a_resource_too_long_for_a_message_its_start_is_told() -> None:
    resource = f"arn:aws:s3:::bucket/{'ä' * 9_000}"
    decision = authorize(Request(principal=ANA, action="s3:GetObject", resource=resource), Policies())
    message = json.loads(decode_authorization_message(encode_authorization_message(decision, seal), unseal))
    assert message["context"]["resource"] == resource[:1_000]


def test_a_message_as_long_as_may_be_is_whole() -> None:
    decision = decide(context={"aws:sourceip": "203.0.113.9"}, Sid="All")

    def seal_to(length: int) -> Any:
        """Something that seals this message to so many characters, and a shorter one to fewer."""
        missing = length - len(authorization_message(decision))
        return lambda secret: secret.decode() + "=" * missing

    assert encode_authorization_message(decision, seal_to(10_240)) == seal_to(10_240)(
        authorization_message(decision).encode()
    )
    cut = json.loads(encode_authorization_message(decision, seal_to(10_241)).rstrip("="))
    assert cut["context"]["conditions"] == {"items": []}
    assert cut["matchedStatements"] == json.loads(authorization_message(decision))["matchedStatements"]


def test_a_seal_without_measure_is_an_error() -> None:
    with pytest.raises(ValueError, match="Of a short message, the sealed text is too long"):
        encode_authorization_message(decide(), lambda secret: "x" * 10_241)


def test_condition_keys_are_sorted_and_statements_without_sid_have_an_empty_one() -> None:
    context = {"s3:prefix": "b", "aws:sourceip": "203.0.113.9", "aws:useragent": "a"}
    message = json.loads(authorization_message(decide(context=context, Resource=["*", QUEUE])))
    assert [item["key"] for item in message["context"]["conditions"]["items"]] == [
        "aws:sourceip",
        "aws:useragent",
        "s3:prefix",
    ]
    (statement,) = message["matchedStatements"]["items"]
    assert (statement["statementId"], statement["resources"]) == ("", values("*", QUEUE))


def test_callers_without_id_or_arn() -> None:
    service = decide(Principal(kind="service", services=("logs.amazonaws.com",)))
    assert json.loads(authorization_message(service))["context"]["principal"] == {}


def test_an_allowed_request() -> None:
    message = json.loads(authorization_message(decide(Effect="Allow")))
    assert (message["allowed"], message["explicitDeny"]) == (True, False)
    assert message["matchedStatements"] == {"items": []}


def test_messages_are_compact_and_keep_letters() -> None:
    text = authorization_message(decide(context={"aws:principaltag/name": "Ána"}))
    assert '{"key":"aws:principaltag/name","values":{"items":[{"value":"Ána"}]}}' in text


def test_what_was_not_sealed_here_is_refused() -> None:
    with pytest.raises(InvalidAuthorizationMessageException) as refused:
        decode_authorization_message("other.AAAA", unseal)
    assert (refused.value.status, refused.value.message) == (400, "Message is not valid")

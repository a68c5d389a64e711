"""DecodeAuthorizationMessage: what a gateway keeps to itself, for those who may know."""

import json

from iamd.authorization.encoded_messages import encode_denial
from iamd.policy import Decision, Policies, Principal, Request, authorize
from tests.sts.cloud import ACCOUNT, OTHER, Cloud, allow

BAD = "InvalidAuthorizationMessageException: Message is not valid"


def denial() -> Decision:
    arn = f"arn:aws:iam::{ACCOUNT}:user/bob"
    principal = Principal(kind="user", account_id=ACCOUNT, arn=arn, principal_arn=arn, user_id="AIDAEXAMPLE")
    return authorize(
        Request(principal=principal, action="ec2:RunInstances", context={"aws:sourceip": "192.0.2.1"}), Policies()
    )


def test_who_may_decode_learns_what_was_denied(cloud: Cloud) -> None:
    alice = cloud.user("alice", allow("sts:DecodeAuthorizationMessage"))
    encoded = encode_denial(denial(), ACCOUNT, cloud.worlds[ACCOUNT].sealer)
    decoded = json.loads(cloud.ask("DecodeAuthorizationMessage", alice, EncodedMessage=encoded)["DecodedMessage"])
    assert decoded == {
        "allowed": False,
        "explicitDeny": False,
        "matchedStatements": {"items": []},
        "failures": {"items": []},
        "context": {
            "principal": {"id": "AIDAEXAMPLE", "name": "bob", "arn": f"arn:aws:iam::{ACCOUNT}:user/bob"},
            "action": "ec2:RunInstances",
            "resource": "*",
            "conditions": {"items": [{"key": "aws:sourceip", "values": {"items": [{"value": "192.0.2.1"}]}}]},
        },
    }


def test_it_needs_permission(cloud: Cloud) -> None:
    bob = cloud.user("bob")
    assert cloud.refusal("DecodeAuthorizationMessage", bob, EncodedMessage="x") == (
        f"AccessDenied: User: {bob.arn} is not authorized to perform: sts:DecodeAuthorizationMessage "
        "because no identity-based policy allows the sts:DecodeAuthorizationMessage action"
    )


def test_what_was_not_encoded_here_or_for_this_account_is_not_valid(cloud: Cloud) -> None:
    sealer = cloud.worlds[ACCOUNT].sealer
    encoded = encode_denial(denial(), ACCOUNT, sealer)
    foreign = encode_denial(denial(), OTHER, sealer)
    for text in (
        "x",
        encoded[:-4],
        encoded[:20] + "A" + encoded[21:],
        foreign,
        sealer.seal(b"{}", "AKIAIOSFODNN7EXAMPLE"),
    ):
        if text != encoded:
            assert cloud.refusal("DecodeAuthorizationMessage", cloud.root, EncodedMessage=text) == BAD

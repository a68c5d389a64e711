"""Audit events: what is recorded of a call that changed something."""

import msgspec

from iamd.call import Session, Source
from iamd.server.audit import audit_event
from iamd.wire.models import load_service
from tests.iam.world import World


def test_a_client_cannot_make_its_event_large() -> None:
    call = World().call("CreateUser")
    source = Source(ip="192.0.2.1", user_agent="a" * 60_000, host="h" * 60_000)
    operation = load_service("iam").operations["CreateUser"]
    event = msgspec.json.decode(
        audit_event(operation, {}, {}, msgspec.structs.replace(call, source=source), "123456789012")
    )
    assert event["userAgent"] == "a" * 1024
    assert event["tlsDetails"] == {"clientProvidedHostHeader": "h" * 1024}


def test_secrets_are_hidden() -> None:
    operation = load_service("iam").operations["CreateAccessKey"]
    key = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "secret"}
    event = msgspec.json.decode(
        audit_event(operation, {}, {"AccessKey": key}, World().call("CreateAccessKey"), "123456789012")
    )
    assert event["responseElements"] == {
        "accessKey": {"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": "HIDDEN_DUE_TO_SECURITY_REASONS"}
    }


def test_who_acted_in_a_role_is_told_with_the_role() -> None:
    world = World()
    session = Session(issued=1_700_000_000, expires=1_700_003_600, name="shift", source_identity="alice")
    caller = msgspec.structs.replace(
        world.role("Operator", "shift"), access_key_id="ASIAIOSFODNN7EXAMPLE", session=session
    )
    operation = load_service("iam").operations["CreateUser"]
    event = msgspec.json.decode(audit_event(operation, {}, {}, world.call("CreateUser", caller), "123456789012"))
    assert event["userIdentity"] == {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLEEXAMPLE123:shift",
        "arn": "arn:aws:sts::123456789012:assumed-role/Operator/shift",
        "accountId": "123456789012",
        "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLEEXAMPLE123",
                "arn": "arn:aws:iam::123456789012:role/Operator",
                "accountId": "123456789012",
                "userName": "Operator",
            },
            "attributes": {"creationDate": "2023-11-14T22:13:20Z", "mfaAuthenticated": "false"},
            "sourceIdentity": "alice",
        },
    }

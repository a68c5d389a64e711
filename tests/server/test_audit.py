"""Audit events: what is recorded of a call that changed something."""

import msgspec

from iamd.call import Source
from iamd.server.audit import audit_event
from iamd.wire.models import load_service
from tests.iam.world import World


def test_a_client_cannot_make_its_event_large() -> None:
    call = World().call("CreateUser")
    source = Source(ip="192.0.2.1", user_agent="a" * 60_000, host="h" * 60_000)
    operation = load_service("iam").operations["CreateUser"]
    event = msgspec.json.decode(audit_event(operation, {}, {}, msgspec.structs.replace(call, source=source)))
    assert event["userAgent"] == "a" * 1024
    assert event["tlsDetails"] == {"clientProvidedHostHeader": "h" * 1024}


def test_secrets_are_hidden() -> None:
    operation = load_service("iam").operations["CreateAccessKey"]
    key = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "secret"}
    event = msgspec.json.decode(audit_event(operation, {}, {"AccessKey": key}, World().call("CreateAccessKey")))
    assert event["responseElements"] == {
        "accessKey": {"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": "HIDDEN_DUE_TO_SECURITY_REASONS"}
    }

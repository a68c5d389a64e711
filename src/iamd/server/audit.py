"""Audit events: what CloudTrail records of a call, stored in the same commit as the change that it describes.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from iamd.account.operation import Input, Output
from iamd.call import Call, Caller, Session
from iamd.policy.matching import compile_any
from iamd.wire.models import OperationModel, redact

MAX_TEXT = 1024  # characters kept of what a client says of itself, as CloudTrail keeps of a user agent

_ISSUE_SESSIONS = frozenset({"AssumeRole", "AssumeRoleForService", "GetSessionToken"})
_TYPES = {"root": "Root", "user": "IAMUser", "role": "AssumedRole", "federated": "FederatedUser"}


def is_recorded(operation: OperationModel, input: Input, call: Call, chosen: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a call that changes nothing leaves an event all the same, at the price of a durable write.

    Sessions taken on with an MFA proof are people's, and those that must not go unseen; credentials for a service's
    workload are given out by an operator. Whoever becomes a member account's root user is told of before it is one.
    Of all other reads and sessions the request log alone tells, but of the ``chosen`` actions, with patterns of the
    roles that they are about.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-track-privileged-tasks.html
    """
    service = operation.service.prefix
    if service == "iamd" or operation.name == "AssumeRoot":
        return True
    if service == "sts" and operation.name in _ISSUE_SESSIONS:
        session = call.caller.session
        if call.mfa_time is not None or (session is not None and session.mfa_time is not None):
            return True
    patterns = chosen.get(f"{service}:{operation.name}") if chosen else None
    return patterns is not None and compile_any(patterns)(input.get("RoleArn", "*"))


def audit_event(operation: OperationModel, input: Input, output: Output, call: Call, account_id: str) -> bytes:
    """The event of a call that succeeded on an account, as JSON. Members that the model calls sensitive are hidden."""
    event = {
        "eventVersion": "1.11",
        "userIdentity": _user_identity(call.caller),
        "eventTime": _time(call.time),
        "eventSource": f"{operation.service.prefix}.amazonaws.com",
        "eventName": operation.name,
        "awsRegion": call.source.region,
        "sourceIPAddress": call.source.ip,
        "userAgent": call.source.user_agent[:MAX_TEXT],
        "requestParameters": _camel_case(redact(operation, input, "input")) or None,
        "responseElements": _camel_case(redact(operation, output, "output")) or None,
        "requestID": call.request_id,
        **_resources(input),
        "eventID": str(uuid.uuid4()),
        "readOnly": operation.name in _ISSUE_SESSIONS,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account_id,
        "eventCategory": "Management",
        "tlsDetails": {"clientProvidedHostHeader": call.source.host[:MAX_TEXT]},
    }
    return msgspec.json.encode(event, enc_hook=str)


def is_told_by_both(input: Input) -> bool:
    """Whether what a caller does in another account is its own account's business: it answers a delegation request.

    Its own account has the event of the call. The account that made the request has, in the commit of the change, one
    that tells no more than that it happened.
    """
    return "DelegationRequestId" in input


def told_event(operation: OperationModel, input: Input, call: Call, account_id: str) -> bytes:
    """What the account that made a delegation request hears of a call of another account, as JSON."""
    details = {"delegationRequestId": input["DelegationRequestId"]}
    return operator_event(operation.service.prefix, operation.name, details, account_id, call.time)


def _resources(input: Input) -> dict[str, Any]:
    """The role that a session is of."""
    arn = input.get("RoleArn", "")
    if not arn:
        return {}
    return {"resources": [{"accountId": arn.split(":")[4], "type": "AWS::IAM::Role", "ARN": arn}]}


def operator_event(service: str, name: str, details: Mapping[str, Any], account_id: str, time: int) -> bytes:
    """The event of what an operator of iamd did to an account with a command, as JSON.

    AWS's own acts on an account are told so:
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/non-api-aws-service-events.html
    """
    event = {
        "eventVersion": "1.11",
        "userIdentity": {"accountId": account_id, "invokedBy": f"{service}.amazonaws.com"},
        "eventTime": _time(time),
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": f"{service}.amazonaws.com",
        "userAgent": f"{service}.amazonaws.com",
        "requestParameters": None,
        "responseElements": None,
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsServiceEvent",
        "managementEvent": True,
        "recipientAccountId": account_id,
        "serviceEventDetails": details,
        "eventCategory": "Management",
    }
    return msgspec.json.encode(event)


def _user_identity(caller: Caller) -> dict[str, Any]:
    identity: dict[str, Any] = {
        "type": _TYPES.get(caller.kind, "AWSAccount"),
        "principalId": caller.user_id,
        "arn": caller.arn,
        "accountId": caller.account_id,
        "accessKeyId": caller.access_key_id,
    }
    if caller.kind == "user":
        identity["userName"] = caller.name
    if caller.session is not None:
        identity["sessionContext"] = _session_context(caller, caller.session)
    return identity


def _session_context(caller: Caller, session: Session) -> dict[str, Any]:
    """https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html"""
    attributes = {
        "creationDate": _time(session.issued),
        "mfaAuthenticated": "false" if session.mfa_time is None else "true",
    }
    context: dict[str, Any] = {"attributes": attributes}
    if session.assumed_root:
        context["assumedRoot"] = "true"
    if caller.kind == "role":
        context["sessionIssuer"] = {
            "type": "Role",
            "principalId": caller.entity_id,
            "arn": caller.principal_arn,
            "accountId": caller.account_id,
            "userName": caller.name,
        }
    if session.source_identity is not None:
        context["sourceIdentity"] = session.source_identity
    return context


def _camel_case(value: Any) -> Any:
    """Member names as CloudTrail writes them: ``UserName`` → ``userName``; times as text."""
    if isinstance(value, Mapping):
        return {
            key[:1].lower() + key[1:]: _time(item)
            if key.endswith("Date") and isinstance(item, int)
            else _camel_case(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_camel_case(item) for item in value]
    return value


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

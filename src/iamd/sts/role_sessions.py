"""The session of a role, however it was assumed.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_request.html
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from iamd.account.operation import Input
from iamd.account.records import Role
from iamd.account.state import Account
from iamd.arn import assumed_role_arn
from iamd.authentication.session_token import SessionAttributes, SessionCredential
from iamd.call import Assertion, Call
from iamd.errors import InternalFailure, ValidationError
from iamd.sts.sessions import issue, pack_attributes, session_attributes

DEFAULT_DURATION: Final = 3_600  # seconds


class RoleSession(Struct, frozen=True, kw_only=True):
    """What a session of a role is to be."""

    role: Role
    name: str
    duration: int  # seconds
    attributes: SessionAttributes
    source_identity: str | None = None
    federated_provider: str | None = None
    federated_context: Mapping[str, str | tuple[str, ...]] = {}


def issue_role_session(session: RoleSession, input: Input, call: Call) -> dict[str, Any]:
    """What AssumeRole and its kin answer in common. Raises PackedPolicyTooLarge."""
    role = session.role
    packed, percent = pack_attributes(session.attributes)
    credential = SessionCredential(
        kind="role",
        account_id=role.account_id,
        entity_id=role.id,
        name=session.name,
        secret_access_key=call.new_secret_access_key(),
        issued=call.time,
        expires=call.time + session.duration,
        packed=packed,
        source_identity=session.source_identity,
        federated_provider=session.federated_provider,
        federated_context=tuple(session.federated_context.items()),
    )
    answer: dict[str, Any] = {
        "Credentials": issue(credential, input, call),
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role.id}:{session.name}",
            "Arn": assumed_role_arn(role.account_id, role.name, session.name),
        },
    }
    if any(input.get(member) for member in ("Policy", "PolicyArns", "Tags")):
        answer["PackedPolicySize"] = percent
    if session.source_identity is not None:
        answer["SourceIdentity"] = session.source_identity
    return answer


def issue_federated_session(account: Account, input: Input, call: Call) -> dict[str, Any]:
    """The answer to a user of an identity provider, whose assertion was verified and whom the role trusts.

    Raises ValidationError for a duration that the role does not allow, and what ``session_attributes`` raises.
    """
    role, assertion = account.find_role_by_arn(input["RoleArn"]), call.caller.assertion
    if role is None or assertion is None or assertion.session_name is None:
        raise InternalFailure("A role that does not exist, or a caller without an assertion, was authorized.")
    duration = _duration(role, assertion, input, call)
    input = {
        **input,
        "Tags": [{"Key": key, "Value": value} for key, value in assertion.tags],
        "TransitiveTagKeys": list(assertion.transitive_tag_keys),
    }
    session = RoleSession(
        role=role,
        name=assertion.session_name,
        duration=duration,
        attributes=session_attributes(account, input, None),
        source_identity=assertion.source_identity,
        federated_provider=assertion.provider,
        federated_context=assertion.session_context,
    )
    return issue_role_session(session, input, call) | dict(assertion.shown)


def _duration(role: Role, assertion: Assertion, input: Input, call: Call) -> int:
    """Seconds: what was asked for and the role allows, cut where the provider says that its user's session ends.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html
    """
    duration: int = input.get("DurationSeconds", DEFAULT_DURATION)
    if duration > role.max_session_duration:
        raise ValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    if assertion.max_duration is not None:
        duration = min(duration, assertion.max_duration)
    return duration if assertion.ends is None else min(duration, assertion.ends - call.time)

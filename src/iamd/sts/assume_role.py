"""AssumeRole: a session with the permissions of a role, for whoever its trust policy trusts.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from iamd.account.operation import Answer, Input
from iamd.account.records import Role
from iamd.account.state import Account
from iamd.call import Call, Caller
from iamd.errors import InternalFailure, InvalidParameterValue, ValidationError
from iamd.sts.role_sessions import DEFAULT_DURATION, RoleSession, issue_role_session
from iamd.sts.sessions import session_attributes

MAX_CHAINED_DURATION = 3_600  # seconds


def assume_role(account: Account, input: Input, call: Call) -> Answer:
    """``account`` is the role's. That the role exists and trusts the caller is decided before.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    role = account.find_role_by_arn(input["RoleArn"])
    if role is None:
        raise InternalFailure("A role that does not exist was authorized.")
    duration = _duration(role, input, call.caller)
    for context in input.get("ProvidedContexts", ()):
        raise InvalidParameterValue(f"The context provider {context.get('ProviderArn', '')} is unknown.")
    source_identity = _source_identity(input, call.caller)
    session = RoleSession(
        role=role,
        name=input["RoleSessionName"],
        duration=duration,
        attributes=session_attributes(account, input, call.caller.session if call.caller.kind == "role" else None),
        source_identity=source_identity,
    )
    return issue_role_session(session, input, call), []


def _duration(role: Role, input: Input, caller: Caller) -> int:
    """Seconds. Raises ValidationError for more than the role, or a chain of roles, allows.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
    """
    duration: int = input.get("DurationSeconds", DEFAULT_DURATION)
    if duration > role.max_session_duration:
        raise ValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    if caller.kind == "role" and duration > MAX_CHAINED_DURATION:
        raise ValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )
    return duration


def _source_identity(input: Input, caller: Caller) -> str | None:
    """The source identity of the session: the one that the calling session has, which nobody can change, or a new one.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    """
    requested: str | None = input.get("SourceIdentity")
    given = None if caller.session is None else caller.session.source_identity
    if given is not None and requested not in (None, given):
        raise ValidationError("The source identity is already set for this assume role session")
    return given or requested

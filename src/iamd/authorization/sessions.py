"""What a kind of credential may not call at all, whatever its policies say.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
"""

from collections.abc import Mapping

from iamd.call import Caller
from iamd.errors import AccessDenied, InvalidClientTokenId
from iamd.wire.models import OperationModel

# Of STS's operations, those that a session of a user, of root or of a federated user may call; a role's may call all
# others than these two.
_OF_SESSIONS: Mapping[str, frozenset[str]] = {
    "user": frozenset({"AssumeRole", "GetCallerIdentity"}),
    "root": frozenset({"AssumeRole", "GetCallerIdentity"}),
    "federated": frozenset({"GetCallerIdentity"}),
}
_NOT_BY_ROLES = frozenset({"GetFederationToken", "GetSessionToken"})


def verify_may_call(operation: OperationModel, caller: Caller) -> None:
    """Raise AccessDenied or InvalidClientTokenId, in AWS's words, if the caller's credential is none for this."""
    service, name = operation.service.name, operation.name
    if caller.session is not None:
        if service == "sts":
            allowed = _OF_SESSIONS.get(caller.kind)
            if name in _NOT_BY_ROLES if allowed is None else name not in allowed:
                kind = "federation" if caller.kind == "federated" else "session"
                raise AccessDenied(f"Cannot call {name} with {kind} credentials")
        elif service in ("iam", "iamd") and (caller.kind == "federated" or _lacks_mfa(caller)):
            raise InvalidClientTokenId("The security token included in the request is invalid")
    if caller.kind == "root" and name in ("AssumeRole", "AssumeRoleForService"):
        raise AccessDenied("Roles may not be assumed by root accounts.")


def _lacks_mfa(caller: Caller) -> bool:
    """Whether it is a GetSessionToken session made without MFA."""
    session = caller.session
    if caller.kind not in ("user", "root") or session is None or session.assumed_root or session.delegated:
        return False
    return session.mfa_time is None

"""GetSessionToken: temporary credentials of the same user, which can carry the proof of an MFA device.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
"""

from typing import Literal

from iamd.account.operation import Answer, Input
from iamd.account.state import Account
from iamd.authentication.session_token import SessionCredential
from iamd.call import Call, Caller
from iamd.sts.sessions import issue

DEFAULT_DURATION = 43_200  # seconds
MAX_DURATION_OF_ROOT = 3_600  # seconds


def get_session_token(account: Account, input: Input, call: Call) -> Answer:
    """Needs no permission, and no policy can deny it.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
    """
    kind: Literal["root", "user"] = "root" if call.caller.kind == "root" else "user"
    credential = SessionCredential(
        kind=kind,
        account_id=account.account_id,
        entity_id=call.caller.entity_id,
        secret_access_key=call.new_secret_access_key(),
        issued=call.time,
        expires=call.time + own_duration(input, call.caller),
        mfa_time=call.mfa_time,
    )
    return {"Credentials": issue(credential, input, call)}, []


def own_duration(input: Input, caller: Caller) -> int:
    """How many seconds a session of a user or of one federated by it lasts: of root at most an hour, whatever it asks.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
    """
    duration: int = input.get("DurationSeconds", DEFAULT_DURATION)
    return min(duration, MAX_DURATION_OF_ROOT) if caller.kind == "root" else duration

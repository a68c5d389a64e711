"""Spends the MFA code that a request to STS carries, before anything is authorized with it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
"""

from iamd.account.changes import Put
from iamd.account.operation import Input
from iamd.account.state import Account
from iamd.authentication.mfa import NOT_ASSOCIATED, verify_mfa_code
from iamd.call import Caller, Sealer
from iamd.errors import AccessDenied
from iamd.replica.replica import Replica, Written
from iamd.wire.models import OperationModel


async def spend_mfa_code(
    operation: OperationModel, input: Input, caller: Caller, time: int, replica: Replica, sealer: Sealer
) -> int | None:
    """``time`` if the request proves that the caller has its MFA device at hand, None if it does not say so.

    INVARIANT: the code is spent, and durably so, before anyone relies on it; whether the call is then allowed makes no
    difference. This one write apart, STS answers from memory. Raises AccessDenied in AWS's words.
    """
    if operation.service.name != "sts":
        return None  # IAM's operations on devices name them for other reasons
    serial_number, code = input.get("SerialNumber"), input.get("TokenCode")
    if serial_number is None and code is None:
        return None
    if serial_number is None or code is None:
        raise AccessDenied(
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
        )
    if caller.kind not in ("user", "root"):
        raise AccessDenied(NOT_ASSOCIATED)

    def run(account: Account) -> Written:
        return Written(None, [Put(verify_mfa_code(account, caller.entity_id, serial_number, code, time, sealer))], None)

    await replica.write(caller.account_id, run)
    return time

"""Codes of MFA devices: time-based one-time passwords of six digits, a new one every 30 seconds.

https://www.rfc-editor.org/rfc/rfc6238
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa.html
"""

import hmac
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from msgspec.structs import replace

from iamd.account.ids import BASE32, Choose
from iamd.account.records import MFADevice
from iamd.account.state import Account
from iamd.call import Sealer
from iamd.errors import AccessDenied, InvalidAuthenticationCode

STEP_SECONDS: Final = 30
ACCEPTED_STEPS: Final = 1  # how many steps before and after the present one a code may be from
SEARCHED_STEPS: Final = 120  # the same for two consecutive codes, which tell how far off a device's clock is: an hour
SEED_LENGTH: Final = 64  # base32 characters: 40 bytes

# A code is one of a million, and three are good at a time: who may guess on and on is in within minutes.
MAX_WRONG_CODES: Final = 10
WRONG_CODE_SECONDS: Final = 300  # how long a wrong code counts

NOT_ASSOCIATED = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  "
    "Please verify your MFA serial number is valid and associated with this user."
)
NOT_VALID = "Authentication code for device is not valid."
WRONG_CODE = "MultiFactorAuthentication failed with invalid MFA one time pass code. "


def new_seed(choose: Choose) -> str:
    """A fresh seed in base32, as authenticator applications take it."""
    return choose(BASE32, SEED_LENGTH)


def code_at(seed: bytes, step: int) -> str:
    """The code of a device for a step, which is the time in epoch seconds by 30."""
    # RFC 6238 and all authenticator applications: SHA-1, which is sound in an HMAC.
    return HOTP(seed, 6, SHA1()).generate(step).decode("ascii")  # noqa: S303


def verify_mfa_code(
    account: Account, owner_id: str, serial_number: str, code: str, time: int, sealer: Sealer
) -> MFADevice:
    """The device of ``owner_id`` (a user's unique id, or root's account id) with ``code`` spent.

    INVARIANT: the caller puts the device returned in the same commit as what the code was for. Commits to an account
    are serial, so no code is good twice, in whatever process. Raises AccessDenied, as STS words it, for a device that
    is not the owner's, for a code that is not the device's at ``time`` (epoch seconds, one step more or less), that
    was used before, and for any code while too many wrong ones were tried.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
    """
    device = account.find_mfa_device(serial_number)
    if device is None or device.owner_id != owner_id or device.sealed_seed is None:
        raise AccessDenied(NOT_ASSOCIATED)  # a security key shows no codes
    wrong = _recent_wrong_codes(account, device, time)
    if len(wrong) >= MAX_WRONG_CODES:
        raise AccessDenied(WRONG_CODE)
    present = time // STEP_SECONDS + device.drift
    step = _find_step(unseal_seed(device, sealer), (code,), _steps_around(present, ACCEPTED_STEPS))
    if step is None or step <= device.last_step:
        wrong[code] = time  # by code: an operation that runs again guesses only once
        raise AccessDenied(WRONG_CODE)
    return replace(device, last_step=step)


def verify_consecutive_codes(device: MFADevice, codes: tuple[str, str], time: int, sealer: Sealer) -> MFADevice:
    """The device with its clock's drift set by two codes of which one follows the other, and both spent.

    Raises InvalidAuthenticationCode.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ResyncMFADevice.html
    """
    if device.sealed_seed is None:
        raise InvalidAuthenticationCode(NOT_VALID)
    present = time // STEP_SECONDS
    step = _find_step(unseal_seed(device, sealer), codes, _steps_around(present, SEARCHED_STEPS))
    if step is None or step <= device.last_step:
        raise InvalidAuthenticationCode(NOT_VALID)
    last_step = step + len(codes) - 1
    return replace(device, last_step=last_step, drift=last_step - present)


def unseal_seed(device: MFADevice, sealer: Sealer) -> bytes:
    """The seed of a device that has one. Raises ``SealBroken``."""
    assert device.sealed_seed is not None
    return sealer.unseal(device.sealed_seed, device.serial_number)


def _steps_around(step: int, reach: int) -> range:
    return range(max(step - reach, 0), step + reach + 1)


def _find_step(seed: bytes, codes: tuple[str, ...], steps: range) -> int | None:
    """The latest of ``steps`` at which the device shows the first code, then the others. Looks at every step alike."""
    given = "".join(codes).encode()
    shown = [code_at(seed, step) for step in range(steps.start, steps.stop + len(codes) - 1)]
    found = None
    for index, step in enumerate(steps):
        if hmac.compare_digest("".join(shown[index : index + len(codes)]).encode("ascii"), given):
            found = step
    return found


def _recent_wrong_codes(account: Account, device: MFADevice, time: int) -> dict[str, int]:
    """When which wrong code was tried lately, in this process; those of long ago are forgotten."""
    wrong = account.wrong_mfa_codes.setdefault(device.key, {})
    for code in [code for code, tried in wrong.items() if tried <= time - WRONG_CODE_SECONDS]:
        del wrong[code]
    return wrong

"""MFA devices that the API does not make: hardware tokens that an operator brings, security keys that are registered.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_enable_physical.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_enable_fido.html
"""

import base64
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from iamd.account import ids
from iamd.account.changes import Put
from iamd.account.records import MFADevice, SecurityKey, User
from iamd.account.state import Account
from iamd.arn import iam_arn
from iamd.call import Call, Sealer
from iamd.errors import EntityAlreadyExists
from iamd.iam.users import owner_id_of

MAX_TOKENS: Final = 1_000  # in one file, which one commit takes
_SERIAL: Final = re.compile(r"[A-Za-z0-9-]{9,64}", re.ASCII)  # what requests can name, and no ARN


class Token(NamedTuple):
    """A hardware token: its serial number, and the secret in it that makes the codes."""

    serial: str
    seed: bytes

    def __repr__(self) -> str:
        return f"Token({self.serial})"  # no secret


class InvalidTokenFile(ValueError):
    """A file of tokens that cannot be used; the message names the line."""


def read_tokens(text: str, encoding: str) -> Iterator[Token]:
    """The tokens of a vendor's seed file: on each line a serial number and a seed, with a comma or blanks between.

    ``encoding`` of the seeds is ``hex`` or ``base32``. Empty lines and those that begin with # say nothing. Raises
    InvalidTokenFile, which never shows a seed.
    """
    known: set[str] = set()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = line.replace(",", " ").split()
        if len(parts) != 2:
            raise InvalidTokenFile(f"Line {number} is no serial number and seed.")
        serial, encoded = parts
        if not _SERIAL.fullmatch(serial):
            raise InvalidTokenFile(f"Line {number}: a serial number has 9 to 64 letters, digits and hyphens.")
        if serial in known:
            raise InvalidTokenFile(f"Line {number} has the serial number {serial} a second time.")
        known.add(serial)
        if len(known) > MAX_TOKENS:
            raise InvalidTokenFile(f"The file has more than {MAX_TOKENS} tokens.")
        try:
            seed = (
                bytes.fromhex(encoded) if encoding == "hex" else base64.b32decode(encoded + "=" * (-len(encoded) % 8))
            )
        except ValueError:
            raise InvalidTokenFile(f"Line {number} has a seed that is not {encoding}.") from None
        if not 16 <= len(seed) <= 64:
            raise InvalidTokenFile(f"Line {number} has a seed of {len(seed)} bytes; tokens have 16 to 64.")
        yield Token(serial, seed)


def add_token(account: Account, token: Token, time: int, sealer: Sealer) -> Put:
    """Let the account have a hardware token, nobody's yet. Raises EntityAlreadyExists if it has it."""
    if account.mfa_devices.find(token.serial):
        raise EntityAlreadyExists(f"Account {account.account_id} already has the token {token.serial}.")
    return Put(
        MFADevice(
            account_id=account.account_id,
            name=token.serial,
            serial=token.serial,
            sealed_seed=sealer.seal(token.seed, token.serial),
            created=time,
        )
    )


def register_security_key(account: Account, owner: User | None, name: str, key: SecurityKey, call: Call) -> Put:
    """Enable a passkey or security key, whose registration was verified, for a user, or for root, which is None.

    No operation of the API leads here, as none of AWS's does: who registers a key stands before a page in a browser.
    Raises EntityAlreadyExists if the owner has a key of that name, LimitExceeded at 8 devices.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
    """
    owner_id = owner_id_of(account, owner)
    devices = account.mfa_devices_of(owner_id)
    if any(device.security_key is not None and device.name == name for device in devices):
        raise EntityAlreadyExists("MFA device already exists.")
    account.require_room("MFADevicesPerUser", len(devices))
    holder = f"user/{owner.name}" if owner else "root-account"
    random = call.choose(ids.BASE32, 26)
    return Put(
        MFADevice(
            account_id=account.account_id,
            name=name,
            serial=iam_arn(account.account_id, "u2f", f"/{holder}/", f"{name}-{random}"),
            security_key=key,
            created=call.time,
            owner_id=owner_id,
            enabled=call.time,
        )
    )

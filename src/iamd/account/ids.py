"""Unique ids and access key ids, as AWS forms them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
"""

import re
import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

Choose: TypeAlias = Callable[[str, int], str]
"""Draws so many letters of an alphabet."""

USER = "AIDA"
GROUP = "AGPA"
ROLE = "AROA"
POLICY = "ANPA"
INSTANCE_PROFILE = "AIPA"
PUBLIC_KEY = "APKA"
SERVER_CERTIFICATE = "ASCA"
SERVICE_SPECIFIC_CREDENTIAL = "ACCA"
SAML_PROVIDER = "SAMLSP"  # of its private keys too
ACCESS_KEY = "AKIA"
TEMPORARY_ACCESS_KEY = "ASIA"

BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
SECRET_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"  # noqa: S105 - not a secret
_ACCOUNT_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_HEXADECIMAL = "0123456789abcdef"
_BASE32_VALUE = {letter: value for value, letter in enumerate(BASE32)}


def new_certificate_id(choose: Choose) -> str:
    """The id of a user's signing certificate: 32 characters without a prefix."""
    return choose(BASE32, 32)


def new_public_key_id(choose: Choose) -> str:
    """The id of a user's SSH public key: 20 characters, as access keys have."""
    return PUBLIC_KEY + choose(BASE32, 16)


def new_unique_id(prefix: str, choose: Choose) -> str:
    """``prefix`` and 17 random characters (85 bits): 21 in all, as users, roles, groups and policies have."""
    return prefix + choose(BASE32, 17)


def new_account_uuid(account_id: str, choose: Choose) -> str:
    """A fresh UUID whose first 40 bits are the account's number.

    So whoever has the id of an issuer or a delegation request finds it without an index of all accounts. https://www.rfc-editor.org/rfc/rfc9562#section-5.8
    """
    digits = f"{int(account_id):010x}" + choose(_HEXADECIMAL, 20)
    return f"{digits[:8]}-{digits[8:12]}-8{digits[12:15]}-{choose('89ab', 1)}{digits[15:18]}-{digits[18:30]}"


def find_account_of_uuid(uuid: str) -> str | None:
    """The account that such an id carries, or None if it has not the form of ``new_account_uuid``."""
    if not _ACCOUNT_UUID.fullmatch(uuid):
        return None
    number = int(uuid.replace("-", "")[:10], 16)
    return f"{number:012}" if number < 10**12 else None


def new_uuid(choose: Choose) -> str:
    """A random UUID, version 4, as jobs and tasks are named."""
    digits = choose(_HEXADECIMAL, 30)
    return f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-{choose('89ab', 1)}{digits[15:18]}-{digits[18:]}"


# An access key id is 20 characters: the prefix, then 80 bits in base32. As in AWS's own ids, where tools decode it, the
# account number stands in the 40 bits after the first: 1 set bit, 40 bits of account number, 34 random bits and 5 bits
# that check all the rest, so that a mistyped id is refused before anything is looked up.


def new_access_key_id(prefix: str, account_id: str, choose: Choose) -> str:
    """A fresh access key id of ``account_id`` (12 digits); ``prefix`` is AKIA or ASIA."""
    random = 0
    for letter in choose(BASE32, 7):
        random = random << 5 | _BASE32_VALUE[letter]
    number = 1 << 74 | int(account_id) << 34 | random & (1 << 34) - 1
    body = prefix + "".join([BASE32[number >> shift & 31] for shift in range(70, -1, -5)])
    return body + _check_character(body)


def find_account_id(access_key_id: str) -> str | None:
    """The account that an access key id carries, or None if it is not an id that ``new_access_key_id`` forms."""
    return _decode_account_id(access_key_id) if len(access_key_id) == 20 else None


@lru_cache(maxsize=10_000)
def _decode_account_id(access_key_id: str) -> str | None:
    body, check = access_key_id[:-1], access_key_id[-1]
    if body[:4] not in (ACCESS_KEY, TEMPORARY_ACCESS_KEY):
        return None
    number = 0
    for letter in body[4:]:
        value = _BASE32_VALUE.get(letter)
        if value is None:
            return None
        number = number << 5 | value
    account = number >> 34 & (1 << 40) - 1
    if not number >> 74 or account >= 10**12 or check != _check_character(body):
        return None
    return f"{account:012}"


def _check_character(body: str) -> str:
    return BASE32[zlib.crc32(body.encode("ascii")) & 31]

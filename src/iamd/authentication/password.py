"""Passwords: how they are kept, what the account demands of them, and when they expire.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
"""

import secrets
from collections.abc import Iterable
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from iamd.account.records import LoginProfile, PasswordPolicy
from iamd.call import Sealer
from iamd.errors import PasswordPolicyViolation

KEPT_HASHES: Final = 24  # what PasswordReusePrevention can reach back to, the current one included
DAY: Final = 86_400  # seconds

_SYMBOLS: Final = frozenset("!@#$%^&*()_+-=[]{}|'")
_DEFAULT_MINIMUM_LENGTH: Final = 8
_DEFAULT_CLASSES: Final = 3  # of the four below

# argon2id with the least that OWASP recommends (docs/decisions/0007):
# https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16)


def hash_password(password: str) -> str:
    """The argon2id hash of ``password`` with a fresh salt. Slow: ask for it with ``Call.compute``."""
    return _HASHER.hash(password)


def hash_unknown_password() -> str:
    """The hash of a random password that nobody is told. Slow: ask for it with ``Call.compute``."""
    return hash_password(secrets.token_urlsafe(32))


def is_one_of(password: str, hashes: Iterable[str]) -> bool:
    """Whether one of ``hashes`` is of ``password``. Slow: ask for it with ``Call.compute``.

    Raises ``argon2.exceptions.InvalidHashError`` for a text that is no hash.
    """
    return any(_is(password, known) for known in hashes)


def _is(password: str, known: str) -> bool:
    try:
        return _HASHER.verify(known, password)
    except VerifyMismatchError:
        return False


def unseal_hashes(profile: LoginProfile, sealer: Sealer, count: int) -> tuple[str, ...]:
    """The hashes of the last ``count`` passwords, the current one first. Raises ``SealBroken``."""
    sealed = (profile.sealed_hash, *profile.previous_hashes)[:count]
    return tuple(sealer.unseal(each, profile.seal_context).decode("ascii") for each in sealed)


def verify_strength(password: str, policy: PasswordPolicy | None, names: Iterable[str]) -> None:
    """Raise PasswordPolicyViolation unless ``password`` is what ``policy``, or AWS's default, demands.

    ``names`` are those of the account, which the default forbids.
    """
    lacking = _lacking_classes(password)
    minimum_length = policy.minimum_length if policy else _DEFAULT_MINIMUM_LENGTH
    violations = []
    if len(password) < minimum_length:
        violations.append(f"Password should have a minimum length of {minimum_length}")
    if policy is None:
        more = len(lacking) - (4 - _DEFAULT_CLASSES)
        if more > 0:
            wanted = ", ".join(lacking.values())
            violations.append(f"Password should meet {more} more of the following requirements: {wanted}")
        if password.lower() in {name.lower() for name in names}:
            violations.append("Password should not be the name of the account")
    else:
        required = {
            "uppercase": policy.require_uppercase,
            "lowercase": policy.require_lowercase,
            "number": policy.require_numbers,
            "symbol": policy.require_symbols,
        }
        violations += [violation for name, violation in lacking.items() if required[name]]
    if violations:
        raise PasswordPolicyViolation(", ".join(violations))


def _lacking_classes(password: str) -> dict[str, str]:
    """The classes of characters that ``password`` has none of, each with AWS's demand for one."""
    present = {
        "uppercase": any("A" <= character <= "Z" for character in password),
        "lowercase": any("a" <= character <= "z" for character in password),
        "number": any("0" <= character <= "9" for character in password),
        "symbol": not _SYMBOLS.isdisjoint(password),
    }
    demands = {
        "uppercase": "Password should have at least one uppercase letter",
        "lowercase": "Password should have at least one lowercase letter",
        "number": "Password should have at least one number",
        "symbol": "Password should have at least one symbol",
    }
    return {name: demand for name, demand in demands.items() if not present[name]}


def find_expiry(profile: LoginProfile, policy: PasswordPolicy | None) -> int | None:
    """When the password expires (epoch seconds), None if never. The policy of now counts, whenever it was set.

    With ``hard_expiry`` the user cannot choose a new one afterwards at sign-in; access keys do not expire with it.
    """
    if policy is None or policy.max_age is None:
        return None
    return profile.changed + policy.max_age * DAY

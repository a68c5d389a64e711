"""Codes of MFA devices: whose, when, how often, and how many guesses there are."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from msgspec.structs import replace

from iamd.account.records import MFADevice
from iamd.authentication.mfa import MAX_WRONG_CODES, WRONG_CODE_SECONDS, code_at, verify_mfa_code
from iamd.call import SealBroken
from iamd.errors import AccessDenied
from tests.iam.world import ACCOUNT_ID, CREATED, NOW, World

SEED = bytes(range(40))
PHONE = f"arn:aws:iam::{ACCOUNT_ID}:mfa/phone"
WRONG = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
UNKNOWN = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  "
    "Please verify your MFA serial number is valid and associated with this user."
)


@pytest.fixture
def world() -> World:
    """Bob's phone."""
    world = World()
    device = MFADevice(account_id=ACCOUNT_ID, name="phone", sealed_seed="", created=CREATED, owner_id="AIDABOB")
    world.put(replace(device, sealed_seed=world.sealer.seal(SEED, PHONE), enabled=CREATED))
    return world


def shown(time: int) -> str:
    """What an authenticator application shows."""
    return TOTP(SEED, 6, SHA1(), 30).generate(time).decode()  # noqa: S303


def verify(world: World, code: str, owner_id: str = "AIDABOB", serial_number: str = PHONE, time: int = NOW) -> str:
    """``right``, and the code is spent, or the refusal."""
    try:
        device = verify_mfa_code(world.account, owner_id, serial_number, code, time, world.sealer)
    except AccessDenied as error:
        return str(error.message)
    world.put(device)
    return "right"


def test_codes_are_those_that_applications_show() -> None:
    for time in (59, 1_111_111_109, NOW, 20_000_000_000):
        assert code_at(SEED, time // 30) == shown(time)


@pytest.mark.parametrize(
    ("seconds", "answer"), [(-60, WRONG), (-30, "right"), (0, "right"), (30, "right"), (60, WRONG)]
)
def test_a_code_may_be_one_step_early_or_late(world: World, seconds: int, answer: str) -> None:
    assert verify(world, shown(NOW + seconds)) == answer


def test_a_device_whose_clock_is_off_is_met_there(world: World) -> None:
    world.put(replace(world.account.get_mfa_device(PHONE), drift=10))
    assert verify(world, shown(NOW)) == WRONG
    assert verify(world, shown(NOW + 300)) == "right"


def test_a_code_is_good_once_and_none_before_it_after_it(world: World) -> None:
    assert verify(world, shown(NOW)) == "right"
    assert verify(world, shown(NOW)) == WRONG
    assert verify(world, shown(NOW - 30)) == WRONG
    assert verify(world, shown(NOW + 30)) == "right"


@pytest.mark.parametrize(
    ("owner_id", "serial_number"),
    [
        ("AIDAALICE", PHONE),
        (ACCOUNT_ID, PHONE),
        ("AIDABOB", f"{PHONE}2"),
        ("AIDABOB", "phone"),
        ("AIDABOB", "arn:aws:iam::111122223333:mfa/phone"),
    ],
)
def test_only_the_owners_device_counts(world: World, owner_id: str, serial_number: str) -> None:
    assert verify(world, shown(NOW), owner_id, serial_number) == UNKNOWN


@pytest.mark.parametrize("code", ["", "12345", "1234567", "１２３４５６", "abcdef", " 12345"])
def test_what_is_no_code_is_wrong(world: World, code: str) -> None:
    assert verify(world, code) == WRONG


def test_who_guesses_too_often_waits(world: World) -> None:
    good = {shown(NOW + seconds) for seconds in (-30, 0, 30)}
    guesses = [f"{number:06}" for number in range(MAX_WRONG_CODES + 3) if f"{number:06}" not in good]
    for guess in guesses[: MAX_WRONG_CODES - 1]:
        assert verify(world, guess) == WRONG
        assert verify(world, guess) == WRONG  # the same again is no further guess
    assert verify(world, shown(NOW)) == "right"
    assert verify(world, guesses[MAX_WRONG_CODES - 1]) == WRONG
    assert verify(world, shown(NOW + 30)) == WRONG
    later = NOW + WRONG_CODE_SECONDS
    assert verify(world, shown(later), time=later) == "right"


def test_a_device_that_was_altered_in_the_store_lets_nobody_in(world: World) -> None:
    other: Any = world.sealer.seal(SEED, f"{PHONE}2")
    world.put(replace(world.account.get_mfa_device(PHONE), sealed_seed=other))
    with pytest.raises(SealBroken):
        verify(world, shown(NOW))

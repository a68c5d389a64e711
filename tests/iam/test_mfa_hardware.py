"""Hardware tokens and security keys: brought and registered, enabled, listed, and gone again."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from iamd.account.records import MFADevice, SecurityKey
from iamd.authentication.mfa import NOT_ASSOCIATED, verify_mfa_code
from iamd.errors import AccessDenied, EntityAlreadyExists, LimitExceeded
from iamd.iam.account_settings import get_account_summary
from iamd.iam.mfa_devices import (
    create_virtual_mfa_device,
    deactivate_mfa_device,
    delete_virtual_mfa_device,
    enable_mfa_device,
    get_mfa_device,
    list_mfa_device_tags,
    list_mfa_devices,
    list_virtual_mfa_devices,
    resync_mfa_device,
    tag_mfa_device,
    untag_mfa_device,
)
from iamd.iam.mfa_hardware import InvalidTokenFile, Token, add_token, read_tokens, register_security_key
from iamd.iam.users import delete_user
from tests.iam.world import ACCOUNT_ID, NOW, World

SERIAL = "GAHT12345678"
SEED = bytes(range(20))
KEY = SecurityKey(credential_id="AQIDBA", public_key="pQECAyYgASFY", certifications={"FIDO": "L1", "FIPS-140-2": "L2"})

pytestmark = pytest.mark.usefixtures("bob_and_alice")


def codes(time: int) -> dict[str, str]:
    """The code of the token before the one that it shows at ``time``, and that one."""
    totp = TOTP(SEED, 6, SHA1(), 30)  # noqa: S303
    return {
        "AuthenticationCode1": totp.generate(time - 30).decode(),
        "AuthenticationCode2": totp.generate(time).decode(),
    }


@pytest.fixture
def token(world: World) -> None:
    """The account has a hardware token that is nobody's."""
    world.account.apply(add_token(world.account, Token(SERIAL, SEED), NOW, world.sealer))


def register(world: World, name: str = "yubi", owner: str | None = "Bob") -> str:
    """Register a security key; its serial number."""
    user = world.account.get_user(owner) if owner else None
    change = register_security_key(world.account, user, name, KEY, world.call("EnableMFADevice"))
    world.account.apply(change)
    assert isinstance(change.record, MFADevice)
    return change.record.serial_number


# Hardware tokens ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("token")
def test_a_token_is_enabled_by_its_serial_number_and_two_codes(world: World) -> None:
    world.run(enable_mfa_device, UserName="Bob", SerialNumber=SERIAL, **codes(NOW))
    assert world.run(list_mfa_devices, UserName="Bob")["MFADevices"] == [
        {"UserName": "Bob", "SerialNumber": SERIAL, "EnableDate": NOW}
    ]
    world.time += 60
    code = codes(world.time)["AuthenticationCode2"]
    spent = verify_mfa_code(world.account, "AIDABOB", SERIAL, code, world.time, world.sealer)
    assert spent.last_step == world.time // 30
    world.run(resync_mfa_device, UserName="Bob", SerialNumber=SERIAL, **codes(world.time))


@pytest.mark.usefixtures("token")
def test_a_token_stays_with_the_account_when_it_is_deactivated(world: World) -> None:
    world.run(enable_mfa_device, UserName="Bob", SerialNumber=SERIAL, **codes(NOW))
    world.run(deactivate_mfa_device, UserName="Bob", SerialNumber=SERIAL)
    world.time += 90
    world.run(enable_mfa_device, UserName="Alice", SerialNumber=SERIAL, **codes(world.time))
    assert world.refusal(enable_mfa_device, UserName="Bob", SerialNumber=SERIAL, **codes(world.time)) == (
        "EntityAlreadyExists: MFA Device is already in use."
    )


@pytest.mark.usefixtures("token")
def test_root_may_have_a_token(world: World) -> None:
    world.run(enable_mfa_device, UserName=ACCOUNT_ID, SerialNumber=SERIAL, **codes(NOW))
    assert world.run(get_account_summary)["SummaryMap"]["AccountMFAEnabled"] == 1
    assert world.run(list_mfa_devices)["MFADevices"] == [{"SerialNumber": SERIAL, "EnableDate": NOW}]


@pytest.mark.usefixtures("token")
def test_a_token_is_no_virtual_device(world: World) -> None:
    missing = f"NoSuchEntity: MFA Device with serial number {SERIAL} does not exist."
    assert world.run(list_virtual_mfa_devices)["VirtualMFADevices"] == []
    assert world.refusal(delete_virtual_mfa_device, SerialNumber=SERIAL) == missing
    assert world.refusal(tag_mfa_device, SerialNumber=SERIAL, Tags=[{"Key": "a", "Value": "b"}]) == missing
    assert world.refusal(untag_mfa_device, SerialNumber=SERIAL, TagKeys=["a"]) == missing
    assert world.refusal(list_mfa_device_tags, SerialNumber=SERIAL) == missing


@pytest.mark.usefixtures("token")
def test_the_summary_counts_tokens_in_use(world: World) -> None:
    def counts() -> tuple[int, int]:
        summary = world.run(get_account_summary)["SummaryMap"]
        return summary["MFADevices"], summary["MFADevicesInUse"]

    assert counts() == (0, 0)
    world.run(enable_mfa_device, UserName="Bob", SerialNumber=SERIAL, **codes(NOW))
    assert counts() == (1, 1)


def test_a_token_that_the_account_does_not_have_is_not_found(world: World) -> None:
    for serial in (SERIAL, "/GAHT12345678", f"arn:aws:iam::111122223333:mfa/{SERIAL}"):
        assert world.refusal(enable_mfa_device, UserName="Bob", SerialNumber=serial, **codes(NOW)) == (
            f"NoSuchEntity: MFA Device with serial number {serial} does not exist."
        )


def test_a_serial_number_never_reaches_a_virtual_device(world: World) -> None:
    world.run(create_virtual_mfa_device, VirtualMFADeviceName="telephone")
    assert world.account.find_mfa_device("/telephone") is None


@pytest.mark.usefixtures("token")
def test_an_account_has_a_token_once(world: World) -> None:
    with pytest.raises(EntityAlreadyExists, match=f"^Account {ACCOUNT_ID} already has the token {SERIAL}\\.$"):
        add_token(world.account, Token(SERIAL, SEED), NOW, world.sealer)


def test_seed_files_are_read() -> None:
    text = f"# serial,seed\n\n{SERIAL},{SEED.hex()}\nGAHT87654321 {SEED.hex().upper()}\r\n"
    assert list(read_tokens(text, "hex")) == [Token(SERIAL, SEED), Token("GAHT87654321", SEED)]
    assert list(read_tokens(f"{SERIAL};".replace(";", ",") + "AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQT", "base32")) == [
        Token(SERIAL, SEED)
    ]
    assert repr(Token(SERIAL, SEED)) == f"Token({SERIAL})"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (SERIAL, "Line 1 is no serial number and seed."),
        ("a/b,00", "Line 1: a serial number has 9 to 64 letters, digits and hyphens."),
        (f"\n{SERIAL},xyz", "Line 2 has a seed that is not hex."),
        (f"{SERIAL},0011", "Line 1 has a seed of 2 bytes; tokens have 16 to 64."),
        (f"{SERIAL},{SEED.hex()}\n{SERIAL},{SEED.hex()}", f"Line 2 has the serial number {SERIAL} a second time."),
        (
            "\n".join(f"GAHT{number:08},{SEED.hex()}" for number in range(1001)),
            "The file has more than 1000 tokens.",
        ),
    ],
)
def test_seed_files_with_a_fault_are_refused(text: str, fault: str) -> None:
    with pytest.raises(InvalidTokenFile) as refused:
        list(read_tokens(text, "hex"))
    assert str(refused.value) == fault


# Security keys --------------------------------------------------------------------------------------------------------


def test_a_security_key_is_listed_and_told_with_its_certifications(world: World) -> None:
    serial = register(world)
    assert serial.startswith(f"arn:aws:iam::{ACCOUNT_ID}:u2f/user/Bob/yubi-")
    device: dict[str, Any] = {"UserName": "Bob", "SerialNumber": serial, "EnableDate": NOW}
    assert world.run(list_mfa_devices, UserName="Bob")["MFADevices"] == [device]
    assert world.run(get_mfa_device, UserName="Bob", SerialNumber=serial) == device | {
        "Certifications": {"FIDO": "L1", "FIPS-140-2": "L2"}
    }
    assert world.run(list_virtual_mfa_devices)["VirtualMFADevices"] == []
    assert register(world, owner=None).startswith(f"arn:aws:iam::{ACCOUNT_ID}:u2f/root-account/yubi-")


def test_a_security_key_goes_when_it_is_deactivated(world: World) -> None:
    serial = register(world)
    assert world.refusal(delete_user, UserName="Bob") == (
        "DeleteConflict: Cannot delete entity, must delete MFA device first."
    )
    world.run(deactivate_mfa_device, UserName="Bob", SerialNumber=serial)
    assert len(world.account.mfa_devices) == 0
    world.run(delete_user, UserName="Bob")


def test_a_security_key_shows_no_codes(world: World) -> None:
    serial = register(world)
    with pytest.raises(AccessDenied, match=NOT_ASSOCIATED[:40]):
        verify_mfa_code(world.account, "AIDABOB", serial, "123456", NOW, world.sealer)
    assert world.refusal(resync_mfa_device, UserName="Bob", SerialNumber=serial, **codes(NOW)) == (
        "InvalidAuthenticationCode: Authentication code for device is not valid."
    )


def test_an_owner_has_a_key_of_a_name_once(world: World) -> None:
    register(world)
    with pytest.raises(EntityAlreadyExists, match=r"^MFA device already exists\.$"):
        register(world)
    register(world, owner="Alice")


@pytest.mark.usefixtures("token")
def test_eight_devices_of_any_kind_are_the_most(world: World) -> None:
    for number in range(8):
        register(world, f"key{number}")
    exceeded = "Cannot exceed quota for MFADevicesPerUser: 8"
    with pytest.raises(LimitExceeded, match=exceeded):
        register(world, "key8")
    assert world.refusal(enable_mfa_device, UserName="Bob", SerialNumber=SERIAL, **codes(NOW)) == (
        f"LimitExceeded: {exceeded}"
    )

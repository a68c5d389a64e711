"""Virtual MFA devices: made, enabled with two codes, one owner at a time, and their secrets shown once."""

import base64
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from iamd.account.records import MFADevice, Settings
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
from iamd.iam.users import delete_user, update_user
from tests.iam.world import ACCOUNT_ID, CREATED, NOW, World

PHONE = f"arn:aws:iam::{ACCOUNT_ID}:mfa/phone"
NOT_FOUND = f"NoSuchEntity: MFA Device with serial number {PHONE} does not exist."
NOT_VALID = "InvalidAuthenticationCode: Authentication code for device is not valid."

pytestmark = pytest.mark.usefixtures("bob_and_alice")


def create(world: World, name: str = "phone", **input: Any) -> tuple[str, TOTP]:
    """A new device's serial number, and the application that shows its codes."""
    device = world.run(create_virtual_mfa_device, VirtualMFADeviceName=name, **input)["VirtualMFADevice"]
    return device["SerialNumber"], TOTP(base64.b32decode(device["Base32StringSeed"]), 6, SHA1(), 30)  # noqa: S303


def codes(totp: TOTP, time: int) -> dict[str, str]:
    """The code before the one shown at ``time``, and that one."""
    return {
        "AuthenticationCode1": totp.generate(time - 30).decode(),
        "AuthenticationCode2": totp.generate(time).decode(),
    }


def put_phone(world: World, **attributes: Any) -> None:
    """Given: the device ``phone``, whose codes do not matter."""
    world.put(MFADevice(account_id=ACCOUNT_ID, name="phone", sealed_seed="", created=CREATED, **attributes))


# CreateVirtualMFADevice -----------------------------------------------------------------------------------------------


def test_a_new_device_shows_its_seed_once_and_a_picture_of_it(world: World) -> None:
    tags = [{"Key": "Team", "Value": "blue"}, {"Key": "team", "Value": "red"}]
    device = world.run(create_virtual_mfa_device, VirtualMFADeviceName="phone", Path="/m/", Tags=tags)
    seed = device["VirtualMFADevice"].pop("Base32StringSeed")
    image = device["VirtualMFADevice"].pop("QRCodePNG")
    serial_number = f"arn:aws:iam::{ACCOUNT_ID}:mfa/m/phone"
    assert device == {"VirtualMFADevice": {"SerialNumber": serial_number, "Tags": tags}}
    assert len(seed) == 64
    assert len(base64.b32decode(seed)) == 40
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    assert world.run(list_virtual_mfa_devices) == {
        "VirtualMFADevices": [{"SerialNumber": serial_number}],
        "IsTruncated": False,
    }


def test_a_seed_is_stored_sealed_for_its_device(world: World) -> None:
    seed = world.run(create_virtual_mfa_device, VirtualMFADeviceName="phone")["VirtualMFADevice"]["Base32StringSeed"]
    [put] = world.changes
    assert isinstance(put.record, MFADevice)
    stored = msgspec.json.encode(put.record)
    assert seed not in stored
    assert base64.b64encode(base64.b32decode(seed)) not in stored
    assert world.sealer.unseal(put.record.sealed_seed, PHONE) == base64.b32decode(seed)


def test_a_name_can_be_taken_again_only_under_another_path(world: World) -> None:
    create(world)
    assert world.refusal(create_virtual_mfa_device, VirtualMFADeviceName="phone") == (
        "EntityAlreadyExists: MFA device already exists."
    )
    create(world, Path="/other/")


def test_a_serial_number_is_no_longer_than_other_operations_take(world: World) -> None:
    serial_number, _ = create(world, "x" * 226)
    assert len(serial_number) == 256
    create(world, "x" * 224, Path="/m/")
    assert world.refusal(create_virtual_mfa_device, VirtualMFADeviceName="y" * 225, Path="/m/") == (
        "ValidationError: 1 validation error detected: Value at 'virtualMFADeviceName' failed to satisfy constraint: "
        "Member must have length less than or equal to 224"
    )


def test_an_account_has_room_for_as_many_devices_as_its_quota_says(world: World) -> None:
    world.put(Settings(account_id=ACCOUNT_ID, created=CREATED, quotas={"MFADevices": 1}))
    create(world)
    assert world.refusal(create_virtual_mfa_device, VirtualMFADeviceName="second") == (
        "LimitExceeded: Cannot exceed quota for MFADevicesPerAccount: 1"
    )


# EnableMFADevice ------------------------------------------------------------------------------------------------------


def test_two_consecutive_codes_enable_a_device_for_a_user(world: World) -> None:
    serial_number, totp = create(world)
    assert world.run(enable_mfa_device, UserName="Bob", SerialNumber=PHONE, **codes(totp, NOW)) == {}
    enabled = {"UserName": "Bob", "SerialNumber": serial_number, "EnableDate": NOW}
    assert world.run(list_mfa_devices, UserName="Bob") == {"MFADevices": [enabled], "IsTruncated": False}
    assert world.run(list_mfa_devices, world.user("Bob")) == {"MFADevices": [enabled], "IsTruncated": False}
    assert world.run(get_mfa_device, world.user("Bob"), SerialNumber=PHONE) == enabled
    assert world.run(list_virtual_mfa_devices)["VirtualMFADevices"] == [
        {
            "SerialNumber": PHONE,
            "EnableDate": NOW,
            "User": {
                "Path": "/",
                "UserName": "Bob",
                "UserId": "AIDABOB",
                "Arn": f"arn:aws:iam::{ACCOUNT_ID}:user/Bob",
                "CreateDate": CREATED,
            },
        }
    ]


def test_codes_that_are_not_consecutive_or_not_the_devices_enable_nothing(world: World) -> None:
    _, totp = create(world)
    _, other = create(world, "other")
    good = codes(totp, NOW)
    swapped = {"AuthenticationCode1": good["AuthenticationCode2"], "AuthenticationCode2": good["AuthenticationCode1"]}
    twice = good | {"AuthenticationCode1": good["AuthenticationCode2"]}
    long_ago = codes(totp, NOW - 2 * 3600)
    for bad in (swapped, twice, long_ago, codes(other, NOW)):
        assert world.refusal(enable_mfa_device, UserName="Bob", SerialNumber=PHONE, **bad) == NOT_VALID


def test_a_device_with_a_wrong_clock_is_enabled_and_its_drift_kept(world: World) -> None:
    _, totp = create(world)
    world.run(enable_mfa_device, UserName="Bob", SerialNumber=PHONE, **codes(totp, NOW + 20 * 60))
    assert world.account.get_mfa_device(PHONE).drift == 40


def test_a_device_has_one_owner(world: World) -> None:
    _, totp = create(world)
    world.run(enable_mfa_device, UserName="Bob", SerialNumber=PHONE, **codes(totp, NOW))
    in_use = "EntityAlreadyExists: MFA Device is already in use."
    for name in ("Alice", "Bob"):
        assert world.refusal(enable_mfa_device, UserName=name, SerialNumber=PHONE, **codes(totp, NOW)) == in_use
    for operation in (get_mfa_device, deactivate_mfa_device):
        assert world.refusal(operation, UserName="Alice", SerialNumber=PHONE) == NOT_FOUND
    assert world.refusal(resync_mfa_device, UserName="Alice", SerialNumber=PHONE, **codes(totp, NOW)) == NOT_FOUND


def test_a_user_has_at_most_eight_devices(world: World) -> None:
    for number in range(8):
        device = MFADevice(account_id=ACCOUNT_ID, name=f"d{number}", sealed_seed="", created=CREATED)
        world.put(msgspec.structs.replace(device, owner_id="AIDABOB", enabled=CREATED))
    _, totp = create(world)
    assert world.refusal(enable_mfa_device, UserName="Bob", SerialNumber=PHONE, **codes(totp, NOW)) == (
        "LimitExceeded: Cannot exceed quota for MFADevicesPerUser: 8"
    )
    world.run(enable_mfa_device, UserName="Alice", SerialNumber=PHONE, **codes(totp, NOW))


def test_a_user_or_device_that_is_not_there_is_told(world: World) -> None:
    both = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    assert world.refusal(enable_mfa_device, UserName="Nobody", SerialNumber=PHONE, **both) == (
        "NoSuchEntity: The user with name Nobody cannot be found."
    )
    assert world.refusal(enable_mfa_device, UserName="Bob", SerialNumber=PHONE, **both) == NOT_FOUND
    assert world.refusal(resync_mfa_device, UserName="Bob", SerialNumber=PHONE, **both) == NOT_FOUND
    assert world.refusal(enable_mfa_device, UserName="Bob", SerialNumber="GAHT12345678", **both) == (
        "NoSuchEntity: MFA Device with serial number GAHT12345678 does not exist."
    )
    for operation in (deactivate_mfa_device, delete_virtual_mfa_device, list_mfa_device_tags, get_mfa_device):
        assert world.refusal(operation, SerialNumber=PHONE) == NOT_FOUND
    assert world.refusal(tag_mfa_device, SerialNumber=PHONE, Tags=[]) == NOT_FOUND
    assert world.refusal(untag_mfa_device, SerialNumber=PHONE, TagKeys=[]) == NOT_FOUND


def test_a_role_session_must_name_a_user(world: World) -> None:
    for operation, input in ((list_mfa_devices, {}), (deactivate_mfa_device, {"SerialNumber": PHONE})):
        assert world.refusal(operation, world.role(), **input) == (
            "ValidationError: Must specify userName when calling with non-User credentials"
        )


# Afterwards -----------------------------------------------------------------------------------------------------------


def test_a_resync_follows_the_devices_clock(world: World) -> None:
    _, totp = create(world)
    world.run(enable_mfa_device, UserName="Bob", SerialNumber=PHONE, **codes(totp, NOW))
    world.time = NOW + 86_400
    assert (
        world.refusal(resync_mfa_device, UserName="Bob", SerialNumber=PHONE, **codes(totp, NOW + 86_400 + 7200))
        == NOT_VALID
    )
    world.run(resync_mfa_device, UserName="Bob", SerialNumber=PHONE, **codes(totp, NOW + 86_400 - 1800))
    assert world.account.get_mfa_device(PHONE).drift == -60


def test_codes_are_spent_by_enabling_even_for_another_user(world: World) -> None:
    _, totp = create(world)
    world.run(enable_mfa_device, UserName="Bob", SerialNumber=PHONE, **codes(totp, NOW))
    assert world.refusal(resync_mfa_device, UserName="Bob", SerialNumber=PHONE, **codes(totp, NOW)) == NOT_VALID
    world.run(deactivate_mfa_device, UserName="Bob", SerialNumber=PHONE)
    assert world.refusal(enable_mfa_device, UserName="Alice", SerialNumber=PHONE, **codes(totp, NOW)) == NOT_VALID
    world.time = NOW + 60
    world.run(enable_mfa_device, UserName="Alice", SerialNumber=PHONE, **codes(totp, NOW + 60))


def test_a_device_in_use_is_deactivated_before_it_is_deleted(world: World) -> None:
    put_phone(world, owner_id="AIDABOB", enabled=CREATED)
    assert world.refusal(delete_virtual_mfa_device, SerialNumber=PHONE) == (
        "DeleteConflict: MFA VirtualDevice in use. Must deactivate first."
    )
    assert world.run(deactivate_mfa_device, world.user("Bob"), SerialNumber=PHONE) == {}
    assert world.run(list_virtual_mfa_devices)["VirtualMFADevices"] == [{"SerialNumber": PHONE}]
    assert world.run(delete_virtual_mfa_device, SerialNumber=PHONE) == {}
    assert world.run(list_virtual_mfa_devices)["VirtualMFADevices"] == []
    world.verify_indexes()


def test_a_user_with_a_device_cannot_be_deleted(world: World) -> None:
    put_phone(world, owner_id="AIDABOB", enabled=CREATED)
    assert world.refusal(delete_user, UserName="Bob") == (
        "DeleteConflict: Cannot delete entity, must delete MFA device first."
    )
    world.run(deactivate_mfa_device, UserName="Bob", SerialNumber=PHONE)
    world.run(delete_user, UserName="Bob")


def test_a_device_follows_its_user_to_a_new_name(world: World) -> None:
    put_phone(world, owner_id="AIDABOB", enabled=CREATED)
    world.run(update_user, UserName="Bob", NewUserName="Robert")
    assert world.run(list_mfa_devices, UserName="Robert")["MFADevices"] == [
        {"UserName": "Robert", "SerialNumber": PHONE, "EnableDate": CREATED}
    ]


def test_root_has_devices_of_its_own(world: World) -> None:
    _, totp = create(world)
    assert world.run(get_account_summary)["SummaryMap"]["AccountMFAEnabled"] == 0
    world.run(enable_mfa_device, UserName=ACCOUNT_ID, SerialNumber=PHONE, **codes(totp, NOW))
    assert world.run(list_mfa_devices)["MFADevices"] == [{"SerialNumber": PHONE, "EnableDate": NOW}]
    assert world.run(list_virtual_mfa_devices)["VirtualMFADevices"] == [
        {
            "SerialNumber": PHONE,
            "EnableDate": NOW,
            "User": {"UserId": ACCOUNT_ID, "Arn": f"arn:aws:iam::{ACCOUNT_ID}:root", "CreateDate": CREATED},
        }
    ]
    summary = world.run(get_account_summary)["SummaryMap"]
    assert (summary["AccountMFAEnabled"], summary["MFADevices"], summary["MFADevicesInUse"]) == (1, 1, 1)
    assert world.refusal(
        enable_mfa_device, world.user("Bob"), UserName=ACCOUNT_ID, **codes(totp, NOW), SerialNumber=PHONE
    ) == (f"NoSuchEntity: The user with name {ACCOUNT_ID} cannot be found.")
    world.run(deactivate_mfa_device, SerialNumber=PHONE)


# Listing and tags -----------------------------------------------------------------------------------------------------


def test_devices_are_listed_by_assignment_and_page_by_page(world: World) -> None:
    put_phone(world, owner_id="AIDABOB", enabled=CREATED)
    for name in ("b" * 200, "b" * 201, "a"):
        world.put(MFADevice(account_id=ACCOUNT_ID, name=name, sealed_seed="", created=CREATED))

    def names(**input: Any) -> list[str]:
        devices = world.run(list_virtual_mfa_devices, **input)["VirtualMFADevices"]
        return [device["SerialNumber"].rpartition("/")[2] for device in devices]

    assert names(AssignmentStatus="Assigned") == ["phone"]
    assert sorted(names(AssignmentStatus="Unassigned")) == ["a", "b" * 200, "b" * 201]
    assert names() == names(AssignmentStatus="Any")
    paged, more = [], {}
    while True:
        page = world.run(list_virtual_mfa_devices, MaxItems=1, **more)
        paged += page["VirtualMFADevices"]
        if not page["IsTruncated"]:
            break
        more = {"Marker": page["Marker"]}
        assert len(page["Marker"]) <= 320
    assert paged == world.run(list_virtual_mfa_devices)["VirtualMFADevices"]


def test_keys_of_tags_are_told_apart_by_case(world: World) -> None:
    put_phone(world)
    tags = [{"Key": "team", "Value": "blue"}, {"Key": "Team", "Value": "red"}]
    assert world.run(tag_mfa_device, SerialNumber=PHONE, Tags=tags) == {}
    assert world.run(list_mfa_device_tags, SerialNumber=PHONE) == {"Tags": tags[::-1], "IsTruncated": False}
    assert world.run(untag_mfa_device, SerialNumber=PHONE, TagKeys=["team", "none"]) == {}
    assert world.run(list_mfa_device_tags, SerialNumber=PHONE) == {"Tags": tags[1:], "IsTruncated": False}

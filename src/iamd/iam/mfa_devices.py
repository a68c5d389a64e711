"""MFA devices: virtual ones made for an account, hardware ones that it has, enabled for one of its users or for root.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa.html
"""

import base64
import io
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import segno
from msgspec.structs import replace

from iamd.account.changes import Delete, Put
from iamd.account.ids import Choose
from iamd.account.operation import Answer, Input
from iamd.account.records import MFADevice, User
from iamd.account.state import Account
from iamd.arn import iam_arn
from iamd.authentication.mfa import new_seed, verify_consecutive_codes
from iamd.call import Call
from iamd.errors import DeleteConflict, EntityAlreadyExists, NoSuchEntity, ValidationError
from iamd.iam.pagination import paginate
from iamd.iam.tags import tags_answer, tags_page, with_tags, without_tags
from iamd.iam.users import (
    get_named_or_calling_user,
    owner_id_of,
    root_user_answer,
    user_details_answer,
    user_name_answer,
)

MAX_SERIAL_NUMBER = 256  # characters of what other operations take


def create_virtual_mfa_device(account: Account, input: Input, call: Call) -> Answer:
    """The answer alone ever shows the seed.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateVirtualMFADevice.html
    """
    name, path = input["VirtualMFADeviceName"], input.get("Path", "/")
    room = MAX_SERIAL_NUMBER - len(iam_arn(account.account_id, "mfa", path, ""))
    if len(name) > room:
        raise ValidationError(
            "1 validation error detected: Value at 'virtualMFADeviceName' failed to satisfy constraint: "
            f"Member must have length less than or equal to {max(room, 0)}"
        )
    tags = with_tags((), input.get("Tags", ()), fold_case=False)
    if account.mfa_devices.find(path + name):
        raise EntityAlreadyExists("MFA device already exists.")
    account.require_room("MFADevices", sum(device.virtual for device in account.mfa_devices))
    seed, image = call.compute(_new_seed_with_image, name, account.settings.alias or account.account_id, call.choose)
    arn = iam_arn(account.account_id, "mfa", path, name)
    device = MFADevice(
        account_id=account.account_id,
        name=name,
        path=path,
        sealed_seed=call.sealer.seal(base64.b32decode(seed), arn),
        created=call.time,
        tags=tags,
    )
    answer = {"SerialNumber": arn, "Base32StringSeed": seed.encode("ascii"), "QRCodePNG": image}
    if tags:
        answer["Tags"] = tags_answer(tags)
    return {"VirtualMFADevice": answer}, [Put(device)]


def enable_mfa_device(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableMFADevice.html"""
    owner_id = owner_id_of(account, _get_owner(account, input, call))
    device = account.get_mfa_device(input["SerialNumber"])
    if device.owner_id is not None:
        raise EntityAlreadyExists("MFA Device is already in use.")
    account.require_room("MFADevicesPerUser", len(account.mfa_devices_of(owner_id)))
    synchronized = _synchronize(device, input, call)
    return {}, [Put(replace(synchronized, owner_id=owner_id, enabled=call.time))]


def resync_mfa_device(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ResyncMFADevice.html"""
    return {}, [Put(_synchronize(_get_owned(account, input, call), input, call))]


def deactivate_mfa_device(account: Account, input: Input, call: Call) -> Answer:
    """A virtual or hardware device stays, nobody's; a security key is made for its owner, and goes.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeactivateMFADevice.html
    """
    device = _get_owned(account, input, call)
    if device.security_key is not None:
        return {}, [Delete(device)]
    return {}, [Put(replace(device, owner_id=None, enabled=None))]


def delete_virtual_mfa_device(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteVirtualMFADevice.html"""
    device = _get_virtual(account, input)
    if device.owner_id is not None:
        raise DeleteConflict("MFA VirtualDevice in use. Must deactivate first.")
    return {}, [Delete(device)]


def get_mfa_device(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetMFADevice.html"""
    device = _get_owned(account, input, call)
    answer = _enabled_answer(device, _get_owner(account, input, call))
    if device.security_key is not None:
        answer["Certifications"] = dict(device.security_key.certifications)
    return answer, []


def list_mfa_devices(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADevices.html"""
    owner = _get_owner(account, input, call)
    devices = sorted(account.mfa_devices_of(owner_id_of(account, owner)), key=_page_key)
    page, more = paginate(devices, input, call, _page_key)
    return {"MFADevices": [_enabled_answer(device, owner) for device in page], **more}, []


def list_virtual_mfa_devices(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListVirtualMFADevices.html"""
    status = input.get("AssignmentStatus", "Any")
    devices = [
        device
        for device in account.mfa_devices
        if device.virtual and (status == "Any" or (device.owner_id is not None) == (status == "Assigned"))
    ]
    page, more = paginate(sorted(devices, key=_page_key), input, call, _page_key)
    return {"VirtualMFADevices": [_virtual_answer(account, device) for device in page], **more}, []


# Tags -----------------------------------------------------------------------------------------------------------------


def tag_mfa_device(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagMFADevice.html"""
    device = _get_virtual(account, input)
    return {}, [Put(replace(device, tags=with_tags(device.tags, input["Tags"], fold_case=False)))]


def untag_mfa_device(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagMFADevice.html"""
    device = _get_virtual(account, input)
    return {}, [Put(replace(device, tags=without_tags(device.tags, input["TagKeys"], fold_case=False)))]


def list_mfa_device_tags(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADeviceTags.html"""
    return tags_page(_get_virtual(account, input).tags, input, call), []


# Shared ---------------------------------------------------------------------------------------------------------------


def _new_seed_with_image(name: str, account_name: str, choose: Choose) -> tuple[str, bytes]:
    """A fresh seed, and a QR code in a PNG image that brings it into an authenticator application."""
    seed = new_seed(choose)
    image = io.BytesIO()
    uri = f"otpauth://totp/{quote(name)}@{quote(account_name)}?secret={seed}"
    segno.make(uri, micro=False).save(image, kind="png", scale=4)
    return seed, image.getvalue()


def _synchronize(device: MFADevice, input: Input, call: Call) -> MFADevice:
    codes = (input["AuthenticationCode1"], input["AuthenticationCode2"])
    return verify_consecutive_codes(device, codes, call.time, call.sealer)


def _get_owner(account: Account, input: Input, call: Call) -> User | None:
    """The user that the request is about, None for root; where a name is required, root's is the account id."""
    name = input.get("UserName")
    if call.caller.kind == "root" and name == account.account_id and account.find_user(name) is None:
        return None
    return get_named_or_calling_user(account, input, call)


def _get_virtual(account: Account, input: Input) -> MFADevice:
    """The virtual device that ``SerialNumber`` names. Raises NoSuchEntity."""
    device = account.get_mfa_device(input["SerialNumber"])
    if not device.virtual:
        raise NoSuchEntity(f"MFA Device with serial number {device.serial_number} does not exist.")
    return device


def _get_owned(account: Account, input: Input, call: Call) -> MFADevice:
    """The device that ``SerialNumber`` names among those of the user named, or calling. Raises NoSuchEntity."""
    owner = _get_owner(account, input, call)
    device = account.get_mfa_device(input["SerialNumber"])
    if device.owner_id != owner_id_of(account, owner):
        raise NoSuchEntity(f"MFA Device with serial number {device.serial_number} does not exist.")
    return device


def _enabled_answer(device: MFADevice, owner: User | None) -> dict[str, Any]:
    """The shape ``MFADevice``, and the answer of GetMFADevice."""
    return {**user_name_answer(owner), "SerialNumber": device.serial_number, "EnableDate": device.enabled}


def _virtual_answer(account: Account, device: MFADevice) -> dict[str, Any]:
    """The shape ``VirtualMFADevice`` without its secrets."""
    if device.owner_id is None:
        return {"SerialNumber": device.serial_number}
    owner = account.find_by_id(device.owner_id)
    user = user_details_answer(owner) if isinstance(owner, User) else root_user_answer(account)
    return {"SerialNumber": device.serial_number, "User": user, "EnableDate": device.enabled}


def _page_key(device: MFADevice) -> str:
    """By path and name, or serial number; a long key is cut and its digest added, because a marker has little room."""
    if len(device.key) <= 64:
        return device.key
    return device.key[:64] + sha256(device.key.encode()).hexdigest()

"""Secrets of users through a real server: in the one answer that shows them, and nowhere on disk or in the log."""

import base64
import time
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from tests.server.process import ServerProcess


def on_disk(server: ServerProcess) -> bytes:
    """All that an ended server left: store, log and whatever else is in its directory."""
    return b"".join(path.read_bytes() for path in sorted(server.home.rglob("*")) if path.is_file())


def test_the_seed_of_an_mfa_device_is_not_left_anywhere(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--log-level", "debug") as server:
        iam = server.client()
        iam.create_user(UserName="Bob")
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
        seed = device["Base32StringSeed"]
        assert device["QRCodePNG"].startswith(b"\x89PNG")
        totp = TOTP(base64.b32decode(seed), 6, SHA1(), 30)  # noqa: S303
        now = int(time.time())
        codes = [totp.generate(moment).decode() for moment in (now - 30, now)]
        serial_number = device["SerialNumber"]
        iam.enable_mfa_device(
            UserName="Bob", SerialNumber=serial_number, AuthenticationCode1=codes[0], AuthenticationCode2=codes[1]
        )
        assert [device["UserName"] for device in iam.list_mfa_devices(UserName="Bob")["MFADevices"]] == ["Bob"]
        server.stop()
    left = on_disk(server)
    assert b"EnableMFADevice" in left  # the audit events are there
    assert seed not in left
    assert base64.b32decode(seed) not in left
    assert f'"{codes[0]}"'.encode() not in left
    assert device["QRCodePNG"][:64] not in left
    assert base64.b64encode(device["QRCodePNG"])[:64] not in left

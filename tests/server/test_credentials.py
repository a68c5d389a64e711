"""Secrets of users through a real server: in the one answer that shows them, and nowhere on disk or in the log."""

import base64
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from tests.iam.certificates import issue
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


def test_a_password_is_not_left_anywhere(tmp_path: Path) -> None:
    first, second, third = "First-Secret-1", "Second-Secret-2", "Third-Secret-3"
    with ServerProcess(tmp_path, "--log-level", "debug") as server:
        iam = server.client()
        iam.update_account_password_policy(AllowUsersToChangePassword=True, PasswordReusePrevention=3)
        iam.create_user(UserName="Bob")
        key = iam.create_access_key(UserName="Bob")["AccessKey"]
        iam.create_login_profile(UserName="Bob", Password=first, PasswordResetRequired=True)
        bob = server.client(key_id=key["AccessKeyId"], secret=key["SecretAccessKey"])
        bob.change_password(OldPassword=first, NewPassword=second)
        with pytest.raises(ClientError, match=r"\(AccessDenied\).*The old password was incorrect\."):
            bob.change_password(OldPassword=first, NewPassword=third)
        with pytest.raises(ClientError, match=r"\(PasswordPolicyViolation\)"):
            bob.change_password(OldPassword=second, NewPassword=first)
        with pytest.raises(ClientError, match=r"\(AccessDenied\)"):
            bob.update_login_profile(UserName="Bob", Password=third)
        assert iam.get_login_profile(UserName="Bob")["LoginProfile"]["PasswordResetRequired"] is False
        server.stop()
    left = on_disk(server)
    assert b"ChangePassword" in left
    for secret in (first, second, third, "$argon2id$"):
        assert secret.encode() not in left


def test_passwords_set_at_the_same_time_are_all_set(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        iam = server.client()
        for number in range(8):
            iam.create_user(UserName=f"user-{number}")

        def give_password(number: int) -> Any:
            return iam.create_login_profile(UserName=f"user-{number}", Password=f"Secret-of-{number}")

        with ThreadPoolExecutor(8) as threads:
            made = list(threads.map(give_password, range(8)))
        assert [answer["LoginProfile"]["UserName"] for answer in made] == [f"user-{number}" for number in range(8)]


def test_keys_of_certificates_and_secrets_for_services_are_not_left_anywhere(tmp_path: Path) -> None:
    root = issue("root", start=int(time.time()) - 60)
    server_certificate = issue(issuer=root, start=int(time.time()) - 60)
    with ServerProcess(tmp_path, "--log-level", "debug") as server:
        iam = server.client()
        iam.create_user(UserName="Bob")
        iam.upload_server_certificate(
            ServerCertificateName="web",
            CertificateBody=server_certificate.pem,
            PrivateKey=server_certificate.key_pem,
            CertificateChain=root.pem,
        )
        assert iam.get_server_certificate(ServerCertificateName="web")["ServerCertificate"]["CertificateChain"]
        secrets = [line for line in server_certificate.key_pem.split("\n") if line and "-" not in line]
        for service, name in (("codecommit", "ServicePassword"), ("bedrock", "ServiceCredentialSecret")):
            credential = iam.create_service_specific_credential(UserName="Bob", ServiceName=f"{service}.amazonaws.com")
            secrets.append(credential["ServiceSpecificCredential"][name])
            reset = iam.reset_service_specific_credential(
                UserName="Bob",
                ServiceSpecificCredentialId=credential["ServiceSpecificCredential"]["ServiceSpecificCredentialId"],
            )
            secrets.append(reset["ServiceSpecificCredential"][name])
        server.stop()
    left = on_disk(server)
    assert b"UploadServerCertificate" in left
    assert len(set(secrets)) >= 7
    for secret in secrets:
        assert secret.encode() not in left

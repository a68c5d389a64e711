"""Whoever takes an etcd member's disk, a backup, a region's files or its log has no secret that anybody could use."""

import base64
import binascii
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from tests.cli.command import succeeded
from tests.etcd import cluster, new_prefix
from tests.iam.certificates import issue, rsa_key
from tests.iam.test_saml_providers import entity
from tests.server.process import SEEDS, ServerProcess

TRUST = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}]}
)
PASSWORD, NEW_PASSWORD = "Correct-horse-7-battery", "Staple-8-correct-battery"


def create_secrets(server: ServerProcess) -> dict[str, bytes]:
    """One of each kind of secret that clients give or get, by what it is."""
    iam = server.client()
    iam.create_user(UserName="alice-of-the-disk")
    made: dict[str, bytes] = {"root's secret key": SEEDS["IAMD_ROOT_SECRET_ACCESS_KEY"].encode()}

    def keep(name: str, secret: str) -> None:
        made[name] = secret.encode()

    keep("secret access key", iam.create_access_key(UserName="alice-of-the-disk")["AccessKey"]["SecretAccessKey"])
    iam.create_login_profile(UserName="alice-of-the-disk", Password=PASSWORD)
    iam.update_login_profile(UserName="alice-of-the-disk", Password=NEW_PASSWORD)
    made |= {"password": PASSWORD.encode(), "new password": NEW_PASSWORD.encode()}
    service = iam.create_service_specific_credential(
        UserName="alice-of-the-disk", ServiceName="codecommit.amazonaws.com"
    )
    keep("service password", service["ServiceSpecificCredential"]["ServicePassword"])
    seed = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]["Base32StringSeed"]
    made |= {"MFA seed": seed, "MFA seed's bytes": base64.b32decode(seed)}
    certificate = issue(key=rsa_key(), length=timedelta(days=36_500))
    iam.upload_server_certificate(
        ServerCertificateName="site", CertificateBody=certificate.pem, PrivateKey=certificate.key_pem
    )
    made |= private_key_parts("server certificate", certificate.key_pem)
    saml = issue(key=rsa_key(3072))
    iam.create_saml_provider(
        Name="Example", SAMLMetadataDocument=entity(), AddPrivateKey=saml.key_pem, AssertionEncryptionMode="Required"
    )
    made |= private_key_parts("SAML provider", saml.key_pem)
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    may_assume = {"Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]}
    iam.put_user_policy(UserName="alice-of-the-disk", PolicyName="p", PolicyDocument=json.dumps(may_assume))
    key = iam.create_access_key(UserName="alice-of-the-disk")["AccessKey"]
    keep("second secret access key", key["SecretAccessKey"])
    user = server.client("sts", key["AccessKeyId"], key["SecretAccessKey"])
    for name, answer in (
        ("GetSessionToken", user.get_session_token()),
        ("GetFederationToken", user.get_federation_token(Name="bob")),
        ("AssumeRole", user.assume_role(RoleArn=role, RoleSessionName="session")),
    ):
        keep(f"secret key of {name}", answer["Credentials"]["SecretAccessKey"])
        keep(f"token of {name}", answer["Credentials"]["SessionToken"])
    return made


def private_key_parts(of: str, pem: str) -> dict[str, bytes]:
    """What a private key looks like as text and as bytes; the middle of each, since its ends are alike for all keys."""
    text = "".join(pem.splitlines()[1:-1])
    der = load_pem_private_key(pem.encode(), None).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    line = pem.splitlines()[len(pem.splitlines()) // 2]
    middle = der[len(der) // 2 : len(der) // 2 + 40]
    return {
        f"private key of {of}": line.encode(),
        f"{of}'s key in one line": text[200:264].encode(),
        f"{of} (DER)": middle,
    }


def forms(secret: bytes) -> list[bytes]:
    """How bytes are found in files: as they are, and in the encodings of text and JSON."""
    encoded = [
        secret,
        binascii.hexlify(secret),
        binascii.hexlify(secret).upper(),
        secret.decode("latin-1").encode("utf-16-le"),
    ]
    for shift in range(3):  # base64 looks different by where in the whole it begins
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(bytes(shift) + secret)
            encoded.append(text[4 if shift else 0 : -4])
    return [form for form in encoded if len(form) >= 8]


def files_of(*directories: Path) -> dict[Path, bytes]:
    """All files, without the zeros that etcd fills them up with."""
    return {path: path.read_bytes().rstrip(b"\0") for each in directories for path in each.rglob("*") if path.is_file()}


def test_no_secret_stands_in_etcd_in_a_backup_in_a_snapshot_or_in_a_log(tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    backups.mkdir()
    options: tuple[Any, ...] = ("--master-key-from", f"file:{tmp_path / 'keys' / 'master.key'}")
    with cluster(on_disk=tmp_path / "etcd") as etcd:
        store = ("--store", etcd.url, "--store-prefix", new_prefix())
        with ServerProcess(tmp_path, *store, *options, "--log-level", "debug") as server:
            made = create_secrets(server)
            succeeded(tmp_path, "backup", *store, str(backups / "iamd.backup"))
            log = server.log()
            printed = server.stop()
    found = files_of(tmp_path / "etcd", backups, server.data_dir)
    assert {path.suffix for path in found} >= {".wal", ".backup"}
    assert (server.data_dir / "replica" / "manifest") in found
    found[Path("log")] = (log + printed).encode()
    assert any(b"alice-of-the-disk" in content for path, content in found.items() if "etcd" in path.parts)
    assert b"alice-of-the-disk" in found[backups / "iamd.backup"]
    leaks = [
        f"{name} in {path}"
        for name, secret in made.items()
        for form in forms(secret)
        for path, content in found.items()
        if form in content
    ]
    assert leaks == []


def test_the_search_finds_what_is_not_sealed() -> None:
    for content in (
        b"..secret-in-the-clear..",
        base64.b64encode(b"..secret-in-the-clear.."),
        base64.b64encode(b".secret-in-the-clear.."),
        base64.urlsafe_b64encode(b"secret-in-the-clear"),
        binascii.hexlify(b"..secret-in-the-clear"),
    ):
        assert any(form in content for form in forms(b"secret-in-the-clear")), content

"""A server with a certificate speaks TLS, and is then let out of loopback."""

import datetime
import ipaddress
import ssl
import urllib.request
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.server.process import ACCOUNT_ID, ServerProcess
from tests.server.test_start import refused


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for this machine's loopback, and its key."""
    directory = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "iamd")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_path, key_path = directory / "cert.pem", directory / "key.pem"
    cert_path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_path, key_path


def test_a_client_is_answered_over_tls(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    cert, key = map(str, certificate)
    with ServerProcess(tmp_path, "--host", "0.0.0.0", "--tls-cert", cert, "--tls-key", key) as server:  # noqa: S104
        assert server.endpoint == f"https://127.0.0.1:{server.port}"
        assert server.client("sts", verify=cert).get_caller_identity()["Account"] == ACCOUNT_ID
        context = ssl.create_default_context(cafile=cert)
        with urllib.request.urlopen(f"{server.endpoint}/_iamd/health", context=context, timeout=20) as health:  # noqa: S310
            assert health.status == 200
        server.stop()


def test_a_policy_may_demand_tls(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    cert, key = map(str, certificate)
    with ServerProcess(tmp_path, "--tls-cert", cert, "--tls-key", key) as server:
        iam = server.client(verify=cert)
        iam.create_user(UserName="alice")
        iam.put_user_policy(
            UserName="alice",
            PolicyName="over-tls",
            PolicyDocument='{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:GetUser",'
            '"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}}',
        )
        made = iam.create_access_key(UserName="alice")["AccessKey"]
        alice = server.client("iam", made["AccessKeyId"], made["SecretAccessKey"], verify=cert)
        assert alice.get_user()["User"]["UserName"] == "alice"


def test_a_certificate_needs_its_key(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    cert, key = map(str, certificate)
    assert refused(tmp_path, "--tls-cert", cert) == "Error: --tls-cert needs --tls-key beside it.\n"
    assert refused(tmp_path, "--tls-key", key) == "Error: --tls-key needs --tls-cert beside it.\n"
    missing = tmp_path / "missing.pem"
    assert refused(tmp_path, "--tls-cert", cert, "--tls-key", str(missing)) == f"Error: There is no file {missing}.\n"
    assert refused(tmp_path, "--tls-cert", key, "--tls-key", cert).endswith(
        "Both must be PEM, the key the certificate's own and without a passphrase.\n"
    )

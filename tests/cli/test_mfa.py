"""``iamd mfa import`` beside a running server, and the tokens in use."""

import time
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from tests.cli.command import refused, succeeded
from tests.server.process import ACCOUNT_ID, ServerProcess

SEED = bytes(range(20))
SERIAL = "GAHT12345678"


def test_a_token_is_brought_enabled_and_used(tmp_path: Path) -> None:
    file = tmp_path / "tokens.csv"
    file.write_text(f"{SERIAL},{SEED.hex()}\n")
    totp = TOTP(SEED, 6, SHA1(), 30)  # noqa: S303
    with ServerProcess(tmp_path) as server:
        iam = server.client()
        iam.create_user(UserName="alice")
        data_dir = ("--data-dir", str(server.data_dir))
        assert succeeded(tmp_path, "mfa", "import", str(file), *data_dir) == (
            f"Account {ACCOUNT_ID} has 1 token more.\n"
        )
        assert refused(tmp_path, "mfa", "import", str(file), *data_dir) == (
            f"Error: Account {ACCOUNT_ID} already has the token {SERIAL}.\n"
        )
        now = int(time.time())
        codes = [totp.generate(now - 60).decode(), totp.generate(now - 30).decode()]
        iam.enable_mfa_device(
            UserName="alice", SerialNumber=SERIAL, AuthenticationCode1=codes[0], AuthenticationCode2=codes[1]
        )
        assert [each["SerialNumber"] for each in iam.list_mfa_devices(UserName="alice")["MFADevices"]] == [SERIAL]
        key = iam.create_access_key(UserName="alice")["AccessKey"]
        sts = server.client("sts", key["AccessKeyId"], key["SecretAccessKey"])
        sts.get_session_token(SerialNumber=SERIAL, TokenCode=totp.generate(int(time.time())).decode())
        server.stop()
        assert SEED.hex() not in server.log()
    assert succeeded(tmp_path, "check", *data_dir).endswith(" is in order.\n")


def test_a_file_with_a_fault_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "tokens.csv"
    file.write_text(f"GAHT00000001,{SEED.hex()}\n{SERIAL},xyz\n")
    with ServerProcess(tmp_path) as server:
        data_dir = ("--data-dir", str(server.data_dir))
        assert refused(tmp_path, "mfa", "import", str(file), *data_dir) == (
            f"Error: {file} cannot be used: Line 2 has a seed that is not hex.\n"
        )
        server.stop()

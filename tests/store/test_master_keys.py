"""Where master keys come from, and what is refused."""

import base64
import os
import stat
import threading
from pathlib import Path

import pytest

from iamd.store.master_keys import (
    MasterKey,
    MasterKeyError,
    MasterKeys,
    format_master_keys,
    load_master_keys,
    new_master_keys,
    parse_master_keys,
    write_master_key_file,
)

KEY = MasterKey(bytes(range(32)))
OTHER = MasterKey(bytes(range(224, 256)))
HEX = KEY.secret.hex()
BASE64 = base64.b64encode(OTHER.secret).decode()


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (HEX, MasterKeys(KEY)),
        (HEX.upper() + "\n", MasterKeys(KEY)),
        (BASE64, MasterKeys(OTHER)),
        (BASE64.rstrip("="), MasterKeys(OTHER)),
        (base64.urlsafe_b64encode(OTHER.secret).decode(), MasterKeys(OTHER)),
        (f"\n  {BASE64}  \r\n\n{HEX}\n", MasterKeys(OTHER, (KEY,))),
    ],
)
def test_keys_are_read_in_base64_and_hexadecimal(text: str, keys: MasterKeys) -> None:
    assert parse_master_keys(text, "It") == keys


@pytest.mark.parametrize(
    "text", ["secret", HEX[:-1], HEX + "0", HEX[:-1] + "g", BASE64[:-4], BASE64 + "AAAA", "é" * 64]
)
def test_what_is_no_key_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(MasterKeyError) as refusal:
        parse_master_keys(text, "The variable")
    assert str(refusal.value) == "The variable holds something that is not 32 bytes in base64 or hexadecimal."
    assert refusal.value.__suppress_context__


def test_nothing_is_no_key() -> None:
    with pytest.raises(MasterKeyError) as refusal:
        parse_master_keys(" \n", "The variable")
    assert str(refusal.value) == "The variable holds no master key: give 32 random bytes in base64 or hexadecimal."


def test_keys_are_written_as_they_are_read() -> None:
    keys = MasterKeys(KEY, (OTHER,))
    assert parse_master_keys(format_master_keys(keys), "It") == keys


def test_a_missing_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "master.key"
    keys = load_master_keys(f"file:{path}", create=True)
    assert stat.filemode(path.stat().st_mode) == "-rw-------"
    assert load_master_keys(f"file:{path}", create=True) == load_master_keys(f"file:{path}") == keys
    assert [file.name for file in path.parent.iterdir()] == ["master.key"]


def test_of_many_that_make_the_file_at_once_all_get_the_same_key(tmp_path: Path) -> None:
    found: list[MasterKeys] = []
    start = threading.Barrier(8)

    def load() -> None:
        start.wait()
        found.append(load_master_keys(f"file:{tmp_path}/master.key", create=True))

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [found[0]] * 8
    assert os.listdir(tmp_path) == ["master.key"]


def test_a_missing_file_is_not_made_unasked(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError) as refusal:
        load_master_keys(f"file:{tmp_path}/master.key")
    assert str(refusal.value) == (
        f"There is no master key file {tmp_path}/master.key, and the store holds secrets sealed with one: put it back."
    )
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    load_master_keys(f"file:{path}", create=True)
    path.chmod(mode)
    with pytest.raises(MasterKeyError) as refusal:
        load_master_keys(f"file:{path}", create=True)
    assert str(refusal.value) == (
        f"The master key file {path} may be read or changed by others: "
        f"own it and take their rights away (chmod 600 {path})."
    )


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError, match=rf"^The master key file {tmp_path} is not a file\.$"):
        load_master_keys(f"file:{tmp_path}")


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    old = load_master_keys(f"file:{path}", create=True)
    new = MasterKeys(new_master_keys().current, (old.current,))
    write_master_key_file(path, new)
    assert load_master_keys(f"file:{path}") == new
    assert stat.filemode(path.stat().st_mode) == "-rw-------"
    assert os.listdir(tmp_path) == ["master.key"]


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(MasterKeyError) as refusal:
        load_master_keys(f"file:{tmp_path}/file/master.key", create=True)
    assert str(refusal.value) == f"The master key file {tmp_path}/file/master.key cannot be made: File exists."


def test_a_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IAMD_TEST_KEY", HEX)
    assert load_master_keys("env:IAMD_TEST_KEY") == MasterKeys(KEY)
    monkeypatch.setenv("IAMD_TEST_KEY", "short")
    with pytest.raises(MasterKeyError) as refusal:
        load_master_keys("env:IAMD_TEST_KEY")
    assert str(refusal.value) == (
        "The environment variable IAMD_TEST_KEY holds something that is not 32 bytes in base64 or hexadecimal."
    )
    monkeypatch.delenv("IAMD_TEST_KEY")
    with pytest.raises(MasterKeyError) as refusal:
        load_master_keys("env:IAMD_TEST_KEY")
    assert str(refusal.value) == (
        "The environment variable IAMD_TEST_KEY, which is to hold the master key, is not set."
    )


def test_a_key_comes_from_a_command_that_no_shell_reads() -> None:
    assert load_master_keys(f"command:echo {HEX}") == MasterKeys(KEY)
    with pytest.raises(MasterKeyError, match=r"^What the master key command prints holds something"):
        load_master_keys("command:echo $HOME; true")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("command:false", "The master key command failed with exit status 1."),
        ("command:true", "What the master key command prints holds no master key: "
         "give 32 random bytes in base64 or hexadecimal."),
        ("command:'", "The master key command cannot be run: No closing quotation."),
        ("command:/nowhere/at-all", "The master key command cannot be run: "
         "[Errno 2] No such file or directory: '/nowhere/at-all'."),
        ("vault:x", "The master key is to come from 'vault:x'; say file:PATH, env:VARIABLE or command:COMMAND."),
        ("file:", "The master key is to come from 'file:'; say file:PATH, env:VARIABLE or command:COMMAND."),
    ],
)  # fmt: skip
def test_a_source_that_gives_no_key_is_told(source: str, message: str) -> None:
    with pytest.raises(MasterKeyError) as refusal:
        load_master_keys(source)
    assert str(refusal.value) == message

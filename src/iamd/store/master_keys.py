"""Master keys: where they come from, and how the first one is made."""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import shlex
import stat
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from iamd.store.database import sync_directory

KEY_BYTES = 32
MAX_TEXT_BYTES = 4096
COMMAND_TIMEOUT = 30  # seconds


class MasterKeyError(Exception):
    """There is no usable master key, or it is the wrong one. The message says what to do, and holds no key."""


class MasterKey(Struct, frozen=True):
    """32 random bytes that wrap data keys."""

    secret: bytes

    @property
    def id(self) -> str:
        """Names the key and tells nothing about it: 16 hexadecimal digits."""
        return hmac.digest(self.secret, b"iamd master key id", hashlib.sha256)[:8].hex()

    @property
    def cipher(self) -> AESGCM:
        return AESGCM(self.secret)

    def __repr__(self) -> str:
        return f"MasterKey({self.id})"  # no secret


class MasterKeys(Struct, frozen=True):
    """The current master key, and earlier ones that may still be needed to unwrap."""

    current: MasterKey
    earlier: tuple[MasterKey, ...] = ()

    def find(self, master_key_id: str) -> MasterKey | None:
        return next((key for key in (self.current, *self.earlier) if key.id == master_key_id), None)


def new_master_keys() -> MasterKeys:
    """A fresh master key."""
    return MasterKeys(MasterKey(secrets.token_bytes(KEY_BYTES)))


def parse_master_keys(text: str, where: str) -> MasterKeys:
    """Master keys in base64 or hexadecimal, one to a line, the current one first.

    Raises MasterKeyError, naming ``where`` the text is from.
    """
    keys = [_parse_key(line.strip(), where) for line in text.splitlines() if line.strip()]
    if not keys:
        raise MasterKeyError(f"{where} holds no master key: give 32 random bytes in base64 or hexadecimal.")
    return MasterKeys(keys[0], tuple(keys[1:]))


def _parse_key(text: str, where: str) -> MasterKey:
    try:
        if len(text) == 2 * KEY_BYTES:
            secret = bytes.fromhex(text)
        else:
            padded = text.replace("-", "+").replace("_", "/").rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
            secret = base64.b64decode(padded, validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != KEY_BYTES:
        raise MasterKeyError(f"{where} holds something that is not 32 bytes in base64 or hexadecimal.") from None
    return MasterKey(secret)


def format_master_keys(keys: MasterKeys) -> str:
    """The text that ``parse_master_keys`` reads."""
    return "".join(base64.b64encode(key.secret).decode("ascii") + "\n" for key in (keys.current, *keys.earlier))


def load_master_keys(source: str, *, create: bool = False) -> MasterKeys:
    """Master keys from ``file:<path>``, ``env:<variable>`` or ``command:<command line>`` (its standard output).

    A missing file is made, with a fresh key, if ``create``. The command runs without a shell. Raises MasterKeyError.
    """
    kind, _, name = source.partition(":")
    if kind == "file" and name:
        path = Path(name)
        if create:
            create_master_key_file(path)
        return parse_master_keys(_read_file(path), str(path))
    if kind == "env" and name:
        if name not in os.environ:
            raise MasterKeyError(f"The environment variable {name}, which is to hold the master key, is not set.")
        return parse_master_keys(os.environ[name], f"The environment variable {name}")
    if kind == "command" and name:
        return parse_master_keys(_run_command(name), "What the master key command prints")
    raise MasterKeyError(f"The master key is to come from {source!r}; say file:PATH, env:VARIABLE or command:COMMAND.")


def create_master_key_file(path: Path) -> None:
    """Make a file with a fresh master key that only its owner may read; keep the one that is there."""
    if path.exists():
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _place_file(path, format_master_keys(new_master_keys()), replace=False)
    except OSError as error:
        raise MasterKeyError(f"The master key file {path} cannot be made: {error.strerror}.") from error


def write_master_key_file(path: Path, keys: MasterKeys) -> None:
    """Replace the file in one step. Raises MasterKeyError."""
    try:
        _place_file(path, format_master_keys(keys), replace=True)
    except OSError as error:
        raise MasterKeyError(f"The master key file {path} cannot be written: {error.strerror}.") from error


def keep_master_key_file(path: Path, key: MasterKey) -> Path:
    """The file beside ``path`` that is named by the key's id and holds it, made if need be. Raises MasterKeyError."""
    kept = path.with_name(f"{path.name}.{key.id}")
    try:
        _place_file(kept, format_master_keys(MasterKeys(key)), replace=False)
    except OSError as error:
        raise MasterKeyError(f"The earlier master key cannot be kept as {kept}: {error.strerror}.") from error
    return kept


def _place_file(path: Path, text: str, *, replace: bool) -> None:
    # Written aside and then given its name, so that no process ever reads half a key.
    aside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        if replace:
            aside.replace(path)
        else:
            try:
                os.link(aside, path)
            except FileExistsError:
                return  # another process was first
    finally:
        aside.unlink(missing_ok=True)
    sync_directory(path.parent)


def _read_file(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise MasterKeyError(
            f"There is no master key file {path}, and the store holds secrets sealed with one: put it back."
        ) from None
    except OSError as error:
        raise MasterKeyError(f"The master key file {path} cannot be read: {error.strerror}.") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise MasterKeyError(f"The master key file {path} is not a file.")
        if status.st_mode & 0o077 or status.st_uid not in (0, os.geteuid()):
            raise MasterKeyError(
                f"The master key file {path} may be read or changed by others: "
                f"own it and take their rights away (chmod 600 {path})."
            )
        return os.read(descriptor, MAX_TEXT_BYTES).decode("ascii", "replace")
    finally:
        os.close(descriptor)


def _run_command(command: str) -> str:
    try:
        arguments = shlex.split(command)
        done = subprocess.run(  # noqa: S603 - the operator's own command
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=COMMAND_TIMEOUT, check=True
        )
    except subprocess.TimeoutExpired:
        raise MasterKeyError(f"The master key command did not end in {COMMAND_TIMEOUT} seconds.") from None
    except subprocess.CalledProcessError as error:
        raise MasterKeyError(f"The master key command failed with exit status {error.returncode}.") from None
    except (OSError, ValueError, IndexError) as error:
        raise MasterKeyError(f"The master key command cannot be run: {error}.") from None
    return done.stdout[:MAX_TEXT_BYTES].decode("ascii", "replace")

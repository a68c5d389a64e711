"""The replica on disk, sealed: what a process starts from, and reads accounts from, while the store is out of reach.

A manifest names the files of the accounts, each of one revision; a file never changes, and replacing the manifest puts
all of them in force together.
"""

import logging
import os
import secrets
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from iamd.call import SealBroken, Sealer
from iamd.store.database import sync_directory
from iamd.store.interface import Revision

VERSION = 1
MANIFEST = "manifest"

_logger = logging.getLogger("iamd.replica")


class Manifest(Struct, frozen=True, kw_only=True):
    """What the replica knew at one revision, but for the records of accounts."""

    epoch: str
    revision: Revision
    entries: dict[str, bytes]  # keys and values of the directory and of what is watched
    accounts: dict[str, Revision]  # those with a file, each with its newest commit up to ``revision``


class _ManifestFile(Struct, frozen=True, kw_only=True):
    """INVARIANT: nothing in it that is not sealed opens anything: data keys are wrapped by the master key."""

    version: int
    data_keys: dict[str, bytes]  # as the store holds them
    sealed: str  # the Manifest


class _Account(Struct, frozen=True):
    revision: Revision
    records: dict[str, bytes]


class Snapshot:
    """The files in ``directory``. What cannot be read is as if it were not there, and a warning says so."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def read_data_keys(self) -> Mapping[str, bytes]:
        """The wrapped data keys, by id, which the rest is sealed with; empty if there is no snapshot."""
        file = self._read_manifest_file()
        return {} if file is None else file.data_keys

    def read_manifest(self, sealer: Sealer) -> Manifest | None:
        """What was known when the snapshot was made; None if there is none that can be used."""
        file = self._read_manifest_file()
        if file is None:
            return None
        try:
            return msgspec.msgpack.decode(_open(file.sealed, MANIFEST, sealer), type=Manifest)
        except (SealBroken, zlib.error, msgspec.DecodeError) as error:
            _logger.warning("The snapshot in %s is not used: %s", self.directory, error)
            return None

    def _read_manifest_file(self) -> _ManifestFile | None:
        path = self.directory / MANIFEST
        try:
            file = msgspec.msgpack.decode(path.read_bytes(), type=_ManifestFile)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            _logger.warning("The snapshot in %s is not used: %s", self.directory, error)
            return None
        return file if file.version == VERSION else None

    def read_account(self, account_id: str, revision: Revision, sealer: Sealer) -> Mapping[str, bytes] | None:
        """The stored records of the account by key, or None."""
        name = _name(account_id, revision)
        try:
            text = (self.directory / name).read_text("ascii")
            account = msgspec.msgpack.decode(_open(text, name, sealer), type=_Account)
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, SealBroken, zlib.error, msgspec.DecodeError) as error:
            _logger.warning("The snapshot of account %s in %s is not used: %s", account_id, self.directory, error)
            return None
        return account.records

    def write_account(self, account_id: str, revision: Revision, records: Mapping[str, bytes], sealer: Sealer) -> None:
        """Keep an account's records, for a manifest to name. Raises OSError."""
        name = _name(account_id, revision)
        self._place(name, _seal(_Account(revision, dict(records)), name, sealer).encode("ascii"))

    def write_manifest(self, manifest: Manifest, data_keys: Mapping[str, bytes], sealer: Sealer) -> None:
        """Put a snapshot in force, whose accounts' files are there, and remove the files of earlier ones.

        Raises OSError.
        """
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_directory(self.directory)
        sealed = _seal(manifest, MANIFEST, sealer)
        file = _ManifestFile(version=VERSION, data_keys=dict(data_keys), sealed=sealed)
        self._place(MANIFEST, msgspec.msgpack.encode(file))
        sync_directory(self.directory)
        self._sweep({MANIFEST, *(_name(account_id, revision) for account_id, revision in manifest.accounts.items())})

    def _sweep(self, kept: Iterable[str]) -> None:
        for path in self.directory.iterdir():
            if path.name not in kept:
                path.unlink(missing_ok=True)

    def _place(self, name: str, content: bytes) -> None:
        # Written aside and then given its name, so that a file that is there is whole.
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = self.directory / f"{name}.{secrets.token_hex(4)}"
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            aside.replace(self.directory / name)
        finally:
            aside.unlink(missing_ok=True)


def _name(account_id: str, revision: Revision) -> str:
    return f"{account_id}.{revision}"


def _seal(content: Struct, name: str, sealer: Sealer) -> str:
    return sealer.seal(zlib.compress(msgspec.msgpack.encode(content), 1), f"replica snapshot {name}")


def _open(sealed: str, name: str, sealer: Sealer) -> bytes:
    return zlib.decompress(sealer.unseal(sealed, f"replica snapshot {name}"))

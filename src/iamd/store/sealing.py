"""Envelope encryption: secrets are sealed with data keys, data keys with a master key, which the store never holds.

Data keys (AES-256-GCM) stand in the store, each wrapped by the master key. A sealed text is ``<data key id>.<base64 of
nonce, ciphertext and tag>``. Its context is authenticated: a sealed text moved to another record does not open. The
master key rotates by wrapping the data keys anew; a new data key seals what comes, and the older ones go on opening.
"""

import binascii
import logging
import os
import time
from collections.abc import Mapping

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from iamd.call import SealBroken
from iamd.errors import ServiceUnavailable
from iamd.store.interface import Conflict, Revision, Store, Transaction, Unknown
from iamd.store.layout import DATA_KEY_PREFIX
from iamd.store.master_keys import MasterKey, MasterKeyError, MasterKeys, load_master_keys

__all__ = ["KeyRing", "SealBroken", "add_data_key", "open_key_ring", "rewrap_data_keys"]

NONCE_BYTES = 12

_logger = logging.getLogger("iamd.store")


class WrappedDataKey(Struct, frozen=True, kw_only=True):
    """A data key as the store holds it, under its id: 1, 2, 3 …"""

    created: int  # epoch seconds
    master_key: str  # id of the master key that wraps it
    wrapped: bytes  # nonce, ciphertext and tag


class KeyRing:
    """The data keys of a store, unwrapped: a ``iamd.call.Sealer``. Its methods take microseconds.

    ``source`` says where the master keys are from, as in ``load_master_keys``. A file is read again when a data key
    turns up that an unknown master key wraps, so processes go on through a rotation; of other sources only a new start
    learns.
    """

    def __init__(self, master_keys: MasterKeys, source: str = "") -> None:
        self.master_keys = master_keys
        self._source = source
        self._ciphers: dict[str, AESGCM] = {}
        self._newest = "0"

    @property
    def data_keys(self) -> int:
        """How many there are."""
        return len(self._ciphers)

    def __repr__(self) -> str:
        return f"KeyRing({len(self._ciphers)} data keys)"

    def add(self, data_key_id: str, data_key: WrappedDataKey) -> None:
        """Unwrap a data key; the one with the highest id seals. Raises MasterKeyError if no master key wraps it."""
        self._ciphers[data_key_id] = self._open(data_key_id, data_key)
        self._newest = max(self._newest, data_key_id, key=int)

    def _open(self, data_key_id: str, data_key: WrappedDataKey) -> AESGCM:
        if self._source.startswith("file:") and self.master_keys.find(data_key.master_key) is None:
            self.master_keys = load_master_keys(self._source)
        return AESGCM(_unwrap(data_key_id, data_key, self.master_keys))

    def hear(self, key: str, value: bytes | None) -> None:
        """Learn of a data key that another process added or wrapped anew (see ``iamd.replica.replica.Watcher``)."""
        if value is not None:
            try:
                self.add(key.removeprefix(DATA_KEY_PREFIX), decode_data_key(value))
            except MasterKeyError as error:
                _logger.error("What is sealed from now on cannot be opened here: %s", error)

    def hear_all(self, values: Mapping[str, bytes]) -> None:
        """Learn of all data keys there are; those of another state of the store, from before a restore, are forgotten.

        INVARIANT: nothing is sealed with a data key that the store does not hold.
        """
        try:
            ciphers = {
                data_key_id: self._open(data_key_id, decode_data_key(value))
                for data_key_id, value in ((key.removeprefix(DATA_KEY_PREFIX), value) for key, value in values.items())
            }
        except MasterKeyError as error:
            _logger.error("The secrets of the store that was restored cannot be opened here: %s", error)
            ciphers = {}
        self._ciphers = ciphers
        self._newest = max(ciphers, key=int, default="0")

    def seal(self, secret: bytes, context: str) -> str:
        """``secret`` encrypted and bound to ``context``, as printable text. Raises ServiceUnavailable without a key."""
        cipher = self._ciphers.get(self._newest)
        if cipher is None:
            raise ServiceUnavailable("The key to the store's secrets is missing.")
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + cipher.encrypt(nonce, secret, _context(self._newest, context))
        return f"{self._newest}.{_encode(sealed)}"

    def unseal(self, sealed: str, context: str) -> bytes:
        """The secret again. Raises SealBroken if text, context or key are not those of ``seal``."""
        data_key_id, _, text = sealed.partition(".")
        cipher = self._ciphers.get(data_key_id)
        if cipher is None:
            raise SealBroken("The data key that this was sealed with is not known.")
        try:
            data = binascii.a2b_base64(text, strict_mode=True)
            if _encode(data) != text:  # the last character may stand for bits that do not count
                raise ValueError("not the one way to write it")
            return cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], _context(data_key_id, context))
        except (InvalidTag, ValueError):
            raise SealBroken("The sealed text, or what it belongs to, was changed.") from None


def _encode(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def _context(data_key_id: str, context: str) -> bytes:
    return f"iamd sealed secret {data_key_id}\0{context}".encode()


async def open_key_ring(store: Store, source: str | MasterKeys) -> KeyRing:
    """The store's key ring, with a first data key if it has none. ``source`` is as in ``load_master_keys``.

    A master key file is only made for a store that holds no data keys yet. Raises MasterKeyError if there is no master
    key or it is not the store's; Unavailable.
    """
    while True:
        stored = await _read_data_keys(store)
        master_keys = load_master_keys(source, create=not stored) if isinstance(source, str) else source
        ring = KeyRing(master_keys, source if isinstance(source, str) else "")
        for data_key_id, (data_key, _) in stored.items():
            ring.add(data_key_id, data_key)
        if stored:
            return ring
        await _put_data_key(store, master_keys.current, "1")


def make_key_ring(data_keys: Mapping[str, bytes], source: str | MasterKeys) -> KeyRing:
    """A key ring of these data keys, by id, as the store holds them. Raises MasterKeyError."""
    ring = KeyRing(*((load_master_keys(source), source) if isinstance(source, str) else (source, "")))
    for data_key_id, value in data_keys.items():
        ring.add(data_key_id, decode_data_key(value))
    return ring


async def add_data_key(store: Store, ring: KeyRing) -> str:
    """Add a data key, which seals from now on, in this process and in all that follow the store. Returns its id."""
    while True:
        stored = await _read_data_keys(store)
        data_key_id = str(1 + max((int(known) for known in stored), default=0))
        data_key = await _put_data_key(store, ring.master_keys.current, data_key_id)
        if data_key is not None:
            ring.add(data_key_id, data_key)
            return data_key_id


async def rewrap_data_keys(store: Store, master_keys: MasterKeys) -> int:
    """Wrap with the current master key what an earlier one wraps. Returns how many data keys it were.

    Afterwards the earlier master keys are not needed any more. Raises MasterKeyError if a data key is wrapped by none
    of ``master_keys``.
    """
    while True:
        expect: dict[str, Revision] = {}
        put: dict[str, bytes] = {}
        for data_key_id, (data_key, revision) in (await _read_data_keys(store)).items():
            secret = _unwrap(data_key_id, data_key, master_keys)
            if data_key.master_key != master_keys.current.id:
                expect[DATA_KEY_PREFIX + data_key_id] = revision
                wrapped = _wrap(data_key_id, secret, master_keys.current, data_key.created)
                put[DATA_KEY_PREFIX + data_key_id] = msgspec.json.encode(wrapped)
        if not put:
            return 0
        try:
            await store.commit(Transaction(expect=expect, put=put))
        except (Conflict, Unknown):
            continue
        return len(put)


async def _read_data_keys(store: Store) -> dict[str, tuple[WrappedDataKey, Revision]]:
    return {
        key.removeprefix(DATA_KEY_PREFIX): (decode_data_key(item.value), item.revision)
        async for _, items in store.scan(DATA_KEY_PREFIX)
        for key, item in items
    }


async def _put_data_key(store: Store, master_key: MasterKey, data_key_id: str) -> WrappedDataKey | None:
    """A fresh data key in the store, or None if another process was first."""
    data_key = _wrap(data_key_id, AESGCM.generate_key(256), master_key, int(time.time()))
    key = DATA_KEY_PREFIX + data_key_id
    try:
        await store.commit(Transaction(expect={key: 0}, put={key: msgspec.json.encode(data_key)}))
    except (Conflict, Unknown):  # if it is there all the same, it is as good as another's
        return None
    return data_key


def decode_data_key(stored: bytes) -> WrappedDataKey:
    """The value under ``meta/data-key/``. Raises ``msgspec.ValidationError``."""
    return msgspec.json.decode(stored, type=WrappedDataKey)


def _wrap(data_key_id: str, secret: bytes, master_key: MasterKey, created: int) -> WrappedDataKey:
    nonce = os.urandom(NONCE_BYTES)
    wrapped = nonce + master_key.cipher.encrypt(nonce, secret, _wrapping_context(data_key_id))
    return WrappedDataKey(created=created, master_key=master_key.id, wrapped=wrapped)


def _unwrap(data_key_id: str, data_key: WrappedDataKey, master_keys: MasterKeys) -> bytes:
    master_key = master_keys.find(data_key.master_key)
    if master_key is None:
        raise MasterKeyError(
            f"The master key given (id {master_keys.current.id}) is not the one that the store's secrets are sealed "
            f"with (id {data_key.master_key}): give that one."
        )
    nonce, rest = data_key.wrapped[:NONCE_BYTES], data_key.wrapped[NONCE_BYTES:]
    try:
        return master_key.cipher.decrypt(nonce, rest, _wrapping_context(data_key_id))
    except (InvalidTag, ValueError):
        raise MasterKeyError(f"The store's data key {data_key_id} was changed: restore a backup.") from None


def _wrapping_context(data_key_id: str) -> bytes:
    return f"iamd data key {data_key_id}".encode()

"""A new state of an etcd store, made beside the present one, and the end of those that are no longer in force."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from iamd.store import etcd_api_pb2 as api
from iamd.store.copying import BackupError, NewState, verify_empty
from iamd.store.etcd import LIMITS, EtcdStore
from iamd.store.etcd_client import RANGE, TXN, EtcdClient
from iamd.store.etcd_keys import EtcdKeys, end_of
from iamd.store.interface import Item, Revision, Unavailable, Unknown

PATIENCE = 30.0  # seconds for which one step is tried
PAGE_ITEMS = 200


class EtcdState:
    """Put under an epoch of its own, of which nobody knows until it is current."""

    limits = LIMITS

    def __init__(self, client: EtcdClient, keys: EtcdKeys, replaced: Revision) -> None:
        """``replaced`` is the revision of the key that says which state is current."""
        self._client = client
        self._keys = keys
        self._replaced = replaced
        self._epoch = secrets.token_hex(6)
        self._done = False

    async def put(self, values: Mapping[str, bytes]) -> None:
        operations = [
            api.RequestOp(put=api.PutRequest(key=self._keys.data(self._epoch, key), value=value))
            for key, value in values.items()
        ]
        await self._write(api.TxnRequest(success=operations))  # twice does no harm

    async def scan(self) -> AsyncIterator[list[tuple[str, Item]]]:
        prefix = self._keys.data(self._epoch)
        key, end = prefix, end_of(prefix)
        while True:
            request = api.RangeRequest(key=key, range_end=end, limit=PAGE_ITEMS)
            found = await self._client.call(RANGE, request, self._deadline())
            yield [(kv.key[len(prefix) :].decode(), Item(kv.value, kv.mod_revision)) for kv in found.kvs]
            if not found.more:
                return
            key = found.kvs[-1].key + b"\0"

    async def put_in_force(self) -> None:
        keys, epoch = self._keys, self._epoch
        written = await self._write(
            api.TxnRequest(
                compare=[api.Compare(target=api.Compare.MOD, key=keys.current, mod_revision=self._replaced)],
                success=[
                    api.RequestOp(put=api.PutRequest(key=keys.current, value=epoch.encode())),
                    api.RequestOp(put=api.PutRequest(key=keys.head(epoch))),
                    api.RequestOp(put=api.PutRequest(key=keys.compacted(epoch))),
                ],
            )
        )
        current = await self._read_current()
        if not written and current.value != epoch.encode():
            raise BackupError("Meanwhile another state was put in force.")
        self._done = True
        # INVARIANT: only after a new state is in force, which makes all others that are being made fail.
        for area in (b"d/", b"h/", b"c/"):
            await self._delete(self._keys.prefix + area, kept=epoch.encode())

    async def discard(self) -> None:
        """Delete what was put, unless it is in force."""
        if not self._done:
            await self._delete(self._keys.data(self._epoch))

    async def _delete(self, prefix: bytes, kept: bytes | None = None) -> None:
        """Delete all keys under ``prefix``, but for those whose next part is ``kept``."""
        key, end = prefix, end_of(prefix)
        while True:
            request = api.RangeRequest(key=key, range_end=end, limit=PAGE_ITEMS, keys_only=True)
            found = await self._client.call(RANGE, request, self._deadline())
            if not found.kvs:
                return
            first = found.kvs[0].key
            if kept is not None and first[len(prefix) :].partition(b"/")[0] == kept:
                key = end_of(prefix + kept + b"/")
                continue
            stop = end if kept is None or first > prefix + kept else prefix + kept
            last = max(kv.key for kv in found.kvs if kv.key < stop)
            # Piece by piece, since whoever follows hears of each deletion.
            gone = api.DeleteRangeRequest(key=first, range_end=last + b"\0")
            await self._write(api.TxnRequest(success=[api.RequestOp(delete_range=gone)]))

    async def _read_current(self) -> Any:
        answer = await self._client.call(RANGE, api.RangeRequest(key=self._keys.current), self._deadline())
        return answer.kvs[0]

    async def _write(self, request: Any) -> bool:
        """Whether its comparisons held, at the last try."""
        deadline = self._deadline()
        while True:
            try:
                return bool((await self._client.call(TXN, request, deadline, writes=True)).succeeded)
            except Unknown:
                continue

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + PATIENCE


@asynccontextmanager
async def new_etcd_state(store: EtcdStore, *, force: bool) -> AsyncIterator[NewState]:
    """The state that the open ``store`` is to have. Raises BackupError; StoreExists unless ``force``."""
    if not force:
        await verify_empty(store, f"etcd, under {store.settings.prefix},")
    keys = EtcdKeys(store.settings.prefix.encode())
    deadline = asyncio.get_running_loop().time() + PATIENCE
    answer = await store.client.call(RANGE, api.RangeRequest(key=keys.current), deadline)
    state = EtcdState(store.client, keys, answer.kvs[0].mod_revision)
    try:
        yield state
    finally:
        with contextlib.suppress(Unavailable):  # then the next copy deletes it
            await state.discard()

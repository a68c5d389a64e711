"""Reads a store in etcd from tests that have no event loop."""

import asyncio

from iamd.store.etcd import EtcdStore
from tests.etcd import Cluster
from tests.store.contract import read_all


def read_values(etcd: Cluster, prefix: str, under: str) -> list[bytes]:
    """All values of the store with the etcd ``prefix`` whose keys begin with ``under``."""

    async def read() -> list[bytes]:
        store = EtcdStore(etcd.settings(prefix))
        await store.open()
        try:
            return [item.value for item in (await read_all(store, under)).values()]
        finally:
            await store.close()

    return asyncio.run(read())

"""The store that settings ask for: SQLite in a file, or etcd."""

from pathlib import Path

from iamd.store.etcd_settings import EtcdSettings
from iamd.store.interface import Store
from iamd.store.sqlite import SQLiteStore


def make_store(etcd: EtcdSettings | None, path: Path) -> Store:
    """The cluster that ``etcd`` names, without it the file at ``path``; not open yet."""
    if etcd is None:
        return SQLiteStore(path)
    from iamd.store.etcd import EtcdStore  # and with it gRPC, which takes a tenth of a second and is else not needed

    return EtcdStore(etcd)

"""The contract as the etcd store keeps it, and what it promises beyond."""

from pathlib import Path

import pytest

from iamd.store.etcd import EtcdStore
from tests.etcd import Cluster, new_prefix
from tests.store.contract import SharedStoreContract


class TestInEtcd(SharedStoreContract):
    at_once = False

    @pytest.fixture(autouse=True)
    def _cluster(self, etcd: Cluster) -> None:
        self.cluster = etcd
        self.prefixes: dict[Path, str] = {}

    def make(self, directory: Path) -> EtcdStore:
        prefix = self.prefixes.setdefault(directory, new_prefix())
        return EtcdStore(self.cluster.settings(prefix))

"""What tests of several parts share: one etcd for all that need one."""

from collections.abc import Iterator

import pytest

from tests.etcd import Cluster, cluster


@pytest.fixture(scope="session")
def etcd() -> Iterator[Cluster]:
    """A cluster of one member. Tests use prefixes of their own, and do not kill it."""
    with cluster() as one:
        yield one

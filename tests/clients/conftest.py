"""Each test of a client has an empty account: the servers keep nothing between two tests."""

from collections.abc import Iterator

import pytest

from tests.server.process import ServerProcess


@pytest.fixture(scope="session")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("server"), "--dev") as started:
        yield started


@pytest.fixture
def server(process: ServerProcess) -> ServerProcess:
    process.reset()
    return process

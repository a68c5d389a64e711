"""Servers for the tests of a module that only need one."""

from collections.abc import Iterator

import pytest

from tests.server.process import ServerProcess


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("server")) as process:
        yield process


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One that can be reset, to give each test an account with nothing in it."""
    with ServerProcess(tmp_path_factory.mktemp("dev"), "--dev") as process:
        yield process

"""The AWS SDK for Go works against the server."""

from tests.clients.install import go_program
from tests.clients.life import LIFE, printed, root_environment
from tests.server.process import ServerProcess


def test_the_life_of_an_account(server: ServerProcess) -> None:
    assert printed([go_program(), "life"], root_environment(server)) == LIFE

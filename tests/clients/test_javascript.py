"""The AWS SDK for JavaScript and npm's aws4 work against the server."""

from tests.clients.install import JAVASCRIPT, node
from tests.clients.life import LIFE, printed, root_environment
from tests.server.process import ServerProcess


def test_the_life_of_an_account(server: ServerProcess) -> None:
    assert printed([node(), JAVASCRIPT / "life.mjs"], root_environment(server)) == LIFE

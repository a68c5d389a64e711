"""Clients try again what failed for a moment, and set their clock right by the server's."""

import pytest

from tests.clients.callers import CALLERS
from tests.clients.life import iam_arn, printed, root_environment
from tests.clients.relay import FAULTS, Relay
from tests.server.process import ServerProcess


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("client", CALLERS)
def test_what_fails_twice_is_asked_a_third_time(client: str, fault: str, server: ServerProcess) -> None:
    with Relay(server.port, fault, faults=2) as relay:
        asking = root_environment(server) | {"AWS_ENDPOINT_URL": relay.endpoint, "AWS_RETRY_MODE": "standard"}
        assert printed(CALLERS[client](), asking) == iam_arn("root")
    assert relay.asked == 3


@pytest.mark.parametrize("hours", [-10, 10])
def test_a_clock_that_is_wrong_is_set_by_the_first_answer(hours: int, server: ServerProcess) -> None:
    with Relay(server.port) as relay:
        asking = root_environment(server, CLOCK_OFFSET=str(hours * 3_600_000)) | {"AWS_ENDPOINT_URL": relay.endpoint}
        assert printed(CALLERS["JavaScript"](), asking) == iam_arn("root")
    assert relay.asked == 2

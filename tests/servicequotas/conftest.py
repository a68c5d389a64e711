"""What the tests of Service Quotas share."""

import pytest

from tests.iam.world import World


@pytest.fixture
def world() -> World:
    """An account with nothing but its root user."""
    return World()

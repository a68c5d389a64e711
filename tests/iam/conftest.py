"""What the tests of IAM operations share."""

import pytest

from iamd.account.records import User
from tests.iam.world import ACCOUNT_ID, CREATED, World


@pytest.fixture
def world() -> World:
    """An account with nothing but its root user."""
    return World()


@pytest.fixture
def bob_and_alice(world: World) -> None:
    """The account has the users Bob and Alice, whose unique ids are AIDABOB and AIDAALICE."""
    for name in ("Bob", "Alice"):
        world.put(User(account_id=ACCOUNT_ID, name=name, id=f"AIDA{name.upper()}", created=CREATED))

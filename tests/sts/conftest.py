"""The accounts that the tests of STS share."""

import pytest

from tests.sts.cloud import Cloud


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()

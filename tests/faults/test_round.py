"""The region of the leader is killed under load: the others go on, nothing is lost, and it comes back."""

import signal
from pathlib import Path

from tests.faults.world import regions


def test_a_region_dies_and_comes_back(tmp_path: Path) -> None:
    with regions(tmp_path) as world:
        world.strike("region", signal.SIGKILL, hold=1.0)
        world.verify()

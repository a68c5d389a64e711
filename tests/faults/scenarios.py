"""The long round of faults, with a table of what it measured: ``make test-faults``."""

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.etcd import wait_until
from tests.faults.world import World, median, regions, separate_regions

ROUNDS = int(os.environ.get("IAMD_FAULT_ROUNDS", "20"))
LONGEST_REFUSAL = 2.0  # seconds
MOST_MEMORY = 300 << 20  # bytes of one server
TABLE: list[tuple[str, dict[str, Any]]] = []


@pytest.fixture(scope="module", autouse=True)
def table() -> Iterator[None]:
    yield
    print()
    for title, figures in TABLE:
        print(f"\n{title}")
        for name, figure in figures.items():
            print(f"  {name:32} {figure}")


def memory(world: World) -> int:
    """Bytes of the largest server."""
    sizes = []
    for region in world.regions:
        assert region.server is not None
        status = Path(f"/proc/{region.server.process.pid}/status").read_text()
        sizes += [int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmRSS:")]
    return max(sizes)


def test_random_faults(tmp_path: Path) -> None:
    pauses: dict[str, list[float]] = {}
    with regions(tmp_path) as world:
        for _ in range(ROUNDS):
            target = random.choice(["leader", "follower", "server", "region"])
            number = random.choice([signal.SIGKILL, signal.SIGSTOP])
            pause = world.strike(target, number, hold=random.uniform(0.5, 4))
            pauses.setdefault(f"{number.name} of {target}", []).append(pause)
        world.verify()
        every = [pause for some in pauses.values() for pause in some]
        leaders = [pause for fault, some in pauses.items() if fault.endswith(("leader", "region")) for pause in some]
        figures = world.report() | {
            f"pause, {fault}, s": ", ".join(f"{pause:.2f}" for pause in some) for fault, some in sorted(pauses.items())
        }
        medians = {"median pause of writes, s": f"{median(every):.2f}"}
        if leaders:
            medians["median if the leader is hit, s"] = f"{median(leaders):.2f}"
        TABLE.append((f"{ROUNDS} random faults", figures | medians))


def test_loss_of_quorum(tmp_path: Path) -> None:
    with regions(tmp_path) as world:
        gone = world.etcd.members[1:]
        for member in gone:
            member.kill()
        wait_until(lambda: all(region.health()["status"] == "stale" for region in world.regions))
        reads, refused = world.reads, world.refused["ServiceUnavailable"]
        wait_until(lambda: world.reads > reads + 100 and world.refused["ServiceUnavailable"] > refused + 6)
        began = time.monotonic()
        for member in gone:
            member.start()
        world.wait_for_writes()
        recovered = time.monotonic() - began
        world.verify()
        assert world.slowest_refusal() < LONGEST_REFUSAL
        TABLE.append(("Loss of quorum", world.report() | {"recovered after, s": f"{recovered:.2f}"}))


def test_partition_of_a_region(tmp_path: Path) -> None:
    with separate_regions(tmp_path) as world:
        assert world.links is not None
        leader = world.etcd.members.index(world.etcd.leader())
        for alone in (leader, (leader + 1) % 3):
            began = time.monotonic()
            world.links.isolate(alone)
            region = world.regions[alone]
            wait_until(lambda region=region: region.health()["status"] == "stale")
            behind, reads = region.health()["revision"], world.reads
            world.wait_for_writes(20)
            wait_until(lambda reads=reads: world.reads > reads + 50)
            assert region.health()["revision"] == behind
            pause = world.longest_pause(began)
            world.links.mend()
            wait_until(lambda region=region: region.health()["status"] == "ready")
            world.wait_for_writes()
            title = f"Partition of the {'leader' if alone == leader else 'follower'}'s region"
            TABLE.append((title, world.report() | {"pause of writes elsewhere, s": f"{pause:.2f}"}))
        world.verify()
        assert world.slowest_refusal() < LONGEST_REFUSAL


def test_slow_links_and_a_slow_member_queue_nothing_without_bound(tmp_path: Path) -> None:
    with separate_regions(tmp_path, delay=True) as world:
        assert world.links is not None
        world.links.slow_down(0.1)
        world.wait_for_writes(40)
        slow = memory(world)
        world.links.slow_down(0.0)
        [follower, *_] = [member for member in world.etcd.members if member is not world.etcd.leader()]
        for _ in range(20):  # as on a disk that stalls
            follower.signal(signal.SIGSTOP)
            time.sleep(0.4)
            follower.signal(signal.SIGCONT)
            time.sleep(0.1)
        world.wait_for_writes(40)
        stalling = memory(world)
        assert max(slow, stalling) < MOST_MEMORY
        world.verify()
        assert world.slowest_refusal() < LONGEST_REFUSAL
        figures = {"memory, slow links, MiB": slow >> 20, "memory, stalling member, MiB": stalling >> 20}
        TABLE.append(("Slow links, 100 ms each way; a member that stalls", world.report() | figures))

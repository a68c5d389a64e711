"""A process that is killed loses nothing it acknowledged and leaves nothing half done."""

import asyncio
import random
import signal
import subprocess
import sys
from pathlib import Path

from iamd.store.interface import Commit
from iamd.store.sqlite import SQLiteStore
from tests.store.contract import read_all, read_feed

KILLS = 15


def write_until_killed(path: Path, seed: int, acknowledgements: int) -> dict[str, int]:
    """The names and revisions that a writer acknowledged before it was killed, ``acknowledgements`` at least."""
    command = [sys.executable, "-m", "tests.store.crash_writer", str(path), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(acknowledgements)]
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.readlines()
    assert writer.returncode == -signal.SIGKILL
    return {name.decode(): int(revision) for name, revision in map(bytes.split, lines)}


async def read_after_crash(path: Path) -> tuple[list[Commit], list[str]]:
    store = SQLiteStore(path)
    await store.open()
    feed = await read_feed(store)
    findings = await store.check()
    values = await read_all(store)
    assert {key: item.value for key, item in values.items()} == replay(feed)
    await store.close()
    return feed, findings


def replay(feed: list[Commit]) -> dict[str, bytes]:
    values: dict[str, bytes] = {}
    for commit in feed:
        for key in commit.delete:
            del values[key]
        values |= commit.put
    return values


def test_after_each_of_many_kills_every_acknowledged_commit_is_there_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "iamd.db"
    chance = random.Random(5)
    acknowledged: dict[str, int] = {}
    for kill in range(KILLS):
        acknowledged |= write_until_killed(path, kill, chance.choice((1, 5, 20, 60)))
        feed, findings = asyncio.run(read_after_crash(path))
        assert findings == []
        assert [commit.revision for commit in feed] == list(range(1, len(feed) + 1))
        revisions: dict[str, int] = {}
        for commit in feed:
            (left, right) = sorted(commit.put)
            assert (left.removeprefix("left/"), commit.put[left]) == (right.removeprefix("right/"), commit.put[right])
            assert {key.removeprefix("left/").removeprefix("right/") for key in commit.delete} == {
                key.removeprefix("left/") for key in commit.delete if key.startswith("left/")
            }
            revisions[left.removeprefix("left/")] = commit.revision
        assert {name: revisions.get(name) for name in acknowledged} == acknowledged
    assert len(acknowledged) > KILLS

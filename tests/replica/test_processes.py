"""Several processes over one file: each reads its own and the others' writes at once, and limits hold among them."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from iamd.store.check import check
from tests.replica.world import ACCOUNT, names, replica_in, settings


class Process:
    """One that runs ``tests.replica.process``."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        assert self.read() == "ready"

    def read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def ask(self, line: str) -> Any:
        self.tell(line)
        return json.loads(self.read())


@contextmanager
def processes(path: Path, count: int) -> Iterator[list[Process]]:
    command = [sys.executable, "-m", "tests.replica.process", str(path)]
    with ExitStack() as stack:
        started = [
            stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for _ in range(count)
        ]
        yield [Process(each) for each in started]
        for each in started:
            assert each.stdin is not None
            each.stdin.close()
            assert each.wait() == 0


async def create_account(path: Path, **attributes: Any) -> None:
    async with replica_in(path) as replica:
        await replica.create_account(settings(**attributes))


def test_each_process_reads_its_own_and_the_others_writes_at_once(tmp_path: Path) -> None:
    path = tmp_path / "iamd.db"
    asyncio.run(create_account(path))
    with processes(path, 2) as both:
        created: list[str] = []
        for number in range(40):
            writer, reader = both[number % 2], both[1 - number % 2]
            created.append(f"user{number:02}")
            assert writer.ask(f"create {created[-1]}") == created[-1]
            assert writer.ask("loaded") is True
            assert writer.ask("names") == created
            assert reader.ask("loaded") is False
            assert reader.ask("names") == created
            assert reader.ask("loaded") is True


def test_processes_that_race_hold_a_quota_exactly(tmp_path: Path) -> None:
    path = tmp_path / "iamd.db"
    asyncio.run(create_account(path, quotas={"Users": 100}))
    with processes(path, 3) as racers:
        for number, racer in enumerate(racers):
            racer.tell(f"fill racer{number}- 80")
        done = [json.loads(racer.read()) for racer in racers]
        assert sum(done) == 100
        first, *others = [racer.ask("names") for racer in racers]
        assert len(first) == 100
        assert others == [first, first]

    async def read() -> None:
        async with replica_in(path) as replica:
            assert names(await replica.account(ACCOUNT)) == first
            assert await check(replica.store) == []

    asyncio.run(read())

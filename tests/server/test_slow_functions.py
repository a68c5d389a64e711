"""Slow functions run in threads; of those that take seconds, one at a time."""

import asyncio

from iamd.call import NotComputed
from iamd.server.pipeline import compute


def test_what_is_computed_alone_is_computed_under_the_lock() -> None:
    async def run() -> list[tuple[str, bool]]:
        analyses = asyncio.Lock()
        seen: list[tuple[str, bool]] = []

        def slow(name: str, *, alone: bool) -> NotComputed:
            found = NotComputed(lambda: seen.append((name, analyses.locked())))
            found.alone = alone
            return found

        await compute(slow("alone", alone=True), analyses)
        await compute(slow("beside others", alone=False), analyses)
        async with analyses:
            waiting = asyncio.create_task(compute(slow("after another", alone=True), analyses))
            await compute(slow("meanwhile", alone=False), analyses)
            assert not waiting.done()
        await waiting
        return seen

    assert asyncio.run(run()) == [
        ("alone", True),
        ("beside others", False),
        ("meanwhile", True),
        ("after another", True),
    ]

"""What need not wait is done at once; what must is done by a task, as if it had been in one from the start."""

import asyncio
from collections.abc import Callable

import pytest

from iamd.server.eager import run_eagerly


async def twice(future: "asyncio.Future[str]") -> str:
    """Waits again and again, and answers whatever happens to what it waits for."""
    try:
        first = await future
        await asyncio.sleep(0)
        return first + await future
    except asyncio.CancelledError:
        await asyncio.sleep(0)
        return "cancelled"
    except ValueError as error:
        await asyncio.sleep(0)
        return f"failed: {error}"


def test_what_does_not_wait_is_done_at_once() -> None:
    async def main() -> None:
        async def answer() -> str:
            return "done"

        assert run_eagerly(answer()) == "done"
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


@pytest.mark.parametrize(
    ("happens", "result"),
    [
        (lambda future: future.set_result("ab"), "abab"),
        (lambda future: future.set_exception(ValueError("no")), "failed: no"),
        (lambda future: future.cancel(), "cancelled"),
    ],
    ids=["result", "exception", "cancelled"],
)
@pytest.mark.parametrize("soon", [False, True], ids=["later", "before the task runs"])
def test_what_waits_is_done_by_a_task(
    happens: Callable[["asyncio.Future[str]"], None], result: str, soon: bool
) -> None:
    async def main() -> None:
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = run_eagerly(twice(future))
        assert isinstance(task, asyncio.Task)
        if not soon:
            await asyncio.sleep(0)
        happens(future)
        assert await task == result

    asyncio.run(main())


@pytest.mark.parametrize("soon", [False, True], ids=["later", "before the task runs"])
def test_a_task_can_be_cancelled(soon: bool) -> None:
    async def main() -> None:
        task = run_eagerly(twice(asyncio.get_running_loop().create_future()))
        assert isinstance(task, asyncio.Task)
        if not soon:
            await asyncio.sleep(0)
        task.cancel()
        if soon:
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            assert await task == "cancelled"

    asyncio.run(main())


def test_what_fails_before_it_waits_raises_at_once() -> None:
    async def fail() -> None:
        raise ValueError("no")

    async def main() -> None:
        with pytest.raises(ValueError, match="no"):
            run_eagerly(fail())

    asyncio.run(main())

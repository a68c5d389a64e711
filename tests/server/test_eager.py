"""What need not wait is done at once; what must is done by a task, as if it had been in one from the start."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

from iamd.server.eager import run_eagerly

T = TypeVar("T")


async def begin(running: Coroutine[Any, Any, T]) -> "T | asyncio.Task[T]":
    """What ``run_eagerly`` returns or raises, called by the event loop as a connection is."""
    loop = asyncio.get_running_loop()
    called: asyncio.Future[T | asyncio.Task[T]] = loop.create_future()

    def call() -> None:
        try:
            called.set_result(run_eagerly(running, loop))
        except BaseException as error:
            called.set_exception(error)

    loop.call_soon(call)
    return await called


async def begin_task(running: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
    task = await begin(running)
    assert isinstance(task, asyncio.Task)
    return task


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

        assert await begin(answer()) == "done"
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
def test_what_waits_is_done_by_a_task(happens: Callable[["asyncio.Future[str]"], None], result: str) -> None:
    async def main() -> None:
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = await begin_task(twice(future))
        happens(future)
        assert await task == result

    asyncio.run(main())


def test_a_task_can_be_cancelled() -> None:
    async def main() -> None:
        task = await begin_task(twice(asyncio.get_running_loop().create_future()))
        await asyncio.sleep(0)
        task.cancel()
        assert await task == "cancelled"

    asyncio.run(main())


def test_a_task_cancelled_before_it_runs_may_still_answer() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()
        answer: asyncio.Future[str] = loop.create_future()

        def call() -> None:
            task = run_eagerly(twice(future), loop)
            assert isinstance(task, asyncio.Task)
            task.cancel()
            task.add_done_callback(lambda done: answer.set_result(done.result()))

        loop.call_soon(call)
        assert await answer == "cancelled"
        assert future.cancelled()

    asyncio.run(main())


def test_what_fails_before_it_waits_raises_at_once() -> None:
    async def fail() -> None:
        raise ValueError("no")

    async def main() -> None:
        with pytest.raises(ValueError, match="no"):
            await begin(fail())

    asyncio.run(main())


@pytest.mark.parametrize("seconds", [-1, 0, 0.001])
def test_a_timeout_that_began_before_the_task_ends_the_wait(seconds: float) -> None:
    async def wait() -> str:
        try:
            async with asyncio.timeout(seconds):
                await asyncio.Event().wait()
        except TimeoutError:
            await asyncio.sleep(0)
            return "in time"
        return "never"

    async def main() -> None:
        task = await begin_task(wait())
        assert await task == "in time"
        assert task.cancelling() == 0

    asyncio.run(main())


def test_a_timeout_that_is_not_over_lets_the_wait_end_and_cancelling_is_no_timeout() -> None:
    async def wait(future: "asyncio.Future[str]") -> str:
        async with asyncio.timeout(60):
            return await future

    async def main() -> None:
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task, cancelled = await begin_task(wait(future)), await begin_task(wait(future))
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        assert future.cancelled()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_a_group_that_began_before_the_task_waits_for_its_own() -> None:
    async def work(number: int) -> int:
        await asyncio.sleep(0)
        if number < 0:
            raise ValueError("no")
        return number

    async def wait(*numbers: int) -> list[int]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work(number)) for number in numbers]
        return [task.result() for task in tasks]

    async def main() -> None:
        assert await (await begin_task(wait(1, 2))) == [1, 2]
        failing = await begin_task(wait(1, -1))
        with pytest.raises(ExceptionGroup):
            await failing

    asyncio.run(main())

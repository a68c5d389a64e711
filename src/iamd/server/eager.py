"""Runs a coroutine at once as far as it goes without waiting; a task is made only of what has to wait.

Most requests are answered from memory and never wait. ``asyncio.eager_task_factory`` does the same from Python 3.12 on.
https://docs.python.org/3/library/asyncio-extending.html#task-lifetime-support
"""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


class _Beginning:
    """The current task of a coroutine that has none yet: what it keeps of that (a timeout does) reaches its task."""

    __slots__ = ("task",)

    def __init__(self) -> None:
        self.task: asyncio.Task[Any] | None = None

    def cancel(self, message: Any = None) -> bool:
        return self.task is not None and self.task.cancel(message)

    def cancelling(self) -> int:
        return 0 if self.task is None else self.task.cancelling()

    def uncancel(self) -> int:
        return 0 if self.task is None else self.task.uncancel()


def run_eagerly(running: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T | asyncio.Task[T]:
    """The coroutine's result, or the task that will have it. Raises what it raises before it waits.

    ``loop`` is the running one. Called from a callback of it, not from a task.
    """
    beginning: Any = _Beginning()
    asyncio._enter_task(loop, beginning)
    try:
        awaited = running.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        asyncio._leave_task(loop, beginning)
    beginning.task = task = loop.create_task(_Rest(running, awaited))
    return task


class _Rest(Coroutine[Any, Any, T]):
    """What is left of a coroutine that waits for ``awaited``: the task that runs this waits for it in its place."""

    def __init__(self, running: Coroutine[Any, Any, T], awaited: Any) -> None:
        self._running = running
        self._awaited = awaited
        self._begun = False

    def send(self, value: Any) -> Any:
        if self._begun:
            return self._running.send(value)
        self._begun = True
        return self._awaited

    def throw(self, *error: Any) -> Any:
        if not self._begun:  # cancelled before it could wait, so nobody has told what it would have waited for
            self._begun = True
            if isinstance(self._awaited, asyncio.Future):
                self._awaited.cancel()
        return self._running.throw(*error)

    def close(self) -> None:
        self._running.close()

    def __await__(self) -> Generator[Any, Any, T]:
        raise NotImplementedError("a task runs this")

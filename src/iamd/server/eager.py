"""Runs a coroutine at once as far as it goes without waiting; a task is made only of what has to wait.

Most requests are answered from memory and never wait. ``asyncio.eager_task_factory`` does the same from Python 3.12 on.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_eagerly(running: Coroutine[Any, Any, T]) -> T | asyncio.Task[T]:
    """The coroutine's result, or the task that will have it. Raises what it raises before it waits.

    INVARIANT: up to where it first waits the coroutine is in no task, so it does not ask for the current one (as
    ``asyncio.timeout`` would) before that.
    """
    try:
        awaited = running.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    return asyncio.get_running_loop().create_task(_rest(running, awaited))


@coroutine
def _rest(running: Coroutine[Any, Any, T], awaited: Any) -> Generator[Any, Any, T]:
    """What is left of a coroutine that waits for ``awaited``: the task that runs this waits for it in its place."""
    while True:
        go_on: Callable[[], Any]
        try:
            go_on = partial(running.send, (yield awaited))
        except BaseException as error:  # the coroutine's to handle, cancellation too
            go_on = partial(running.throw, error)
        try:
            awaited = go_on()
        except StopIteration as stop:
            result: T = stop.value
            return result

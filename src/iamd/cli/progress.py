"""A progress bar for what takes over a second on a terminal; silence otherwise."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

_PATIENCE = 1.0  # seconds before there is something to see


class Report(Protocol):
    """Tells how much is done, and of how much, None if that is not known. May be called in any thread."""

    def __call__(self, done: int, total: int | None, /) -> None: ...


@contextmanager
def progress(title: str) -> Iterator[Report]:
    """Gives a function to report with."""
    began = time.monotonic()
    bar: Any = None
    task: Any = None

    def report(done: int, total: int | None, /) -> None:
        nonlocal bar, task
        if bar is None:
            if not sys.stderr.isatty() or time.monotonic() - began < _PATIENCE:
                return
            from rich.console import Console  # takes 50 ms, so not before it is needed
            from rich.progress import Progress

            bar = Progress(console=Console(stderr=True), transient=True)
            bar.start()
            task = bar.add_task(title, total=total)
        bar.update(task, completed=done, total=total)

    try:
        yield report
    finally:
        if bar is not None:
            bar.stop()


class StepReport(Protocol):
    """Tells which step is at work, how much of it is done, and of how much, None if that is not known."""

    def __call__(self, step: str, done: int, total: int | None, /) -> None: ...


@contextmanager
def progress_of_steps() -> Iterator[StepReport]:
    """Gives a function to report with, of work that has several steps: a bar for each."""
    with ExitStack() as stack:
        at: list[tuple[str, Report]] = []

        def report(step: str, done: int, total: int | None, /) -> None:
            if not at or at[0][0] != step:
                stack.close()
                at[:] = [(step, stack.enter_context(progress(step)))]
            at[0][1](done, total)

        yield report

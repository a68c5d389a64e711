"""The supervisor of worker processes: starts them, replaces one that dies, and stops all when it is told to."""

import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import NoReturn

CANNOT_START = 3  # exit status of a worker whose settings or store keep it from starting
GRACE = 15.0  # seconds that workers have to finish before they are killed

_SIGNALS = (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM)
_EARLY_DEATH = 5.0  # seconds; a worker that lives shorter is replaced after a pause
_PAUSE = 1.0  # seconds

_logger = logging.getLogger("iamd.server")


class Supervisor:
    """Forks ``count`` workers; each calls ``run`` with its number and a lifeline, and exits with what it returns.

    ``stop_listening`` is called before the workers are told to stop, so that nobody waits to be let in any more. The
    lifeline is a file descriptor that becomes readable when the supervisor is gone, however it went.
    INVARIANT: the process has one thread and no event loop or open store while it forks.
    """

    def __init__(self, count: int, run: Callable[[int, int], int], stop_listening: Callable[[], None]) -> None:
        self._run = run
        self._stop_listening = stop_listening
        self._count = count
        self._workers: dict[int, tuple[int, float]] = {}  # process id → (number, when it was started)
        self._due: dict[int, float] = {}  # number → when to start it again
        self._lifeline, self._held = os.pipe()

    def run(self, on_start: Callable[[], None]) -> int:
        """Supervise until SIGTERM or SIGINT, or until no worker can start. Returns the exit status.

        ``on_start`` is called when signals are handled, before there are workers.
        """
        receiver, sender = socket.socketpair()
        receiver.setblocking(False)
        sender.setblocking(False)
        for each in _SIGNALS:
            signal.signal(each, lambda *_: None)
        signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
        on_start()
        for number in range(self._count):
            self._start(number)
        status = self._watch(receiver)
        self._stop(receiver)
        return status

    def _watch(self, signals: socket.socket) -> int:
        while True:
            if {signal.SIGTERM, signal.SIGINT} & _received(signals, self._wait()):
                return 0
            for number, status, lived in self._reap():
                if status == CANNOT_START and not self._workers:
                    return CANNOT_START  # it said why, and no other does better
                _logger.error("Worker %d ended with status %d; another takes its place.", number, status)
                self._due[number] = time.monotonic() + (_PAUSE if lived < _EARLY_DEATH else 0.0)
            for number in [number for number, due in self._due.items() if due <= time.monotonic()]:
                del self._due[number]
                self._start(number)

    def _wait(self) -> float | None:
        """Seconds until the next worker is to be started; None if none is."""
        return max(0.0, min(self._due.values()) - time.monotonic()) if self._due else None

    def _start(self, number: int) -> None:
        # Blocked until the worker has handlers of its own: what is sent to it in between must reach those.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        process = os.fork()
        if not process:
            self._become_worker(number)
        self._workers[process] = (number, time.monotonic())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def _become_worker(self, number: int) -> NoReturn:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for each in _SIGNALS:
                signal.signal(each, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            os.close(self._held)  # or the lifeline would never end
            status = self._run(number, self._lifeline)
        except BaseException:
            _logger.exception("Worker %d failed.", number)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _reap(self) -> list[tuple[int, int, float]]:
        """The workers that ended: number, exit status (negative: killed by that signal), seconds they lived."""
        ended = []
        while self._workers:
            process, wait_status = os.waitpid(-1, os.WNOHANG)
            if not process:
                break
            number, since = self._workers.pop(process)
            ended.append((number, os.waitstatus_to_exitcode(wait_status), time.monotonic() - since))
        return ended

    def _stop(self, signals: socket.socket) -> None:
        self._stop_listening()
        for process in self._workers:
            os.kill(process, signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        while self._workers:
            left = deadline - time.monotonic()
            if left <= 0:
                for process in self._workers:
                    _logger.error("Worker %d did not stop in %.0f seconds and is killed.", process, GRACE)
                    os.kill(process, signal.SIGKILL)
                deadline = time.monotonic() + GRACE
                continue
            _received(signals, left)
            self._reap()


def _received(signals: socket.socket, timeout: float | None) -> set[int]:
    """Wait for signals, at most ``timeout`` seconds; the numbers of those that came."""
    ready, _, _ = select.select([signals], [], [], timeout)
    return set(signals.recv(4096)) if ready else set()

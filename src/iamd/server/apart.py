"""Runs a function in a process of its own, whose threads, loops and connections end with it."""

import os
import sys
from collections.abc import Callable


def run_apart(function: Callable[[], bytes]) -> bytes:
    """What ``function`` returns in a forked process; RuntimeError if that ends in any other way."""
    reader, writer = os.pipe()
    process = os.fork()
    if not process:
        status = 1
        try:
            os.close(reader)
            with open(writer, "wb") as pipe:
                pipe.write(function())
            status = 0
        finally:
            sys.stderr.flush()
            os._exit(status)
    os.close(writer)
    with open(reader, "rb") as pipe:
        answer = pipe.read()
    _, wait_status = os.waitpid(process, 0)
    if wait_status:
        raise RuntimeError(
            f"a process that was to prepare the start ended with {os.waitstatus_to_exitcode(wait_status)}"
        )
    return answer

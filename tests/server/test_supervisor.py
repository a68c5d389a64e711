"""The supervisor by itself, with workers that fail."""

import subprocess
import sys
from pathlib import Path

from tests.server.process import environment

PROGRAM = """
import os, sys
from iamd.server.workers import CANNOT_START, Supervisor

def run(number, lifeline):
    os.write(1, b"started %d\\n" % number)
    return {status}

sys.exit(Supervisor(2, run, lambda: os.write(1, b"closed\\n")).run(lambda: os.write(1, b"greeted\\n")))
"""


def test_workers_that_cannot_start_end_the_server(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(status="CANNOT_START")],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 3
    lines = done.stdout.splitlines()
    assert lines[0] == "greeted"
    assert {"started 0", "started 1"} <= set(lines)
    assert lines[-1] == "closed"


def test_a_worker_that_ends_is_started_again(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(status="1")],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout is not None
        starts = 0
        while starts < 4:
            starts += process.stdout.readline().startswith("started")
        process.terminate()
        assert process.stdout.read().endswith("closed\n")
    assert process.returncode == 0

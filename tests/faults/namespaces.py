"""Three network namespaces with links between them that can be cut by the kernel and, where it can, be slow.

Each region's processes live in a namespace of their own, at an address of their own. A link leads from each namespace
to each other one, and one from the tests to each, which stays whole, since clients are in the region.
"""

import contextlib
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator

COUNT = 3
CLIENTS = (
    "198.18.77.254"  # where the tests are; the network is set aside for such: https://www.rfc-editor.org/rfc/rfc2544
)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"


def _works(*command: str) -> str:
    """Empty if the command works, otherwise what it says."""
    if shutil.which(command[0]) is None:
        return f"there is no {command[0]}"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else ""


def find_obstacle(*, delay: bool = False) -> str | None:
    """Why namespaces cannot be made here, or links in them not be slow; None if they can."""
    name = f"iamd-{os.getpid()}-probe"
    obstacle = _works("ip", "netns", "add", name)
    if obstacle:
        return obstacle
    try:
        pair = ("ip", "-n", name, "link", "add", "to", "type", "veth", "peer", "name", "fro")
        slow = ("tc", "-n", name, "qdisc", "add", "dev", "to", "root", "netem", "delay", "1ms")
        return _works(*pair) or (_works(*slow) if delay else "") or None
    finally:
        _ip("netns", "del", name)


class Namespaces:
    """The namespaces and their links, named after this process."""

    def __init__(self) -> None:
        self.names = [f"iamd-{os.getpid()}-{number}" for number in range(COUNT)]
        self.hosts = [f"198.18.77.{number + 1}" for number in range(COUNT)]
        self._doors = [f"iamd{os.getpid() % 10**8}d{number}" for number in range(COUNT)]  # the tests' ends

    def open(self) -> None:
        for number, (name, host, door) in enumerate(zip(self.names, self.hosts, self._doors, strict=True)):
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
            _ip("-n", name, "address", "add", f"{host}/32", "dev", "lo")
            _ip("link", "add", door, "type", "veth", "peer", "name", "clients", "netns", name)
            _ip("link", "set", door, "up")
            if number == 0:
                _ip("address", "add", f"{CLIENTS}/32", "dev", door)
            _ip("-n", name, "link", "set", "clients", "up")
            _ip("-n", name, "route", "add", f"{CLIENTS}/32", "dev", "clients", "src", host)
            _ip("route", "add", f"{host}/32", "dev", door, "src", CLIENTS)
        for one, other in itertools.combinations(range(COUNT), 2):
            names = self.names[one], self.names[other]
            ends = f"to{other}", f"to{one}"
            _ip("-n", names[0], "link", "add", ends[0], "type", "veth", "peer", "name", ends[1], "netns", names[1])
        for number in range(COUNT):
            self._connect(number)

    def close(self) -> None:
        """Remove everything, by name, whatever of it there is."""
        for kind, names in ((("netns",), self.names), (("link",), self._doors)):
            for name in names:
                subprocess.run(["ip", *kind, "del", name], capture_output=True, check=False)

    def wrapper(self, number: int) -> tuple[str, ...]:
        """What a command begins with to run in the region; its process id stays its own."""
        return ("ip", "netns", "exec", self.names[number])

    def _connect(self, number: int) -> None:
        name = self.names[number]
        for other in range(COUNT):
            if other != number:
                _ip("-n", name, "link", "set", f"to{other}", "up")
                route = (f"{self.hosts[other]}/32", "dev", f"to{other}", "src", self.hosts[number])
                _ip("-n", name, "route", "replace", *route)

    def isolate(self, number: int) -> None:
        """Cut the region off from the others, which hear nothing of it."""
        for other in range(COUNT):
            if other != number:
                _ip("-n", self.names[number], "link", "set", f"to{other}", "down")

    def mend(self) -> None:
        """Let all hear each other."""
        for number in range(COUNT):
            self._connect(number)

    def slow_down(self, delay: float) -> None:
        """Let each way between two regions take ``delay`` seconds."""
        for number, name in enumerate(self.names):
            for other in range(COUNT):
                if other != number:
                    qdisc = ("qdisc", "replace", "dev", f"to{other}", "root", "netem", "delay", f"{delay * 1000:.0f}ms")
                    problem = _works("tc", "-n", name, *qdisc)
                    assert not problem, problem


@contextlib.contextmanager
def namespaces() -> Iterator[Namespaces]:
    made = Namespaces()
    try:
        made.open()
        yield made
    finally:
        made.close()

"""Real etcd members on loopback, as the tests start, stop, freeze and kill them."""

import contextlib
import http.client
import itertools
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from iamd.store.etcd import EtcdStore
from iamd.store.etcd_settings import EtcdSettings

ROOT = Path(__file__).parent.parent
START_TIMEOUT = 60.0  # seconds, on a machine that is busy with other tests
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - where durability is not the subject

_numbers = itertools.count()


@cache
def find_etcd() -> str:
    """The program; fetched if it is nowhere."""
    found = subprocess.run([ROOT / "tools" / "get-etcd"], stdout=subprocess.PIPE, text=True, check=False)
    assert found.returncode == 0, "there is no etcd to test with; see above"
    return found.stdout.strip()


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class Member:
    """One member of a cluster. ``peer_port`` is where the others reach it, if that is not where it listens; a
    ``wrapper`` runs it where ``host`` is an address.
    """

    def __init__(
        self,
        name: str,
        directory: Path,
        port: int,
        listen_peer_port: int,
        peer_port: int,
        host: str = "127.0.0.1",
        wrapper: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.directory = directory
        self.port = port
        self.health_port = port  # where it says over plain HTTP whether it is ready
        self.listen_peer_port = listen_peer_port
        self.peer_port = peer_port
        self.host = host
        self.wrapper = wrapper
        self.arguments: list[str] = []
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def member_id(self) -> int:
        """What etcd calls it."""
        status = self.ask("/v3/maintenance/status")
        assert status is not None
        header = status["header"]
        assert isinstance(header, dict)
        return int(header["member_id"])

    @property
    def endpoint(self) -> str:
        return f"{self.host}:{self.port}"

    def start(self) -> None:
        environment = {"PATH": os.environ["PATH"]}
        if platform.machine() == "aarch64":
            environment["ETCD_UNSUPPORTED_ARCH"] = "arm64"  # what etcd before 3.5 wants to hear
        with (self.directory / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.wrapper, find_etcd(), *self.arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it by SIGKILL, frozen or not."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def ask(self, path: str) -> dict[str, object] | None:
        """etcd's JSON answer, None if it does not answer."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=1)
        try:
            with contextlib.closing(connection):
                connection.request("POST", path, body="{}")
                return dict(json.loads(connection.getresponse().read()))
        except (OSError, http.client.HTTPException, ValueError):
            return None

    def is_leader(self) -> bool:
        status = self.ask("/v3/maintenance/status")
        if status is None or "leader" not in status:
            return False
        header = status["header"]
        assert isinstance(header, dict)
        return bool(status["leader"] == header["member_id"])

    def is_ready(self) -> bool:
        """Whether it answers reads that take a quorum."""
        connection = http.client.HTTPConnection(self.host, self.health_port, timeout=1)
        try:
            with contextlib.closing(connection):
                connection.request("GET", "/health")
                return bool(json.loads(connection.getresponse().read())["health"] == "true")
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            return False


class Cluster:
    """Members that are started together. ``peers`` are the ports where each listens to the others and where they reach
    it, if proxies stand between; ``places`` are each one's address and wrapper, if that is not this machine's loopback.
    """

    def __init__(
        self,
        directory: Path,
        count: int,
        *options: str,
        ports: Sequence[int] | None = None,
        peers: Sequence[tuple[int, int]] | None = None,
        places: Sequence[tuple[str, Sequence[str]]] | None = None,
    ) -> None:
        if ports is None:
            ports = free_ports(count)
        if peers is None:
            peers = [(port, port) for port in free_ports(count)]
        self.directory = directory
        if places is None:
            places = [("127.0.0.1", ())] * count
        self.members = [
            Member(f"m{number}", directory, port, listen, seen, *place)
            for number, (port, (listen, seen), place) in enumerate(zip(ports, peers, places, strict=True))
        ]
        initial = ",".join(f"{member.name}=http://{member.host}:{member.peer_port}" for member in self.members)
        for member in self.members:
            client, peer = f"http://{member.endpoint}", f"http://{member.host}:{member.peer_port}"
            member.arguments = [
                *("--name", member.name, "--data-dir", str(directory / member.name), "--log-level", "warn"),
                *("--listen-client-urls", client, "--advertise-client-urls", client),
                *("--listen-peer-urls", f"http://{member.host}:{member.listen_peer_port}"),
                *("--initial-advertise-peer-urls", peer, "--initial-cluster", initial),
                *("--initial-cluster-token", str(directory), "--logger", "zap", *options),
            ]

    @property
    def url(self) -> str:
        return "etcd://" + ",".join(member.endpoint for member in self.members)

    def settings(self, prefix: str, first: int = 0) -> EtcdSettings:
        """Settings of a client that prefers the member numbered ``first``."""
        endpoints = [member.endpoint for member in self.members]
        return EtcdSettings(endpoints=(*endpoints[first:], *endpoints[:first]), prefix=prefix)

    def start(self) -> None:
        for member in self.members:
            member.start()
        wait_until(lambda: all(member.is_ready() for member in self.members), self.logs)

    def logs(self) -> str:
        """The ends of the members' logs."""
        return "\n".join(path.read_text()[-2000:] for path in sorted(self.directory.glob("*.log")))

    def leader(self) -> Member:
        """The member that leads, once there is one."""
        found: list[Member] = []

        def look() -> bool:
            found[:] = [member for member in self.members if member.is_leader()]
            return len(found) == 1

        wait_until(look, self.logs)
        return found[0]

    def stop(self) -> None:
        for member in self.members:
            if member.process is not None and member.process.poll() is None:
                member.kill()


@contextlib.contextmanager
def cluster(
    count: int = 1,
    *options: str,
    on_disk: Path | None = None,
    ports: Sequence[int] | None = None,
    peers: Sequence[tuple[int, int]] | None = None,
    places: Sequence[tuple[str, Sequence[str]]] | None = None,
) -> Iterator[Cluster]:
    """A cluster that answers. Its data is in memory unless a directory is given."""
    directory = on_disk or Path(tempfile.mkdtemp(dir=IN_MEMORY if IN_MEMORY.is_dir() else None, prefix="iamd-etcd-"))
    directory.mkdir(parents=True, exist_ok=True)
    made = Cluster(directory, count, *options, ports=ports, peers=peers, places=places)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        if on_disk is None:
            shutil.rmtree(directory)


def wait_until(condition: object, explain: object = None, timeout: float = START_TIMEOUT) -> None:
    """Wait until ``condition()`` holds; fail with ``explain()`` if it does not in ``timeout`` seconds."""
    assert callable(condition)
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(explain() if callable(explain) else f"still not so after {timeout} seconds")
        time.sleep(0.02)


def new_prefix() -> str:
    """A prefix that no other test has."""
    return f"/test{os.getpid()}-{next(_numbers)}/"


def new_store(of: Cluster, prefix: str | None = None) -> EtcdStore:
    """A store of its own in the cluster, or with a ``prefix`` the one that is there."""
    return EtcdStore(of.settings(prefix or new_prefix()))


FREEZE, GO_ON = signal.SIGSTOP, signal.SIGCONT

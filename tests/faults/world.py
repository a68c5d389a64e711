"""Three regions on loopback, each an etcd member and a server, under writes and reads by boto3 while things break."""

import contextlib
import itertools
import json
import random
import signal
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.cli.command import succeeded
from tests.etcd import Cluster, Member, cluster, free_ports, new_prefix, wait_until
from tests.faults.linearizability import UNKNOWN, Call, is_linearizable, users_with_quota
from tests.faults.links import Links, links
from tests.faults.namespaces import COUNT, Namespaces, find_obstacle, namespaces
from tests.server.process import SEEDS, ServerProcess

QUOTA = 3  # of groups, for which the writers race
NAMES = "abcde"
PAUSE = 0.02  # seconds between the calls of one client, so that a small machine is not the bottleneck


class Region:
    """A server, the etcd member beside it, and a port that stays the same when it starts again."""

    def __init__(self, world: "World", number: int, member: Member) -> None:
        self.world = world
        self.number = number
        self.member = member
        self.home = world.home / f"region-{number}"
        self.home.mkdir()
        [self.port] = free_ports(1)
        self.living = False  # whether its clients may expect answers
        self.epoch = 0  # counts how often it was made to die or come back
        self.server: ServerProcess | None = None
        self._clients: dict[str, Any] = {}

    def start(self) -> None:
        """Start the server, and wait until it is ready."""
        self.server = ServerProcess(
            self.home,
            *("--port", str(self.port), "--region", f"region-{self.number}"),
            *self.world.store_options(self.number),
            *("--master-key-from", f"file:{self.world.home / 'master.key'}", "--log-level", "warning"),
            *("--host", self.member.host, "--insecure"),
            env=SEEDS,
            wrapper=self.member.wrapper,
        )
        self.revive()

    def revive(self) -> None:
        wait_until(lambda: self.health().get("status") == "ready", timeout=60)
        self.epoch += 1
        self.living = True

    def mark_dead(self) -> None:
        self.living = False
        self.epoch += 1

    def health(self) -> dict[str, Any]:
        assert self.server is not None
        try:
            return dict(json.loads(self.server.ask("/_iamd/health")[1]))
        except OSError:
            return {}

    def client(self, service: str = "iam") -> Any:
        """A client, which all threads share; the server keeps its address when it starts again."""
        with self.world.lock:
            if service not in self._clients:
                assert self.server is not None
                config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10)
                self._clients[service] = self.server.client(service, config=config)
            return self._clients[service]

    def user_names(self) -> set[str]:
        pages = self.client().get_paginator("list_users").paginate()
        return {user["UserName"] for page in pages for user in page["Users"]}


class World:
    """The regions, and what their clients saw. ``store_url`` is what each region's server is told."""

    def __init__(self, home: Path, etcd: Cluster, links: Links | Namespaces | None = None) -> None:
        self.home = home
        self.etcd = etcd
        self.links = links
        self.prefix = new_prefix()
        self.regions = [Region(self, number, member) for number, member in enumerate(etcd.members)]
        self.acknowledged: list[tuple[float, str]] = []  # when, and the name of a user that was created
        self.attempted: list[str] = []
        self.refused: Counter[str] = Counter()  # error codes of writes
        self.failed_reads: list[str] = []
        self.reads = 0
        self.history: list[Call] = []
        self._clients: list[threading.Thread] = []
        self._stopping = threading.Event()
        self.lock = threading.Lock()

    def store_url(self, number: int) -> str:
        """Every region prefers its own member."""
        if not isinstance(self.links, Links):
            endpoints = [member.endpoint for member in self.etcd.members]
        else:
            endpoints = [f"127.0.0.1:{link.port}" for link in self.links.to_member[number]]
        return "etcd://" + ",".join([*endpoints[number:], *endpoints[:number]])

    def store_options(self, number: int) -> tuple[str, ...]:
        """The store as a command is told, in a region."""
        return ("--store", self.store_url(number), "--store-prefix", self.prefix, "--store-insecure")

    def start(self) -> None:
        first, *others = self.regions
        first.start()
        succeeded(self.home, "quota", "set", *self.store_options(0), "Groups", str(QUOTA))
        for region in others:
            region.start()

    def stop(self) -> None:
        self.stop_load()
        for region in self.regions:
            if region.server is not None and region.server.process.poll() is None:
                region.server.process.send_signal(signal.SIGCONT)
                region.server.kill()

    # Load -------------------------------------------------------------------------------------------------------------

    def start_load(self) -> None:
        """Clients of every region that write what only they write, race for what is scarce, and read."""
        for region in self.regions:
            for work in (self._create_users, self._race_for_groups, self._read):
                thread = threading.Thread(target=self._run, args=(region, work), daemon=True)
                self._clients.append(thread)
                thread.start()

    def stop_load(self) -> None:
        self._stopping.set()
        for thread in self._clients:
            thread.join(60)
            assert not thread.is_alive(), "a client hangs"
        self._clients.clear()

    def _run(self, region: Region, work: Callable[[Region, random.Random, int], None]) -> None:
        source = random.Random(f"{region.number} {work.__name__}")
        number = 0
        while not self._stopping.wait(PAUSE):
            if region.living:
                work(region, source, number)
                number += 1

    def _create_users(self, region: Region, source: random.Random, number: int) -> None:
        name = f"user-{region.number}-{number}"
        self.attempted.append(name)
        if self._write(region, lambda: region.client().create_user(UserName=name)) == "ok":
            self.acknowledged.append((time.monotonic(), name))

    def _race_for_groups(self, region: Region, source: random.Random, number: int) -> None:
        name = source.choice(NAMES)
        operation = source.choice(["create", "delete"])
        iam = region.client()
        call = iam.create_group if operation == "create" else iam.delete_group
        called = time.monotonic()
        code = self._write(region, lambda: call(GroupName=name))
        results = {"EntityAlreadyExists": "exists", "NoSuchEntity": "missing", "LimitExceeded": "limit", "ok": "ok"}
        self.history.append(Call(region.number, operation, name, results.get(code, UNKNOWN), called, time.monotonic()))

    def _write(self, region: Region, write: Callable[[], Any]) -> str:
        try:
            write()
        except ClientError as error:
            code = str(error.response["Error"]["Code"])
        except (BotoCoreError, OSError):
            code = "no answer"
        else:
            return "ok"
        with self.lock:
            self.refused[code] += 1
        return code

    def _read(self, region: Region, source: random.Random, number: int) -> None:
        epoch = region.epoch
        try:
            if number % 3:
                region.client("sts").get_caller_identity()
            else:
                region.client().list_users(MaxItems=10)
        except (ClientError, BotoCoreError, OSError) as error:
            if region.living and region.epoch == epoch:
                self.failed_reads.append(f"region {region.number}: {error}")
        else:
            self.reads += 1

    def wait_for_writes(self, count: int = 5) -> None:
        """Until so many more users were created."""
        enough = len(self.acknowledged) + count
        wait_until(lambda: len(self.acknowledged) >= enough, lambda: f"no writes: {self.refused}; {self.etcd.logs()}")

    def wait_for_revisions(self) -> None:
        """Until every region has what was written last."""
        wait_until(lambda: len({region.health().get("revision") for region in self.regions}) == 1)

    def longest_pause(self, since: float) -> float:
        """Seconds, between two writes that were acknowledged, in any living region."""
        times = [since, *(at for at, _ in self.acknowledged if at >= since)]
        return max(after - before for before, after in itertools.pairwise(times))

    # Faults -----------------------------------------------------------------------------------------------------------

    def members_of(self, target: str) -> tuple[list[Member], list[Region]]:
        """The etcd members and servers that a fault hits: ``leader``, ``follower``, ``server`` or ``region``."""
        leader = self.etcd.leader()
        followers = [member for member in self.etcd.members if member is not leader]
        if target == "leader":
            return [leader], []
        if target == "follower":
            return [random.choice(followers)], []
        region = random.choice(self.regions) if target == "server" else self.regions[self.etcd.members.index(leader)]
        return ([region.member] if target == "region" else []), [region]

    def strike(self, target: str, number: int, hold: float) -> float:
        """Kill or freeze what ``target`` names, mend it after ``hold`` seconds; the longest pause of writes in s."""
        members, regions = self.members_of(target)
        began = time.monotonic()
        for region in regions:
            assert region.server is not None
            region.mark_dead()
            region.server.process.send_signal(number)
        for member in members:
            member.signal(number)
        self.wait_for_writes()
        time.sleep(max(0.0, began + hold - time.monotonic()))
        for member in members:
            if number == signal.SIGKILL:
                member.kill()
                member.start()
            else:
                member.signal(signal.SIGCONT)
        wait_until(lambda: all(member.is_ready() for member in self.etcd.members), self.etcd.logs)
        for region in regions:
            assert region.server is not None
            if number == signal.SIGKILL:
                region.server.kill()
                region.start()
            else:
                region.server.process.send_signal(signal.SIGCONT)
                region.revive()
        self.wait_for_writes()
        return self.longest_pause(began)

    # What must hold ---------------------------------------------------------------------------------------------------

    def verify(self) -> None:
        """Nothing acknowledged is lost, nothing is there twice, no read failed, and the regions agree."""
        self.stop_load()
        acknowledged = {name for _, name in self.acknowledged}
        assert len(acknowledged) == len(self.acknowledged)
        self.wait_for_revisions()
        seen = [region.user_names() for region in self.regions]
        revisions = [region.health()["revision"] for region in self.regions]
        assert seen[0] == seen[1] == seen[2], revisions
        assert acknowledged - seen[0] == set(), "acknowledged writes were lost"
        assert seen[0] - set(self.attempted) == set()
        created = self._events("CreateUser", "userName")
        assert created == Counter(seen[0]), "an effect without its one event, or an event without its effect"
        assert self.failed_reads == []
        assert self.reads > 0
        assert is_linearizable(self.history, frozenset(), users_with_quota(QUOTA)), self.history
        key = ("--master-key-from", f"file:{self.home / 'master.key'}")
        assert succeeded(self.home, "check", *self.store_options(0), *key).endswith(" is in order.\n")

    def _events(self, event_name: str, parameter: str) -> Counter[str]:
        from iamd.store import layout
        from tests.faults.reading import read_values

        found: Counter[str] = Counter()
        for value in read_values(self.etcd, self.prefix, layout.EVENT_PREFIX):
            event = json.loads(value)
            if event["eventName"] == event_name:
                found[event["requestParameters"][parameter]] += 1
        return found

    def slowest_refusal(self) -> float:
        """Seconds that a server took to say that the store cannot write, by its own clock."""
        logs = [log.read_text() for region in self.regions for log in region.home.glob("*.log")]
        refused = [json.loads(line) for log in logs for line in log.splitlines() if '"status":503' in line]
        return max([float(each["latency_ms"]) for each in refused], default=0.0) / 1000

    def report(self) -> dict[str, Any]:
        return {
            "acknowledged writes": len(self.acknowledged),
            "reads": self.reads,
            "failed reads": len(self.failed_reads),
            "refused writes": sum(self.refused[code] for code in ("ServiceUnavailable", "no answer")),
            "slowest refusal, s": round(self.slowest_refusal(), 2),
        }


@contextlib.contextmanager
def regions(tmp_path: Path) -> Iterator[World]:
    """Three regions that are ready, under load."""
    with cluster(3, on_disk=tmp_path / "etcd") as etcd:
        world = World(tmp_path, etcd)
        try:
            world.start()
            world.start_load()
            world.wait_for_writes()
            yield world
        finally:
            world.stop()


@contextlib.contextmanager
def linked_regions(tmp_path: Path) -> Iterator[World]:
    """Three regions that are ready, under load, with links between them that can be slow or cut."""
    ports = free_ports(6)
    with (
        links(ports[:3], ports[3:]) as between,
        cluster(
            3,
            on_disk=tmp_path / "etcd",
            ports=ports[:3],
            peers=[(listen, link.port) for listen, link in zip(ports[3:], between.to_peer, strict=True)],
        ) as etcd,
    ):
        between.member_ids = {b"%x" % member.member_id: at for at, member in enumerate(etcd.members)}
        world = World(tmp_path, etcd, between)
        try:
            world.start()
            world.start_load()
            world.wait_for_writes()
            yield world
        finally:
            between.isolated.clear()
            world.stop()


@contextlib.contextmanager
def separate_regions(tmp_path: Path, *, delay: bool = False) -> Iterator[World]:
    """Three regions that are ready, under load, in network namespaces, or where there can be none with TCP links."""
    obstacle = find_obstacle(delay=delay)
    if obstacle is not None:
        what = "no slow links in network namespaces" if delay else "no network namespaces"
        print(f"\n*** There are {what} here ({obstacle}): TCP links instead. ***")
        with linked_regions(tmp_path) as world:
            yield world
        return
    print("\n*** Each region in a network namespace of its own. ***")
    with namespaces() as between:
        places = [(host, between.wrapper(number)) for number, host in enumerate(between.hosts)]
        with cluster(COUNT, on_disk=tmp_path / "etcd", places=places) as etcd:
            world = World(tmp_path, etcd, between)
            try:
                world.start()
                world.start_load()
                world.wait_for_writes()
                yield world
            finally:
                between.mend()
                world.stop()


def median(values: list[float]) -> float:
    return statistics.median(values)

"""TCP links that can be slow or cut, between etcd members and between servers and members."""

import asyncio
import contextlib
import re
import threading
from collections.abc import Callable, Iterator

CHUNK = 1 << 16
WAITING = 256  # chunks on their way; whoever sends more waits
STEP = 0.01  # seconds between looks whether a cut link is whole again

Cut = Callable[[bytes], bool]  # whether what the connection begins with belongs to a sender that is cut off


class Link:
    """Listens on ``port`` of loopback and leads to ``target``; both directions are ``delay`` seconds long."""

    def __init__(self, target: int, cut: Cut) -> None:
        self.target = target
        self.port = 0
        self.delay = 0.0
        self._cut = cut
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=CHUNK)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._lead(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(CHUNK)
        while self._cut(first):
            await asyncio.sleep(STEP)
        there, back = await asyncio.open_connection("127.0.0.1", self.target)
        try:
            back.write(first)
            pumps = [self._pump(reader, back, first), self._pump(there, writer, first)]
            await _until_one_ends([asyncio.create_task(pump) for pump in pumps])
        finally:
            back.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes) -> None:
        clock = asyncio.get_running_loop().time
        on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(WAITING)

        async def receive() -> None:
            data = b" "
            while data:
                data = await reader.read(CHUNK)
                await on_the_way.put((clock() + self.delay, data))

        async def send() -> None:
            while True:
                due, data = await on_the_way.get()
                await asyncio.sleep(max(0.0, due - clock()))
                while self._cut(first):
                    await asyncio.sleep(STEP)
                if not data:
                    return
                writer.write(data)
                await writer.drain()

        receiving = asyncio.create_task(receive())
        try:
            await send()
        finally:
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)


async def _until_one_ends(tasks: "list[asyncio.Task[None]]") -> None:
    """Wait until one of the tasks has ended, or the waiting is over, and end the others."""
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Links:
    """All links among regions: to each member from the other members, and from each region's server.

    INVARIANT: a region that is in ``isolated`` is heard by no other and hears none, while its own server and member
    hear each other.
    """

    def __init__(self, client_ports: list[int], peer_ports: list[int]) -> None:
        count = len(client_ports)
        self.isolated: set[int] = set()
        self.member_ids: dict[bytes, int] = {}  # etcd's ids, in hexadecimal
        self.to_peer = [Link(peer_ports[number], self._cut_to_peer(number)) for number in range(count)]
        self.to_member = [
            [Link(client_ports[to], self._cut_to_member(at, to)) for to in range(count)] for at in range(count)
        ]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def _cut_to_peer(self, to: int) -> Cut:
        def cut(first: bytes) -> bool:
            sender = re.search(rb"X-Server-From: ([0-9a-f]+)", first)  # as etcd's members say
            at = self.member_ids.get(sender[1]) if sender else None
            return at != to and (to in self.isolated or at in self.isolated)

        return cut

    def _cut_to_member(self, at: int, to: int) -> Cut:
        return lambda first: at != to and bool({at, to} & self.isolated)

    def _all(self) -> list[Link]:
        return [*self.to_peer, *(link for links in self.to_member for link in links)]

    def isolate(self, number: int) -> None:
        """Cut the region off from the others."""
        self.isolated.add(number)

    def mend(self) -> None:
        """Let all hear each other."""
        self.isolated.clear()

    def slow_down(self, delay: float) -> None:
        """Let each way between two regions take ``delay`` seconds."""
        for link in self.to_peer:
            link.delay = delay
        for at, links in enumerate(self.to_member):
            for to, link in enumerate(links):
                link.delay = delay if at != to else 0.0

    def open(self) -> None:
        self._thread.start()
        for link in self._all():
            asyncio.run_coroutine_threadsafe(link.open(), self._loop).result(10)

    def close(self) -> None:
        for link in self._all():
            asyncio.run_coroutine_threadsafe(link.close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextlib.contextmanager
def links(client_ports: list[int], peer_ports: list[int]) -> Iterator[Links]:
    made = Links(client_ports, peer_ports)
    made.open()
    try:
        yield made
    finally:
        made.close()

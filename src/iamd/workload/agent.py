"""The agent behind ``iamd workload serve``: the endpoints of a fleet of instances, with one cache of sessions."""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Callable, Mapping
from types import TracebackType

from msgspec import Struct

from iamd.workload.cache import CredentialCache
from iamd.workload.container import PATH, ContainerCredentials
from iamd.workload.credentials import RoleCredentials, RoleRequest
from iamd.workload.http import Listener
from iamd.workload.instance_metadata import InstanceMetadata, SessionTokens
from iamd.workload.instances import Fleet, Instance, InvalidInstances, make_token_files
from iamd.workload.issuing import NotIssued
from iamd.workload.sockets import CannotListen, listen

_WARM_UP = 10.0  # seconds

_logger = logging.getLogger("iamd.workload")


class Served(Struct, frozen=True, kw_only=True):
    """Where one instance finds its credentials: variables for the environment of its processes."""

    id: str
    environment: Mapping[str, str]


class Agent:
    """Serves a fleet, within ``async with``. ``issue`` gets sessions, and ``clock`` gives epoch seconds."""

    def __init__(
        self,
        fleet: Fleet,
        issue: Callable[[RoleRequest], RoleCredentials],
        *,
        allow_remote: bool = False,
        region: str = "us-east-1",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.cache = CredentialCache(issue, clock)
        self._fleet = fleet
        self._instances: dict[str, Instance] = {}
        self._allow_remote = allow_remote
        self._region = region
        self._tokens = SessionTokens(clock)
        self._container = Listener(
            listen(fleet.listen, allow_remote=allow_remote), ContainerCredentials(self, self.cache).answer
        )
        self._metadata: dict[str, tuple[Instance, Listener]] = {}
        self._keeping: asyncio.Task[None] | None = None

    def find(self, id: str) -> Instance | None:
        """The instance, if there is one now."""
        return self._instances.get(id)

    async def __aenter__(self) -> "Agent":
        try:
            await self._container.open()
            await self.take(self._fleet)
        except BaseException:
            await self.close()
            raise
        self._keeping = asyncio.create_task(self.cache.keep_fresh())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop serving."""
        if self._keeping is not None:
            self._keeping.cancel()
        for _, listener in self._metadata.values():
            await listener.close()
        await self._container.close()

    async def take(self, fleet: Fleet) -> None:
        """Serve these instances instead of those before; who stays is not disturbed. Raises CannotListen."""
        make_token_files(fleet)
        instances = {instance.id: instance for instance in fleet.instances}
        for id, (instance, listener) in list(self._metadata.items()):
            if instances.get(id) != instance:
                del self._metadata[id]
                await listener.close()
        for instance in fleet.instances:
            if instance.metadata is not None and instance.id not in self._metadata:
                await self._open_metadata(instance, instance.metadata)
        self._instances = instances
        self.cache.keep_only(instance.request for instance in fleet.instances)

    async def _open_metadata(self, instance: Instance, address: str) -> None:
        listening = listen(address, allow_remote=self._allow_remote)
        service = InstanceMetadata(instance, self._region, self.cache, self._tokens)
        listener = Listener(listening, service.answer, hop_limit=instance.hop_limit)
        await listener.open()
        self._metadata[instance.id] = (instance, listener)

    async def warm_up(self) -> None:
        """Get the sessions of all instances, as far as there are some soon: SDKs ask once, and wait a second."""
        requests = {instance.request for instance in self._instances.values()}
        if requests:
            await asyncio.wait([asyncio.create_task(self._try(request)) for request in requests], timeout=_WARM_UP)

    async def _try(self, request: RoleRequest) -> None:
        with contextlib.suppress(NotIssued):  # the log has it
            await self.cache.get(request)

    def served(self) -> list[Served]:
        """Where each instance finds its credentials."""
        return [Served(id=id, environment=self._environment(instance)) for id, instance in self._instances.items()]

    def _environment(self, instance: Instance) -> dict[str, str]:
        variables = {}
        if instance.token_file is not None:
            variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"http://{self._container.address}{PATH}{instance.id}"
            variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = str(instance.token_file)
        if instance.id in self._metadata:
            _, listener = self._metadata[instance.id]
            variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = f"http://{listener.address}"
        return variables


async def serve_until_stopped(
    agent: Agent, read_again: Callable[[], Fleet], on_change: Callable[[Agent], None]
) -> None:
    """Serve until SIGTERM or SIGINT. SIGHUP reads the fleet again, and keeps the present one if that fails.

    ``on_change`` is called once the agent serves, and again after each change.
    """
    loop = asyncio.get_running_loop()
    stop, reload = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload.set)
    stopping = asyncio.create_task(stop.wait())
    async with agent:
        await agent.warm_up()
        on_change(agent)
        while not stop.is_set():
            reloading = asyncio.create_task(reload.wait())
            await asyncio.wait([stopping, reloading], return_when=asyncio.FIRST_COMPLETED)
            if reload.is_set():
                reload.clear()
                try:
                    await agent.take(read_again())
                except (InvalidInstances, CannotListen) as error:
                    _logger.error("The instances stay as they were: %s", error)
                else:
                    await agent.warm_up()
                    on_change(agent)
            reloading.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await stopping

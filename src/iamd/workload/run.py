"""``iamd run``: turns this process into a command whose AWS SDK finds a role's credentials, kept fresh by an agent.

The agent is a process of its own, made before the command and gone after it. The command takes the place of the process
that was started, so exit status, signals, terminal and process id are the command's own, with nothing in between.
"""

import asyncio
import contextlib
import gc
import logging
import os
import socket
import time
from collections.abc import Callable, Mapping

from msgspec import Struct

from iamd.workload.cache import CredentialCache
from iamd.workload.container import PATH, ContainerCredentials
from iamd.workload.credentials import RoleCredentials, RoleRequest
from iamd.workload.http import Listener
from iamd.workload.instances import new_token
from iamd.workload.sockets import listen

_ID = "command"
_WATCH = 0.5  # seconds between looks whether the command has ended, where the system does not tell

# Whatever else could give an SDK credentials, or lead it to some.
# https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
_REMOVED = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)


class _Command(Struct, frozen=True, kw_only=True):
    """The one bearer of the agent's credentials."""

    request: RoleRequest
    token: str

    def __repr__(self) -> str:
        return f"_Command({self.request})"  # no secret

    def find_token(self) -> str:
        return self.token

    def find(self, id: str) -> "_Command | None":
        return self if id == _ID else None


def command_environment(
    inherited: Mapping[str, str], address: str, token: str, *, endpoint_url: str | None, region: str | None
) -> dict[str, str]:
    """The variables of the command: those there are, without what leads to other credentials than the role's.

    The AWS configuration files count among that: SDKs prefer what they find there to the container's credentials. What
    they said of endpoint and region is handed on.
    """
    environment = {name: value for name, value in inherited.items() if name not in _REMOVED}
    environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"http://{address}{PATH}{_ID}"
    environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = token
    environment["AWS_CONFIG_FILE"] = environment["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    if endpoint_url is not None:
        environment["AWS_ENDPOINT_URL"] = endpoint_url
    if region is not None:
        environment["AWS_REGION"] = environment["AWS_DEFAULT_REGION"] = region
    return environment


def run(
    command: tuple[str, ...],
    request: RoleRequest,
    issue: Callable[[RoleRequest], RoleCredentials],
    *,
    endpoint_url: str | None,
    region: str | None,
) -> None:
    """Become ``command``, an executable and its arguments, with credentials for ``request``.

    Raises NotIssued if there are none, and OSError if the command cannot be executed; otherwise it does not return.
    """
    credentials = issue(request)
    listening = listen("127.0.0.1:0")
    host, port = listening.getsockname()
    bearer = _Command(request=request, token=new_token())
    environment = command_environment(
        os.environ, f"{host}:{port}", bearer.token, endpoint_url=endpoint_url, region=region
    )
    _start_agent(listening, bearer, issue, credentials)
    listening.close()
    os.execvpe(command[0], command, environment)  # noqa: S606 - that is the point


def _start_agent(
    listening: socket.socket,
    bearer: _Command,
    issue: Callable[[RoleRequest], RoleCredentials],
    credentials: RoleCredentials,
) -> None:
    """Fork the agent, in a session of its own, which no signal of a terminal reaches.

    It is forked twice, so that the command has no child that it does not know, and would wait for.
    """
    command_pid = os.getpid()
    ended = _watch(command_pid)
    gc.freeze()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        if ended is not None:
            os.close(ended)
        return
    status = 1
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        _let_go_of_streams()
        logging.basicConfig(format="iamd run: %(message)s")
        asyncio.run(_serve(listening, bearer, issue, credentials, command_pid, ended))
        status = 0
    finally:
        os._exit(status)


async def _serve(
    listening: socket.socket,
    bearer: _Command,
    issue: Callable[[RoleRequest], RoleCredentials],
    credentials: RoleCredentials,
    command_pid: int,
    ended: int | None,
) -> None:
    """Serve the command for as long as it lives."""
    cache = CredentialCache(issue, time.time)
    cache.put(bearer.request, credentials)
    listener = Listener(listening, ContainerCredentials(bearer, cache).answer)
    await listener.open()
    keeping = asyncio.create_task(cache.keep_fresh())
    await _end_of(command_pid, ended)
    keeping.cancel()
    await listener.close()


def _watch(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends, where the system has such."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


async def _end_of(pid: int, descriptor: int | None) -> None:
    if descriptor is None:
        with contextlib.suppress(ProcessLookupError):
            while True:
                os.kill(pid, 0)
                await asyncio.sleep(_WATCH)
        return
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(descriptor, ended.set)
    await ended.wait()
    asyncio.get_running_loop().remove_reader(descriptor)


def _let_go_of_streams() -> None:
    """Keep only standard error, to tell of problems: who reads the command's output must not wait for the agent."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)

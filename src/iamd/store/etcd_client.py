"""Calls to an etcd cluster over gRPC: one member at a time, another when it fails, each call with its deadline.

https://etcd.io/docs/v3.5/dev-guide/api_reference_v3/
"""

import asyncio
import random
from typing import Any, NamedTuple, TypeAlias

import grpc
import grpc.aio

from iamd.store import etcd_api_pb2 as api
from iamd.store.etcd_settings import EtcdSettings
from iamd.store.interface import Compacted, TooLarge, Unavailable, Unknown

Message: TypeAlias = Any  # one of etcd_api_pb2's


class Method(NamedTuple):
    """A procedure of etcd's: its path and what it answers."""

    path: str
    answer: type[Message]


RANGE = Method("/etcdserverpb.KV/Range", api.RangeResponse)
TXN = Method("/etcdserverpb.KV/Txn", api.TxnResponse)
COMPACT = Method("/etcdserverpb.KV/Compact", api.CompactionResponse)
WATCH = Method("/etcdserverpb.Watch/Watch", api.WatchResponse)
AUTHENTICATE = Method("/etcdserverpb.Auth/Authenticate", api.AuthenticateResponse)
STATUS = Method("/etcdserverpb.Maintenance/Status", api.StatusResponse)
HASH = Method("/etcdserverpb.Maintenance/HashKV", api.HashKVResponse)

TRY_TIMEOUT = 1.0  # seconds that one member has to answer
CONNECT_TIMEOUT = 0.5  # seconds that one member has to take a connection
PAUSES = (0.02, 0.1)  # seconds between tries, at random, once every member has failed
MAX_ANSWER = 256 << 20  # bytes

_OPTIONS = [
    ("grpc.max_receive_message_length", MAX_ANSWER),
    ("grpc.max_send_message_length", 16 << 20),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1000),  # also the time that one attempt may take
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.keepalive_time_ms", 10_000),  # etcd hangs up on clients that ask more often than every 5 s
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.enable_retries", 0),  # a transaction is not to be sent twice
    ("grpc.use_local_subchannel_pool", 1),
]

# INVARIANT: etcd says these before it proposes a transaction, or gRPC before it sends one; so nothing was written.
_NOT_DONE = (
    "etcdserver: no leader",
    "etcdserver: too many requests",
    "etcdserver: invalid auth token",
    "etcdserver: user name is empty",
    "etcdserver: permission denied",
    "etcdserver: mvcc: database space exceeded",
    "etcdserver: mvcc: required revision is a future revision",
    "failed to connect to all addresses",
    "DNS resolution failed",
)
_TOO_LARGE = ("etcdserver: request is too large", "etcdserver: too many operations", "message larger than max")
_COMPACTED = "etcdserver: mvcc: required revision has been compacted"
_HOPELESS = ("permission denied", "authentication failed", "authentication is not enabled", "database space exceeded")
_UNAUTHENTICATED = ("invalid auth token", "user name is empty", "revision in auth store is old")


class Member:
    """One endpoint and the connection to it."""

    def __init__(self, endpoint: str, credentials: grpc.ChannelCredentials | None) -> None:
        self.endpoint = endpoint
        self._channel = (
            grpc.aio.insecure_channel(endpoint, options=_OPTIONS)
            if credentials is None
            else grpc.aio.secure_channel(endpoint, credentials, options=_OPTIONS)
        )
        self._unary: dict[str, Any] = {}

    async def connect(self, timeout: float) -> None:
        """Raise Unavailable if there is no connection within ``timeout`` seconds."""
        if self._channel.get_state(try_to_connect=True) is grpc.ChannelConnectivity.READY:
            return
        try:
            async with asyncio.timeout(timeout):
                await self._channel.channel_ready()
        except TimeoutError:
            raise Unavailable(f"{self.endpoint} takes no connection") from None

    async def call(
        self, method: Method, request: Message, timeout: float, token: str | None = None, *, quorum: bool = True
    ) -> Message:
        """Raises ``grpc.aio.AioRpcError``."""
        unary = self._unary.get(method.path)
        if unary is None:
            unary = self._unary[method.path] = self._channel.unary_unary(
                method.path, type(request).SerializeToString, method.answer.FromString
            )
        return await unary(request, timeout=timeout, metadata=_metadata(token, quorum))

    def watch(self, token: str | None = None) -> Any:
        """A stream of watch requests and responses, ended by the member if it has no leader."""
        stream = self._channel.stream_stream(
            WATCH.path, api.WatchRequest.SerializeToString, api.WatchResponse.FromString
        )
        return stream(metadata=_metadata(token, quorum=True))

    async def close(self) -> None:
        await self._channel.close()


class EtcdClient:
    """Sticks to one member until it fails; the first in the settings is preferred."""

    def __init__(self, settings: EtcdSettings) -> None:
        self.settings = settings
        self.members: list[Member] = []
        self._current = 0
        self._token: str | None = None
        self._authenticating = asyncio.Lock()

    def open(self) -> None:
        """Make the connections, which are established when they are needed. Raises Unavailable for bad certificates."""
        credentials = _credentials(self.settings) if self.settings.tls else None
        self.members = [Member(endpoint, credentials) for endpoint in self.settings.endpoints]
        self._current = 0
        self._token = None

    async def close(self) -> None:
        members, self.members = self.members, []
        for member in members:
            await member.close()

    @property
    def member(self) -> Member:
        """The one that is asked now. Raises Unavailable if the client is not open."""
        if not self.members:
            raise Unavailable("The store is not open.")
        return self.members[self._current % len(self.members)]

    @property
    def token(self) -> str | None:
        return self._token

    @property
    def at_home(self) -> bool:
        """Whether the preferred member is the one that is asked."""
        return self._current == 0

    def failed(self, member: Member) -> None:
        """Ask another one from now on."""
        if self.members and self.member is member:
            self._current = (self._current + 1) % len(self.members)

    async def try_home(self) -> bool:
        """Go back to the preferred member if it answers and has a leader."""
        home = self.members[0]
        try:
            await home.connect(CONNECT_TIMEOUT)
            status = await home.call(STATUS, api.StatusRequest(), TRY_TIMEOUT, await self.authenticate())
        except (grpc.aio.AioRpcError, Unavailable):
            return False
        if status.leader:
            self._current = 0
        return bool(status.leader)

    async def call(
        self, method: Method, request: Message, deadline: float, *, writes: bool = False, quorum: bool = True
    ) -> Message:
        """Ask one member after the other until one answers, or ``deadline``, in the event loop's time.

        Without ``quorum`` a member answers that has lost the others, if the request lets it. Raises Unavailable;
        Unknown if the call ``writes`` and may have been done; TooLarge; Compacted.
        """
        clock = asyncio.get_running_loop().time
        problem = "no member answers"
        failures = 0
        while (left := deadline - clock()) > 0:
            member = self.member
            try:
                token = await self.authenticate()
                await member.connect(min(left, CONNECT_TIMEOUT))
                timeout = min(max(deadline - clock(), 0.05), TRY_TIMEOUT)
                return await member.call(method, request, timeout, token, quorum=quorum)
            except Unavailable as error:
                problem = str(error)
            except grpc.aio.AioRpcError as error:
                problem = error.details() or error.code().name
                self._judge(error, problem, writes, member)
            self.failed(member)
            failures += 1
            if failures >= len(self.members):
                await asyncio.sleep(random.uniform(*PAUSES))  # noqa: S311 - only spreads the tries
        raise Unavailable(explain(problem))

    def _judge(self, error: grpc.aio.AioRpcError, problem: str, writes: bool, member: Member) -> None:
        """Raise what ends the call; return if another member is to be asked."""
        if _COMPACTED in problem:
            raise Compacted("etcd has compacted that revision.") from error
        if any(text in problem for text in _TOO_LARGE):
            raise TooLarge(f"etcd takes no transaction of this size: {problem}.") from error
        if any(text in problem for text in _UNAUTHENTICATED) and self.settings.user is not None:
            self._token = None
            return
        if any(text in problem for text in _HOPELESS):
            raise Unavailable(explain(problem)) from error
        if writes and not any(text in problem for text in _NOT_DONE):
            self.failed(member)
            raise Unknown(f"etcd did not say whether it wrote: {problem}.") from error

    async def authenticate(self) -> str | None:
        """The token to show, None if there is no user to be. Raises Unavailable, ``grpc.aio.AioRpcError``."""
        if self.settings.user is None or self._token is not None:
            return self._token
        async with self._authenticating:
            if self._token is None:
                request = api.AuthenticateRequest(name=self.settings.user, password=self.settings.password or "")
                member = self.member
                await member.connect(CONNECT_TIMEOUT)
                try:
                    answer = await member.call(AUTHENTICATE, request, TRY_TIMEOUT)
                except grpc.aio.AioRpcError as error:
                    # Whatever becomes of this, nothing else was sent.
                    raise Unavailable(explain(error.details() or error.code().name)) from error
                self._token = answer.token
            return self._token


def explain(problem: str) -> str:
    """What a failure of etcd means, for people; what was explained already stays as it is."""
    if problem.startswith(("etcd ", "The store ")):
        return problem
    if "database space exceeded" in problem:
        return "etcd is full and takes no writes: compact and defragment it, or raise its --quota-backend-bytes."
    if "permission denied" in problem:
        return "etcd refuses this user: its role needs to read and write all keys with the prefix of the store."
    if "authentication failed" in problem:
        return "etcd refuses the user and password of the store."
    if "no leader" in problem or "leader changed" in problem or "request timed out" in problem:
        return "etcd has no quorum to write with: too few of its members reach each other."
    if "deadline exceeded" in problem.lower():
        return "etcd cannot be reached: no answer in time."
    first = problem.partition(";")[0].strip().removeprefix("etcdserver: ").rstrip(".")
    return f"etcd cannot be reached: {first}."


def _metadata(token: str | None, quorum: bool) -> list[tuple[str, str]]:
    # With hasleader, a member that has lost the others says so at once rather than when the time is up.
    leader = [("hasleader", "true")] if quorum else []
    return leader if token is None else [*leader, ("token", token)]


def _credentials(settings: EtcdSettings) -> grpc.ChannelCredentials:
    try:
        ca, cert, key = (
            None if path is None else path.read_bytes() for path in (settings.ca, settings.cert, settings.key)
        )
    except OSError as error:
        raise Unavailable(f"{error.filename} cannot be read: {error.strerror}.") from error
    return grpc.ssl_channel_credentials(ca, key, cert)

"""An agent in a thread of this process, as the tests start and ask it, and issuers whose sessions cost nothing."""

import asyncio
import contextlib
import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from iamd.workload.agent import Agent
from iamd.workload.credentials import RoleCredentials, RoleRequest
from iamd.workload.instances import Fleet
from iamd.workload.issuing import NotIssued

TIMEOUT = 30.0  # seconds
NOW = 1_700_000_000
ROLE_ARN = "arn:aws:iam::111122223333:role/team/Reader"


class Clock:
    """A clock that stands where it is put."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Issuer:
    """Issues sessions of an hour, numbered; or refuses, while ``problem`` says so."""

    def __init__(self, clock: Clock, *, lifetime: int = 3600) -> None:
        self.requests: list[RoleRequest] = []
        self.problem: NotIssued | None = None
        self.may_answer = threading.Event()
        self.may_answer.set()
        self._clock = clock
        self._lifetime = lifetime

    def __call__(self, request: RoleRequest) -> RoleCredentials:
        self.requests.append(request)
        assert self.may_answer.wait(TIMEOUT)
        if self.problem is not None:
            raise self.problem
        profile = request.instance_profile
        return RoleCredentials(
            access_key_id=f"ASIA{len(self.requests)}",
            secret_access_key="a-secret-access-key",
            session_token="a-session-token",
            issued=int(self._clock()),
            expires=int(self._clock()) + self._lifetime,
            role_arn=ROLE_ARN,
            instance_profile_arn=f"arn:aws:iam::111122223333:instance-profile/{profile}" if profile else None,
            instance_profile_id="AIPAEXAMPLE" if profile else None,
        )


class Asked:
    """What an agent answered."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = dict(response.getheaders())
        self.text = response.read().decode()

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def ask(address: str, path: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> Asked:
    """One request to ``host:port``, without anything that the caller does not say."""
    with contextlib.closing(http.client.HTTPConnection(address, timeout=TIMEOUT)) as connection:
        connection.putrequest(method, path, skip_host="Host" in (headers or {}), skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders()
        return Asked(connection.getresponse())


@contextlib.contextmanager
def serving(
    fleet: Fleet, issue: Callable[[RoleRequest], RoleCredentials], clock: Callable[[], float] | None = None
) -> Iterator[Agent]:
    """An agent that serves the fleet meanwhile, in a thread."""
    agent: Agent | None = None
    ready, stop = threading.Event(), threading.Event()
    failure: list[BaseException] = []

    async def serve() -> None:
        nonlocal agent
        async with Agent(fleet, issue, clock=clock or Clock()) as agent:
            ready.set()
            await asyncio.to_thread(stop.wait)

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            failure.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(TIMEOUT)
        if not failure:
            assert agent is not None
            yield agent
    finally:
        stop.set()
        thread.join(TIMEOUT)
    if failure:
        raise failure[0]

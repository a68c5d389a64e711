"""Request bodies: read whole, and bounded one by one and all together."""

import asyncio
from typing import Any

import pytest

from iamd.errors import RequestEntityTooLarge, ServiceUnavailable
from iamd.server.bodies import MAX_BODY_BYTES, MAX_HELD_BYTES, Bodies, Disconnected

PART = b"a" * 1_000_000


class Client:
    """Sends parts, one for each time it is asked, and then waits with the rest unless it is ``done``."""

    def __init__(self, parts: list[bytes], *, done: bool = True) -> None:
        self.parts = parts
        self.done = done

    async def __call__(self) -> dict[str, Any]:
        if not self.parts:
            await asyncio.Event().wait()
        body = self.parts.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(self.parts) or not self.done}


def read(bodies: Bodies, client: Any, *headers: tuple[bytes, bytes]) -> bytes:
    return asyncio.run(bodies.read({"headers": headers}, client))


def test_a_body_comes_whole_in_one_part_or_in_many() -> None:
    assert read(Bodies(), Client([b"Action=ListUsers"])) == b"Action=ListUsers"
    assert read(Bodies(), Client([b"Action=", b"", b"ListUsers"])) == b"Action=ListUsers"


def test_a_body_too_large_is_refused_by_what_it_announces_or_by_what_comes() -> None:
    with pytest.raises(RequestEntityTooLarge):
        read(Bodies(), Client([]), (b"content-length", b"%d" % (MAX_BODY_BYTES + 1)))
    with pytest.raises(RequestEntityTooLarge):
        read(Bodies(), Client([PART] * 11))
    assert len(read(Bodies(), Client([PART] * 10))) == MAX_BODY_BYTES


def test_a_client_that_leaves_is_no_request() -> None:
    async def leave() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    with pytest.raises(Disconnected):
        read(Bodies(), leave)


def test_unfinished_bodies_together_fit_in_memory_and_are_forgotten_with_their_clients() -> None:
    async def scenario() -> None:
        bodies = Bodies()
        full = MAX_HELD_BYTES // (9 * len(PART))
        waiting = [
            asyncio.create_task(bodies.read({"headers": ()}, Client([PART] * 9, done=False))) for _ in range(full)
        ]
        await asyncio.sleep(0)
        with pytest.raises(ServiceUnavailable, match="Too many large requests are being received"):
            await bodies.read({"headers": ()}, Client([PART] * 9))
        assert await bodies.read({"headers": ()}, Client([b"Action=ListUsers"])) == b"Action=ListUsers"
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert len(await bodies.read({"headers": ()}, Client([PART] * 9))) == 9 * len(PART)

    asyncio.run(scenario())

"""One session for all who ask for the same, renewed long before it expires, and kept while the upstream is away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from iamd.workload.cache import CredentialCache
from iamd.workload.credentials import RoleCredentials, RoleRequest
from iamd.workload.issuing import NotIssued
from tests.workload.agents import NOW, Clock, Issuer

READER = RoleRequest(role="Reader")
WRITER = RoleRequest(role="Writer")
AWAY = NotIssued("The upstream is away.", refused=False)


def play(scene: Callable[[CredentialCache, Issuer, Clock], Awaitable[Any]]) -> None:
    clock = Clock()
    issuer = Issuer(clock)
    asyncio.run(scene(CredentialCache(issuer, clock), issuer, clock))  # type: ignore[arg-type]


async def renewed(cache: CredentialCache, request: RoleRequest, old: RoleCredentials) -> RoleCredentials:
    """The session that comes after ``old``, however long its renewal takes."""
    async with asyncio.timeout(30):
        while (credentials := await cache.get(request)) is old:
            await asyncio.sleep(0)
    return credentials


def test_two_hundred_who_ask_at_once_ask_upstream_once() -> None:
    async def scene(cache: CredentialCache, issuer: Issuer, clock: Clock) -> None:
        issuer.may_answer.clear()
        asking = [asyncio.create_task(cache.get(READER)) for _ in range(200)]
        other = asyncio.create_task(cache.get(WRITER))
        await asyncio.sleep(0)
        issuer.may_answer.set()
        answers = await asyncio.gather(*asking)
        assert all(answer is answers[0] for answer in answers)
        assert await other is not answers[0]
        assert sorted(request.role or "" for request in issuer.requests) == ["Reader", "Writer"]

    play(scene)


def test_a_session_is_renewed_at_half_of_its_life_and_nobody_waits_for_that() -> None:
    async def scene(cache: CredentialCache, issuer: Issuer, clock: Clock) -> None:
        first = await cache.get(READER)
        clock.now = NOW + 1799
        assert await cache.get(READER) is first
        issuer.may_answer.clear()
        clock.now = NOW + 1800
        assert await cache.get(READER) is first
        assert await cache.get(READER) is first
        issuer.may_answer.set()
        second = await renewed(cache, READER, first)
        assert (first.expires, second.expires) == (NOW + 3600, NOW + 5400)
        assert len(issuer.requests) == 2

    play(scene)


def test_a_session_is_renewed_though_nobody_asks() -> None:
    async def scene(cache: CredentialCache, issuer: Issuer, clock: Clock) -> None:
        keeping = asyncio.create_task(cache.keep_fresh())
        cache.put(READER, issuer(READER))
        clock.now = NOW + 1800
        async with asyncio.timeout(30):
            while len(issuer.requests) < 2:
                await asyncio.sleep(0.01)
        keeping.cancel()

    play(scene)


def test_the_session_there_is_goes_on_while_the_upstream_is_away_and_ends_when_it_expires() -> None:
    async def scene(cache: CredentialCache, issuer: Issuer, clock: Clock) -> None:
        first = await cache.get(READER)
        issuer.problem = AWAY
        clock.now = NOW + 1800
        assert await cache.get(READER) is first
        clock.now = NOW + 3599
        assert await cache.get(READER) is first
        clock.now = NOW + 3600
        with pytest.raises(NotIssued, match="away"):
            await cache.get(READER)
        issuer.problem = None
        clock.now = NOW + 3700
        assert (await cache.get(READER)).expires == NOW + 3700 + 3600

    play(scene)


def test_after_a_failure_nobody_asks_upstream_until_a_pause_is_over_and_pauses_grow() -> None:
    async def scene(cache: CredentialCache, issuer: Issuer, clock: Clock) -> None:
        issuer.problem = AWAY
        asked = []
        for second in range(200):
            clock.now = NOW + second
            with pytest.raises(NotIssued):
                await cache.get(READER)
            if len(issuer.requests) > len(asked):
                asked.append(second)
        assert asked == [0, 1, 3, 7, 15, 31, 63, 123, 183]

    play(scene)


def test_a_fault_is_a_failure_like_any_other(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(cache: CredentialCache, issuer: Issuer, clock: Clock) -> None:
        issuer.problem = ZeroDivisionError()  # type: ignore[assignment]
        with pytest.raises(NotIssued, match="iamd failed; its log says how"):
            await cache.get(READER)

    play(scene)
    assert "by a fault of iamd" in caplog.text


def test_what_nobody_may_ask_for_any_more_is_forgotten() -> None:
    async def scene(cache: CredentialCache, issuer: Issuer, clock: Clock) -> None:
        reader, writer = await cache.get(READER), await cache.get(WRITER)
        cache.keep_only([WRITER])
        assert await cache.get(WRITER) is writer
        assert await cache.get(READER) is not reader

    play(scene)


def test_logs_tell_which_key_and_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(cache: CredentialCache, issuer: Issuer, clock: Clock) -> None:
        credentials = await cache.get(READER)
        issuer.problem = AWAY
        clock.now = NOW + 1800
        await cache.get(READER)
        async with asyncio.timeout(30):
            while len(caplog.messages) < 2:
                await asyncio.sleep(0)
        assert repr(credentials) == f"RoleCredentials('ASIA1', expires={NOW + 3600})"

    caplog.set_level("INFO", "iamd.workload")
    play(scene)
    assert caplog.messages == [
        "Credentials ASIA1 of Reader as iamd-workload are good until 2023-11-14T23:13:20Z.",
        "No new credentials of Reader as iamd-workload, those until 2023-11-14T23:13:20Z stay: The upstream is away.",
    ]

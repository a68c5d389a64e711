"""Audit events as they stand in a store: found by who did what when, and followed as they come.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from iamd.policy.matching import compile_pattern
from iamd.store.interface import Commit, Compacted, Revision, Store
from iamd.store.layout import EVENT_PREFIX

LOOK_EVERY = 0.2  # seconds between looks for new events
SLACK = 60_000  # milliseconds by which the clocks of processes may differ

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Event(NamedTuple):
    """One event. ``id`` sorts by time; ``stored`` is its JSON, ``record`` what that says."""

    account_id: str
    id: str
    stored: bytes
    record: dict[str, Any]

    @property
    def action(self) -> str:
        """``sts:AssumeRole``."""
        return f"{str(self.record.get('eventSource', '')).partition('.')[0]}:{self.record.get('eventName', '')}"

    @property
    def principal(self) -> str:
        """The caller's ARN, or the service or operator's command that acted."""
        identity = self.record.get("userIdentity") or {}
        return str(identity.get("arn") or identity.get("invokedBy") or "")

    @property
    def resources(self) -> list[str]:
        """The ARNs that the event names."""
        return [str(resource.get("ARN", "")) for resource in self.record.get("resources") or ()]

    @property
    def time(self) -> str:
        """``2026-01-02T03:04:05Z``."""
        return str(self.record.get("eventTime", ""))


class Selection(Struct, frozen=True, kw_only=True):
    """Which events: those for which everything that is given holds. Patterns have ``*`` and ``?``."""

    actions: tuple[str, ...] = ()  # sts:AssumeRole; without a service, of any; in any case
    principals: tuple[str, ...] = ()  # ARNs
    resources: tuple[str, ...] = ()  # ARNs
    accounts: tuple[str, ...] = ()  # ids
    since: str = ""  # as Event.time, from which on
    until: str = ""  # before which

    @property
    def first_id(self) -> str:
        """No event of the selection has an id before this one, whichever process's clock made it."""
        if not self.since:
            return ""
        seconds = datetime.strptime(self.since, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
        return f"{int(seconds * 1000) - SLACK:013}"

    def matcher(self) -> Callable[[Event], bool]:
        """Whether an event is one of them."""
        actions = [compile_pattern((each if ":" in each else f"*:{each}").lower()) for each in self.actions]
        principals = [compile_pattern(each) for each in self.principals]
        resources = [compile_pattern(each) for each in self.resources]

        def matches(event: Event) -> bool:
            return (
                (not actions or any(match(event.action.lower()) for match in actions))
                and (not principals or any(match(event.principal) for match in principals))
                and (not resources or any(match(arn) for arn in event.resources for match in resources))
                and (not self.accounts or event.account_id in self.accounts)
                and event.time >= self.since
                and (not self.until or event.time < self.until)
            )

        return matches


def find_event(key: str, value: bytes) -> Event | None:
    """The event under a key of the store, None if it is another kind of key."""
    if not key.startswith(EVENT_PREFIX):
        return None
    account_id, _, event_id = key.removeprefix(EVENT_PREFIX).partition("/")
    return Event(account_id, event_id, value, _decode(value))


def events_of(commit: Commit) -> list[Event]:
    """The events that a commit brought, in the order of their ids."""
    found = (find_event(key, value) for key, value in commit.put.items())
    return sorted((event for event in found if event is not None), key=lambda event: event.id)


async def read_events(
    store: Store, selection: Selection, report: Callable[[int], None] = lambda count: None
) -> tuple[Revision, list[Event]]:
    """The events of a selection, in the order of their ids, and the revision at which these were all.

    ``report`` hears how many were looked at so far. Raises Unavailable.
    """
    matches, first_id = selection.matcher(), selection.first_id
    prefix = f"{EVENT_PREFIX}{selection.accounts[0]}/" if len(selection.accounts) == 1 else EVENT_PREFIX
    revision: Revision = 0
    found: list[Event] = []
    count = 0
    async for snapshot, items in store.scan(prefix):
        revision = snapshot  # of all pages
        count += len(items)
        report(count)
        late = [(key, item.value) for key, item in items if key.rpartition("/")[2] >= first_id]
        found += [event for key, value in late if (event := find_event(key, value)) is not None and matches(event)]
    return revision, sorted(found, key=lambda event: event.id)


async def follow_events(store: Store, after: Revision) -> AsyncIterator[Event]:
    """Events as they are committed, by whichever process, from those after a revision on. Ends only by an exception.

    After a restore, or if what came meanwhile was compacted, it goes on with what comes then. Raises Unavailable.
    """
    while True:
        while store.poll(after):
            try:
                commits = await store.changes(after)
            except Compacted:
                _, after = await store.head()
                continue
            if not commits:
                break
            for commit in commits:
                for event in events_of(commit):
                    yield event
                after = commit.revision
        await asyncio.sleep(LOOK_EVERY)

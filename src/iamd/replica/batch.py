"""A batch: several runs on one account, each seeing the changes of those before it, made into one transaction."""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple, TypeAlias, TypeVar

from iamd.account.changes import (
    Change,
    ClaimAlias,
    Delete,
    DropDelegationRequest,
    JoinOrganization,
    Put,
    PutDelegationRequest,
    PutOrganization,
    PutServiceUses,
    ReleaseAlias,
)
from iamd.account.records import encode_record
from iamd.account.state import Account
from iamd.call import NotComputed
from iamd.errors import AccessDenied, LimitExceeded
from iamd.store import layout
from iamd.store.interface import Limits, Revision, Transaction

T = TypeVar("T")

MAX_RUNS = 256  # in one batch, since nothing else happens in the process while they run


class Written(NamedTuple):
    """What one run of an operation comes to: its answer, the changes to write, and the audit event that tells them."""

    answer: Any
    changes: Sequence[Change]
    event: bytes | None = None


class Committed(NamedTuple):
    """A run that is durable: its answer, and the newest revision that the answer rests on."""

    answer: Any
    revision: Revision


Run: TypeAlias = Callable[[Account], Written]
Write: TypeAlias = tuple[str, bytes | None]  # a storage key and the value to put there, None to delete it


class Waiter(NamedTuple):
    """A run and whoever awaits its outcome."""

    run: Run
    future: "asyncio.Future[Committed]"


class Batch:
    """Runs that are written together. ``revision`` is set once they are known to be committed."""

    def __init__(self, account: Account, limits: Limits) -> None:
        self.id = secrets.token_hex(16)
        self.revision: Revision | None = None
        self.outcomes: list[tuple[Waiter, Any]] = []  # each run's answer, or the exception that it raised
        self._account = account
        self._limits = limits
        head = layout.head_key(account.account_id)
        self._expect = {head: account.revision}
        self._head = {head: layout.encode_entry(layout.Head(transaction=self.id))}
        self._writes: dict[str, bytes | None] = {}  # the last write to each key
        self._operations = 1
        self._size = len(head) + len(self._head[head])

    def transaction(self, *, fenced: bool = False) -> Transaction | None:
        """What to commit; None if nothing changes, unless it is ``fenced``: nothing begun earlier may follow."""
        if not self._writes and not fenced:
            return None
        return Transaction(
            expect=self._expect,
            put=self._head | {key: value for key, value in self._writes.items() if value is not None},
            delete=frozenset(key for key, value in self._writes.items() if value is None),
        )

    def run(self, waiters: Iterable[Waiter]) -> None:
        """Run one after another, as many as fit.

        INVARIANT: nothing awaits in here, and the account is afterwards as it was before; so nobody ever reads what is
        not committed.
        """
        with _undoing(self._account) as apply:
            for waiter in waiters:
                if len(self.outcomes) == MAX_RUNS:
                    return
                if waiter.future.done():  # whoever asked went away
                    continue
                try:
                    written = waiter.run(self._account)
                    writes = self._encode(written)
                    if not self._has_room(writes):
                        if self.outcomes:
                            return
                        raise LimitExceeded("The request changes more than one transaction of the store can hold.")
                except Exception as refusal:  # an outcome like any other, which may rest on the changes before it
                    self.outcomes.append((waiter, refusal))
                    continue
                self._add(writes)
                self.outcomes.append((waiter, written.answer))
                for change in written.changes:
                    apply(change)

    def _encode(self, written: Written) -> list[Write]:
        account_id = self._account.account_id
        writes: list[Write] = []
        for change in written.changes:
            if isinstance(change, ClaimAlias):
                reference = layout.encode_entry(layout.AccountReference(account_id=account_id))
                writes.append((layout.ALIAS_PREFIX + change.alias, reference))
            elif isinstance(change, ReleaseAlias):
                writes.append((layout.ALIAS_PREFIX + change.alias, None))
            elif isinstance(change, PutOrganization):
                organization = change.organization
                assert organization.management_account_id == account_id
                writes.append((layout.ORGANIZATION_PREFIX + organization.id, layout.encode_entry(organization)))
            elif isinstance(change, JoinOrganization):
                membership = layout.OrganizationReference(organization_id=change.organization_id)
                writes.append((layout.MEMBER_PREFIX + change.account_id, layout.encode_entry(membership)))
            elif isinstance(change, PutDelegationRequest):
                request = change.request
                assert request.requestor_id == account_id
                writes.append((layout.DELEGATION_PREFIX + request.id, layout.encode_entry(request)))
            elif isinstance(change, DropDelegationRequest):
                writes.append((layout.DELEGATION_PREFIX + change.request_id, None))
            elif isinstance(change, PutServiceUses):
                uses = layout.ServiceUses(services=change.services)
                writes.append((layout.SERVICE_USES_PREFIX + account_id, layout.encode_entry(uses)))
            else:
                value = encode_record(change.record) if isinstance(change, Put) else None
                writes.append((layout.record_key(account_id, change.record), value))
        if written.event is not None:
            writes.append((layout.event_key(account_id, new_event_id()), written.event))
        return writes

    def _has_room(self, writes: list[Write]) -> bool:
        self._operations += len(writes)
        self._size += sum(len(key) + len(value or b"") for key, value in writes)
        return self._operations <= self._limits.operations and self._size <= self._limits.size

    def _add(self, writes: list[Write]) -> None:
        aliases = self._account.directory.aliases
        for key, value in writes:
            if key.startswith(layout.ALIAS_PREFIX) and value is not None and key not in self._writes:
                # One of the account's own needs no expectation: nobody else gives it away, and the head tells.
                owner = aliases.get(key.removeprefix(layout.ALIAS_PREFIX))
                if owner != self._account.account_id:
                    self._expect[key] = 0
            self._writes[key] = value

    @property
    def rests_on_what_was_read(self) -> bool:
        """Whether it changes nothing, and somebody is to be told of what the account holds or does not hold.

        A caller's permissions may be a moment old, as AWS's are, or whoever has none would cost a quorum's time.
        """
        return not self._writes and not all(
            isinstance(outcome, AccessDenied | NotComputed) for _, outcome in self.outcomes
        )

    def answer(self) -> None:
        """Give everyone their outcome. INVARIANT: only called when what it rests on is durable."""
        for waiter, outcome in self.outcomes:
            if waiter.future.done():
                continue
            if isinstance(outcome, BaseException):
                waiter.future.set_exception(outcome)
            else:
                waiter.future.set_result(self._committed(outcome))

    def holds(self, future: "asyncio.Future[Committed]") -> bool:
        """Whether one of the runs is the one whose outcome the future awaits."""
        return any(waiter.future is future for waiter, _ in self.outcomes)

    def outcome(self, future: "asyncio.Future[Committed]") -> Committed:
        """What ``answer`` would give that run, or raise what it raised."""
        [outcome] = [outcome for waiter, outcome in self.outcomes if waiter.future is future]
        if isinstance(outcome, BaseException):
            raise outcome
        return self._committed(outcome)

    def _committed(self, outcome: Any) -> Committed:
        return Committed(outcome, self.revision or self._account.revision)


@contextmanager
def _undoing(account: Account) -> Iterator[Callable[[Change], None]]:
    """A way to make changes in the account and the directory that are all undone at the end."""
    undo: list[Callable[[], object]] = []
    directory = account.directory

    def enter(entries: dict[str, T], key: str, value: T | None) -> None:
        undo.append(partial(_enter, entries, key, entries.get(key)))
        _enter(entries, key, value)

    def apply(change: Change) -> None:
        if isinstance(change, Put | Delete):
            undo.append(partial(account.apply, account.apply(change)))
        elif isinstance(change, ClaimAlias):
            enter(directory.aliases, change.alias, account.account_id)
        elif isinstance(change, ReleaseAlias):
            enter(directory.aliases, change.alias, None)
        elif isinstance(change, PutOrganization):
            enter(directory.organizations, change.organization.id, change.organization)
        elif isinstance(change, PutDelegationRequest):
            enter(directory.delegation_requests, change.request.id, change.request)
        elif isinstance(change, DropDelegationRequest):
            enter(directory.delegation_requests, change.request_id, None)
        elif isinstance(change, PutServiceUses):
            enter(directory.service_uses, account.account_id, change.services)
        else:
            enter(directory.organization_ids, change.account_id, change.organization_id)

    try:
        yield apply
    finally:
        for step in reversed(undo):
            step()


def _enter(entries: dict[str, T], key: str, value: T | None) -> None:
    if value is None:
        entries.pop(key, None)
    else:
        entries[key] = value


_newest_millisecond = 0
_count = 0


def new_event_id() -> str:
    """A fresh id for an audit event: ids sort by time, and those of one process in the order they were made."""
    global _newest_millisecond, _count
    millisecond = time.time_ns() // 1_000_000
    if millisecond > _newest_millisecond:
        _newest_millisecond, _count = millisecond, 0
    else:
        _count += 1
    return f"{_newest_millisecond:013}-{_count:06}-{secrets.token_hex(4)}"

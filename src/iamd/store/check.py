"""The check of a whole store: its engine, its records, and whether its log leads to its current values."""

from collections.abc import Callable
from hashlib import blake2b
from typing import TypeAlias

from iamd.account.directory import Directory
from iamd.call import Sealer
from iamd.store import layout
from iamd.store.check_records import Finding, RecordCheck
from iamd.store.interface import Commit, Compacted, Revision, Store

__all__ = ["Finding", "Progress", "check"]

Progress: TypeAlias = Callable[[str, int], None]  # what is being looked at, and how many of them were
Values: TypeAlias = dict[str, tuple[Revision, bytes]]  # key → revision and digest of its current value


def _no_progress(what: str, count: int) -> None:
    return


async def check(
    store: Store,
    directory: Directory | None = None,
    sealer: Sealer | None = None,
    progress: Progress = _no_progress,
) -> list[Finding]:
    """Everything that is wrong with a store, which may be in use; empty if all is well. Raises Unavailable.

    ``directory`` brings the AWS-managed policies that attachments may name; with a ``sealer``, sealed secrets are
    opened. The log is replayed if none of it was compacted.
    """
    findings = [Finding("", problem) for problem in await store.check()]
    records = RecordCheck(directory or Directory(), sealer)
    current: Values = {}
    head = 0
    async for snapshot, items in store.scan(""):
        head = snapshot
        for key, item in items:
            current[key] = (item.revision, _digest(item.value))
            findings += records.look_at(key, item)
        progress("records", len(current))
    findings += records.finish()
    findings += await _replay(store, current, head, progress)
    return findings


async def _replay(store: Store, current: Values, head: Revision, progress: Progress) -> list[Finding]:
    """Whether the log, replayed from its beginning to ``head``, leads to the current values."""
    findings: list[Finding] = []
    replayed: Values = {}
    revision = 0
    while revision < head:
        try:
            commits = await store.changes(revision)
        except Compacted:
            return findings
        if not commits:
            break
        for commit in commits:
            revision = commit.revision
            if revision > head:
                break
            for key in commit.delete:
                replayed.pop(key, None)
            for key, value in commit.put.items():
                replayed[key] = (revision, _digest(value))
            findings += _headless(commit)
        progress("commits", min(revision, head))
    for key in sorted(current.keys() | replayed.keys()):
        if current.get(key) != replayed.get(key):
            findings.append(Finding(key, _difference(current.get(key), replayed.get(key))))
    return findings


def _headless(commit: Commit) -> list[Finding]:
    touched = {key.split("/")[1] for key in (*commit.put, *commit.delete) if key.startswith(("a/", "event/"))}
    heads = [layout.head_key(account_id) for account_id in sorted(touched)]
    return [
        Finding(head, f"was not replaced by revision {commit.revision}, which changed the account.")
        for head in heads
        if head not in commit.put
    ]


def _difference(current: tuple[Revision, bytes] | None, replayed: tuple[Revision, bytes] | None) -> str:
    if replayed is None:
        return "has a current value, but the log leads to none."
    if current is None:
        return "has no current value, but the log leads to one."
    return f"has a current value of revision {current[0]}, but the log leads to another, of revision {replayed[0]}."


def _digest(value: bytes) -> bytes:
    return blake2b(value, digest_size=16).digest()

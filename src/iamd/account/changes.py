"""What an operation asks to be written."""

from typing import NamedTuple, TypeAlias

from iamd.account.records import Record


class Put(NamedTuple):
    """Create the record, or replace the one with its key."""

    record: Record


class Delete(NamedTuple):
    """Remove the record with this one's key."""

    record: Record


class ClaimAlias(NamedTuple):
    """Take an account alias, which is unique among all accounts."""

    alias: str


class ReleaseAlias(NamedTuple):
    """Give an account alias back."""

    alias: str


Change: TypeAlias = Put | Delete | ClaimAlias | ReleaseAlias

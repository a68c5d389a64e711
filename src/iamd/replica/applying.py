"""What a commit changes in the memory of a process: accounts' records and the directory."""

from iamd.account.changes import Delete, Put
from iamd.account.directory import Directory
from iamd.account.records import KINDS, Record, decode_record
from iamd.account.state import Account
from iamd.store import layout
from iamd.store.interface import Commit


def decode_stored_record(key: str, value: bytes) -> Record | None:
    """The record under a key ``a/<account id>/<kind>/<record key>``; None if its kind is not one of this version's.

    Raises ``msgspec.ValidationError`` for a value that is no such record.
    """
    kind = key.split("/", 3)[2]
    return decode_record(kind, value) if kind in KINDS else None


def apply_commit(account: Account, commit: Commit) -> None:
    """Make the commit's changes of this account's records, unless it holds them already."""
    if commit.revision <= account.revision:
        return
    prefix = layout.head_key(account.account_id) + "/"
    records = [decode_stored_record(key, value) for key, value in commit.put.items() if key.startswith(prefix)]
    # INVARIANT: everything that goes has gone before anything comes, because a commit may give a record's unique id to
    # another name, and the indexes go by unique id.
    for key in commit.delete:
        if key.startswith(prefix):
            _, _, kind, record_key = key.split("/", 3)
            gone = account.table(kind).find(record_key) if kind in KINDS else None
            if gone is not None:
                account.apply(Delete(gone))
    for record in records:
        if record is not None:
            old = account.table(record.kind).find(record.key)
            if old is not None and getattr(old, "id", None) != getattr(record, "id", None):
                account.apply(Delete(old))
    for record in records:
        if record is not None:
            account.apply(Put(record))
    account.revision = commit.revision


def apply_to_directory(directory: Directory, key: str, value: bytes | None) -> None:
    """Let the directory hold what a commit put under the key, or forget what it deleted there."""
    area, _, name = key.partition("/")
    if area == "account":
        if value is None:
            directory.account_ids.discard(name)
        else:
            directory.account_ids.add(name)
        return
    if area == "organization":
        if value is None:
            directory.organizations.pop(name, None)
        else:
            directory.organizations[name] = layout.decode_organization(value)
        return
    if area == "delegation-request":
        if value is None:
            directory.delegation_requests.pop(name, None)
        else:
            directory.delegation_requests[name] = layout.decode_delegation_request(value)
        return
    if area == "member":
        if value is None:
            directory.organization_ids.pop(name, None)
        else:
            directory.organization_ids[name] = layout.decode_organization_reference(value).organization_id
        return
    if area == "service-uses":
        if value is None:
            directory.service_uses.pop(name, None)
        else:
            directory.service_uses[name] = layout.decode_service_uses(value).services
        return
    entries = {"alias": directory.aliases, "access-key": directory.seeded_access_keys}[area]
    if value is None:
        entries.pop(name, None)
    else:
        entries[name] = layout.decode_account_reference(value).account_id

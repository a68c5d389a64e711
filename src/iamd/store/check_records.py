"""Whether what a store holds makes sense: each value by itself, and what records say of each other."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from iamd.account.changes import Put
from iamd.account.directory import Directory
from iamd.account.ids import find_account_id
from iamd.account.records import (
    KINDS,
    AccessKey,
    Group,
    Identity,
    InstanceProfile,
    LoginProfile,
    ManagedPolicy,
    MFADevice,
    Record,
    Role,
    SAMLProvider,
    ServerCertificate,
    ServiceAccess,
    ServiceSpecificCredential,
    User,
    WebIdentityIssuer,
    decode_record,
)
from iamd.account.state import Account
from iamd.arn import find_arn
from iamd.call import SealBroken, Sealer
from iamd.store import layout
from iamd.store.interface import Item
from iamd.store.sealing import decode_data_key


class Finding(NamedTuple):
    """Something wrong: where (a storage key, or empty for the store itself) and what."""

    key: str
    problem: str

    def __str__(self) -> str:
        return f"{self.key} {self.problem}" if self.key else self.problem


class RecordCheck:
    """Looks at all items of a store in key order, and then at how they go together.

    ``directory`` brings the AWS-managed policies, ``sealer`` opens sealed secrets; without one they are not looked at.
    """

    def __init__(self, directory: Directory, sealer: Sealer | None) -> None:
        self._directory = directory
        self._sealer = sealer
        self._account: _AccountCheck | None = None
        self._account_ids: set[str] = set()  # that have a head
        self._listed_ids: set[str] = set()  # that the directory of accounts has
        self._event_account_ids: set[str] = set()
        self._using_account_ids: set[str] = set()  # whose last uses of services are entered
        self._organizations: dict[str, str] = {}  # organization → its management account's id
        self._requestors: dict[str, str] = {}  # delegation request → its requestor's account id
        self._memberships: dict[str, str] = {}  # account id → organization
        self._references: dict[str, str] = {}  # alias and access key entries → account id
        self._expected_references: dict[str, str] = {}  # those that the accounts' records call for

    def look_at(self, key: str, item: Item) -> Iterator[Finding]:
        """What is wrong with one item, or with the account whose last item came before it."""
        try:
            yield from self._look_at(key, item)
        except msgspec.DecodeError as error:
            yield Finding(key, f"cannot be read: {error}.")

    def _look_at(self, key: str, item: Item) -> Iterator[Finding]:
        area, _, rest = key.partition("/")
        account_id = rest.partition("/")[0]
        if area == "a":
            if self._account is None or self._account.id != account_id:
                yield from self._finish_account()
                self._account = _AccountCheck(account_id, self._directory)
            yield from self._account.look_at(key, item)
            return
        yield from self._finish_account()
        if key.startswith(layout.ACCOUNT_PREFIX):
            self._listed_ids.add(rest)
            if layout.decode_account_entry(item.value).id != rest:
                yield Finding(key, "has another account's entry.")
        elif key.startswith((layout.ALIAS_PREFIX, layout.ACCESS_KEY_PREFIX)):
            self._references[key] = layout.decode_account_reference(item.value).account_id
        elif key.startswith(layout.ORGANIZATION_PREFIX):
            organization = layout.decode_organization(item.value)
            if organization.id != rest:
                yield Finding(key, "has another organization.")
            self._organizations[rest] = organization.management_account_id
        elif key.startswith(layout.DELEGATION_PREFIX):
            request = layout.decode_delegation_request(item.value)
            if request.id != rest:
                yield Finding(key, "has another delegation request.")
            self._requestors[rest] = request.requestor_id
        elif key.startswith(layout.MEMBER_PREFIX):
            self._memberships[rest] = layout.decode_organization_reference(item.value).organization_id
        elif key.startswith(layout.SERVICE_USES_PREFIX):
            layout.decode_service_uses(item.value)
            self._using_account_ids.add(rest)
        elif key.startswith(layout.EVENT_PREFIX):
            self._event_account_ids.add(account_id)
            msgspec.json.decode(item.value)
        elif key.startswith(layout.DATA_KEY_PREFIX):
            decode_data_key(item.value)
        elif key.startswith(layout.WEBHOOK_PREFIX):
            layout.decode_webhook_cursor(item.value)
        elif key == layout.FIRST_ACCOUNT_KEY:
            layout.decode_account_reference(item.value)
        else:
            yield Finding(key, "is a key of no known kind.")

    def _finish_account(self) -> Iterator[Finding]:
        if self._account is None:
            return
        yield from self._account.finish(self._sealer)
        if self._account.revision:
            self._account_ids.add(self._account.id)
        self._expected_references |= self._account.references()
        self._account = None

    def finish(self) -> Iterator[Finding]:
        """What is wrong between accounts and the directory."""
        yield from self._finish_account()
        for account_id in sorted(self._account_ids - self._listed_ids):
            yield Finding(layout.head_key(account_id), "belongs to an account that is not in the directory.")
        for account_id in sorted(self._listed_ids - self._account_ids):
            yield Finding(layout.ACCOUNT_PREFIX + account_id, "names an account that has no head.")
        for account_id in sorted(self._event_account_ids - self._listed_ids):
            yield Finding(layout.EVENT_PREFIX + account_id, "has events of an account that is not in the directory.")
        for account_id in sorted(self._using_account_ids - self._listed_ids):
            yield Finding(layout.SERVICE_USES_PREFIX + account_id, "is of an account that is not in the directory.")
        for organization_id, account_id in sorted(self._organizations.items()):
            if self._memberships.get(account_id) != organization_id:
                yield Finding(
                    layout.ORGANIZATION_PREFIX + organization_id, f"is managed by {account_id}, which is no member."
                )
        for request_id, account_id in sorted(self._requestors.items()):
            if account_id not in self._listed_ids:
                yield Finding(
                    layout.DELEGATION_PREFIX + request_id, f"is of {account_id}, which is not in the directory."
                )
        for account_id, organization_id in sorted(self._memberships.items()):
            if account_id not in self._listed_ids:
                yield Finding(layout.MEMBER_PREFIX + account_id, "names an account that is not in the directory.")
            if organization_id not in self._organizations:
                yield Finding(layout.MEMBER_PREFIX + account_id, f"names {organization_id}, which does not exist.")
        for key in sorted(self._references.keys() | self._expected_references.keys()):
            found, expected = self._references.get(key), self._expected_references.get(key)
            if found is None:
                yield Finding(key, f"is missing: account {expected} has it.")
            elif found != expected:
                yield Finding(key, f"names account {found}, which does not have it.")


class _AccountCheck:
    """Looks at one account's items."""

    def __init__(self, account_id: str, directory: Directory) -> None:
        self.id = account_id
        self.revision = 0  # of the head
        self._account = Account(account_id, directory)
        self._key_of_id: dict[str, str] = {}  # unique id → storage key

    def look_at(self, key: str, item: Item) -> Iterator[Finding]:
        if key == layout.head_key(self.id):
            self.revision = item.revision
            layout.decode_head(item.value)
            return
        if item.revision > self.revision:
            yield Finding(key, f"was written by revision {item.revision}, its account's head by {self.revision}.")
        kind = key.split("/", 3)[2]
        if kind not in KINDS:
            yield Finding(key, "is a record of no known kind.")
            return
        record = decode_record(kind, item.value)
        if layout.record_key(self.id, record) != key or getattr(record, "account_id", self.id) != self.id:
            yield Finding(key, f"has a record that belongs under {layout.record_key(self.id, record)}.")
        unique_id = getattr(record, "id", None)
        if unique_id is not None and kind != "last-used":
            if unique_id in self._key_of_id:
                yield Finding(key, f"has the unique id of {self._key_of_id[unique_id]}, {unique_id}.")
            self._key_of_id[unique_id] = key
        self._account.apply(Put(record))

    def references(self) -> dict[str, str]:
        """The entries beyond the account that its records call for."""
        keys = [
            layout.ACCESS_KEY_PREFIX + key.id for key in self._account.access_keys if not self._carries_account(key)
        ]
        alias = self._account.settings.alias
        if alias is not None:
            keys.append(layout.ALIAS_PREFIX + alias)
        return dict.fromkeys(keys, self.id)

    def _carries_account(self, key: AccessKey) -> bool:
        return find_account_id(key.id) == self.id

    def finish(self, sealer: Sealer | None) -> Iterator[Finding]:
        """What is wrong between the account's records."""
        if not self.revision:
            yield Finding(layout.head_key(self.id), "is missing.")
        if self._account.table("settings").find("account") is None:
            yield Finding(layout.head_key(self.id), "has no settings.")
        for kind in KINDS:
            for record in self._account.table(kind):
                key = layout.record_key(self.id, record)
                for problem in self._problems(record):
                    yield Finding(key, problem)
                if sealer is None:
                    continue
                for sealed, context in _sealed(record):
                    try:
                        sealer.unseal(sealed, context)
                    except SealBroken as error:
                        yield Finding(key, f"has a secret that cannot be opened: {error}")

    def _problems(self, record: Record) -> Iterator[str]:
        if isinstance(record, User):
            for group_id in record.group_ids:
                if not self._has(Group, group_id):
                    yield f"is in the group {group_id}, which does not exist."
        if isinstance(record, Identity):
            for arn in record.attached_policies:
                if not self._has_policy(arn):
                    yield f"has the policy {arn} attached, which does not exist."
        if isinstance(record, User | Role):
            boundary = record.permissions_boundary
            if boundary is not None and not self._has_policy(boundary):
                yield f"has the permissions boundary {boundary}, which does not exist."
        elif isinstance(record, ManagedPolicy):
            default = record.default_version_id
            if default not in {version.id for version in record.versions}:
                yield f"has the default version {default}, which does not exist."
        elif isinstance(record, InstanceProfile) and record.role_id and not self._has(Role, record.role_id):
            yield f"holds the role {record.role_id}, which does not exist."
        elif isinstance(record, ServiceAccess):
            principal_id = record.principal_id
            if principal_id != self.id and not self._has(User, principal_id) and not self._has(Role, principal_id):
                yield f"is of the principal {principal_id}, who does not exist."
        owner_id: str | None = getattr(record, "owner_id", None)
        if owner_id is not None and owner_id != self.id and not self._has(User, owner_id):
            yield f"belongs to the user {owner_id}, who does not exist."

    def _has(self, kind: type[Record], unique_id: str) -> bool:
        return isinstance(self._account.find_by_id(unique_id), kind)

    def _has_policy(self, arn: str) -> bool:
        parsed = find_arn(arn)
        if parsed is not None and parsed.account_id == "aws" and not self._account.directory.aws_managed_policies:
            return True  # they are not at hand
        return self._account.find_policy(arn) is not None


def _sealed(record: Record) -> Iterator[tuple[str, str]]:
    """The record's sealed texts, each with its context."""
    if isinstance(record, AccessKey | ServiceSpecificCredential):
        yield record.sealed_secret, record.id
    elif isinstance(record, ServerCertificate):
        yield record.sealed_private_key, record.id
    elif isinstance(record, SAMLProvider):
        for private_key in record.private_keys:
            yield private_key.sealed, private_key.id
    elif isinstance(record, WebIdentityIssuer):
        for token_key in record.keys:
            yield token_key.sealed, token_key.id
    elif isinstance(record, MFADevice):
        if record.sealed_seed is not None:
            yield record.sealed_seed, record.serial_number
    elif isinstance(record, LoginProfile):
        for sealed in (record.sealed_hash, *record.previous_hashes):
            yield sealed, record.seal_context

"""Which key holds what in a store, and the forms of the values that are not an account's records."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from iamd.account.delegation import DelegationRequest
from iamd.account.organization import Organization
from iamd.account.records import Record

# account/<account id>                 AccountEntry          the account exists
# alias/<alias>                        AccountReference      account aliases, unique among all accounts
# organization/<organization id>        Organization          written only by commits of its management account
# member/<account id>                  OrganizationReference what organization the account belongs to
# service-uses/<account id>            ServiceUses           what services the account's principals last asked when
# delegation-request/<id>              DelegationRequest     INVARIANT: written only with the requestor's head
# access-key/<access key id>           AccountReference      only for access keys whose id does not carry its account
# a/<account id>                       Head                  INVARIANT: every commit to the account replaces it
# a/<account id>/<kind>/<record key>   the record            see iamd.account.records
# event/<account id>/<event id>        an audit event        event ids sort by time
# meta/first-account                   AccountReference      the account with a random id that the first start makes
# meta/webhook/<name>                  WebhookCursor         how far its events were delivered
# meta/…                                                     what belongs to the store itself

ACCOUNT_PREFIX = "account/"
ALIAS_PREFIX = "alias/"
ACCESS_KEY_PREFIX = "access-key/"
ORGANIZATION_PREFIX = "organization/"
MEMBER_PREFIX = "member/"
SERVICE_USES_PREFIX = "service-uses/"
DELEGATION_PREFIX = "delegation-request/"
HEAD_PREFIX = "a/"
EVENT_PREFIX = "event/"
DATA_KEY_PREFIX = "meta/data-key/"
WEBHOOK_PREFIX = "meta/webhook/"
FIRST_ACCOUNT_KEY = "meta/first-account"


class AccountEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the directory of accounts holds about one."""

    id: str  # 12 digits
    created: int  # epoch seconds
    name: str | None = None


class AccountReference(Struct, frozen=True, kw_only=True):
    """The account that something named in the key belongs to."""

    account_id: str


class OrganizationReference(Struct, frozen=True, kw_only=True):
    """The organization that the account named in the key belongs to."""

    organization_id: str


class ServiceUses(Struct, frozen=True, kw_only=True):
    """See ``iamd.account.changes.PutServiceUses``."""

    services: Mapping[str, tuple[int, str]]


class Head(Struct, frozen=True, kw_only=True):
    """The newest commit to an account: its revision in the store orders all writes to the account."""

    transaction: str  # unique id of that commit's transaction


class WebhookCursor(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far the events of a webhook were delivered, and which process is delivering."""

    revision: int  # all commits up to it are done with
    event_id: str  # the newest event id, or time, known when it was reached
    holder: str | None = None  # the process that has claimed delivery …
    until: float = 0.0  # … until then, in epoch seconds


def head_key(account_id: str) -> str:
    """The key every write to the account expects and replaces; also the prefix of all its records."""
    return f"a/{account_id}"


def record_key(account_id: str, record: Record) -> str:
    """Where one of the account's records stands."""
    return f"a/{account_id}/{record.kind}/{record.key}"


def event_key(account_id: str, event_id: str) -> str:
    """Where one of the account's audit events stands."""
    return f"event/{account_id}/{event_id}"


_encode = msgspec.json.encode
_account_entry = msgspec.json.Decoder(AccountEntry)
_account_reference = msgspec.json.Decoder(AccountReference)
_organization = msgspec.json.Decoder(Organization)
_delegation_request = msgspec.json.Decoder(DelegationRequest)
_organization_reference = msgspec.json.Decoder(OrganizationReference)
_service_uses = msgspec.json.Decoder(ServiceUses)
_head = msgspec.json.Decoder(Head)
_webhook_cursor = msgspec.json.Decoder(WebhookCursor)


def encode_entry(
    entry: AccountEntry
    | AccountReference
    | Organization
    | DelegationRequest
    | OrganizationReference
    | ServiceUses
    | Head
    | WebhookCursor,
) -> bytes:
    """``entry`` as it is stored: JSON."""
    return _encode(entry)


def decode_account_entry(stored: bytes) -> AccountEntry:
    """The value under ``account/``. Raises ``msgspec.ValidationError``, as those below do."""
    return _account_entry.decode(stored)


def decode_account_reference(stored: bytes) -> AccountReference:
    """The value under ``alias/`` or ``access-key/``."""
    return _account_reference.decode(stored)


def decode_delegation_request(stored: bytes) -> DelegationRequest:
    """The value under ``delegation-request/``."""
    return _delegation_request.decode(stored)


def decode_organization(stored: bytes) -> Organization:
    """The value under ``organization/``."""
    return _organization.decode(stored)


def decode_organization_reference(stored: bytes) -> OrganizationReference:
    """The value under ``member/``."""
    return _organization_reference.decode(stored)


def decode_service_uses(stored: bytes) -> ServiceUses:
    """The value under ``service-uses/``."""
    return _service_uses.decode(stored)


def decode_webhook_cursor(stored: bytes) -> WebhookCursor:
    """The value under ``meta/webhook/``."""
    return _webhook_cursor.decode(stored)


def decode_head(stored: bytes) -> Head:
    """The value under ``a/<account id>``."""
    return _head.decode(stored)

"""What an account stores: one frozen record per entity, each written whole.

Times are epoch seconds. A record's ``key`` is unique among the records of its kind in one account; names are keyed in
lower case because AWS refuses two names that differ only in case.
"""

from collections.abc import Mapping
from typing import ClassVar

import msgspec
from msgspec import Struct

from iamd.arn import iam_arn, root_arn

Tags = tuple[tuple[str, str], ...]  # in the order AWS shows them


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A stored entity. ``kind`` is the word in its storage key and, where it has an ARN, in that ARN."""

    kind: ClassVar[str]

    @property
    def key(self) -> str:
        raise NotImplementedError


class User(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_User.html"""

    kind: ClassVar[str] = "user"

    account_id: str
    name: str
    path: str = "/"
    id: str  # AIDA…
    created: int
    tags: Tags = ()
    permissions_boundary: str | None = None  # policy ARN
    group_ids: tuple[str, ...] = ()  # AGPA…, in the order of joining
    attached_policies: tuple[str, ...] = ()  # policy ARNs, in the order of attaching
    inline_policies: Mapping[str, str] = {}  # policy name → document as sent

    @property
    def key(self) -> str:
        return self.name.lower()

    @property
    def arn(self) -> str:
        return iam_arn(self.account_id, "user", self.path, self.name)


class Group(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_Group.html"""

    kind: ClassVar[str] = "group"

    account_id: str
    name: str
    path: str = "/"
    id: str  # AGPA…
    created: int
    attached_policies: tuple[str, ...] = ()
    inline_policies: Mapping[str, str] = {}

    @property
    def key(self) -> str:
        return self.name.lower()

    @property
    def arn(self) -> str:
        return iam_arn(self.account_id, "group", self.path, self.name)


class Role(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html"""

    kind: ClassVar[str] = "role"

    account_id: str
    name: str
    path: str = "/"
    id: str  # AROA…
    created: int
    trust_policy: str  # document as sent
    trust_principals: Mapping[str, str] = {}  # user or role ARN (or id) in it → unique id it stood for when saved
    description: str | None = None
    max_session_duration: int = 3600  # seconds
    tags: Tags = ()
    permissions_boundary: str | None = None
    attached_policies: tuple[str, ...] = ()
    inline_policies: Mapping[str, str] = {}

    @property
    def key(self) -> str:
        return self.name.lower()

    @property
    def arn(self) -> str:
        return iam_arn(self.account_id, "role", self.path, self.name)


class PolicyVersion(Struct, frozen=True, kw_only=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_PolicyVersion.html"""

    id: str  # v1, v2, …
    document: str  # as sent
    created: int


class ManagedPolicy(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_Policy.html

    ``account_id`` is ``aws`` for AWS-managed policies, which are no account's records.
    """

    kind: ClassVar[str] = "policy"

    account_id: str
    name: str
    path: str = "/"
    id: str  # ANPA…
    created: int
    updated: int
    description: str | None = None
    tags: Tags = ()
    versions: tuple[PolicyVersion, ...]  # oldest first
    default_version_id: str = "v1"
    last_version: int = 1  # the highest number ever given; numbers are never given twice

    @property
    def key(self) -> str:
        return self.name.lower()

    @property
    def arn(self) -> str:
        return iam_arn(self.account_id, "policy", self.path, self.name)

    @property
    def document(self) -> str:
        """The document of the default version: the one in force."""
        return next(version.document for version in self.versions if version.id == self.default_version_id)


class InstanceProfile(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_InstanceProfile.html"""

    kind: ClassVar[str] = "instance-profile"

    account_id: str
    name: str
    path: str = "/"
    id: str  # AIPA…
    created: int
    tags: Tags = ()
    role_id: str | None = None  # AROA…; at most one role

    @property
    def key(self) -> str:
        return self.name.lower()

    @property
    def arn(self) -> str:
        return iam_arn(self.account_id, "instance-profile", self.path, self.name)


class AccessKey(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html"""

    kind: ClassVar[str] = "access-key"

    id: str  # AKIA…
    owner_id: str  # the user's AIDA…, or the account id for the root user
    sealed_secret: str  # sealed with the access key id as context
    active: bool = True
    created: int
    ordinal: int = 0  # counts the owner's keys on, so that two of the same second stay in the order of creation

    @property
    def key(self) -> str:
        return self.id


class LastUsed(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The last use of an access key, role or password, written some time after the use.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKeyLastUsed.html
    """

    kind: ClassVar[str] = "last-used"

    id: str  # access key id, a role's unique id, or a user's unique id for its password
    time: int
    service: str  # endpoint prefix: iam, sts
    region: str

    @property
    def key(self) -> str:
        return self.id


class Settings(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What belongs to the account itself."""

    kind: ClassVar[str] = "settings"

    account_id: str
    created: int
    alias: str | None = None
    quotas: Mapping[str, int] = {}  # raised quotas by name, see iamd.account.quotas

    @property
    def key(self) -> str:
        return "account"

    @property
    def root_arn(self) -> str:
        return root_arn(self.account_id)


KINDS: dict[str, type[Record]] = {
    record.kind: record for record in (User, Group, Role, ManagedPolicy, InstanceProfile, AccessKey, LastUsed, Settings)
}

_ENCODER = msgspec.json.Encoder()
_DECODERS = {kind: msgspec.json.Decoder(record) for kind, record in KINDS.items()}


def encode_record(record: Record) -> bytes:
    """``record`` as it is stored: JSON, defaults left out."""
    return _ENCODER.encode(record)


def decode_record(kind: str, stored: bytes) -> Record:
    """The record again. Raises ``msgspec.ValidationError`` if ``stored`` is not one of its kind."""
    return _DECODERS[kind].decode(stored)

"""What all stored records are: one frozen value per entity, each written whole.

Times are epoch seconds. A record's ``key`` is unique among the records of its kind in one account; names are keyed in
lower case because AWS refuses two names that differ only in case.
"""

from typing import ClassVar

from msgspec import Struct

from iamd.arn import iam_arn

Tags = tuple[tuple[str, str], ...]  # in the order AWS shows them


class Record(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A stored entity. ``kind`` is the word in its storage key and, where it has an ARN, in that ARN."""

    kind: ClassVar[str]

    @property
    def key(self) -> str:
        raise NotImplementedError


class NamedRecord(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An entity with a name, unique among its kind whatever the case, and an ARN.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    """

    account_id: str
    name: str
    path: str = "/"
    id: str  # the prefix tells the kind: AIDA… is a user
    created: int

    @property
    def key(self) -> str:
        return self.name.lower()

    @property
    def arn(self) -> str:
        return iam_arn(self.account_id, self.kind, self.path, self.name)

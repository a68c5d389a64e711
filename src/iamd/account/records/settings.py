"""What belongs to the account itself: its settings, its password policy, its requests for quotas."""

from collections.abc import Mapping
from typing import ClassVar

from msgspec import Struct

from iamd.account.records.base import Record, Tags
from iamd.arn import root_arn


class PasswordPolicy(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_PasswordPolicy.html"""

    minimum_length: int = 6
    require_symbols: bool = False
    require_numbers: bool = False
    require_uppercase: bool = False
    require_lowercase: bool = False
    users_may_change: bool = False  # AllowUsersToChangePassword
    max_age: int | None = None  # days
    reuse_prevention: int | None = None  # how many passwords, the current one included, may not be chosen again
    hard_expiry: bool | None = None  # who has an expired password may not choose a new one


class Settings(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What belongs to the account itself."""

    kind: ClassVar[str] = "settings"

    account_id: str
    created: int
    alias: str | None = None
    password_policy: PasswordPolicy | None = None
    global_endpoint_token_version: int = 1  # of STS's: 1 or 2
    properties: Mapping[str, str] = {}  # account properties, those ever set: Namespace/Name → value
    quotas: Mapping[str, int] = {}  # raised quotas by name, see iamd.account.quotas
    quota_tags: Mapping[str, Tags] = {}  # by name likewise

    @property
    def key(self) -> str:
        return "account"

    @property
    def root_arn(self) -> str:
        return root_arn(self.account_id)


class QuotaRequest(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_RequestedServiceQuotaChange.html"""

    kind: ClassVar[str] = "quota-request"

    id: str
    quota_code: str  # L-…
    desired_value: float
    requester_arn: str
    status: str = "PENDING"  # then APPROVED or NOT_APPROVED
    created: int
    updated: int

    @property
    def key(self) -> str:
        return self.id

    @property
    def open(self) -> bool:
        """Whether it is not decided yet."""
        return self.status == "PENDING"

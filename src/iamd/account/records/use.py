"""What credentials, roles and services were last used for, and the reports about it."""

from collections.abc import Mapping
from typing import ClassVar

from msgspec.structs import replace

from iamd.account.records.base import Record


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


class ServiceAccess(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """When a principal last asked a service for something, granted or not, written some time later.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
    """

    kind: ClassVar[str] = "service-access"

    principal_id: str  # AIDA…, AROA…, or the account id for the root user
    service: str  # namespace: iam, s3
    time: int
    region: str
    actions: Mapping[str, tuple[int, str]] = {}  # name of the action → time and region of its last attempt

    @property
    def key(self) -> str:
        return f"{self.principal_id}/{self.service}"


def join_accesses(one: ServiceAccess, other: ServiceAccess) -> ServiceAccess:
    """The later of each attempt in two records of one principal and service."""
    actions = dict(one.actions)
    for name, attempt in other.actions.items():
        actions[name] = max(attempt, actions.get(name, attempt))
    newest = max(one, other, key=lambda access: access.time)
    return replace(newest, actions=actions)


class AccessReport(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A job of the access advisor: what is asked for. The answer is computed when it is read.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateServiceLastAccessedDetails.html
    """

    kind: ClassVar[str] = "access-report"

    job_id: str  # a UUID
    created: int
    caller_id: str  # who alone may read it, as GetCallerIdentity shows the user id
    arn: str | None = None  # of the user, group, role or policy
    actions: bool = False  # ACTION_LEVEL
    entity_path: str | None = None  # of an organization, its root or an account: the job is about that instead

    @property
    def key(self) -> str:
        return self.job_id


class CredentialReport(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The newest credential report of an account, which has one at most.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetCredentialReport.html
    """

    kind: ClassVar[str] = "credential-report"

    generated: int
    content: bytes  # CSV, compressed by zlib: five thousand users fit into one value of a store

    @property
    def key(self) -> str:
        return "newest"

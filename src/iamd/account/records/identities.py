"""Users, groups and roles, with the managed policies and instance profiles that go with them."""

from collections.abc import Mapping
from typing import ClassVar

from msgspec import Struct

from iamd.account.records.base import NamedRecord, Record, Tags


class Identity(NamedRecord, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What identity-based policies belong to: a user, a group or a role.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id.html
    """

    attached_policies: tuple[str, ...] = ()  # policy ARNs, in the order of attaching
    inline_policies: Mapping[str, str] = {}  # policy name → document as sent


class User(Identity, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_User.html"""

    kind: ClassVar[str] = "user"

    tags: Tags = ()
    permissions_boundary: str | None = None  # policy ARN
    group_ids: tuple[str, ...] = ()  # AGPA…, in the order of joining


class Group(Identity, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_Group.html"""

    kind: ClassVar[str] = "group"


class SourceRoleTemplate(Struct, frozen=True, kw_only=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_SourceRoleTemplate.html"""

    template_arn: str
    minor_version: int


class Role(Identity, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html"""

    kind: ClassVar[str] = "role"

    trust_policy: str  # document as sent
    trust_principals: Mapping[str, str] = {}  # user or role ARN (or id) in it → unique id it stood for when saved
    description: str | None = None
    max_session_duration: int = 3600  # seconds
    tags: Tags = ()
    permissions_boundary: str | None = None
    source_template: SourceRoleTemplate | None = None  # that AcquireRole made it from


class ServiceLinkedRoleDeletion(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """That a service-linked role was deleted, which a customer can ask about for a while.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServiceLinkedRoleDeletionStatus.html
    """

    kind: ClassVar[str] = "service-linked-role-deletion"

    task_id: str  # task/aws-service-role/<service principal>/<role name>/<UUID>
    deleted: int

    @property
    def key(self) -> str:
        return self.task_id


class PolicyVersion(Struct, frozen=True, kw_only=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_PolicyVersion.html"""

    id: str  # v1, v2, …
    document: str  # as sent
    created: int


class ManagedPolicy(NamedRecord, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_Policy.html

    ``account_id`` is ``aws`` for AWS-managed policies, which are no account's records.
    """

    kind: ClassVar[str] = "policy"

    updated: int
    description: str | None = None
    tags: Tags = ()
    versions: tuple[PolicyVersion, ...]  # oldest first
    default_version_id: str = "v1"
    last_version: int = 1  # the highest number ever given; numbers are never given twice

    @property
    def document(self) -> str:
        """The document of the default version: the one in force."""
        return next(version.document for version in self.versions if version.id == self.default_version_id)


class InstanceProfile(NamedRecord, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_InstanceProfile.html"""

    kind: ClassVar[str] = "instance-profile"

    tags: Tags = ()
    role_id: str | None = None  # AROA…; at most one role

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


class LoginProfile(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The password of a user or of the root user.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_LoginProfile.html
    """

    kind: ClassVar[str] = "login-profile"

    owner_id: str  # AIDA…, or the account id for the root user
    sealed_hash: str  # argon2id (see iamd.authentication.password), sealed with ``seal_context``
    previous_hashes: tuple[str, ...] = ()  # those before it, newest first, sealed likewise
    created: int
    changed: int  # when the password was set
    reset_required: bool = False  # a new one must be chosen at the next sign-in

    @property
    def key(self) -> str:
        return self.owner_id

    @property
    def seal_context(self) -> str:
        return f"login-profile/{self.owner_id}"


class SecurityKey(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The credential of a passkey or FIDO security key.

    https://www.w3.org/TR/webauthn-3/#sctn-attested-credential-data
    """

    credential_id: str  # base64url
    public_key: str  # COSE, base64url
    sign_count: int = 0  # at the last assertion
    certifications: Mapping[str, str] = {}  # e.g. FIDO → L1, FIPS-140-2 → L2, as FIDO's metadata service has them


class MFADevice(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A virtual MFA device, a hardware TOTP token, a passkey or a FIDO security key.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa.html
    """

    kind: ClassVar[str] = "mfa"

    account_id: str
    name: str
    path: str = "/"
    serial: str | None = None  # of hardware, or a security key's ARN; a virtual device's serial number is its own ARN
    sealed_seed: str | None = None  # the bytes of the seed, sealed with the serial number as context
    security_key: SecurityKey | None = None  # in place of a seed
    created: int
    tags: Tags = ()
    owner_id: str | None = None  # whose device it is: AIDA…, the account id for root, or nobody's
    enabled: int | None = None  # when it became the owner's
    drift: int = 0  # how many 30-second steps its clock is ahead of ours
    last_step: int = 0  # of the last code it was used with: no code is taken twice

    @property
    def key(self) -> str:
        """A path begins with a slash, and a serial number never does."""
        return self.path + self.name if self.serial is None else self.serial

    @property
    def serial_number(self) -> str:
        return iam_arn(self.account_id, "mfa", self.path, self.name) if self.serial is None else self.serial

    @property
    def virtual(self) -> bool:
        return self.serial is None


class SSHPublicKey(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_SSHPublicKey.html"""

    kind: ClassVar[str] = "ssh-public-key"

    id: str  # APKA…
    owner_id: str  # AIDA…
    body: str  # as sent
    fingerprint: str  # MD5: 16 pairs of hexadecimal digits with colons between them
    active: bool = True
    created: int

    @property
    def key(self) -> str:
        return self.id


class SigningCertificate(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_SigningCertificate.html"""

    kind: ClassVar[str] = "signing-certificate"

    id: str
    owner_id: str  # AIDA…, or the account id for the root user
    body: str  # PEM as sent
    fingerprint: str  # SHA-256 of the certificate, hexadecimal
    active: bool = True
    created: int

    @property
    def key(self) -> str:
        return self.id


class ServerCertificate(NamedRecord, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ServerCertificate.html"""

    kind: ClassVar[str] = "server-certificate"

    body: str  # PEM as sent
    chain: str | None = None  # PEM as sent
    sealed_private_key: str  # PEM as sent, sealed with the id as context
    expires: int
    tags: Tags = ()


class ServiceSpecificCredential(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ServiceSpecificCredential.html"""

    kind: ClassVar[str] = "service-specific-credential"

    id: str  # ACCA…
    owner_id: str  # AIDA…
    service: str  # e.g. codecommit.amazonaws.com
    name: str  # at the service; does not follow when the user is renamed
    sealed_secret: str  # sealed with the id as context
    active: bool = True
    created: int
    expires: int | None = None

    @property
    def key(self) -> str:
        return self.id


class OpenIDConnectProvider(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetOpenIDConnectProvider.html"""

    kind: ClassVar[str] = "oidc-provider"

    account_id: str
    url: str  # without https://
    client_ids: tuple[str, ...] = ()
    thumbprints: tuple[str, ...] = ()  # SHA-1 of certificates, hexadecimal, as sent
    created: int
    tags: Tags = ()

    @property
    def key(self) -> str:
        return self.url

    @property
    def arn(self) -> str:
        return iam_arn(self.account_id, "oidc-provider", "/", self.url)


class SAMLPrivateKey(Struct, frozen=True, kw_only=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_SAMLPrivateKey.html"""

    id: str  # SAMLSP…
    sealed: str  # PEM as sent, sealed with the id as context
    created: int


class SAMLProvider(NamedRecord, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Its id is the SAMLProviderUUID; it has no path.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetSAMLProvider.html
    """

    kind: ClassVar[str] = "saml-provider"

    metadata: str  # XML as sent
    valid_until: int
    encryption_mode: str = "Allowed"  # or Required: assertions that are not encrypted are refused
    private_keys: tuple[SAMLPrivateKey, ...] = ()  # that decrypt assertions, oldest first
    tags: Tags = ()


class TokenKey(Struct, frozen=True, kw_only=True, gc=False):
    """A key pair that signs web identity tokens; see ``iamd.authentication.token_keys``."""

    id: str  # its JWK thumbprint
    algorithm: str  # RS256, ES384
    sealed: str  # the private key as PKCS #8 DER, sealed with the id as context
    public: Mapping[str, str]  # the public key's own members as a JSON Web Key
    created: int


class WebIdentityIssuer(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The account as an issuer of web identity tokens, from the first time that it wanted to be one.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound.html
    """

    kind: ClassVar[str] = "web-identity-issuer"

    id: str  # a UUID that carries the account's id
    enabled: bool = True
    keys: tuple[TokenKey, ...]  # oldest first

    @property
    def key(self) -> str:
        return "issuer"


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


KINDS: dict[str, type[Record]] = {
    record.kind: record
    for record in (
        User,
        Group,
        Role,
        ManagedPolicy,
        InstanceProfile,
        AccessKey,
        LoginProfile,
        MFADevice,
        SSHPublicKey,
        SigningCertificate,
        ServerCertificate,
        ServiceSpecificCredential,
        OpenIDConnectProvider,
        SAMLProvider,
        WebIdentityIssuer,
        ServiceLinkedRoleDeletion,
        LastUsed,
        ServiceAccess,
        AccessReport,
        CredentialReport,
        QuotaRequest,
        Settings,
    )
}

_ENCODER = msgspec.json.Encoder()
_DECODERS = {kind: msgspec.json.Decoder(record) for kind, record in KINDS.items()}


def encode_record(record: Record) -> bytes:
    """``record`` as it is stored: JSON, defaults left out."""
    return _ENCODER.encode(record)


def decode_record(kind: str, stored: bytes) -> Record:
    """The record again. Raises ``msgspec.ValidationError`` if ``stored`` is not one of its kind."""
    return _DECODERS[kind].decode(stored)

"""What users and the root user prove with who they are, and the server certificates beside them."""

from collections.abc import Mapping
from typing import ClassVar

from msgspec import Struct

from iamd.account.records.base import NamedRecord, Record, Tags
from iamd.arn import iam_arn


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

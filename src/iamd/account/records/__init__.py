"""What an account stores, by subject; and each record as the bytes that a store keeps."""

import msgspec

from iamd.account.records.base import NamedRecord, Record, Tags
from iamd.account.records.credentials import (
    AccessKey,
    LoginProfile,
    MFADevice,
    SecurityKey,
    ServerCertificate,
    ServiceSpecificCredential,
    SigningCertificate,
    SSHPublicKey,
)
from iamd.account.records.federation import (
    OpenIDConnectProvider,
    SAMLPrivateKey,
    SAMLProvider,
    TokenKey,
    WebIdentityIssuer,
)
from iamd.account.records.identities import (
    Group,
    Identity,
    InstanceProfile,
    ManagedPolicy,
    PolicyVersion,
    Role,
    ServiceLinkedRoleDeletion,
    SourceRoleTemplate,
    User,
)
from iamd.account.records.settings import PasswordPolicy, QuotaRequest, Settings
from iamd.account.records.use import AccessReport, CredentialReport, LastUsed, ServiceAccess, join_accesses

__all__ = [
    "KINDS",
    "AccessKey",
    "AccessReport",
    "CredentialReport",
    "Group",
    "Identity",
    "InstanceProfile",
    "LastUsed",
    "LoginProfile",
    "MFADevice",
    "ManagedPolicy",
    "NamedRecord",
    "OpenIDConnectProvider",
    "PasswordPolicy",
    "PolicyVersion",
    "QuotaRequest",
    "Record",
    "Role",
    "SAMLPrivateKey",
    "SAMLProvider",
    "SSHPublicKey",
    "SecurityKey",
    "ServerCertificate",
    "ServiceAccess",
    "ServiceLinkedRoleDeletion",
    "ServiceSpecificCredential",
    "Settings",
    "SigningCertificate",
    "SourceRoleTemplate",
    "Tags",
    "TokenKey",
    "User",
    "WebIdentityIssuer",
    "decode_record",
    "encode_record",
    "join_accesses",
]

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

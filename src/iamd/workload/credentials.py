"""Temporary credentials of a role, and the three documents in which AWS SDKs take them."""

from datetime import UTC, datetime
from typing import Any

from msgspec import Struct


class RoleRequest(Struct, frozen=True, kw_only=True):
    """Which credentials are wanted. Equal requests are answered with one session.

    The role is named by ``role``, a name with its path or an ARN, or is the one in ``instance_profile``, a name.
    """

    role: str | None = None
    instance_profile: str | None = None
    session_name: str = "iamd-workload"
    duration: int = 3600  # seconds
    policy: str | None = None  # inline session policy
    policy_arns: tuple[str, ...] = ()  # managed session policies
    external_id: str | None = None
    service: str | None = None  # the service principal for which an operator asks; None: the asking identity itself
    source_arn: str | None = None  # what the service works for

    def __str__(self) -> str:
        name = self.role or f"instance profile {self.instance_profile}"
        return f"{name} as {self.session_name}"


class RoleCredentials(Struct, frozen=True, kw_only=True):
    """A session of a role. Times are epoch seconds."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    issued: int
    expires: int
    role_arn: str
    instance_profile_arn: str | None = None
    instance_profile_id: str | None = None

    def __repr__(self) -> str:
        return f"RoleCredentials({self.access_key_id!r}, expires={self.expires})"  # no secret

    @property
    def role_name(self) -> str:
        return self.role_arn.rpartition("/")[2]


def iso_time(seconds: float) -> str:
    """The only form of a time that every SDK reads: ``2026-01-02T03:04:05Z``."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def container_document(credentials: RoleCredentials) -> dict[str, Any]:
    """https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html"""
    return {
        "RoleArn": credentials.role_arn,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "Token": credentials.session_token,
        "Expiration": iso_time(credentials.expires),
    }


def instance_document(credentials: RoleCredentials) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html"""
    return {
        "Code": "Success",
        "LastUpdated": iso_time(credentials.issued),
        "Type": "AWS-HMAC",
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "Token": credentials.session_token,
        "Expiration": iso_time(credentials.expires),
    }


def process_document(credentials: RoleCredentials) -> dict[str, Any]:
    """https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html"""
    return {
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": iso_time(credentials.expires),
    }

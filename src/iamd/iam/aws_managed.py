"""AWS-managed policies: the ones that iamd ships, and more from a file.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html#aws-managed-policies
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

import msgspec
from msgspec import Struct

from iamd.account.records import ManagedPolicy, PolicyVersion
from iamd.errors import MalformedPolicyDocument
from iamd.iam.managed_policies import aws_managed_policy_key
from iamd.policy import parse_policy

_SHIPPED = Path(__file__).with_name("aws_managed_policies.json")  # written by tools/make_aws_managed_policies.py


class InvalidPolicyFile(ValueError):
    """A file of AWS-managed policies that cannot be used; the message names the file and the first fault."""


def load_aws_managed_policies(extra: Path | None = None) -> dict[str, ManagedPolicy]:
    """All AWS-managed policies by ARN, in the order of their creation, which is that of ListPolicies.

    ``extra`` is a file with the output of ``aws iam get-account-authorization-details --filter AWSManagedPolicy``; its
    policies are added, and replace shipped ones of the same ARN. Raises InvalidPolicyFile if it is something else.
    """
    policies = {policy.arn: policy for policy in _shipped_policies()}
    if extra is not None:
        policies |= {policy.arn: policy for policy in _extra_policies(extra)}
    return {policy.arn: policy for policy in sorted(policies.values(), key=aws_managed_policy_key)}


class _ShippedPolicy(Struct, frozen=True):
    name: str
    path: str
    id: str
    created: datetime
    description: str
    document: msgspec.Raw  # not parsed before it is used


def _shipped_policies() -> Iterator[ManagedPolicy]:
    for policy in msgspec.json.decode(_SHIPPED.read_bytes(), type=list[_ShippedPolicy]):
        created = int(policy.created.timestamp())
        document = bytes(policy.document).decode()
        yield ManagedPolicy(
            account_id="aws",
            name=policy.name,
            path=policy.path,
            id=policy.id,
            created=created,
            updated=created,
            description=policy.description,
            versions=(PolicyVersion(id="v1", document=document, created=created),),
        )


class _ExtraVersion(Struct, frozen=True, rename="pascal"):
    version_id: str
    document: msgspec.Raw  # an object, or its text as a string, URL-encoded or not
    create_date: datetime


class _ExtraPolicy(Struct, frozen=True, rename="pascal"):
    policy_name: str
    policy_id: str
    arn: str
    path: str
    default_version_id: str
    policy_version_list: list[_ExtraVersion]
    create_date: datetime
    update_date: datetime
    description: str | None = None


class _AuthorizationDetails(Struct, frozen=True, rename="pascal"):
    policies: list[_ExtraPolicy]


def _extra_policies(file: Path) -> Iterator[ManagedPolicy]:
    try:
        details = msgspec.json.decode(file.read_bytes(), type=_AuthorizationDetails)
    except OSError as error:
        raise InvalidPolicyFile(f"The file {file} cannot be read: {error.strerror}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidPolicyFile(
            f"The file {file} is not the output of GetAccountAuthorizationDetails: {error}."
        ) from None
    for extra in details.policies:
        try:
            yield _extra_policy(extra)
        except (ValueError, MalformedPolicyDocument) as error:
            raise InvalidPolicyFile(f"The policy {extra.arn} in {file} cannot be used: {error}") from None


def _extra_policy(extra: _ExtraPolicy) -> ManagedPolicy:
    versions = [
        PolicyVersion(
            id=version.version_id, document=_document(version.document), created=int(version.create_date.timestamp())
        )
        for version in sorted(extra.policy_version_list, key=lambda version: _number(version.version_id))
    ]
    policy = ManagedPolicy(
        account_id="aws",
        name=extra.policy_name,
        path=extra.path,
        id=extra.policy_id,
        created=int(extra.create_date.timestamp()),
        updated=int(extra.update_date.timestamp()),
        description=extra.description,
        versions=tuple(versions),
        default_version_id=extra.default_version_id,
        last_version=max(_number(version.id) for version in versions) if versions else 0,
    )
    if policy.arn != extra.arn:
        raise ValueError("it is not managed by AWS, or its name and path are not those of its ARN.")
    if extra.default_version_id not in {version.id for version in versions}:
        raise ValueError("its default version is missing.")
    return policy


def _document(raw: msgspec.Raw) -> str:
    """The text of a policy document. Raises MalformedPolicyDocument if it is none."""
    text = bytes(raw).decode()
    if text.startswith('"'):
        text = msgspec.json.decode(text, type=str)
        if not text.lstrip().startswith("{"):
            text = unquote(text)
    parse_policy(text)
    return text


def _number(version_id: str) -> int:
    """3 of ``v3``. Raises ValueError if it is no version id."""
    if not version_id.startswith("v"):
        raise ValueError(f"{version_id} is no version id.")
    return int(version_id[1:])

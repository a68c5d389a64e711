"""Roles made from templates of AWS services, and the templates themselves, which a file brings.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_role-template.html
"""

import re
from pathlib import Path
from typing import Any

import msgspec

from iamd.account import ids
from iamd.account.changes import Put
from iamd.account.operation import Answer, Input
from iamd.account.records import Role, SourceRoleTemplate
from iamd.account.role_templates import (
    DescribedRole,
    RoleTemplates,
    RoleTemplateVersion,
    describe_role,
    find_template,
    replacement_values,
)
from iamd.account.service_linked_roles import SERVICE_LINKED_PATH
from iamd.account.state import Account
from iamd.arn import find_arn
from iamd.call import Call
from iamd.errors import InvalidInput, LimitExceeded, NameConflict, NoSuchEntity, RoleTemplateDisabled
from iamd.iam.managed_policies import get_attachable_policy, verify_attachable
from iamd.iam.permissions_boundaries import get_permissions_boundary
from iamd.iam.roles import RESERVED_PATH, described_role_answer
from iamd.iam.tags import with_tags
from iamd.iam.trust_policies import trust_principals, verify_trust_policy
from iamd.policy import check_identity_policy, policy_size

_ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_PATH = re.compile(r"/|/[\u0021-\u007e]{1,510}/")


def get_role_template_version(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRoleTemplateVersion.html"""
    template = get_template(account, input["TemplateArn"], input.get("MinorVersion"))
    return {"RoleTemplateVersion": _answer(template)}, []


def acquire_role(account: Account, input: Input, call: Call) -> Answer:
    """Make a role from a template, or answer the one that was made from it before.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AcquireRole.html
    """
    template = get_template(account, input["TemplateArn"], input.get("TemplateMinorVersion"))
    if not (template.enabled and template.version_enabled):
        raise RoleTemplateDisabled(f"The role template {template.template_arn} is disabled.")
    described = describe_role(template, replacement_values(input))
    existing = account.roles.find(described.name.lower())
    if existing is not None:
        source = existing.source_template
        if source is None or source.template_arn != template.template_arn or existing.path != described.path:
            raise NameConflict(f"Role with name {described.name} already exists.")
        return {"Role": described_role_answer(account, existing, call.time)}, []
    _verify_names(described)
    tags = with_tags((), [{"Key": key, "Value": value} for key, value in described.tags], fold_case=True)
    policy = verify_trust_policy(account, described.trust_policy)
    account.require_room("Roles")
    role = Role(
        account_id=account.account_id,
        name=described.name,
        path=described.path,
        id=call.new_id(ids.ROLE),
        created=call.time,
        trust_policy=described.trust_policy,
        trust_principals=trust_principals(account, policy, call),
        description=described.description,
        max_session_duration=described.max_session_duration,
        tags=tags,
        permissions_boundary=(
            get_permissions_boundary(account, described.permissions_boundary)
            if described.permissions_boundary is not None
            else None
        ),
        attached_policies=_attached(account, described.managed_policy_arns),
        inline_policies=_inline(account, described.name, dict(described.inline_policies)),
        source_template=SourceRoleTemplate(template_arn=template.template_arn, minor_version=template.minor_version),
    )
    return {"Role": described_role_answer(account, role, call.time)}, [Put(role)]


def get_template(account: Account, arn: str, minor_version: int | None) -> RoleTemplateVersion:
    """The version of a template. Raises NoSuchEntity."""
    template = find_template(account.directory.role_templates, arn, minor_version)
    if template is None:
        version = "" if minor_version is None else f" version {minor_version}"
        raise NoSuchEntity(f"The role template {arn}{version} cannot be found.")
    return template


def _verify_names(described: DescribedRole) -> None:
    """Raise InvalidInput for a name or path that no role can have."""
    if not _ROLE_NAME.fullmatch(described.name):
        raise InvalidInput(f"The role name {described.name} is not valid.")
    if not _PATH.fullmatch(described.path) or described.path.startswith((SERVICE_LINKED_PATH, RESERVED_PATH)):
        raise InvalidInput(f"The path {described.path} is not valid.")


def _attached(account: Account, arns: tuple[str, ...]) -> tuple[str, ...]:
    for count, arn in enumerate(arns):
        verify_attachable(get_attachable_policy(account, arn))
        account.require_room("AttachedPoliciesPerRole", count)
    return arns


def _inline(account: Account, role_name: str, policies: dict[str, str]) -> dict[str, str]:
    for document in policies.values():
        check_identity_policy(document, managed=False)
    limit = account.quota("RolePolicySize")
    if sum(map(policy_size, policies.values())) > limit:
        raise LimitExceeded(f"Maximum policy size of {limit} bytes exceeded for role {role_name}")
    return policies


def _answer(template: RoleTemplateVersion) -> dict[str, Any]:
    """The shape ``RoleTemplateVersion``."""
    members = msgspec.json.decode(msgspec.json.encode(template))
    answer = {name: value for name, value in members.items() if value is not None}
    answer["CreateTimestamp"] = int(template.create_timestamp.timestamp())
    if template.update_timestamp is not None:
        answer["UpdateTimestamp"] = int(template.update_timestamp.timestamp())
    answer["ParametersDefinition"] = [
        {name: value for name, value in parameter.items() if value is not None}
        for parameter in answer["ParametersDefinition"]
    ]
    return answer


# The file of templates ------------------------------------------------------------------------------------------------


class InvalidTemplateFile(ValueError):
    """A file of role templates that cannot be used; the message names the file and the first fault."""


def load_role_templates(file: Path | None) -> RoleTemplates:
    """The templates of a file: a JSON list of what ``aws iam get-role-template-version`` prints; none without a file.

    Raises InvalidTemplateFile.
    """
    if file is None:
        return {}
    try:
        printed = msgspec.json.decode(file.read_bytes(), type=list[dict[str, dict[str, Any]]])
        versions = [
            msgspec.convert(_with_texts(each.get("RoleTemplateVersion", {})), RoleTemplateVersion) for each in printed
        ]
    except OSError as error:
        raise InvalidTemplateFile(f"The file {file} cannot be read: {error.strerror}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidTemplateFile(
            f"The file {file} is no list of what aws iam get-role-template-version prints: {error}."
        ) from None
    templates: dict[str, dict[int, RoleTemplateVersion]] = {}
    for template in versions:
        arn = find_arn(template.template_arn)
        if arn is None or (arn.service, arn.account_id, arn.resource_type) != ("iam", "aws", "role-template"):
            raise InvalidTemplateFile(f"The template {template.template_arn} in {file} has no ARN of a role template.")
        templates.setdefault(template.template_arn, {})[template.minor_version] = template
    return templates


def _with_texts(version: dict[str, Any]) -> dict[str, Any]:
    """A version with its policies as texts: the AWS CLI prints them as objects."""
    name = "AssumeRolePolicyDocumentTemplate"
    texts = {name: _text(version[name])} if name in version else {}
    policies = [
        policy | {"PolicyDocument": _text(policy.get("PolicyDocument"))}
        for policy in version.get("InlinePolicyTemplates", ())
    ]
    return version | texts | {"InlinePolicyTemplates": policies}


def _text(document: Any) -> str:
    return document if isinstance(document, str) else msgspec.json.encode(document).decode()

"""Role templates of AWS services, and the role that one describes once its parameters have values.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleTemplateVersion.html
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from iamd.account.records import Tags
from iamd.arn import find_arn
from iamd.errors import InvalidInput

_PLACEHOLDER: Final = re.compile(r"@\{([^{}]+)\}")
_NUMBER: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)

Values = Mapping[str, Sequence[str]]  # parameter name → values


class ParameterDefinition(Struct, frozen=True, rename="pascal"):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ParameterDefinition.html"""

    name: str
    type: str  # String, Number or Arn, or one of them with List behind it
    sub_type: str | None = None
    description: str | None = None
    is_required: bool = False
    default_value: str | None = None
    immutable: bool = False


class InlinePolicyTemplate(Struct, frozen=True, rename="pascal"):
    policy_name: str
    policy_document: str


class TagTemplate(Struct, frozen=True, rename="pascal"):
    key: str
    value: str


class RoleTemplateVersion(Struct, frozen=True, rename="pascal"):
    """One minor version of a template, in the form in which GetRoleTemplateVersion tells it."""

    template_arn: str  # arn:aws:iam::aws:role-template/<service principal>/<name>:<major version>
    template_name: str
    minor_version: int
    role_name_pattern: str
    assume_role_policy_document_template: str
    create_timestamp: datetime
    template_version_id: str | None = None
    description: str | None = None
    major_version: int = 1
    default_minor_version: int | None = None
    managed_by_type: str | None = None
    managed_by_value: str | None = None
    enabled: bool = True
    role_path_pattern: str = "/"
    role_description_pattern: str | None = None
    inline_policy_templates: tuple[InlinePolicyTemplate, ...] = ()
    managed_policy_arns: tuple[str, ...] = ()
    permission_boundary_arn: str | None = None
    parameters_definition: tuple[ParameterDefinition, ...] = ()
    role_tags_template: tuple[TagTemplate, ...] = ()
    max_session_duration: int = 3600  # seconds
    version_enabled: bool = True
    update_timestamp: datetime | None = None


class DescribedRole(Struct, frozen=True, kw_only=True):
    """What a role made from a template is like."""

    name: str
    path: str
    description: str | None
    trust_policy: str
    inline_policies: Mapping[str, str]
    managed_policy_arns: tuple[str, ...]
    permissions_boundary: str | None
    tags: Tags
    max_session_duration: int


def describe_role(template: RoleTemplateVersion, given: Values) -> DescribedRole:
    """The role that the template describes with these values.

    INVARIANT: a value takes the place of text inside a policy's strings and never of its syntax. Raises InvalidInput
    for parameters that the template does not define, or has no value of the right type for.
    """
    values = _verified_values(template, given)
    return DescribedRole(
        name=_replace(template.role_name_pattern, values),
        path=_replace(template.role_path_pattern, values),
        description=_replace_optional(template.role_description_pattern, values),
        trust_policy=_replace_in_document(template.assume_role_policy_document_template, values),
        inline_policies={
            policy.policy_name: _replace_in_document(policy.policy_document, values)
            for policy in template.inline_policy_templates
        },
        managed_policy_arns=template.managed_policy_arns,
        permissions_boundary=template.permission_boundary_arn,
        tags=tuple((_replace(tag.key, values), _replace(tag.value, values)) for tag in template.role_tags_template),
        max_session_duration=template.max_session_duration,
    )


def _verified_values(template: RoleTemplateVersion, given: Values) -> Values:
    defined = {parameter.name: parameter for parameter in template.parameters_definition}
    for name in given:
        if name not in defined:
            raise InvalidInput(f"The role template does not define the parameter {name}.")
    values: dict[str, Sequence[str]] = {}
    for name, parameter in defined.items():
        chosen = given.get(name)
        if chosen is None and parameter.default_value is not None:
            chosen = [parameter.default_value]
        if chosen is None and parameter.is_required:
            raise InvalidInput(f"The role template needs a value for the parameter {name}.")
        if chosen is not None:
            _verify_type(parameter, chosen)
            values[name] = chosen
    return values


def _verify_type(parameter: ParameterDefinition, values: Sequence[str]) -> None:
    if len(values) != 1 and not parameter.type.endswith("List"):
        raise InvalidInput(f"The parameter {parameter.name} takes one value.")
    for value in values:
        if parameter.type.startswith("Arn") and find_arn(value) is None:
            raise InvalidInput(f"The value of the parameter {parameter.name} must be an ARN.")
        if parameter.type.startswith("Number") and not _NUMBER.fullmatch(value):
            raise InvalidInput(f"The value of the parameter {parameter.name} must be a number.")


def _replace(text: str, values: Values) -> str:
    """``text`` with each placeholder replaced by the one value of its parameter; without a value, by nothing."""

    def value_of(found: re.Match[str]) -> str:
        chosen = values.get(found[1], ("",))
        if len(chosen) != 1:
            raise InvalidInput(f"The parameter {found[1]} takes one value here.")
        return chosen[0]

    return _PLACEHOLDER.sub(value_of, text)


def _replace_optional(text: str | None, values: Values) -> str | None:
    return None if text is None else _replace(text, values)


def _replace_in_document(document: str, values: Values) -> str:
    if not _PLACEHOLDER.search(document):
        return document
    return msgspec.json.encode(_replace_in_json(msgspec.json.decode(document), values)).decode()


def _replace_in_json(value: Any, values: Values) -> Any:
    """A string that is a placeholder and no more becomes a list where its parameter has several values."""
    if isinstance(value, dict):
        return {_replace(key, values): _replace_in_json(item, values) for key, item in value.items()}
    if isinstance(value, list):
        replaced = [_replace_in_json(item, values) for item in value]
        return [each for item in replaced for each in (item if isinstance(item, list) else [item])]
    if isinstance(value, str):
        alone = _PLACEHOLDER.fullmatch(value)
        if alone and len(values.get(alone[1], ())) > 1:
            return list(values[alone[1]])
        return _replace(value, values)
    return value


# The templates there are ----------------------------------------------------------------------------------------------

RoleTemplates = Mapping[str, Mapping[int, RoleTemplateVersion]]  # ARN → minor version


def replacement_values(input: Mapping[str, Any]) -> Values:
    """The values that an AcquireRole request gives for parameters."""
    return {name: entry["Values"] for name, entry in input.get("ReplacementValues", {}).items()}


def find_template(templates: RoleTemplates, arn: str, minor_version: int | None) -> RoleTemplateVersion | None:
    """A template's version, by default the one that its newest version names as the default."""
    versions = templates.get(arn)
    if not versions:
        return None
    if minor_version is None:
        newest = versions[max(versions)]
        minor_version = newest.minor_version if newest.default_minor_version is None else newest.default_minor_version
    return versions.get(minor_version)

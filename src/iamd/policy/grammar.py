"""What may be saved as a policy of users, groups, roles and sessions: AWS's checks, in AWS's order and words.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, TypeGuard

from iamd.errors import MalformedPolicyDocument
from iamd.policy.conditions import is_operator, split_operator
from iamd.policy.document import SYNTAX_ERROR, VERSIONS, Policy, parse_policy
from iamd.policy.json_text import NotJson, NumberText, count_significant, read_json
from iamd.policy.resource_format import find_resource_error, is_legacy_resource
from iamd.policy.values import parse_date

JsonObject: TypeAlias = Mapping[str, Any]

INVALID_JSON = "This policy contains invalid Json"
LEGACY_ERROR = "The policy failed legacy parsing"
CURRENT_VERSION = VERSIONS[-1]
POLICY_ELEMENTS = frozenset({"Version", "Id", "Statement"})
STATEMENT_ELEMENTS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)
_VENDOR = re.compile(r"[a-zA-Z0-9.-]*")
_SID = re.compile(r"[0-9A-Za-z]*")


def check_identity_policy(text: str, *, managed: bool) -> Policy:
    """The policy, if AWS would save it for a user, group or role (``managed``: as a policy of its own).

    Raises MalformedPolicyDocument with the first fault that AWS would tell.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
    """
    document = _read_object(text, SYNTAX_ERROR)
    verify_syntax(document)
    if managed and document.get("Version") != CURRENT_VERSION:
        raise MalformedPolicyDocument("Policy document must be version 2012-10-17 or greater.")
    _verify_elements(document)
    return parse_policy(text)


def check_session_policy(text: str) -> Policy:
    """The policy, if AWS STS would take it for a session. Incomplete ARNs are refused.

    Raises MalformedPolicyDocument. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    document = _read_object(text, INVALID_JSON)
    verify_syntax(document)
    _verify_elements(document)
    for statement in statements_of(document):
        for resource in _resources(statement):
            if resource != "*" and resource.count(":") < 5:
                raise MalformedPolicyDocument(f'Resource {resource} must be in ARN format or "*".')
    return parse_policy(text)


def policy_size(text: str) -> int:
    """How many characters count against the quota: all but white space between JSON tokens.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length
    """
    return count_significant(text)


# Shape: what every type of policy has in common -----------------------------------------------------------------------


def _read_object(text: str, message: str) -> JsonObject:
    document = find_object(text)
    if document is None:
        raise MalformedPolicyDocument(message)
    return document


def find_object(text: str) -> JsonObject | None:
    """The JSON object that ``text`` holds, or None."""
    try:
        document = read_json(text)
    except NotJson:
        return None
    return document if isinstance(document, Mapping) else None


def verify_syntax(document: JsonObject) -> None:
    """That every element is known and has a value of its type. Raises MalformedPolicyDocument."""
    if not _is_well_formed(document):
        raise MalformedPolicyDocument(SYNTAX_ERROR)


def statements_of(document: JsonObject) -> list[JsonObject]:
    """The statements of a document that has passed ``verify_syntax``."""
    statements = document["Statement"]
    return [statements] if isinstance(statements, Mapping) else statements


def strings(value: Any) -> list[str]:
    """A string, or a list of strings, as a list."""
    return value if isinstance(value, list) else [value]


def verify_actions(statements: list[JsonObject]) -> None:
    """That every action has one vendor. Raises MalformedPolicyDocument."""
    for element in ("Action", "NotAction"):
        for statement in statements:
            for action in strings(statement.get(element, [])):
                _verify_action(action)


def _is_well_formed(document: JsonObject) -> bool:
    if not document.keys() <= POLICY_ELEMENTS or not is_text(document.get("Id", "")):
        return False
    if document.get("Version", CURRENT_VERSION) not in VERSIONS:
        return False
    statements = document.get("Statement")
    if isinstance(statements, Mapping):
        statements = [statements]
    return isinstance(statements, list) and bool(statements) and all(map(_is_well_formed_statement, statements))


def _is_well_formed_statement(statement: Any) -> bool:
    return (
        isinstance(statement, Mapping)
        and statement.keys() <= STATEMENT_ELEMENTS
        and is_text(statement.get("Sid", ""))
        and is_text(statement.get("Effect"))
        and statement["Effect"].lower() in ("allow", "deny")
        and not {"Action", "NotAction"} <= statement.keys()
        and not {"Resource", "NotResource"} <= statement.keys()
        and not {"Principal", "NotPrincipal"} <= statement.keys()
        and all(
            all(map(is_text, strings(statement.get(element, []))))
            for element in ("Action", "NotAction", "Resource", "NotResource")
        )
        and _are_well_formed_conditions(statement.get("Condition", {}))
    )


def _are_well_formed_conditions(conditions: Any) -> bool:
    return isinstance(conditions, Mapping) and all(
        isinstance(keys, Mapping)
        and (not keys or is_operator(operator))
        and all(all(isinstance(value, str | bool) for value in strings(values)) for values in keys.values())
        for operator, keys in conditions.items()
    )


def is_text(value: object) -> TypeGuard[str]:
    """Whether a value from ``read_json`` was a JSON string."""
    return isinstance(value, str) and not isinstance(value, NumberText)


# Contents: policies that belong to an identity or a session -----------------------------------------------------------


def _verify_elements(document: JsonObject) -> None:
    """The checks behind ``verify_syntax``, in AWS's order."""
    statements = statements_of(document)
    if not all(map(_is_legacy_statement, statements)):
        raise MalformedPolicyDocument(LEGACY_ERROR)
    verify_sids(statements)
    for statement in statements:
        if not strings(statement.get("Action", statement.get("NotAction", []))):
            raise MalformedPolicyDocument("Policy statement must contain actions.")
    for statement in statements:
        if not _resources(statement):
            raise MalformedPolicyDocument("Policy statement must contain resources.")
    for statement in statements:
        for resource in _resources(statement):
            error = find_resource_error(resource)
            if error is not None:
                raise MalformedPolicyDocument(error)
    verify_actions(statements)
    if any("Principal" in statement or "NotPrincipal" in statement for statement in statements):
        raise MalformedPolicyDocument("Policy document should not specify a principal.")


def verify_sids(
    statements: list[JsonObject], repeated: str = "Statement IDs (SID) in a single policy must be unique."
) -> None:
    """That no Sid stands twice, and all are alphanumeric; an empty one may stand often."""
    sids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(sids) != len(set(sids)):
        raise MalformedPolicyDocument(repeated)
    if not all(map(_SID.fullmatch, sids)):
        raise MalformedPolicyDocument(
            "Statement IDs (SID) must be alpha-numeric. "
            "Check that your input satisfies the regular expression [0-9A-Za-z]*"
        )


def _is_legacy_statement(statement: JsonObject) -> bool:
    return (
        statement["Effect"] in ("Allow", "Deny")
        and all(map(_is_legacy_date, _date_values(statement)))
        and all(map(is_legacy_resource, _resources(statement)))
    )


def _date_values(statement: JsonObject) -> Iterator[Any]:
    for operator, keys in statement.get("Condition", {}).items():
        if split_operator(operator).base.startswith("Date"):
            for values in keys.values():
                yield from strings(values)


def _is_legacy_date(value: Any) -> bool:
    return isinstance(value, str) and parse_date(value) is not None


def _resources(statement: JsonObject) -> list[str]:
    return strings(statement.get("Resource", statement.get("NotResource", [])))


def _verify_action(action: str) -> None:
    if action == "*":
        return
    vendor, *names = action.split(":")
    if not names:
        raise MalformedPolicyDocument("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    if len(names) > 1:
        raise MalformedPolicyDocument("Actions/Condition can contain only one colon.")
    if not _VENDOR.fullmatch(vendor):
        raise MalformedPolicyDocument(f"Vendor {vendor} is not valid")

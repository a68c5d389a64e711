"""What may be saved as an organization's service control policy or resource control policy.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_syntax.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html
"""

from iamd.errors import MalformedPolicyDocument
from iamd.policy.document import Policy, parse_policy
from iamd.policy.grammar import (
    CURRENT_VERSION,
    JsonObject,
    find_object,
    statements_of,
    strings,
    verify_actions,
    verify_sids,
    verify_syntax,
)
from iamd.policy.resource_format import find_resource_error, is_legacy_resource

_MESSAGE = "The provided policy document does not meet the requirements of the specified policy type."


def check_service_control_policy(text: str) -> Policy:
    """The policy, if AWS would save it as a service control policy. Raises MalformedPolicyDocument."""
    for statement in _verify_common(text):
        if "Principal" in statement or "NotPrincipal" in statement:
            raise MalformedPolicyDocument(_MESSAGE)
    return parse_policy(text)


def check_resource_control_policy(text: str) -> Policy:
    """The policy, if AWS would save it as a resource control policy: it denies, and to everybody.

    Raises MalformedPolicyDocument.
    """
    for statement in _verify_common(text):
        if statement["Effect"] != "Deny" or statement.get("Principal") != "*":
            raise MalformedPolicyDocument(_MESSAGE)
        if "Action" not in statement or "*" in strings(statement["Action"]):
            raise MalformedPolicyDocument(_MESSAGE)
    return parse_policy(text)


def _verify_common(text: str) -> list[JsonObject]:
    document = find_object(text)
    if document is None:
        raise MalformedPolicyDocument(_MESSAGE)
    try:
        verify_syntax(document)
        statements = statements_of(document)
        verify_sids(statements)
        verify_actions(statements)
    except MalformedPolicyDocument:
        raise MalformedPolicyDocument(_MESSAGE) from None
    if document.get("Version") != CURRENT_VERSION or "Id" in document or not all(map(_is_complete, statements)):
        raise MalformedPolicyDocument(_MESSAGE)
    return statements


def _is_complete(statement: JsonObject) -> bool:
    actions = strings(statement.get("Action", statement.get("NotAction", [])))
    resources = strings(statement.get("Resource", statement.get("NotResource", [])))
    sound = all(is_legacy_resource(resource) and find_resource_error(resource) is None for resource in resources)
    return bool(actions and resources and sound) and statement["Effect"] in ("Allow", "Deny")

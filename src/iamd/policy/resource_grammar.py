"""What may be saved as a resource-based policy, a role's trust policy among them: AWS's checks in AWS's words.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from iamd.errors import MalformedPolicyDocument
from iamd.policy.document import VERSIONS, Policy, parse_policy
from iamd.policy.grammar import (
    INVALID_JSON,
    POLICY_ELEMENTS,
    STATEMENT_ELEMENTS,
    JsonObject,
    find_object,
    is_text,
    statements_of,
    strings,
    verify_actions,
    verify_sids,
    verify_syntax,
)
from iamd.policy.matching import compile_pattern
from iamd.policy.principals import is_aws_principal
from iamd.policy.shared_issuers import verify_shared_issuers

# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
_STS_ACTIONS = (
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:decodeauthorizationmessage",
    "sts:getaccesskeyinfo",
    "sts:getcalleridentity",
    "sts:getfederationtoken",
    "sts:getservicebearertoken",
    "sts:getsessiontoken",
    "sts:setcontext",
    "sts:setsourceidentity",
    "sts:tagsession",
)
_PROHIBITED_IN_TRUST_POLICIES = {
    "NotPrincipal": "AssumeRole policy must not contain NotPrincipal field.",
    "Resource": "Has prohibited field Resource",
    "NotResource": "AssumeRole policy must not contain resources.",
}
_SERVICE = re.compile(r"(?:[a-z0-9-]+\.)+(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|amazon\.com|aws\.internal)")
_DOMAIN = re.compile(r"[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)++")
_PROVIDER = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:(?:saml-provider|oidc-provider)/[^\s*?]+")


def check_trust_policy(text: str) -> Policy:
    """The policy, if AWS would save it as a role's trust policy.

    Its ``principals`` are those whose existence the caller has still to verify; see ``invalid_principal``.
    Raises MalformedPolicyDocument. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
    """
    statements = _verify_shape(text, prohibited=_PROHIBITED_IN_TRUST_POLICIES)
    for statement in statements:
        if "NotAction" in statement or not all(map(_is_sts_action, strings(statement["Action"]))):
            raise MalformedPolicyDocument("AssumeRole policy may only specify STS AssumeRole actions.")
    for statement in statements:
        if statement["Principal"] == "*":
            raise MalformedPolicyDocument('AssumeRolepolicy contained an invalid principal: "STAR":"*".')
        _verify_principal(statement["Principal"])
    policy = parse_policy(text)
    verify_shared_issuers(policy)
    return policy


def check_resource_policy(text: str) -> Policy:
    """The policy, if it may hang on a resource. Raises MalformedPolicyDocument.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_identity-vs-resource.html
    """
    statements = _verify_shape(text, prohibited={})
    verify_actions(statements)
    for statement in statements:
        principal = statement.get("Principal", statement.get("NotPrincipal"))
        if principal != "*":
            _verify_principal(principal)
    return parse_policy(text)


def invalid_principal(kind: str, value: str) -> MalformedPolicyDocument:
    """The error for a principal that does not exist; ``kind`` is AWS, Service, …"""
    return MalformedPolicyDocument(f'Invalid principal in policy: "{kind.upper()}":"{value}"')


def _verify_shape(text: str, prohibited: Mapping[str, str]) -> list[JsonObject]:
    """The statements of a policy whose elements all may and those needed do stand in it.

    ``prohibited`` is what AWS says against elements that this type of policy must not have.
    """
    document = find_object(text)
    if document is None:
        raise MalformedPolicyDocument(INVALID_JSON)
    _verify_known(document, POLICY_ELEMENTS)
    if document.get("Version", VERSIONS[-1]) not in VERSIONS:
        raise MalformedPolicyDocument("The policy must contain a valid version string")
    if "Statement" not in document:
        raise MalformedPolicyDocument("Missing required field Statement")
    if document["Statement"] == []:
        raise MalformedPolicyDocument("Could not parse the policy: Statement is empty!")
    listed: list[Any] = strings(document["Statement"])
    described = [statement for statement in listed if isinstance(statement, dict)]
    if any("NotPrincipal" in statement and _effect(statement) == "allow" for statement in described):
        raise MalformedPolicyDocument("Allow with NotPrincipal is not allowed.")
    for statement in described:
        _verify_known(statement, STATEMENT_ELEMENTS)
        _verify_present(statement, prohibited)
    verify_syntax(document)
    statements = statements_of(document)
    verify_sids(statements, repeated="The Statement Ids in the policy are not unique")
    return statements


def _verify_known(element: JsonObject, known: frozenset[str]) -> None:
    for name in element:
        if name not in known:
            raise MalformedPolicyDocument(f"Unknown field {name}")


def _verify_present(statement: JsonObject, prohibited: Mapping[str, str]) -> None:
    for name, message in prohibited.items():
        if name in statement:
            raise MalformedPolicyDocument(message)
    if "Effect" not in statement:
        raise MalformedPolicyDocument("Missing required field Effect")
    if _effect(statement) not in ("allow", "deny"):
        raise MalformedPolicyDocument(f"Invalid effect: {statement['Effect']}")
    if statement.get("Principal") == {}:
        raise MalformedPolicyDocument("Missing required field Principal cannot be empty!")
    for name in ("Principal", "Action"):
        if not statement.get(name) and not statement.get("Not" + name):
            raise MalformedPolicyDocument(f"Missing required field {name}")


def _effect(statement: JsonObject) -> str:
    return str(statement.get("Effect")).lower()


def _is_sts_action(action: str) -> bool:
    return any(map(compile_pattern(action.lower()), _STS_ACTIONS))


def _verify_principal(principal: object) -> None:
    if not isinstance(principal, dict):
        raise MalformedPolicyDocument(f'Invalid principal in policy: "AWS":"{principal}"')
    if not any(principal.values()):
        raise MalformedPolicyDocument("Missing required field Principal")
    for kind, values in principal.items():
        for value in strings(values):
            _verify_named(kind, value)


def _verify_named(kind: str, value: object) -> None:
    if kind not in _IS_VALID or not is_text(value):
        raise invalid_principal(kind, str(value))
    if not _IS_VALID[kind](value):
        if kind == "Federated":
            raise MalformedPolicyDocument("Federated principals must be valid domain names or SAML metadata ARNs")
        raise invalid_principal(kind, value)


_IS_VALID: Mapping[str, Callable[[str], object]] = {
    "AWS": lambda value: value == "*" or is_aws_principal(value),
    "Service": _SERVICE.fullmatch,
    "Federated": lambda value: _DOMAIN.fullmatch(value) or _PROVIDER.fullmatch(value),
    "CanonicalUser": re.compile("[0-9a-f]{64}").fullmatch,
}

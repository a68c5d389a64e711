"""The specification of iamd's decisions, executable: short, slow, and in the order of AWS's documentation.

It shares no code with ``iamd.policy`` but the types that describe a request. Behaviour changes here first; the engine
follows. Conditions are three-valued: None is what nobody can make sense of, and counts as whatever withholds access.
"""

import base64
import ipaddress
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from iamd.policy import Principal, Request

Context = Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True)
class Documents:
    """The policies in force, as JSON text. None: the type does not apply."""

    identity: tuple[str, ...] = ()
    boundary: str | None = None
    session: tuple[str, ...] | None = None
    resource: str | None = None
    is_trust_policy: bool = False
    resource_policy_required: bool = False
    resource_account_id: str | None = None
    resource_in_management_account: bool = False
    service_control: tuple[tuple[str, ...], ...] | None = None
    resource_control: tuple[tuple[str, ...], ...] | None = None
    endpoint: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Verdict:
    outcome: str
    policy_type: str | None
    matched: frozenset[tuple[str, str, int]]  # policy type, document, index of the statement


# How the types of policy combine --------------------------------------------------------------------------------------
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html


def decide(request: Request, documents: Documents) -> Verdict:
    """AWS's decision: an explicit deny wins; then every type that has a say must allow; default is deny."""
    principal = request.principal
    signed = principal.kind in ("root", "user", "role", "federated")
    service_linked = principal.kind == "role" and ":role/aws-service-role/" in principal.principal_arn
    action = request.action.lower()

    # Permissions that no policy gives or takes.
    if signed and action in ("sts:getcalleridentity", "sts:getsessiontoken"):
        return Verdict("allowed", None, frozenset())

    same_account = signed and documents.resource_account_id in (None, principal.account_id)
    resource_type = "trust" if documents.is_trust_policy else "resource"

    # Whom SCPs and RCPs leave alone.
    rcps_apply = documents.resource_control is not None and not (
        service_linked
        or documents.resource_in_management_account
        or (documents.resource_account_id in (None, principal.account_id) and principal.in_management_account)
        or action.startswith("iam:")
        or action == "kms:retiregrant"
    )
    scps_apply = (
        documents.service_control is not None and signed and not principal.in_management_account and not service_linked
    )

    levels: list[tuple[str, Iterable[str]]] = []
    if rcps_apply:
        levels += [("resourceControl", level) for level in documents.resource_control or ()]
    if scps_apply:
        levels += [("serviceControl", level) for level in documents.service_control or ()]
    if documents.endpoint is not None:
        levels.append(("vpcEndpoint", documents.endpoint))
    if documents.resource is not None:
        levels.append((resource_type, [documents.resource]))
    if signed:
        levels.append(("identity", documents.identity))
        if documents.boundary is not None:
            levels.append(("permissionsBoundary", [documents.boundary]))
        if documents.session is not None:
            levels.append(("session", documents.session))

    denies, allows, silent = [], [], set()
    forms = set()
    for policy_type, texts in levels:
        found = [
            (policy_type, text, index, statement, form)
            for text in texts
            for index, statement, form in matching_statements(text, policy_type, request, documents)
        ]
        denies += [match for match in found if is_deny(match[3])]
        allowing = [match for match in found if not is_deny(match[3])]
        allows += allowing
        if not allowing:
            silent.add(policy_type)
        if policy_type == resource_type:
            forms = {match[4] for match in allowing}

    if denies:
        return Verdict("explicitDeny", denies[0][0], frozenset(match[:3] for match in denies))

    # What each type says; a type that does not apply does not limit.
    identity = "identity" not in silent or principal.kind == "root" or is_of_root(principal)
    boundary = "permissionsBoundary" not in silent
    session = "session" not in silent and not (principal.kind == "federated" and documents.session is None)
    own = identity and boundary and session

    # How the resource-based policy names the caller decides which limits it escapes.
    directly = bool(forms & {"caller", "everyone"})
    as_entity = "entity" in forms
    named = bool(forms)

    if not signed:
        allowed = named
    elif not same_account:
        allowed = own and named
    else:
        if documents.is_trust_policy and principal.kind == "user":
            directly = directly and boundary
        allowed = directly or (as_entity and boundary and session)
        allowed = allowed or (own and (named or not documents.resource_policy_required))

    order = ["resourceControl", "serviceControl", "vpcEndpoint"]
    for policy_type in order:
        if policy_type in silent:
            return Verdict("implicitDeny", policy_type, frozenset())
    if allowed:
        return Verdict("allowed", None, frozenset(match[:3] for match in allows))

    # Denied: the first type in AWS's order that should have allowed.
    missing = {"identity": not identity, "permissionsBoundary": not boundary, "session": not session}
    if not signed:
        return Verdict("implicitDeny", resource_type, frozenset())
    if same_account and documents.resource_policy_required and not named:
        return Verdict("implicitDeny", resource_type, frozenset())
    if same_account and (as_entity or forms & {"caller", "everyone"}):
        missing["identity"] = False
    for policy_type, is_missing in missing.items():
        if is_missing:
            return Verdict("implicitDeny", policy_type, frozenset())
    return Verdict("implicitDeny", resource_type, frozenset())


def is_of_root(principal: Principal) -> bool:
    return principal.kind == "federated" and principal.issuer_arn.endswith(":root")


# Which statements of a document apply ---------------------------------------------------------------------------------
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html


def matching_statements(text: str, policy_type: str, request: Request, documents: Documents):
    """(index, statement, how it names the caller) of the statements that apply."""
    document = read(text)
    statements = document["Statement"]
    for index, statement in enumerate(statements if isinstance(statements, list) else [statements]):
        if not action_matches(statement, request.action):
            continue
        has_variables = document.get("Version") == "2012-10-17"
        form = "nobody"
        if policy_type in ("resource", "trust", "resourceControl", "vpcEndpoint"):
            form = how_named(statement, request.principal, documents.boundary is not None)
            if form is None:
                continue
        elif not is_deny(statement) and ("Principal" in statement or "NotPrincipal" in statement):
            continue
        truths = [
            resource_matches(statement, request, policy_type, has_variables),
            conditions_hold(statement.get("Condition", {}), request.context, has_variables),
        ]
        if False in truths or (None in truths and not is_deny(statement)):
            continue
        yield index, statement, form


@lru_cache(10_000)
def read(text: str):
    return json.loads(text, parse_int=str, parse_float=str)


def is_deny(statement) -> bool:
    return statement["Effect"].lower() == "deny"


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def any_of(truths: Iterable[bool | None]) -> bool | None:
    truths = list(truths)
    return True if True in truths else None if None in truths else False


def all_of(truths: Iterable[bool | None]) -> bool | None:
    return inverse(any_of(inverse(truth) for truth in truths))


def inverse(truth: bool | None) -> bool | None:
    return None if truth is None else not truth


# Action: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html


def action_matches(statement, action: str) -> bool:
    if "Action" in statement:
        return any(wildcards_match(pattern.lower(), action.lower()) for pattern in listed(statement["Action"]))
    return not any(wildcards_match(pattern.lower(), action.lower()) for pattern in listed(statement["NotAction"]))


def wildcards_match(pattern: str, text: str) -> bool:
    return compiled(pattern).fullmatch(text) is not None


@lru_cache(100_000)
def compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(expression(pattern), re.DOTALL)


def expression(pattern: str) -> str:
    return "".join(".*" if each == "*" else "." if each == "?" else re.escape(each) for each in pattern)


# Resource: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html


def resource_matches(statement, request: Request, policy_type: str, has_variables: bool) -> bool | None:
    def fits(pattern: str) -> bool | str | None:
        colons = pattern.count(":")
        expanded = expand(pattern, request.context, True, has_variables)
        if expanded is None or ("${" in pattern and has_variables and not variables_in_place(pattern)):
            return None
        if expanded == UNRESOLVED:
            return UNRESOLVED
        if re.fullmatch(expanded, request.resource, re.DOTALL):
            return True
        if pattern.startswith("arn:") and colons < 5 and not ("${" in pattern and has_variables):
            completed = wildcards_match(pattern + ":*" * (5 - colons), request.resource)
            if completed:
                return True if policy_type in ("identity", "permissionsBoundary") else None
        return False

    if "Resource" in statement:
        return any_of(False if each == UNRESOLVED else each for each in map(fits, listed(statement["Resource"])))
    if "NotResource" in statement:
        found = list(map(fits, listed(statement["NotResource"])))
        return False if UNRESOLVED in found else inverse(any_of(found))
    return True if policy_type in ("resource", "trust") else None


def variables_in_place(pattern: str) -> bool:
    """Variables stand in the sixth part of an ARN only."""
    parts = pattern.split(":", 5)
    return len(parts) == 6 and not any("${" in part for part in parts[:5])


# Variables: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html

UNRESOLVED = "(?!)unresolved"  # a variable without a value


def expand(text: str, context: Context, wildcards: bool, has_variables: bool) -> str | None:
    """A regular expression for the value; UNRESOLVED without a value for a variable; None for nonsense."""
    literal = expression if wildcards else re.escape
    if not has_variables:
        return literal(text)
    result, unresolved = "", False
    while "${" in text:
        before, _, text = text.partition("${")
        reference, brace, text = text.partition("}")
        if not brace:
            return None
        result += literal(before)
        if reference in ("*", "?", "$"):
            result += re.escape(reference)
            continue
        found = re.fullmatch(r"\s*([^,'{$*?]*[^,'{$*?\s])\s*(,\s*'([^']*)'\s*)?", reference)
        if not found:
            return None
        value = context.get(found[1].strip().lower(), found[3])
        if isinstance(value, str):
            result += re.escape(value)
        else:
            unresolved = True
    return UNRESOLVED if unresolved else result + literal(text)


# Condition: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html


def conditions_hold(block, context: Context, has_variables: bool) -> bool | None:
    """All operators and all keys must hold."""
    return all_of(
        condition_holds(operator, key, [as_text(value) for value in listed(values)], context, has_variables)
        for operator, keys in block.items()
        for key, values in keys.items()
    )


def as_text(value) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value


def condition_holds(operator: str, key: str, policy_values, context: Context, has_variables: bool) -> bool | None:
    value = context.get(key.lower(), ())
    request_values = [value] if isinstance(value, str) else list(value)
    is_empty = all(each == "" for each in request_values)

    for_all, for_any = operator.startswith("ForAllValues:"), operator.startswith("ForAnyValue:")
    name = operator.removeprefix("ForAllValues:" if for_all else "ForAnyValue:" if for_any else "")
    if name == "Null":
        wanted = [each.lower() for each in policy_values]
        if not wanted or not set(wanted) <= {"true", "false"}:
            return None
        return ("true" if is_empty else "false") in wanted
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    negated = name.startswith("Not") or "Not" in name.removeprefix("String").removeprefix("Numeric")
    if name not in COMPARISONS:
        return None

    def fits(request_value: str) -> bool | None:
        return any_of(COMPARISONS[name](each, request_value, context, has_variables) for each in policy_values)

    def holds(request_value: str) -> bool | None:
        return inverse(fits(request_value)) if negated else fits(request_value)

    if for_all:
        return True if is_empty else all_of(map(holds, request_values))
    if not request_values:
        return if_exists if for_any else if_exists or negated
    if for_any:
        return any_of(map(holds, request_values))
    found = any_of(map(fits, request_values))
    return inverse(found) if negated else found


def compare_text(wildcards: bool, flags: int = 0):
    def compare(policy_value: str, request_value: str, context: Context, has_variables: bool) -> bool | None:
        pattern = expand(policy_value, context, wildcards, has_variables)
        return None if pattern is None else bool(re.fullmatch(pattern, request_value, re.DOTALL | flags))

    return compare


def compare_arn(policy_value: str, request_value: str, context: Context, has_variables: bool) -> bool | None:
    """Six parts, each compared by itself."""
    pattern = expand(policy_value, context, True, has_variables)
    if pattern is None or pattern == UNRESOLVED:
        return None if pattern is None else False
    patterns, values = pattern.split(":", 5), request_value.split(":", 5)
    if len(patterns) < 6 or len(values) < 6 or values[0] != "arn":
        return False
    return all(re.fullmatch(each, value, re.DOTALL) for each, value in zip(patterns, values, strict=True))


def compare_parsed(parse, compare):
    def compare_values(policy_value: str, request_value: str, context: Context, has_variables: bool) -> bool | None:
        expected = parse(policy_value)
        if expected is None:
            return None
        value = parse(request_value)
        return value is not None and bool(compare(value, expected))

    return compare_values


def number(text: str):
    try:
        return Decimal(text) if re.fullmatch(r"[-+.0-9eE]+", text) else None
    except InvalidOperation:
        return None


def date(text: str):
    """Seconds since 1970. Four digits alone are a year, other digits alone are such seconds."""
    if re.fullmatch(r"[0-9]{1,19}", text) and len(text) != 4:
        return Decimal(text)
    year, rest = re.fullmatch(r"([+-]?[0-9]{1,9})?(.*)", text, re.DOTALL).groups()
    if year is None:
        return None
    cycles, year = divmod(int(year) - 2000, 400)  # the calendar repeats after 400 years of 146,097 days
    for form in ("%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"):
        try:
            moment = datetime.strptime(f"{2000 + year}{rest}", form)  # noqa: DTZ007 - without a zone it is UTC
        except ValueError:
            continue
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        since = moment - datetime(1970, 1, 1, tzinfo=UTC)
        days = since.days + cycles * 146_097
        return Decimal(days * 86400 + since.seconds) + Decimal(since.microseconds) / 1_000_000
    return None


def truth(text: str):
    return {"true": 1, "false": 0}.get(text.lower())


def binary(text: str):
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


def network(text: str):
    """An address or a CIDR range. ::ffff:203.0.113.9 is how IPv6 sockets write 203.0.113.9."""
    if not re.fullmatch(r"[^/%]+(/\d+)?", text):
        return None
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    mapped = getattr(found.network_address, "ipv4_mapped", None)
    return ipaddress.ip_network(mapped) if mapped is not None and found.prefixlen == 128 else found


def inside(address, block) -> bool:
    return address.version == block.version and address.subnet_of(block)


def equal(value, expected) -> bool:
    return value == expected


COMPARISONS = {
    "StringEquals": compare_text(wildcards=False),
    "StringNotEquals": compare_text(wildcards=False),
    "StringEqualsIgnoreCase": compare_text(wildcards=False, flags=re.IGNORECASE),
    "StringNotEqualsIgnoreCase": compare_text(wildcards=False, flags=re.IGNORECASE),
    "StringLike": compare_text(wildcards=True),
    "StringNotLike": compare_text(wildcards=True),
    **{
        f"{kind}{comparison}": compare_parsed(parse, compare)
        for kind, parse in (("Numeric", number), ("Date", date))
        for comparison, compare in (
            ("Equals", equal),
            ("NotEquals", equal),
            ("LessThan", lambda value, expected: value < expected),
            ("LessThanEquals", lambda value, expected: value <= expected),
            ("GreaterThan", lambda value, expected: value > expected),
            ("GreaterThanEquals", lambda value, expected: value >= expected),
        )
    },
    "Bool": compare_parsed(truth, equal),
    "BinaryEquals": compare_parsed(binary, equal),
    "IpAddress": compare_parsed(network, inside),
    "NotIpAddress": compare_parsed(network, inside),
    "ArnEquals": compare_arn,
    "ArnLike": compare_arn,
    "ArnNotEquals": compare_arn,
    "ArnNotLike": compare_arn,
}


# Principal: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html


def how_named(statement, principal: Principal, has_boundary: bool) -> str | None:
    """everyone, caller, entity (the role or user behind a session), account, or None."""
    if not is_deny(statement):
        if "Principal" not in statement or "NotPrincipal" in statement:
            return None
        form = named_in(statement["Principal"], principal)
        return None if form == "everyone" and principal.kind == "provider" else form
    if "NotPrincipal" in statement:
        spared = "Principal" not in statement and not has_boundary
        return None if spared and is_exempt(statement["NotPrincipal"], principal) else "everyone"
    if "Principal" not in statement or not all_understood(statement["Principal"]):
        return "everyone"
    return named_in(statement["Principal"], principal)


def members(element, kind: str) -> list[str]:
    if element == "*":
        element = {"AWS": "*"}
    return listed(element.get(kind, []))


def named_in(element, principal: Principal) -> str | None:
    if "*" in members(element, "AWS"):
        return "everyone"
    if principal.kind == "anonymous":
        return None
    if principal.kind == "service":
        return "caller" if set(principal.services) & set(members(element, "Service")) else None
    if principal.kind == "provider":
        return "caller" if principal.arn in members(element, "Federated") else None
    for name in caller_names(principal):
        if name in members(element, "AWS"):
            return "caller"
    for name in entity_names(principal):
        if name in members(element, "AWS"):
            return "entity"
    return "account" if names_account(element, principal) else None


def caller_names(principal: Principal) -> list[str]:
    return {
        "user": [principal.arn, principal.user_id],
        "role": [principal.arn],
        "federated": [principal.arn],
    }.get(principal.kind, [])


def entity_names(principal: Principal) -> list[str]:
    return {
        "role": [principal.principal_arn, principal.user_id.split(":")[0]],
        "federated": [] if is_of_root(principal) else [principal.issuer_arn, principal.issuer_id],
    }.get(principal.kind, [])


def names_account(element, principal: Principal) -> bool:
    partition = principal.arn.split(":")[1]
    account_names = {principal.account_id, f"arn:{partition}:iam::{principal.account_id}:root"}
    return bool(account_names & set(members(element, "AWS"))) or (
        principal.canonical_user_id in members(element, "CanonicalUser")
    )


def is_exempt(element, principal: Principal) -> bool:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html"""
    if "*" in members(element, "AWS"):
        return True
    if principal.kind in ("anonymous", "service", "provider"):
        return named_in(element, principal) is not None
    listed_names = set(members(element, "AWS"))
    checks = [names_account(element, principal)]
    for names in (caller_names(principal), entity_names(principal)):
        if names:
            checks.append(bool(listed_names & set(names)))
    return all(checks)


def all_understood(element) -> bool:
    if element == "*":
        return True
    named = [(kind, value) for kind, values in element.items() for value in listed(values)]
    return bool(named) and all(
        is_principal(value) if kind == "AWS" else kind in ("Service", "Federated", "CanonicalUser") and "*" not in value
        for kind, value in named
    )


def is_principal(value: str) -> bool:
    return bool(
        re.fullmatch(
            r"\*|\d{12}|[A-Z][A-Z0-9]{15,127}|arn:[^:*?]+:iam::[^:*?]+:(root|(user|role)/[^*?]*[^*?/])"
            r"|arn:[^:*?]+:sts::[^:*?]+:(assumed-role|federated-user)/[^*?]*[^*?/]",
            value,
        )
    )

"""Cases: a request and the policies in force as JSON, which ``iamd evaluate``, ``test`` and ``explain`` read."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from iamd.arn import find_arn
from iamd.errors import MalformedPolicyDocument
from iamd.policy.authorize import Levels, Policies
from iamd.policy.document import VERSIONS, Policy, parse_policy
from iamd.policy.evaluate import PolicyType
from iamd.policy.request import Context, Principal, PrincipalKind, Request

MAX_LENGTH = 16 * 1024 * 1024
"""Bytes of a case."""

Scalar: TypeAlias = str | bool | int | float
_NULL = Raw(b"null")
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_SHOWN_LENGTH = 200
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-federated-web-identity
_IDENTITY_PROVIDERS = {"cognito-identity.amazonaws.com", "www.amazon.com", "graph.facebook.com", "accounts.google.com"}
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable
_PRINCIPAL_TYPES = {
    "root": "Account",
    "user": "User",
    "role": "AssumedRole",
    "federated": "FederatedUser",
    "service": "Service",
    "anonymous": "Anonymous",
}


class InvalidCase(ValueError):
    """What is wrong with a case, for whoever wrote it."""


class CaseRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who wants to do what to which resource."""

    principal: str  # an ARN, an account id, a service principal, an identity provider, or * for an anonymous caller
    action: str  # service:Operation
    resource: str = "*"
    resource_account: str | None = None  # 12 digits; absent: the account in the resource's ARN, else the caller's
    context: dict[str, Scalar | list[Scalar]] = {}


class Case(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One case. A member that is absent or null: its type of policy does not apply.

    Policies are JSON as it stands in the case. A document is an object, or JSON text in a string.
    """

    id: Raw = _NULL
    request: CaseRequest
    identity_policies: Raw = _NULL  # [document …]
    permissions_boundary: Raw = _NULL  # [document …]
    session_policies: Raw = _NULL  # [document …]
    resource_policy: Raw = _NULL  # document
    trust_policy: Raw = _NULL  # document
    scps: Raw = _NULL  # [[document …] …]: a list for each level, the organization's root first
    rcps: Raw = _NULL  # [[document …] …]
    vpc_endpoint_policies: Raw = _NULL  # [document …]
    principal_account_is_management: bool = False
    # What people note about a case; it has no effect.
    name: Raw = _NULL
    description: Raw = _NULL
    comment: Raw = _NULL
    expected: Raw = _NULL

    @property
    def policy_members(self) -> tuple[bytes, ...]:
        """What ``read_policies`` reads."""
        return (
            bytes(self.identity_policies),
            bytes(self.permissions_boundary),
            bytes(self.session_policies),
            bytes(self.resource_policy),
            bytes(self.trust_policy),
            bytes(self.scps),
            bytes(self.rcps),
            bytes(self.vpc_endpoint_policies),
        )


class _Id(Struct):
    id: Raw = _NULL


_decode_case = msgspec.json.Decoder(Case).decode
_decode_id = msgspec.json.Decoder(_Id).decode
_decode_list = msgspec.json.Decoder(list[Raw]).decode
_decode_text = msgspec.json.Decoder(str).decode


def read_case(data: bytes) -> Case:
    """The case that JSON text holds. Raises InvalidCase."""
    if len(data) > MAX_LENGTH:
        raise InvalidCase(f"A case has at most {MAX_LENGTH:,} bytes.")
    try:
        return _decode_case(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidCase(str(error)) from None


def find_id(data: bytes) -> Raw | None:
    """The ``id`` of what need not be a case; None if there is none to be made out."""
    try:
        found = _decode_id(data).id
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return None if found == _NULL else found


# Requests -------------------------------------------------------------------------------------------------------------


def read_request(case: Case) -> Request:
    """The request of a case, with the condition keys that follow from it; those that it gives win. Raises InvalidCase.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    asked = case.request
    if ":" not in asked.action or "*" in asked.action or "?" in asked.action:
        raise InvalidCase(f"{quote(asked.action)} is no action: write service:Operation, without wildcards.")
    if asked.resource_account is not None and not _ACCOUNT_ID.fullmatch(asked.resource_account):
        raise InvalidCase(f"{quote(asked.resource_account)} is no account id: write twelve digits.")
    principal, derived = _parse_principal(asked.principal)
    given = {key.lower(): _values(value) for key, value in asked.context.items()}
    if len(given) < len(asked.context):
        raise InvalidCase("A condition key is given twice: upper and lower case make no difference.")
    principal = _complete(principal, given, case.principal_account_is_management)
    context = {**derived, **given}
    if asked.resource_account is not None:
        context.setdefault("aws:resourceaccount", asked.resource_account)
    return Request(principal=principal, action=asked.action, resource=asked.resource, context=context)


@lru_cache(4096)
def _parse_principal(text: str) -> tuple[Principal, Context]:
    """Who is meant, and the condition keys that follow from it."""
    principal = _find_principal(text)
    if principal is None:
        raise InvalidCase(
            f"{quote(text)} is no principal: write the ARN of a user, a role, a role session, a federated user, a root "
            "user or an identity provider, or an account id, a service principal, or * for an anonymous caller."
        )
    context: dict[str, str | tuple[str, ...]] = {}
    if principal.kind in _PRINCIPAL_TYPES:
        context["aws:principaltype"] = _PRINCIPAL_TYPES[principal.kind]
    if principal.has_account:
        context["aws:principalarn"] = principal.principal_arn
        context["aws:principalaccount"] = principal.account_id
        context["aws:principalisawsservice"] = "false"
    if principal.kind == "user":
        context["aws:username"] = principal.arn.rpartition("/")[2]
    elif principal.kind == "anonymous":
        context["aws:principalaccount"] = "anonymous"
    elif principal.kind == "service":
        context["aws:principalisawsservice"] = "true"
        context["aws:principalservicename"] = principal.services[0]
        context["aws:principalservicenameslist"] = principal.services
    return principal, context


def _find_principal(text: str) -> Principal | None:
    if text == "*":
        return Principal(kind="anonymous")
    if _ACCOUNT_ID.fullmatch(text):
        return _principal("root", text, f"arn:aws:iam::{text}:root")
    if text in _IDENTITY_PROVIDERS:
        return Principal(kind="provider", arn=text)
    if _DOMAIN.fullmatch(text):
        return Principal(kind="service", services=(text,))
    arn = find_arn(text)
    if arn is None or arn.region or not _ACCOUNT_ID.fullmatch(arn.account_id):
        return None
    kind, _, name = arn.resource.partition("/")
    match arn.service, kind:
        case "iam", "root" if not name:
            return _principal("root", arn.account_id, text)
        case "iam", "user" if arn.name:
            return _principal("user", arn.account_id, text)
        case "iam", "role" if arn.name:
            # Some session of the role: no principal element can name it, for none has wildcards.
            session = f"arn:{arn.partition}:sts::{arn.account_id}:assumed-role/{arn.name}/*"
            return _principal("role", arn.account_id, session, text)
        case "iam", "saml-provider" | "oidc-provider" if name:
            return Principal(kind="provider", arn=text)
        case "sts", "assumed-role" if all(name.partition("/")[::2]):
            role = f"arn:{arn.partition}:iam::{arn.account_id}:role/{name.partition('/')[0]}"
            return _principal("role", arn.account_id, text, role)
        case "sts", "federated-user" if name:
            return _principal("federated", arn.account_id, text)
    return None


def _principal(kind: PrincipalKind, account_id: str, arn: str, principal_arn: str = "") -> Principal:
    return Principal(kind=kind, account_id=account_id, arn=arn, principal_arn=principal_arn or arn)


def _complete(principal: Principal, context: Context, in_management_account: bool) -> Principal:
    """The principal with what the context tells of it: its unique id, its role's path, further service names."""
    changes: dict[str, object] = {}
    user_id = context.get("aws:userid")
    if isinstance(user_id, str):
        changes["user_id"] = user_id
    if in_management_account and principal.has_account:
        changes["in_management_account"] = True
    if principal.kind == "role":
        role = context.get("aws:principalarn")
        if isinstance(role, str) and role != principal.principal_arn and _is_role_of(role, principal):
            changes["principal_arn"] = role
    elif principal.kind == "service":
        services = context.get("aws:principalservicenameslist")
        if isinstance(services, tuple):
            changes["services"] = (*principal.services, *services)
    return replace(principal, **changes) if changes else principal


def _is_role_of(role: str, session: Principal) -> bool:
    """Whether ``role`` is the session's role, under a path."""
    arn, bare = find_arn(role), find_arn(session.principal_arn)
    return (
        arn is not None
        and bare is not None
        and (arn.partition, arn.service, arn.region, arn.account_id) == bare[:4]
        and (arn.resource_type, arn.name) == (bare.resource_type, bare.name)
    )


def _values(value: Scalar | list[Scalar]) -> str | tuple[str, ...]:
    return tuple(map(_text, value)) if isinstance(value, list) else _text(value)


def _text(value: Scalar) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


# Policies -------------------------------------------------------------------------------------------------------------


def read_policies(case: Case, sources: Mapping[str, str] = MappingProxyType({})) -> Policies:
    """The policies in force in a case. Raises InvalidCase.

    The source of each is its place in the case, such as ``scps[0][1]``, or what ``sources`` has for the place.
    """
    reader = _Reader(sources)
    resource = reader.read_one("resource_policy", case.resource_policy)
    trust = reader.read_one("trust_policy", case.trust_policy)
    if resource is not None and trust is not None:
        raise InvalidCase("A case has a resource_policy or a trust_policy: a role's trust policy is its only one.")
    return Policies(
        identity=reader.read_list("identity_policies", case.identity_policies) or (),
        boundary=reader.read_boundary("permissions_boundary", case.permissions_boundary),
        session=reader.read_list("session_policies", case.session_policies),
        resource=resource if trust is None else trust,
        resource_policy_type=PolicyType.RESOURCE if trust is None else PolicyType.TRUST,
        resource_policy_required=trust is not None or (resource is not None and needs_resource_policy(case.request)),
        resource_account_id=find_resource_account(case.request),
        service_control=reader.read_levels("scps", case.scps),
        resource_control=reader.read_levels("rcps", case.rcps),
        endpoint=reader.read_list("vpc_endpoint_policies", case.vpc_endpoint_policies),
    )


def find_resource_account(request: CaseRequest) -> str | None:
    """The account that owns the resource; None if the case does not tell, so that it is the caller's."""
    if request.resource_account is not None:
        return request.resource_account
    arn = find_arn(request.resource)
    return arn.account_id if arn is not None and _ACCOUNT_ID.fullmatch(arn.account_id) else None


def needs_resource_policy(request: CaseRequest) -> bool:
    """Whether the resource is a KMS key, which nobody may use unless its policy says so.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
    """
    if not request.resource.startswith("arn:") or ":kms:" not in request.resource:
        return False
    arn = find_arn(request.resource)
    return arn is not None and arn.service == "kms" and arn.resource_type == "key"


class _Reader:
    """Reads the members of a case that hold documents; None for a type that does not apply."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources

    def read_levels(self, name: str, member: Raw) -> Levels | None:
        levels = _list_of(name, member)
        if levels is None:
            return None
        return tuple(self.read_list(f"{name}[{number}]", level) or () for number, level in enumerate(levels))

    def read_list(self, name: str, member: Raw) -> tuple[Policy, ...] | None:
        documents = _list_of(name, member)
        if documents is None:
            return None
        return tuple(self._read(f"{name}[{number}]", document) for number, document in enumerate(documents))

    def read_one(self, name: str, member: Raw) -> Policy | None:
        return None if member == _NULL else self._read(name, member)

    def read_boundary(self, name: str, member: Raw) -> Policy | None:
        """The documents as one policy, which is what a boundary is to AWS; none of them allows nothing."""
        documents = self.read_list(name, member)
        if documents is None or len(documents) == 1:
            return documents[0] if documents else None
        statements = tuple(statement for document in documents for statement in document.statements)
        return Policy(version=VERSIONS[-1], id=None, statements=statements, text="", source_id=name)

    def _read(self, name: str, member: Raw) -> Policy:
        source = self._sources.get(name, name)
        try:
            text = _decode_text(member) if bytes(member).startswith(b'"') else bytes(member).decode()
            return parse_policy(text, source_id=source)
        except MalformedPolicyDocument as error:
            raise InvalidCase(f"{source}: {error.message}") from None


def _list_of(name: str, member: Raw) -> Sequence[Raw] | None:
    if member == _NULL:
        return None
    try:
        return _decode_list(member)
    except msgspec.DecodeError:
        raise InvalidCase(f"{name} is to be a list.") from None


def quote(text: str) -> str:
    """What somebody wrote, for a message: in quotes, and not at any length."""
    return f'"{text}"' if len(text) <= _SHOWN_LENGTH else f'"{text[:_SHOWN_LENGTH]}…"'

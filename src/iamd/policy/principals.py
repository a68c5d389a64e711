"""The Principal and NotPrincipal elements: whom a statement of a resource-based policy names, and how.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
"""

import re
from collections.abc import Iterator, Mapping
from enum import IntEnum

from msgspec import Struct

from iamd.arn import find_arn
from iamd.policy.json_text import NumberText
from iamd.policy.request import Principal

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_UNIQUE_ID = re.compile(r"[A-Z][A-Z0-9]{15,127}")
_ROOT = re.compile(r"arn:[^:*?]+:iam::[^:*?]+:root")
_SESSION_TYPES = ("assumed-role", "federated-user")
KINDS = ("AWS", "Federated", "Service", "CanonicalUser")


class Form(IntEnum):
    """How a statement names the caller; a greater form lets an Allow reach further.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
    """

    ACCOUNT = 1  # the caller's account: the account's own policies must allow as well
    ENTITY = 2  # the role or user behind the caller's session: boundary and session policies still limit
    CALLER = 3  # the caller itself (user, session, service, provider)
    EVERYONE = 4  # "*"


class PrincipalElement(Struct, frozen=True):
    """The principals of a statement, by kind."""

    everyone: bool  # "*" or {"AWS": "*"}
    accounts: frozenset[str]  # account ids, and ARNs of root users, which stand for their accounts
    entities: frozenset[str]  # ARNs and unique ids of users and roles, ARNs of sessions; never of root users
    services: frozenset[str]
    providers: frozenset[str]
    canonical_users: frozenset[str]
    understood: bool  # whether every member is a principal that there can be
    named: tuple[tuple[str, str], ...]  # every member as written: ("AWS", "arn:…")

    def find_form(self, principal: Principal) -> Form | None:
        """The most far-reaching form in which the caller is named, or None."""
        if self.everyone:
            return Form.EVERYONE
        kind = principal.kind
        if kind == "anonymous":
            return None
        if kind == "service":
            return Form.CALLER if not self.services.isdisjoint(principal.services) else None
        if kind == "provider":
            return Form.CALLER if principal.arn in self.providers else None
        if self.entities:
            if principal.arn in self.entities:
                return Form.CALLER
            if kind == "user" and principal.user_id in self.entities:
                return Form.CALLER
            if kind in ("role", "federated") and not self.entities.isdisjoint(_behind_session(principal)):
                return Form.ENTITY
        return Form.ACCOUNT if self._names_account(principal) else None

    def exempts(self, principal: Principal) -> bool:
        """Whether a NotPrincipal with these members leaves the caller alone.

        AWS looks for the account first, then for the role or user, then for the session: each must be listed.
        """
        if self.everyone:
            return True
        if not principal.has_account:
            return self.find_form(principal) is not None
        if not self._names_account(principal):
            return False
        if principal.kind == "root":
            return True
        if principal.kind == "user":
            return principal.arn in self.entities or principal.user_id in self.entities
        behind = _behind_session(principal)
        from_root = principal.issuer_arn.endswith(":root")
        return principal.arn in self.entities and (from_root or not self.entities.isdisjoint(behind))

    def _names_account(self, principal: Principal) -> bool:
        if principal.account_id in self.accounts:
            return True
        if principal.canonical_user_id is not None and principal.canonical_user_id in self.canonical_users:
            return True
        partition = principal.arn.split(":", 2)[1:2]
        return bool(partition) and f"arn:{partition[0]}:iam::{principal.account_id}:root" in self.accounts


def parse_principal(element: object) -> PrincipalElement:
    """A Principal or NotPrincipal element from decoded JSON. Raises ValueError if it has another shape."""
    if element == "*":
        element = {"AWS": "*"}
    if not isinstance(element, Mapping):
        raise ValueError("Principal")
    named = tuple((kind, value) for kind, values in element.items() for value in _strings(values))
    accounts, entities = set(), set()
    for kind, value in named:
        if kind == "AWS" and is_account(value):
            accounts.add(value)
        elif kind == "AWS" and is_aws_principal(value):
            entities.add(value)
    return PrincipalElement(
        everyone=("AWS", "*") in named,
        accounts=frozenset(accounts),
        entities=frozenset(entities),
        services=_of_kind("Service", named),
        providers=_of_kind("Federated", named),
        canonical_users=_of_kind("CanonicalUser", named),
        understood=bool(named) and all(_is_understood(kind, value) for kind, value in named),
        named=named,
    )


def is_account(value: str) -> bool:
    """Whether the principal is a whole account: twelve digits or the ARN of its root user."""
    return bool(_ACCOUNT_ID.fullmatch(value) or _ROOT.fullmatch(value))


def is_aws_principal(value: str) -> bool:
    """Whether ``value`` has the form of an AWS principal other than ``*``. Groups, for one, are none."""
    if is_account(value) or _UNIQUE_ID.fullmatch(value):
        return True
    arn = find_arn(value)
    if arn is None or arn.region or not arn.account_id or not arn.name or "*" in value or "?" in value:
        return False
    if arn.service == "iam":
        return arn.resource_type in ("user", "role") and "/" in arn.resource
    return arn.service == "sts" and arn.resource_type in _SESSION_TYPES


def _is_understood(kind: str, value: str) -> bool:
    if kind == "AWS":
        return value == "*" or is_aws_principal(value)
    return kind in KINDS and bool(value) and "*" not in value


def _behind_session(principal: Principal) -> tuple[str, ...]:
    """The ARN and the unique id of the role or user that a session acts for."""
    if principal.kind == "role":
        return principal.principal_arn, principal.user_id.partition(":")[0]
    return principal.issuer_arn, principal.issuer_id


def _of_kind(kind: str, named: tuple[tuple[str, str], ...]) -> frozenset[str]:
    return frozenset(value for each, value in named if each == kind)


def _strings(values: object) -> Iterator[str]:
    for value in values if isinstance(values, list) else [values]:
        if not isinstance(value, str) or isinstance(value, NumberText):
            raise ValueError("Principal")
        yield value

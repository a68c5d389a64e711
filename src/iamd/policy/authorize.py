"""All policies in force and one request: AWS's decision, with its reasons.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Literal, TypeAlias

from msgspec import Struct

from iamd.policy.compile import (
    PolicySet,
    Rules,
    applies_any,
    find_candidates,
    find_matches,
    find_set,
    find_widest_form,
)
from iamd.policy.document import Policy
from iamd.policy.evaluate import Match, PolicyType
from iamd.policy.principals import Form
from iamd.policy.request import Principal, Request

Outcome: TypeAlias = Literal["allowed", "explicitDeny", "implicitDeny"]
Levels: TypeAlias = tuple[tuple[Policy, ...], ...]
"""Policies by what they are attached to, the organization's root first, the account last."""

# Every caller may ask who it is, and get a session of itself.
# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html
NEEDS_NO_PERMISSION = frozenset({"sts:getcalleridentity", "sts:getsessiontoken"})

# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
_NOT_RESOURCE_CONTROLLED_SERVICES = frozenset({"iam"})
_NOT_RESOURCE_CONTROLLED_ACTIONS = frozenset({"kms:retiregrant"})

_GATES = (PolicyType.RESOURCE_CONTROL, PolicyType.SERVICE_CONTROL, PolicyType.VPC_ENDPOINT)
_LIMITS: tuple[PolicyType, ...] = (PolicyType.PERMISSIONS_BOUNDARY, PolicyType.SESSION)
_OWN = (PolicyType.IDENTITY, *_LIMITS)

Level: TypeAlias = tuple[PolicyType, Rules, Rules]
"""The rules that deny and those that allow an action, of a type of policy and, where it has levels, of one level."""


class Policies(Struct, frozen=True, kw_only=True, dict=True):
    """The policies in force for one request. None: the type does not apply; an empty tuple: it allows nothing.

    ``identity`` are the policies of the user and its groups, or of the role; for a federated user those of the user
    behind it. ``service_control`` are the SCPs of the caller's account, ``resource_control`` the RCPs of the
    resource's account.
    """

    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None
    resource: Policy | None = None
    resource_policy_type: Literal[PolicyType.RESOURCE, PolicyType.TRUST] = PolicyType.RESOURCE
    resource_policy_required: bool = False  # no access without it even inside the account: roles, KMS keys
    resource_account_id: str | None = None  # the owner of the resource; None: the caller's own account
    resource_in_management_account: bool = False  # the owner is its organization's management account
    service_control: Levels | None = None
    resource_control: Levels | None = None
    endpoint: tuple[Policy, ...] | None = None

    @cached_property
    def sets(self) -> tuple[tuple[PolicyType, PolicySet], ...]:
        """Every level of every type in the order in which they are asked, compiled when first asked for."""
        return tuple((policy_type, find_set(level, policy_type)) for policy_type, level in self.levels())

    def levels(self) -> Iterator[tuple[PolicyType, tuple[Policy, ...]]]:
        """Every level of every type in the order in which they are asked."""
        by_type: list[tuple[PolicyType, Levels | None]] = [
            (PolicyType.RESOURCE_CONTROL, self.resource_control),
            (PolicyType.SERVICE_CONTROL, self.service_control),
            (PolicyType.VPC_ENDPOINT, None if self.endpoint is None else (self.endpoint,)),
            (self.resource_policy_type, None if self.resource is None else ((self.resource,),)),
            (PolicyType.IDENTITY, (self.identity,)),
            (PolicyType.PERMISSIONS_BOUNDARY, None if self.boundary is None else ((self.boundary,),)),
            (PolicyType.SESSION, None if self.session is None else (self.session,)),
        ]
        for policy_type, levels in by_type:
            for level in levels or ():
                yield policy_type, level


class Decision(Struct, frozen=True, eq=False, dict=True):
    """What AWS would answer, and why."""

    outcome: Outcome
    policy_type: PolicyType | None  # the type that denies; None if allowed
    request: Request
    policies: Policies

    @property
    def allowed(self) -> bool:
        return self.outcome == "allowed"

    @cached_property
    def matched(self) -> tuple[Match, ...]:
        """The statements that made the decision; none for an implicit deny. Found when first asked for."""
        if self.outcome == "implicitDeny" or needs_no_permission(self.request):
            return ()
        has_boundary = self.policies.boundary is not None
        denies = self.outcome == "explicitDeny"
        return tuple(
            match
            for policy_type, level in sets_in_force(self.request, self.policies)
            for match in find_matches(level, policy_type, self.request, has_boundary, denies=denies)
        )

    @property
    def missing_context(self) -> tuple[str, ...]:
        """See ``find_missing_context``."""
        return find_missing_context(self.request, self.policies)


def authorize(request: Request, policies: Policies) -> Decision:
    """Whether ``request`` is allowed under ``policies``. Nothing is allowed unless something says so."""
    action = request.action.lower()
    if action in NEEDS_NO_PERMISSION and needs_no_permission(request):
        return Decision("allowed", None, request, policies)
    candidates = []
    for policy_type, level in sets_in_force(request, policies):
        denies, allows = find_candidates(level, action)
        candidates.append((policy_type, denies, allows))
    return decide(request, policies, candidates)


def decide(request: Request, policies: Policies, candidates: Sequence[Level]) -> Decision:
    """The decision, given the rules that concern the action in each level of the types that have a say, in order."""
    has_boundary = policies.boundary is not None
    for policy_type, denies, _ in candidates:
        if denies and applies_any(denies, request, has_boundary):
            return Decision("explicitDeny", policy_type, request, policies)
    silent = _find_silent_type(request, policies, candidates)
    return Decision("allowed" if silent is None else "implicitDeny", silent, request, policies)


def policies_in_force(request: Request, policies: Policies) -> Iterator[tuple[PolicyType, Levels]]:
    """The types that have a say in the order in which they are asked, each with its levels.

    Every level must allow. AWS names the first type that denies.
    """
    for policy_type, levels in groupby(levels_in_force(request, policies), itemgetter(0)):
        yield policy_type, tuple(level for _, level in levels)


def levels_in_force(request: Request, policies: Policies) -> Iterator[tuple[PolicyType, tuple[Policy, ...]]]:
    """Like ``policies_in_force``, a pair for each level."""
    left_out = types_without_a_say(request.principal, policies, request.action)
    for each in policies.levels():
        if each[0] not in left_out:
            yield each


def sets_in_force(request: Request, policies: Policies) -> tuple[tuple[PolicyType, PolicySet], ...]:
    """Like ``levels_in_force``, compiled."""
    left_out = types_without_a_say(request.principal, policies, request.action)
    if not left_out:
        return policies.sets
    return tuple(each for each in policies.sets if each[0] not in left_out)


def types_without_a_say(principal: Principal, policies: Policies, action: str | None) -> tuple[PolicyType, ...]:
    """The types that leave the caller, the resource or the action alone. ``action`` None: whatever the action."""
    left_out: tuple[PolicyType, ...] = ()
    if policies.resource_control is not None and not (
        _has_controlled_resource(principal, policies) and (action is None or is_resource_controlled(action.lower()))
    ):
        left_out += (PolicyType.RESOURCE_CONTROL,)
    if policies.service_control is not None and not _is_service_controlled(principal):
        left_out += (PolicyType.SERVICE_CONTROL,)
    if not principal.has_account:
        left_out += (PolicyType.IDENTITY, PolicyType.PERMISSIONS_BOUNDARY, PolicyType.SESSION)
    return left_out


def find_missing_context(request: Request, policies: Policies) -> tuple[str, ...]:
    """The condition keys, in lower case and sorted, that statements about the action ask for and the request lacks."""
    action = request.action.lower()
    needed: set[str] = set()
    for _, level in sets_in_force(request, policies):
        for statement in level.statements_about(action):
            needed.update(statement.resource_keys)
            needed.update(key for clause in statement.conditions for key in clause.needs)
    return tuple(sorted(needed - request.context.keys()))


def find_outcome_of(policy_type: PolicyType, request: Request, policies: Policies) -> Outcome | None:
    """What the policies of one type say by themselves; None if the type has no say.

    A resource-based policy allows in whatever form it names the caller.
    """
    action, has_boundary = request.action.lower(), policies.boundary is not None
    levels = [find_candidates(level, action) for each, level in sets_in_force(request, policies) if each is policy_type]
    if not levels:
        return None
    if any(applies_any(denies, request, has_boundary) for denies, _ in levels):
        return "explicitDeny"
    allowed = all(applies_any(allows, request, has_boundary) for _, allows in levels)
    return "allowed" if allowed else "implicitDeny"


def _find_silent_type(request: Request, policies: Policies, candidates: Sequence[Level]) -> PolicyType | None:
    """The type whose Allow is needed and missing, or None if nothing is missing."""
    principal, has_boundary = request.principal, policies.boundary is not None
    granted_as = None
    for policy_type, _, allows in candidates:
        if policy_type in _GATES:  # they are asked first
            if not applies_any(allows, request, has_boundary):
                return policy_type
        elif policy_type is policies.resource_policy_type:
            granted_as = find_widest_form(allows, request, has_boundary)
    if not principal.has_account:
        return policies.resource_policy_type if granted_as is None else None
    if policies.resource_account_id not in (None, principal.account_id):
        # Two accounts: each must allow by itself.
        limit = _find_silent_in_own_account(request, policies, candidates, None)
        return policies.resource_policy_type if limit is None and granted_as is None else limit
    if policies.resource_policy_required and granted_as is None:
        return policies.resource_policy_type
    return _find_silent_in_own_account(request, policies, candidates, granted_as)


def _find_silent_in_own_account(
    request: Request, policies: Policies, candidates: Sequence[Level], granted_as: Form | None
) -> PolicyType | None:
    """Which of the caller's own policies does not allow, given how the resource's policy in the same account names it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
    """
    principal, has_boundary = request.principal, policies.boundary is not None
    needed = _OWN
    if granted_as is not None and granted_as >= Form.CALLER:
        # A trust policy that names a user does not lift the user's boundary.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html
        limited = policies.resource_policy_type is PolicyType.TRUST and principal.kind == "user"
        needed = (PolicyType.PERMISSIONS_BOUNDARY,) if limited else ()
    elif granted_as is Form.ENTITY or acts_for_root(principal):
        needed = _LIMITS
    for policy_type, _, allows in candidates:
        if policy_type in needed and not applies_any(allows, request, has_boundary):
            return policy_type
    # A federated user without session policies may do nothing by itself.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getfederationtoken.html
    without_session = principal.kind == "federated" and policies.session is None
    return PolicyType.SESSION if without_session and PolicyType.SESSION in needed else None


def acts_for_root(principal: Principal) -> bool:
    """Whether no identity-based policy is needed.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html
    """
    return principal.kind == "root" or (principal.kind == "federated" and principal.issuer_arn.endswith(":root"))


def _is_service_controlled(principal: Principal) -> bool:
    """https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html"""
    return principal.has_account and not principal.in_management_account and not principal.is_service_linked_role


def _has_controlled_resource(principal: Principal, policies: Policies) -> bool:
    """https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html"""
    own_resource = policies.resource_account_id in (None, principal.account_id)
    return not (
        principal.is_service_linked_role
        or policies.resource_in_management_account
        or (own_resource and principal.in_management_account)
    )


def is_resource_controlled(action: str) -> bool:
    """Whether RCPs have a say about the action, given in lower case."""
    return (
        action not in _NOT_RESOURCE_CONTROLLED_ACTIONS
        and action.partition(":")[0] not in _NOT_RESOURCE_CONTROLLED_SERVICES
    )


def needs_no_permission(request: Request) -> bool:
    """Whether no policy has a say."""
    return request.action.lower() in NEEDS_NO_PERMISSION and request.principal.has_account

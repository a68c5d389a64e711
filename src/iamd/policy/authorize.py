"""All policies in force and one request: AWS's decision, with its reasons.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
"""

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

from msgspec import Struct

from iamd.policy.document import Policy
from iamd.policy.evaluate import Match, PolicyType, find_matches
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


class Policies(Struct, frozen=True, kw_only=True):
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


class Decision(Struct, frozen=True, kw_only=True):
    """What AWS would answer, and why."""

    outcome: Outcome
    policy_type: PolicyType | None  # the type that denies; None if allowed
    matched: tuple[Match, ...]  # the statements that made the decision; none for an implicit deny
    request: Request
    policies: Policies

    @property
    def allowed(self) -> bool:
        return self.outcome == "allowed"

    @property
    def missing_context(self) -> tuple[str, ...]:
        """See ``find_missing_context``."""
        return find_missing_context(self.request, self.policies)


def authorize(request: Request, policies: Policies) -> Decision:
    """Whether ``request`` is allowed under ``policies``. Nothing is allowed unless something says so."""

    def decide(outcome: Outcome, policy_type: PolicyType | None = None, matched: Iterable[Match] = ()) -> Decision:
        matched = tuple(matched)
        return Decision(outcome=outcome, policy_type=policy_type, matched=matched, request=request, policies=policies)

    if request.action.lower() in NEEDS_NO_PERMISSION and request.principal.has_account:
        return decide("allowed")
    findings = _Findings(request, policies)
    if findings.denies:
        return decide("explicitDeny", findings.denies[0].policy_type, findings.denies)
    silent = _find_silent_type(request.principal, policies, findings)
    if silent is not None:
        return decide("implicitDeny", silent)
    return decide("allowed", matched=findings.allows)


def policies_in_force(request: Request, policies: Policies) -> Iterator[tuple[PolicyType, Levels]]:
    """The types that have a say in the order in which they are asked, each level of a type by itself.

    Every level must allow. AWS names the first type that denies.
    """
    principal = request.principal
    if policies.resource_control is not None and _is_resource_controlled(request, policies):
        yield PolicyType.RESOURCE_CONTROL, policies.resource_control
    if policies.service_control is not None and _is_service_controlled(principal):
        yield PolicyType.SERVICE_CONTROL, policies.service_control
    if policies.endpoint is not None:
        yield PolicyType.VPC_ENDPOINT, (policies.endpoint,)
    if policies.resource is not None:
        yield policies.resource_policy_type, ((policies.resource,),)
    if principal.has_account:
        yield PolicyType.IDENTITY, (policies.identity,)
        if policies.boundary is not None:
            yield PolicyType.PERMISSIONS_BOUNDARY, ((policies.boundary,),)
        if policies.session is not None:
            yield PolicyType.SESSION, (policies.session,)


def find_missing_context(request: Request, policies: Policies) -> tuple[str, ...]:
    """The condition keys, in lower case and sorted, that statements about the action ask for and the request lacks."""
    action = request.action.lower()
    needed: set[str] = set()
    for _, levels in policies_in_force(request, policies):
        for policy in _flatten(levels):
            for statement in policy.statements:
                if statement.fits_action(action):
                    needed.update(statement.resource_keys)
                    needed.update(key for clause in statement.conditions for key in clause.needs)
    return tuple(sorted(needed - request.context.keys()))


class _Findings:
    """What each type of policy says."""

    def __init__(self, request: Request, policies: Policies) -> None:
        self.denies: list[Match] = []
        self.allows: list[Match] = []
        self.silent: set[PolicyType] = set()  # types that have a say and do not allow
        self.form: Form | None = None  # the most far-reaching form in which the resource-based policy allows
        has_boundary = policies.boundary is not None
        for policy_type, levels in policies_in_force(request, policies):
            for level in levels:
                allowed = False
                for match in find_matches(level, policy_type, request, has_boundary):
                    if match.statement.denies:
                        self.denies.append(match)
                    else:
                        allowed = True
                        self.allows.append(match)
                if not allowed:
                    self.silent.add(policy_type)
        for match in self.allows:
            if match.policy_type is policies.resource_policy_type and match.form is not None:
                self.form = match.form if self.form is None else max(self.form, match.form)


def _find_silent_type(principal: Principal, policies: Policies, findings: _Findings) -> PolicyType | None:
    """The type whose Allow is needed and missing, or None if nothing is missing."""
    for policy_type in (PolicyType.RESOURCE_CONTROL, PolicyType.SERVICE_CONTROL, PolicyType.VPC_ENDPOINT):
        if policy_type in findings.silent:
            return policy_type
    granted_as = findings.form
    if not principal.has_account:
        return policies.resource_policy_type if granted_as is None else None
    if policies.resource_account_id not in (None, principal.account_id):
        # Two accounts: each must allow by itself.
        limit = _find_silent_in_own_account(principal, policies, findings, None)
        return policies.resource_policy_type if limit is None and granted_as is None else limit
    if policies.resource_policy_required and granted_as is None:
        return policies.resource_policy_type
    return _find_silent_in_own_account(principal, policies, findings, granted_as)


def _find_silent_in_own_account(
    principal: Principal, policies: Policies, findings: _Findings, granted_as: Form | None
) -> PolicyType | None:
    """Which of the caller's own policies does not allow, given how the resource's policy in the same account names it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
    """
    if granted_as is not None and granted_as >= Form.CALLER:
        # A trust policy that names a user does not lift the user's boundary.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html
        limited = policies.resource_policy_type is PolicyType.TRUST and principal.kind == "user"
        silent_boundary = PolicyType.PERMISSIONS_BOUNDARY in findings.silent
        return PolicyType.PERMISSIONS_BOUNDARY if limited and silent_boundary else None
    if granted_as is not Form.ENTITY and not _acts_for_root(principal) and PolicyType.IDENTITY in findings.silent:
        return PolicyType.IDENTITY
    if PolicyType.PERMISSIONS_BOUNDARY in findings.silent:
        return PolicyType.PERMISSIONS_BOUNDARY
    # A federated user without session policies may do nothing by itself.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getfederationtoken.html
    if PolicyType.SESSION in findings.silent or (policies.session is None and principal.kind == "federated"):
        return PolicyType.SESSION
    return None


def _acts_for_root(principal: Principal) -> bool:
    """Whether no identity-based policy is needed.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html
    """
    return principal.kind == "root" or (principal.kind == "federated" and principal.issuer_arn.endswith(":root"))


def _is_service_controlled(principal: Principal) -> bool:
    """https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html"""
    return principal.has_account and not principal.in_management_account and not principal.is_service_linked_role


def _is_resource_controlled(request: Request, policies: Policies) -> bool:
    """https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html"""
    principal, action = request.principal, request.action.lower()
    own_resource = policies.resource_account_id in (None, principal.account_id)
    return not (
        principal.is_service_linked_role
        or policies.resource_in_management_account
        or (own_resource and principal.in_management_account)
        or action in _NOT_RESOURCE_CONTROLLED_ACTIONS
        or action.partition(":")[0] in _NOT_RESOURCE_CONTROLLED_SERVICES
    )


def _flatten(levels: Iterable[Iterable[Policy]]) -> Iterator[Policy]:
    for level in levels:
        yield from level

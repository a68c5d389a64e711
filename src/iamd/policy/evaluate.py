"""One policy and one request: which statements apply.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from msgspec import Struct

from iamd.policy.document import Policy, Statement
from iamd.policy.principals import Form
from iamd.policy.request import Request


class PolicyType(StrEnum):
    """The types of policy that take part in a decision.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html
    """

    IDENTITY = "identity"
    RESOURCE = "resource"
    TRUST = "trust"  # a role's trust policy: the resource-based policy of a role
    PERMISSIONS_BOUNDARY = "permissionsBoundary"
    SESSION = "session"
    SERVICE_CONTROL = "serviceControl"
    RESOURCE_CONTROL = "resourceControl"
    VPC_ENDPOINT = "vpcEndpoint"


# Types whose statements name principals; a statement of another type that does is not understood.
_NAMES_PRINCIPALS = {PolicyType.RESOURCE, PolicyType.TRUST, PolicyType.RESOURCE_CONTROL, PolicyType.VPC_ENDPOINT}
# Types that hang on a resource, so that a statement without Resource is about that.
_RESOURCE_OPTIONAL = {PolicyType.RESOURCE, PolicyType.TRUST}
# Types in which arn:aws:sqs stands for arn:aws:sqs:*:*:*.
_COMPLETES_ARNS = {PolicyType.IDENTITY, PolicyType.PERMISSIONS_BOUNDARY}


class Match(Struct, frozen=True):
    """A statement that applies to a request."""

    policy_type: PolicyType
    policy: Policy
    statement: Statement
    form: Form | None = None  # how it names the caller; None where statements name nobody


def find_matches(
    policies: Iterable[Policy], policy_type: PolicyType, request: Request, has_boundary: bool = False
) -> Iterator[Match]:
    """The statements of ``policies`` that apply to ``request``.

    ``has_boundary`` tells whether the caller has a permissions boundary, which no NotPrincipal exempts.
    INVARIANT: a statement that does not suit its policy type never grants, and its Deny applies to everybody.
    """
    action = request.action.lower()
    completes = policy_type in _COMPLETES_ARNS
    names_principals = policy_type in _NAMES_PRINCIPALS
    for policy in policies:
        for statement in policy.statements:
            if not statement.fits_action(action):
                continue
            if not statement.fits_resource(request.resource, request.context, completes) and not (
                statement.resources is None
                and statement.not_resources is None
                and (statement.denies or policy_type in _RESOURCE_OPTIONAL)
            ):
                continue
            form = None
            if names_principals:
                form = _find_form(statement, request, has_boundary)
                if form is None:
                    continue
            elif not statement.denies and (statement.principal is not None or statement.not_principal is not None):
                continue
            if statement.holds(request.context):
                yield Match(policy_type, policy, statement, form)


def _find_form(statement: Statement, request: Request, has_boundary: bool) -> Form | None:
    """How the statement covers the caller; None if it does not.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    """
    principal = request.principal
    if not statement.denies:
        if statement.principal is None or statement.not_principal is not None:
            return None  # NotPrincipal goes with Deny only
        form = statement.principal.find_form(principal)
        # "*" is everybody who could sign a request or needs not; an identity provider's user is to be named.
        return None if form is Form.EVERYONE and principal.kind == "provider" else form
    if statement.not_principal is not None:
        exempt = not has_boundary and statement.not_principal.exempts(principal)
        return None if exempt and statement.principal is None else Form.EVERYONE
    if statement.principal is None or not statement.principal.understood:
        return Form.EVERYONE
    return statement.principal.find_form(principal)

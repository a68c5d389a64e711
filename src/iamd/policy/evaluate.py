"""One statement in one type of policy: the rule that it is there, and whether it applies to a request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from iamd.policy.conditions import Check
from iamd.policy.document import Policy, Statement
from iamd.policy.principals import Form
from iamd.policy.request import Context, Principal, Request
from iamd.policy.resources import EVERYTHING, Starts


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


class Match(Struct, frozen=True):
    """A statement that applies to a request."""

    policy_type: PolicyType
    policy: Policy
    statement: Statement
    form: Form | None = None  # how it names the caller; None where statements name nobody


class Use(NamedTuple):
    """How the statements of a type of policy are to be read."""

    completes_arns: bool = False  # arn:aws:sqs stands for arn:aws:sqs:*:*:*
    resource_optional: bool = False  # the policy hangs on a resource; a statement without Resource is about that
    names_principals: bool = False  # a statement of another type that names principals is not understood


_OF_IDENTITY = Use(completes_arns=True)
_LIMIT = Use()
_OF_RESOURCE = Use(resource_optional=True, names_principals=True)
_LIMIT_OF_RESOURCES = Use(names_principals=True)
USES: Mapping[PolicyType, Use] = {
    PolicyType.IDENTITY: _OF_IDENTITY,
    PolicyType.RESOURCE: _OF_RESOURCE,
    PolicyType.TRUST: _OF_RESOURCE,
    PolicyType.PERMISSIONS_BOUNDARY: _OF_IDENTITY,
    PolicyType.SESSION: _LIMIT,
    PolicyType.SERVICE_CONTROL: _LIMIT,
    PolicyType.RESOURCE_CONTROL: _LIMIT_OF_RESOURCES,
    PolicyType.VPC_ENDPOINT: _LIMIT_OF_RESOURCES,
}

FindForm: TypeAlias = Callable[[Principal, bool], Form | None]
"""The caller and whether it has a permissions boundary → how a statement covers the caller; None if it does not."""
Test: TypeAlias = Callable[[str, Context], bool]
Rule: TypeAlias = tuple[Starts, Test | None, FindForm | None]
"""A statement as used in one type of policy, its action apart. It applies if the resource starts with (one of) the
first, passes the second together with the context, and the third, where there is one, finds a form for the caller.
A bare tuple, because decisions go through many of them."""


def find_rule(statement: Statement, use: Use) -> Rule | None:
    """The statement as a rule, compiled once; None if it never applies.

    INVARIANT: a statement that does not suit its policy type never grants, and its Deny applies to everybody.
    """
    rules = statement.derived
    if use not in rules:
        rules[use] = _compile_rule(statement, use)
    rule: Rule | None = rules[use]
    return rule


def find_form(rule: Rule, request: Request, has_boundary: bool) -> Form | None:
    """How the rule, whose action fits, covers the request; None if it does not. EVERYONE where nobody is named."""
    starts, test, names = rule
    if not request.resource.startswith(starts) or (test is not None and not test(request.resource, request.context)):
        return None
    return Form.EVERYONE if names is None else names(request.principal, has_boundary)


def _compile_rule(statement: Statement, use: Use) -> Rule | None:
    if statement.resources is not None or statement.not_resources is not None:
        starts, fits = statement.resource_test(use.completes_arns)
    elif statement.denies or use.resource_optional:
        starts, fits = EVERYTHING
    else:
        return None
    if not starts and starts != "":
        return None
    names = None
    if use.names_principals:
        if not statement.denies and (statement.principal is None or statement.not_principal is not None):
            return None  # NotPrincipal goes with Deny only
        names = _compile_form(statement)
    elif not statement.denies and (statement.principal is not None or statement.not_principal is not None):
        return None
    return starts, _join(fits, tuple(clause.holds for clause in statement.conditions)), names


def _join(fits: Test | None, checks: tuple[Check, ...]) -> Test | None:
    """One test of resource and conditions."""
    if not checks:
        return fits
    if fits is None and len(checks) == 1:
        (check,) = checks
        return lambda resource, context: check(context)

    def test(resource: str, context: Context) -> bool:
        if fits is not None and not fits(resource, context):
            return False
        for check in checks:  # noqa: SIM110 - a generator would cost more than the loop
            if not check(context):
                return False
        return True

    return test


def _compile_form(statement: Statement) -> FindForm | None:
    """How the statement covers callers; None if all.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    """
    named, spared = statement.principal, statement.not_principal
    if not statement.denies:
        assert named is not None
        # "*" is everybody who could sign a request or needs not; an identity provider's user is to be named.
        if named.everyone:
            return lambda principal, has_boundary: None if principal.kind == "provider" else Form.EVERYONE
        return lambda principal, has_boundary: named.find_form(principal)
    if spared is not None and named is None:
        return lambda principal, has_boundary: None if not has_boundary and spared.exempts(principal) else Form.EVERYONE
    if spared is not None or named is None or named.everyone or not named.understood:
        return None
    return lambda principal, has_boundary: named.find_form(principal)

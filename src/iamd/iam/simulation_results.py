"""What a simulation finds: decisions on actions and resources, with the statements that made them.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from iamd import policy
from iamd.arn import find_arn
from iamd.errors import InvalidInput
from iamd.policy import Levels, Match, Outcome, Policies, Policy, PolicyType, parse_policy, written_keys
from iamd.policy.catalog import find_service
from iamd.policy.matching import Matcher, compile_any

# As AWS's answers write them, though the model's enumeration has other words.
_SOURCE_TYPES: Mapping[PolicyType, str] = {
    PolicyType.IDENTITY: "IAM Policy",
    PolicyType.PERMISSIONS_BOUNDARY: "Permissions Boundary Policy",
    PolicyType.RESOURCE: "Resource Policy",
    PolicyType.TRUST: "Resource Policy",
}
_STATEMENT = 50  # characters of a short one
_TEXT = 100  # characters that a pattern is held against as fast as against one
_MOST_MATCHES = 50_000  # that are told of one action
TOO_MUCH = "The simulation has too many resources for the size of its policies."
_SEVERITY: Mapping[Outcome, int] = {"allowed": 0, "implicitDeny": 1, "explicitDeny": 2}
_VARIABLE = re.compile(r"\$\{[^}]*\}")  # of an ARN template


class Document(Struct, frozen=True):
    """A policy's text, and the name by which results refer to it."""

    source_id: str
    text: str


class Simulation(Struct, frozen=True, kw_only=True):
    """Everything that decides, as plain values: two simulations that ask the same are equal."""

    identity: tuple[Document, ...]
    boundary: Document | None
    resource_policy: str | None
    organization: tuple[tuple[str, ...], ...] | None  # SCPs, the organization's root first; None: they do not apply
    principal: policy.Principal
    owner_id: str | None  # account that owns resources whose ARN does not say it; None: the caller's
    resources: tuple[str, ...]  # ARNs, or * alone
    context: tuple[tuple[str, str | tuple[str, ...]], ...]  # condition keys in lower case
    given: frozenset[str]  # those of them that the request gave itself

    @property
    def weight(self) -> int:
        """How many statements an action is held against on all resources, roughly: what its decision costs.

        Long resources and keys of many values count as so many short ones, for patterns are held against each.
        """
        texts = [document.text for document in self.identity]
        texts += [text for text in (self.resource_policy, self.boundary and self.boundary.text) if text]
        texts += [text for level in self.organization or () for text in level]
        given = [(values,) if isinstance(values, str) else values for _, values in self.context]
        widest = max((sum(1 + len(value) // _TEXT for value in values) for values in given), default=1)
        held = sum(len(resource) // _TEXT + widest for resource in self.resources)
        return held * (1 + sum(map(len, texts)) // _STATEMENT)


def evaluate(simulation: Simulation, actions: Sequence[str]) -> list[dict[str, Any]]:
    """The shape ``EvaluationResult`` for each action. Raises InvalidInput for more matches than can be told."""
    simulator = _Simulator(simulation)
    return [simulator.evaluate(action) for action in actions]


class _Finding(NamedTuple):
    """What is found on one resource."""

    outcome: Outcome
    matched: tuple[Match, ...]
    missing: tuple[str, ...]
    boundary: bool | None  # whether it allows; None without one
    organization: bool | None
    details: Mapping[str, Outcome] | None  # what each type of policy says; None inside one account


class _Simulator:
    """Decides with policies that are parsed once."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._context = dict(simulation.context)
        self._identity = tuple(_parse(document) for document in simulation.identity)
        self._boundary = None if simulation.boundary is None else _parse(simulation.boundary)
        self._resource_policy: Policy | None = None
        if simulation.resource_policy is not None:
            self._resource_policy = parse_policy(simulation.resource_policy, source_id="ResourcePolicy")
        self._organization: Levels | None = None
        if simulation.organization is not None:
            self._organization = tuple(tuple(map(parse_policy, level)) for level in simulation.organization)
        self._missing = self._find_missing()
        self._in_force: dict[tuple[str | None, bool, bool], Policies] = {}

    def evaluate(self, action: str) -> dict[str, Any]:
        """The most restrictive of what is found on the resources, and what is found on each of them."""
        resources = self._simulation.resources
        findings = self._find_all(action, resources)
        outcome = max((finding.outcome for finding in findings), key=_SEVERITY.__getitem__)
        result: dict[str, Any] = {
            "EvalActionName": action,
            "EvalResourceName": _resource_name(action, resources),
            "EvalDecision": outcome,
            "MatchedStatements": _statements(
                match for finding in findings if finding.outcome == outcome for match in finding.matched
            ),
            "MissingContextValues": list(dict.fromkeys(key for finding in findings for key in finding.missing)),
        }
        organizations = [finding.organization for finding in findings if finding.organization is not None]
        if organizations:
            result["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": all(organizations)}
        boundaries = [finding.boundary for finding in findings if finding.boundary is not None]
        if boundaries:
            result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": all(boundaries)}
        if resources == ("*",):
            return result
        details: dict[str, Outcome] = {}
        for finding in findings:
            for kind, each in (finding.details or {}).items():
                details[kind] = max(each, details.get(kind, each), key=_SEVERITY.__getitem__)
        if organizations != [False] * len(findings):  # once they deny, nothing else is evaluated
            result["EvalDecisionDetails"] = details
        result["ResourceSpecificResults"] = [
            _specific(resource, finding) for resource, finding in zip(resources, findings, strict=True)
        ]
        return result

    def _find_all(self, action: str, resources: Sequence[str]) -> list[_Finding]:
        findings: list[_Finding] = []
        matches = 0
        for resource in resources:
            findings.append(self._find(action, resource))
            matches += len(findings[-1].matched)
            if matches > _MOST_MATCHES:
                raise InvalidInput(TOO_MUCH)
        return findings

    def _find(self, action: str, resource: str) -> _Finding:
        request = policy.Request(
            principal=self._simulation.principal, action=action, resource=resource, context=self._context
        )
        policies = self._policies(resource)
        decision = policy.authorize(request, policies)
        boundary = None
        if self._boundary is not None:
            boundary = policy.find_outcome_of(PolicyType.PERMISSIONS_BOUNDARY, request, policies) == "allowed"
        organization = None
        if self._organization is not None:
            organization = policy.find_outcome_of(PolicyType.SERVICE_CONTROL, request, policies) in (None, "allowed")
        if organization is False:
            return _Finding(decision.outcome, (), (), boundary, organization, None)
        denied = decision.outcome == "explicitDeny"
        matched = tuple(
            match
            for match in decision.matched
            if match.policy_type in _SOURCE_TYPES
            and (denied or match.policy_type is not PolicyType.PERMISSIONS_BOUNDARY)
        )
        missing = self._missing if decision.outcome == "implicitDeny" else ()
        return _Finding(decision.outcome, matched, missing, boundary, organization, self._details(request, policies))

    def _policies(self, resource: str) -> Policies:
        """The policies in force for a resource, which differ only in whose it is and of which type."""
        simulation, arn = self._simulation, find_arn(resource)
        own, trust, key = simulation.owner_id, False, False
        if arn is not None:
            own = arn.account_id if arn.account_id.isdigit() else own
            trust = arn.service == "iam" and arn.resource_type == "role"
            key = arn.service == "kms" and arn.resource_type == "key"
        # Without the policy of a resource nothing is known of whose account it is in, so that nothing is denied for it.
        kind = (own, trust, key) if self._resource_policy else (None, False, False)
        policies = self._in_force.get(kind)
        if policies is None:
            policies = self._in_force[kind] = Policies(
                identity=self._identity,
                boundary=self._boundary,
                resource=self._resource_policy,
                resource_policy_type=PolicyType.TRUST if kind[1] else PolicyType.RESOURCE,
                resource_policy_required=kind[1] or kind[2],
                resource_account_id=kind[0],
                service_control=self._organization,
            )
        return policies

    def _details(self, request: policy.Request, policies: Policies) -> Mapping[str, Outcome] | None:
        """What each type of policy says by itself, where caller and resource are in two accounts."""
        if policies.resource_account_id in (None, request.principal.account_id):
            return None
        details: dict[str, Outcome] = {}
        for policy_type in (PolicyType.IDENTITY, policies.resource_policy_type, PolicyType.PERMISSIONS_BOUNDARY):
            outcome = policy.find_outcome_of(policy_type, request, policies)
            if outcome is not None:
                details[_SOURCE_TYPES[policy_type]] = outcome
        return details

    def _find_missing(self) -> tuple[str, ...]:
        """The condition keys that the policies ask for, whatever their statements are about, and nobody gave.

        AWS, too, tells keys of statements about other actions. https://github.com/boto/boto3/issues/3111
        """
        policies = [each for each in (*self._identity, self._boundary, self._resource_policy) if each]
        found: dict[str, str] = {}
        for each in policies:
            for key in written_keys(each):
                found.setdefault(key.lower(), key)
        return tuple(key for lower, key in found.items() if lower not in self._simulation.given)


def _parse(document: Document) -> Policy:
    return parse_policy(document.text, source_id=document.source_id)


def _specific(resource: str, finding: _Finding) -> dict[str, Any]:
    """The shape ``ResourceSpecificResult``."""
    result: dict[str, Any] = {
        "EvalResourceName": resource,
        "EvalResourceDecision": finding.outcome,
        "MatchedStatements": _statements(finding.matched),
        "MissingContextValues": list(finding.missing),
    }
    if finding.details is not None:
        result["EvalDecisionDetails"] = dict(finding.details)
    if finding.boundary is not None:
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": finding.boundary}
    return result


def _statements(matches: Iterable[Match]) -> list[dict[str, Any]]:
    """The shape ``Statement`` for each statement, once, in the order of the policies."""
    found: dict[tuple[PolicyType, str, int], dict[str, Any]] = {}
    for match in matches:
        span = match.statement.span
        key = (match.policy_type, match.policy.source_id, match.statement.index)
        found[key] = {
            "SourcePolicyId": match.policy.source_id,
            "SourcePolicyType": _SOURCE_TYPES[match.policy_type],
            "StartPosition": {"Line": span.start.line, "Column": span.start.column},
            "EndPosition": {"Line": span.end.line, "Column": span.end.column},
        }
    return list(found.values())


def _resource_name(action: str, resources: Sequence[str]) -> str:
    """The one resource; of several, the ARN template of the type of resource that the action is about."""
    if len(resources) == 1:
        return resources[0]
    namespace, _, name = action.lower().partition(":")
    service = find_service(namespace)
    known = service.actions.get(name) if service is not None else None
    if service is None or known is None or not known.resources:
        return "*"
    templates = [service.resource_types[each.name.lower()].arn for each in known.resources]
    fitting = (template for template in templates if all(map(_fits(template), resources)))
    return next(fitting, templates[0])


def _fits(template: str) -> Matcher:
    return compile_any([_VARIABLE.sub("*", template)])

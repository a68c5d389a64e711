"""Runs the engine on the documents that the reference takes, and tells what it says in the reference's terms."""

from collections.abc import Iterable

from iamd.policy import Decision, Policies, PolicyType, Request, authorize, parse_policy
from iamd.policy.document import Policy
from tests.policy.reference import Documents, Verdict


def parse(documents: Documents) -> Policies:
    return Policies(
        identity=_parse_all(documents.identity),
        boundary=None if documents.boundary is None else parse_policy(documents.boundary),
        session=None if documents.session is None else _parse_all(documents.session),
        resource=None if documents.resource is None else parse_policy(documents.resource),
        resource_policy_type=PolicyType.TRUST if documents.is_trust_policy else PolicyType.RESOURCE,
        resource_policy_required=documents.resource_policy_required,
        resource_account_id=documents.resource_account_id,
        resource_in_management_account=documents.resource_in_management_account,
        service_control=_parse_levels(documents.service_control),
        resource_control=_parse_levels(documents.resource_control),
        endpoint=None if documents.endpoint is None else _parse_all(documents.endpoint),
    )


def decide(request: Request, documents: Documents) -> Verdict:
    return as_verdict(authorize(request, parse(documents)))


def as_verdict(decision: Decision) -> Verdict:
    return Verdict(
        decision.outcome,
        None if decision.policy_type is None else decision.policy_type.value,
        frozenset((match.policy_type.value, match.policy.text, match.statement.index) for match in decision.matched),
    )


def _parse_all(texts: Iterable[str]) -> tuple[Policy, ...]:
    return tuple(map(parse_policy, texts))


def _parse_levels(levels: tuple[tuple[str, ...], ...] | None) -> tuple[tuple[Policy, ...], ...] | None:
    return None if levels is None else tuple(map(_parse_all, levels))

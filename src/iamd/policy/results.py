"""Cases answered: one line of JSON in, one line of JSON out, with what equal policies have in common done once."""

from typing import Literal

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from iamd.policy.authorize import Decision, Policies, authorize, find_missing_context, policies_in_force
from iamd.policy.case import (
    Case,
    InvalidCase,
    find_id,
    find_resource_account,
    needs_resource_policy,
    read_case,
    read_policies,
    read_request,
)
from iamd.policy.evaluate import Match, PolicyType
from iamd.policy.references import refer, spell_keys
from iamd.policy.request import Request

_MAX_CACHED_BYTES = 64 * 1024 * 1024  # of policies as they stand in cases, and
_OVERHEAD = 4096  # for each set of them
_MAX_CACHED_NEEDS = 4096  # for each set of policies
_MAX_ERROR_LENGTH = 1000


class Result(Struct, frozen=True, kw_only=True):
    """The answer to a case."""

    id: Raw  # as in the case
    decision: Literal["allowed", "explicitDeny", "implicitDeny"]
    matched_statements: list[Raw]  # each a StatementReference
    blocked_by: PolicyType | None  # the type of policy that denies; None if allowed
    missing_context_keys: tuple[str, ...]


class Problem(Struct, frozen=True, kw_only=True):
    """The answer to a line that is no case."""

    id: Raw
    error: str


_encode = msgspec.json.Encoder().encode


class _InForce:
    """Policies in force, and what is found out about them."""

    def __init__(self, policies: Policies) -> None:
        self.policies = policies
        self._references: dict[tuple[PolicyType, str, int], Raw] = {}
        self._needs: dict[tuple[object, ...], tuple[tuple[str, str], ...]] = {}

    def refer(self, match: Match) -> Raw:
        key = (match.policy_type, match.policy.source_id, id(match.statement))  # the policies keep it alive
        found = self._references.get(key)
        if found is None:
            found = self._references[key] = Raw(_encode(refer(match)))
        return found

    def find_missing(self, request: Request) -> tuple[str, ...]:
        """The condition keys that statements about the action ask for and the request lacks, as they are written."""
        principal = request.principal
        key = (
            request.action.lower(),
            principal.kind,
            principal.account_id,
            principal.in_management_account,
            principal.is_service_linked_role,
        )
        needs = self._needs.get(key)
        if needs is None:
            if len(self._needs) >= _MAX_CACHED_NEEDS:
                self._needs.clear()
            needs = self._needs[key] = self._find_needs(request)
        context = request.context
        return tuple(written for needed, written in needs if needed not in context)

    def _find_needs(self, request: Request) -> tuple[tuple[str, str], ...]:
        """Every key that statements about the action ask for, in lower case and as it is written."""
        needed = find_missing_context(replace(request, context={}), self.policies)
        in_force = policies_in_force(request, self.policies)
        policies = [policy for _, levels in in_force for level in levels for policy in level]
        return tuple((written.lower(), written) for written in spell_keys(needed, policies))


class Answerer:
    """Answers cases. Policies that it saw before need not be read again."""

    def __init__(self) -> None:
        self._in_force: dict[tuple[object, ...], _InForce] = {}
        self._cached_bytes = 0

    def answer(self, line: bytes, number: int) -> tuple[bytes, bool]:
        """The answer to a line as JSON, and whether the line is a case; ``number`` is the line's, from 1."""
        try:
            case = read_case(line)
            request = read_request(case)
            in_force = self._find_in_force(case)
        except InvalidCase as error:
            return self._refuse(line, number, str(error)), False
        decision = authorize(request, in_force.policies)
        return _encode(_result(case, decision, in_force)), True

    def _refuse(self, line: bytes, number: int, error: str) -> bytes:
        id = find_id(line)
        if id is None:
            return _encode(Problem(id=Raw(b"null"), error=f"Line {number}: {error[:_MAX_ERROR_LENGTH]}"))
        return _encode(Problem(id=id, error=error[:_MAX_ERROR_LENGTH]))

    def _find_in_force(self, case: Case) -> _InForce:
        members = case.policy_members
        key = (members, find_resource_account(case.request), needs_resource_policy(case.request))
        found = self._in_force.get(key)
        if found is None:
            found = _InForce(read_policies(case))
            size = sum(map(len, members)) + _OVERHEAD
            self._cached_bytes += size
            if self._cached_bytes > _MAX_CACHED_BYTES:
                self._in_force.clear()
                self._cached_bytes = size
            self._in_force[key] = found
        return found


def _result(case: Case, decision: Decision, in_force: _InForce) -> Result:
    return Result(
        id=case.id,
        decision=decision.outcome,
        matched_statements=[in_force.refer(match) for match in decision.matched],
        blocked_by=decision.policy_type,
        missing_context_keys=in_force.find_missing(decision.request),
    )

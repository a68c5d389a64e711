"""How reasons point at what was written: a statement by its policy and place, a condition key by its spelling."""

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

from iamd.policy.document import Policy, Statement
from iamd.policy.evaluate import Match, PolicyType
from iamd.policy.json_text import Position

_VARIABLE_NAME = re.compile(r"\$\{([^,'{}$*?]++)[,}]")


class StatementReference(Struct, frozen=True, kw_only=True):
    """Where a statement stands."""

    policy_type: PolicyType
    policy: str  # where the policy comes from: ``Policy.source_id``, else its ARN, else empty
    sid: str | None
    index: int  # the statement's place in the policy, from 0
    effect: Literal["Allow", "Deny"]
    start: Position  # in the policy's text, just after the statement's opening brace
    end: Position  # just after its closing brace

    def __str__(self) -> str:
        sid = "" if self.sid is None else f' "{self.sid}"'
        place = "" if self.end.line == 1 else f", line {self.start.line}:{self.start.column}"
        return f"{self.policy or self.policy_type.value}: Statement[{self.index}]{sid}{place}"


def refer(match: Match) -> StatementReference:
    """The reference to a statement that applies."""
    return refer_to(match.policy_type, match.policy, match.statement)


def refer_to(policy_type: PolicyType, policy: Policy, statement: Statement) -> StatementReference:
    """The reference to a statement of a policy in force."""
    return StatementReference(
        policy_type=policy_type,
        policy=policy.source_id or policy.arn or "",
        sid=statement.sid,
        index=statement.index,
        effect=statement.effect,
        start=statement.span.start,
        end=statement.span.end,
    )


def spell_keys(keys: Iterable[str], policies: Iterable[Policy]) -> tuple[str, ...]:
    """Condition keys, given in lower case, as the policies write them; those that none writes as they are given."""
    wanted = set(keys)
    spellings: dict[str, str] = {}
    for policy in policies if wanted else ():
        for key in written_keys(policy):
            if key.lower() in wanted:
                spellings.setdefault(key.lower(), key)
    return tuple(sorted((spellings.get(key, key) for key in wanted), key=str.lower))


def find_variables(text: str) -> list[str]:
    """The names of the policy variables in a pattern or value, as written."""
    return [name.strip() for name in _VARIABLE_NAME.findall(text)]


def written_keys(policy: Policy) -> Iterator[str]:
    """The condition keys that its conditions and variables ask for, as written and as often as written."""
    for statement in policy.statements:
        if statement.variables:
            for pattern in (*(statement.resources or ()), *(statement.not_resources or ())):
                yield from find_variables(pattern)
        for clause in statement.conditions:
            yield clause.key
            if statement.variables:
                for value in clause.values:
                    yield from find_variables(value)

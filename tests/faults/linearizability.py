"""Whether a recorded history of calls could have happened one after another, each at a moment between call and return.

Wing and Gong's search with Lowe's memory of what was tried: https://www.cs.ox.ac.uk/people/gavin.lowe/LinearizabiltyTesting/
"""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

UNKNOWN = "unknown"  # the result of a call whose client was not told it


@dataclass(frozen=True)
class Call:
    """One call of a client. A call with an unknown result may take effect at any time after it was made, or never."""

    process: int
    operation: str
    argument: str
    result: str
    called: float
    returned: float

    @property
    def deadline(self) -> float:
        """By when it has taken effect."""
        return math.inf if self.result == UNKNOWN else self.returned


Step = Callable[[Any, Call], list[Any]]  # the states that a call may lead to with its result; none if it has another


def is_linearizable(history: Sequence[Call], initial: Hashable, step: Step) -> bool:
    """Whether there is an order of the calls that keeps to their times and in which ``step`` allows every result."""
    calls = sorted(history, key=lambda call: call.called)
    known = sum(1 << at for at, call in enumerate(calls) if call.result != UNKNOWN)
    seen: set[tuple[int, Hashable]] = set()
    pending: list[tuple[int, Hashable]] = [(0, initial)]  # which calls have taken effect, and the state after them
    while pending:
        done, state = pending.pop()
        if done & known == known:
            return True
        first = min(call.deadline for at, call in enumerate(calls) if not done >> at & 1)
        for at, call in enumerate(calls):
            if call.called > first:
                break  # another must have returned before this one was made
            if done >> at & 1:
                continue
            for after in step(state, call):
                configuration = (done | 1 << at, after)
                if configuration not in seen:
                    seen.add(configuration)
                    pending.append(configuration)
    return False


def users_with_quota(quota: int) -> Step:
    """The model of an account's users, or groups: names are created and deleted, and never are there over ``quota``."""

    def step(users: frozenset[str], call: Call) -> list[frozenset[str]]:
        if call.operation == "create":
            result = "exists" if call.argument in users else "limit" if len(users) >= quota else "ok"
            after = users | {call.argument} if result == "ok" else users
        else:
            result = "ok" if call.argument in users else "missing"
            after = users - {call.argument}
        return [after] if call.result in (result, UNKNOWN) else []

    return step

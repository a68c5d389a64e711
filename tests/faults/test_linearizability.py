"""The checker itself: accepts what could have happened, and finds what could not."""

import random

from tests.faults.linearizability import UNKNOWN, Call, is_linearizable, users_with_quota

NOBODY: frozenset[str] = frozenset()


def call(operation: str, argument: str, result: str, called: float, returned: float, process: int = 0) -> Call:
    return Call(process, operation, argument, result, called, returned)


def holds(*history: Call, quota: int = 2) -> bool:
    return is_linearizable(history, NOBODY, users_with_quota(quota))


def test_nothing_happened() -> None:
    assert holds()


def test_one_after_another() -> None:
    assert holds(call("create", "a", "ok", 0, 1), call("create", "a", "exists", 2, 3), call("delete", "a", "ok", 4, 5))


def test_an_acknowledged_create_that_is_lost_is_found() -> None:
    assert not holds(call("create", "a", "ok", 0, 1), call("delete", "a", "missing", 2, 3))


def test_a_create_that_happens_twice_is_found() -> None:
    assert not holds(call("create", "a", "ok", 0, 1), call("create", "a", "ok", 2, 3))


def test_calls_at_the_same_time_may_come_in_either_order() -> None:
    assert holds(call("create", "a", "ok", 0, 9), call("delete", "a", "ok", 1, 8))
    assert holds(call("delete", "a", "missing", 0, 9), call("create", "a", "ok", 1, 8))


def test_a_refusal_on_old_knowledge_is_found() -> None:
    made = [call("create", "a", "ok", 0, 1), call("create", "b", "ok", 2, 3), call("delete", "a", "ok", 4, 5)]
    assert not holds(*made, call("create", "c", "limit", 6, 7))
    assert holds(*made, call("create", "c", "limit", 3.5, 7))


def test_a_quota_that_is_overstepped_is_found() -> None:
    creates = [call("create", name, "ok", 0, 9, process) for process, name in enumerate("abc")]
    assert not holds(*creates)
    assert holds(*creates, quota=3)


def test_what_nobody_was_told_may_have_happened_or_not_or_may_happen_later() -> None:
    lost = call("create", "a", UNKNOWN, 0, 1)
    assert holds(lost)
    assert holds(lost, call("create", "a", "ok", 2, 3))
    assert holds(lost, call("create", "a", "exists", 2, 3))
    assert holds(lost, call("delete", "a", "missing", 2, 3), call("create", "a", "exists", 4, 5))
    assert not holds(lost, call("create", "a", "exists", 2, 3), call("delete", "a", "missing", 4, 5))
    assert not holds(call("create", "a", "exists", 2, 3), call("create", "a", UNKNOWN, 4, 5))


def test_histories_that_happened_are_accepted_and_refused_when_one_result_is_changed() -> None:
    source = random.Random(7)
    found = 0
    for _ in range(50):
        history = simulate(source)
        assert is_linearizable(history, NOBODY, users_with_quota(2))
        at = source.randrange(len(history))
        other = {"ok": "missing", "missing": "ok", "exists": "ok", "limit": "ok"}[history[at].result]
        if history[at].operation == "create" and other == "missing":
            other = "exists"
        changed = [*history[:at], Call(**{**history[at].__dict__, "result": other}), *history[at + 1 :]]
        found += not is_linearizable(changed, NOBODY, users_with_quota(2))
    assert found > 25


def simulate(source: random.Random) -> list[Call]:
    """A history of three clients, each call of which takes effect at a random moment of its time."""
    moments: list[tuple[float, int, float, float]] = []
    for process in range(3):
        time = 0.0
        for _ in range(8):
            called = time + source.random()
            returned = called + source.random() * 2
            moments.append((source.uniform(called, returned), process, called, returned))
            time = returned
    users: set[str] = set()
    history = []
    for _, process, called, returned in sorted(moments):
        operation, name = source.choice(["create", "delete"]), source.choice("abcd")
        if operation == "create":
            result = "exists" if name in users else "limit" if len(users) >= 2 else "ok"
            users |= {name} if result == "ok" else set()
        else:
            result = "ok" if name in users else "missing"
            users -= {name}
        history.append(Call(process, operation, name, result, called, returned))
    return history

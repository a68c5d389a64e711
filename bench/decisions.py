"""How long one decision takes, and whether it is right: ``python -m bench.decisions [--quick]``.

Every engine answers the same requests about the same policies in one run; each answer is compared with that of the
executable specification in ``tests/policy/reference.py``. Peers that are not installed are named and left out. Times
are CPU times of this process, in which all engines run, so that a busy machine disturbs them less.
"""

import json
import sys
import time
from random import Random
from typing import Any

from tests.policy import reference

from bench.engines import ENGINES, PRINCIPAL, Engine, Iamd, Reference, as_request
from bench.workload import Asked, make_policies, make_requests
from iamd.policy import Policies, authorize, parse_policy

QUICK = "--quick" in sys.argv
SIZES = [1, 10, 100] if QUICK else [1, 10, 100, 1000]
REQUESTS = 200 if QUICK else 1000
PATIENCE = 0.5 if QUICK else 4.0  # seconds of CPU that an engine, and the reference, get for one size
ROUNDS = 5


def answer(engine: Engine, prepared: list[Any]) -> list[bool]:
    """As many answers as there is patience for."""
    answers = []
    end = time.process_time() + PATIENCE
    for each in prepared:
        answers.append(engine.allows(each))
        if time.process_time() > end:
            break
    return answers


def time_decisions(engine: Engine, prepared: list[Any]) -> float:
    """µs a decision: the best of some rounds, of which the first has warmed up what engines keep."""
    best = float("inf")
    spent = 0.0
    for _ in range(ROUNDS):
        start = time.process_time()
        for each in prepared:
            engine.allows(each)
        took = time.process_time() - start
        best, spent = min(best, took), spent + took
        if spent > PATIENCE:
            break
    return best / len(prepared) * 1e6


def compare(policies: list[str], requests: list[Asked]) -> None:
    statements = sum(len(json.loads(text)["Statement"]) for text in policies)
    specification = Reference(policies)
    right = answer(specification, [specification.prepare(each) for each in requests])
    print(f"\n{len(policies)} policies, {statements} statements; {sum(right)} of {len(right)} requests are allowed")
    print(f"{'':12}{'µs/decision':>12}{'ratio':>8}{'wrong':>14}{'load µs/statement':>20}  cannot say")
    ours = 0.0
    for kind in ENGINES:
        try:
            kind(policies[:1])  # what is imported when first used is no load
        except ImportError as error:
            print(f"{kind.name:12}  not installed: {error.name}")
            continue
        start = time.process_time()
        engine = kind(policies)
        load = (time.process_time() - start) / statements * 1e6
        prepared = [engine.prepare(each) for each in requests]
        answers = answer(engine, prepared)
        took = time_decisions(engine, prepared[: len(answers)])
        ours = ours or took
        wrong = sum(one != other for one, other in zip(answers, right, strict=False))
        checked = min(len(answers), len(right))
        left_out = f"{engine.left_out} statements" if engine.left_out else ""
        print(f"{kind.name:12}{took:12.2f}{took / ours:8.1f}{f'{wrong} of {checked}':>14}{load:20.1f}  {left_out}")


def five_types(random: Random) -> None:
    """iamd alone: the peers have one type of policy."""

    def document(count: int, **elements: Any) -> str:
        statements = [
            {**statement, **elements}
            for text in make_policies(random, count)
            for statement in json.loads(text)["Statement"]
        ]
        return json.dumps({"Version": "2012-10-17", "Statement": statements[:48]})

    # Broad Allows, so that decisions go through all types.
    broad = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    documents = reference.Documents(
        identity=tuple(make_policies(random, 10)),
        boundary=document(20),
        session=(document(20), broad),
        resource=document(20, Principal={"AWS": PRINCIPAL.account_id}),
        service_control=((broad,), (document(20), broad)),
    )
    policies = Policies(
        identity=tuple(map(parse_policy, documents.identity)),
        boundary=parse_policy(documents.boundary or ""),
        session=tuple(map(parse_policy, documents.session or ())),
        resource=parse_policy(documents.resource or ""),
        service_control=tuple(tuple(map(parse_policy, level)) for level in documents.service_control or ()),
    )

    class FiveTypes(Iamd):
        def __init__(self) -> None:
            self._policies = policies

    requests = [as_request(each) for each in make_requests(random, list(documents.identity), REQUESTS)]
    outcomes = [reference.decide(each, documents) for each in requests]
    wrong = sum(
        (found.outcome, found.policy_type) != (right.outcome, right.policy_type)
        for found, right in zip((authorize(each, policies) for each in requests), outcomes, strict=True)
    )
    took = time_decisions(FiveTypes(), requests)
    mixed = {outcome: sum(each.outcome == outcome for each in outcomes) for outcome in ("allowed", "explicitDeny")}
    print(f"\nFive types of policy with 48 statements each: {took:.2f} µs, {wrong} of {len(requests)} wrong, {mixed}")


def main() -> None:
    random = Random(1)
    for size in SIZES:
        policies = make_policies(random, size)
        compare(policies, make_requests(random, policies, REQUESTS))
    five_types(random)


if __name__ == "__main__":
    main()

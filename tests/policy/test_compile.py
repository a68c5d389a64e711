"""Compiled policies: nothing before it is asked for, once for equal documents, and little work for a decision."""

import json
from random import Random
from typing import Any

import pytest

from iamd.policy import Policies, PolicyType, Principal, Request, Statement, authorize, parse_policy
from iamd.policy.actions import compile_actions, find_services
from iamd.policy.compile import find_set
from iamd.policy.document import Policy
from iamd.policy.resources import compile_not_resources, compile_resources
from tests.policy.generators import ACTION_PATTERNS, ACTIONS, OWN, RESOURCE_PATTERNS, RESOURCES, USER
from tests.policy.reference import wildcards_match
from tests.policy.test_matching import lines_executed

CALLER = Principal(kind="user", account_id=OWN, arn=USER, principal_arn=USER)
REQUEST = Request(principal=CALLER, action="s3:GetObject", resource="arn:aws:s3:::bucket/key")
FIXED_PATTERNS = [pattern for pattern in RESOURCE_PATTERNS if "${" not in pattern and pattern.count(":") >= 5]
SERVICES = [f"service{number}" for number in range(40)]
# As long as AWS's ReadOnlyAccess: one statement, many services.
LONG = [
    f"{service}:{verb}{noun}*" for service in SERVICES for verb in ("Get", "List") for noun in "ABCDEFGHIJKLMNOPQRST"
]


def policy(*statements: dict[str, Any], **source: str) -> Policy:
    complete = [{"Effect": "Allow", "Action": "*", "Resource": "*"} | each for each in statements]
    return parse_policy(json.dumps({"Version": "2012-10-17", "Statement": complete}), **source)


def ask(*policies: Policy, action: str = REQUEST.action) -> Request:
    return Request(principal=CALLER, action=action, resource=REQUEST.resource)


# Actions --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patterns", "services"),
    [
        (["s3:Get*"], {"s3"}),
        (["s3:*", "iam:GetUser", "iam:?etRole"], {"s3", "iam"}),
        (["s3"], {"s3"}),
        ([], set()),
        (["*"], None),
        (["s3:*", "*:Get*"], None),
        (["s?:Get*"], None),
        (["s3*"], None),
    ],
)
def test_services_that_patterns_can_fit(patterns: list[str], services: set[str] | None) -> None:
    assert find_services(patterns) == services


def test_long_lists_of_actions_match_what_each_pattern_matches() -> None:
    random = Random(1)
    patterns = [each.lower() for each in ACTION_PATTERNS if each not in ("*", "*:*")]
    for _ in range(500):
        chosen = tuple(random.sample(patterns, random.randint(0, len(patterns))))
        fits = compile_actions(chosen)
        for action in (*map(str.lower, ACTIONS), "s3", "ec2:runinstances"):
            assert fits(action) is any(wildcards_match(each, action) for each in chosen), (chosen, action)


# Resources ------------------------------------------------------------------------------------------------------------


def test_resource_tests_match_what_each_pattern_matches() -> None:
    random = Random(1)
    for _ in range(1000):
        chosen = tuple(random.sample(FIXED_PATTERNS, random.randint(1, len(FIXED_PATTERNS))))
        options = {"variables": True, "denies": False, "completes": False}
        starts, fits = compile_resources(chosen, **options)
        _, fits_not = compile_not_resources(chosen, **options)
        assert fits_not is not None
        for resource in RESOURCES:
            expected = any(wildcards_match(each, resource) for each in chosen)
            assert (resource.startswith(starts) and (fits is None or fits(resource, {}))) is expected
            assert fits_not(resource, {}) is not expected


@pytest.mark.parametrize(
    ("patterns", "starts", "is_whole_test"),
    [
        (["*"], "", True),
        (["arn:aws:s3:::a*"], "arn:aws:s3:::a", True),
        (["arn:aws:s3:::a*", "arn:aws:s3:::b/*"], ("arn:aws:s3:::a", "arn:aws:s3:::b/"), True),
        (["arn:aws:s3:::a*", "arn:aws:s3:::a/b*"], "arn:aws:s3:::a", True),
        (["arn:aws:s3:::a*", "*"], "", True),
        (["arn:aws:s3:::a"], "arn:aws:s3:::a", False),
        (["arn:aws:s3:::a*z"], "arn:aws:s3:::a", False),
        (["arn:aws:s3:::?b"], "arn:aws:s3:::", False),
        (["arn:aws:s3:::a/${aws:username}/*"], "arn:aws:s3:::", False),
        ([f"arn:aws:s3:::bucket-{number}" for number in range(20)], "arn:aws:s3:::bucket-", False),
        (
            [f"arn:aws:s3:::{name}*" for name in "abcdefghij"],
            tuple(f"arn:aws:s3:::{name}" for name in "abcdefghij"),
            True,
        ),
        (["arn:aws:s3:::a/${broken"], (), True),
    ],
)
def test_what_a_resource_must_start_with(patterns: list[str], starts: object, is_whole_test: bool) -> None:
    found = compile_resources(tuple(patterns), variables=True, denies=False, completes=False)
    assert (found.starts, found.fits is None) == (starts, is_whole_test)


# Sets of policies -----------------------------------------------------------------------------------------------------


def test_the_index_finds_the_statements_whose_action_fits() -> None:
    random = Random(1)
    for _ in range(200):
        actions = [random.sample(ACTION_PATTERNS, random.randint(1, 4)) for _ in range(8)]
        element = random.choice(["Action", "Action", "NotAction"])
        statements = [{"Effect": "Allow", element: each, "Resource": "*"} for each in actions]
        parsed = parse_policy(json.dumps({"Statement": statements}))
        for action in map(str.lower, ACTIONS):
            found = find_set((parsed,), PolicyType.IDENTITY).statements_about(action)
            expected = [each for each in parsed.statements if each.fits_action(action)]
            assert sorted(each.index for each in found) == [each.index for each in expected]


def test_a_statement_about_many_services_is_found_for_each() -> None:
    parsed = policy({"Action": LONG})
    for service in SERVICES:
        assert authorize(ask(action=f"{service}:GetTable"), Policies(identity=(parsed,))).allowed
        assert not authorize(ask(action=f"{service}:PutTable"), Policies(identity=(parsed,))).allowed


def test_equal_policies_are_one_set() -> None:
    first, second = policy({"Action": "s3:*"}), policy({"Action": "sqs:*"})
    assert find_set((first, second), PolicyType.IDENTITY) is find_set((first, second), PolicyType.IDENTITY)
    assert find_set((first, second), PolicyType.IDENTITY) is not find_set((first, second), PolicyType.SESSION)


def test_equal_documents_share_what_is_compiled_wherever_they_come_from() -> None:
    of_user = policy({"Action": "s3:*"}, source_id="a", source_type="user")
    of_role = policy({"Action": "s3:*"}, source_id="b", source_type="role")
    assert (of_user.source_id, of_role.source_id) == ("a", "b")
    assert of_user.statements is of_role.statements


def test_nothing_is_compiled_before_it_is_asked_for() -> None:
    def is_compiled(statement: Statement) -> bool:
        return bool(statement.__dict__)

    parsed = policy({"Action": "s3:Get*"}, {"Action": "sqs:*"}, {"Action": "iam:*"})
    policies = Policies(identity=(parsed,))
    assert not any(map(is_compiled, parsed.statements))
    authorize(ask(action="sqs:SendMessage"), policies)
    assert list(map(is_compiled, parsed.statements)) == [False, True, False]


# Work -----------------------------------------------------------------------------------------------------------------


def work(policies: Policies, action: str = "s3:GetObject") -> int:
    """Lines of Python that a decision takes once the action has been asked about."""
    request = ask(action=action)
    authorize(request, policies)
    return lines_executed(lambda: authorize(request, policies))


def test_statements_about_other_actions_cost_nothing() -> None:
    wanted = policy({"Action": "s3:GetObject"})
    others = [
        policy(*({"Action": [f"{service}:Get*", f"s3:{service}"]} for service in SERVICES), {"Action": f"x:{number}"})
        for number in range(10)
    ]
    assert work(Policies(identity=(wanted, *others))) == work(Policies(identity=(wanted,)))


def test_long_statements_cost_what_short_ones_do() -> None:
    long, short = policy({"Action": LONG}), policy({"Action": "service7:GetTable"})
    assert len(LONG) == 1600
    assert work(Policies(identity=(long,)), "service7:GetTable") == work(
        Policies(identity=(short,)), "service7:GetTable"
    )


def test_long_statements_are_searched_by_service_the_first_time() -> None:
    (statement,) = policy({"Action": LONG}).statements
    fits_action = statement.fits_action
    assert lines_executed(lambda: fits_action("service7:gettable")) < 20
    assert lines_executed(lambda: fits_action("ec2:runinstances")) < 20


def test_reasons_are_found_when_asked_for() -> None:
    allowing = policy(
        {"Sid": "A", "Action": "s3:*"}, {"Sid": "B", "Action": "s3:Get*"}, {"Sid": "C", "Action": "sqs:*"}
    )
    decision = authorize(REQUEST, Policies(identity=(allowing, allowing)))
    assert decision.allowed
    assert [match.statement.sid for match in decision.matched] == ["A", "B", "A", "B"]
    assert decision.matched is decision.matched

"""Engine and reference give the same decision, for the same reasons, whatever the policies and the request."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from random import Random
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamd.policy import PolicyType, Request, authorize, conditions
from iamd.policy.conditions import split_operator
from iamd.policy.request import PrincipalKind
from tests.policy import engine, reference
from tests.policy.generators import ALLOW_ALL, NO_OPERATORS, OPERATORS, make_documents, make_policy, make_request
from tests.policy.reference import Documents

# How many random cases the plain run takes; 200,000 for a full run.
CASES = int(os.environ.get("IAMD_AGREEMENT_CASES", "4000"))
BLOCKS = 8
REQUESTS = 4  # to the same policies, so that what the engine keeps of one request serves the next
DENY_ALL = '{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}}'

randoms = st.randoms(use_true_random=False)
properties = settings(max_examples=60, deadline=None)


def explain(request: Request, documents: Documents) -> str:
    return f"\n{request}\n{documents}"


@pytest.mark.parametrize("block", range(BLOCKS))
def test_engine_decides_as_the_reference(block: int) -> None:
    random = Random(block)
    for _ in range(CASES // BLOCKS // REQUESTS):
        documents = make_documents(random)
        policies = engine.parse(documents)
        for request in (make_request(random) for _ in range(REQUESTS)):
            verdict = engine.as_verdict(authorize(request, policies))
            assert verdict == reference.decide(request, documents), explain(request, documents)


@settings(max_examples=150, deadline=None)
@given(randoms)
def test_engine_decides_as_the_reference_on_cases_that_shrink(random: Random) -> None:
    request, documents = make_request(random), make_documents(random)
    assert engine.decide(request, documents) == reference.decide(request, documents)


@properties
@given(randoms)
def test_order_and_duplicates_do_not_matter(random: Random) -> None:
    request, documents = make_request(random), make_documents(random)
    shuffled = replace(
        documents,
        identity=tuple(random.sample(documents.identity * 2, len(documents.identity) * 2)),
        session=None if documents.session is None else documents.session[::-1],
        service_control=None if documents.service_control is None else documents.service_control[::-1],
        resource_control=None if documents.resource_control is None else documents.resource_control * 2,
    )
    assert engine.decide(request, shuffled) == engine.decide(request, documents)


@properties
@given(randoms)
def test_a_limiting_policy_never_grants(random: Random) -> None:
    request, documents = make_request(random), make_documents(random)
    if engine.decide(request, documents).outcome == "allowed":
        return
    limit = random.choice([ALLOW_ALL, make_policy(random, names_principals=False)])
    limited = [replace(documents, service_control=(*(documents.service_control or ()), (limit,)))]
    if documents.boundary is None:
        limited.append(replace(documents, boundary=limit))
    # A federated user's session policies are what lets it do anything.
    if documents.session is None and request.principal.kind != "federated":
        limited.append(replace(documents, session=(limit,)))
    for each in limited:
        assert engine.decide(request, each).outcome != "allowed", explain(request, each)


@properties
@given(randoms)
def test_a_deny_never_grants_and_one_for_everything_denies(random: Random) -> None:
    request, documents = make_request(random), make_documents(random)
    signed = request.principal.kind in ("root", "user", "role", "federated")
    if signed and request.action == "sts:GetCallerIdentity":
        return  # no policy has a say
    denied = replace(documents, resource=DENY_ALL)
    assert engine.decide(request, denied).outcome == "explicitDeny"
    if signed:
        denied = replace(documents, identity=(*documents.identity, DENY_ALL))
        assert engine.decide(request, denied).outcome == "explicitDeny"


@pytest.fixture(scope="module")
def generated() -> list[tuple[Request, Documents]]:
    random = Random(0)
    return [(make_request(random), make_documents(random)) for _ in range(2500)]


def test_the_generator_reaches_every_outcome_for_every_caller_and_policy_type(
    generated: list[tuple[Request, Documents]],
) -> None:
    outcomes, denials = set(), set()
    for request, documents in generated:
        verdict = reference.decide(request, documents)
        outcomes.add((request.principal.kind, verdict.outcome))
        denials.add((verdict.outcome, verdict.policy_type))
    kinds = get_args(PrincipalKind)
    assert outcomes == set(product(kinds, ["allowed", "explicitDeny", "implicitDeny"]))
    denials -= {("allowed", None)}
    assert denials == set(product(["explicitDeny", "implicitDeny"], [each.value for each in PolicyType]))


def test_the_generator_reaches_every_operator_with_every_answer(generated: list[tuple[Request, Documents]]) -> None:
    """With each of its qualifiers, each operator holds and does not hold; values of no sense are among them."""
    answers: dict[str, set[bool | None]] = {}
    qualifiers: dict[str, set[str]] = {}
    for request, documents in generated:
        for text in every_text(documents):
            document = json.loads(text, parse_int=str, parse_float=str)
            has_variables = document.get("Version") == "2012-10-17"
            for statement in reference.listed(document["Statement"]):
                for operator, keys in statement.get("Condition", {}).items():
                    split = split_operator(operator)
                    qualifiers.setdefault(split.base, set()).add(split.qualifier + "IfExists" * split.if_exists)
                    for key, values in keys.items():
                        texts = [reference.as_text(value) for value in reference.listed(values)]
                        answer = reference.condition_holds(operator, key, texts, request.context, has_variables)
                        answers.setdefault(operator, set()).add(answer)
                        answers.setdefault(split.base, set()).add(answer)
    assert set(OPERATORS) == set(conditions.OPERATORS)
    every_qualifier = {a + b for a, b in product(["", "ForAllValues:", "ForAnyValue:"], ["", "IfExists"])}
    for operator in OPERATORS:
        assert answers[operator] >= {True, False}, operator
        if operator != "Null":
            assert qualifiers[operator] == every_qualifier, operator
    with_nonsense = {operator for operator in OPERATORS if None in answers[operator]}
    assert with_nonsense == set(OPERATORS)
    assert all(answers[operator] == {None} for operator in NO_OPERATORS)


def every_text(documents: Documents) -> Iterator[str]:
    """Every document, whatever its type."""
    yield from documents.identity
    yield from (text for text in (documents.boundary, documents.resource) if text is not None)
    yield from (documents.session or ()) + (documents.endpoint or ())
    for level in (documents.service_control or ()) + (documents.resource_control or ()):
        yield from level

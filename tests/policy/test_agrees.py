"""Engine and reference give the same decision, for the same reasons, whatever the policies and the request."""

import os
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamd.policy import Request
from tests.policy import engine, reference
from tests.policy.generators import ALLOW_ALL, make_documents, make_policy, make_request
from tests.policy.reference import Documents

# How many random cases the plain run takes; 200,000 for a full run.
CASES = int(os.environ.get("IAMD_AGREEMENT_CASES", "4000"))
BLOCKS = 8
DENY_ALL = '{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}}'

randoms = st.randoms(use_true_random=False)
properties = settings(max_examples=60, deadline=None)


def explain(request: Request, documents: Documents) -> str:
    return f"\n{request}\n{documents}"


@pytest.mark.parametrize("block", range(BLOCKS))
def test_engine_decides_as_the_reference(block: int) -> None:
    random = Random(block)
    for _ in range(CASES // BLOCKS):
        request, documents = make_request(random), make_documents(random)
        assert engine.decide(request, documents) == reference.decide(request, documents), explain(request, documents)


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


def test_the_generator_reaches_every_outcome_and_policy_type() -> None:
    random = Random(0)
    verdicts = [reference.decide(make_request(random), make_documents(random)) for _ in range(1500)]
    types = {(verdict.outcome, verdict.policy_type) for verdict in verdicts}
    assert {outcome for outcome, _ in types} == {"allowed", "explicitDeny", "implicitDeny"}
    every_type = {
        "identity",
        "resource",
        "trust",
        "permissionsBoundary",
        "session",
        "serviceControl",
        "resourceControl",
        "vpcEndpoint",
    }
    assert {policy_type for outcome, policy_type in types if outcome == "explicitDeny"} == every_type
    assert {policy_type for outcome, policy_type in types if outcome == "implicitDeny"} == every_type

"""Many at once decide as one by one: callers about one action, and callers about all known actions."""

import json
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from iamd.policy import (
    KnownActions,
    Policies,
    Principal,
    Request,
    authorize,
    authorize_callers,
    find_reaches,
    parse_policy,
)
from tests.policy import engine, reference
from tests.policy.generators import ACTION_PATTERNS, ACTIONS, make_documents, make_request
from tests.policy.reference import Documents, wildcards_match
from tests.policy.test_combining import PRINCIPALS, policy

KNOWN = KnownActions(
    [*ACTIONS, "s3:DeleteObject", "iam:PassRole", "sts:GetSessionToken", "kms:Decrypt", "ec2:RunInstances"]
)

seeds = pytest.mark.parametrize("seed", range(60))


# One action on one resource -------------------------------------------------------------------------------------------


@seeds
def test_callers_together_are_decided_as_one_by_one(seed: int) -> None:
    random = Random(seed)
    asked = make_request(random)
    shared = make_documents(random)
    callers = []
    for _ in range(6):
        request, own = make_request(random), make_documents(random)
        documents = replace(own, service_control=shared.service_control, identity=shared.identity + own.identity)
        callers.append((request.principal, engine.parse(documents), request.context))
    found = list(authorize_callers(asked.action, asked.resource, callers))
    for decision, (principal, policies, context) in zip(found, callers, strict=True):
        request = Request(principal=principal, action=asked.action, resource=asked.resource, context=context)
        alone = authorize(request, policies)
        assert (decision.outcome, decision.policy_type) == (alone.outcome, alone.policy_type)
        assert decision.matched == alone.matched
        assert decision.request == request


def test_each_caller_has_its_own_context() -> None:
    home = parse_policy(
        '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*",'
        ' "Resource": "arn:aws:s3:::home/${aws:username}/*"}}'
    )
    callers = [(PRINCIPALS["user"], Policies(identity=(home,)), {"aws:username": name}) for name in ("Ana", "Bo")]
    found = authorize_callers("S3:getobject", "arn:aws:s3:::home/Ana/photo", callers)
    assert [decision.outcome for decision in found] == ["allowed", "implicitDeny"]


# All known actions ----------------------------------------------------------------------------------------------------


def probes(principal: Principal, action: str, random: Random) -> Iterator[Request]:
    """Requests for the action, on many resources in many circumstances."""
    for _ in range(8):
        made = make_request(random)
        yield Request(principal=principal, action=action, resource=made.resource, context=made.context)


def plain(documents: Documents) -> Documents:
    """The documents without anything that depends on resource or context."""

    def strip(text: str) -> str:
        document = json.loads(text)
        statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
        for statement in statements:
            for element in ("Condition", "NotResource"):
                statement.pop(element, None)
            statement["Resource"] = "*"
        return json.dumps(document)

    def strip_all(texts: tuple[str, ...] | None) -> Any:
        return None if texts is None else tuple(map(strip, texts))

    def strip_levels(levels: tuple[tuple[str, ...], ...] | None) -> Any:
        return None if levels is None else tuple(map(strip_all, levels))

    return replace(
        documents,
        identity=strip_all(documents.identity),
        boundary=None if documents.boundary is None else strip(documents.boundary),
        session=strip_all(documents.session),
        service_control=strip_levels(documents.service_control),
        resource_control=strip_levels(documents.resource_control),
        endpoint=strip_all(documents.endpoint),
    )


@seeds
def test_always_and_never_hold_for_every_request(seed: int) -> None:
    random = Random(seed)
    documents = [replace(make_documents(random), resource=None) for _ in range(3)]
    callers = [(make_request(random).principal, each) for each in documents]
    reaches = find_reaches(KNOWN, [(principal, engine.parse(each)) for principal, each in callers])
    for reach, (principal, each) in zip(reaches, callers, strict=True):
        for action in KNOWN.names:
            answer = reach.find(action)
            if answer != "sometimes":
                for request in probes(principal, action, random):
                    verdict = reference.decide(request, each)
                    assert (verdict.outcome == "allowed") is (answer == "always"), (request, each)


@seeds
def test_where_nothing_depends_on_resource_or_condition_nothing_is_sometimes(seed: int) -> None:
    random = Random(seed)
    documents = plain(replace(make_documents(random), resource=None))
    principal = make_request(random).principal
    (reach,) = find_reaches(KNOWN, [(principal, engine.parse(documents))])
    assert reach.sometimes == ()
    for action in KNOWN.names:
        verdict = reference.decide(Request(principal=principal, action=action), documents)
        assert reach.find(action) == ("always" if verdict.outcome == "allowed" else "never"), (action, documents)


def reach_of(identity: list[dict[str, Any]], kind: str = "user", **policies: Any) -> dict[str, tuple[str, ...]]:
    """What policies with these statements let somebody do of four actions."""
    known = KnownActions(["s3:GetObject", "s3:PutObject", "iam:GetUser", "sts:GetCallerIdentity"])
    text = json.dumps({"Version": "2012-10-17", "Statement": identity})
    own = (parse_policy(text),) if identity else ()
    (reach,) = find_reaches(known, [(PRINCIPALS[kind], Policies(identity=own, **policies))])
    return {"always": reach.always, "sometimes": reach.sometimes}


ALLOW = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
BUCKET = {"Resource": "arn:aws:s3:::bucket/*"}
OVER_TLS = {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}
WHO_AM_I = "sts:GetCallerIdentity"
BOTH = ("s3:GetObject", "s3:PutObject")


@pytest.mark.parametrize(
    ("identity", "always", "sometimes"),
    [
        ([], (), ()),
        ([ALLOW], BOTH, ()),
        ([{**ALLOW, "Action": "S3:getobject"}], ("s3:GetObject",), ()),
        ([{**ALLOW, "Action": "s3:?etObject"}], ("s3:GetObject",), ()),
        ([{**ALLOW, "Action": ["s3:*Object", "ec2:*", "s3:NoSuchAction"]}], BOTH, ()),
        ([{"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}], BOTH, ()),
        ([ALLOW | BUCKET], (), BOTH),
        ([ALLOW | OVER_TLS], (), BOTH),
        ([ALLOW | {"Resource": ["arn:aws:s3:::bucket/*", "*"]}], BOTH, ()),
        ([ALLOW | BUCKET, {**ALLOW, "Action": "s3:Get*"}], ("s3:GetObject",), ("s3:PutObject",)),
        ([ALLOW, {**ALLOW, "Effect": "Deny", "Action": "s3:Put*"}], ("s3:GetObject",), ()),
        ([ALLOW, {**ALLOW | BUCKET, "Effect": "Deny", "Action": "s3:Put*"}], ("s3:GetObject",), ("s3:PutObject",)),
        ([ALLOW, {**ALLOW | OVER_TLS, "Effect": "Deny"}], (), BOTH),
        ([ALLOW | BUCKET, {**ALLOW, "Effect": "Deny"}], (), ()),
    ],
)
def test_what_statements_say_of_actions(
    identity: list[dict[str, Any]], always: tuple[str, ...], sometimes: tuple[str, ...]
) -> None:
    assert reach_of(identity) == {"always": (*always, WHO_AM_I), "sometimes": sometimes}


def test_all_types_of_policy_must_allow() -> None:
    get = parse_policy(json.dumps({"Statement": {**ALLOW, "Action": "s3:Get*"}}))
    put_sometimes = parse_policy(json.dumps({"Statement": {**ALLOW | BUCKET, "Action": ["s3:Put*", "sts:*"]}}))
    everything = parse_policy(json.dumps({"Statement": {**ALLOW, "Action": "*"}}))
    nothing = {"always": (WHO_AM_I,), "sometimes": ()}
    assert reach_of([ALLOW], boundary=get) == {"always": ("s3:GetObject", WHO_AM_I), "sometimes": ()}
    assert reach_of([ALLOW], session=(put_sometimes,)) == {"always": (WHO_AM_I,), "sometimes": ("s3:PutObject",)}
    assert reach_of([ALLOW], boundary=get, session=(put_sometimes,)) == nothing
    assert reach_of([ALLOW], service_control=((everything,), (get, put_sometimes))) == {
        "always": ("s3:GetObject", WHO_AM_I),
        "sometimes": ("s3:PutObject",),
    }
    assert reach_of([ALLOW], service_control=((everything,), ())) == nothing
    assert reach_of([], "root", service_control=((get,),)) == {"always": ("s3:GetObject", WHO_AM_I), "sometimes": ()}


def test_who_needs_a_resource_policy_may_do_nothing_by_its_own() -> None:
    nothing = {"always": (WHO_AM_I,), "sometimes": ()}
    assert reach_of([ALLOW], resource_account_id="444455556666") == nothing
    assert reach_of([ALLOW], resource_policy_required=True) == nothing
    assert reach_of([ALLOW], "federated") == nothing
    assert reach_of([ALLOW], "anonymous") == {"always": (), "sometimes": ()}
    assert reach_of([ALLOW], "service") == {"always": (), "sometimes": ()}


def test_resource_based_policies_are_refused() -> None:
    policies = Policies(identity=(), resource=policy("allow", "*"))
    with pytest.raises(ValueError, match="A resource-based policy says nothing about actions apart from its resource"):
        find_reaches(KNOWN, [(PRINCIPALS["user"], policies)])


def test_an_unknown_action_has_no_answer() -> None:
    (reach,) = find_reaches(KNOWN, [(PRINCIPALS["root"], Policies())])
    assert reach.find("s3:GetObject") == reach.find("S3:GETOBJECT") == "always"
    assert reach.find("s3:NoSuchAction") is None


def test_patterns_find_the_known_actions_that_they_fit() -> None:
    random = Random(1)
    names = sorted({action.lower() for action in KNOWN.names})
    for _ in range(2000):
        letters = random.choices("s3iamk:get*?objcu", k=random.randint(0, 6))
        pattern = random.choice(["".join(letters), *(each.lower() for each in ACTION_PATTERNS)])
        found = [names[number] for first, end in KNOWN.find(pattern) for number in range(first, end)]
        assert found == [name for name in names if wildcards_match(pattern, name)], pattern


def test_callers_share_what_is_read_and_keep_their_answers_apart() -> None:
    ana, bo = PRINCIPALS["user"], PRINCIPALS["role"]
    get, put = (
        parse_policy(json.dumps({"Statement": {**ALLOW, "Action": action}})) for action in ("s3:Get*", "s3:Put*")
    )
    known = KnownActions(["s3:PutObject", "s3:GetObject"])
    reaches = find_reaches(known, [(ana, Policies(identity=(get,))), (bo, Policies(identity=(get, put)))])
    assert [reach.always for reach in reaches] == [("s3:GetObject",), ("s3:GetObject", "s3:PutObject")]

"""How the types of policy combine, apart from how statements match: every mix of allow, deny and silence."""

import json
from collections.abc import Iterator
from itertools import product
from typing import Literal

import pytest

from iamd.policy import Policies, Policy, PolicyType, Principal, Request, authorize, find_outcome_of, parse_policy
from tests.policy.generators import FEDERATED, OTHER, OWN, PROVIDER, ROLE, ROOT, SESSION, USER

Says = Literal["absent", "allow", "deny", "silent"]

# Per kind of caller and the way in which the resource's policy names it, in one account: whose Allow is needed besides.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
NEEDED: dict[tuple[str, str], tuple[str, ...]] = {
    ("root", ROOT): ("boundary", "session"),  # a root user has no boundary; AssumeRoot gives its session a policy
    ("root", "*"): (),
    ("user", USER): (),
    ("user", "*"): (),
    ("user", OWN): ("identity", "boundary", "session"),
    ("user", ROOT): ("identity", "boundary", "session"),
    ("role", SESSION): (),
    ("role", "*"): (),
    ("role", ROLE): ("boundary", "session"),
    ("role", OWN): ("identity", "boundary", "session"),
    ("federated", FEDERATED): (),
    ("federated", "*"): (),
    ("federated", USER): ("boundary", "session"),
    ("federated", ROOT): ("identity", "boundary", "session"),
}
WITHOUT_RESOURCE_POLICY = {
    "root": ("boundary", "session"),
    "user": ("identity", "boundary", "session"),
    "role": ("identity", "boundary", "session"),
    "federated": ("identity", "boundary", "session"),
}
PRINCIPALS = {
    "root": Principal(kind="root", account_id=OWN, arn=ROOT, principal_arn=ROOT, user_id=OWN),
    "user": Principal(kind="user", account_id=OWN, arn=USER, principal_arn=USER, user_id="AIDACKCEVSQ6C2EXAMPLE"),
    "role": Principal(kind="role", account_id=OWN, arn=SESSION, principal_arn=ROLE, user_id="AROADBQP57FF2AEXAMPLE:s1"),
    "federated": Principal(
        kind="federated",
        account_id=OWN,
        arn=FEDERATED,
        principal_arn=FEDERATED,
        user_id=f"{OWN}:Fay",
        issuer_arn=USER,
        issuer_id="AIDACKCEVSQ6C2EXAMPLE",
    ),
    "service": Principal(kind="service", services=("logs.amazonaws.com",)),
    "provider": Principal(kind="provider", arn=PROVIDER),
    "anonymous": Principal(kind="anonymous"),
}
ACTION, RESOURCE = "sqs:SendMessage", f"arn:aws:sqs:us-east-1:{OWN}:queue"
OWN_TYPES = {
    "identity": PolicyType.IDENTITY,
    "boundary": PolicyType.PERMISSIONS_BOUNDARY,
    "session": PolicyType.SESSION,
}


def policy(says: Says, principal: object = None) -> Policy | None:
    """A policy that allows, denies or says nothing about the request."""
    if says == "absent":
        return None
    statement = {
        "Effect": "Deny" if says == "deny" else "Allow",
        "Action": "sns:Publish" if says == "silent" else ACTION,
        "Resource": "*",
    }
    if principal is not None:
        statement["Principal"] = principal
    return parse_policy(json.dumps({"Version": "2012-10-17", "Statement": statement}))


def group(says: Says, principal: object = None) -> tuple[Policy, ...] | None:
    found = policy(says, principal)
    return None if found is None else (found,)


def mixes() -> Iterator[tuple[Says, Says, Says, Says]]:
    """What identity, boundary, session and resource policy say."""
    every: tuple[Says, ...] = ("absent", "allow", "deny", "silent")
    return product(every[1:], every, every, every)


def element(named: str) -> object:
    return "*" if named == "*" else {"AWS": named}


@pytest.mark.parametrize("required", [False, True], ids=["", "resource-policy-required"])
@pytest.mark.parametrize(("kind", "named"), NEEDED)
def test_in_one_account(kind: str, named: str, required: bool) -> None:
    for identity, boundary, session, resource in mixes():
        says = {"identity": identity, "boundary": boundary, "session": session}
        decision = authorize(
            Request(principal=PRINCIPALS[kind], action=ACTION, resource=RESOURCE),
            Policies(
                identity=group(identity) or (),
                boundary=policy(boundary),
                session=group(session),
                resource=policy(resource, element(named)),
                resource_policy_required=required,
            ),
        )
        if "deny" in (identity, boundary, session, resource):
            assert decision.outcome == "explicitDeny", says
            continue
        if resource == "allow":
            needed = NEEDED[kind, named]
        elif required:
            assert (decision.outcome, decision.policy_type) == ("implicitDeny", PolicyType.RESOURCE), says
            continue
        else:
            needed = WITHOUT_RESOURCE_POLICY[kind]
        assert (decision.outcome, decision.policy_type) == expect(kind, needed, says), (says, resource)


@pytest.mark.parametrize(
    ("kind", "widest", "narrower"),
    [
        ("root", "*", ROOT),
        ("user", USER, OWN),
        ("user", "*", OWN),
        ("role", SESSION, OWN),
        ("role", SESSION, ROLE),
        ("role", ROLE, OWN),
        ("role", "*", ROLE),
        ("federated", FEDERATED, USER),
        ("federated", USER, ROOT),
    ],
)
def test_of_several_statements_the_one_that_reaches_furthest_counts(kind: str, widest: str, narrower: str) -> None:
    statements = [
        {"Effect": "Allow", "Principal": element(each), "Action": ACTION, "Resource": "*"}
        for each in (widest, narrower)
    ]
    for listed, (identity, boundary, session) in product(
        (statements, statements[::-1]),
        product(("allow", "silent"), ("absent", "allow", "silent"), ("absent", "silent")),
    ):
        says: dict[str, Says] = {"identity": identity, "boundary": boundary, "session": session}
        decision = authorize(
            Request(principal=PRINCIPALS[kind], action=ACTION, resource=RESOURCE),
            Policies(
                identity=group(identity) or (),
                boundary=policy(boundary),
                session=group(session),
                resource=parse_policy(json.dumps({"Statement": listed})),
            ),
        )
        assert (decision.outcome, decision.policy_type) == expect(kind, NEEDED[kind, widest], says), says


@pytest.mark.parametrize(("kind", "named"), NEEDED)
def test_across_accounts_both_sides_must_allow(kind: str, named: str) -> None:
    for identity, boundary, session, resource in mixes():
        says = {"identity": identity, "boundary": boundary, "session": session}
        decision = authorize(
            Request(principal=PRINCIPALS[kind], action=ACTION, resource=RESOURCE),
            Policies(
                identity=group(identity) or (),
                boundary=policy(boundary),
                session=group(session),
                resource=policy(resource, element(named)),
                resource_account_id=OTHER,
            ),
        )
        if "deny" in (identity, boundary, session, resource):
            assert decision.outcome == "explicitDeny", says
            continue
        expected = expect(kind, WITHOUT_RESOURCE_POLICY[kind], says)
        if expected == ("allowed", None) and resource != "allow":
            expected = ("implicitDeny", PolicyType.RESOURCE)
        assert (decision.outcome, decision.policy_type) == expected, (says, resource)


def expect(kind: str, needed: tuple[str, ...], says: dict[str, Says]) -> tuple[str, PolicyType | None]:
    """The first needed type that does not allow; an absent one does not limit, but for a federated user's session."""
    for name in needed:
        limits = says[name] != "absent" or (name == "session" and kind == "federated")
        if limits and says[name] != "allow":
            return "implicitDeny", OWN_TYPES[name]
    return "allowed", None


@pytest.mark.parametrize(
    ("kind", "principal", "reaches"),
    [
        ("service", {"Service": "logs.amazonaws.com"}, True),
        ("service", {"Service": "ec2.amazonaws.com"}, False),
        ("service", "*", True),
        ("service", {"AWS": OWN}, False),
        ("provider", {"Federated": PROVIDER}, True),
        ("provider", {"Federated": "accounts.google.com"}, False),
        ("provider", "*", False),
        ("anonymous", "*", True),
        ("anonymous", {"AWS": "*"}, True),
        ("anonymous", {"AWS": OWN}, False),
    ],
)
@pytest.mark.parametrize("resource", ["absent", "allow", "deny", "silent"])
def test_callers_without_an_account_have_the_resource_policy_alone(
    kind: str, principal: object, reaches: bool, resource: Says
) -> None:
    for identity, boundary, session, _ in mixes():
        decision = authorize(
            Request(principal=PRINCIPALS[kind], action=ACTION, resource=RESOURCE),
            Policies(
                identity=group(identity) or (),
                boundary=policy(boundary),
                session=group(session),
                resource=policy(resource, principal),
                resource_account_id=OWN,
            ),
        )
        if resource == "deny" and (reaches or principal == "*"):
            assert (decision.outcome, decision.policy_type) == ("explicitDeny", PolicyType.RESOURCE)
        elif resource == "allow" and reaches:
            assert (decision.outcome, decision.policy_type) == ("allowed", None)
        else:
            assert (decision.outcome, decision.policy_type) == ("implicitDeny", PolicyType.RESOURCE)


@pytest.mark.parametrize("granted", [True, False])
def test_gates_before_everything_else(granted: bool) -> None:
    """Resource control, service control and endpoint policies are asked in this order; all must allow, none grants."""
    every: tuple[Says, ...] = ("absent", "allow", "deny", "silent")
    gates = (PolicyType.RESOURCE_CONTROL, PolicyType.SERVICE_CONTROL, PolicyType.VPC_ENDPOINT)
    for says in product(every, every, every):
        rcp, scp, endpoint = group(says[0], "*"), group(says[1]), group(says[2], "*")
        decision = authorize(
            Request(principal=PRINCIPALS["user"], action=ACTION, resource=RESOURCE),
            Policies(
                identity=group("allow") or () if granted else (),
                resource_control=None if rcp is None else (rcp,),
                service_control=None if scp is None else (scp,),
                endpoint=endpoint,
            ),
        )
        if "deny" in says:
            assert (decision.outcome, decision.policy_type) == ("explicitDeny", gates[says.index("deny")])
        elif "silent" in says:
            assert (decision.outcome, decision.policy_type) == ("implicitDeny", gates[says.index("silent")])
        elif granted:
            assert (decision.outcome, decision.policy_type) == ("allowed", None)
        else:
            assert (decision.outcome, decision.policy_type) == ("implicitDeny", PolicyType.IDENTITY)


@pytest.mark.parametrize("kind", ["root", "user", "role"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_level_of_the_organization_must_allow(kind: str, count: int) -> None:
    for says in product(("allow", "deny", "silent"), repeat=count):
        decision = authorize(
            Request(principal=PRINCIPALS[kind], action=ACTION, resource=RESOURCE),
            Policies(identity=group("allow") or (), service_control=tuple(group(each) or () for each in says)),
        )
        if "deny" in says:
            assert (decision.outcome, decision.policy_type) == ("explicitDeny", PolicyType.SERVICE_CONTROL)
        elif "silent" in says:
            assert (decision.outcome, decision.policy_type) == ("implicitDeny", PolicyType.SERVICE_CONTROL)
        else:
            assert decision.outcome == "allowed"


def test_reasons_name_the_deciding_statements() -> None:
    allow, deny = policy("allow"), policy("deny")
    assert allow is not None
    assert deny is not None
    request = Request(principal=PRINCIPALS["user"], action=ACTION, resource=RESOURCE)
    decision = authorize(request, Policies(identity=(allow,), boundary=allow))
    assert [(match.policy_type, match.policy, match.statement.index) for match in decision.matched] == [
        (PolicyType.IDENTITY, allow, 0),
        (PolicyType.PERMISSIONS_BOUNDARY, allow, 0),
    ]
    decision = authorize(request, Policies(identity=(allow, deny), boundary=allow))
    assert [(match.policy_type, match.policy) for match in decision.matched] == [(PolicyType.IDENTITY, deny)]
    assert authorize(request, Policies(identity=(allow,), session=())).matched == ()


# One type by itself ---------------------------------------------------------------------------------------------------

SAID = {"allow": "allowed", "deny": "explicitDeny", "silent": "implicitDeny", "absent": None}


@pytest.mark.parametrize("says", SAID)
def test_what_one_type_says_whatever_the_others_say(says: Says) -> None:
    request = Request(principal=PRINCIPALS["user"], action=ACTION.upper(), resource=RESOURCE)
    own, naming = policy(says), policy(says, "*")
    levels, naming_levels = (None if each is None else ((each,),) for each in (own, naming))
    everywhere: dict[PolicyType, Policies] = {
        PolicyType.RESOURCE: Policies(resource=naming),
        PolicyType.TRUST: Policies(resource=naming, resource_policy_type=PolicyType.TRUST),
        PolicyType.PERMISSIONS_BOUNDARY: Policies(boundary=own),
        PolicyType.SESSION: Policies(session=group(says)),
        PolicyType.SERVICE_CONTROL: Policies(service_control=levels),
        PolicyType.RESOURCE_CONTROL: Policies(resource_control=naming_levels),
        PolicyType.VPC_ENDPOINT: Policies(endpoint=group(says, "*")),
    }
    for policy_type, policies in everywhere.items():
        assert find_outcome_of(policy_type, request, policies) == SAID[says], policy_type
        assert find_outcome_of(PolicyType.IDENTITY, request, policies) == "implicitDeny"
    identity = Policies(identity=group(says) or (), boundary=policy("deny"))
    assert find_outcome_of(PolicyType.IDENTITY, request, identity) == (SAID[says] or "implicitDeny")


def test_every_level_of_a_type_has_its_say() -> None:
    request = Request(principal=PRINCIPALS["user"], action=ACTION, resource=RESOURCE)
    for says in product(("allow", "deny", "silent"), repeat=2):
        policies = Policies(service_control=tuple(group(each) or () for each in says))
        expected = "explicitDeny" if "deny" in says else "implicitDeny" if "silent" in says else "allowed"
        assert find_outcome_of(PolicyType.SERVICE_CONTROL, request, policies) == expected
    assert find_outcome_of(PolicyType.SERVICE_CONTROL, request, Policies(service_control=((),))) == "implicitDeny"


def test_a_type_without_a_say_says_nothing() -> None:
    arn = f"arn:aws:iam::{OWN}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    linked = Principal(kind="role", account_id=OWN, arn=SESSION, principal_arn=arn)
    policies = Policies(service_control=((),), resource_control=((),))
    for policy_type in (PolicyType.SERVICE_CONTROL, PolicyType.RESOURCE_CONTROL):
        assert find_outcome_of(policy_type, Request(principal=linked, action=ACTION), policies) is None
    request = Request(principal=PRINCIPALS["anonymous"], action=ACTION, resource=RESOURCE)
    assert find_outcome_of(PolicyType.IDENTITY, request, Policies(identity=group("allow") or ())) is None


def test_by_itself_too_a_deny_spares_nobody_who_has_a_boundary() -> None:
    request = Request(principal=PRINCIPALS["user"], action=ACTION, resource=RESOURCE)
    sparing = parse_policy(
        json.dumps({"Statement": {"Effect": "Deny", "NotPrincipal": {"AWS": [OWN, USER]}, "Action": "*"}})
    )
    assert find_outcome_of(PolicyType.RESOURCE, request, Policies(resource=sparing)) == "implicitDeny"
    limited = Policies(resource=sparing, boundary=policy("allow"))
    assert find_outcome_of(PolicyType.RESOURCE, request, limited) == "explicitDeny"

"""Whatever a policy says, simulating and summarizing it ends in an answer or in AWS's refusal of the policy."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from iamd.account.state import Account
from iamd.call import Call, NotComputed
from iamd.errors import InvalidInput, MalformedPolicyDocument
from iamd.iam.context_keys import get_context_keys_for_custom_policy
from iamd.iam.granted_services import granted_actions
from iamd.iam.policy_summary import MAX_LENGTH, summarize
from iamd.iam.simulation import simulate_custom_policy
from iamd.policy import check_identity_policy
from tests.iam.world import ACCOUNT_ID, World
from tests.policy.fuzz_documents import mutate
from tests.policy.generators import make_policy

GIVEN = {"ActionNames": ["s3:GetObject", "iam:PassRole"], "ResourceArns": ["arn:aws:s3:::bucket/key"]}


def is_answered(run: Callable[..., Any], operation: Any, **given: Any) -> bool:
    """Whether the operation answers; it refuses with InvalidInput only."""
    try:
        run(operation, **given)
    except InvalidInput:
        return False
    return True


@pytest.mark.parametrize("seed", range(4))
def test_no_policy_breaks_what_reads_it(world: World, seed: int) -> None:
    random = Random(seed)
    accepted = 0
    for _ in range(300):
        names_principals = random.random() < 0.3
        text = make_policy(random, names_principals=names_principals)
        text = text if random.random() < 0.5 else mutate(text, random)
        caller = f"arn:aws:iam::{ACCOUNT_ID}:user/Bob"
        is_answered(
            world.run, simulate_custom_policy, PolicyInputList=[], ResourcePolicy=text, CallerArn=caller, **GIVEN
        )
        levels = [{"ServiceControlPolicyInputList": [text]}]
        is_answered(
            world.run, simulate_custom_policy, PolicyInputList=[], OrderedOrganizationPolicyInputList=levels, **GIVEN
        )
        answered = is_answered(world.run, simulate_custom_policy, PolicyInputList=[text], **GIVEN)
        assert answered is is_answered(world.run, get_context_keys_for_custom_policy, PolicyInputList=[text])
        assert answered is is_answered(
            world.run, simulate_custom_policy, PolicyInputList=[], PermissionsBoundaryPolicyInputList=[text], **GIVEN
        )
        try:
            check_identity_policy(text, managed=False)
        except MalformedPolicyDocument:
            assert not answered
            continue
        assert answered
        accepted += 1
        assert len(summarize([text], "en")) <= MAX_LENGTH
        granted_actions((text,), "s3", ["GetObject"])
    assert accepted > 30


@pytest.mark.parametrize("operation", [simulate_custom_policy, get_context_keys_for_custom_policy])
def test_many_policies_are_read_beside_other_requests(
    world: World, operation: Callable[[Account, dict[str, Any], Call], Any]
) -> None:
    policy = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}'
    call = world.call("SimulateCustomPolicy")
    with pytest.raises(NotComputed) as slow:
        operation(world.account, {"PolicyInputList": [policy] * 500, **GIVEN}, call)
    assert slow.value.alone
    broken = [policy] * 500 + ["{"]
    assert world.refusal(
        operation, PolicyInputList=broken, **(GIVEN if operation is simulate_custom_policy else {})
    ) == ("InvalidInput: Syntax errors in policy.")

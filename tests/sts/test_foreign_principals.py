"""Users and roles of other accounts in trust policies: kept by unique id, as those of the role's own account are."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from iamd.account.changes import Delete, Put
from iamd.iam.roles import create_role, get_role, list_roles, update_assume_role_policy
from tests.sts.cloud import ACCOUNT, OTHER, Cloud, allow, document, not_authorized, trust

ROLE = f"arn:aws:iam::{ACCOUNT}:role/R"
EVE = f"arn:aws:iam::{OTHER}:user/eve"
MAY = allow("sts:AssumeRole")


@pytest.fixture
def cloud() -> Cloud:
    """Each account may be asked for by operations on the other, as the server gives them."""
    cloud = Cloud()
    for world in cloud.worlds.values():
        world.others = {account_id: each.account for account_id, each in cloud.worlds.items()}
    return cloud


def make_role(cloud: Cloud, *principals: str) -> None:
    cloud.worlds[ACCOUNT].run(create_role, RoleName="R", AssumeRolePolicyDocument=document(trust(*principals)))


def shown(cloud: Cloud, operation: Any = get_role) -> Any:
    answer = cloud.worlds[ACCOUNT].run(operation, **({"RoleName": "R"} if operation is get_role else {}))
    role = answer["Role"] if operation is get_role else answer["Roles"][0]
    return json.loads(role["AssumeRolePolicyDocument"])["Statement"][0]["Principal"]["AWS"]


def rename(cloud: Cloud, old: str, new: str) -> None:
    account = cloud.worlds[OTHER].account
    user = account.get_user(old)
    account.apply(Delete(user))
    account.apply(Put(replace(user, name=new)))


def test_a_foreign_user_is_kept_by_its_unique_id(cloud: Cloud) -> None:
    eve = cloud.user("eve", MAY, account_id=OTHER)
    make_role(cloud, EVE)
    role = cloud.worlds[ACCOUNT].account.get_role("R")
    assert role.trust_principals == {EVE: eve.user_id}
    assert cloud.assume(eve, ROLE).name == "R"


def test_a_rename_is_followed(cloud: Cloud) -> None:
    cloud.user("eve", MAY, account_id=OTHER)
    make_role(cloud, EVE)
    rename(cloud, "eve", "eva")
    assert shown(cloud) == [f"arn:aws:iam::{OTHER}:user/eva"]
    assert shown(cloud, list_roles) == [EVE]
    assert cloud.assume(cloud.worlds[OTHER].user("eva"), ROLE).name == "R"


def test_who_takes_the_name_afterwards_gets_nothing(cloud: Cloud) -> None:
    old = cloud.user("eve", MAY, account_id=OTHER)
    make_role(cloud, EVE)
    account = cloud.worlds[OTHER].account
    account.apply(Delete(account.get_user("eve")))
    assert shown(cloud) == [old.user_id]
    new = cloud.user("eve", MAY, account_id=OTHER)
    assert cloud.refused(new, ROLE) == not_authorized(new, ROLE)
    cloud.worlds[ACCOUNT].run(
        update_assume_role_policy, RoleName="R", PolicyDocument=document(trust(EVE))
    )  # saved again, it is the new one
    assert cloud.assume(new, ROLE).name == "R"


def test_roles_are_kept_so_too(cloud: Cloud) -> None:
    alice = cloud.user("alice", MAY, account_id=OTHER)
    foreign = cloud.role("Deployer", trust(alice.arn), MAY, account_id=OTHER, path="/team/")
    make_role(cloud, foreign)
    assert cloud.assume(cloud.assume(alice, foreign), ROLE).name == "R"
    again = cloud.role("Deployer", trust(alice.arn), MAY, account_id=OTHER, path="/team/")
    session = cloud.assume(alice, again)
    assert cloud.refused(session, ROLE) == not_authorized(session, ROLE)


@pytest.mark.parametrize(
    "principal",
    [EVE, f"arn:aws:iam::{OTHER}:role/Missing", f"arn:aws:iam::{OTHER}:user/team/alice", EVE.replace("eve", "Alice")],
)
def test_a_foreign_principal_that_does_not_exist_is_refused(cloud: Cloud, principal: str) -> None:
    cloud.user("alice", account_id=OTHER)
    refused = cloud.worlds[ACCOUNT].refusal(
        create_role, RoleName="R", AssumeRolePolicyDocument=document(trust(principal))
    )
    assert refused == f'MalformedPolicyDocument: Invalid principal in policy: "AWS":"{principal}"'


@pytest.mark.parametrize(
    "principal", [OTHER, f"arn:aws:iam::{OTHER}:root", "arn:aws:iam::999999999999:user/anybody", "*"]
)
def test_accounts_and_those_that_are_not_hosted_stand_as_they_are_written(cloud: Cloud, principal: str) -> None:
    make_role(cloud, principal)
    assert cloud.worlds[ACCOUNT].account.get_role("R").trust_principals == {}
    assert shown(cloud) == [principal]


def test_one_accounts_ids_say_nothing_of_anothers(cloud: Cloud) -> None:
    """Alice of one account is deleted; Alice of the other, whom the policy names too, is not touched."""
    alice, eve = cloud.user("alice"), cloud.user("eve", MAY, account_id=OTHER)
    make_role(cloud, alice.arn, EVE)
    cloud.worlds[ACCOUNT].account.apply(Delete(cloud.worlds[ACCOUNT].account.get_user("alice")))
    assert cloud.assume(eve, ROLE).name == "R"
    assert shown(cloud) == [alice.user_id, EVE]

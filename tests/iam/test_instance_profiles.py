"""Instance profiles and the one role inside."""

import pytest

from iamd.account.records import InstanceProfile, Role
from iamd.iam.instance_profiles import (
    add_role_to_instance_profile,
    create_instance_profile,
    delete_instance_profile,
    get_instance_profile,
    list_instance_profile_tags,
    list_instance_profiles,
    list_instance_profiles_for_role,
    remove_role_from_instance_profile,
    tag_instance_profile,
    untag_instance_profile,
)
from tests.iam.world import ACCOUNT_ID, CREATED, NOW, World

TRUST = (
    '{"Version":"2012-10-17","Statement":'
    '[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
)
ROLE = {
    "Path": "/",
    "RoleName": "Web",
    "RoleId": "AROAWEB",
    "Arn": f"arn:aws:iam::{ACCOUNT_ID}:role/Web",
    "CreateDate": CREATED,
    "AssumeRolePolicyDocument": TRUST,
}
NOT_FOUND = "NoSuchEntity: Instance Profile Web cannot be found."


def put_role(world: World, name: str = "Web", **details: object) -> None:
    world.put(
        Role(
            **{
                "account_id": ACCOUNT_ID,
                "name": name,
                "id": f"AROA{name.upper()}",
                "created": CREATED,
                "trust_policy": TRUST,
                "description": "not shown inside a profile",
                "max_session_duration": 7200,
            }
            | details
        )
    )


def put_profile(world: World, name: str = "Web", **details: object) -> None:
    world.put(
        InstanceProfile(
            **{"account_id": ACCOUNT_ID, "name": name, "id": f"AIPA{name.upper()}", "created": CREATED} | details
        )
    )


def test_a_new_profile_has_no_role(world: World) -> None:
    profile = world.run(create_instance_profile, InstanceProfileName="Web", Path="/servers/")["InstanceProfile"]
    assert profile == {
        "Path": "/servers/",
        "InstanceProfileName": "Web",
        "InstanceProfileId": profile["InstanceProfileId"],
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:instance-profile/servers/Web",
        "CreateDate": NOW,
        "Roles": [],
    }
    assert profile["InstanceProfileId"].startswith("AIPA")
    answer = world.run(get_instance_profile, InstanceProfileName="Web")
    assert answer == {"InstanceProfile": profile | {"Tags": []}}


def test_tags_are_shown_by_create_and_get_but_not_in_lists(world: World) -> None:
    tags = [{"Key": "team", "Value": "blue"}]
    created = world.run(create_instance_profile, InstanceProfileName="Web", Tags=tags)["InstanceProfile"]
    assert created["Tags"] == tags
    assert world.run(get_instance_profile, InstanceProfileName="Web")["InstanceProfile"] == created
    del created["Tags"]
    assert world.run(list_instance_profiles) == {"InstanceProfiles": [created], "IsTruncated": False}


def test_profile_names_that_differ_only_in_case_are_one_name(world: World) -> None:
    put_profile(world)
    assert world.refusal(create_instance_profile, InstanceProfileName="web") == (
        "EntityAlreadyExists: Instance Profile web already exists."
    )


def test_an_account_holds_1000_profiles(world: World) -> None:
    for number in range(999):
        put_profile(world, f"profile{number}")
    world.run(create_instance_profile, InstanceProfileName="the1000th")
    assert world.refusal(create_instance_profile, InstanceProfileName="Web") == (
        "LimitExceeded: Cannot exceed quota for InstanceProfilesPerAccount: 1000"
    )


def test_a_profile_shows_its_role(world: World) -> None:
    put_role(world)
    put_profile(world)
    assert world.run(add_role_to_instance_profile, InstanceProfileName="Web", RoleName="Web") == {}
    assert world.run(get_instance_profile, InstanceProfileName="Web")["InstanceProfile"]["Roles"] == [ROLE]
    assert world.run(list_instance_profiles)["InstanceProfiles"][0]["Roles"] == [ROLE]
    assert world.run(remove_role_from_instance_profile, InstanceProfileName="Web", RoleName="Web") == {}
    assert world.run(get_instance_profile, InstanceProfileName="Web")["InstanceProfile"]["Roles"] == []
    world.verify_indexes()


@pytest.mark.parametrize("name", ["Web", "Other"])
def test_a_profile_takes_one_role(world: World, name: str) -> None:
    put_role(world)
    put_role(world, "Other")
    put_profile(world, role_id="AROAWEB")
    assert world.refusal(add_role_to_instance_profile, InstanceProfileName="Web", RoleName=name) == (
        "LimitExceeded: Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"
    )


def test_only_the_role_inside_can_be_removed(world: World) -> None:
    put_role(world)
    put_role(world, "Other")
    put_profile(world, role_id="AROAOTHER")
    assert world.refusal(remove_role_from_instance_profile, InstanceProfileName="Web", RoleName="Web") == (
        "NoSuchEntity: Role Web in Instance Profile Web cannot be found."
    )


@pytest.mark.parametrize("operation", [add_role_to_instance_profile, remove_role_from_instance_profile])
def test_profile_and_role_must_be_there_and_changeable(world: World, operation) -> None:
    input = {"InstanceProfileName": "Web", "RoleName": "Web"}
    assert world.refusal(operation, **input) == NOT_FOUND
    put_profile(world)
    assert world.refusal(operation, **input) == "NoSuchEntity: The role with name Web cannot be found."
    put_role(world, path="/aws-service-role/ec2.amazonaws.com/")
    assert world.refusal(operation, **input) == (
        "UnmodifiableEntity: Cannot perform the operation on the protected role 'Web' "
        "- this role is only modifiable by AWS"
    )


def test_a_profile_with_a_role_cannot_be_deleted(world: World) -> None:
    put_role(world)
    put_profile(world, role_id="AROAWEB")
    assert world.refusal(delete_instance_profile, InstanceProfileName="Web") == (
        "DeleteConflict: Cannot delete entity, must remove roles from instance profile first."
    )
    world.run(remove_role_from_instance_profile, InstanceProfileName="Web", RoleName="Web")
    assert world.run(delete_instance_profile, InstanceProfileName="Web") == {}
    assert world.refusal(get_instance_profile, InstanceProfileName="Web") == NOT_FOUND


def test_only_a_profile_that_is_there_can_be_changed(world: World) -> None:
    assert world.refusal(delete_instance_profile, InstanceProfileName="Web") == NOT_FOUND
    assert world.refusal(tag_instance_profile, InstanceProfileName="Web", Tags=[]) == NOT_FOUND
    assert world.refusal(untag_instance_profile, InstanceProfileName="Web", TagKeys=[]) == NOT_FOUND
    assert world.refusal(list_instance_profile_tags, InstanceProfileName="Web") == NOT_FOUND


def test_profiles_are_listed_by_name_path_and_role(world: World) -> None:
    put_role(world)
    put_role(world, "Idle")
    put_profile(world, "web-b", path="/servers/", role_id="AROAWEB")
    put_profile(world, "Web-a", role_id="AROAWEB")
    put_profile(world, "other", path="/servers/x/")

    def names(answer: dict) -> list[str]:
        assert answer["IsTruncated"] is False
        return [profile["InstanceProfileName"] for profile in answer["InstanceProfiles"]]

    assert names(world.run(list_instance_profiles)) == ["other", "Web-a", "web-b"]
    assert names(world.run(list_instance_profiles, PathPrefix="/serv")) == ["other", "web-b"]
    assert names(world.run(list_instance_profiles_for_role, RoleName="Web")) == ["Web-a", "web-b"]
    assert names(world.run(list_instance_profiles_for_role, RoleName="Idle")) == []
    first = world.run(list_instance_profiles_for_role, RoleName="Web", MaxItems=1)
    assert names(world.run(list_instance_profiles_for_role, RoleName="Web", Marker=first["Marker"])) == ["web-b"]
    assert world.refusal(list_instance_profiles_for_role, RoleName="None") == (
        "NoSuchEntity: The role with name None cannot be found."
    )

"""Tags: how keys are compared, what is refused, in which order they are shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamd.account.records import InstanceProfile, Tags, User
from iamd.errors import InvalidInput, LimitExceeded
from iamd.iam.instance_profiles import list_instance_profile_tags, tag_instance_profile, untag_instance_profile
from iamd.iam.tags import tags_answer, with_tags, without_tags
from iamd.iam.users import create_user, list_user_tags, tag_user, untag_user
from tests.iam.world import ACCOUNT_ID, CREATED, World

FOLDED_OR_NOT = pytest.mark.parametrize("fold_case", [True, False])


def tags(*keys: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": f"{key}'s"} for key in keys]


def put_bob(world: World, tags: Tags = ()) -> None:
    world.put(User(account_id=ACCOUNT_ID, name="Bob", id="AIDABOB", created=CREATED, tags=tags))


def test_user_tags_are_replaced_whatever_the_case_of_the_key(world: World) -> None:
    put_bob(world, (("department", "sales"), ("team", "blue")))
    world.run(tag_user, UserName="Bob", Tags=[{"Key": "Department", "Value": "research"}])
    assert world.account.get_user("Bob").tags == (("Department", "research"), ("team", "blue"))
    world.run(untag_user, UserName="Bob", TagKeys=["DEPARTMENT", "absent"])
    assert world.account.get_user("Bob").tags == (("team", "blue"),)


def test_instance_profile_tags_differ_by_case(world: World) -> None:
    world.put(InstanceProfile(account_id=ACCOUNT_ID, name="Web", id="AIPAWEB", created=CREATED))
    world.run(tag_instance_profile, InstanceProfileName="Web", Tags=tags("a", "A"))
    world.run(untag_instance_profile, InstanceProfileName="Web", TagKeys=["a"])
    listed = world.run(list_instance_profile_tags, InstanceProfileName="Web")
    assert listed == {"Tags": tags("A"), "IsTruncated": False}


def test_a_key_twice_in_one_request_is_refused(world: World) -> None:
    put_bob(world)
    assert world.refusal(tag_user, UserName="Bob", Tags=tags("a", "A")) == (
        "InvalidInput: Duplicate tag keys found. Please note that Tag keys are case insensitive."
    )
    with pytest.raises(InvalidInput) as refused:
        with_tags((), tags("a", "b", "a"), fold_case=False)
    assert refused.value.message == "Duplicate tag keys found."


@FOLDED_OR_NOT
@pytest.mark.parametrize("key", ["aws:team", "AWS:team", "aWs:"])
def test_keys_that_begin_with_aws_are_reserved(fold_case: bool, key: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        with_tags((), tags("team", key), fold_case=fold_case)
    assert refused.value.message == "aws: prefixed tag key names are not allowed for external use."


@FOLDED_OR_NOT
def test_an_entity_has_at_most_50_tags(fold_case: bool) -> None:
    full = with_tags((), tags(*map(str, range(50))), fold_case=fold_case)
    assert len(full) == 50
    replaced = with_tags(full, [{"Key": "7", "Value": "new"}], fold_case=fold_case)
    assert replaced[7] == ("7", "new")
    with pytest.raises(LimitExceeded) as refused:
        with_tags(full, tags("50"), fold_case=fold_case)
    assert refused.value.message == "The number of tags has reached the maximum limit."


def test_a_refused_request_tags_nothing(world: World) -> None:
    put_bob(world, (("team", "blue"),))
    world.refusal(tag_user, UserName="Bob", Tags=tags("color", "aws:x"))
    assert world.account.get_user("Bob").tags == (("team", "blue"),)
    assert world.refusal(create_user, UserName="Alice", Tags=tags("aws:x")) == (
        "InvalidInput: aws: prefixed tag key names are not allowed for external use."
    )


def test_user_tags_are_listed_by_key_page_by_page(world: World) -> None:
    put_bob(world)
    world.run(tag_user, UserName="Bob", Tags=tags("c", "a", "b"))
    first = world.run(list_user_tags, UserName="Bob", MaxItems=2)
    assert first == {"Tags": tags("a", "b"), "IsTruncated": True, "Marker": first["Marker"]}
    assert world.run(list_user_tags, UserName="Bob", Marker=first["Marker"]) == {
        "Tags": tags("c"),
        "IsTruncated": False,
    }


def test_keys_of_128_letters_of_any_script_are_listed_page_by_page(world: World) -> None:
    letters = "x\u6f22\U00020bb7"
    keys = {letter * 127 + last for letter in letters for last in letters}
    put_bob(world, tuple((key, "") for key in keys))
    page = world.run(list_user_tags, UserName="Bob", MaxItems=1)
    listed = page["Tags"]
    while page["IsTruncated"]:
        assert len(page["Marker"]) <= 320
        page = world.run(list_user_tags, UserName="Bob", MaxItems=1, Marker=page["Marker"])
        listed += page["Tags"]
    assert sorted(tag["Key"] for tag in listed) == sorted(keys)


KEYS = st.text("aAbBß1é ", min_size=1, max_size=3)


@given(st.lists(st.tuples(KEYS, st.text(max_size=2)), max_size=12), st.lists(KEYS, max_size=4), st.booleans())
def test_tagging_then_untagging_leaves_the_last_value_of_each_other_key(
    added: list[tuple[str, str]], removed: list[str], fold_case: bool
) -> None:
    def same(key: str) -> str:
        return key.lower() if fold_case else key

    found: Tags = ()
    for key, value in added:
        found = with_tags(found, [{"Key": key, "Value": value}], fold_case=fold_case)
    found = without_tags(found, removed, fold_case=fold_case)
    expected = {same(key): {"Key": key, "Value": value} for key, value in added}
    for key in removed:
        expected.pop(same(key), None)
    assert tags_answer(found) == list(expected.values())

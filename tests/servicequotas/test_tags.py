"""Tags of applied quotas."""

from iamd.servicequotas.tags import list_tags_for_resource, tag_resource, untag_resource
from tests.iam.world import ACCOUNT_ID, World

ROLES = f"arn:aws:servicequotas::{ACCOUNT_ID}:iam/L-FE177D64"


def tags(*keys: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": "1"} for key in keys]


def test_tags_are_added_replaced_and_removed(world: World) -> None:
    assert world.run(list_tags_for_resource, ResourceARN=ROLES) == {"Tags": []}
    assert world.run(tag_resource, ResourceARN=ROLES, Tags=tags("a", "A")) == {}
    world.run(tag_resource, ResourceARN=ROLES, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": ""}])
    assert world.run(list_tags_for_resource, ResourceARN=ROLES)["Tags"] == [
        {"Key": "a", "Value": "2"},
        {"Key": "A", "Value": "1"},
        {"Key": "b", "Value": ""},
    ]
    assert world.run(untag_resource, ResourceARN=ROLES, TagKeys=["a", "A", "none"]) == {}
    assert world.run(list_tags_for_resource, ResourceARN=ROLES)["Tags"] == [{"Key": "b", "Value": ""}]
    world.run(untag_resource, ResourceARN=ROLES, TagKeys=["b"])
    assert world.account.settings.quota_tags == {}


def test_tags_that_cannot_be(world: World) -> None:
    assert world.refusal(tag_resource, ResourceARN=ROLES, Tags=tags("aws:a")) == (
        "TagPolicyViolationException: The specified tag is a reserved word and cannot be used."
    )
    assert world.refusal(tag_resource, ResourceARN=ROLES, Tags=tags("a", "a")) == (
        "IllegalArgumentException: A tag key must not be given twice."
    )
    world.run(tag_resource, ResourceARN=ROLES, Tags=tags(*(f"key{number}" for number in range(50))))
    assert world.refusal(tag_resource, ResourceARN=ROLES, Tags=tags("one-more")) == (
        "TooManyTagsException: You've exceeded the number of tags allowed for a resource."
    )


def test_only_the_accounts_own_quotas_have_tags(world: World) -> None:
    missing = "NoSuchResourceException: The specified resource does not exist."
    for arn in (ROLES.replace(ACCOUNT_ID, "111122223333"), ROLES.replace("L-", "M-"), "arn:aws:iam::1:user/alice"):
        assert world.refusal(list_tags_for_resource, ResourceARN=arn) == missing
        assert world.refusal(tag_resource, ResourceARN=arn, Tags=tags("a")) == missing
        assert world.refusal(untag_resource, ResourceARN=arn, TagKeys=["a"]) == missing

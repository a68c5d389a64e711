"""The account's alias and its summary."""

import pytest

from iamd.account.changes import ClaimAlias, Put, ReleaseAlias
from iamd.account.directory import Directory
from iamd.account.records import (
    AccessKey,
    Group,
    InstanceProfile,
    ManagedPolicy,
    PolicyVersion,
    Role,
    Settings,
    User,
)
from iamd.iam.account_settings import (
    create_account_alias,
    delete_account_alias,
    get_account_properties,
    get_account_summary,
    list_account_aliases,
    put_account_properties,
    set_security_token_service_preferences,
)
from tests.iam.world import ACCOUNT_ID, CREATED, OTHER_ACCOUNT_ID, World


def policy(account_id: str, name: str, versions: int) -> ManagedPolicy:
    return ManagedPolicy(
        account_id=account_id,
        name=name,
        id=f"ANPA{name.upper()}",
        created=CREATED,
        updated=CREATED,
        versions=tuple(
            PolicyVersion(id=f"v{number}", document="{}", created=CREATED) for number in range(1, versions + 1)
        ),
        last_version=versions,
    )


# Alias ----------------------------------------------------------------------------------------------------------------


def test_an_account_has_one_alias_and_a_new_one_replaces_it(world: World) -> None:
    assert world.run(list_account_aliases) == {"AccountAliases": [], "IsTruncated": False}
    assert world.run(create_account_alias, AccountAlias="example") == {}
    assert world.run(create_account_alias, AccountAlias="example-corp") == {}
    assert world.changes == [
        ReleaseAlias("example"),
        ClaimAlias("example-corp"),
        Put(Settings(account_id=ACCOUNT_ID, created=CREATED, alias="example-corp")),
    ]
    assert world.run(list_account_aliases) == {"AccountAliases": ["example-corp"], "IsTruncated": False}
    assert world.directory.aliases == {"example-corp": ACCOUNT_ID}


def test_an_alias_is_unique_among_all_accounts(world: World) -> None:
    other = World(OTHER_ACCOUNT_ID, world.directory)
    other.run(create_account_alias, AccountAlias="example")
    taken = "EntityAlreadyExists: The account alias example already exists."
    assert world.refusal(create_account_alias, AccountAlias="example") == taken
    assert other.refusal(create_account_alias, AccountAlias="example") == taken
    other.run(delete_account_alias, AccountAlias="example")
    world.run(create_account_alias, AccountAlias="example")
    assert world.directory.aliases == {"example": ACCOUNT_ID}


def test_an_account_can_delete_only_its_own_alias(world: World) -> None:
    not_found = "NoSuchEntity: The account alias with name example cannot be found."
    assert world.refusal(delete_account_alias, AccountAlias="example") == not_found
    other = World(OTHER_ACCOUNT_ID, world.directory)
    other.run(create_account_alias, AccountAlias="example")
    assert world.refusal(delete_account_alias, AccountAlias="example") == not_found
    assert other.run(delete_account_alias, AccountAlias="example") == {}
    assert world.directory.aliases == {}
    assert other.account.settings == Settings(account_id=OTHER_ACCOUNT_ID, created=CREATED)


def test_an_alias_does_not_look_like_an_account_id(world: World) -> None:
    assert world.refusal(create_account_alias, AccountAlias=OTHER_ACCOUNT_ID) == (
        "ValidationError: The specified value for accountAlias is invalid. It must not be a 12-digit number."
    )
    world.run(create_account_alias, AccountAlias="1234567890123")


# Summary --------------------------------------------------------------------------------------------------------------


def test_the_summary_of_an_empty_account(world: World) -> None:
    assert world.run(get_account_summary)["SummaryMap"] == {
        "AccessKeysPerUserQuota": 2,
        "AccountAccessKeysPresent": 0,
        "AccountMFAEnabled": 0,
        "AccountPasswordPresent": 0,
        "AccountSigningCertificatesPresent": 0,
        "AssumeRolePolicySizeQuota": 2048,
        "AttachedPoliciesPerGroupQuota": 10,
        "AttachedPoliciesPerRoleQuota": 10,
        "AttachedPoliciesPerUserQuota": 10,
        "GlobalEndpointTokenVersion": 1,
        "GroupPolicySizeQuota": 5120,
        "Groups": 0,
        "GroupsPerUserQuota": 10,
        "GroupsQuota": 300,
        "InstanceProfiles": 0,
        "InstanceProfilesQuota": 1000,
        "MFADevices": 0,
        "MFADevicesInUse": 0,
        "Policies": 0,
        "PoliciesQuota": 1500,
        "PolicySizeQuota": 6144,
        "PolicyVersionsInUse": 0,
        "PolicyVersionsInUseQuota": 10000,
        "Providers": 0,
        "RolePolicySizeQuota": 10240,
        "Roles": 0,
        "RolesQuota": 1000,
        "ServerCertificates": 0,
        "ServerCertificatesQuota": 20,
        "SigningCertificatesPerUserQuota": 2,
        "UserPolicySizeQuota": 2048,
        "Users": 0,
        "UsersQuota": 5000,
        "VersionsPerPolicyQuota": 5,
    }


def test_the_summary_counts_what_there_is() -> None:
    read_only = policy("aws", "ReadOnlyAccess", 3)
    unused = policy("aws", "PowerUserAccess", 3)
    world = World(directory=Directory({read_only.arn: read_only, unused.arn: unused}))
    own = {"account_id": ACCOUNT_ID, "created": CREATED}
    world.put(
        User(name="Bob", id="AIDABOB", attached_policies=(read_only.arn,), **own),
        User(name="Alice", id="AIDAALICE", attached_policies=(read_only.arn,), **own),
        Group(name="Readers", id="AGPAREADERS", **own),
        Role(name="Web", id="AROAWEB", trust_policy="{}", **own),
        InstanceProfile(name="Web", id="AIPAWEB", **own),
        policy(ACCOUNT_ID, "Own", 2),
        AccessKey(id="AKIAIOSFODNN7EXAMPLE", owner_id=ACCOUNT_ID, sealed_secret="sealed", created=CREATED),
        AccessKey(id="AKIAIEXAMPLESECONDKY", owner_id=ACCOUNT_ID, sealed_secret="sealed", created=CREATED),
        AccessKey(id="AKIAI44QH8DHBEXAMPLE", owner_id="AIDABOB", sealed_secret="sealed", created=CREATED),
    )
    empty = World().run(get_account_summary)["SummaryMap"]
    summary = world.run(get_account_summary)["SummaryMap"]
    assert {name: count for name, count in summary.items() if count != empty[name]} == {
        "Users": 2,
        "Groups": 1,
        "Roles": 1,
        "InstanceProfiles": 1,
        "Policies": 1,
        "PolicyVersionsInUse": 3,  # two of the own policy and one of the AWS-managed policy in use
        "AccountAccessKeysPresent": 2,  # how many the root user has
    }


def test_the_summary_tells_raised_quotas(world: World) -> None:
    world.put(Settings(account_id=ACCOUNT_ID, created=CREATED, quotas={"Roles": 5000}))
    assert world.run(get_account_summary)["SummaryMap"]["RolesQuota"] == 5000


# Preferences and properties -------------------------------------------------------------------------------------------


def test_the_version_of_global_endpoint_tokens_is_told_by_the_summary(world: World) -> None:
    def version() -> int:
        return int(world.run(get_account_summary)["SummaryMap"]["GlobalEndpointTokenVersion"])

    assert world.run(set_security_token_service_preferences, GlobalEndpointTokenVersion="v2Token") == {}
    assert version() == 2
    world.run(set_security_token_service_preferences, GlobalEndpointTokenVersion="v1Token")
    assert version() == 1


def test_account_properties_are_kept(world: World) -> None:
    assert world.run(get_account_properties) == {"Properties": {"RoleManager/Enabled": "false"}}
    assert world.run(put_account_properties, Properties={"RoleManager/Enabled": "true"}) == {}
    assert world.run(get_account_properties) == {"Properties": {"RoleManager/Enabled": "true"}}


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({}, "At least one property must be given."),
        (
            {"RoleManager": "true"},
            "The property key RoleManager is not valid. It must have the form Namespace/PropertyName.",
        ),
        (
            {"RoleManager/": "true"},
            "The property key RoleManager/ is not valid. It must have the form Namespace/PropertyName.",
        ),
        ({"a/b/c": "true"}, "The property key a/b/c is not valid. It must have the form Namespace/PropertyName."),
        ({"RoleManager/Speed": "true"}, "The property RoleManager/Speed is not supported."),
        ({"RoleManager/Enabled": "yes"}, "The value of the property RoleManager/Enabled must be true or false."),
        (
            {"RoleManager/Enabled": "true", "Other/Enabled": "true"},
            "All properties of a request must belong to the same namespace.",
        ),
    ],
)
def test_properties_that_cannot_be(world: World, properties: dict[str, str], message: str) -> None:
    assert world.refusal(put_account_properties, Properties=properties) == f"InvalidInput: {message}"

"""GetAccountAuthorizationDetails: one stream of users, groups, roles and policies."""

import pytest

from iamd.account.directory import Directory
from iamd.account.records import Group, InstanceProfile, LastUsed, ManagedPolicy, PolicyVersion, Role, User
from iamd.iam.authorization_details import LISTS, get_account_authorization_details
from tests.iam.world import ACCOUNT_ID, CREATED, NOW, World

OWN = {"account_id": ACCOUNT_ID, "created": CREATED}
V1, V2 = '{"Version":"2012-10-17","Statement":[]}', '{"Version":"2012-10-17","Statement":{}}'


def policy(account_id: str, name: str) -> ManagedPolicy:
    return ManagedPolicy(
        account_id=account_id,
        name=name,
        path="/p/",
        id=f"ANPA{name.upper()}",
        created=CREATED,
        updated=NOW,
        description="not told here",
        tags=(("not", "told here"),),
        versions=(
            PolicyVersion(id="v1", document=V1, created=CREATED),
            PolicyVersion(id="v2", document=V2, created=NOW),
        ),
        default_version_id="v1",
        last_version=2,
    )


ATTACHED, BOUNDARY, UNUSED = policy("aws", "ReadOnlyAccess"), policy("aws", "Boundary"), policy("aws", "Unused")
LIMITED = policy(ACCOUNT_ID, "Limited")
BOUNDED = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": BOUNDARY.arn}


@pytest.fixture
def world() -> World:
    """An account with something of everything."""
    world = World(directory=Directory({policy.arn: policy for policy in (ATTACHED, BOUNDARY, UNUSED)}))
    world.put(
        LIMITED,
        Group(name="Readers", id="AGPAREADERS", attached_policies=(ATTACHED.arn,), **OWN),
        Group(name="Empty", id="AGPAEMPTY", inline_policies={"Inline": V1}, **OWN),
        User(
            name="Bob",
            id="AIDABOB",
            path="/people/",
            group_ids=("AGPAREADERS", "AGPAEMPTY"),
            attached_policies=(LIMITED.arn,),
            inline_policies={"b": V2, "a": V1},
            permissions_boundary=BOUNDARY.arn,
            tags=(("team", "blue"),),
            **OWN,
        ),
        User(name="alice", id="AIDAALICE", **OWN),
        Role(
            name="Web",
            id="AROAWEB",
            trust_policy=V1,
            inline_policies={"Inline": V2},
            permissions_boundary=BOUNDARY.arn,
            description="not told here",
            **OWN,
        ),
        Role(name="Idle", id="AROAIDLE", trust_policy=V1, tags=(("team", "blue"),), **OWN),
        InstanceProfile(name="Web", id="AIPAWEB", role_id="AROAWEB", **OWN),
        LastUsed(id="AROAWEB", time=NOW - 60, service="sts", region="eu-west-1"),
    )
    return world


def policy_detail(policy: ManagedPolicy, attachments: int = 0, boundaries: int = 0) -> dict:
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": "/p/",
        "DefaultVersionId": "v1",
        "AttachmentCount": attachments,
        "PermissionsBoundaryUsageCount": boundaries,
        "IsAttachable": True,
        "CreateDate": CREATED,
        "UpdateDate": NOW,
        "PolicyVersionList": [
            {"Document": V2, "VersionId": "v2", "IsDefaultVersion": False, "CreateDate": NOW},
            {"Document": V1, "VersionId": "v1", "IsDefaultVersion": True, "CreateDate": CREATED},
        ],
    }


ROLE = {
    "Path": "/",
    "RoleName": "Web",
    "RoleId": "AROAWEB",
    "Arn": f"arn:aws:iam::{ACCOUNT_ID}:role/Web",
    "CreateDate": CREATED,
    "AssumeRolePolicyDocument": V1,
}
USERS = [
    {
        "Path": "/",
        "UserName": "alice",
        "UserId": "AIDAALICE",
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:user/alice",
        "CreateDate": CREATED,
        "GroupList": [],
        "AttachedManagedPolicies": [],
        "Tags": [],
    },
    {
        "Path": "/people/",
        "UserName": "Bob",
        "UserId": "AIDABOB",
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:user/people/Bob",
        "CreateDate": CREATED,
        "UserPolicyList": [
            {"PolicyName": "a", "PolicyDocument": V1},
            {"PolicyName": "b", "PolicyDocument": V2},
        ],
        "GroupList": ["Readers", "Empty"],
        "AttachedManagedPolicies": [{"PolicyName": "Limited", "PolicyArn": LIMITED.arn}],
        "PermissionsBoundary": BOUNDED,
        "Tags": [{"Key": "team", "Value": "blue"}],
    },
]
GROUPS = [
    {
        "Path": "/",
        "GroupName": "Empty",
        "GroupId": "AGPAEMPTY",
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:group/Empty",
        "CreateDate": CREATED,
        "GroupPolicyList": [{"PolicyName": "Inline", "PolicyDocument": V1}],
        "AttachedManagedPolicies": [],
    },
    {
        "Path": "/",
        "GroupName": "Readers",
        "GroupId": "AGPAREADERS",
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:group/Readers",
        "CreateDate": CREATED,
        "GroupPolicyList": [],
        "AttachedManagedPolicies": [{"PolicyName": "ReadOnlyAccess", "PolicyArn": ATTACHED.arn}],
    },
]
ROLES = [
    {
        "Path": "/",
        "RoleName": "Idle",
        "RoleId": "AROAIDLE",
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:role/Idle",
        "CreateDate": CREATED,
        "AssumeRolePolicyDocument": V1,
        "InstanceProfileList": [],
        "RolePolicyList": [],
        "AttachedManagedPolicies": [],
        "Tags": [{"Key": "team", "Value": "blue"}],
        "RoleLastUsed": {},
    },
    ROLE
    | {
        "InstanceProfileList": [
            {
                "Path": "/",
                "InstanceProfileName": "Web",
                "InstanceProfileId": "AIPAWEB",
                "Arn": f"arn:aws:iam::{ACCOUNT_ID}:instance-profile/Web",
                "CreateDate": CREATED,
                "Roles": [ROLE],
            }
        ],
        "RolePolicyList": [{"PolicyName": "Inline", "PolicyDocument": V2}],
        "AttachedManagedPolicies": [],
        "PermissionsBoundary": BOUNDED,
        "Tags": [],
        "RoleLastUsed": {"LastUsedDate": NOW - 60, "Region": "eu-west-1"},
    },
]
OWN_POLICIES = [policy_detail(LIMITED, attachments=1)]
AWS_POLICIES = [policy_detail(BOUNDARY, boundaries=2), policy_detail(ATTACHED, attachments=1)]  # those in use
EVERYTHING = {
    "UserDetailList": USERS,
    "GroupDetailList": GROUPS,
    "RoleDetailList": ROLES,
    "Policies": OWN_POLICIES + AWS_POLICIES,
}


def test_everything_that_decides_permissions_is_told(world: World) -> None:
    assert world.run(get_account_authorization_details) == EVERYTHING | {"IsTruncated": False}
    assert world.run(get_account_authorization_details, Filter=[]) == EVERYTHING | {"IsTruncated": False}


@pytest.mark.parametrize(
    ("filter", "told"),
    [
        (["User"], {"UserDetailList": USERS}),
        (["Group"], {"GroupDetailList": GROUPS}),
        (["Role"], {"RoleDetailList": ROLES}),
        (["LocalManagedPolicy"], {"Policies": OWN_POLICIES}),
        (["Role", "User", "User"], {"UserDetailList": USERS, "RoleDetailList": ROLES}),
    ],
)
def test_a_filter_chooses_the_kinds(world: World, filter: list[str], told: dict) -> None:
    nothing = {name: [] for name in LISTS}
    assert world.run(get_account_authorization_details, Filter=filter) == nothing | told | {"IsTruncated": False}


def test_aws_managed_policies_are_all_told_if_asked_for_and_else_those_in_use(world: World) -> None:
    asked = world.run(get_account_authorization_details, Filter=["AWSManagedPolicy"])["Policies"]
    assert [policy["PolicyName"] for policy in asked] == ["Boundary", "ReadOnlyAccess", "Unused"]
    assert [policy for policy in asked if policy["PolicyName"] != "Unused"] == AWS_POLICIES
    everything = world.run(get_account_authorization_details)["Policies"]
    assert "Unused" not in [policy["PolicyName"] for policy in everything]


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_all_lists_are_paged_as_one_stream(world: World, size: int) -> None:
    found: dict[str, list] = {name: [] for name in LISTS}
    marker: dict[str, str] = {}
    while True:
        page = world.run(get_account_authorization_details, MaxItems=size, **marker)
        assert sum(len(page[name]) for name in LISTS) == size or not page["IsTruncated"]
        for name in LISTS:
            found[name] += page[name]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert found == EVERYTHING

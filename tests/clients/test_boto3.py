"""boto3 works against the server: clients, resources, paginators, waiters and credential providers."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.clients.life import LIFE, iam_arn
from tests.server.process import ACCOUNT_ID, ROOT_KEY_ID, ROOT_SECRET, ServerProcess


def document(action: str, resource: str = "*") -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2, ensure_ascii=False)


def trust(principal: dict[str, str]) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def refusal(kind: type[ClientError], operation: Callable[..., Any], **input: Any) -> list[Any]:
    with pytest.raises(kind) as raised:
        operation(**input)
    error, answer = raised.value.response["Error"], raised.value.response["ResponseMetadata"]
    assert answer["RequestId"]
    return [error["Code"], error["Message"], answer["HTTPStatusCode"]]


def keys_of(made: dict[str, str]) -> dict[str, str]:
    """The arguments of a client that calls with an access key or with temporary credentials."""
    found = {"key_id": made["AccessKeyId"], "secret": made["SecretAccessKey"]}
    return found | ({"aws_session_token": made["SessionToken"]} if "SessionToken" in made else {})


def test_the_life_of_an_account(server: ServerProcess) -> None:
    seen: dict[str, Any] = {}
    iam = server.client()

    def caller(**keys: str) -> str:
        return server.client("sts", **keys).get_caller_identity()["Arn"]

    seen["caller"] = caller()

    names = ["Alice", "Bob", "Mateo", "Nikki", "Zhang"]
    tags = [{"Key": "Cost ünit/=+", "Value": "v +@: é"}]
    for name in names:
        iam.create_user(UserName=name, Path="/team/", Tags=tags)
    iam.get_waiter("user_exists").wait(UserName="Zhang", WaiterConfig={"MaxAttempts": 1})
    pages = iam.get_paginator("list_users").paginate(PathPrefix="/team/", PaginationConfig={"PageSize": 2})
    seen["pages"] = [[user["UserName"] for user in page["Users"]] for page in pages]
    user = iam.get_user(UserName="Bob")["User"]
    seen["user"] = [user["Arn"], user["Tags"], isinstance(user["CreateDate"], datetime)]
    iam.tag_user(UserName="Bob", Tags=[{"Key": "Extra", "Value": ""}])
    iam.untag_user(UserName="Bob", TagKeys=[tags[0]["Key"]])
    seen["tags"] = iam.list_user_tags(UserName="Bob")["Tags"]

    iam.create_group(GroupName="Readers")
    iam.add_user_to_group(GroupName="Readers", UserName="Bob")
    inline = document("iam:GetUser", "arn:aws:iam::*:user/%20+ü~*")
    iam.put_group_policy(GroupName="Readers", PolicyName="read", PolicyDocument=inline)
    returned = iam.get_group_policy(GroupName="Readers", PolicyName="read")["PolicyDocument"]
    seen["documentReturned"] = returned == json.loads(inline)
    seen["members"] = [member["UserName"] for member in iam.get_group(GroupName="Readers")["Users"]]

    policy_arn = iam.create_policy(PolicyName="AssumeAny", PolicyDocument=document("sts:*"))["Policy"]["Arn"]
    version = iam.create_policy_version(
        PolicyArn=policy_arn, PolicyDocument=document("sts:AssumeRole"), SetAsDefault=True
    )
    seen["version"] = version["PolicyVersion"]["VersionId"]
    iam.attach_user_policy(UserName="Bob", PolicyArn=policy_arn)
    seen["attached"] = iam.list_attached_user_policies(UserName="Bob")["AttachedPolicies"]

    keys = [iam.create_access_key(UserName="Bob")["AccessKey"] for _ in range(2)]
    bob = keys_of(keys[0])
    seen["callerWithKey"] = caller(**bob)

    role_arn = iam.create_role(
        RoleName="Keeper", AssumeRolePolicyDocument=trust({"AWS": f"arn:aws:iam::{ACCOUNT_ID}:user/team/Bob"})
    )["Role"]["Arn"]
    iam.put_role_policy(RoleName="Keeper", PolicyName="look", PolicyDocument=document("iam:GetUser"))
    iam.get_waiter("role_exists").wait(RoleName="Keeper", WaiterConfig={"MaxAttempts": 1})
    assumed = server.client("sts", **bob).assume_role(RoleArn=role_arn, RoleSessionName="night", DurationSeconds=900)
    left = assumed["Credentials"]["Expiration"] - datetime.now(UTC)
    assert timedelta(minutes=10) < left <= timedelta(minutes=15)
    seen["assumed"] = assumed["AssumedRoleUser"]["Arn"]
    session = keys_of(assumed["Credentials"])
    seen["callerWithRole"] = caller(**session)
    keeper = server.client(**session)
    seen["userSeenByRole"] = keeper.get_user(UserName="Alice")["User"]["Arn"]
    seen["callerByProvider"] = caller_by_profile(server, role_arn, keys[0])

    errors = iam.exceptions
    seen["refusals"] = [
        refusal(errors.NoSuchEntityException, iam.get_user, UserName="Jane"),
        refusal(errors.EntityAlreadyExistsException, iam.create_user, UserName="bob"),
        refusal(errors.DeleteConflictException, iam.delete_user, UserName="Bob"),
        refusal(errors.LimitExceededException, iam.create_access_key, UserName="Bob"),
        refusal(
            errors.MalformedPolicyDocumentException,
            iam.put_role_policy,
            RoleName="Keeper",
            PolicyName="look",
            PolicyDocument="{",
        ),
        refusal(ClientError, iam.create_user, UserName="a b"),
        refusal(ClientError, keeper.delete_user, UserName="Alice"),
    ]

    iam.delete_role_policy(RoleName="Keeper", PolicyName="look")
    iam.delete_role(RoleName="Keeper")
    for key in keys:
        iam.delete_access_key(UserName="Bob", AccessKeyId=key["AccessKeyId"])
    iam.detach_user_policy(UserName="Bob", PolicyArn=policy_arn)
    iam.delete_policy_version(PolicyArn=policy_arn, VersionId="v1")
    iam.delete_policy(PolicyArn=policy_arn)
    iam.remove_user_from_group(GroupName="Readers", UserName="Bob")
    iam.delete_group_policy(GroupName="Readers", PolicyName="read")
    iam.delete_group(GroupName="Readers")
    for name in names:
        iam.delete_user(UserName=name)
    seen["left"] = iam.list_users()["Users"]
    assert seen == LIFE


def caller_by_profile(server: ServerProcess, role_arn: str, key: dict[str, str]) -> str:
    """Who calls by a profile that names a role, and whose key may assume it."""
    config = Path(server.home) / "profiles"
    config.write_text(
        f"[profile bob]\naws_access_key_id = {key['AccessKeyId']}\naws_secret_access_key = {key['SecretAccessKey']}\n"
        f"[profile keeper]\nrole_arn = {role_arn}\nsource_profile = bob\nrole_session_name = provider\n"
        f"endpoint_url = {server.endpoint}\nregion = us-east-1\n"
    )
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_CONFIG_FILE", str(config))
        environment.setenv("AWS_ENDPOINT_URL", server.endpoint)
        session = boto3.session.Session(profile_name="keeper")
        return session.client("sts").get_caller_identity()["Arn"]


@pytest.fixture
def furnished(server: ServerProcess) -> Any:
    """A client of an account in which every list has several entries."""
    iam = server.client()
    policies = [
        iam.create_policy(PolicyName=f"policy-{n}", PolicyDocument=document("s3:GetObject"))["Policy"]["Arn"]
        for n in range(3)
    ]
    for _ in range(3):
        iam.create_policy_version(PolicyArn=policies[0], PolicyDocument=document("s3:*"))
    tags = [{"Key": f"key-{n}", "Value": ""} for n in range(3)]
    iam.tag_policy(PolicyArn=policies[0], Tags=tags)
    for n in range(3):
        iam.create_user(UserName=f"user-{n}", Tags=tags)
        iam.create_group(GroupName=f"group-{n}")
        iam.create_role(
            RoleName=f"role-{n}", AssumeRolePolicyDocument=trust({"Service": "ec2.amazonaws.com"}), Tags=tags
        )
        iam.create_instance_profile(InstanceProfileName=f"profile-{n}", Tags=tags)
        iam.add_role_to_instance_profile(InstanceProfileName=f"profile-{n}", RoleName="role-0")
    for n in range(3):
        iam.add_user_to_group(GroupName=f"group-{n}", UserName="user-0")
        iam.put_user_policy(UserName="user-0", PolicyName=f"inline-{n}", PolicyDocument=document("s3:*"))
        iam.put_role_policy(RoleName="role-0", PolicyName=f"inline-{n}", PolicyDocument=document("s3:*"))
        iam.put_group_policy(GroupName="group-0", PolicyName=f"inline-{n}", PolicyDocument=document("s3:*"))
        for kind in ("user", "role", "group"):
            attach = getattr(iam, f"attach_{kind}_policy")
            attach(**{f"{kind.title()}Name": f"{kind}-0"}, PolicyArn=policies[n])
            attach(**{f"{kind.title()}Name": f"{kind}-{n}"}, PolicyArn=policies[0])
        iam.create_virtual_mfa_device(VirtualMFADeviceName=f"device-{n}")
        iam.create_open_id_connect_provider(Url=f"https://issuer-{n}.example.com", ThumbprintList=["0" * 40])
    for n in range(1, 3):
        iam.add_user_to_group(GroupName="group-0", UserName=f"user-{n}")
    for _ in range(2):
        iam.create_access_key(UserName="user-0")
    return iam


POLICY = {"PolicyArn": iam_arn("policy/policy-0")}
LISTS = {
    "get_account_authorization_details": ({}, ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"]),
    "get_group": ({"GroupName": "group-0"}, ["Users"]),
    "list_access_keys": ({"UserName": "user-0"}, ["AccessKeyMetadata"]),
    "list_attached_group_policies": ({"GroupName": "group-0"}, ["AttachedPolicies"]),
    "list_attached_role_policies": ({"RoleName": "role-0"}, ["AttachedPolicies"]),
    "list_attached_user_policies": ({"UserName": "user-0"}, ["AttachedPolicies"]),
    "list_entities_for_policy": (POLICY, ["PolicyGroups", "PolicyUsers", "PolicyRoles"]),
    "list_group_policies": ({"GroupName": "group-0"}, ["PolicyNames"]),
    "list_groups": ({}, ["Groups"]),
    "list_groups_for_user": ({"UserName": "user-0"}, ["Groups"]),
    "list_instance_profile_tags": ({"InstanceProfileName": "profile-0"}, ["Tags"]),
    "list_instance_profiles": ({}, ["InstanceProfiles"]),
    "list_instance_profiles_for_role": ({"RoleName": "role-0"}, ["InstanceProfiles"]),
    "list_policies": ({"Scope": "Local"}, ["Policies"]),
    "list_policy_tags": (POLICY, ["Tags"]),
    "list_policy_versions": (POLICY, ["Versions"]),
    "list_role_policies": ({"RoleName": "role-0"}, ["PolicyNames"]),
    "list_role_tags": ({"RoleName": "role-0"}, ["Tags"]),
    "list_roles": ({}, ["Roles"]),
    "list_user_policies": ({"UserName": "user-0"}, ["PolicyNames"]),
    "list_user_tags": ({"UserName": "user-0"}, ["Tags"]),
    "list_users": ({}, ["Users"]),
    "list_virtual_mfa_devices": ({}, ["VirtualMFADevices"]),
}


def test_pages_of_one_hold_together_what_one_page_holds(furnished: Any) -> None:
    for operation, (input, members) in LISTS.items():
        pages = list(furnished.get_paginator(operation).paginate(**input, PaginationConfig={"PageSize": 1}))
        whole = getattr(furnished, operation)(**input)
        assert not whole["IsTruncated"]
        for member in members:
            assert len(whole[member]) >= 2, operation
            assert [item for page in pages for item in page[member]] == whole[member], operation
        assert [page["IsTruncated"] for page in pages] == [True] * (len(pages) - 1) + [False], operation


def test_a_reader_resumes_where_it_stopped(furnished: Any) -> None:
    pages = furnished.get_paginator("list_users")
    first = pages.paginate(PaginationConfig={"MaxItems": 2}).build_full_result()
    assert [user["UserName"] for user in first["Users"]] == ["user-0", "user-1"]
    rest = pages.paginate(PaginationConfig={"StartingToken": first["NextToken"]}).build_full_result()
    assert [user["UserName"] for user in rest["Users"]] == ["user-2"]


def test_waiters_end_when_it_is_there_and_give_up_when_it_is_not(furnished: Any) -> None:
    for waiter, there, absent in (
        ("user_exists", {"UserName": "user-0"}, {"UserName": "Jane"}),
        ("role_exists", {"RoleName": "role-0"}, {"RoleName": "Jane"}),
        ("instance_profile_exists", {"InstanceProfileName": "profile-0"}, {"InstanceProfileName": "Jane"}),
        ("policy_exists", POLICY, {"PolicyArn": iam_arn("policy/Jane")}),
    ):
        furnished.get_waiter(waiter).wait(**there, WaiterConfig={"MaxAttempts": 1})
        with pytest.raises(WaiterError, match="Max attempts exceeded"):
            furnished.get_waiter(waiter).wait(**absent, WaiterConfig={"MaxAttempts": 1})


def test_resources(server: ServerProcess) -> None:
    iam = boto3.resource(
        "iam",
        region_name="us-east-1",
        endpoint_url=server.endpoint,
        aws_access_key_id=ROOT_KEY_ID,
        aws_secret_access_key=ROOT_SECRET,
    )
    policy = iam.create_policy(PolicyName="read", PolicyDocument=document("s3:GetObject"))
    group, user = iam.create_group(GroupName="readers"), iam.create_user(UserName="Bob", Path="/team/")
    group.add_user(UserName="Bob")
    user.create_policy(PolicyName="own", PolicyDocument=document("s3:ListBucket"))
    user.attach_policy(PolicyArn=policy.arn)
    role = iam.create_role(RoleName="Keeper", AssumeRolePolicyDocument=trust({"Service": "ec2.amazonaws.com"}))
    role.attach_policy(PolicyArn=policy.arn)
    profile = iam.create_instance_profile(InstanceProfileName="machines")
    profile.add_role(RoleName="Keeper")
    profile.load()
    version = policy.create_version(PolicyDocument=document("s3:PutObject"), SetAsDefault=True)
    policy.load()
    pair = user.create_access_key_pair()
    assert iam.AccountSummary().summary_map["Users"] == 1
    assert [each.arn for each in user.attached_policies.all()] == [policy.arn]
    assert [each.name for each in policy.attached_users.all()] == ["Bob"]
    assert [each.name for each in policy.attached_roles.all()] == ["Keeper"]
    assert policy.default_version.version_id == "v2"
    assert version.document["Statement"][0]["Action"] == "s3:PutObject"
    assert [each.name for each in user.groups.all()] == ["readers"]
    assert [each.name for each in group.users.all()] == ["Bob"]
    assert [each.id for each in user.access_keys.all()] == [pair.id]
    assert [each.policy_document["Statement"][0]["Action"] for each in user.policies.all()] == ["s3:ListBucket"]
    assert [each.name for each in role.instance_profiles.all()] == ["machines"]
    assert [each.name for each in profile.roles] == ["Keeper"]
    assert role.assume_role_policy_document["Statement"][0]["Principal"] == {"Service": "ec2.amazonaws.com"}

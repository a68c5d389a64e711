"""What belongs to an entity follows it to a new name, and keeps it from being deleted, in AWS's words."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from tests.iam.test_role_templates import TRUST
from tests.operations.quotas import certificate, public_key, signing
from tests.operations.story import Story, start
from tests.operations.table import PASSWORD, READ_ONLY, arn, policy, tags
from tests.server.process import ServerProcess

Calls = tuple[tuple[str, Mapping[str, Any]], ...]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with start(tmp_path_factory.mktemp("dependents"), "--dev") as process:
        yield process


@pytest.fixture
def story(server: ServerProcess) -> Story:
    """An account with nothing in it."""
    server.reset()
    return Story(server)


def do(story: Story, operation: str, **input: Any) -> Any:
    answer = getattr(story.client(), xform_name(operation))(**story.resolve(input))
    del answer["ResponseMetadata"]
    return answer


def refusal(story: Story, operation: str, **input: Any) -> str:
    with pytest.raises(ClientError) as refused:
        do(story, operation, **input)
    error = refused.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


# Renaming -------------------------------------------------------------------------------------------------------------


def test_everything_of_a_user_follows_to_a_new_name(story: Story) -> None:
    old = {"UserName": "old"}
    do(story, "CreateUser", **old, Tags=tags("Team"), PermissionsBoundary=READ_ONLY)
    do(story, "CreateGroup", GroupName="friends")
    do(story, "AddUserToGroup", **old, GroupName="friends")
    do(story, "AttachUserPolicy", **old, PolicyArn=READ_ONLY)
    do(story, "PutUserPolicy", **old, PolicyName="own", PolicyDocument=policy("sts:GetCallerIdentity"))
    do(story, "CreateLoginProfile", **old, Password=PASSWORD)
    do(story, "UploadSSHPublicKey", **old, SSHPublicKeyBody=public_key(1))
    do(story, "UploadSigningCertificate", **old, CertificateBody=signing(1))
    do(story, "CreateServiceSpecificCredential", **old, ServiceName="codecommit.amazonaws.com")
    device = do(story, "CreateVirtualMFADevice", VirtualMFADeviceName="phone")["VirtualMFADevice"]
    story.saved |= {"phone": device["SerialNumber"], "seed": device["Base32StringSeed"]}
    do(story, "EnableMFADevice", **old, **story.codes("phone", "seed"))
    trust = TRUST.replace('"Service":"ec2.amazonaws.com"', f'"AWS":"{arn("user/old")}"')
    do(story, "CreateRole", RoleName="trusting", AssumeRolePolicyDocument=trust)
    story.enter("old", "old")
    lists = (
        ("GetUser", "User"),
        ("ListGroupsForUser", "Groups"),
        ("ListAttachedUserPolicies", "AttachedPolicies"),
        ("ListUserPolicies", "PolicyNames"),
        ("GetLoginProfile", "LoginProfile"),
        ("ListSSHPublicKeys", "SSHPublicKeys"),
        ("ListSigningCertificates", "Certificates"),
        ("ListServiceSpecificCredentials", "ServiceSpecificCredentials"),
        ("ListMFADevices", "MFADevices"),
        ("ListAccessKeys", "AccessKeyMetadata"),
        ("ListUserTags", "Tags"),
    )
    before = {operation: do(story, operation, **old)[member] for operation, member in lists}
    do(story, "UpdateUser", **old, NewUserName="new", NewPath="/renamed/")
    for operation, member in lists:
        after = do(story, operation, UserName="new")[member]
        assert after == renamed(before[operation]), operation
        assert refusal(story, operation, **old).startswith("NoSuchEntity: "), operation
    assert [user["UserName"] for user in do(story, "GetGroup", GroupName="friends")["Users"]] == ["new"]
    entities = do(story, "ListEntitiesForPolicy", PolicyArn=READ_ONLY, PolicyUsageFilter="PermissionsPolicy")
    assert [user["UserName"] for user in entities["PolicyUsers"]] == ["new"]
    virtual = do(story, "ListVirtualMFADevices", AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert [each["User"]["UserName"] for each in virtual] == ["new"]
    document = do(story, "GetRole", RoleName="trusting")["Role"]["AssumeRolePolicyDocument"]
    assert document["Statement"][0]["Principal"] == {"AWS": arn("user/renamed/new")}
    assert story.client("sts", "old").get_caller_identity()["Arn"] == arn("user/renamed/new")


def renamed(value: Any) -> Any:
    """What is told of the user, under the new name; the name at a service stays."""
    if isinstance(value, dict):
        told = {key: renamed(item) for key, item in value.items()}
        if "UserName" in told:
            told["UserName"] = "new"
        if told.get("Arn") == arn("user/old"):
            told |= {"Arn": arn("user/renamed/new"), "Path": "/renamed/"}
        return told
    return [renamed(each) for each in value] if isinstance(value, list) else value


def test_members_and_policies_of_a_group_follow_to_a_new_name(story: Story) -> None:
    do(story, "CreateGroup", GroupName="before")
    do(story, "CreateUser", UserName="member")
    do(story, "AddUserToGroup", GroupName="before", UserName="member")
    do(story, "AttachGroupPolicy", GroupName="before", PolicyArn=READ_ONLY)
    do(story, "PutGroupPolicy", GroupName="before", PolicyName="own", PolicyDocument=policy())
    do(story, "UpdateGroup", GroupName="before", NewGroupName="after", NewPath="/renamed/")
    answer = do(story, "GetGroup", GroupName="after")
    assert answer["Group"]["Arn"] == arn("group/renamed/after")
    assert [user["UserName"] for user in answer["Users"]] == ["member"]
    assert len(do(story, "ListAttachedGroupPolicies", GroupName="after")["AttachedPolicies"]) == 1
    assert do(story, "ListGroupPolicies", GroupName="after")["PolicyNames"] == ["own"]
    assert [group["GroupName"] for group in do(story, "ListGroupsForUser", UserName="member")["Groups"]] == ["after"]
    assert refusal(story, "GetGroup", GroupName="before") == (
        "NoSuchEntity: The group with name before cannot be found."
    )


def test_a_server_certificate_follows_to_a_new_name(story: Story) -> None:
    do(story, "UploadServerCertificate", **certificate("before"), Tags=tags("Team"))
    before = do(story, "GetServerCertificate", ServerCertificateName="before")["ServerCertificate"]
    do(
        story,
        "UpdateServerCertificate",
        ServerCertificateName="before",
        NewServerCertificateName="after",
        NewPath="/cloudfront/",
    )
    after = do(story, "GetServerCertificate", ServerCertificateName="after")["ServerCertificate"]
    metadata = before["ServerCertificateMetadata"] | {
        "ServerCertificateName": "after",
        "Path": "/cloudfront/",
        "Arn": arn("server-certificate/cloudfront/after"),
    }
    assert after == before | {"ServerCertificateMetadata": metadata}
    assert refusal(story, "GetServerCertificate", ServerCertificateName="before") == (
        "NoSuchEntity: The Server Certificate with name before cannot be found."
    )


# Deleting -------------------------------------------------------------------------------------------------------------

BOB = {"UserName": "bob"}
CREW = {"GroupName": "crew"}
WORKER = {"RoleName": "worker"}
OWN = arn("policy/Own")

MUST_DETACH = "Cannot delete entity, must detach all policies first."
MUST_DELETE_POLICIES = "Cannot delete entity, must delete policies first."
MUST_REMOVE_USERS = "Cannot delete entity, must remove users from group first."
MUST_REMOVE_ROLES = "Cannot delete entity, must remove roles from instance profile first."
MUST_REMOVE_REFERENCED = "Cannot delete entity, must remove referenced objects first."


def own_policy(kind: str, name: str) -> tuple[Calls, str, Calls]:
    identity = {f"{kind}Name": name}
    return (
        ((f"Put{kind}Policy", {**identity, "PolicyName": "own", "PolicyDocument": policy()}),),
        MUST_DELETE_POLICIES,
        ((f"Delete{kind}Policy", {**identity, "PolicyName": "own"}),),
    )


def attached(kind: str, name: str) -> tuple[Calls, str, Calls]:
    both = {f"{kind}Name": name, "PolicyArn": READ_ONLY}
    return ((f"Attach{kind}Policy", both),), MUST_DETACH, ((f"Detach{kind}Policy", both),)


IN_CREW = {**BOB, **CREW}
IN_PROFILE = {**WORKER, "InstanceProfileName": "Work"}

# What is to be deleted, how it is made, and each thing in the way: what makes it, what AWS says, what takes it away.
CONFLICTS: tuple[tuple[str, Mapping[str, Any], Calls, tuple[tuple[Calls, str, Calls], ...]], ...] = (
    (
        "DeleteUser",
        BOB,
        (("CreateUser", BOB), ("CreateGroup", CREW)),
        (
            attached("User", "bob"),
            own_policy("User", "bob"),
            ((("AddUserToGroup", IN_CREW),), MUST_REMOVE_USERS, (("RemoveUserFromGroup", IN_CREW),)),
            (
                (("CreateAccessKey", BOB),),
                "Cannot delete entity, must delete access keys first.",
                (("DeleteAccessKey", {**BOB, "AccessKeyId": "@AccessKey.AccessKeyId"}),),
            ),
            (
                (("CreateLoginProfile", {**BOB, "Password": PASSWORD}),),
                "Cannot delete entity, must delete login profile first.",
                (("DeleteLoginProfile", BOB),),
            ),
            (
                (("UploadSSHPublicKey", {**BOB, "SSHPublicKeyBody": public_key(2)}),),
                MUST_REMOVE_REFERENCED,
                (("DeleteSSHPublicKey", {**BOB, "SSHPublicKeyId": "@SSHPublicKey.SSHPublicKeyId"}),),
            ),
            (
                (("UploadSigningCertificate", {**BOB, "CertificateBody": signing(2)}),),
                MUST_REMOVE_REFERENCED,
                (("DeleteSigningCertificate", {**BOB, "CertificateId": "@Certificate.CertificateId"}),),
            ),
            (
                (("CreateServiceSpecificCredential", {**BOB, "ServiceName": "cassandra.amazonaws.com"}),),
                MUST_REMOVE_REFERENCED,
                (
                    (
                        "DeleteServiceSpecificCredential",
                        {
                            **BOB,
                            "ServiceSpecificCredentialId": "@ServiceSpecificCredential.ServiceSpecificCredentialId",
                        },
                    ),
                ),
            ),
        ),
    ),
    (
        "DeleteGroup",
        CREW,
        (("CreateUser", BOB), ("CreateGroup", CREW)),
        (
            ((("AddUserToGroup", IN_CREW),), MUST_REMOVE_USERS, (("RemoveUserFromGroup", IN_CREW),)),
            attached("Group", "crew"),
            own_policy("Group", "crew"),
        ),
    ),
    (
        "DeleteRole",
        WORKER,
        (
            ("CreateRole", {**WORKER, "AssumeRolePolicyDocument": TRUST}),
            ("CreateInstanceProfile", {"InstanceProfileName": "Work"}),
        ),
        (
            (
                (("AddRoleToInstanceProfile", IN_PROFILE),),
                MUST_REMOVE_ROLES,
                (("RemoveRoleFromInstanceProfile", IN_PROFILE),),
            ),
            attached("Role", "worker"),
            own_policy("Role", "worker"),
        ),
    ),
    (
        "DeleteInstanceProfile",
        {"InstanceProfileName": "Work"},
        (
            ("CreateRole", {**WORKER, "AssumeRolePolicyDocument": TRUST}),
            ("CreateInstanceProfile", {"InstanceProfileName": "Work"}),
        ),
        (
            (
                (("AddRoleToInstanceProfile", IN_PROFILE),),
                MUST_REMOVE_ROLES,
                (("RemoveRoleFromInstanceProfile", IN_PROFILE),),
            ),
        ),
    ),
    (
        "DeletePolicy",
        {"PolicyArn": OWN},
        (("CreateUser", BOB), ("CreatePolicy", {"PolicyName": "Own", "PolicyDocument": policy()})),
        (
            (
                (("AttachUserPolicy", {**BOB, "PolicyArn": OWN}),),
                "Cannot delete a policy attached to entities.",
                (("DetachUserPolicy", {**BOB, "PolicyArn": OWN}),),
            ),
            (
                (("PutUserPermissionsBoundary", {**BOB, "PermissionsBoundary": OWN}),),
                "Cannot delete a policy attached to entities.",
                (("DeleteUserPermissionsBoundary", BOB),),
            ),
            (
                (("CreatePolicyVersion", {"PolicyArn": OWN, "PolicyDocument": policy()}),),
                "This policy has more than one version. Before you delete a policy, you must delete the policy's "
                "versions. The default version is deleted with the policy.",
                (("DeletePolicyVersion", {"PolicyArn": OWN, "VersionId": "@PolicyVersion.VersionId"}),),
            ),
        ),
    ),
)


@pytest.mark.parametrize(("operation", "input", "makes", "causes"), CONFLICTS, ids=[row[0] for row in CONFLICTS])
def test_each_cause_alone_keeps_an_entity_from_being_deleted(
    story: Story,
    operation: str,
    input: Mapping[str, Any],
    makes: Calls,
    causes: tuple[tuple[Calls, str, Calls], ...],
) -> None:
    for make, made in makes:
        do(story, make, **made)
    for puts, message, takes in causes:
        for put, given in puts:
            answer = do(story, put, **given)
            story.saved |= dict(leaves(answer))
        assert refusal(story, operation, **input) == f"DeleteConflict: {message}"
        for take, given in takes:
            do(story, take, **given)
    do(story, operation, **input)


def leaves(answer: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The members of an answer by their paths."""
    if not isinstance(answer, dict):
        yield path, answer
        return
    for name, value in answer.items():
        yield from leaves(value, f"{path}.{name}" if path else name)


def test_the_default_version_and_an_assigned_device_stay(story: Story) -> None:
    do(story, "CreatePolicy", PolicyName="Own", PolicyDocument=policy())
    assert refusal(story, "DeletePolicyVersion", PolicyArn=OWN, VersionId="v1") == (
        "DeleteConflict: Cannot delete the default version of a policy."
    )
    do(story, "CreateUser", **BOB)
    device = do(story, "CreateVirtualMFADevice", VirtualMFADeviceName="watch")["VirtualMFADevice"]
    story.saved |= {"watch": device["SerialNumber"], "seed": device["Base32StringSeed"]}
    do(story, "EnableMFADevice", **BOB, **story.codes("watch", "seed"))
    assert refusal(story, "DeleteVirtualMFADevice", SerialNumber="@watch") == (
        "DeleteConflict: MFA VirtualDevice in use. Must deactivate first."
    )
    assert refusal(story, "DeleteUser", **BOB) == (
        "DeleteConflict: Cannot delete entity, must delete MFA device first."
    )

"""Which action on which resource a call needs, what its denial says, which condition keys policies can ask about."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from iamd.account.organization import Organization
from iamd.account.records import (
    AccessKey,
    Group,
    InstanceProfile,
    ManagedPolicy,
    MFADevice,
    PasswordPolicy,
    PolicyVersion,
    Role,
    ServerCertificate,
    ServiceSpecificCredential,
    Settings,
    User,
)
from iamd.authorization.authorize import Denied, authorize
from iamd.call import Caller, Source
from iamd.errors import AccessDenied, ServiceFailure
from iamd.wire.models import load_service
from tests.iam.world import ACCOUNT_ID, CREATED, OTHER_ACCOUNT_ID, World

ME = f"arn:aws:iam::{ACCOUNT_ID}:user/staff/alice"
KEY_ID = "AKIAIOSFODNN7EXAMPLE"
POLICY_ARN = f"arn:aws:iam::{ACCOUNT_ID}:policy/team/Readers"


def document(effect: str = "Allow", action: Any = "*", resource: Any = "*", condition: Any = None) -> str:
    statement = {"Effect": effect, "Action": action, "Resource": resource}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def world() -> World:
    """Alice calls; Bob, a group, a role, a policy, an instance profile and a key of Bob's are there to be acted on."""
    world = World()
    world.put(
        User(account_id=ACCOUNT_ID, name="alice", path="/staff/", id="AIDAALICEXAMPLE111111", created=CREATED),
        User(
            account_id=ACCOUNT_ID,
            name="bob",
            path="/guests/",
            id="AIDABOBBEXAMPLE111111",
            created=CREATED,
            tags=(("Team", "blue"),),
            permissions_boundary=POLICY_ARN,
        ),
        Group(account_id=ACCOUNT_ID, name="admins", id="AGPAADMINEXAMPLE11111", created=CREATED),
        Role(
            account_id=ACCOUNT_ID,
            name="Builder",
            path="/ci/",
            id="AROABUILDEREXAMPLE111",
            created=CREATED,
            trust_policy="{}",
            tags=(("Team", "red"),),
        ),
        Role(
            account_id=ACCOUNT_ID,
            name="AWSServiceRoleForECS",
            path="/aws-service-role/ecs.amazonaws.com/",
            id="AROAECSEXAMPLE1111111",
            created=CREATED,
            trust_policy="{}",
        ),
        ManagedPolicy(
            account_id=ACCOUNT_ID,
            name="Readers",
            path="/team/",
            id="ANPAREADERSEXAMPLE111",
            created=CREATED,
            updated=CREATED,
            versions=(PolicyVersion(id="v1", document=document(), created=CREATED),),
        ),
        InstanceProfile(account_id=ACCOUNT_ID, name="web", id="AIPAWEBEXAMPLE1111111", created=CREATED),
        AccessKey(id=KEY_ID, owner_id="AIDABOBBEXAMPLE111111", sealed_secret="sealed", created=CREATED),
        ServerCertificate(
            account_id=ACCOUNT_ID,
            name="web",
            path="/tls/",
            id="ASCAWEBEXAMPLE1111111",
            body="",
            sealed_private_key="",
            created=CREATED,
            expires=CREATED,
        ),
        ServiceSpecificCredential(
            id="ACCAGITEXAMPLE1111111",
            owner_id="AIDABOBBEXAMPLE111111",
            service="codecommit.amazonaws.com",
            name="bob",
            sealed_secret="",
            created=CREATED,
        ),
        MFADevice(
            account_id=ACCOUNT_ID, name="phone", path="/m/", sealed_seed="", created=CREATED, tags=(("Team", "blue"),)
        ),
    )
    return world


def give_alice(world: World, *documents: str) -> None:
    alice = world.account.get_user("alice")
    policies = {f"policy{number}": text for number, text in enumerate(documents)}
    world.put(
        User(
            account_id=ACCOUNT_ID,
            name=alice.name,
            path=alice.path,
            id=alice.id,
            created=alice.created,
            tags=(("Team", "blue"),),
            inline_policies=policies,
        )
    )


def decide(world: World, operation: str, caller: Caller | None = None, service: str = "iam", **input: Any) -> str:
    """``allowed``, or the message of the denial."""
    call = world.call(operation, caller or world.user("alice"))
    try:
        authorize(load_service(service).operations[operation], input, world.account, call)
    except AccessDenied as denial:
        return str(denial.message)
    return "allowed"


IAM = f"arn:aws:iam::{ACCOUNT_ID}:"
TRUST = {"AssumeRolePolicyDocument": "{}"}
WEB = {"ServerCertificateName": "web"}
CODECOMMIT = {"ServiceName": "codecommit.amazonaws.com"}
GIT = {"ServiceSpecificCredentialId": "ACCAGITEXAMPLE1111111"}
PHONE = {"SerialNumber": f"{IAM}mfa/m/phone"}
CODES = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
TAG = [{"Key": "Team", "Value": "blue"}]
OIDC = "oidc-provider/idp.example.com/a"
OKTA = {"SAMLProviderArn": f"{IAM}saml-provider/Okta"}
LINKED = "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
FOR_ECS = {"AWSServiceName": "ecs.amazonaws.com"}
ECS_DELETION = {"DeletionTaskId": "task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/id"}

# operation, input, action, ARN it is authorized on, how the denial names it
RESOURCES = [
    ("CreateUser", {"UserName": "x", "Path": "/p/"}, "user/p/x", f"{IAM}user/p/x"),
    ("GetUser", {"UserName": "bob"}, "user/guests/bob", "user bob"),
    ("GetUser", {}, "user/staff/alice", "user alice"),
    ("GetUser", {"UserName": "nobody"}, "user/nobody", "user nobody"),
    ("DeleteUser", {"UserName": "bob"}, "user/guests/bob", "user bob"),
    ("ListUsers", {}, "user/", f"{IAM}user/"),
    ("ListUsers", {"PathPrefix": "/staff/"}, "user/staff/", f"{IAM}user/staff/"),
    ("CreateAccessKey", {"UserName": "bob"}, "user/guests/bob", "user bob"),
    ("ListAccessKeys", {}, "user/staff/alice", "user alice"),
    ("GetAccessKeyLastUsed", {"AccessKeyId": KEY_ID}, "user/guests/bob", f"access key {KEY_ID}"),
    ("AttachUserPolicy", {"UserName": "bob", "PolicyArn": POLICY_ARN}, "user/guests/bob", "user bob"),
    ("PutUserPolicy", {"UserName": "bob", "PolicyName": "p", "PolicyDocument": "{}"}, "user/guests/bob", "user bob"),
    ("CreateGroup", {"GroupName": "g"}, "group/g", f"{IAM}group/g"),
    ("AddUserToGroup", {"GroupName": "admins", "UserName": "bob"}, "group/admins", "group admins"),
    ("ListGroups", {"PathPrefix": "/p/"}, "group/p/", f"{IAM}group/p/"),
    ("ListGroupsForUser", {"UserName": "bob"}, "user/guests/bob", "user bob"),
    ("CreateRole", {"RoleName": "r", **TRUST}, "role/r", f"{IAM}role/r"),
    ("GetRole", {"RoleName": "Builder"}, "role/ci/Builder", "role Builder"),
    ("UpdateAssumeRolePolicy", {"RoleName": "Builder", "PolicyDocument": "{}"}, "role/ci/Builder", "role Builder"),
    ("ListRoles", {}, "role/", f"{IAM}role/"),
    ("ListInstanceProfilesForRole", {"RoleName": "Builder"}, "role/ci/Builder", "role Builder"),
    ("CreatePolicy", {"PolicyName": "P", "PolicyDocument": "{}", "Path": "/t/"}, "policy/t/P", "policy P"),
    ("GetPolicy", {"PolicyArn": POLICY_ARN}, "policy/team/Readers", f"policy {POLICY_ARN}"),
    ("CreatePolicyVersion", {"PolicyArn": POLICY_ARN}, "policy/team/Readers", f"policy {POLICY_ARN}"),
    ("ListPolicies", {}, "policy/", "policy path /"),
    ("CreateInstanceProfile", {"InstanceProfileName": "i"}, "instance-profile/i", f"{IAM}instance-profile/i"),
    ("GetInstanceProfile", {"InstanceProfileName": "web"}, "instance-profile/web", "instance profile web"),
    ("ListInstanceProfiles", {}, "instance-profile/", f"{IAM}instance-profile/"),
    ("CreateLoginProfile", {"UserName": "bob", "Password": "x"}, "user/guests/bob", "user bob"),
    ("GetLoginProfile", {}, "user/staff/alice", "user alice"),
    ("UpdateLoginProfile", {"UserName": "bob"}, "user/guests/bob", "user bob"),
    ("DeleteLoginProfile", {"UserName": "bob"}, "user/guests/bob", "user bob"),
    ("ChangePassword", {"OldPassword": "x", "NewPassword": "y"}, "user/staff/alice", "user alice"),
    ("UploadServerCertificate", {"ServerCertificateName": "c"}, "server-certificate/c", f"{IAM}server-certificate/c"),
    ("GetServerCertificate", WEB, "server-certificate/tls/web", "server certificate web"),
    ("UpdateServerCertificate", WEB, "server-certificate/tls/web", "server certificate web"),
    ("DeleteServerCertificate", WEB, "server-certificate/tls/web", "server certificate web"),
    ("DeleteServerCertificate", {"ServerCertificateName": "no"}, "server-certificate/no", "server certificate no"),
    ("ListServerCertificates", {"PathPrefix": "/tls/"}, "server-certificate/tls/", f"{IAM}server-certificate/tls/"),
    ("TagServerCertificate", {**WEB, "Tags": TAG}, "server-certificate/tls/web", "server certificate web"),
    ("CreateOpenIDConnectProvider", {"Url": "https://idp.example.com/a"}, OIDC, f"{IAM}{OIDC}"),
    ("GetOpenIDConnectProvider", {"OpenIDConnectProviderArn": f"{IAM}{OIDC}"}, OIDC, f"{IAM}{OIDC}"),
    ("ListOpenIDConnectProviders", {}, "oidc-provider/*", f"{IAM}oidc-provider/*"),
    ("CreateSAMLProvider", {"Name": "Okta"}, "saml-provider/Okta", f"{IAM}saml-provider/Okta"),
    ("GetSAMLProvider", OKTA, "saml-provider/Okta", f"{IAM}saml-provider/Okta"),
    ("ListSAMLProviders", {}, "saml-provider/*", f"{IAM}saml-provider/*"),
    ("CreateServiceLinkedRole", FOR_ECS, LINKED, f"{IAM}{LINKED}"),
    ("DeleteServiceLinkedRole", {"RoleName": "no"}, "role/no", "role no"),
    ("GetServiceLinkedRoleDeletionStatus", ECS_DELETION, LINKED, "role AWSServiceRoleForECS"),
    ("UploadSigningCertificate", {"UserName": "bob"}, "user/guests/bob", "user bob"),
    ("ListSigningCertificates", {}, "user/staff/alice", "user alice"),
    ("UploadSSHPublicKey", {"UserName": "bob"}, "user/guests/bob", "user bob"),
    ("ListSSHPublicKeys", {}, "user/staff/alice", "user alice"),
    ("CreateServiceSpecificCredential", {"UserName": "bob", **CODECOMMIT}, "user/guests/bob", "user bob"),
    ("DeleteServiceSpecificCredential", {"UserName": "bob", **GIT}, "user/guests/bob", "user bob"),
    ("ResetServiceSpecificCredential", GIT, "user/staff/alice", "user alice"),
    ("ListServiceSpecificCredentials", {"UserName": "bob"}, "user/guests/bob", "user bob"),
    ("CreateVirtualMFADevice", {"VirtualMFADeviceName": "d", "Path": "/p/"}, "mfa/p/d", f"{IAM}mfa/p/d"),
    ("DeleteVirtualMFADevice", PHONE, "mfa/m/phone", f"{IAM}mfa/m/phone"),
    ("DeleteVirtualMFADevice", {"SerialNumber": f"{IAM}mfa/none"}, "mfa/none", f"{IAM}mfa/none"),
    ("TagMFADevice", {**PHONE, "Tags": TAG}, "mfa/m/phone", f"{IAM}mfa/m/phone"),
    ("ListMFADeviceTags", PHONE, "mfa/m/phone", f"{IAM}mfa/m/phone"),
    ("ListVirtualMFADevices", {}, "mfa/", f"{IAM}mfa/"),
    ("EnableMFADevice", {"UserName": "bob", **PHONE, **CODES}, "user/guests/bob", "user bob"),
    ("ResyncMFADevice", {"UserName": "bob", **PHONE, **CODES}, "user/guests/bob", "user bob"),
    ("DeactivateMFADevice", PHONE, "user/staff/alice", "user alice"),
    ("GetMFADevice", PHONE, "user/staff/alice", "user alice"),
    ("ListMFADevices", {"UserName": "bob"}, "user/guests/bob", "user bob"),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "input", "resource", "shown"), RESOURCES, ids=lambda value: str(value)[:60])
class TestResources:
    def test_a_denial_names_the_resource_as_aws_does(
        self, world: World, operation: str, input: dict[str, Any], resource: str, shown: str
    ) -> None:
        assert decide(world, operation, **input) == (
            f"User: {ME} is not authorized to perform: iam:{operation} on resource: {shown} "
            f"because no identity-based policy allows the iam:{operation} action"
        )

    def test_permission_on_exactly_that_arn_is_enough(
        self, world: World, operation: str, input: dict[str, Any], resource: str, shown: str
    ) -> None:
        give_alice(world, document(action=f"iam:{operation}", resource=IAM + resource))
        assert decide(world, operation, **input) == "allowed"

    def test_permission_on_anything_else_is_not(
        self, world: World, operation: str, input: dict[str, Any], resource: str, shown: str
    ) -> None:
        give_alice(world, document(action=f"iam:{operation}", resource=IAM + resource + "x"))
        assert decide(world, operation, **input) != "allowed"


@pytest.mark.parametrize(
    "operation",
    [
        "GetAccountSummary",
        "GetAccountAuthorizationDetails",
        "ListAccountAliases",
        "GetAccountPasswordPolicy",
        "UpdateAccountPasswordPolicy",
        "DeleteAccountPasswordPolicy",
    ],
)
def test_an_operation_on_the_account_is_authorized_on_everything(world: World, operation: str) -> None:
    give_alice(world, document(action="iam:*", resource=IAM + "*"))
    assert decide(world, operation) == (
        f"User: {ME} is not authorized to perform: iam:{operation} on resource: * "
        f"because no identity-based policy allows the iam:{operation} action"
    )
    give_alice(world, document(action="iam:*"))
    assert decide(world, operation) == "allowed"


def test_root_needs_no_policy(world: World) -> None:
    assert decide(world, "DeleteUser", world.root, UserName="bob") == "allowed"
    assert decide(world, "ListAccessKeys", world.root) == "allowed"


def test_get_caller_identity_is_allowed_even_under_an_explicit_deny(world: World) -> None:
    give_alice(world, document("Deny"))
    assert decide(world, "GetCallerIdentity", service="sts") == "allowed"


def test_an_explicit_deny_wins_and_is_named(world: World) -> None:
    give_alice(world, document(), document("Deny", "iam:DeleteUser"))
    assert decide(world, "DeleteUser", UserName="bob") == (
        f"User: {ME} is not authorized to perform: iam:DeleteUser on resource: user bob "
        "with an explicit deny in an identity-based policy"
    )


def test_policies_of_groups_count(world: World) -> None:
    group = world.account.get_group("admins")
    world.put(
        Group(
            account_id=ACCOUNT_ID,
            name=group.name,
            id=group.id,
            created=CREATED,
            inline_policies={"p": document(action="iam:GetUser")},
        )
    )
    alice = world.account.get_user("alice")
    assert decide(world, "GetUser") != "allowed"
    world.put(
        User(account_id=ACCOUNT_ID, name="alice", path="/staff/", id=alice.id, created=CREATED, group_ids=(group.id,))
    )
    assert decide(world, "GetUser") == "allowed"


def test_an_attached_policy_counts_with_its_default_version_and_a_boundary_limits_it(world: World) -> None:
    alice = world.account.get_user("alice")
    world.put(
        User(
            account_id=ACCOUNT_ID,
            name="alice",
            path="/staff/",
            id=alice.id,
            created=CREATED,
            inline_policies={"all": document()},
            permissions_boundary=POLICY_ARN,
        )
    )
    assert decide(world, "GetUser") == "allowed"
    world.put(
        ManagedPolicy(
            account_id=ACCOUNT_ID,
            name="Readers",
            path="/team/",
            id="ANPAREADERSEXAMPLE111",
            created=CREATED,
            updated=CREATED,
            versions=(
                PolicyVersion(id="v1", document=document(), created=CREATED),
                PolicyVersion(id="v2", document=document(action="s3:*"), created=CREATED),
            ),
            default_version_id="v2",
        )
    )
    assert decide(world, "GetUser") == (
        f"User: {ME} is not authorized to perform: iam:GetUser on resource: user alice "
        "because no permissions boundary allows the iam:GetUser action"
    )


@pytest.mark.parametrize("place", ["user", "group", "boundary"])
def test_nothing_is_decided_without_a_policy_that_this_process_does_not_know(world: World, place: str) -> None:
    arn = "arn:aws:iam::aws:policy/FromAFile"
    give_alice(world, document())
    alice, group = world.account.get_user("alice"), world.account.get_group("admins")
    if place == "user":
        world.put(replace(alice, attached_policies=(arn,)))
    elif place == "group":
        world.put(replace(group, attached_policies=(arn,)), replace(alice, group_ids=(group.id,)))
    else:
        world.put(replace(alice, permissions_boundary=arn))
    with pytest.raises(ServiceFailure) as failure:
        decide(world, "ListUsers")
    assert failure.value.message == (
        f"The policy {arn} is in force, but this server does not know it: start it with the file of AWS-managed "
        "policies that has it."
    )
    assert decide(world, "GetCallerIdentity", service="sts") == "allowed"


def test_an_account_may_let_all_its_users_change_their_passwords(world: World) -> None:
    change = {"OldPassword": "x", "NewPassword": "y"}
    for allowed in (False, True):
        policy = PasswordPolicy(users_may_change=allowed)
        world.put(Settings(account_id=ACCOUNT_ID, created=CREATED, password_policy=policy))
        assert (decide(world, "ChangePassword", **change) == "allowed") is allowed
        assert (decide(world, "GetAccountPasswordPolicy") == "allowed") is allowed
        assert decide(world, "UpdateLoginProfile", UserName="alice") != "allowed"
        assert decide(world, "GetAccountPasswordPolicy", world.role("Builder")) != "allowed"
    give_alice(world, document("Deny", "iam:ChangePassword"))
    assert decide(world, "ChangePassword", **change) == (
        f"User: {ME} is not authorized to perform: iam:ChangePassword on resource: user alice "
        "with an explicit deny in an identity-based policy"
    )


# More than one action, more than one resource -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "input", "tag_action"),
    [
        ("CreateUser", {"UserName": "x"}, "iam:TagUser"),
        ("CreateRole", {"RoleName": "x", **TRUST}, "iam:TagRole"),
        ("CreatePolicy", {"PolicyName": "x", "PolicyDocument": "{}"}, "iam:TagPolicy"),
        ("CreateInstanceProfile", {"InstanceProfileName": "x"}, "iam:TagInstanceProfile"),
        ("CreateVirtualMFADevice", {"VirtualMFADeviceName": "x"}, "iam:TagMFADevice"),
        ("UploadServerCertificate", {"ServerCertificateName": "x"}, "iam:TagServerCertificate"),
    ],
)
def test_tags_at_birth_need_the_tag_action_too(
    world: World, operation: str, input: dict[str, Any], tag_action: str
) -> None:
    give_alice(world, document(action=f"iam:{operation}"))
    assert decide(world, operation, **input) == "allowed"
    denial = decide(world, operation, **input, Tags=TAG)
    assert f"is not authorized to perform: {tag_action} on resource: " in denial
    give_alice(world, document(action=[f"iam:{operation}", tag_action]))
    assert decide(world, operation, **input, Tags=TAG) == "allowed"


def test_a_rename_needs_permission_on_the_old_and_on_the_new_arn(world: World) -> None:
    rename = {"UserName": "bob", "NewUserName": "rob", "NewPath": "/staff/"}
    give_alice(world, document(action="iam:UpdateUser", resource=f"{IAM}user/guests/bob"))
    assert decide(world, "UpdateUser", **rename) == (
        f"User: {ME} is not authorized to perform: iam:UpdateUser on resource: {IAM}user/staff/rob "
        "because no identity-based policy allows the iam:UpdateUser action"
    )
    give_alice(world, document(action="iam:UpdateUser", resource=[f"{IAM}user/guests/bob", f"{IAM}user/staff/rob"]))
    assert decide(world, "UpdateUser", **rename) == "allowed"
    give_alice(world, document(action="iam:UpdateGroup", resource=f"{IAM}group/admins"))
    assert decide(world, "UpdateGroup", GroupName="admins") == "allowed"
    assert decide(world, "UpdateGroup", GroupName="admins", NewGroupName="root") != "allowed"
    give_alice(world, document(action="iam:UpdateServerCertificate", resource=f"{IAM}server-certificate/tls/*"))
    assert decide(world, "UpdateServerCertificate", **WEB, NewServerCertificateName="www") == "allowed"
    assert decide(world, "UpdateServerCertificate", **WEB, NewPath="/") != "allowed"


def test_the_credentials_of_all_users_are_everything(world: World) -> None:
    give_alice(world, document(action="iam:ListServiceSpecificCredentials", resource=f"{IAM}user/*"))
    assert decide(world, "ListServiceSpecificCredentials", UserName="bob") == "allowed"
    assert decide(world, "ListServiceSpecificCredentials", AllUsers=True) != "allowed"


def test_a_role_is_given_to_instances_only_with_pass_role_to_ec2(world: World) -> None:
    add = {"InstanceProfileName": "web", "RoleName": "Builder"}
    give_alice(world, document(action="iam:AddRoleToInstanceProfile"))
    assert decide(world, "AddRoleToInstanceProfile", **add) == (
        f"User: {ME} is not authorized to perform: iam:PassRole on resource: {IAM}role/ci/Builder "
        "because no identity-based policy allows the iam:PassRole action"
    )
    for service, expected in (("ec2.amazonaws.com", True), ("lambda.amazonaws.com", False)):
        condition = {"StringEquals": {"iam:PassedToService": service}}
        pass_role = document(action="iam:PassRole", resource=f"{IAM}role/ci/*", condition=condition)
        give_alice(world, document(action="iam:AddRoleToInstanceProfile"), pass_role)
        assert (decide(world, "AddRoleToInstanceProfile", **add) == "allowed") is expected
    for resource, expected in (("instance/*", True), ("network-interface/*", False)):
        condition = {"ArnLike": {"iam:AssociatedResourceArn": f"arn:aws:ec2:*:{world.account.account_id}:{resource}"}}
        pass_role = document(action="iam:PassRole", resource=f"{IAM}role/ci/*", condition=condition)
        give_alice(world, document(action="iam:AddRoleToInstanceProfile"), pass_role)
        assert (decide(world, "AddRoleToInstanceProfile", **add) == "allowed") is expected


# Condition keys -------------------------------------------------------------------------------------------------------

BOUNDARY = {"PermissionsBoundary": POLICY_ARN}
BOUND = {"ArnEquals": {"iam:PermissionsBoundary": POLICY_ARN}}
OTHERS = {"ArnLike": {"iam:PolicyARN": f"{IAM}policy/other/*"}}
READERS = {"ArnEquals": {"iam:PolicyARN": POLICY_ARN}}
FOR_CODECOMMIT = {"StringEquals": {"iam:ServiceSpecificCredentialServiceName": "codecommit.amazonaws.com"}}
LINKED_TO_ECS = {"StringEquals": {"iam:AWSServiceName": "ecs.amazonaws.com"}}
AT_MOST_90_DAYS = {"NumericLessThanEquals": {"iam:ServiceSpecificCredentialAgeDays": "90"}}

CONDITIONS = [
    ("GetUser", {}, {"StringEquals": {"aws:username": "alice"}}, True),
    ("GetUser", {}, {"StringEquals": {"aws:userid": "AIDAALICEXAMPLE111111"}}, True),
    ("GetUser", {}, {"ArnEquals": {"aws:PrincipalArn": ME}}, True),
    ("GetUser", {}, {"StringEquals": {"aws:PrincipalAccount": ACCOUNT_ID}}, True),
    ("GetUser", {}, {"StringEquals": {"aws:PrincipalType": "User"}}, True),
    ("GetUser", {}, {"StringEquals": {"aws:PrincipalTag/team": "blue"}}, True),
    ("GetUser", {}, {"StringEquals": {"aws:PrincipalTag/team": "red"}}, False),
    ("GetUser", {}, {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, True),
    ("GetUser", {}, {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}, False),
    ("GetUser", {}, {"Bool": {"aws:SecureTransport": "false"}}, True),
    ("GetUser", {}, {"Bool": {"aws:SecureTransport": "true"}}, False),
    ("GetUser", {}, {"Bool": {"aws:ViaAWSService": "false"}}, True),
    ("GetUser", {}, {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, True),
    ("GetUser", {}, {"StringLike": {"aws:UserAgent": "*"}}, True),
    ("GetUser", {}, {"DateGreaterThan": {"aws:CurrentTime": "2023-11-15T00:00:00Z"}}, True),
    ("GetUser", {}, {"DateLessThan": {"aws:CurrentTime": "2023-11-15T00:00:00Z"}}, False),
    ("GetUser", {}, {"NumericGreaterThan": {"aws:EpochTime": str(CREATED)}}, True),
    ("GetUser", {}, {"Null": {"aws:MultiFactorAuthPresent": "true", "aws:TokenIssueTime": "true"}}, True),
    ("GetUser", {"UserName": "bob"}, {"StringEquals": {"aws:ResourceTag/Team": "blue"}}, True),
    ("GetUser", {"UserName": "bob"}, {"StringEquals": {"iam:ResourceTag/Team": "${aws:PrincipalTag/Team}"}}, True),
    ("GetRole", {"RoleName": "Builder"}, {"StringEquals": {"iam:ResourceTag/Team": "${aws:PrincipalTag/Team}"}}, False),
    ("CreateUser", {"UserName": "x", "Tags": TAG}, {"StringEquals": {"aws:RequestTag/Team": "blue"}}, True),
    ("CreateUser", {"UserName": "x", "Tags": TAG}, {"ForAllValues:StringEquals": {"aws:TagKeys": ["Team"]}}, True),
    ("CreateUser", {"UserName": "x", "Tags": TAG}, {"ForAnyValue:StringEquals": {"aws:TagKeys": ["Cost"]}}, False),
    ("TagUser", {"UserName": "bob", "Tags": TAG}, {"StringEquals": {"aws:RequestTag/Team": "red"}}, False),
    ("UntagUser", {"UserName": "bob", "TagKeys": ["Team"]}, {"ForAnyValue:StringLike": {"aws:TagKeys": "T*"}}, True),
    ("CreateServiceSpecificCredential", {"UserName": "bob", **CODECOMMIT}, FOR_CODECOMMIT, True),
    ("CreateServiceSpecificCredential", {"UserName": "bob", "ServiceName": "x"}, FOR_CODECOMMIT, False),
    ("ResetServiceSpecificCredential", {"UserName": "bob", **GIT}, FOR_CODECOMMIT, True),
    ("UpdateServiceSpecificCredential", {"UserName": "bob", **GIT}, FOR_CODECOMMIT, True),
    ("DeleteServiceSpecificCredential", {"UserName": "bob", **GIT}, FOR_CODECOMMIT, True),
    ("DeleteServiceSpecificCredential", GIT, FOR_CODECOMMIT, False),
    ("CreateServiceLinkedRole", FOR_ECS, LINKED_TO_ECS, True),
    ("CreateServiceLinkedRole", {"AWSServiceName": "es.amazonaws.com"}, LINKED_TO_ECS, False),
    ("GetServiceLinkedRoleDeletionStatus", ECS_DELETION, LINKED_TO_ECS, True),
    ("GetServiceLinkedRoleDeletionStatus", {"DeletionTaskId": "task"}, LINKED_TO_ECS, False),
    ("DeleteServiceLinkedRole", {"RoleName": "AWSServiceRoleForECS"}, LINKED_TO_ECS, True),
    ("DeleteServiceLinkedRole", {"RoleName": "Builder"}, LINKED_TO_ECS, False),
    ("CreateServiceSpecificCredential", {**CODECOMMIT, "CredentialAgeDays": 90}, AT_MOST_90_DAYS, True),
    ("CreateServiceSpecificCredential", {**CODECOMMIT, "CredentialAgeDays": 91}, AT_MOST_90_DAYS, False),
    ("CreateServiceSpecificCredential", CODECOMMIT, AT_MOST_90_DAYS, False),
    ("ListMFADeviceTags", PHONE, {"StringEquals": {"aws:ResourceTag/Team": "blue"}}, True),
    ("UntagMFADevice", {**PHONE, "TagKeys": ["Team"]}, {"ForAnyValue:StringLike": {"aws:TagKeys": "C*"}}, False),
    ("CreateUser", {"UserName": "x", **BOUNDARY}, BOUND, True),
    ("CreateUser", {"UserName": "x"}, BOUND, False),
    ("PutUserPermissionsBoundary", {"UserName": "alice", **BOUNDARY}, BOUND, True),
    ("DeleteUserPermissionsBoundary", {"UserName": "bob"}, BOUND, True),
    ("DeleteUserPermissionsBoundary", {"UserName": "alice"}, BOUND, False),
    ("PutUserPolicy", {"UserName": "bob"}, BOUND, True),
    ("AttachUserPolicy", {"UserName": "bob", "PolicyArn": POLICY_ARN}, READERS, True),
    ("AttachGroupPolicy", {"GroupName": "admins", "PolicyArn": POLICY_ARN}, OTHERS, False),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "input", "condition", "holds"), CONDITIONS, ids=lambda value: str(value)[:70])
def test_condition_keys(
    world: World, operation: str, input: dict[str, Any], condition: dict[str, Any], holds: bool
) -> None:
    give_alice(world, document(condition=condition))
    assert (decide(world, operation, **input) == "allowed") is holds


@pytest.mark.parametrize("keys", [("Team", "team"), ("team", "Team"), ("TEAM", "team", "Team")])
def test_of_request_tags_that_differ_in_case_none_hides_another(world: World, keys: tuple[str, ...]) -> None:
    rivals = [{"Key": key, "Value": "red" if key == "Team" else "blue"} for key in keys]
    for operator, value in (("StringEquals", "blue"), ("StringNotEquals", "red")):
        give_alice(world, document(condition={operator: {"aws:RequestTag/team": value}}))
        assert decide(world, "TagPolicy", PolicyArn=POLICY_ARN, Tags=rivals).startswith(f"User: {ME} is not authorized")
    give_alice(world, document(), document("Deny", condition={"StringEquals": {"aws:RequestTag/team": "red"}}))
    assert "explicit deny" in decide(world, "TagPolicy", PolicyArn=POLICY_ARN, Tags=rivals)
    give_alice(world, document())
    assert decide(world, "TagPolicy", PolicyArn=POLICY_ARN, Tags=rivals) == "allowed"


def test_of_a_resource_with_tags_that_differ_in_case_no_tag_hides_another(world: World) -> None:
    policy = world.account.find_policy(POLICY_ARN)
    world.put(replace(policy, tags=(("Team", "red"), ("team", "blue"))))
    for value in ("red", "blue"):
        give_alice(world, document(condition={"StringEquals": {"aws:ResourceTag/Team": value}}))
        assert decide(world, "GetPolicy", PolicyArn=POLICY_ARN).startswith(f"User: {ME} is not authorized")
        give_alice(world, document(), document("Deny", condition={"StringEquals": {"aws:ResourceTag/Team": value}}))
        assert "explicit deny" in decide(world, "GetPolicy", PolicyArn=POLICY_ARN)


def test_a_boundary_can_be_required_of_new_users(world: World) -> None:
    """The delegation pattern: who may create users may create only bounded ones."""
    condition = {"StringEquals": {"iam:PermissionsBoundary": POLICY_ARN}}
    give_alice(world, document(action="iam:CreateUser", condition=condition))
    assert decide(world, "CreateUser", UserName="x", PermissionsBoundary=POLICY_ARN) == "allowed"
    assert decide(world, "CreateUser", UserName="x", PermissionsBoundary=f"{IAM}policy/Other") != "allowed"
    assert decide(world, "CreateUser", UserName="x") != "allowed"


def test_the_source_is_told_as_it_is(world: World) -> None:
    call = world.call("GetUser", world.user("alice"))
    secure = Source(ip="2001:db8::7", secure=True, user_agent="aws-cli/1", referer="https://example.com/")
    from msgspec.structs import replace

    from iamd.authorization.context import request_context

    context = request_context(world.account, replace(call, source=secure))
    assert {key: context[key] for key in ("aws:sourceip", "aws:securetransport", "aws:useragent", "aws:referer")} == {
        "aws:sourceip": "2001:db8::7",
        "aws:securetransport": "true",
        "aws:useragent": "aws-cli/1",
        "aws:referer": "https://example.com/",
    }
    assert "aws:referer" not in request_context(world.account, call)


@pytest.mark.parametrize("key", ["aws:PrincipalOrgID", "aws:ResourceOrgID"])
def test_members_of_an_organization_are_known_as_such(world: World, key: str) -> None:
    directory = world.directory
    for organization_id in ("o-a1b2c3d4e5", "o-f6g7h8i9j0"):
        directory.organizations[organization_id] = Organization(
            id=organization_id, management_account_id=OTHER_ACCOUNT_ID
        )
    give_alice(world, document(condition={"StringEquals": {key: "o-a1b2c3d4e5"}}))
    assert decide(world, "ListUsers") != "allowed"
    directory.organization_ids[ACCOUNT_ID] = "o-a1b2c3d4e5"
    assert decide(world, "ListUsers") == "allowed"
    directory.organization_ids[ACCOUNT_ID] = "o-f6g7h8i9j0"
    assert decide(world, "ListUsers") != "allowed"


def test_a_denial_is_access_denied_and_carries_its_decision(world: World) -> None:
    call = world.call("GetUser", world.user("alice"))
    with pytest.raises(Denied) as denied:
        authorize(load_service("iam").operations["GetUser"], {}, world.account, call)
    denial = denied.value
    assert (denial.code, denial.status, denial.decision.outcome) == ("AccessDenied", 403, "implicitDeny")

"""The table of operations: each with a call that succeeds, and one for every declared error that it can raise.

WRITES come first, READS look at what they made, DELETES take it away again.
"""

import json
import time
from typing import Any

from tests.iam.certificates import issue, rsa_key
from tests.iam.test_role_templates import ARN as TEMPLATE
from tests.iam.test_role_templates import TRUST
from tests.iam.test_saml_providers import entity
from tests.iam.test_ssh_public_keys import pem, ssh
from tests.operations.story import (
    ACCOUNT_ID,
    ALONE_ID,
    BILLING_ID,
    DELEGATE_ID,
    MEMBER_ID,
    UNTRUSTING_ID,
    Given,
    Input,
    Refusal,
    Row,
    Story,
)


def arn(rest: str) -> str:
    return f"arn:aws:iam::{ACCOUNT_ID}:{rest}"


def policy(action: str = "s3:GetObject") -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def tags(*keys: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": "1"} for key in keys]


TAGS = tags("Team")
TWICE = tags("a", "a")  # which no entity takes
MALFORMED = "{}"
POLICY = arn("policy/team/Readers")
NO_POLICY = arn("policy/None")
USER = arn("user/alice")  # an ARN, but no policy's
SERVICES_POLICY = "arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
LINKED = "AWSServiceRoleForECS"
OIDC = arn("oidc-provider/token.example.com")
SAML = arn("saml-provider/Example")
NO_JOB = "00000000-0000-4000-8000-000000000000"
NO_ID = "NONEEXAMPLEEXAMPLEEXAMPLE"
PASSWORD = "Correct-Horse-7-Battery"
NEW_PASSWORD = "Staple-8-Correct-Horse"
CERTIFICATE = issue(key=rsa_key(), start=int(time.time()) - 86_400)
SIGNING = issue("alice", start=int(time.time()) - 86_400)
QUOTA = {"ServiceCode": "iam", "QuotaCode": "L-F4A5425F"}
NO_QUOTA = {"ServiceCode": "iam", "QuotaCode": "L-00000000"}
QUOTA_ARN = f"arn:aws:servicequotas::{ACCOUNT_ID}:iam/L-F4A5425F"

# What an organization must be like for central root access, by what is missing in another account's.
NOT_READY = {
    "OrganizationNotFoundException": Refusal({}, ALONE_ID),
    "AccountNotManagementOrDelegatedAdministratorException": Refusal({}, MEMBER_ID),
    "OrganizationNotInAllFeaturesModeException": Refusal({}, BILLING_ID),
    "ServiceAccessNotEnabledException": Refusal({}, UNTRUSTING_ID),
}
NOT_MANAGEMENT = NOT_READY | {"CallerIsNotManagementAccountException": Refusal({}, DELEGATE_ID)}


ASKED = {"DelegationRequestId": "@asked"}
NO_REQUEST = "00000000-0000-4000-8000-000000000000"


def asked(workflow: str) -> Input:
    """A delegation request to the account itself."""
    return {
        "OwnerAccountId": ACCOUNT_ID,
        "Description": "Look around.",
        "Permissions": {"PolicyTemplateArn": POLICY},
        "RequestorWorkflowId": workflow,
        "NotificationChannel": f"arn:aws:sns:us-east-1:{ACCOUNT_ID}:delegations",
        "SessionDuration": 900,
    }


def missing(**input: Any) -> dict[str, Given | Refusal]:
    """The refusal of what is about something that is not there."""
    return {"NoSuchEntity": input}


def tagging(operation: str, input: Input, none: Input) -> tuple[Row, ...]:
    """The rows of a Tag… operation: keys twice in one request, and something that is not there."""
    refusals: dict[str, Given | Refusal] = {
        "NoSuchEntity": {**none, "Tags": TAGS},
        "InvalidInput": {**input, "Tags": TWICE},
    }
    return (Row(operation, {**input, "Tags": TAGS}, refusals),)


def wrong_codes(story: Story) -> Input:
    return {
        "UserName": "alice",
        "SerialNumber": story.saved["phone"],
        "AuthenticationCode1": "000000",
        "AuthenticationCode2": "000000",
    }


WRITES: tuple[Row, ...] = (
    # Users
    Row(
        "CreateUser",
        {"UserName": "alice", "Path": "/staff/", "Tags": TAGS},
        {
            "NoSuchEntity": {"UserName": "x", "PermissionsBoundary": NO_POLICY},
            "InvalidInput": {"UserName": "x", "Tags": TWICE},
        },
        {"EntityAlreadyExists": {"UserName": "ALICE"}},
    ),
    Row("CreateUser", {"UserName": "bob"}),
    Row("CreateUser", {"UserName": "spare"}),
    Row(
        "UpdateUser",
        {"UserName": "bob", "NewUserName": "robert"},
        missing(UserName="none", NewUserName="other"),
        {"EntityAlreadyExists": {"UserName": "robert", "NewUserName": "Alice"}},
    ),
    *tagging("TagUser", {"UserName": "alice"}, {"UserName": "none"}),
    # Groups
    Row("CreateGroup", {"GroupName": "admins"}, after={"EntityAlreadyExists": {"GroupName": "Admins"}}),
    Row("CreateGroup", {"GroupName": "readers"}),
    Row(
        "UpdateGroup",
        {"GroupName": "admins", "NewGroupName": "operators"},
        missing(GroupName="none"),
        {"EntityAlreadyExists": {"GroupName": "readers", "NewGroupName": "Operators"}},
    ),
    Row("AddUserToGroup", {"GroupName": "operators", "UserName": "alice"}, missing(GroupName="none", UserName="alice")),
    # Managed policies
    Row(
        "CreatePolicy",
        {"PolicyName": "Readers", "Path": "/team/", "PolicyDocument": policy(), "Tags": TAGS},
        {
            "MalformedPolicyDocument": {"PolicyName": "x", "PolicyDocument": MALFORMED},
            "InvalidInput": {"PolicyName": "x", "PolicyDocument": policy(), "Tags": TWICE},
        },
        {"EntityAlreadyExists": {"PolicyName": "readers", "PolicyDocument": policy()}},
    ),
    Row(
        "CreatePolicyVersion",
        {"PolicyArn": POLICY, "PolicyDocument": policy("s3:ListBucket")},
        {
            "NoSuchEntity": {"PolicyArn": NO_POLICY, "PolicyDocument": policy()},
            "MalformedPolicyDocument": {"PolicyArn": POLICY, "PolicyDocument": MALFORMED},
            "InvalidInput": {"PolicyArn": USER, "PolicyDocument": policy()},
        },
    ),
    Row(
        "SetDefaultPolicyVersion",
        {"PolicyArn": POLICY, "VersionId": "v2"},
        {
            "NoSuchEntity": {"PolicyArn": POLICY, "VersionId": "v9"},
            "InvalidInput": {"PolicyArn": USER, "VersionId": "v1"},
        },
    ),
    *tagging("TagPolicy", {"PolicyArn": POLICY}, {"PolicyArn": NO_POLICY}),
    # Roles
    Row(
        "CreateServiceLinkedRole",
        {"AWSServiceName": "ecs.amazonaws.com"},
        {"InvalidInput": {"AWSServiceName": "ecs.amazonaws.com", "CustomSuffix": "x"}},
    ),
    Row(
        "CreateRole",
        {"RoleName": "Reader", "AssumeRolePolicyDocument": TRUST, "Tags": TAGS},
        {
            "MalformedPolicyDocument": {"RoleName": "x", "AssumeRolePolicyDocument": MALFORMED},
            "InvalidInput": {"RoleName": "x", "AssumeRolePolicyDocument": TRUST, "Tags": TWICE},
        },
        {"EntityAlreadyExists": {"RoleName": "reader", "AssumeRolePolicyDocument": TRUST}},
    ),
    Row("CreateRole", {"RoleName": "Runner-taken", "AssumeRolePolicyDocument": TRUST}),
    Row(
        "UpdateRole",
        {"RoleName": "Reader", "MaxSessionDuration": 7200},
        {"NoSuchEntity": {"RoleName": "none"}, "UnmodifiableEntity": {"RoleName": LINKED, "MaxSessionDuration": 7200}},
    ),
    Row(
        "UpdateRoleDescription",
        {"RoleName": "Reader", "Description": "Reads."},
        missing(RoleName="none", Description=""),
    ),
    Row(
        "UpdateAssumeRolePolicy",
        {"RoleName": "Reader", "PolicyDocument": TRUST},
        {
            "NoSuchEntity": {"RoleName": "none", "PolicyDocument": TRUST},
            "MalformedPolicyDocument": {"RoleName": "Reader", "PolicyDocument": MALFORMED},
            "UnmodifiableEntity": {"RoleName": LINKED, "PolicyDocument": TRUST},
        },
    ),
    *tagging("TagRole", {"RoleName": "Reader"}, {"RoleName": "none"}),
    Row(
        "AcquireRole",
        {"TemplateArn": TEMPLATE, "ReplacementValues": {"Project": {"Values": ["blue"]}}},
        {
            "NoSuchEntity": {"TemplateArn": TEMPLATE, "TemplateMinorVersion": 9},
            "InvalidInput": {"TemplateArn": TEMPLATE},
            "NameConflict": {"TemplateArn": TEMPLATE, "ReplacementValues": {"Project": {"Values": ["taken"]}}},
            "RoleTemplateDisabled": {
                "TemplateArn": TEMPLATE,
                "TemplateMinorVersion": 2,
                "ReplacementValues": {"Project": {"Values": ["x"]}},
            },
            "MalformedPolicyDocument": {
                "TemplateArn": TEMPLATE,
                "TemplateMinorVersion": 3,
                "ReplacementValues": {"Project": {"Values": ["x"]}},
            },
        },
    ),
    # Attachments, inline policies and boundaries
    *(
        Row(
            f"Attach{kind}Policy",
            {f"{kind}Name": name, "PolicyArn": POLICY},
            {
                "NoSuchEntity": {f"{kind}Name": name, "PolicyArn": NO_POLICY},
                "PolicyNotAttachable": {f"{kind}Name": name, "PolicyArn": SERVICES_POLICY},
                "InvalidInput": {f"{kind}Name": name, "PolicyArn": USER},
            }
            | ({"UnmodifiableEntity": {"RoleName": LINKED, "PolicyArn": POLICY}} if kind == "Role" else {}),
        )
        for kind, name in (("User", "alice"), ("Group", "operators"), ("Role", "Reader"))
    ),
    *(
        Row(
            f"Put{kind}Policy",
            {f"{kind}Name": name, "PolicyName": "own", "PolicyDocument": policy()},
            {
                "NoSuchEntity": {f"{kind}Name": "none", "PolicyName": "own", "PolicyDocument": policy()},
                "MalformedPolicyDocument": {f"{kind}Name": name, "PolicyName": "own", "PolicyDocument": MALFORMED},
            }
            | (
                {"UnmodifiableEntity": {"RoleName": LINKED, "PolicyName": "own", "PolicyDocument": policy()}}
                if kind == "Role"
                else {}
            ),
        )
        for kind, name in (("User", "alice"), ("Group", "operators"), ("Role", "Reader"))
    ),
    *(
        Row(
            f"Put{kind}PermissionsBoundary",
            {f"{kind}Name": name, "PermissionsBoundary": POLICY},
            {
                "NoSuchEntity": {f"{kind}Name": name, "PermissionsBoundary": NO_POLICY},
                "InvalidInput": {f"{kind}Name": name, "PermissionsBoundary": arn("user/alice")},
                "PolicyNotAttachable": {f"{kind}Name": name, "PermissionsBoundary": SERVICES_POLICY},
            }
            | ({"UnmodifiableEntity": {"RoleName": LINKED, "PermissionsBoundary": POLICY}} if kind == "Role" else {}),
        )
        for kind, name in (("User", "alice"), ("Role", "Reader"))
    ),
    # Instance profiles
    Row(
        "CreateInstanceProfile",
        {"InstanceProfileName": "Web", "Tags": TAGS},
        {"InvalidInput": {"InstanceProfileName": "x", "Tags": TWICE}},
        {"EntityAlreadyExists": {"InstanceProfileName": "web"}},
    ),
    Row(
        "AddRoleToInstanceProfile",
        {"InstanceProfileName": "Web", "RoleName": "Reader"},
        {
            "NoSuchEntity": {"InstanceProfileName": "None", "RoleName": "Reader"},
            "UnmodifiableEntity": {"InstanceProfileName": "Web", "RoleName": LINKED},
        },
        {"LimitExceeded": {"InstanceProfileName": "Web", "RoleName": "Runner-taken"}},
    ),
    *tagging("TagInstanceProfile", {"InstanceProfileName": "Web"}, {"InstanceProfileName": "None"}),
    # Access keys and passwords
    Row("CreateAccessKey", {"UserName": "spare"}, missing(UserName="none"), saves={"key": "AccessKey.AccessKeyId"}),
    Row(
        "UpdateAccessKey",
        {"UserName": "spare", "AccessKeyId": "@key", "Status": "Inactive"},
        missing(UserName="alice", AccessKeyId="@key", Status="Inactive"),
    ),
    Row(
        "UpdateAccountPasswordPolicy",
        {"MinimumPasswordLength": 12, "PasswordReusePrevention": 3},
    ),
    Row(
        "CreateLoginProfile",
        {"UserName": "alice", "Password": PASSWORD},
        {
            "NoSuchEntity": {"UserName": "none", "Password": PASSWORD},
            "PasswordPolicyViolation": {"UserName": "alice", "Password": "short"},
        },
        {"EntityAlreadyExists": {"UserName": "alice", "Password": PASSWORD}},
    ),
    Row(
        "UpdateLoginProfile",
        {"UserName": "alice", "PasswordResetRequired": True},
        {
            "NoSuchEntity": {"UserName": "spare", "PasswordResetRequired": True},
            "PasswordPolicyViolation": {"UserName": "alice", "Password": "short"},
        },
    ),
    # MFA devices
    Row(
        "CreateVirtualMFADevice",
        {"VirtualMFADeviceName": "phone", "Tags": TAGS},
        {"InvalidInput": {"VirtualMFADeviceName": "x", "Tags": TWICE}},
        {"EntityAlreadyExists": {"VirtualMFADeviceName": "phone"}},
        saves={"phone": "VirtualMFADevice.SerialNumber", "seed": "VirtualMFADevice.Base32StringSeed"},
    ),
    Row(
        "EnableMFADevice",
        lambda story: {"UserName": "alice", **story.codes("phone", "seed", earlier=4)},
        {
            "NoSuchEntity": lambda story: {**wrong_codes(story), "SerialNumber": arn("mfa/none")},
            "InvalidAuthenticationCode": wrong_codes,
        },
        {"EntityAlreadyExists": wrong_codes},
    ),
    Row(
        "ResyncMFADevice",
        lambda story: {"UserName": "alice", **story.codes("phone", "seed")},
        {
            "NoSuchEntity": lambda story: {**wrong_codes(story), "SerialNumber": arn("mfa/none")},
            "InvalidAuthenticationCode": wrong_codes,
        },
    ),
    *tagging("TagMFADevice", {"SerialNumber": "@phone"}, {"SerialNumber": arn("mfa/none")}),
    # Certificates and keys
    Row(
        "UploadServerCertificate",
        {
            "ServerCertificateName": "web",
            "CertificateBody": CERTIFICATE.pem,
            "PrivateKey": CERTIFICATE.key_pem,
            "Tags": TAGS,
        },
        {
            "MalformedCertificate": {
                "ServerCertificateName": "x",
                "CertificateBody": "x",
                "PrivateKey": CERTIFICATE.key_pem,
            },
            "KeyPairMismatch": {
                "ServerCertificateName": "x",
                "CertificateBody": SIGNING.pem,
                "PrivateKey": CERTIFICATE.key_pem,
            },
            "InvalidInput": {
                "ServerCertificateName": "x",
                "CertificateBody": CERTIFICATE.pem,
                "PrivateKey": CERTIFICATE.key_pem,
                "Tags": TWICE,
            },
        },
        {
            "EntityAlreadyExists": {
                "ServerCertificateName": "Web",
                "CertificateBody": CERTIFICATE.pem,
                "PrivateKey": CERTIFICATE.key_pem,
            }
        },
    ),
    Row(
        "UploadServerCertificate",
        {"ServerCertificateName": "other", "CertificateBody": CERTIFICATE.pem, "PrivateKey": CERTIFICATE.key_pem},
    ),
    Row(
        "UpdateServerCertificate",
        {"ServerCertificateName": "other", "NewServerCertificateName": "another"},
        missing(ServerCertificateName="none"),
        {"EntityAlreadyExists": {"ServerCertificateName": "another", "NewServerCertificateName": "WEB"}},
    ),
    *tagging("TagServerCertificate", {"ServerCertificateName": "web"}, {"ServerCertificateName": "none"}),
    Row(
        "UploadSigningCertificate",
        {"UserName": "alice", "CertificateBody": SIGNING.pem},
        {
            "NoSuchEntity": {"UserName": "none", "CertificateBody": SIGNING.pem},
            "MalformedCertificate": {"UserName": "alice", "CertificateBody": "x"},
        },
        {"DuplicateCertificate": {"UserName": "alice", "CertificateBody": SIGNING.pem}},
        saves={"certificate": "Certificate.CertificateId"},
    ),
    Row(
        "UpdateSigningCertificate",
        {"UserName": "alice", "CertificateId": "@certificate", "Status": "Inactive"},
        missing(UserName="spare", CertificateId="@certificate", Status="Inactive"),
    ),
    Row(
        "UploadSSHPublicKey",
        {"UserName": "alice", "SSHPublicKeyBody": ssh()},
        {
            "NoSuchEntity": {"UserName": "none", "SSHPublicKeyBody": ssh()},
            "InvalidPublicKey": {"UserName": "alice", "SSHPublicKeyBody": ssh(1024)},
            "UnrecognizedPublicKeyEncoding": {"UserName": "alice", "SSHPublicKeyBody": "x"},
        },
        {"DuplicateSSHPublicKey": {"UserName": "alice", "SSHPublicKeyBody": pem()}},
        saves={"ssh": "SSHPublicKey.SSHPublicKeyId"},
    ),
    Row(
        "UpdateSSHPublicKey",
        {"UserName": "alice", "SSHPublicKeyId": "@ssh", "Status": "Inactive"},
        missing(UserName="spare", SSHPublicKeyId="@ssh", Status="Inactive"),
    ),
    Row(
        "CreateServiceSpecificCredential",
        {"UserName": "alice", "ServiceName": "codecommit.amazonaws.com"},
        missing(UserName="none", ServiceName="codecommit.amazonaws.com"),
        saves={"credential": "ServiceSpecificCredential.ServiceSpecificCredentialId"},
    ),
    Row(
        "ResetServiceSpecificCredential",
        {"UserName": "alice", "ServiceSpecificCredentialId": "@credential"},
        missing(UserName="alice", ServiceSpecificCredentialId=NO_ID),
    ),
    Row(
        "UpdateServiceSpecificCredential",
        {"UserName": "alice", "ServiceSpecificCredentialId": "@credential", "Status": "Inactive"},
        missing(UserName="alice", ServiceSpecificCredentialId=NO_ID, Status="Inactive"),
    ),
    # Identity providers
    Row(
        "CreateOpenIDConnectProvider",
        {"Url": "https://token.example.com", "ClientIDList": ["one"], "ThumbprintList": ["a" * 40], "Tags": TAGS},
        {"InvalidInput": {"Url": "https://x.example.com", "ThumbprintList": [f"{n}" * 40 for n in range(6)]}},
        {"EntityAlreadyExists": {"Url": "https://token.example.com", "ThumbprintList": ["a" * 40]}},
    ),
    Row(
        "AddClientIDToOpenIDConnectProvider",
        {"OpenIDConnectProviderArn": OIDC, "ClientID": "two"},
        missing(OpenIDConnectProviderArn=f"{OIDC}.none", ClientID="two"),
    ),
    Row(
        "UpdateOpenIDConnectProviderThumbprint",
        {"OpenIDConnectProviderArn": OIDC, "ThumbprintList": ["b" * 40]},
        {
            "NoSuchEntity": {"OpenIDConnectProviderArn": f"{OIDC}.none", "ThumbprintList": ["b" * 40]},
            "InvalidInput": {"OpenIDConnectProviderArn": OIDC, "ThumbprintList": [f"{n}" * 40 for n in range(6)]},
        },
    ),
    *tagging(
        "TagOpenIDConnectProvider",
        {"OpenIDConnectProviderArn": OIDC},
        {"OpenIDConnectProviderArn": f"{OIDC}.none"},
    ),
    Row(
        "CreateSAMLProvider",
        {"Name": "Example", "SAMLMetadataDocument": entity(), "Tags": TAGS},
        {"InvalidInput": {"Name": "x", "SAMLMetadataDocument": "x" * 1000}},
        {"EntityAlreadyExists": {"Name": "Example", "SAMLMetadataDocument": entity()}},
    ),
    Row(
        "UpdateSAMLProvider",
        {"SAMLProviderArn": SAML, "AddPrivateKey": CERTIFICATE.key_pem},
        {
            "NoSuchEntity": {"SAMLProviderArn": f"{SAML}None"},
            "InvalidInput": {"SAMLProviderArn": SAML, "SAMLMetadataDocument": "x" * 1000},
        },
    ),
    *tagging("TagSAMLProvider", {"SAMLProviderArn": SAML}, {"SAMLProviderArn": f"{SAML}None"}),
    # The account
    Row(
        "CreateAccountAlias",
        {"AccountAlias": "example-corp"},
        after={"EntityAlreadyExists": Refusal({"AccountAlias": "example-corp"}, ALONE_ID)},
    ),
    Row("SetSecurityTokenServicePreferences", {"GlobalEndpointTokenVersion": "v2Token"}),
    Row(
        "PutAccountProperties",
        {"Properties": {"RoleManager/Enabled": "true"}},
        {"InvalidInput": {"Properties": {"RoleManager/Enabled": "maybe"}}},
    ),
    Row("GenerateCredentialReport"),
    Row(
        "GenerateServiceLastAccessedDetails",
        {"Arn": arn("user/staff/alice"), "Granularity": "ACTION_LEVEL"},
        {"NoSuchEntity": {"Arn": arn("user/none")}, "InvalidInput": {"Arn": arn("root")}},
        saves={"access job": "JobId"},
    ),
    Row(
        "GenerateOrganizationsAccessReport",
        {"EntityPath": "o-a1b2c3d4e5/r-f6g7"},
        {"AccessDenied": Refusal({"EntityPath": "o-a1b2c3d4e5/r-f6g7"}, MEMBER_ID)},
        saves={"organization job": "JobId"},
    ),
    Row("EnableOrganizationsRootCredentialsManagement", {}, NOT_MANAGEMENT),
    Row("EnableOrganizationsRootSessions", {}, NOT_MANAGEMENT),
    Row("EnableOutboundWebIdentityFederation", after={"FeatureEnabled": {}}),
    # Delegation requests
    Row(
        "CreateDelegationRequest",
        asked("workflow-1"),
        {"InvalidInput": {**asked("workflow-2"), "NotificationChannel": f"arn:aws:sqs:us-east-1:{ACCOUNT_ID}:queue"}},
        {"EntityAlreadyExists": asked("workflow-1")},
        saves={"asked": "DelegationRequestId"},
    ),
    Row("CreateDelegationRequest", asked("workflow-2"), saves={"other": "DelegationRequestId"}),
    Row(
        "AssociateDelegationRequest",
        ASKED,
        missing(DelegationRequestId=NO_REQUEST),
        {"InvalidInput": ASKED},
    ),
    Row(
        "UpdateDelegationRequest",
        ASKED,
        {"NoSuchEntity": {"DelegationRequestId": NO_REQUEST}, "InvalidInput": {"DelegationRequestId": "@other"}},
    ),
    Row("AcceptDelegationRequest", ASKED, missing(DelegationRequestId=NO_REQUEST)),
    Row("SendDelegationToken", ASKED, missing(DelegationRequestId=NO_REQUEST), {"InvalidInput": ASKED}),
    # Service Quotas
    Row(
        "RequestServiceQuotaIncrease",
        {**QUOTA, "DesiredValue": 400},
        {
            "NoSuchResourceException": {**NO_QUOTA, "DesiredValue": 400},
            "IllegalArgumentException": {**QUOTA, "DesiredValue": 1},
        },
        {"ResourceAlreadyExistsException": {**QUOTA, "DesiredValue": 401}},
        saves={"request": "RequestedQuota.Id"},
        service="service-quotas",
    ),
    Row(
        "TagResource",
        {"ResourceARN": QUOTA_ARN, "Tags": TAGS},
        {
            "NoSuchResourceException": {"ResourceARN": f"{QUOTA_ARN}0", "Tags": TAGS},
            "IllegalArgumentException": {"ResourceARN": QUOTA_ARN, "Tags": TWICE},
            "TagPolicyViolationException": {"ResourceARN": QUOTA_ARN, "Tags": tags("aws:x")},
            "TooManyTagsException": {"ResourceARN": QUOTA_ARN, "Tags": tags(*map(str, range(51)))},
        },
        service="service-quotas",
    ),
)


def of_policy(operation: str, **more: str) -> Row:
    refusals: dict[str, Given | Refusal] = {
        "NoSuchEntity": {"PolicyArn": NO_POLICY, **more},
        "InvalidInput": {"PolicyArn": USER, **more},
    }
    return Row(operation, {"PolicyArn": POLICY, **more}, refusals)


def of(kind: str, name: str, operation: str, none: str = "none", **more: Any) -> Row:
    """A read of something with a name, and of nothing."""
    return Row(operation, {f"{kind}Name": name, **more}, missing(**{f"{kind}Name": none}, **more))


IDENTITIES = (("User", "alice"), ("Group", "operators"), ("Role", "Reader"))

READS: tuple[Row, ...] = (
    of("User", "alice", "GetUser"),
    Row("ListUsers"),
    of("User", "alice", "ListUserTags"),
    of("Group", "operators", "GetGroup"),
    Row("ListGroups"),
    of("User", "alice", "ListGroupsForUser"),
    of("Role", "Reader", "GetRole"),
    Row("ListRoles"),
    of("Role", "Reader", "ListRoleTags"),
    of_policy("GetPolicy"),
    of_policy("GetPolicyVersion", VersionId="v1"),
    Row("ListPolicies", {"Scope": "Local"}),
    of_policy("ListPolicyVersions"),
    of_policy("ListPolicyTags"),
    of_policy("ListEntitiesForPolicy"),
    *(of(kind, name, f"ListAttached{kind}Policies") for kind, name in IDENTITIES),
    *(of(kind, name, f"Get{kind}Policy", PolicyName="own") for kind, name in IDENTITIES),
    *(of(kind, name, f"List{kind}Policies") for kind, name in IDENTITIES),
    of("InstanceProfile", "Web", "GetInstanceProfile"),
    Row("ListInstanceProfiles"),
    of("InstanceProfile", "Web", "ListInstanceProfileTags"),
    of("Role", "Reader", "ListInstanceProfilesForRole"),
    of("User", "spare", "ListAccessKeys"),
    Row("GetAccessKeyLastUsed", {"AccessKeyId": "@key"}),
    of("User", "alice", "GetLoginProfile"),
    Row("GetAccountPasswordPolicy", {}, {"NoSuchEntity": Refusal({}, ALONE_ID)}),
    of("User", "alice", "ListMFADevices"),
    Row(
        "GetMFADevice",
        {"UserName": "alice", "SerialNumber": "@phone"},
        missing(UserName="alice", SerialNumber=arn("mfa/none")),
    ),
    Row("ListVirtualMFADevices"),
    Row("ListMFADeviceTags", {"SerialNumber": "@phone"}, missing(SerialNumber=arn("mfa/none"))),
    of("ServerCertificate", "web", "GetServerCertificate"),
    Row("ListServerCertificates"),
    of("ServerCertificate", "web", "ListServerCertificateTags"),
    of("User", "alice", "ListSigningCertificates"),
    Row(
        "GetSSHPublicKey",
        {"UserName": "alice", "SSHPublicKeyId": "@ssh", "Encoding": "SSH"},
        missing(UserName="spare", SSHPublicKeyId="@ssh", Encoding="SSH"),
    ),
    of("User", "alice", "ListSSHPublicKeys"),
    of("User", "alice", "ListServiceSpecificCredentials"),
    Row(
        "GetOpenIDConnectProvider",
        {"OpenIDConnectProviderArn": OIDC},
        missing(OpenIDConnectProviderArn=f"{OIDC}.none"),
    ),
    Row("ListOpenIDConnectProviders"),
    Row(
        "ListOpenIDConnectProviderTags",
        {"OpenIDConnectProviderArn": OIDC},
        missing(OpenIDConnectProviderArn=f"{OIDC}.none"),
    ),
    Row("GetSAMLProvider", {"SAMLProviderArn": SAML}, missing(SAMLProviderArn=f"{SAML}None")),
    Row("ListSAMLProviders"),
    Row("ListSAMLProviderTags", {"SAMLProviderArn": SAML}, missing(SAMLProviderArn=f"{SAML}None")),
    Row("ListAccountAliases"),
    Row("GetAccountSummary"),
    Row("GetAccountAuthorizationDetails", {"Filter": ["User", "Group", "Role", "LocalManagedPolicy"]}),
    Row("GetAccountProperties"),
    Row("GetCredentialReport", {}, {"ReportNotPresent": Refusal({}, ALONE_ID)}),
    Row("GetServiceLastAccessedDetails", {"JobId": "@access job"}, missing(JobId=NO_JOB)),
    Row(
        "GetServiceLastAccessedDetailsWithEntities",
        {"JobId": "@access job", "ServiceNamespace": "s3"},
        {
            "NoSuchEntity": {"JobId": NO_JOB, "ServiceNamespace": "s3"},
            "InvalidInput": {"JobId": "@access job", "ServiceNamespace": "none"},
        },
    ),
    Row("GetOrganizationsAccessReport", {"JobId": "@organization job"}, missing(JobId=NO_JOB)),
    Row(
        "ListPoliciesGrantingServiceAccess",
        {"Arn": arn("user/staff/alice"), "ServiceNamespaces": ["s3", "iam"]},
        {
            "NoSuchEntity": {"Arn": arn("user/none"), "ServiceNamespaces": ["s3"]},
            "InvalidInput": {"Arn": POLICY, "ServiceNamespaces": ["s3"]},
        },
    ),
    Row(
        "GetHumanReadableSummary",
        {"EntityArn": POLICY},
        {"NoSuchEntity": {"EntityArn": NO_POLICY}, "InvalidInput": {"EntityArn": "arn:aws:s3:::a-long-bucket-name"}},
    ),
    Row("ListOrganizationsFeatures", {}, NOT_READY),
    Row("GetOutboundWebIdentityFederationInfo", {}, {"FeatureDisabled": Refusal({}, ALONE_ID)}),
    Row("GetDelegationRequest", ASKED, missing(DelegationRequestId=NO_REQUEST)),
    Row("ListDelegationRequests"),
    Row(
        "GetRoleTemplateVersion",
        {"TemplateArn": TEMPLATE},
        missing(TemplateArn=TEMPLATE, MinorVersion=9),
    ),
    Row(
        "SimulateCustomPolicy",
        {"PolicyInputList": [policy()], "ActionNames": ["s3:GetObject"]},
        {"InvalidInput": {"PolicyInputList": [MALFORMED], "ActionNames": ["s3:GetObject"]}},
    ),
    Row(
        "SimulatePrincipalPolicy",
        {"PolicySourceArn": arn("user/staff/alice"), "ActionNames": ["s3:GetObject"]},
        {
            "NoSuchEntity": {"PolicySourceArn": arn("user/none"), "ActionNames": ["s3:GetObject"]},
            "InvalidInput": {
                "PolicySourceArn": arn("user/staff/alice"),
                "ActionNames": ["s3:GetObject"],
                "PolicyInputList": [MALFORMED],
            },
        },
    ),
    Row(
        "GetContextKeysForCustomPolicy",
        {"PolicyInputList": [policy()]},
        {"InvalidInput": {"PolicyInputList": [MALFORMED]}},
    ),
    Row(
        "GetContextKeysForPrincipalPolicy",
        {"PolicySourceArn": arn("user/staff/alice")},
        {
            "NoSuchEntity": {"PolicySourceArn": arn("user/none")},
            "InvalidInput": {"PolicySourceArn": arn("user/staff/alice"), "PolicyInputList": [MALFORMED]},
        },
    ),
    *(
        Row(operation, input, refusals, service="service-quotas")
        for operation, input, refusals in (
            ("ListServices", {}, {"InvalidPaginationTokenException": {"NextToken": "x"}}),
            ("GetServiceQuota", QUOTA, {"NoSuchResourceException": NO_QUOTA}),
            ("GetAWSDefaultServiceQuota", QUOTA, {"NoSuchResourceException": NO_QUOTA}),
            (
                "ListServiceQuotas",
                {"ServiceCode": "iam"},
                {
                    "NoSuchResourceException": {"ServiceCode": "none"},
                    "InvalidPaginationTokenException": {"ServiceCode": "iam", "NextToken": "x"},
                },
            ),
            (
                "ListAWSDefaultServiceQuotas",
                {"ServiceCode": "iam"},
                {
                    "NoSuchResourceException": {"ServiceCode": "none"},
                    "InvalidPaginationTokenException": {"ServiceCode": "iam", "NextToken": "x"},
                },
            ),
            (
                "GetRequestedServiceQuotaChange",
                {"RequestId": "@request"},
                {"NoSuchResourceException": {"RequestId": "none"}},
            ),
            (
                "ListRequestedServiceQuotaChangeHistory",
                {},
                {
                    "NoSuchResourceException": {"ServiceCode": "none"},
                    "InvalidPaginationTokenException": {"NextToken": "x"},
                },
            ),
            (
                "ListRequestedServiceQuotaChangeHistoryByQuota",
                QUOTA,
                {
                    "NoSuchResourceException": NO_QUOTA,
                    "InvalidPaginationTokenException": {**QUOTA, "NextToken": "x"},
                },
            ),
            (
                "ListTagsForResource",
                {"ResourceARN": QUOTA_ARN},
                {"NoSuchResourceException": {"ResourceARN": f"{QUOTA_ARN}0"}},
            ),
        )
    ),
)


def untagging(operation: str, input: Input, none: Input) -> Row:
    return Row(operation, {**input, "TagKeys": ["Team"]}, {"NoSuchEntity": {**none, "TagKeys": ["Team"]}})


DELETES: tuple[Row, ...] = (
    untagging("UntagUser", {"UserName": "alice"}, {"UserName": "none"}),
    untagging("UntagRole", {"RoleName": "Reader"}, {"RoleName": "none"}),
    Row(
        "UntagPolicy",
        {"PolicyArn": POLICY, "TagKeys": ["Team"]},
        {
            "NoSuchEntity": {"PolicyArn": NO_POLICY, "TagKeys": ["Team"]},
            "InvalidInput": {"PolicyArn": USER, "TagKeys": ["Team"]},
        },
    ),
    untagging("UntagInstanceProfile", {"InstanceProfileName": "Web"}, {"InstanceProfileName": "None"}),
    untagging("UntagMFADevice", {"SerialNumber": "@phone"}, {"SerialNumber": arn("mfa/none")}),
    untagging("UntagServerCertificate", {"ServerCertificateName": "web"}, {"ServerCertificateName": "none"}),
    untagging(
        "UntagOpenIDConnectProvider",
        {"OpenIDConnectProviderArn": OIDC},
        {"OpenIDConnectProviderArn": f"{OIDC}.none"},
    ),
    untagging("UntagSAMLProvider", {"SAMLProviderArn": SAML}, {"SAMLProviderArn": f"{SAML}None"}),
    *(
        Row(
            f"Detach{kind}Policy",
            {f"{kind}Name": name, "PolicyArn": POLICY},
            {
                "NoSuchEntity": {f"{kind}Name": name, "PolicyArn": READ_ONLY},
                "InvalidInput": {f"{kind}Name": name, "PolicyArn": USER},
            }
            | ({"UnmodifiableEntity": {"RoleName": LINKED, "PolicyArn": POLICY}} if kind == "Role" else {}),
        )
        for kind, name in IDENTITIES
    ),
    *(
        Row(
            f"Delete{kind}Policy",
            {f"{kind}Name": name, "PolicyName": "own"},
            {"NoSuchEntity": {f"{kind}Name": name, "PolicyName": "none"}}
            | ({"UnmodifiableEntity": {"RoleName": LINKED, "PolicyName": "own"}} if kind == "Role" else {}),
        )
        for kind, name in IDENTITIES
    ),
    *(
        Row(
            f"Delete{kind}PermissionsBoundary",
            {f"{kind}Name": name},
            {"NoSuchEntity": {f"{kind}Name": none}}
            | ({"UnmodifiableEntity": {"RoleName": LINKED}} if kind == "Role" else {}),
        )
        for kind, name, none in (("User", "alice", "spare"), ("Role", "Reader", "Runner-taken"))
    ),
    Row("CreatePolicy", {"PolicyName": "Spare", "PolicyDocument": policy()}),
    Row(
        "DeletePolicy",
        {"PolicyArn": arn("policy/Spare")},
        {
            "NoSuchEntity": {"PolicyArn": NO_POLICY},
            "DeleteConflict": {"PolicyArn": POLICY},
            "InvalidInput": {"PolicyArn": USER},
        },
    ),
    Row(
        "DeletePolicyVersion",
        {"PolicyArn": POLICY, "VersionId": "v1"},
        {
            "NoSuchEntity": {"PolicyArn": POLICY, "VersionId": "v9"},
            "DeleteConflict": {"PolicyArn": POLICY, "VersionId": "v2"},
            "InvalidInput": {"PolicyArn": USER, "VersionId": "v1"},
        },
    ),
    Row("CreateInstanceProfile", {"InstanceProfileName": "Spare"}),
    Row(
        "DeleteInstanceProfile",
        {"InstanceProfileName": "Spare"},
        {"NoSuchEntity": {"InstanceProfileName": "None"}, "DeleteConflict": {"InstanceProfileName": "Web"}},
    ),
    Row(
        "RemoveRoleFromInstanceProfile",
        {"InstanceProfileName": "Web", "RoleName": "Reader"},
        {
            "NoSuchEntity": {"InstanceProfileName": "Web", "RoleName": "none"},
            "UnmodifiableEntity": {"InstanceProfileName": "Web", "RoleName": LINKED},
        },
    ),
    Row(
        "DeleteRole",
        {"RoleName": "Reader"},
        {
            "NoSuchEntity": {"RoleName": "none"},
            "DeleteConflict": {"RoleName": "Runner-blue"},
            "UnmodifiableEntity": {"RoleName": LINKED},
        },
    ),
    Row(
        "DeleteServiceLinkedRole",
        {"RoleName": LINKED},
        missing(RoleName="none"),
        saves={"task": "DeletionTaskId"},
    ),
    Row(
        "GetServiceLinkedRoleDeletionStatus",
        {"DeletionTaskId": "@task"},
        missing(DeletionTaskId=f"task/aws-service-role/ecs.amazonaws.com/{LINKED}/none"),
    ),
    Row(
        "DeleteAccessKey",
        {"UserName": "spare", "AccessKeyId": "@key"},
        missing(UserName="alice", AccessKeyId="@key"),
    ),
    Row("UpdateAccountPasswordPolicy", {"MinimumPasswordLength": 12, "AllowUsersToChangePassword": True}),
    Row(
        "ChangePassword",
        {"OldPassword": PASSWORD, "NewPassword": NEW_PASSWORD},
        {
            "InvalidUserType": Refusal({"OldPassword": PASSWORD, "NewPassword": NEW_PASSWORD}, "root"),
            "NoSuchEntity": Refusal({"OldPassword": PASSWORD, "NewPassword": NEW_PASSWORD}, "robert"),
            "PasswordPolicyViolation": {"OldPassword": PASSWORD, "NewPassword": "short"},
        },
        caller="alice",
    ),
    Row("DeleteLoginProfile", {"UserName": "alice"}, missing(UserName="spare")),
    Row("DeleteAccountPasswordPolicy", {}, {}, {"NoSuchEntity": {}}),
    Row("CreateVirtualMFADevice", {"VirtualMFADeviceName": "spare"}),
    Row(
        "DeleteVirtualMFADevice",
        {"SerialNumber": arn("mfa/spare")},
        {"NoSuchEntity": {"SerialNumber": arn("mfa/none")}, "DeleteConflict": {"SerialNumber": "@phone"}},
    ),
    Row(
        "DeactivateMFADevice",
        {"UserName": "alice", "SerialNumber": "@phone"},
        missing(UserName="spare", SerialNumber="@phone"),
    ),
    Row("DeleteServerCertificate", {"ServerCertificateName": "web"}, missing(ServerCertificateName="none")),
    Row(
        "DeleteSigningCertificate",
        {"UserName": "alice", "CertificateId": "@certificate"},
        missing(UserName="spare", CertificateId="@certificate"),
    ),
    Row(
        "DeleteSSHPublicKey",
        {"UserName": "alice", "SSHPublicKeyId": "@ssh"},
        missing(UserName="spare", SSHPublicKeyId="@ssh"),
    ),
    Row(
        "DeleteServiceSpecificCredential",
        {"UserName": "alice", "ServiceSpecificCredentialId": "@credential"},
        missing(UserName="alice", ServiceSpecificCredentialId=NO_ID),
    ),
    Row(
        "RemoveClientIDFromOpenIDConnectProvider",
        {"OpenIDConnectProviderArn": OIDC, "ClientID": "two"},
        missing(OpenIDConnectProviderArn=f"{OIDC}.none", ClientID="two"),
    ),
    Row(
        "DeleteOpenIDConnectProvider",
        {"OpenIDConnectProviderArn": OIDC},
        missing(OpenIDConnectProviderArn=f"{OIDC}.none"),
    ),
    Row("DeleteSAMLProvider", {"SAMLProviderArn": SAML}, missing(SAMLProviderArn=f"{SAML}None")),
    Row("DeleteAccountAlias", {"AccountAlias": "example-corp"}, missing(AccountAlias="none")),
    Row("AssociateDelegationRequest", {"DelegationRequestId": "@other"}),
    Row(
        "RejectDelegationRequest",
        {"DelegationRequestId": "@other"},
        missing(DelegationRequestId=NO_REQUEST),
        {"InvalidInput": {"DelegationRequestId": "@other"}},
    ),
    Row("DisableOrganizationsRootCredentialsManagement", {}, NOT_READY),
    Row("DisableOrganizationsRootSessions", {}, NOT_READY, caller=DELEGATE_ID),
    Row("DisableOutboundWebIdentityFederation", after={"FeatureDisabled": {}}),
    Row(
        "RemoveUserFromGroup",
        {"GroupName": "operators", "UserName": "alice"},
        missing(GroupName="none", UserName="alice"),
    ),
    Row("AddUserToGroup", {"GroupName": "readers", "UserName": "alice"}),
    Row(
        "DeleteGroup",
        {"GroupName": "operators"},
        {"NoSuchEntity": {"GroupName": "none"}, "DeleteConflict": {"GroupName": "readers"}},
    ),
    Row(
        "DeleteUser",
        {"UserName": "spare"},
        {"NoSuchEntity": {"UserName": "none"}, "DeleteConflict": {"UserName": "alice"}},
    ),
    Row(
        "UntagResource",
        {"ResourceARN": QUOTA_ARN, "TagKeys": ["Team"]},
        {"NoSuchResourceException": {"ResourceARN": f"{QUOTA_ARN}0", "TagKeys": ["Team"]}},
        service="service-quotas",
    ),
)

ROWS = (*WRITES, *READS, *DELETES)

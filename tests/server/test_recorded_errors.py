"""Errors that AWS was recorded to answer, asked of a running server by boto3: code, message and status.

The recordings stand in https://github.com/localstack/localstack/tree/main/tests/aws/services (iam, sts).
"""

import base64
import json
import time
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from iamd.authentication.mfa import STEP_SECONDS, code_at
from tests.iam.certificates import issue
from tests.server.process import ACCOUNT_ID, ROOT_KEY_ID, ROOT_SECRET, ServerProcess

POLICY = f"arn:aws:iam::{ACCOUNT_ID}:policy/"
PHONE = f"arn:aws:iam::{ACCOUNT_ID}:mfa/phone"
ISSUER = f"arn:aws:iam::{ACCOUNT_ID}:oidc-provider/issuer.example.com"
NOBODYS_KEY = "AKIAI44QH8DHBEXAMPLE"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ALLOW = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT_ID}, "Action": "sts:*"}],
    }
)
ISSUED = issue(start=int(time.time()) - 60)


def unchecked(server: ServerProcess, service: str, *keys: str) -> Any:
    """A client that sends what it is told, well-formed or not."""
    return boto3.session.Session(*(keys or (ROOT_KEY_ID, ROOT_SECRET))).client(
        service,
        region_name="us-east-1",
        endpoint_url=server.endpoint,
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="module")
def clients(server: ServerProcess) -> dict[str, Any]:
    """Clients of an account in which something stands in the way of every request below; none of them changes it."""
    iam = unchecked(server, "iam")
    for name in ("Bob", "Alice", "Zhang", "Mateo"):
        iam.create_user(UserName=name)
    for name in ("Readers", "Empty"):
        iam.create_group(GroupName=name)
    iam.add_user_to_group(GroupName="Readers", UserName="Zhang")
    for name in ("Attached", "Free"):
        iam.create_policy(PolicyName=name, PolicyDocument=ALLOW)
    for _ in range(4):
        iam.create_policy_version(PolicyArn=POLICY + "Attached", PolicyDocument=ALLOW)
    iam.attach_user_policy(UserName="Bob", PolicyArn=POLICY + "Attached")
    for name in ("Attached", "Inline", "Machine", "Keeper"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(RoleName="Attached", PolicyArn=POLICY + "Attached")
    iam.put_role_policy(RoleName="Inline", PolicyName="own", PolicyDocument=ALLOW)
    iam.put_role_policy(RoleName="Keeper", PolicyName="all", PolicyDocument=ALLOW.replace("s3:GetObject", "*"))
    iam.create_instance_profile(InstanceProfileName="Machines")
    iam.add_role_to_instance_profile(InstanceProfileName="Machines", RoleName="Machine")
    keys = [iam.create_access_key(UserName="Bob")["AccessKey"] for _ in range(2)]
    iam.put_user_policy(UserName="Bob", PolicyName="all", PolicyDocument=ALLOW.replace("s3:GetObject", "*"))
    iam.create_login_profile(UserName="Bob", Password="a-Long-enough-1")
    iam.create_service_specific_credential(UserName="Alice", ServiceName="codecommit.amazonaws.com")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    counter, seed = int(time.time()) // STEP_SECONDS, base64.b32decode(device["Base32StringSeed"])
    pair = [code_at(seed, counter - 1), code_at(seed, counter)]
    iam.enable_mfa_device(
        UserName="Mateo", SerialNumber=PHONE, AuthenticationCode1=pair[0], AuthenticationCode2=pair[1]
    )
    iam.create_open_id_connect_provider(
        Url="https://issuer.example.com",
        ClientIDList=[f"client-{n}" for n in range(100)],
        Tags=[{"Key": f"key-{n}", "Value": ""} for n in range(50)],
    )
    iam.upload_server_certificate(ServerCertificateName="www", CertificateBody=ISSUED.pem, PrivateKey=ISSUED.key_pem)
    for issued in (issue("one.example.com"), issue("two.example.com")):
        iam.upload_signing_certificate(UserName="Bob", CertificateBody=issued.pem)
    iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com")

    bob = (keys[0]["AccessKeyId"], keys[0]["SecretAccessKey"])
    session = unchecked(server, "sts", *bob).assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT_ID}:role/Keeper",
        RoleSessionName="night",
        Tags=[{"Key": "Team", "Value": "a"}],
        TransitiveTagKeys=["Team"],
    )["Credentials"]
    night = (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    return {
        "root": iam,
        "session": unchecked(server, "iam", *night),
        "sts": unchecked(server, "sts", *bob),
        "session sts": unchecked(server, "sts", *night),
    }


def refusal(client: Any, operation: str, input: dict[str, Any]) -> tuple[str, str | None, int]:
    with pytest.raises(ClientError) as raised:
        getattr(client, operation)(**input)
    answer = raised.value.response
    assert answer["Error"].get("Type", "Sender") == "Sender"
    assert answer.keys() <= {"Error", "ResponseMetadata"}  # no lower-case message beside it
    return answer["Error"]["Code"], answer["Error"].get("Message"), answer["ResponseMetadata"]["HTTPStatusCode"]


def tags(*keys: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": ""} for key in keys]


NOT_FOUND: list[tuple[str, dict[str, Any], str]] = [
    ("get_user", {"UserName": "Jane"}, "The user with name Jane cannot be found."),
    ("get_role", {"RoleName": "Jane"}, "The role with name Jane cannot be found."),
    ("get_group", {"GroupName": "Jane"}, "The group with name Jane cannot be found."),
    ("delete_policy", {"PolicyArn": POLICY + "Jane"}, f"Policy {POLICY}Jane was not found."),
    ("detach_user_policy", {"UserName": "Bob", "PolicyArn": POLICY + "Jane"}, f"Policy {POLICY}Jane was not found."),
    ("detach_user_policy", {"UserName": "Bob", "PolicyArn": POLICY + "Free"}, f"Policy {POLICY}Free was not found."),
    ("detach_user_policy", {"UserName": "Bob", "PolicyArn": READ_ONLY}, f"Policy {READ_ONLY} was not found."),
    ("detach_role_policy", {"RoleName": "Keeper", "PolicyArn": POLICY + "Free"}, f"Policy {POLICY}Free was not found."),
    ("detach_group_policy", {"GroupName": "Empty", "PolicyArn": READ_ONLY}, f"Policy {READ_ONLY} was not found."),
    ("tag_policy", {"PolicyArn": POLICY + "Jane", "Tags": tags("a")}, f"Policy {POLICY}Jane was not found."),
    ("untag_policy", {"PolicyArn": POLICY + "Jane", "TagKeys": ["a"]}, f"Policy {POLICY}Jane was not found."),
    *(
        (
            operation,
            {name: entity, "PolicyArn": POLICY + "Jane"},
            f"Policy {POLICY}Jane does not exist or is not attachable.",
        )
        for operation, name, entity in (
            ("attach_user_policy", "UserName", "Bob"),
            ("attach_role_policy", "RoleName", "Keeper"),
            ("attach_group_policy", "GroupName", "Empty"),
        )
    ),
    (
        "list_entities_for_policy",
        {"PolicyArn": POLICY + "Jane"},
        f"Policy {POLICY}Jane does not exist or is not attachable.",
    ),
    *(
        (
            operation,
            {"PolicyArn": POLICY + name, "VersionId": "v9"},
            f"Policy {POLICY}{name} version v9 does not exist or is not attachable.",
        )
        for operation in ("get_policy_version", "delete_policy_version", "set_default_policy_version")
        for name in ("Attached", "Jane")
    ),
    (
        "create_role",
        {"RoleName": "Jane", "AssumeRolePolicyDocument": TRUST, "PermissionsBoundary": POLICY + "Jane"},
        f"Scope ARN: {POLICY}Jane does not exist or is not attachable.",
    ),
    (
        "put_role_permissions_boundary",
        {"RoleName": "Keeper", "PermissionsBoundary": POLICY + "Jane"},
        f"Scope ARN: {POLICY}Jane does not exist or is not attachable.",
    ),
    (
        "put_user_permissions_boundary",
        {"UserName": "Bob", "PermissionsBoundary": POLICY + "Jane"},
        f"Scope ARN: {POLICY}Jane does not exist or is not attachable.",
    ),
    (
        "get_role_policy",
        {"RoleName": "Keeper", "PolicyName": "none"},
        "The role policy with name none cannot be found.",
    ),
    ("get_role_policy", {"RoleName": "Jane", "PolicyName": "none"}, "The role with name Jane cannot be found."),
    (
        "delete_group_policy",
        {"GroupName": "Empty", "PolicyName": "none"},
        "The group policy with name none cannot be found.",
    ),
    (
        "delete_user_policy",
        {"UserName": "Alice", "PolicyName": "none"},
        "The user policy with name none cannot be found.",
    ),
    ("get_instance_profile", {"InstanceProfileName": "Jane"}, "Instance Profile Jane cannot be found."),
    (
        "remove_role_from_instance_profile",
        {"InstanceProfileName": "Machines", "RoleName": "Keeper"},
        "Role Keeper in Instance Profile Machines cannot be found.",
    ),
    (
        "delete_access_key",
        {"UserName": "Bob", "AccessKeyId": NOBODYS_KEY},
        f"The Access Key with id {NOBODYS_KEY} cannot be found.",
    ),
    (
        "update_access_key",
        {"UserName": "Bob", "AccessKeyId": NOBODYS_KEY, "Status": "Inactive"},
        f"The Access Key with id {NOBODYS_KEY} cannot be found.",
    ),
    ("get_login_profile", {"UserName": "Alice"}, "Login Profile for User Alice cannot be found."),
    ("delete_login_profile", {"UserName": "Alice"}, "Login Profile for User Alice cannot be found."),
    ("get_account_password_policy", {}, f"The Password Policy with domain name {ACCOUNT_ID} cannot be found."),
    ("delete_account_password_policy", {}, "The account policy with name PasswordPolicy cannot be found."),
    (
        "delete_virtual_mfa_device",
        {"SerialNumber": PHONE + "s"},
        f"MFA Device with serial number {PHONE}s does not exist.",
    ),
    (
        "get_ssh_public_key",
        {"UserName": "Bob", "SSHPublicKeyId": "APKAEIBAERJR2EXAMPLE", "Encoding": "SSH"},
        "The Public Key with id APKAEIBAERJR2EXAMPLE cannot be found.",
    ),
    (
        "delete_ssh_public_key",
        {"UserName": "Bob", "SSHPublicKeyId": "APKAEIBAERJR2EXAMPLE"},
        "The Public Key with id APKAEIBAERJR2EXAMPLE cannot be found.",
    ),
    (
        "delete_signing_certificate",
        {"UserName": "Bob", "CertificateId": "TA7SMP42TDN5Z26OBPJE7EXAMPLE"},
        "The Certificate with id TA7SMP42TDN5Z26OBPJE7EXAMPLE cannot be found.",
    ),
    (
        "get_server_certificate",
        {"ServerCertificateName": "Jane"},
        "The Server Certificate with name Jane cannot be found.",
    ),
    (
        "get_open_id_connect_provider",
        {"OpenIDConnectProviderArn": ISSUER + "/a"},
        f"OpenIDConnect Provider not found for arn {ISSUER}/a",
    ),
    (
        "delete_open_id_connect_provider",
        {"OpenIDConnectProviderArn": ISSUER + "/a"},
        f"OpenId connect Provider {ISSUER}/a cannot be found.",
    ),
    *(
        (
            operation,
            {"SAMLProviderArn": f"arn:aws:iam::{ACCOUNT_ID}:saml-provider/Jane"},
            f"Manifest not found for arn arn:aws:iam::{ACCOUNT_ID}:saml-provider/Jane",
        )
        for operation in ("get_saml_provider", "delete_saml_provider")
    ),
    (
        "create_service_specific_credential",
        {"UserName": "Bob", "ServiceName": "none.amazonaws.com"},
        "No such service none.amazonaws.com is supported for Service Specific Credentials",
    ),
    (
        "create_service_specific_credential",
        {"UserName": "Jane", "ServiceName": "none.amazonaws.com"},
        "The user with name Jane cannot be found.",
    ),
    (
        "delete_service_specific_credential",
        {"UserName": "Alice", "ServiceSpecificCredentialId": "ACCAEXAMPLE1234567890"},
        "No such credential ACCAEXAMPLE1234567890 exists",
    ),
    (
        "reset_service_specific_credential",
        {"UserName": "Alice", "ServiceSpecificCredentialId": "ACCAEXAMPLE1234567890"},
        "No such credential ACCAEXAMPLE1234567890 exists",
    ),
    ("remove_user_from_group", {"UserName": "Jane", "GroupName": "Jane"}, "The user with name Jane cannot be found."),
    ("add_user_to_group", {"UserName": "Bob", "GroupName": "Jane"}, "The group with name Jane cannot be found."),
]

TAKEN: list[tuple[str, dict[str, Any], str]] = [
    ("create_user", {"UserName": "Bob"}, "User with name Bob already exists."),
    ("create_role", {"RoleName": "Keeper", "AssumeRolePolicyDocument": TRUST}, "Role with name Keeper already exists."),
    ("create_group", {"GroupName": "Readers"}, "Group with name Readers already exists."),
    ("update_group", {"GroupName": "Empty", "NewGroupName": "Readers"}, "Group with name Readers already exists."),
    ("update_user", {"UserName": "Alice", "NewUserName": "Bob"}, "User with name Bob already exists."),
    (
        "create_policy",
        {"PolicyName": "Free", "PolicyDocument": ALLOW, "Path": "/elsewhere/"},
        "A policy called Free already exists. Duplicate names are not allowed.",
    ),
    ("create_instance_profile", {"InstanceProfileName": "Machines"}, "Instance Profile Machines already exists."),
    (
        "create_login_profile",
        {"UserName": "Bob", "Password": "a-Long-enough-1"},
        "Login Profile for user Bob already exists.",
    ),
    (
        "upload_server_certificate",
        {"ServerCertificateName": "www", "CertificateBody": ISSUED.pem, "PrivateKey": ISSUED.key_pem},
        "The Server Certificate with name www already exists.",
    ),
    ("create_virtual_mfa_device", {"VirtualMFADeviceName": "phone"}, "MFA device already exists."),
    (
        "enable_mfa_device",
        {
            "UserName": "Bob",
            "SerialNumber": PHONE,
            "AuthenticationCode1": "123456",
            "AuthenticationCode2": "654321",
        },
        "MFA Device is already in use.",
    ),
    (
        "create_open_id_connect_provider",
        {"Url": "https://issuer.example.com"},
        "Provider with url https://issuer.example.com already exists.",
    ),
]

IN_USE: list[tuple[str, dict[str, Any], str]] = [
    ("delete_role", {"RoleName": "Attached"}, "Cannot delete entity, must detach all policies first."),
    ("delete_role", {"RoleName": "Inline"}, "Cannot delete entity, must delete policies first."),
    ("delete_role", {"RoleName": "Machine"}, "Cannot delete entity, must remove roles from instance profile first."),
    (
        "delete_instance_profile",
        {"InstanceProfileName": "Machines"},
        "Cannot delete entity, must remove roles from instance profile first.",
    ),
    ("delete_user", {"UserName": "Alice"}, "Cannot delete entity, must remove referenced objects first."),
    ("delete_user", {"UserName": "Bob"}, "Cannot delete entity, must detach all policies first."),
    ("delete_user", {"UserName": "Zhang"}, "Cannot delete entity, must remove users from group first."),
    ("delete_group", {"GroupName": "Readers"}, "Cannot delete entity, must remove users from group first."),
    ("delete_policy", {"PolicyArn": POLICY + "Attached"}, "Cannot delete a policy attached to entities."),
    (
        "delete_policy_version",
        {"PolicyArn": POLICY + "Attached", "VersionId": "v1"},
        "Cannot delete the default version of a policy.",
    ),
]

TOO_MANY: list[tuple[str, dict[str, Any], str]] = [
    ("create_access_key", {"UserName": "Bob"}, "Cannot exceed quota for AccessKeysPerUser: 2"),
    (
        "upload_signing_certificate",
        {"UserName": "Bob", "CertificateBody": ISSUED.pem},
        "Cannot exceed quota for CertificatesPerUser: 2",
    ),
    (
        "add_role_to_instance_profile",
        {"InstanceProfileName": "Machines", "RoleName": "Keeper"},
        "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
    ),
    (
        "add_client_id_to_open_id_connect_provider",
        {"OpenIDConnectProviderArn": ISSUER, "ClientID": "another"},
        "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100",
    ),
    (
        "create_policy_version",
        {"PolicyArn": POLICY + "Attached", "PolicyDocument": ALLOW},
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing "
        "version.",
    ),
    (
        "tag_open_id_connect_provider",
        {"OpenIDConnectProviderArn": ISSUER, "Tags": tags("another")},
        "The number of tags has reached the maximum limit.",
    ),
]

CASE_INSENSITIVE = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
INVALID_INPUT: list[tuple[str, dict[str, Any], str]] = [
    ("tag_role", {"RoleName": "Keeper", "Tags": tags("Key", "key")}, CASE_INSENSITIVE),
    ("tag_policy", {"PolicyArn": POLICY + "Free", "Tags": tags("a", "a")}, "Duplicate tag keys found."),
    (
        "put_role_permissions_boundary",
        {"RoleName": "Keeper", "PermissionsBoundary": f"arn:aws:iam::{ACCOUNT_ID}:not_a_policy/invalid"},
        f"ARN arn:aws:iam::{ACCOUNT_ID}:not_a_policy/invalid is not valid.",
    ),
    (
        "create_open_id_connect_provider",
        {"Url": "https://other.example.com", "ThumbprintList": ["a" * 40] * 6},
        "Thumbprint list must contain fewer than 5 entries.",
    ),
    (
        "create_service_linked_role",
        {"AWSServiceName": "ecs.amazonaws.com", "CustomSuffix": "suffix"},
        "Custom suffix is not allowed for ecs.amazonaws.com",
    ),
    (
        "create_service_linked_role",
        {"AWSServiceName": "autoscaling.amazonaws.com"},
        "Service role name AWSServiceRoleForAutoScaling has been taken in this account, please try a different suffix.",
    ),
]

DENIED: list[tuple[str, dict[str, Any], str]] = [
    ("delete_policy", {"PolicyArn": READ_ONLY}, "Cannot delete policies outside your own account."),
    (
        "delete_policy_version",
        {"PolicyArn": READ_ONLY, "VersionId": "v1"},
        "Cannot delete policy versions for policies outside your own account.",
    ),
    (
        "set_default_policy_version",
        {"PolicyArn": READ_ONLY, "VersionId": "v1"},
        "Cannot update policies outside your own account.",
    ),
    (
        "get_access_key_last_used",
        {"AccessKeyId": NOBODYS_KEY},
        f"User: arn:aws:iam::{ACCOUNT_ID}:root is not authorized to perform iam:GetAccessKeyLastUsed on resource: "
        f"access key {NOBODYS_KEY}",
    ),
]


def violations(*texts: str) -> str:
    errors = "1 validation error" if len(texts) == 1 else f"{len(texts)} validation errors"
    return f"{errors} detected: {'; '.join(texts)}"


def violation(member: str, constraint: str) -> str:
    return f"Value at '{member}' failed to satisfy constraint: Member must {constraint}"


SHORTER = "have length less than or equal to"
VERSION_ID = r"satisfy regular expression pattern: v[1-9][0-9]*(\.[A-Za-z0-9-]*)?"
INVALID: list[tuple[str, dict[str, Any], str]] = [
    ("list_users", {"Marker": "unknown"}, "Invalid Marker."),
    (
        "tag_role",
        {"RoleName": "Keeper", "Tags": tags(*(f"key-{n}" for n in range(51)))},
        violations(violation("tags", f"{SHORTER} 50")),
    ),
    (
        "tag_role",
        {"RoleName": "Keeper", "Tags": [{"Key": "k" * 129, "Value": ""}]},
        violations(violation("tags.1.member.key", f"{SHORTER} 128")),
    ),
    (
        "tag_role",
        {"RoleName": "Keeper", "Tags": [{"Key": "k", "Value": "v" * 257}]},
        violations(violation("tags.1.member.value", f"{SHORTER} 256")),
    ),
    (
        "tag_role",
        {"RoleName": "Keeper", "Tags": tags("NOWAY!")},
        violations(violation("tags.1.member.key", r"satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+")),
    ),
    (
        "untag_role",
        {"RoleName": "Keeper", "TagKeys": ["k" * 129]},
        violations(
            violation(
                "tagKeys",
                "satisfy constraint: [Member must have length less than or equal to 128, Member must have length "
                r"greater than or equal to 1, Member must satisfy regular expression pattern: "
                r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+, Member must not be null]",
            )
        ),
    ),
    (
        "untag_role",
        {"RoleName": "Keeper", "TagKeys": [f"key-{n}" for n in range(51)]},
        violations(violation("tagKeys", f"{SHORTER} 50")),
    ),
    (
        "get_policy_version",
        {"PolicyArn": POLICY + "Free", "VersionId": "version"},
        violations(violation("versionId", VERSION_ID)),
    ),
    (
        "update_account_password_policy",
        {"MinimumPasswordLength": 129, "PasswordReusePrevention": 25, "MaxPasswordAge": 1096},
        violations(
            violation("minimumPasswordLength", "have value less than or equal to 128"),
            violation("passwordReusePrevention", "have value less than or equal to 24"),
            violation("maxPasswordAge", "have value less than or equal to 1095"),
        ),
    ),
    (
        "create_open_id_connect_provider",
        {
            "Url": "https://" + "a" * 248,
            "ThumbprintList": ["a" * 41],
            "ClientIDList": ["c" * 256],
        },
        violations(
            violation(
                "clientIDList",
                "satisfy constraint: [Member must have length less than or equal to 255, Member must have length "
                "greater than or equal to 1]",
            ),
            violation(
                "thumbprintList",
                "satisfy constraint: [Member must have length less than or equal to 40, Member must have length "
                "greater than or equal to 40]",
            ),
            violation("url", f"{SHORTER} 255"),
        ),
    ),
    ("create_open_id_connect_provider", {"Url": "issuer.example.com"}, "Invalid Open ID Connect Provider URL"),
    (
        "create_virtual_mfa_device",
        {"VirtualMFADeviceName": "watch", "Path": "/" + "b" * 511 + "/"},
        violations(violation("path", f"{SHORTER} 512")),
    ),
    *(
        (
            "create_virtual_mfa_device",
            {"VirtualMFADeviceName": "watch", "Path": path},
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric "
            "characters and/or / characters.",
        )
        for path in ("test", "/test", "test/")
    ),
    (
        "attach_role_policy",
        {"RoleName": "Keeper", "PolicyArn": "longpolicynamebutnoarn"},
        "ARN longpolicynamebutnoarn is not valid.",
    ),
    (
        "update_service_specific_credential",
        {"UserName": "Alice", "ServiceSpecificCredentialId": "ACCAEXAMPLE1234567890", "Status": "Unknown"},
        violations(violation("status", "satisfy enum value set")),
    ),
    (
        "delete_service_specific_credential",
        {"UserName": "Alice", "ServiceSpecificCredentialId": "ACCA-EXAMPLE-1234567890"},
        violations(
            violation("serviceSpecificCredentialId", r"satisfy regular expression pattern: [\w]+"),
        ),
    ),
    ("delete_user", {}, violations(violation("userName", "not be null"))),
]

CODES = {
    "NoSuchEntity": (404, NOT_FOUND),
    "EntityAlreadyExists": (409, TAKEN),
    "DeleteConflict": (409, IN_USE),
    "LimitExceeded": (409, TOO_MANY),
    "InvalidInput": (400, INVALID_INPUT),
    "AccessDenied": (403, DENIED),
    "ValidationError": (400, INVALID),
}


@pytest.mark.parametrize(
    ("code", "operation", "input", "message"),
    [
        pytest.param(code, operation, input, message, id=f"{code}-{operation}")
        for code, (_, rows) in CODES.items()
        for operation, input, message in rows
    ],
)
def test_iam(clients: dict[str, Any], code: str, operation: str, input: dict[str, Any], message: str) -> None:
    assert refusal(clients["root"], operation, input) == (code, message, CODES[code][0])


@pytest.mark.parametrize("operation", ["get_user", "delete_access_key"])
def test_a_session_has_no_user_of_its_own(clients: dict[str, Any], operation: str) -> None:
    input = {"AccessKeyId": NOBODYS_KEY} if operation == "delete_access_key" else {}
    message = "Must specify userName when calling with non-User credentials"
    assert refusal(clients["session"], operation, input) == ("ValidationError", message, 400)


KEEPER = {"RoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/Keeper", "RoleSessionName": "night"}
STS: list[tuple[str, str, dict[str, Any], str, str]] = [
    (
        "sts",
        "assume_role",
        KEEPER | {"RoleSessionName": "Session1:2"},
        "ValidationError",
        violations(
            "Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular "
            r"expression pattern: [\w+=,.@-]*"
        ),
    ),
    (
        "sts",
        "assume_role",
        KEEPER | {"RoleSessionName": "x" * 65},
        "ValidationError",
        violations(f"Value '{'x' * 65}' at 'roleSessionName' failed to satisfy constraint: Member must {SHORTER} 64"),
    ),
    (
        "sts",
        "get_federation_token",
        {"Name": "TestUser", "Policy": '{"<a&b>": "' + "x" * 2048 + '"}'},
        "ValidationError",
        violations(
            "Value '" + '{"<a&b>": "' + "x" * 2048 + '"}' + "' at 'policy' failed to satisfy constraint: "
            f"Member must {SHORTER} 2048"
        ),
    ),
    *(
        ("sts", "assume_role", KEEPER | {"RoleArn": arn}, "ValidationError", f"{arn} is invalid")
        for arn in (
            f"arn::iam::{ACCOUNT_ID}:role/Keeper",
            f"arn:aws::us-east-1:{ACCOUNT_ID}:role/Keeper",
            f"arn:aws:iam:{ACCOUNT_ID}:role/Keeper",
            f"arn:aws:iam::{ACCOUNT_ID}:",
            f"arn:aws:iam::{ACCOUNT_ID}",
        )
    ),
    (
        "sts",
        "assume_role",
        KEEPER | {"Tags": tags("Team"), "TransitiveTagKeys": ["Other"]},
        "InvalidParameterValue",
        "The specified transitive tag key must be included in the requested tags.",
    ),
    ("sts", "assume_role", KEEPER | {"Tags": tags("Team", "team")}, "InvalidParameterValue", CASE_INSENSITIVE),
    *(
        (
            "session sts",
            "assume_role",
            KEEPER | {"Tags": tags(key)},
            "InvalidParameterValue",
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from "
            "the calling session.",
        )
        for key in ("Team", "TEAM")
    ),
]


@pytest.mark.parametrize(
    ("caller", "operation", "input", "code", "message"),
    [pytest.param(*row, id=f"{row[3]}-{index}") for index, row in enumerate(STS)],
)
def test_sts(
    clients: dict[str, Any], caller: str, operation: str, input: dict[str, Any], code: str, message: str
) -> None:
    assert refusal(clients[caller], operation, input) == (code, message, 400)

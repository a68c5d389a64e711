"""Every quota that the API can reach: the calls that fill it, and the one that exceeds it, with AWS's words."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.iam.certificates import issue, rsa_key
from tests.iam.test_role_templates import ARN as TEMPLATE
from tests.iam.test_role_templates import TRUST
from tests.iam.test_saml_providers import DECRYPTION, entities, entity, key_descriptor
from tests.operations.table import ACCOUNT_ID, CERTIFICATE, READ_ONLY, policy, tags

Calls = tuple[tuple[str, Mapping[str, Any]], ...]


class Quota(NamedTuple):
    """A quota of ``iamd.account.quotas`` that is set to ``limit`` (None: its default is tried), what fills it, the
    operation that would exceed it, and the message. INVARIANT: rows are played in order, in one account.
    """

    name: str
    limit: int | None
    fill: Calls
    operation: str
    input: Mapping[str, Any]
    message: str


def cannot(name: str, limit: int) -> str:
    return f"Cannot exceed quota for {name}: {limit}"


def long_policy(size: int) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{'x' * size}"}],
        }
    )


def public_key(number: int) -> str:
    """A public key of its own for each number, none of them anybody's."""
    numbers = rsa.RSAPublicNumbers(65537, (1 << 2047) + 2 * number + 1)
    return numbers.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


SELF = f"arn:aws:iam::{ACCOUNT_ID}"
OIDC = f"{SELF}:oidc-provider/a.example.com"
SAML = f"{SELF}:saml-provider/A"
ALICE = {"UserName": "alice"}
OWN = f"{SELF}:policy/Own"
FIFTY_TAGS = tags(*(f"key{number}" for number in range(50)))
TOO_MANY_TAGS = "The number of tags has reached the maximum limit."


def oidc(letter: str) -> dict[str, Any]:
    return {"Url": f"https://{letter}.example.com", "ThumbprintList": ["a" * 40]}


def certificate(name: str) -> dict[str, Any]:
    return {"ServerCertificateName": name, "CertificateBody": CERTIFICATE.pem, "PrivateKey": CERTIFICATE.key_pem}


def create(kind: str, *names: str, **more: Any) -> Calls:
    return tuple((f"Create{kind}", {f"{kind}Name": name, **more}) for name in names)


def signing(number: int) -> str:
    return issue(f"signer {number}", start=int(CERTIFICATE.certificate.not_valid_before_utc.timestamp())).pem


QUOTAS: tuple[Quota, ...] = (
    Quota("Users", 2, create("User", "alice", "bob"), "CreateUser", {"UserName": "x"}, cannot("UsersPerAccount", 2)),
    Quota(
        "Groups",
        3,
        create("Group", "a", "b", "c"),
        "CreateGroup",
        {"GroupName": "x"},
        cannot("GroupsPerAccount", 3),
    ),
    Quota(
        "Roles",
        1,
        create("Role", "Reader", AssumeRolePolicyDocument=TRUST),
        "CreateRole",
        {"RoleName": "x", "AssumeRolePolicyDocument": TRUST},
        cannot("RolesPerAccount", 1),
    ),
    Quota(
        "Roles",
        1,
        (),
        "AcquireRole",
        {"TemplateArn": TEMPLATE, "ReplacementValues": {"Project": {"Values": ["blue"]}}},
        cannot("RolesPerAccount", 1),
    ),
    Quota(
        "Policies",
        2,
        create("Policy", "Own", "Other", PolicyDocument=policy()),
        "CreatePolicy",
        {"PolicyName": "x", "PolicyDocument": policy()},
        cannot("PoliciesPerAccount", 2),
    ),
    Quota(
        "VersionsPerPolicy",
        None,
        (("CreatePolicyVersion", {"PolicyArn": OWN, "PolicyDocument": policy()}),) * 4,
        "CreatePolicyVersion",
        {"PolicyArn": OWN, "PolicyDocument": policy()},
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing "
        "version.",
    ),
    Quota(
        "PolicyVersionsInUse",
        6,
        (),
        "CreatePolicyVersion",
        {"PolicyArn": f"{SELF}:policy/Other", "PolicyDocument": policy()},
        cannot("PolicyVersionsInUse", 6),
    ),
    Quota(
        "PolicySize",
        None,
        (),
        "CreatePolicyVersion",
        {"PolicyArn": f"{SELF}:policy/Other", "PolicyDocument": long_policy(6144)},
        cannot("PolicySize", 6144),
    ),
    Quota(
        "GroupsPerUser",
        2,
        tuple(("AddUserToGroup", {**ALICE, "GroupName": name}) for name in "ab"),
        "AddUserToGroup",
        {**ALICE, "GroupName": "c"},
        cannot("GroupsPerUser", 2),
    ),
    *(
        Quota(
            f"AttachedPoliciesPer{kind}",
            1,
            ((f"Attach{kind}Policy", {f"{kind}Name": name, "PolicyArn": OWN}),),
            f"Attach{kind}Policy",
            {f"{kind}Name": name, "PolicyArn": READ_ONLY},
            cannot(f"PoliciesPer{kind}", 1),
        )
        for kind, name in (("User", "alice"), ("Group", "a"), ("Role", "Reader"))
    ),
    *(
        Quota(
            f"{kind}PolicySize",
            None,
            (),
            f"Put{kind}Policy",
            {f"{kind}Name": name, "PolicyName": "p", "PolicyDocument": long_policy(size)},
            f"Maximum policy size of {size} bytes exceeded for {kind.lower()} {name}",
        )
        for kind, name, size in (("User", "alice", 2048), ("Group", "a", 5120), ("Role", "Reader", 10240))
    ),
    Quota(
        "AssumeRolePolicySize",
        None,
        (),
        "UpdateAssumeRolePolicy",
        {
            "RoleName": "Reader",
            "PolicyDocument": TRUST.replace(
                '"Action"', f'"Condition":{{"StringEquals":{{"aws:x":"{"x" * 2048}"}}}},"Action"'
            ),
        },
        cannot("ACLSizePerRole", 2048),
    ),
    Quota(
        "InstanceProfiles",
        1,
        create("InstanceProfile", "Web"),
        "CreateInstanceProfile",
        {"InstanceProfileName": "x"},
        cannot("InstanceProfilesPerAccount", 1),
    ),
    Quota(
        "RolesPerInstanceProfile",
        None,
        (("AddRoleToInstanceProfile", {"InstanceProfileName": "Web", "RoleName": "Reader"}),),
        "AddRoleToInstanceProfile",
        {"InstanceProfileName": "Web", "RoleName": "Reader"},
        cannot("InstanceSessionsPerInstanceProfile", 1),
    ),
    Quota(
        "AccessKeysPerUser",
        None,
        (("CreateAccessKey", ALICE), ("CreateAccessKey", ALICE)),
        "CreateAccessKey",
        ALICE,
        cannot("AccessKeysPerUser", 2),
    ),
    Quota(
        "MFADevices",
        2,
        create("VirtualMFADevice", "one", "two"),
        "CreateVirtualMFADevice",
        {"VirtualMFADeviceName": "x"},
        cannot("MFADevicesPerAccount", 2),
    ),
    Quota(
        "MFADevicesPerUser",
        0,
        (),
        "EnableMFADevice",
        {
            **ALICE,
            "SerialNumber": f"{SELF}:mfa/one",
            "AuthenticationCode1": "000000",
            "AuthenticationCode2": "000000",
        },
        cannot("MFADevicesPerUser", 0),
    ),
    Quota(
        "SSHPublicKeysPerUser",
        None,
        tuple(("UploadSSHPublicKey", {**ALICE, "SSHPublicKeyBody": public_key(number)}) for number in range(5)),
        "UploadSSHPublicKey",
        {**ALICE, "SSHPublicKeyBody": public_key(5)},
        cannot("SSHPublicKeysPerUser", 5),
    ),
    Quota(
        "SigningCertificatesPerUser",
        None,
        tuple(("UploadSigningCertificate", {**ALICE, "CertificateBody": signing(number)}) for number in range(2)),
        "UploadSigningCertificate",
        {**ALICE, "CertificateBody": signing(2)},
        cannot("CertificatesPerUser", 2),
    ),
    Quota(
        "ServiceSpecificCredentialsPerUser",
        None,
        (("CreateServiceSpecificCredential", {**ALICE, "ServiceName": "codecommit.amazonaws.com"}),) * 2,
        "CreateServiceSpecificCredential",
        {**ALICE, "ServiceName": "codecommit.amazonaws.com"},
        cannot("ServiceSpecificCredentialsPerUser", 2),
    ),
    Quota(
        "ServerCertificates",
        1,
        (("UploadServerCertificate", certificate("web")),),
        "UploadServerCertificate",
        certificate("x"),
        cannot("ServerCertificates", 1),
    ),
    Quota(
        "OpenIDConnectProviders",
        1,
        (("CreateOpenIDConnectProvider", oidc("a")),),
        "CreateOpenIDConnectProvider",
        oidc("x"),
        cannot("OpenIdConnectProvidersPerAccount", 1),
    ),
    Quota(
        "ClientIDsPerOpenIDConnectProvider",
        1,
        (("AddClientIDToOpenIDConnectProvider", {"OpenIDConnectProviderArn": OIDC, "ClientID": "one"}),),
        "AddClientIDToOpenIDConnectProvider",
        {"OpenIDConnectProviderArn": OIDC, "ClientID": "two"},
        cannot("ClientIdsPerOpenIdConnectProvider", 1),
    ),
    Quota(
        "SAMLProviders",
        1,
        (("CreateSAMLProvider", {"Name": "A", "SAMLMetadataDocument": entity()}),),
        "CreateSAMLProvider",
        {"Name": "B", "SAMLMetadataDocument": entity()},
        cannot("SAMLProvidersPerAccount", 1),
    ),
    Quota(
        "IdentityProvidersPerSAMLProvider",
        1,
        (),
        "UpdateSAMLProvider",
        {
            "SAMLProviderArn": SAML,
            "SAMLMetadataDocument": entities(*(entity(entity_id=f"https://{n}.example.com") for n in range(2))),
        },
        cannot("IdentityProvidersPerSAMLProvider", 1),
    ),
    Quota(
        "KeysPerSAMLProvider",
        1,
        (),
        "UpdateSAMLProvider",
        {"SAMLProviderArn": SAML, "SAMLMetadataDocument": entity(key_descriptor() + key_descriptor(DECRYPTION))},
        cannot("KeysPerSAMLProvider", 1),
    ),
    Quota(
        "PrivateKeysPerSAMLProvider",
        1,
        (("UpdateSAMLProvider", {"SAMLProviderArn": SAML, "AddPrivateKey": DECRYPTION.key_pem}),),
        "UpdateSAMLProvider",
        {"SAMLProviderArn": SAML, "AddPrivateKey": issue(key=rsa_key(3072)).key_pem},
        cannot("PrivateKeysPerSAMLProvider", 1),
    ),
    *(
        Quota(
            "",  # not one that an operator sets
            None,
            ((f"Tag{kind}", {**entity_, "Tags": FIFTY_TAGS}),),
            f"Tag{kind}",
            {**entity_, "Tags": tags("one-more")},
            TOO_MANY_TAGS,
        )
        for kind, entity_ in (
            ("User", ALICE),
            ("Role", {"RoleName": "Reader"}),
            ("Policy", {"PolicyArn": OWN}),
            ("InstanceProfile", {"InstanceProfileName": "Web"}),
            ("MFADevice", {"SerialNumber": f"{SELF}:mfa/one"}),
            ("ServerCertificate", {"ServerCertificateName": "web"}),
            ("OpenIDConnectProvider", {"OpenIDConnectProviderArn": OIDC}),
            ("SAMLProvider", {"SAMLProviderArn": SAML}),
        )
    ),
)

"""AWS's quotas: defaults, how far each can be raised, and what exceeding one says.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from typing import NamedTuple


class Quota(NamedTuple):
    """One quota. ``maximum`` is how far AWS raises it on request; equal to ``default`` where it does not.

    ``exceeded`` is the name in ``Cannot exceed quota for <exceeded>: <limit>``.
    """

    default: int
    maximum: int
    exceeded: str


FIXED = frozenset({"RolesPerInstanceProfile"})  # what the records have room for, whoever asks for more

QUOTAS: dict[str, Quota] = {
    "Users": Quota(5000, 5000, "UsersPerAccount"),
    "Groups": Quota(300, 500, "GroupsPerAccount"),
    "Roles": Quota(1000, 10000, "RolesPerAccount"),
    "InstanceProfiles": Quota(1000, 10000, "InstanceProfilesPerAccount"),
    "Policies": Quota(1500, 10000, "PoliciesPerAccount"),
    "PolicyVersionsInUse": Quota(10000, 10000, "PolicyVersionsInUse"),
    "VersionsPerPolicy": Quota(5, 5, "VersionsPerPolicy"),
    "GroupsPerUser": Quota(10, 10, "GroupsPerUser"),
    "AccessKeysPerUser": Quota(2, 2, "AccessKeysPerUser"),
    "RolesPerInstanceProfile": Quota(1, 1, "InstanceSessionsPerInstanceProfile"),
    "AttachedPoliciesPerUser": Quota(10, 20, "PoliciesPerUser"),
    "AttachedPoliciesPerGroup": Quota(10, 10, "PoliciesPerGroup"),
    "AttachedPoliciesPerRole": Quota(10, 25, "PoliciesPerRole"),
    "PolicySize": Quota(6144, 6144, "PolicySize"),
    "UserPolicySize": Quota(2048, 2048, "UserPolicySize"),
    "GroupPolicySize": Quota(5120, 5120, "GroupPolicySize"),
    "RolePolicySize": Quota(10240, 10240, "RolePolicySize"),
    "AssumeRolePolicySize": Quota(2048, 8192, "ACLSizePerRole"),
    "ServerCertificates": Quota(20, 20, "ServerCertificates"),
    "SigningCertificatesPerUser": Quota(2, 2, "CertificatesPerUser"),
    "MFADevices": Quota(5000, 5000, "MFADevicesPerAccount"),
    "MFADevicesPerUser": Quota(8, 8, "MFADevicesPerUser"),
    "SSHPublicKeysPerUser": Quota(5, 5, "SSHPublicKeysPerUser"),
    "ServiceSpecificCredentialsPerUser": Quota(2, 2, "ServiceSpecificCredentialsPerUser"),  # and service
    "OpenIDConnectProviders": Quota(100, 700, "OpenIdConnectProvidersPerAccount"),
    "ClientIDsPerOpenIDConnectProvider": Quota(100, 100, "ClientIdsPerOpenIdConnectProvider"),
    "SAMLProviders": Quota(100, 100, "SAMLProvidersPerAccount"),
    "IdentityProvidersPerSAMLProvider": Quota(10, 10, "IdentityProvidersPerSAMLProvider"),
    "KeysPerSAMLProvider": Quota(10, 10, "KeysPerSAMLProvider"),
    "PrivateKeysPerSAMLProvider": Quota(2, 2, "PrivateKeysPerSAMLProvider"),
}

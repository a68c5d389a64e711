"""Errors that AWS's model declares of an operation and that the operation never raises, with the reason."""

# Of all operations: commits are serial, and changes are in force at once.
NEVER = {"ServiceFailure", "ConcurrentModification", "EntityTemporarilyUnmodifiable"}
NEVER_IN_SERVICE_QUOTAS = {
    "AccessDeniedException",  # as the stranger is refused, in every row
    "DependencyAccessDeniedException",
    "InvalidResourceStateException",
    "QuotaExceededException",  # each quota has one open request, so there are never too many
    "ServiceException",
    "TooManyRequestsException",
}

UNREACHED: dict[str, set[str]] = {
    # What is no ARN, no status or no tag key is refused with ValidationError, what is not there with NoSuchEntity.
    "InvalidInput": {
        "AddClientIDToOpenIDConnectProvider",
        "DeleteOpenIDConnectProvider",
        "DeleteSAMLProvider",
        "GetAccountProperties",
        "GetOpenIDConnectProvider",
        "GetRoleTemplateVersion",
        "GetSAMLProvider",
        "GetServiceLastAccessedDetails",
        "GetServiceLinkedRoleDeletionStatus",
        "ListAttachedGroupPolicies",
        "ListDelegationRequests",
        "ListAttachedRolePolicies",
        "ListAttachedUserPolicies",
        "ListMFADeviceTags",
        "ListOpenIDConnectProviderTags",
        "ListSAMLProviderTags",
        "RemoveClientIDFromOpenIDConnectProvider",
        "UntagInstanceProfile",
        "UntagMFADevice",
        "UntagOpenIDConnectProvider",
        "UntagSAMLProvider",
        "UntagServerCertificate",
        "UpdateAccessKey",
        "UpdateSSHPublicKey",
        "UpdateSigningCertificate",
    },
    "IllegalArgumentException": {  # likewise, with ValidationException
        "GetAWSDefaultServiceQuota",
        "GetRequestedServiceQuotaChange",
        "GetServiceQuota",
        "ListAWSDefaultServiceQuotas",
        "ListRequestedServiceQuotaChangeHistory",
        "ListRequestedServiceQuotaChangeHistoryByQuota",
        "ListServiceQuotas",
        "ListServices",
        "ListTagsForResource",
        "UntagResource",
    },
    # What the operation makes no more of, or of which there is one at most.
    "LimitExceeded": {
        "ChangePassword",
        "CreateDelegationRequest",  # needs a thousand: tests/iam/test_delegation_requests.py
        "CreateAccountAlias",  # a new alias replaces the old
        "CreateLoginProfile",
        "CreateServiceLinkedRole",  # may exceed the quota of roles
        "DeactivateMFADevice",
        "DeleteAccessKey",
        "DeleteAccountAlias",
        "DeleteAccountPasswordPolicy",
        "DeleteGroup",
        "DeleteGroupPolicy",
        "DeleteInstanceProfile",
        "DeleteLoginProfile",
        "DeletePolicy",
        "DeletePolicyVersion",
        "DeleteRole",
        "DeleteRolePolicy",
        "DeleteSAMLProvider",
        "DeleteServerCertificate",
        "DeleteServiceLinkedRole",
        "DeleteSigningCertificate",
        "DeleteUser",
        "DeleteUserPolicy",
        "DeleteVirtualMFADevice",
        "DetachGroupPolicy",
        "DetachRolePolicy",
        "DetachUserPolicy",
        "GenerateCredentialReport",
        "RemoveRoleFromInstanceProfile",
        "RemoveUserFromGroup",
        "ResyncMFADevice",
        "SetDefaultPolicyVersion",
        "UpdateAccessKey",
        "UpdateAccountPasswordPolicy",
        "UpdateGroup",
        "UpdateLoginProfile",
        "UpdateServerCertificate",
        "UpdateSigningCertificate",
        "UpdateUser",
    },
    "EntityAlreadyExists": {
        "AcquireRole",  # NameConflict says so
        "AddRoleToInstanceProfile",  # LimitExceeded says so
        "UploadSigningCertificate",  # DuplicateCertificate says so
    },
    "NoSuchEntity": {"CreateGroup", "CreateServiceLinkedRole", "ListDelegationRequests", "UpdateAccountPasswordPolicy"},
    "UnmodifiableEntity": {"UpdateRoleDescription"},  # that of a service-linked role may be changed
    "DeleteConflict": {"DeleteServerCertificate"},  # no load balancer uses one
    "InvalidCertificate": {"UploadSigningCertificate"},  # MalformedCertificate says so
    "MalformedPolicyDocument": {"UpdateAccountPasswordPolicy"},  # nothing of it is a policy
    "NotSupportedService": {  # NoSuchEntity says so, as on AWS
        "CreateServiceSpecificCredential",
        "ListServiceSpecificCredentials",
    },
    "OpenIdIdpCommunicationError": {"CreateOpenIDConnectProvider"},  # no provider is asked for a thumbprint
    "PolicyEvaluation": {"SimulateCustomPolicy", "SimulatePrincipalPolicy"},  # needs a policy that the server lacks
    "ReportExpired": {"GetCredentialReport"},  # needs four hours: tests/iam/test_credential_report.py
    "ReportInProgress": {"GetCredentialReport"},  # a report is made at once
    "ReportGenerationLimitExceeded": {"GenerateOrganizationsAccessReport"},  # likewise
    "RoleModified": {"AcquireRole"},  # templates do not change while a server runs
    "UnrecognizedPublicKeyEncoding": {"GetSSHPublicKey"},  # ValidationError says so
}

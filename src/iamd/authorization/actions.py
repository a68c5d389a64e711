"""Which IAM actions each operation needs, on which resource, with which condition keys: one row an operation.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from iamd.account.operation import Input
from iamd.account.role_templates import describe_role, find_template, replacement_values
from iamd.account.state import Account
from iamd.authorization import targets
from iamd.authorization.context import request_tag_keys
from iamd.authorization.targets import Resolver
from iamd.call import Call, Caller


class Need(NamedTuple):
    """One action that must be allowed on one resource.

    ``keys`` names the providers of ``iamd.authorization.context.PROVIDERS`` that add condition keys. With ``if_any``
    the action is needed only by requests that carry one of those members, with ``or_if`` only by callers for whom it
    holds, with both by either. With ``trust`` the resource is a role, whose trust policy must allow; with
    ``as_service`` it is not the caller who must be allowed, but the service that the request names. With ``owner_may``
    the owner of a delegation request needs no policy that allows.
    """

    target: Resolver
    keys: tuple[str, ...] = ()
    action: str | None = None  # default: the operation's own name
    if_any: tuple[str, ...] = ()
    or_if: Callable[[Caller], bool] | None = None
    trust: bool = False
    context: Mapping[str, str | tuple[str, ...]] = {}  # condition keys besides those of ``keys``
    as_service: bool = False
    owner_may: bool = False

    def applies(self, input: Input, caller: Caller) -> bool:
        """Whether a request with this input by this caller needs it."""
        if self.or_if is not None and self.or_if(caller):
            return True
        return any(member in input for member in self.if_any) or not (self.if_any or self.or_if)


def _on(target: Resolver, *keys: str) -> tuple[Need, ...]:
    return (Need(target, keys),)


def _creates(target: Resolver, tag_action: str, *keys: str) -> tuple[Need, ...]:
    """An operation that makes a taggable entity; tags at birth need the Tag action too."""
    keys = ("request_tags", *keys)
    return (Need(target, keys), Need(target, keys, tag_action, if_any=("Tags",)))


def _hands_on_tags(caller: Caller) -> bool:
    """Sessions assumed from the caller's inherit tags."""
    return caller.kind == "role" and caller.session is not None and bool(caller.session.transitive_tag_keys)


def _hands_on_source_identity(caller: Caller) -> bool:
    return caller.session is not None and caller.session.source_identity is not None


def _assumes(action: str | None = None, *if_any: str, or_if: Callable[[Caller], bool] | None = None) -> Need:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required"""
    return Need(targets.assumed_role, ("request_tags", "assumption"), action, if_any, or_if, trust=True)


def _brings_tags(caller: Caller) -> bool:
    """What identified the caller carries session tags."""
    return caller.assertion is not None and bool(caller.assertion.tags)


def _brings_source_identity(caller: Caller) -> bool:
    return caller.assertion is not None and caller.assertion.source_identity is not None


def _federates() -> tuple[Need, ...]:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_adding-assume-role-idp"""
    return (
        Need(targets.assumed_role, trust=True),
        Need(targets.assumed_role, (), "sts:TagSession", or_if=_brings_tags, trust=True),
        Need(targets.assumed_role, (), "sts:SetSourceIdentity", or_if=_brings_source_identity, trust=True),
    )


def _acquires(account: Account, input: Input, call: Call) -> tuple[Need, ...]:
    """What the role made from a template needs to be made, or to be looked at if it has been made before.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_role-template.html
    """
    arn = input["TemplateArn"]
    template = find_template(account.directory.role_templates, arn, input.get("TemplateMinorVersion"))
    if template is None:
        return ()  # the operation says so; templates are AWS's, and no secret
    role = describe_role(template, replacement_values(input))
    target = targets.described_role(account, role)
    keys: dict[str, str | tuple[str, ...]] = {"iam:roletemplatearn": arn}
    if target.entity is not None:
        return (Need(lambda *_: target, (_CURRENT,), "iam:GetRole", context=keys),)
    if role.permissions_boundary is not None:
        keys["iam:permissionsboundary"] = role.permissions_boundary
    tagged = keys | request_tag_keys(role.tags)
    needs = [Need(lambda *_: target, (), "iam:CreateRole", context=tagged)]
    if role.tags:
        needs.append(Need(lambda *_: target, (), "iam:TagRole", context=tagged))
    if role.inline_policies:
        needs.append(Need(lambda *_: target, (), "iam:PutRolePolicy", context=keys))
    needs += [
        Need(lambda *_: target, (), "iam:AttachRolePolicy", context={**keys, "iam:policyarn": policy})
        for policy in role.managed_policy_arns
    ]
    return tuple(needs)


_CURRENT = "current_boundary"  # iam:PermissionsBoundary is the boundary that the entity has
_REQUESTED = "requested_boundary"  # … is the boundary that the request sets
_POLICY = "policy_arn"

Needs: TypeAlias = tuple[Need, ...] | Callable[[Account, Input, Call], tuple[Need, ...]]

NEEDS: Mapping[str, Needs] = {
    # Users
    "CreateUser": _creates(targets.new_user, "iam:TagUser", _REQUESTED),
    "GetUser": _on(targets.user),
    "UpdateUser": (
        Need(targets.user),
        Need(targets.renamed_user, if_any=("NewPath", "NewUserName")),
    ),
    "DeleteUser": _on(targets.user),
    "ListUsers": _on(targets.users),
    "TagUser": _on(targets.user, "request_tags"),
    "UntagUser": _on(targets.user, "tag_keys"),
    "ListUserTags": _on(targets.user),
    "PutUserPermissionsBoundary": _on(targets.user, _REQUESTED),
    "DeleteUserPermissionsBoundary": _on(targets.user, _CURRENT),
    # Groups
    "CreateGroup": _on(targets.new_group),
    "GetGroup": _on(targets.group),
    "UpdateGroup": (
        Need(targets.group),
        Need(targets.renamed_group, if_any=("NewPath", "NewGroupName")),
    ),
    "DeleteGroup": _on(targets.group),
    "ListGroups": _on(targets.groups),
    "AddUserToGroup": _on(targets.group),
    "RemoveUserFromGroup": _on(targets.group),
    "ListGroupsForUser": _on(targets.user),
    # Roles
    "CreateRole": _creates(targets.new_role, "iam:TagRole", _REQUESTED),
    "GetRole": _on(targets.role, _CURRENT),
    "UpdateRole": _on(targets.role, _CURRENT),
    "UpdateRoleDescription": _on(targets.role, _CURRENT),
    "UpdateAssumeRolePolicy": _on(targets.role, _CURRENT),
    "DeleteRole": _on(targets.role, _CURRENT),
    "ListRoles": _on(targets.roles),
    "TagRole": _on(targets.role, "request_tags"),
    "UntagRole": _on(targets.role, "tag_keys"),
    "ListRoleTags": _on(targets.role),
    "PutRolePermissionsBoundary": _on(targets.role, _REQUESTED),
    "DeleteRolePermissionsBoundary": _on(targets.role, _CURRENT),
    # Managed policies
    "CreatePolicy": _creates(targets.new_policy, "iam:TagPolicy"),
    "GetPolicy": _on(targets.policy),
    "DeletePolicy": _on(targets.policy),
    "ListPolicies": _on(targets.policies),
    "CreatePolicyVersion": _on(targets.policy),
    "GetPolicyVersion": _on(targets.policy),
    "DeletePolicyVersion": _on(targets.policy),
    "SetDefaultPolicyVersion": _on(targets.policy),
    "ListPolicyVersions": _on(targets.policy),
    "ListEntitiesForPolicy": _on(targets.policy),
    "TagPolicy": _on(targets.policy, "request_tags"),
    "UntagPolicy": _on(targets.policy, "tag_keys"),
    "ListPolicyTags": _on(targets.policy),
    # Attachments
    "AttachUserPolicy": _on(targets.user, _CURRENT, _POLICY),
    "DetachUserPolicy": _on(targets.user, _CURRENT, _POLICY),
    "ListAttachedUserPolicies": _on(targets.user),
    "AttachGroupPolicy": _on(targets.group, _POLICY),
    "DetachGroupPolicy": _on(targets.group, _POLICY),
    "ListAttachedGroupPolicies": _on(targets.group),
    "AttachRolePolicy": _on(targets.role, _CURRENT, _POLICY),
    "DetachRolePolicy": _on(targets.role, _CURRENT, _POLICY),
    "ListAttachedRolePolicies": _on(targets.role),
    # Inline policies
    "PutUserPolicy": _on(targets.user, _CURRENT),
    "GetUserPolicy": _on(targets.user),
    "DeleteUserPolicy": _on(targets.user, _CURRENT),
    "ListUserPolicies": _on(targets.user),
    "PutGroupPolicy": _on(targets.group),
    "GetGroupPolicy": _on(targets.group),
    "DeleteGroupPolicy": _on(targets.group),
    "ListGroupPolicies": _on(targets.group),
    "PutRolePolicy": _on(targets.role, _CURRENT),
    "GetRolePolicy": _on(targets.role),
    "DeleteRolePolicy": _on(targets.role, _CURRENT),
    "ListRolePolicies": _on(targets.role),
    # Instance profiles
    "CreateInstanceProfile": _creates(targets.new_instance_profile, "iam:TagInstanceProfile"),
    "GetInstanceProfile": _on(targets.instance_profile),
    "DeleteInstanceProfile": _on(targets.instance_profile),
    "ListInstanceProfiles": _on(targets.instance_profiles),
    "ListInstanceProfilesForRole": _on(targets.role),
    "AddRoleToInstanceProfile": (
        Need(targets.instance_profile),
        Need(targets.passed_role, ("passed_to_ec2",), "iam:PassRole"),
    ),
    "RemoveRoleFromInstanceProfile": _on(targets.instance_profile),
    "TagInstanceProfile": _on(targets.instance_profile, "request_tags"),
    "UntagInstanceProfile": _on(targets.instance_profile, "tag_keys"),
    "ListInstanceProfileTags": _on(targets.instance_profile),
    # Access keys
    "CreateAccessKey": _on(targets.user),
    "UpdateAccessKey": _on(targets.user),
    "DeleteAccessKey": _on(targets.user),
    "ListAccessKeys": _on(targets.user),
    "GetAccessKeyLastUsed": _on(targets.access_key_owner),
    # Passwords
    "CreateLoginProfile": _on(targets.user),
    "GetLoginProfile": _on(targets.user),
    "UpdateLoginProfile": _on(targets.user),
    "DeleteLoginProfile": _on(targets.user),
    "ChangePassword": _on(targets.user),
    "UpdateAccountPasswordPolicy": _on(targets.everything),
    "GetAccountPasswordPolicy": _on(targets.everything),
    "DeleteAccountPasswordPolicy": _on(targets.everything),
    # MFA devices
    "CreateVirtualMFADevice": _creates(targets.new_mfa_device, "iam:TagMFADevice"),
    "EnableMFADevice": _on(targets.user),
    "ResyncMFADevice": _on(targets.user),
    "DeactivateMFADevice": _on(targets.user),
    "DeleteVirtualMFADevice": _on(targets.mfa_device),
    "GetMFADevice": _on(targets.user),
    "ListMFADevices": _on(targets.user),
    "ListVirtualMFADevices": _on(targets.mfa_devices),
    "TagMFADevice": _on(targets.mfa_device, "request_tags"),
    "UntagMFADevice": _on(targets.mfa_device, "tag_keys"),
    "ListMFADeviceTags": _on(targets.mfa_device),
    # Server certificates
    "UploadServerCertificate": _creates(targets.new_server_certificate, "iam:TagServerCertificate"),
    "GetServerCertificate": _on(targets.server_certificate),
    "UpdateServerCertificate": (
        Need(targets.server_certificate),
        Need(targets.renamed_server_certificate, if_any=("NewPath", "NewServerCertificateName")),
    ),
    "DeleteServerCertificate": _on(targets.server_certificate),
    "ListServerCertificates": _on(targets.server_certificates),
    "TagServerCertificate": _on(targets.server_certificate, "request_tags"),
    "UntagServerCertificate": _on(targets.server_certificate, "tag_keys"),
    "ListServerCertificateTags": _on(targets.server_certificate),
    # Signing certificates
    "UploadSigningCertificate": _on(targets.user),
    "UpdateSigningCertificate": _on(targets.user),
    "DeleteSigningCertificate": _on(targets.user),
    "ListSigningCertificates": _on(targets.user),
    # SSH public keys
    "UploadSSHPublicKey": _on(targets.user),
    "GetSSHPublicKey": _on(targets.user),
    "UpdateSSHPublicKey": _on(targets.user),
    "DeleteSSHPublicKey": _on(targets.user),
    "ListSSHPublicKeys": _on(targets.user),
    # Service-specific credentials
    "CreateServiceSpecificCredential": _on(targets.user, "credential_service", "credential_age"),
    "ResetServiceSpecificCredential": _on(targets.credential_owner, "credential_service"),
    "UpdateServiceSpecificCredential": _on(targets.credential_owner, "credential_service"),
    "DeleteServiceSpecificCredential": _on(targets.credential_owner, "credential_service"),
    "ListServiceSpecificCredentials": _on(targets.credential_owners),
    # OpenID Connect providers
    "CreateOpenIDConnectProvider": _creates(targets.new_open_id_connect_provider, "iam:TagOpenIDConnectProvider"),
    "GetOpenIDConnectProvider": _on(targets.open_id_connect_provider),
    "DeleteOpenIDConnectProvider": _on(targets.open_id_connect_provider),
    "ListOpenIDConnectProviders": _on(targets.open_id_connect_providers),
    "AddClientIDToOpenIDConnectProvider": _on(targets.open_id_connect_provider),
    "RemoveClientIDFromOpenIDConnectProvider": _on(targets.open_id_connect_provider),
    "UpdateOpenIDConnectProviderThumbprint": _on(targets.open_id_connect_provider),
    "TagOpenIDConnectProvider": _on(targets.open_id_connect_provider, "request_tags"),
    "UntagOpenIDConnectProvider": _on(targets.open_id_connect_provider, "tag_keys"),
    "ListOpenIDConnectProviderTags": _on(targets.open_id_connect_provider),
    # SAML providers
    "CreateSAMLProvider": _creates(targets.new_saml_provider, "iam:TagSAMLProvider"),
    "GetSAMLProvider": _on(targets.saml_provider),
    "UpdateSAMLProvider": _on(targets.saml_provider),
    "DeleteSAMLProvider": _on(targets.saml_provider),
    "ListSAMLProviders": _on(targets.saml_providers),
    "TagSAMLProvider": _on(targets.saml_provider, "request_tags"),
    "UntagSAMLProvider": _on(targets.saml_provider, "tag_keys"),
    "ListSAMLProviderTags": _on(targets.saml_provider),
    # Outbound federation
    "EnableOutboundWebIdentityFederation": _on(targets.everything),
    "DisableOutboundWebIdentityFederation": _on(targets.everything),
    "GetOutboundWebIdentityFederationInfo": _on(targets.everything),
    # Service-linked roles
    "CreateServiceLinkedRole": _on(targets.new_service_linked_role, "linked_service"),
    "DeleteServiceLinkedRole": _on(targets.service_linked_role, "linked_service"),
    "GetServiceLinkedRoleDeletionStatus": _on(targets.deleted_service_linked_role, "linked_service"),
    # The account
    "CreateAccountAlias": _on(targets.everything),
    "DeleteAccountAlias": _on(targets.everything),
    "ListAccountAliases": _on(targets.everything),
    "GetAccountSummary": _on(targets.everything),
    "SetSecurityTokenServicePreferences": _on(targets.everything),
    "GetAccountProperties": _on(targets.everything),
    "PutAccountProperties": _on(targets.everything, "property_namespaces"),
    # Role templates
    "GetRoleTemplateVersion": _on(targets.role_template),
    "AcquireRole": _acquires,  # which has no action of its own
    "GetAccountAuthorizationDetails": _on(targets.everything),
    # Central root access
    "EnableOrganizationsRootCredentialsManagement": _on(targets.everything),
    "DisableOrganizationsRootCredentialsManagement": _on(targets.everything),
    "EnableOrganizationsRootSessions": _on(targets.everything),
    "DisableOrganizationsRootSessions": _on(targets.everything),
    "ListOrganizationsFeatures": _on(targets.everything),
    # Reports
    "GenerateCredentialReport": _on(targets.everything),
    "GetCredentialReport": _on(targets.everything),
    "GenerateServiceLastAccessedDetails": _on(targets.policy_source),
    "GetServiceLastAccessedDetails": _on(targets.everything),
    "GetServiceLastAccessedDetailsWithEntities": _on(targets.everything),
    "ListPoliciesGrantingServiceAccess": _on(targets.policy_source),
    "GenerateOrganizationsAccessReport": _on(targets.access_report, "organizations_policy"),
    "GetOrganizationsAccessReport": _on(targets.everything),
    "GetHumanReadableSummary": (Need(targets.summarized, ("delegation_owner",), owner_may=True),),
    # Delegation requests
    "CreateDelegationRequest": _on(targets.new_delegation_request, "delegation"),
    "GetDelegationRequest": (Need(targets.delegation_request, ("delegation_owner",), owner_may=True),),
    "ListDelegationRequests": _on(targets.everything, "listed_owner"),
    "AssociateDelegationRequest": _on(targets.delegation_request, "delegation_owner"),
    "UpdateDelegationRequest": (Need(targets.delegation_request, ("delegation_owner",), owner_may=True),),
    "AcceptDelegationRequest": _on(targets.delegation_request, "delegation_owner"),
    "RejectDelegationRequest": _on(targets.delegation_request, "delegation_owner"),
    "SendDelegationToken": _on(targets.delegation_request, "delegation_owner"),
    # The policy simulator
    "SimulateCustomPolicy": _on(targets.everything),
    "SimulatePrincipalPolicy": _on(targets.policy_source),
    "GetContextKeysForCustomPolicy": _on(targets.everything),
    "GetContextKeysForPrincipalPolicy": _on(targets.policy_source),
    # STS
    "GetCallerIdentity": (),  # needs no permission and no Deny stops it
    "GetAccessKeyInfo": _on(targets.everything),
    "AssumeRole": (
        _assumes(),
        _assumes("sts:TagSession", "Tags", "TransitiveTagKeys", or_if=_hands_on_tags),
        _assumes("sts:SetSourceIdentity", "SourceIdentity", or_if=_hands_on_source_identity),
        _assumes("sts:SetContext", "ProvidedContexts"),
    ),
    "AssumeRoleWithWebIdentity": _federates(),
    "AssumeRoleWithSAML": _federates(),
    "GetWebIdentityToken": _creates(targets.everything, "sts:TagGetWebIdentityToken", "token_request"),
    "GetDelegatedAccessToken": _on(targets.everything),
    "AssumeRoot": _on(targets.member_root, "root_task"),
    "GetSessionToken": (),  # likewise
    "GetFederationToken": _creates(targets.federated_user, "sts:TagSession"),
    "DecodeAuthorizationMessage": _on(targets.unnamed),
}

# https://docs.aws.amazon.com/service-authorization/latest/reference/list_servicequotas.html
SERVICE_QUOTAS_NEEDS: Mapping[str, Needs] = {
    "ListServices": _on(targets.unnamed),
    "GetAWSDefaultServiceQuota": _on(targets.unnamed),
    "ListAWSDefaultServiceQuotas": _on(targets.unnamed),
    "GetServiceQuota": _on(targets.service_quota, "quota_service"),
    "ListServiceQuotas": _on(targets.unnamed),
    "RequestServiceQuotaIncrease": _on(targets.service_quota, "quota_service"),
    "GetRequestedServiceQuotaChange": _on(targets.unnamed),
    "ListRequestedServiceQuotaChangeHistory": _on(targets.unnamed),
    "ListRequestedServiceQuotaChangeHistoryByQuota": _on(targets.service_quota, "quota_service"),
    "TagResource": _on(targets.unnamed, "request_tags"),
    "UntagResource": _on(targets.unnamed, "tag_keys"),
    "ListTagsForResource": _on(targets.unnamed),
}

# iamd's own: what an operator may do for services.
IAMD_NEEDS: Mapping[str, Needs] = {
    "GetTradeInToken": _on(targets.delegation_request, "delegation_owner"),
    "AssumeRoleForService": (
        Need(targets.assumed_role, ("request_tags", "service_assumption")),
        Need(targets.assumed_role, ("passed_to_service",), "iam:PassRole"),
        Need(
            targets.assumed_role,
            ("request_tags", "service_assumption"),
            "sts:AssumeRole",
            trust=True,
            as_service=True,
        ),
        Need(
            targets.assumed_role,
            ("request_tags", "service_assumption"),
            "sts:TagSession",
            if_any=("Tags", "TransitiveTagKeys"),
            trust=True,
            as_service=True,
        ),
    ),
}

NEEDS_OF: Mapping[str, Mapping[str, Needs]] = {  # by the service's prefix
    "iam": NEEDS,
    "sts": NEEDS,
    "servicequotas": SERVICE_QUOTAS_NEEDS,
    "iamd": IAMD_NEEDS,
}

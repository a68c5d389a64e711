"""What belongs to the account itself: its alias, and the summary of what it holds and may hold.

https://docs.aws.amazon.com/IAM/latest/UserGuide/console-account-alias.html
"""

from msgspec.structs import replace

from iamd.account.changes import Change, ClaimAlias, Put, ReleaseAlias
from iamd.account.operation import Answer, Input
from iamd.account.state import Account
from iamd.call import Call
from iamd.errors import EntityAlreadyExists, NoSuchEntity, ValidationError
from iamd.iam.pagination import paginate

SUMMARIZED_QUOTAS = (
    "AccessKeysPerUser",
    "AssumeRolePolicySize",
    "AttachedPoliciesPerGroup",
    "AttachedPoliciesPerRole",
    "AttachedPoliciesPerUser",
    "GroupPolicySize",
    "Groups",
    "GroupsPerUser",
    "InstanceProfiles",
    "Policies",
    "PolicySize",
    "PolicyVersionsInUse",
    "RolePolicySize",
    "Roles",
    "ServerCertificates",
    "SigningCertificatesPerUser",
    "UserPolicySize",
    "Users",
    "VersionsPerPolicy",
)


def create_account_alias(account: Account, input: Input, call: Call) -> Answer:
    """An account has one alias: a new one replaces it.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccountAlias.html
    """
    alias, settings = input["AccountAlias"], account.settings
    if len(alias) == 12 and alias.isdigit():
        # Sign-in addresses take an account id where they take an alias.
        raise ValidationError("The specified value for accountAlias is invalid. It must not be a 12-digit number.")
    if alias in account.directory.aliases:
        raise EntityAlreadyExists(f"The account alias {alias} already exists.")
    changes: list[Change] = [ReleaseAlias(settings.alias)] if settings.alias else []
    return {}, [*changes, ClaimAlias(alias), Put(replace(settings, alias=alias))]


def delete_account_alias(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccountAlias.html"""
    alias, settings = input["AccountAlias"], account.settings
    if settings.alias != alias:
        raise NoSuchEntity(f"The account alias with name {alias} cannot be found.")
    return {}, [ReleaseAlias(alias), Put(replace(settings, alias=None))]


def list_account_aliases(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccountAliases.html"""
    alias = account.settings.alias
    page, more = paginate([alias] if alias else [], input, call, str)
    return {"AccountAliases": page, **more}, []


def get_account_summary(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html"""
    counts = {
        "Users": len(account.users),
        "Groups": len(account.groups),
        "Roles": len(account.roles),
        "Policies": len(account.policies),
        "PolicyVersionsInUse": account.policy_versions_in_use,
        "InstanceProfiles": len(account.instance_profiles),
        "ServerCertificates": len(account.server_certificates),
        "Providers": len(account.open_id_connect_providers) + len(account.saml_providers),
        "MFADevices": len(account.mfa_devices),
        "MFADevicesInUse": sum(device.owner_id is not None for device in account.mfa_devices),
        # Whether the root user has any, not how many:
        "AccountAccessKeysPresent": int(bool(account.access_keys_of(account.account_id))),
        "AccountMFAEnabled": int(bool(account.mfa_devices_of(account.account_id))),
        "AccountPasswordPresent": int(account.login_profiles.find(account.account_id) is not None),
        "AccountSigningCertificatesPresent": int(bool(account.signing_certificates_of(account.account_id))),
        "GlobalEndpointTokenVersion": 1,
    }
    quotas = {f"{name}Quota": account.quota(name) for name in SUMMARIZED_QUOTAS}
    return {"SummaryMap": counts | quotas}, []

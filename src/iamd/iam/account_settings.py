"""What belongs to the account itself: its alias, and the summary of what it holds and may hold.

https://docs.aws.amazon.com/IAM/latest/UserGuide/console-account-alias.html
"""

from msgspec.structs import replace

from iamd.account.changes import Change, ClaimAlias, Put, ReleaseAlias
from iamd.account.operation import Answer, Input
from iamd.account.state import Account
from iamd.call import Call
from iamd.errors import EntityAlreadyExists, InvalidInput, NoSuchEntity, ValidationError
from iamd.iam.pagination import paginate

TOKEN_VERSIONS = {"v1Token": 1, "v2Token": 2}
PROPERTIES = {"RoleManager/Enabled": "false"}  # and their values unless set; all of them are boolean

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


def set_security_token_service_preferences(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_SetSecurityTokenServicePreferences.html"""
    version = TOKEN_VERSIONS[input["GlobalEndpointTokenVersion"]]
    return {}, [Put(replace(account.settings, global_endpoint_token_version=version))]


def get_account_properties(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountProperties.html"""
    return {"Properties": {**PROPERTIES, **account.settings.properties}}, []


def put_account_properties(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutAccountProperties.html"""
    properties = input["Properties"]
    if not properties:
        raise InvalidInput("At least one property must be given.")
    for key in properties:
        namespace, _, name = key.partition("/")
        if not namespace or not name or "/" in name:
            raise InvalidInput(f"The property key {key} is not valid. It must have the form Namespace/PropertyName.")
    if len({key.partition("/")[0] for key in properties}) > 1:
        raise InvalidInput("All properties of a request must belong to the same namespace.")
    for key, value in properties.items():
        if key not in PROPERTIES:
            raise InvalidInput(f"The property {key} is not supported.")
        if value not in ("true", "false"):
            raise InvalidInput(f"The value of the property {key} must be true or false.")
    return {}, [Put(replace(account.settings, properties={**account.settings.properties, **properties}))]


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
        "MFADevices": sum(device.virtual or device.owner_id is not None for device in account.mfa_devices),
        "MFADevicesInUse": sum(device.owner_id is not None for device in account.mfa_devices),
        "AccountAccessKeysPresent": len(account.access_keys_of(account.account_id)),
        # Whether the root user has any, not how many:
        "AccountMFAEnabled": int(bool(account.mfa_devices_of(account.account_id))),
        "AccountPasswordPresent": int(account.login_profiles.find(account.account_id) is not None),
        "AccountSigningCertificatesPresent": int(bool(account.signing_certificates_of(account.account_id))),
        "GlobalEndpointTokenVersion": account.settings.global_endpoint_token_version,
    }
    quotas = {f"{name}Quota": account.quota(name) for name in SUMMARIZED_QUOTAS}
    return {"SummaryMap": counts | quotas}, []

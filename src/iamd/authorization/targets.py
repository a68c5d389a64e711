"""The resource that a call is authorized on, found from the decoded input and the account's records.

A name that stands for nothing is authorized as if it lay under the path ``/``, so that who may not see an entity does
not learn whether it exists.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from iamd.account.ids import find_account_of_uuid
from iamd.account.operation import Input
from iamd.account.organization import IAM_SERVICE
from iamd.account.records import (
    AccessKey,
    Group,
    InstanceProfile,
    ManagedPolicy,
    MFADevice,
    OpenIDConnectProvider,
    Role,
    SAMLProvider,
    ServerCertificate,
    User,
)
from iamd.account.role_templates import DescribedRole
from iamd.account.service_linked_roles import (
    find_linked_service,
    service_linked_role_name,
    service_linked_role_path,
)
from iamd.account.state import Account
from iamd.arn import PARTITION, federated_user_arn, find_arn, find_root_account_id, iam_arn, root_arn
from iamd.call import Call
from iamd.errors import ValidationError
from iamd.wire.models import OperationModel

Entity: TypeAlias = (
    User
    | Group
    | Role
    | ManagedPolicy
    | InstanceProfile
    | MFADevice
    | ServerCertificate
    | OpenIDConnectProvider
    | SAMLProvider
)


class Target(NamedTuple):
    """A resource: its ARN as policies see it, how a denial names it, and the record behind it, if there is one.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
    """

    arn: str
    shown: str | None  # None: the denial names no resource
    entity: Entity | None = None
    owner_arn: str | None = None  # of a delegation request
    service_name: str | None = None  # whose service-specific credential, service-linked role or quota it is about


# What delegated administrators do to their organization, whose state is the management account's.
_DELEGATED = frozenset(
    {"DisableOrganizationsRootCredentialsManagement", "DisableOrganizationsRootSessions", "ListOrganizationsFeatures"}
)

Resolver: TypeAlias = Callable[[Account, Input, Call], Target]


def everything(account: Account, input: Input, call: Call) -> Target:
    return Target("*", "*")


# An entity that exists, or is asked for by name -----------------------------------------------------------------------


def user(account: Account, input: Input, call: Call) -> Target:
    """The user named; without a name, the caller, as AWS lets users and root act on themselves.

    INVARIANT: the caller is found as ``iamd.iam.users`` finds it, by unique id, so that both see the same user.
    """
    name = input.get("UserName")
    if name is None:
        if call.caller.kind == "root":
            arn = root_arn(account.account_id)
            return Target(arn, arn)
        caller = account.find_by_id(call.caller.entity_id)
        if isinstance(caller, User):
            return Target(caller.arn, f"user {caller.name}", caller)
        return Target("*", "*")  # a role: the operation says that it must name a user
    found = account.find_user(name)
    return Target(found.arn if found else iam_arn(account.account_id, "user", "/", name), f"user {name}", found)


def group(account: Account, input: Input, call: Call) -> Target:
    name = input["GroupName"]
    found = account.find_group(name)
    return Target(found.arn if found else iam_arn(account.account_id, "group", "/", name), f"group {name}", found)


def role(account: Account, input: Input, call: Call) -> Target:
    name = input["RoleName"]
    found = account.find_role(name)
    return Target(found.arn if found else iam_arn(account.account_id, "role", "/", name), f"role {name}", found)


def passed_role(account: Account, input: Input, call: Call) -> Target:
    """The role handed to a service, which denials name by ARN."""
    target = role(account, input, call)
    return target._replace(shown=target.arn)


def assumed_role(account: Account, input: Input, call: Call) -> Target:
    """The role to assume, in whichever account; ``account`` is that one, if it is hosted here."""
    arn = input["RoleArn"]
    return Target(arn, arn, account.find_role_by_arn(arn))


def find_account_acted_on(operation: OperationModel, input: Input, callers: Account) -> str | None:
    """The id of the account whose role is to be assumed, that made a delegation request to be changed, or that has
    what a delegated administrator administers; None for operations on the caller's own account, ``callers``.

    Raises ValidationError in AWS STS's words if what names the role is no ARN.
    """
    if operation.name in _DELEGATED:
        organization = callers.directory.find_organization(callers.account_id)
        if organization is not None and organization.administers(callers.account_id, IAM_SERVICE):
            return organization.management_account_id
        return None
    if "DelegationRequestId" in input and not operation.name.startswith("Get"):  # what reads sees it from anywhere
        return find_account_of_uuid(input["DelegationRequestId"])
    if "RoleArn" not in input or operation.service.name != "sts":
        return None
    return account_of_role(input["RoleArn"])


def account_of_role(arn: str) -> str:
    """The id of the account that a role to be assumed is said to be in. Raises ValidationError in AWS STS's words."""
    parsed = find_arn(arn)
    if parsed is None:
        raise ValidationError(f"{arn} is invalid")
    return parsed.account_id


def role_template(account: Account, input: Input, call: Call) -> Target:
    """AWS's, so its ARN is not of the account."""
    arn = input["TemplateArn"]
    return Target(arn, arn)


def described_role(account: Account, described: DescribedRole) -> Target:
    """The role that a template describes, made or not."""
    found = account.find_role(described.name)
    arn = found.arn if found else iam_arn(account.account_id, "role", described.path, described.name)
    return Target(arn, arn, found)


def service_quota(account: Account, input: Input, call: Call) -> Target:
    """A quota. IAM's are global, so their ARNs have no region."""
    service, code = input["ServiceCode"], input["QuotaCode"]
    region = "" if service == "iam" else call.source.region
    arn = f"arn:{PARTITION}:servicequotas:{region}:{account.account_id}:{service}/{code}"
    return Target(arn, arn, service_name=service)


def member_root(account: Account, input: Input, call: Call) -> Target:
    """The root user to become, of another account. Raises ValidationError in AWS STS's words if it is none."""
    account_id = find_root_account_id(input["TargetPrincipal"])
    if account_id is None:
        raise ValidationError(f"{input['TargetPrincipal']} is invalid")
    arn = root_arn(account_id)
    return Target(arn, arn)


def federated_user(account: Account, input: Input, call: Call) -> Target:
    arn = federated_user_arn(account.account_id, input["Name"])
    return Target(arn, arn)


def unnamed(account: Account, input: Input, call: Call) -> Target:
    """No resource, of which a denial does not speak either."""
    return Target("*", None)


def instance_profile(account: Account, input: Input, call: Call) -> Target:
    name = input["InstanceProfileName"]
    found = account.find_instance_profile(name)
    arn = found.arn if found else iam_arn(account.account_id, "instance-profile", "/", name)
    return Target(arn, f"instance profile {name}", found)


def policy(account: Account, input: Input, call: Call) -> Target:
    arn = input["PolicyArn"]
    return Target(arn, f"policy {arn}", account.find_policy(arn))


def policy_source(account: Account, input: Input, call: Call) -> Target:
    """The user, group or role whose policies are asked about, by ARN; as IAM finds it, whatever path the ARN has."""
    text = input.get("PolicySourceArn") or input["Arn"]
    arn = find_arn(text)
    found: User | Group | Role | ManagedPolicy | None = None
    if arn is not None and arn.service == "iam" and arn.account_id == account.account_id:
        match arn.resource_type:
            case "user":
                found = account.find_user(arn.name)
            case "group":
                found = account.find_group(arn.name)
            case "role":
                found = account.find_role(arn.name)
            case "policy":
                found = account.find_policy(text)
    resource = text if found is None else found.arn
    return Target(resource, resource, found)


def new_delegation_request(account: Account, input: Input, call: Call) -> Target:
    arn = iam_arn(account.account_id, "delegation-request", "/", "*")
    return Target(arn, arn)


def delegation_request(account: Account, input: Input, call: Call) -> Target:
    """A request as the caller's account sees it, whoever made it."""
    return _delegation_request(account, input["DelegationRequestId"], call)


def _delegation_request(account: Account, request_id: str, call: Call) -> Target:
    arn = iam_arn(call.caller.account_id, "delegation-request", "/", request_id)
    request = account.directory.delegation_requests.get(request_id)
    return Target(arn, arn, owner_arn=None if request is None else request.owner_arn)


def summarized(account: Account, input: Input, call: Call) -> Target:
    """What a summary is asked of: a policy, a delegation request, or whatever else has an ARN."""
    arn = input["EntityArn"]
    parsed = find_arn(arn)
    if parsed is not None and parsed.resource_type == "delegation-request":
        return _delegation_request(account, parsed.name, call)
    return Target(arn, arn, account.find_policy(arn))


def access_report(account: Account, input: Input, call: Call) -> Target:
    """The report about an organization, or a part of it."""
    arn = iam_arn(account.account_id, "access-report", "/", input["EntityPath"])
    return Target(arn, arn)


def mfa_device(account: Account, input: Input, call: Call) -> Target:
    serial_number = input["SerialNumber"]
    return Target(serial_number, serial_number, account.find_mfa_device(serial_number))


def server_certificate(account: Account, input: Input, call: Call) -> Target:
    name = input["ServerCertificateName"]
    found = account.find_server_certificate(name)
    arn = found.arn if found else iam_arn(account.account_id, "server-certificate", "/", name)
    return Target(arn, f"server certificate {name}", found)


def open_id_connect_provider(account: Account, input: Input, call: Call) -> Target:
    arn = input["OpenIDConnectProviderArn"]
    return Target(arn, arn, account.find_open_id_connect_provider(arn))


def saml_provider(account: Account, input: Input, call: Call) -> Target:
    arn = input["SAMLProviderArn"]
    return Target(arn, arn, account.find_saml_provider(arn))


def service_linked_role(account: Account, input: Input, call: Call) -> Target:
    """The role to delete, and the service it is linked to."""
    target = role(account, input, call)
    path = target.entity.path if isinstance(target.entity, Role) else ""
    return target._replace(service_name=find_linked_service(path))


def deleted_service_linked_role(account: Account, input: Input, call: Call) -> Target:
    """The role that a deletion task is about, which stands in the task's id."""
    path, _, name = input["DeletionTaskId"].removeprefix("task").rpartition("/")[0].rpartition("/")
    arn = iam_arn(account.account_id, "role", f"{path}/", name)
    return Target(arn, f"role {name}", service_name=find_linked_service(f"{path}/"))


def credential_owner(account: Account, input: Input, call: Call) -> Target:
    """The user, and the service that the service-specific credential asked about is for, if it is the user's."""
    target = user(account, input, call)
    if isinstance(target.entity, User):
        for credential in account.service_specific_credentials_of(target.entity):
            if credential.id == input["ServiceSpecificCredentialId"]:
                return target._replace(service_name=credential.service)
    return target


def credential_owners(account: Account, input: Input, call: Call) -> Target:
    """The user whose service-specific credentials are listed, or all users."""
    return everything(account, input, call) if input.get("AllUsers") else user(account, input, call)


def access_key_owner(account: Account, input: Input, call: Call) -> Target:
    """The user who holds the access key asked about."""
    key_id = input["AccessKeyId"]
    key = account.access_keys.find(key_id)
    owner = account.find_by_id(key.owner_id) if isinstance(key, AccessKey) else None
    if isinstance(owner, User):
        return Target(owner.arn, f"access key {key_id}", owner)
    return Target(root_arn(account.account_id) if key else "*", f"access key {key_id}")


# An entity about to be ------------------------------------------------------------------------------------------------


def _new(kind: str, member: str) -> Resolver:
    def resolve(account: Account, input: Input, call: Call) -> Target:
        arn = iam_arn(account.account_id, kind, input.get("Path", "/"), input[member])
        return Target(arn, arn)

    return resolve


new_user = _new("user", "UserName")
new_group = _new("group", "GroupName")
new_role = _new("role", "RoleName")
new_mfa_device = _new("mfa", "VirtualMFADeviceName")
new_server_certificate = _new("server-certificate", "ServerCertificateName")
new_instance_profile = _new("instance-profile", "InstanceProfileName")


def new_open_id_connect_provider(account: Account, input: Input, call: Call) -> Target:
    arn = iam_arn(account.account_id, "oidc-provider", "/", input["Url"].removeprefix("https://"))
    return Target(arn, arn)


def new_saml_provider(account: Account, input: Input, call: Call) -> Target:
    arn = iam_arn(account.account_id, "saml-provider", "/", input["Name"])
    return Target(arn, arn)


def new_service_linked_role(account: Account, input: Input, call: Call) -> Target:
    service = input["AWSServiceName"]
    name = service_linked_role_name(service, input.get("CustomSuffix"))
    arn = iam_arn(account.account_id, "role", service_linked_role_path(service), name)
    return Target(arn, arn, service_name=service)


def new_policy(account: Account, input: Input, call: Call) -> Target:
    arn = iam_arn(account.account_id, "policy", input.get("Path", "/"), input["PolicyName"])
    return Target(arn, f"policy {input['PolicyName']}")


def renamed_user(account: Account, input: Input, call: Call) -> Target:
    """The ARN that UpdateUser would give: a rename needs permission on the old and on the new one."""
    old = user(account, input, call).entity
    path = old.path if isinstance(old, User) else "/"
    arn = iam_arn(
        account.account_id, "user", input.get("NewPath", path), input.get("NewUserName", input.get("UserName"))
    )
    return Target(arn, arn)


def renamed_group(account: Account, input: Input, call: Call) -> Target:
    """The ARN that UpdateGroup would give."""
    old = group(account, input, call).entity
    path = old.path if isinstance(old, Group) else "/"
    arn = iam_arn(
        account.account_id, "group", input.get("NewPath", path), input.get("NewGroupName", input["GroupName"])
    )
    return Target(arn, arn)


def renamed_server_certificate(account: Account, input: Input, call: Call) -> Target:
    """The ARN that UpdateServerCertificate would give."""
    old = server_certificate(account, input, call).entity
    path = old.path if isinstance(old, ServerCertificate) else "/"
    name = input.get("NewServerCertificateName", input["ServerCertificateName"])
    arn = iam_arn(account.account_id, "server-certificate", input.get("NewPath", path), name)
    return Target(arn, arn)


# A listing: authorized on the path asked for --------------------------------------------------------------------------


def _listing(kind: str) -> Resolver:
    def resolve(account: Account, input: Input, call: Call) -> Target:
        arn = iam_arn(account.account_id, kind, input.get("PathPrefix", "/"), "")
        return Target(arn, arn)

    return resolve


users = _listing("user")
groups = _listing("group")
roles = _listing("role")
mfa_devices = _listing("mfa")
server_certificates = _listing("server-certificate")
instance_profiles = _listing("instance-profile")


def open_id_connect_providers(account: Account, input: Input, call: Call) -> Target:
    arn = iam_arn(account.account_id, "oidc-provider", "/", "*")
    return Target(arn, arn)


def saml_providers(account: Account, input: Input, call: Call) -> Target:
    arn = iam_arn(account.account_id, "saml-provider", "/", "*")
    return Target(arn, arn)


def policies(account: Account, input: Input, call: Call) -> Target:
    prefix = input.get("PathPrefix", "/")
    return Target(iam_arn(account.account_id, "policy", prefix, ""), f"policy path {prefix}")

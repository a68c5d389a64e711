"""The condition keys of a request: who asks, when, from where, about what, and what the request carries.

Keys are in lower case, as the policy engine looks them up; a tuple is a multi-valued key.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeAlias

from iamd.account.records import Role, Tags, User
from iamd.account.state import Account
from iamd.arn import PARTITION, find_arn
from iamd.authorization.targets import Target
from iamd.call import Assertion, Call

Context: TypeAlias = dict[str, str | tuple[str, ...]]


class Rivals(tuple[str, ...]):
    """The values of tags whose keys differ only in case, which to a policy are one key with one value."""


_PRINCIPAL_TYPES = {
    "root": "Account",
    "user": "User",
    "role": "AssumedRole",
    "federated": "FederatedUser",
    "anonymous": "Anonymous",
}
_NOT_OF_CALLERS = (
    "aws:currenttime",
    "aws:epochtime",
    "aws:requestedregion",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:securetransport",
    "aws:viaawsservice",
)
_OF_PRINCIPALS = ("aws:principalaccount", "aws:principalarn", "aws:principaltype", "aws:userid")


def request_context(account: Account, call: Call, callers_account: Account | None = None) -> Context:
    """The global condition keys that do not depend on the resource, whose account is ``account``.

    ``callers_account`` is the caller's where that is another.
    """
    caller, source = call.caller, call.source
    time = _iso_time(call.time)
    context: Context = {
        "aws:currenttime": time,
        "aws:epochtime": str(call.time),
        "aws:principalaccount": caller.account_id,
        "aws:principalarn": caller.principal_arn,
        "aws:principalisawsservice": "false",
        "aws:principaltype": _PRINCIPAL_TYPES.get(caller.kind, ""),
        "aws:requestedregion": source.region,
        "aws:resourceaccount": account.account_id,
        "aws:securetransport": "true" if source.secure else "false",
        "aws:sourceip": source.ip,
        "aws:useragent": source.user_agent,
        "aws:userid": caller.user_id,
        "aws:viaawsservice": "false",
    }
    if source.referer is not None:
        context["aws:referer"] = source.referer
    directory = account.directory
    organization = directory.find_organization(account.account_id)
    if organization is not None:
        context["aws:resourceorgid"] = organization.id
    if caller.assertion is not None:
        for key in _OF_PRINCIPALS:
            del context[key]
        return context | _asserted(caller.assertion)
    if caller.account_id != account.account_id:
        organization = directory.find_organization(caller.account_id)
    if organization is not None:
        context["aws:principalorgid"] = organization.id
        context["aws:principalorgmasteraccountid"] = organization.management_account_id
    if caller.kind == "user" and caller.name:
        context["aws:username"] = caller.name
    entity = (callers_account or account).find_by_id(caller.entity_id)
    if isinstance(entity, User | Role) and entity.tags:
        _add_tags(context, "aws:principaltag/", entity.tags)
    session = caller.session
    if session is not None:
        if session.tags:
            _add_tags(context, "aws:principaltag/", session.tags.items())
        context["aws:tokenissuetime"] = _iso_time(session.issued)
        if session.source_identity is not None:
            context["aws:sourceidentity"] = session.source_identity
        if session.federated_provider is not None:
            context["aws:federatedprovider"] = session.federated_provider
        context.update(session.federated_context)
        if session.assumed_root:
            context["aws:assumedroot"] = "true"
    of_user = caller.kind in ("user", "root") and not (session is not None and session.assumed_root)
    if of_user and (session is not None or call.mfa_time is not None):
        # Absent with access keys alone and in role sessions.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent
        proved = call.mfa_time if session is None or call.mfa_time is not None else session.mfa_time
        context["aws:multifactorauthpresent"] = "false" if proved is None else "true"
        if proved is not None:
            context["aws:multifactorauthage"] = str(call.time - proved)
    return context


def _asserted(assertion: Assertion) -> Context:
    """What a role's trust policy can ask about a user of an identity provider, who is no principal yet.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-sts
    """
    context: Context = dict(assertion.context)
    if assertion.session_name is not None:
        context["sts:rolesessionname"] = assertion.session_name
    if assertion.source_identity is not None:
        context["sts:sourceidentity"] = assertion.source_identity
    if assertion.transitive_tag_keys:
        context["sts:transitivetagkeys"] = assertion.transitive_tag_keys
    if assertion.tags:
        context["aws:tagkeys"] = tuple(key for key, _ in assertion.tags)
        _add_tags(context, "aws:requesttag/", assertion.tags)  # no rivals: keys that differ in case alone are refused
    return context


def service_context(context: Context, input: Mapping[str, Any], account: Account) -> Context:
    """The keys of a request that a service makes on behalf of a resource: those of ``context``, the operator's, that do
    not tell of the operator, and what AWS's services tell of themselves. ``account`` is the one that is acted on.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    service = input["ServicePrincipal"]
    of_service: Context = {name: context[name] for name in _NOT_OF_CALLERS if name in context}
    of_service |= {
        "aws:principalisawsservice": "true",
        "aws:principalservicename": service,
        "aws:principalservicenameslist": (service,),
    }
    source_arn = input.get("SourceArn")
    if source_arn is not None:
        of_service["aws:sourcearn"] = source_arn
    account_id = find_source_account(input)
    if account_id is not None:
        of_service["aws:sourceaccount"] = account_id
        organization = account.directory.find_organization(account_id)
        if organization is not None:
            of_service["aws:sourceorgid"] = organization.id
    return of_service


def find_source_account(input: Mapping[str, Any]) -> str | None:
    """The account that a service works for, if the request says so."""
    given: str | None = input.get("SourceAccount")
    arn = find_arn(input.get("SourceArn", ""))
    return given or (arn.account_id if arn is not None and arn.account_id else None)


def resource_context(target: Target) -> Context:
    """The tags of the resource, under both the global key and IAM's older one."""
    context: Context = {}
    tags: Tags = getattr(target.entity, "tags", ())
    if not tags:
        return context
    _add_tags(context, "aws:resourcetag/", tags)
    _add_tags(context, "iam:resourcetag/", tags)
    return context


def readings(context: Context) -> Sequence[Context]:
    """The ways to read a context with rivals in it: each of the values takes its turn.

    INVARIANT: what is decided by such a context must be allowed in every reading. Otherwise who may set one value of a
    tag could hide another one behind it. AWS denies such requests likewise:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    rivals = {key: values for key, values in context.items() if isinstance(values, Rivals)}
    if not rivals:
        return (context,)
    return [
        context | {key: values[turn % len(values)] for key, values in rivals.items()}
        for turn in range(max(map(len, rivals.values())))
    ]


# What some operations add ---------------------------------------------------------------------------------------------


def _request_tags(input: Mapping[str, Any], target: Target) -> Context:
    return request_tag_keys(tuple((tag["Key"], tag["Value"]) for tag in input.get("Tags", ())))


def request_tag_keys(tags: Tags) -> Context:
    """The condition keys of the tags that a request gives to what it makes."""
    if not tags:
        return {}
    context: Context = {"aws:tagkeys": tuple(key for key, _ in tags)}
    _add_tags(context, "aws:requesttag/", tags)
    return context


def _tag_keys(input: Mapping[str, Any], target: Target) -> Context:
    return {"aws:tagkeys": tuple(input.get("TagKeys", ()))}


def _requested_boundary(input: Mapping[str, Any], target: Target) -> Context:
    arn = input.get("PermissionsBoundary")
    return {} if arn is None else {"iam:permissionsboundary": arn}


def _current_boundary(input: Mapping[str, Any], target: Target) -> Context:
    arn = getattr(target.entity, "permissions_boundary", None)
    return {} if arn is None else {"iam:permissionsboundary": arn}


def _policy_arn(input: Mapping[str, Any], target: Target) -> Context:
    return {"iam:policyarn": input["PolicyArn"]}


def _passed_to_ec2(input: Mapping[str, Any], target: Target) -> Context:
    """An instance profile is for any instance of the account.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html
    """
    account_id = target.arn.split(":")[4]
    return {
        "iam:passedtoservice": "ec2.amazonaws.com",
        "iam:associatedresourcearn": f"arn:{PARTITION}:ec2:*:{account_id}:instance/*",
    }


def _passed_to_service(input: Mapping[str, Any], target: Target) -> Context:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"""
    context: Context = {"iam:passedtoservice": input["ServicePrincipal"]}
    if "SourceArn" in input:
        context["iam:associatedresourcearn"] = input["SourceArn"]
    return context


def _service_assumption(input: Mapping[str, Any], target: Target) -> Context:
    """What AssumeRoleForService asks for. The service is no condition key of AWS's: there it is the caller."""
    return _assumption(input, target) | {"iamd:serviceprincipal": input["ServicePrincipal"]}


def _assumption(input: Mapping[str, Any], target: Target) -> Context:
    """What AssumeRole asks for.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-sts
    """
    keys = {"ExternalId": "sts:externalid", "SourceIdentity": "sts:sourceidentity"}
    context: Context = {key: input[member] for member, key in keys.items() if member in input}
    context["sts:rolesessionname"] = input["RoleSessionName"]
    if input.get("TransitiveTagKeys"):
        context["sts:transitivetagkeys"] = tuple(input["TransitiveTagKeys"])
    return context


def _root_task(input: Mapping[str, Any], target: Target) -> Context:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html"""
    task = input["TaskPolicyArn"].get("arn")
    context: Context = {"aws:resourceaccount": target.arn.split(":")[4]}
    return context if task is None else context | {"sts:taskpolicyarn": task}


def _delegation(input: Mapping[str, Any], target: Target) -> Context:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html"""
    context: Context = {
        "iam:delegationduration": str(input["SessionDuration"]),
        "iam:notificationchannel": input["NotificationChannel"],
    }
    template_arn = input["Permissions"].get("PolicyTemplateArn")
    return context if template_arn is None else context | {"iam:templatearn": template_arn}


def _delegation_owner(input: Mapping[str, Any], target: Target) -> Context:
    """The request is a resource of the caller's account, wherever it is kept."""
    if ":delegation-request/" not in target.arn:
        return {}
    context: Context = {"aws:resourceaccount": target.arn.split(":")[4]}
    return context if target.owner_arn is None else context | {"iam:delegationrequestowner": target.owner_arn}


def _listed_owner(input: Mapping[str, Any], target: Target) -> Context:
    owner_arn = input.get("OwnerId")
    return {} if owner_arn is None else {"iam:delegationrequestowner": owner_arn}


def _token_request(input: Mapping[str, Any], target: Target) -> Context:
    """What GetWebIdentityToken asks for, the duration also where it is the default.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound_policies.html
    """
    return {
        "sts:identitytokenaudience": tuple(input["Audience"]),
        "sts:signingalgorithm": input["SigningAlgorithm"],
        "sts:durationseconds": str(input.get("DurationSeconds", 300)),
    }


def _credential_service(input: Mapping[str, Any], target: Target) -> Context:
    service = target.service_name or input.get("ServiceName")
    return {} if service is None else {"iam:servicespecificcredentialservicename": service}


def _credential_age(input: Mapping[str, Any], target: Target) -> Context:
    days = input.get("CredentialAgeDays")
    return {} if days is None else {"iam:servicespecificcredentialagedays": str(days)}


def _property_namespaces(input: Mapping[str, Any], target: Target) -> Context:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html"""
    namespaces = sorted({key.partition("/")[0] for key in input["Properties"]})
    return {"iam:accountpropertynamespaces": tuple(namespaces)}


def _quota_service(input: Mapping[str, Any], target: Target) -> Context:
    return {} if target.service_name is None else {"servicequotas:service": target.service_name}


def _linked_service(input: Mapping[str, Any], target: Target) -> Context:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html"""
    return {} if target.service_name is None else {"iam:awsservicename": target.service_name}


def _organizations_policy(input: Mapping[str, Any], target: Target) -> Context:
    policy_id = input.get("OrganizationsPolicyId")
    return {} if policy_id is None else {"iam:organizationspolicyid": policy_id}


PROVIDERS: Mapping[str, Callable[[Mapping[str, Any], Target], Context]] = {
    "request_tags": _request_tags,
    "tag_keys": _tag_keys,
    "requested_boundary": _requested_boundary,
    "current_boundary": _current_boundary,
    "policy_arn": _policy_arn,
    "passed_to_ec2": _passed_to_ec2,
    "passed_to_service": _passed_to_service,
    "service_assumption": _service_assumption,
    "credential_service": _credential_service,
    "credential_age": _credential_age,
    "assumption": _assumption,
    "token_request": _token_request,
    "delegation": _delegation,
    "delegation_owner": _delegation_owner,
    "listed_owner": _listed_owner,
    "root_task": _root_task,
    "linked_service": _linked_service,
    "organizations_policy": _organizations_policy,
    "quota_service": _quota_service,
    "property_namespaces": _property_namespaces,
}


def _add_tags(context: Context, prefix: str, tags: Iterable[tuple[str, str]]) -> None:
    values: dict[str, list[str]] = {}
    for key, value in tags:
        values.setdefault(prefix + key.lower(), []).append(value)
    context |= {key: found[0] if len(found) == 1 else Rivals(found) for key, found in values.items()}


@lru_cache(maxsize=1024)
def _iso_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

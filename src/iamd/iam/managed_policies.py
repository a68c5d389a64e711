"""Managed policies and their versions.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html
"""

from itertools import chain
from typing import Any

from msgspec.structs import replace

from iamd.account import ids
from iamd.account.changes import Delete, Put
from iamd.account.operation import Answer, Input
from iamd.account.records import Group, Identity, ManagedPolicy, PolicyVersion, Role, User
from iamd.account.state import Account
from iamd.arn import PARTITION, find_arn
from iamd.call import Call
from iamd.errors import (
    AccessDenied,
    DeleteConflict,
    EntityAlreadyExists,
    InvalidInput,
    LimitExceeded,
    NoSuchEntity,
    PolicyNotAttachable,
    ValidationError,
)
from iamd.iam.pagination import paginate
from iamd.iam.tags import page_key, tags_answer, with_tags, without_tags
from iamd.policy import check_identity_policy, policy_size

SERVICE_ROLE_PATH = "/aws-service-role/"  # AWS-managed policies that only service-linked roles can have


# Policies -------------------------------------------------------------------------------------------------------------


def create_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html"""
    name, document = input["PolicyName"], input["PolicyDocument"]
    _verify_document(account, document)
    tags = with_tags((), input.get("Tags", ()), fold_case=False)
    if account.policies.find(name.lower()):
        raise EntityAlreadyExists(f"A policy called {name} already exists. Duplicate names are not allowed.")
    account.require_room("Policies")
    account.require_room("PolicyVersionsInUse", account.policy_versions_in_use)
    policy = ManagedPolicy(
        account_id=account.account_id,
        name=name,
        path=input.get("Path", "/"),
        id=call.new_id(ids.POLICY),
        created=call.time,
        updated=call.time,
        description=input.get("Description"),
        tags=tags,
        versions=(PolicyVersion(id="v1", document=document, created=call.time),),
    )
    answer = policy_answer(account, policy)
    if tags:
        answer["Tags"] = tags_answer(tags)
    return {"Policy": answer}, [Put(policy)]


def get_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicy.html"""
    policy = _get_policy(account, input["PolicyArn"])
    answer = policy_answer(account, policy)
    if policy.description is not None:
        answer["Description"] = policy.description
    return {"Policy": answer | {"Tags": tags_answer(policy.tags)}}, []


def delete_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html"""
    policy = _get_own_policy(account, input["PolicyArn"], "Cannot delete policies outside your own account.")
    if account.attachment_count(policy.arn) or account.boundary_count(policy.arn):
        raise DeleteConflict("Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise DeleteConflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy."
        )
    return {}, [Delete(policy)]


def list_policies(account: Account, input: Input, call: Call) -> Answer:
    """The account's own policies by name, then AWS's in the order of their creation.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicies.html
    """
    scope, usage, prefix = input.get("Scope"), input.get("PolicyUsageFilter"), input.get("PathPrefix", "/")
    only_attached = input.get("OnlyAttached") or usage == "PermissionsPolicy"
    only_boundaries = usage == "PermissionsBoundary"
    kept = (
        policy
        for policy in chain(
            () if scope == "AWS" else account.policies,
            () if scope == "Local" else account.directory.aws_managed_policies.values(),
        )
        if policy.path.startswith(prefix)
        and not (only_attached and not account.attachment_count(policy.arn))
        and not (only_boundaries and not account.boundary_count(policy.arn))
    )
    page, more = paginate(kept, input, call, _policy_key)
    return {"Policies": [policy_answer(account, policy) for policy in page], **more}, []


def _policy_key(policy: ManagedPolicy) -> str:
    return f"1{aws_managed_policy_key(policy)}" if policy.account_id == "aws" else f"0{policy.key}"


def list_entities_for_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListEntitiesForPolicy.html"""
    policy = get_attachable_policy(account, input["PolicyArn"])
    usage, only, prefix = input.get("PolicyUsageFilter"), input.get("EntityFilter"), input.get("PathPrefix", "/")
    entities: dict[str, Identity] = {}
    if usage != "PermissionsBoundary":
        entities |= {_entity_key(entity): entity for entity in account.attached_to(policy.arn)}
    if usage != "PermissionsPolicy":
        entities |= {_entity_key(entity): entity for entity in account.bounded_by(policy.arn)}
    kept = [
        entities[key]
        for key in sorted(entities)
        if entities[key].path.startswith(prefix) and only in (None, type(entities[key]).__name__)
    ]
    page, more = paginate(kept, input, call, _entity_key)
    return {
        "PolicyGroups": [{"GroupName": e.name, "GroupId": e.id} for e in page if isinstance(e, Group)],
        "PolicyUsers": [{"UserName": e.name, "UserId": e.id} for e in page if isinstance(e, User)],
        "PolicyRoles": [{"RoleName": e.name, "RoleId": e.id} for e in page if isinstance(e, Role)],
        **more,
    }, []


def _entity_key(entity: Identity) -> str:
    return f"{entity.kind}/{entity.key}"


# Versions -------------------------------------------------------------------------------------------------------------


def create_policy_version(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicyVersion.html"""
    document = input["PolicyDocument"]
    _verify_document(account, document)
    policy = _get_own_policy(
        account, input["PolicyArn"], "Cannot create versions for policies outside your own account."
    )
    limit = account.quota("VersionsPerPolicy")
    if len(policy.versions) >= limit:
        raise LimitExceeded(
            f"A managed policy can have up to {limit} versions. Before you create a new version, you must delete an "
            "existing version."
        )
    account.require_room("PolicyVersionsInUse", account.policy_versions_in_use)
    number = policy.last_version + 1
    version = PolicyVersion(id=f"v{number}", document=document, created=call.time)
    changed = replace(
        policy,
        versions=(*policy.versions, version),
        last_version=number,
        default_version_id=version.id if input.get("SetAsDefault") else policy.default_version_id,
        updated=call.time,
    )
    return {"PolicyVersion": _version_answer(changed, version)}, [Put(changed)]


def get_policy_version(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicyVersion.html"""
    policy, version = _get_version(account, input)
    return {"PolicyVersion": {"Document": version.document, **_version_answer(policy, version)}}, []


def list_policy_versions(account: Account, input: Input, call: Call) -> Answer:
    """Newest first.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicyVersions.html
    """
    policy = _get_policy(account, input["PolicyArn"])

    def key(version: PolicyVersion) -> str:  # ascending from the newest, and stable as versions are added
        return f"{10**9 - int(version.id[1:]):010}"

    page, more = paginate(reversed(policy.versions), input, call, key)
    return {"Versions": [_version_answer(policy, version) for version in page], **more}, []


def delete_policy_version(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicyVersion.html"""
    _verify_own(account, input["PolicyArn"], "Cannot delete policy versions for policies outside your own account.")
    policy, version = _get_version(account, input)
    if version.id == policy.default_version_id:
        raise DeleteConflict("Cannot delete the default version of a policy.")
    return {}, [Put(replace(policy, versions=tuple(v for v in policy.versions if v.id != version.id)))]


def set_default_policy_version(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_SetDefaultPolicyVersion.html"""
    _verify_own(account, input["PolicyArn"], "Cannot update policies outside your own account.")
    policy, version = _get_version(account, input)
    if version.id == policy.default_version_id:
        return {}, []
    return {}, [Put(replace(policy, default_version_id=version.id, updated=call.time))]


# Tags -----------------------------------------------------------------------------------------------------------------


def tag_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagPolicy.html"""
    policy = _get_own_policy(account, input["PolicyArn"], "Cannot tag policies outside your own account.")
    tags = with_tags(policy.tags, input["Tags"], fold_case=False)
    return {}, [Put(replace(policy, tags=tags))]


def untag_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagPolicy.html"""
    policy = _get_own_policy(account, input["PolicyArn"], "Cannot untag policies outside your own account.")
    tags = without_tags(policy.tags, input["TagKeys"], fold_case=False)
    return {}, [Put(replace(policy, tags=tags))]


def list_policy_tags(account: Account, input: Input, call: Call) -> Answer:
    """Shorter keys first, then by key, as AWS lists them.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicyTags.html
    """
    policy = _get_policy(account, input["PolicyArn"])

    def key(tag: tuple[str, str]) -> str:
        return f"{len(tag[0]):03}{page_key(tag[0])}"

    page, more = paginate(sorted(policy.tags, key=key), input, call, key)
    return {"Tags": tags_answer(tuple(page)), **more}, []


# Shared ---------------------------------------------------------------------------------------------------------------


def policy_answer(account: Account, policy: ManagedPolicy) -> dict[str, Any]:
    """The members of the shape ``Policy`` that every answer has; description and tags are in some only."""
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version_id,
        "AttachmentCount": account.attachment_count(policy.arn),
        "PermissionsBoundaryUsageCount": account.boundary_count(policy.arn),
        "IsAttachable": True,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated,
    }


def aws_managed_policy_key(policy: ManagedPolicy) -> str:
    """What AWS-managed policies are ordered by: their creation, then path and name."""
    return f"{policy.created:011}{policy.path}{policy.name}"


def is_policy_arn(text: str) -> bool:
    """Whether ``text`` is the ARN that some policy of this partition could have."""
    arn = find_arn(text)
    return (
        arn is not None
        and (arn.partition, arn.service, arn.region) == (PARTITION, "iam", "")
        and arn.resource_type == "policy"
        and arn.name != ""
        and not text.endswith(" ")
    )


def verify_policy_arn(text: str) -> None:
    """Raise if ``text`` is no policy's ARN: ValidationError if it is no ARN at all, else InvalidInput."""
    if not is_policy_arn(text):
        error = ValidationError if find_arn(text) is None else InvalidInput
        raise error(f"ARN {text} is not valid.")


def get_attachable_policy(account: Account, arn: str) -> ManagedPolicy:
    """The policy that ``arn`` names. Raises as ``verify_policy_arn``, or NoSuchEntity."""
    verify_policy_arn(arn)
    policy = account.find_policy(arn)
    if policy is None:
        raise NoSuchEntity(f"Policy {arn} does not exist or is not attachable.")
    return policy


def verify_attachable(policy: ManagedPolicy) -> None:
    """Raise PolicyNotAttachable for the AWS-managed policies that only service-linked roles have."""
    if policy.account_id == "aws" and policy.path.startswith(SERVICE_ROLE_PATH):
        raise PolicyNotAttachable("Cannot attach a Service Role Policy to a Customer Role.")


def _get_policy(account: Account, arn: str) -> ManagedPolicy:
    verify_policy_arn(arn)
    policy = account.find_policy(arn)
    if policy is None:
        raise NoSuchEntity(f"Policy {arn} was not found.")
    return policy


def _verify_own(account: Account, arn: str, refusal: str) -> None:
    """Raise AccessDenied if ``arn`` is of AWS's or another account's policy, which nobody here can change."""
    verify_policy_arn(arn)
    parsed = find_arn(arn)
    if parsed is None or parsed.account_id != account.account_id:
        raise AccessDenied(refusal)


def _get_own_policy(account: Account, arn: str, refusal: str) -> ManagedPolicy:
    _verify_own(account, arn, refusal)
    return _get_policy(account, arn)


def _get_version(account: Account, input: Input) -> tuple[ManagedPolicy, PolicyVersion]:
    arn, version_id = input["PolicyArn"], input["VersionId"]
    verify_policy_arn(arn)
    policy = account.find_policy(arn)
    if policy is not None:
        for version in policy.versions:
            if version.id == version_id:
                return policy, version
    raise NoSuchEntity(f"Policy {arn} version {version_id} does not exist or is not attachable.")


def _version_answer(policy: ManagedPolicy, version: PolicyVersion) -> dict[str, Any]:
    return {
        "VersionId": version.id,
        "IsDefaultVersion": version.id == policy.default_version_id,
        "CreateDate": version.created,
    }


def _verify_document(account: Account, document: str) -> None:
    """Raise MalformedPolicyDocument, or LimitExceeded for a document that is too long; white space is not counted."""
    check_identity_policy(document, managed=True)
    limit = account.quota("PolicySize")
    if policy_size(document) > limit:
        raise LimitExceeded(f"Cannot exceed quota for PolicySize: {limit}")

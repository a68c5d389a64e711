"""The access advisor: which services policies grant to whom, and when they were last asked for.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
"""

from collections.abc import Mapping
from heapq import nsmallest
from typing import Any, NamedTuple, TypeAlias

from iamd.account.changes import Change, Delete, Put
from iamd.account.ids import new_uuid
from iamd.account.operation import Answer, Input
from iamd.account.records import AccessReport, Group, Identity, Role, ServiceAccess, User
from iamd.account.state import Account
from iamd.arn import find_arn
from iamd.call import Call
from iamd.errors import InvalidInput, NoSuchEntity, ServiceError
from iamd.iam.granted_services import granted_actions, granted_namespaces, granted_services
from iamd.iam.managed_policies import is_policy_arn
from iamd.iam.pagination import paginate
from iamd.iam.policy_sources import PolicySource, entity_type, find_policy_sources
from iamd.policy.catalog import service_names

PERIOD = 400 * 86_400  # seconds: how far back the reports reach
KEPT = 7 * 86_400  # seconds for which a job can be read
_MANY_JOBS, _MOST_JOBS = 1_000, 10_000  # of an account: from where on old ones are removed, and how many there can be
_AT_ONCE = 100  # jobs removed at a time
_NEVER_ASKED_FOR = frozenset(
    {"iam:passrole"}
)  # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html

Principal: TypeAlias = User | Role
Attempt: TypeAlias = tuple[ServiceAccess, Principal]
"""What a principal asked a service for."""


def generate_service_last_accessed_details(account: Account, input: Input, call: Call) -> Answer:
    """The job is done at once; what it answers is looked up when it is read.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateServiceLastAccessedDetails.html
    """
    _get_subject(account, input["Arn"])
    return new_job(account, call, arn=input["Arn"], actions=input.get("Granularity") == "ACTION_LEVEL")


def get_service_last_accessed_details(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServiceLastAccessedDetails.html"""
    job = _get_job(account, input, call)
    answer = {**_job_answer(job), "JobType": "ACTION_LEVEL" if job.actions else "SERVICE_LEVEL"}
    try:
        subject = _get_subject(account, job.arn or "")
    except ServiceError as error:
        return _failed(answer, error) | {"ServicesLastAccessed": []}, []
    granted: dict[str, tuple[str, ...]] = dict(call.compute_alone(granted_services, subject.documents))
    attempts = _attempts(account, subject, call)
    for namespace in attempts.keys() - service_names().keys():
        asked = dict.fromkeys(name for access, _ in attempts[namespace] for name in access.actions)
        actions = granted_actions(subject.documents, namespace, asked)
        if actions:
            granted[namespace] = actions
    page, more = paginate(sorted(granted), input, call, str)
    services = [
        _service_answer(namespace, granted[namespace] if job.actions else None, attempts.get(namespace, []))
        for namespace in page
    ]
    return {**answer, "ServicesLastAccessed": services, **more}, []


def get_service_last_accessed_details_with_entities(account: Account, input: Input, call: Call) -> Answer:
    """Whoever asked last comes first.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServiceLastAccessedDetailsWithEntities.html
    """
    job, namespace = _get_job(account, input, call), input["ServiceNamespace"].lower()
    answer = _job_answer(job)
    try:
        subject = _get_subject(account, job.arn or "")
    except ServiceError as error:
        return _failed(answer, error) | {"EntityDetailsList": []}, []
    attempts = _attempts(account, subject, call)
    if namespace not in service_names() and namespace not in attempts:
        raise InvalidInput(f"The service namespace {input['ServiceNamespace']} is not valid.")
    times = {principal.id: access.time for access, principal in attempts.get(namespace, [])}

    def key(principal: Principal) -> str:
        return f"{10**11 - times.get(principal.id, 0):012}/{principal.id}"

    page, more = paginate(sorted(subject.principals, key=key), input, call, key)
    details = [_entity_answer(principal, times.get(principal.id)) for principal in page]
    return {**answer, "EntityDetailsList": details, **more}, []


def list_policies_granting_service_access(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPoliciesGrantingServiceAccess.html"""
    identity = _find_identity(account, input["Arn"])
    if identity is None:
        raise InvalidInput(f"ARN {input['Arn']} is not valid.")
    namespaces = list(dict.fromkeys(input["ServiceNamespaces"]))
    sources = find_policy_sources(account, identity)
    granted = call.compute_alone(granted_namespaces, tuple(source.document for source in sources))
    numbers, more = paginate(range(len(namespaces)), input, call, lambda number: f"{number:06}")
    entries = [
        {
            "ServiceNamespace": namespaces[number],
            "Policies": [
                _policy_answer(source)
                for source, services in zip(sources, granted, strict=True)
                if namespaces[number].lower() in services
            ],
        }
        for number in numbers
    ]
    return {"PoliciesGrantingServiceAccess": entries, **more}, []


# Jobs -----------------------------------------------------------------------------------------------------------------


def new_job(account: Account, call: Call, **asked: Any) -> Answer:
    """A job of the caller, and its id as the answer; jobs that nobody can read any more go."""
    job = AccessReport(job_id=new_uuid(call.choose), created=call.time, caller_id=call.caller.user_id, **asked)
    changes: list[Change] = [Put(job)]
    if len(account.access_reports) >= _MANY_JOBS:
        oldest = nsmallest(_AT_ONCE, account.access_reports, key=lambda job: job.created)
        full = len(account.access_reports) >= _MOST_JOBS
        changes += [Delete(old) for old in oldest if full or call.time - old.created >= KEPT]
    return {"JobId": job.job_id}, changes


def find_job(account: Account, input: Input, call: Call) -> AccessReport | None:
    """The job that ``JobId`` names, if it can still be read."""
    job = account.access_reports.find(input["JobId"])
    return job if job is not None and call.time - job.created < KEPT else None


def _get_job(account: Account, input: Input, call: Call) -> AccessReport:
    """Only who started a job may read it: the same user, or the same session of a role. Raises NoSuchEntity."""
    job = find_job(account, input, call)
    if job is None or job.arn is None or job.caller_id != call.caller.user_id:
        raise job_not_found(input)
    return job


def job_not_found(input: Input) -> NoSuchEntity:
    return NoSuchEntity(f"The job with id {input['JobId']} cannot be found.")


def _job_answer(job: AccessReport) -> dict[str, Any]:
    return {"JobStatus": "COMPLETED", "JobCreationDate": job.created, "JobCompletionDate": job.created}


def _failed(answer: Mapping[str, Any], error: ServiceError) -> dict[str, Any]:
    """What the job is about was deleted meanwhile, or is not known to this server."""
    told = {"Code": error.code, "Message": error.message or ""}
    return {**answer, "JobStatus": "FAILED", "Error": told, "IsTruncated": False}


# What a job is about --------------------------------------------------------------------------------------------------


class _Subject(NamedTuple):
    """The policies that a job is about, and who can use what they grant."""

    documents: tuple[str, ...]
    principals: list[Principal]


def _get_subject(account: Account, arn: str) -> _Subject:
    """Raises NoSuchEntity; InvalidInput for an ARN of anything but users, groups, roles and policies."""
    identity = _find_identity(account, arn)
    if identity is None:
        policy = account.find_policy(arn)
        if policy is None:
            raise NoSuchEntity(f"Policy {arn} was not found.")
        owners = account.attached_to(arn)
        members = [user for owner in owners if isinstance(owner, Group) for user in account.members(owner)]
        principals = {owner.id: owner for owner in (*owners, *members) if isinstance(owner, User | Role)}
        return _Subject((policy.document,), list(principals.values()))
    documents = tuple(source.document for source in find_policy_sources(account, identity))
    if isinstance(identity, Group):
        return _Subject(documents, list(account.members(identity)))
    assert isinstance(identity, User | Role)
    return _Subject(documents, [identity])


def _find_identity(account: Account, arn: str) -> Identity | None:
    """The user, group or role; None if the ARN is a policy's. Raises NoSuchEntity, InvalidInput."""
    parsed = find_arn(arn)
    if parsed is not None and parsed.service == "iam" and parsed.account_id == account.account_id and parsed.name:
        match parsed.resource_type:
            case "user":
                return account.get_user(parsed.name)
            case "group":
                return account.get_group(parsed.name)
            case "role":
                return account.get_role(parsed.name)
    if parsed is None or not is_policy_arn(arn) or parsed.account_id not in (account.account_id, "aws"):
        raise InvalidInput(f"ARN {arn} is not valid.")
    return None


def _attempts(account: Account, subject: _Subject, call: Call) -> dict[str, list[Attempt]]:
    """By service, who asked for it in the tracking period."""
    since = call.time - PERIOD
    recorded = account.service_accesses_of([principal.id for principal in subject.principals])
    attempts: dict[str, list[Attempt]] = {}
    for principal in subject.principals:
        for service, access in recorded[principal.id].items():
            if access.time >= since:
                attempts.setdefault(service, []).append((access, principal))
    return attempts


# Answers --------------------------------------------------------------------------------------------------------------


def _service_answer(namespace: str, actions: tuple[str, ...] | None, attempts: list[Attempt]) -> dict[str, Any]:
    """The shape ``ServiceLastAccessed``; ``actions`` are those granted, None where they are not to be told."""
    answer: dict[str, Any] = {
        "ServiceName": service_names().get(namespace, namespace),
        "ServiceNamespace": namespace,
        "TotalAuthenticatedEntities": len(attempts),
    }
    if attempts:
        access, principal = max(attempts, key=lambda attempt: attempt[0].time)
        answer["LastAuthenticated"] = access.time
        answer["LastAuthenticatedEntity"] = principal.arn
        answer["LastAuthenticatedRegion"] = access.region
    if actions is not None:
        tracked = [name for name in actions if f"{namespace}:{name}".lower() not in _NEVER_ASKED_FOR]
        answer["TrackedActionsLastAccessed"] = [_action_answer(name, attempts) for name in tracked]
    return answer


def _action_answer(name: str, attempts: list[Attempt]) -> dict[str, Any]:
    """The shape ``TrackedActionLastAccessed``."""
    found = [(access.actions[name], principal) for access, principal in attempts if name in access.actions]
    if not found:
        return {"ActionName": name}
    (time, region), principal = max(found, key=lambda each: each[0])
    return {
        "ActionName": name,
        "LastAccessedEntity": principal.arn,
        "LastAccessedTime": time,
        "LastAccessedRegion": region,
    }


def _entity_answer(principal: Principal, time: int | None) -> dict[str, Any]:
    """The shape ``EntityDetails``."""
    info = {
        "Arn": principal.arn,
        "Name": principal.name,
        "Type": entity_type(principal),
        "Id": principal.id,
        "Path": principal.path,
    }
    return {"EntityInfo": info} if time is None else {"EntityInfo": info, "LastAuthenticated": time}


def _policy_answer(source: PolicySource) -> dict[str, str]:
    """The shape ``PolicyGrantingServiceAccess``: a managed policy has an ARN, an inline one an owner."""
    if source.arn is not None:
        return {"PolicyName": source.name, "PolicyType": "MANAGED", "PolicyArn": source.arn}
    return {
        "PolicyName": source.name,
        "PolicyType": "INLINE",
        "EntityType": source.owner_kind.upper(),
        "EntityName": source.owner_name,
    }

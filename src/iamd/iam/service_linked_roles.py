"""Service-linked roles: made with name, trust and policy as the service needs them, and deleted by a task.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
"""

import json
import re

from iamd.account.changes import Change, Delete, Put
from iamd.account.ids import ROLE, new_uuid
from iamd.account.operation import Answer, Input
from iamd.account.records import Role, ServiceLinkedRoleDeletion
from iamd.account.service_linked_roles import (
    SERVICE_LINKED_PATH,
    allows_suffix,
    find_linked_service,
    service_linked_role_name,
    service_linked_role_path,
    service_linked_role_policy,
)
from iamd.account.state import Account
from iamd.call import Call
from iamd.errors import InvalidInput, NoSuchEntity, ValidationError
from iamd.iam.roles import role_answer

_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com")
_MAX_NAME = 64
_KEPT = 30 * 86_400  # seconds: how long the outcome of a deletion can be asked for


def create_service_linked_role(account: Account, input: Input, call: Call) -> Answer:
    """The quota of roles does not stop it, though the role counts. Its policy is attached if iamd has it.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html
    """
    service, suffix = input["AWSServiceName"], input.get("CustomSuffix")
    if not _SERVICE.fullmatch(service):
        raise InvalidInput(f"The service principal {service} is not valid.")
    if suffix is not None and not allows_suffix(service):
        raise InvalidInput(f"Custom suffix is not allowed for {service}")
    name = service_linked_role_name(service, suffix)
    if len(name) > _MAX_NAME:
        raise ValidationError(
            "1 validation error detected: Value at 'roleName' failed to satisfy constraint: Member must have length "
            f"less than or equal to {_MAX_NAME}"
        )
    if account.roles.find(name.lower()):
        raise InvalidInput(f"Service role name {name} has been taken in this account, please try a different suffix.")
    policy = service_linked_role_policy(service)
    shipped = policy is not None and policy in account.directory.aws_managed_policies
    role = Role(
        account_id=account.account_id,
        name=name,
        path=service_linked_role_path(service),
        id=call.new_id(ROLE),
        created=call.time,
        trust_policy=_trust_policy(service),
        description=input.get("Description"),
        attached_policies=(policy,) if policy is not None and shipped else (),
    )
    return {"Role": role_answer(account, role)}, [Put(role)]


def delete_service_linked_role(account: Account, input: Input, call: Call) -> Answer:
    """No service of iamd keeps resources that would need the role, so that the task is done at once.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceLinkedRole.html
    """
    role = account.get_role(input["RoleName"])
    service = find_linked_service(role.path)
    if service is None:
        raise NoSuchEntity(f"The role with name {role.name} cannot be found.")
    task_id = f"task{SERVICE_LINKED_PATH}{service}/{role.name}/{new_uuid(call.choose)}"
    changes: list[Change] = [Delete(role), Put(ServiceLinkedRoleDeletion(task_id=task_id, deleted=call.time))]
    changes += map(Delete, account.recorded_uses(role.id))
    changes += [Delete(old) for old in account.service_linked_role_deletions if old.deleted < call.time - _KEPT]
    return {"DeletionTaskId": task_id}, changes


def get_service_linked_role_deletion_status(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServiceLinkedRoleDeletionStatus.html"""
    task_id = input["DeletionTaskId"]
    if account.service_linked_role_deletions.find(task_id) is None:
        raise NoSuchEntity(f"The deletion task with id {task_id} cannot be found.")
    return {"Status": "SUCCEEDED"}, []


# Shared ---------------------------------------------------------------------------------------------------------------


def _trust_policy(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))

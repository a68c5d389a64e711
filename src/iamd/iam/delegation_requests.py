"""Delegation requests: asked by a product provider, taken on by somebody of an account, accepted, and sent.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-temporary-delegation.html
"""

from typing import Any, Final, Literal

from msgspec.structs import replace

from iamd.account.changes import Change, DropDelegationRequest, PutDelegationRequest
from iamd.account.delegation import KEPT, Approver, DelegationRequest, State
from iamd.account.ids import new_account_uuid
from iamd.account.operation import Answer, Input
from iamd.account.state import Account
from iamd.arn import find_arn
from iamd.call import Call, Caller
from iamd.errors import EntityAlreadyExists, InvalidInput, LimitExceeded, MalformedPolicyDocument, NoSuchEntity
from iamd.iam.pagination import paginate
from iamd.iam.permission_check import check_permissions
from iamd.iam.policy_templates import fill_in, read_parameters
from iamd.policy import check_session_policy

MAX_REQUESTS: Final = 1_000  # of one requestor, expired ones included
MAX_ROOT_DURATION: Final = 14_400  # seconds that a root user may delegate
_OPEN: Final[tuple[State, ...]] = ("ASSIGNED", "PENDING_APPROVAL")


def create_delegation_request(account: Account, input: Input, call: Call) -> Answer:
    """``account`` is the product provider's, one of whose managed policies, or AWS's, is the policy template.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateDelegationRequest.html
    """
    own = [each for each in account.directory.delegation_requests.values() if each.requestor_id == account.account_id]
    forgotten = [each for each in own if each.expires + KEPT <= call.time]
    if any(each.workflow_id == input["RequestorWorkflowId"] for each in own if each not in forgotten):
        raise EntityAlreadyExists(f"A delegation request for workflow {input['RequestorWorkflowId']} already exists.")
    if len(own) - len(forgotten) >= MAX_REQUESTS:
        raise LimitExceeded(f"Cannot exceed quota for DelegationRequestsPerAccount: {MAX_REQUESTS}")
    channel = find_arn(input["NotificationChannel"])
    if channel is None or channel.service != "sns":
        raise InvalidInput("The notification channel must be the ARN of an Amazon SNS topic.")
    permissions = input["Permissions"]
    template_arn = permissions.get("PolicyTemplateArn", "")
    template = account.find_policy(template_arn)
    if template is None:
        raise InvalidInput(f"The policy template {template_arn} cannot be found.")
    parameters = read_parameters(permissions.get("Parameters", ()))
    policy = fill_in(template.document, parameters)
    try:
        check_session_policy(policy)
    except MalformedPolicyDocument as error:
        raise InvalidInput(f"The policy template does not make a policy: {error.message}") from None
    request = DelegationRequest(
        id=new_account_uuid(account.account_id, call.choose),
        requestor_id=account.account_id,
        workflow_id=input["RequestorWorkflowId"],
        description=input["Description"],
        template_arn=template_arn,
        parameters=parameters,
        policy=policy,
        notification_channel=input["NotificationChannel"],
        session_duration=input["SessionDuration"],
        message=input.get("RequestMessage"),
        redirect_url=input.get("RedirectUrl"),
        only_send_by_owner=input.get("OnlySendByOwner", False),
        created=call.time,
        updated=call.time,
        owner_account_id=input.get("OwnerAccountId"),
    )
    changes: list[Change] = [DropDelegationRequest(each.id) for each in forgotten]
    return {"DelegationRequestId": request.id}, [*changes, PutDelegationRequest(request)]


def get_delegation_request(account: Account, input: Input, call: Call) -> Answer:
    """``account`` is the caller's.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetDelegationRequest.html
    """
    request = get_visible_request(account, input["DelegationRequestId"], call)
    answer: dict[str, Any] = {"DelegationRequest": _answer(request, call.time)}
    if input.get("DelegationPermissionCheck"):
        answer |= {
            "PermissionCheckStatus": "COMPLETE",
            "PermissionCheckResult": check_permissions(account, call, request.policy),
        }
    return answer, []


def list_delegation_requests(account: Account, input: Input, call: Call) -> Answer:
    """Those of the account that have an owner, by id.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListDelegationRequests.html
    """
    owner_arn = input.get("OwnerId")
    requests = sorted(
        (
            request
            for request in account.directory.delegation_requests.values()
            if request.owner_account_id == call.caller.account_id
            and request.owner_arn is not None
            and owner_arn in (None, request.owner_arn)
            and request.expires + KEPT > call.time
        ),
        key=lambda request: request.id,
    )
    page, more = paginate(requests, input, call, lambda request: request.id)
    if "IsTruncated" in more:
        more["isTruncated"] = more.pop("IsTruncated")  # so the model spells it here
    return {"DelegationRequests": [_answer(request, call.time) for request in page], **more}, []


# What becomes of a request; ``account`` is the requestor's ------------------------------------------------------------


def associate_delegation_request(account: Account, input: Input, call: Call) -> Answer:
    """The caller becomes the owner, and its account the owner's account.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AssociateDelegationRequest.html
    """
    request = _get_in_state(account, input, call, "UNASSIGNED")
    owned = replace(request, owner_account_id=call.caller.account_id, owner_arn=call.caller.principal_arn)
    return _moved(owned, "ASSIGNED", call)


def update_delegation_request(account: Account, input: Input, call: Call) -> Answer:
    """Hands the request on to somebody who may accept it.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateDelegationRequest.html
    """
    request = _get_in_state(account, input, call, *_OPEN)
    return _moved(replace(request, notes=input.get("Notes", request.notes)), "PENDING_APPROVAL", call)


def accept_delegation_request(account: Account, input: Input, call: Call) -> Answer:
    """Delegated sessions are the caller's, limited to the request's policy.

    INVARIANT: whoever has less than its user or role has cannot delegate more than it has; so session tags, by which
    policies may deny, are handed on too.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AcceptDelegationRequest.html
    """
    request = _get_in_state(account, input, call, *_OPEN)
    caller, session = call.caller, call.caller.session
    if caller.kind not in ("root", "user", "role"):
        raise InvalidInput("A federated user cannot accept a delegation request.")
    if session is not None and (session.policies or session.policy_arns):
        raise InvalidInput("A session with session policies cannot accept a delegation request.")
    if caller.kind == "root" and request.session_duration > MAX_ROOT_DURATION:
        raise InvalidInput("The root user can only accept delegation requests with a duration of 4 hours or less.")
    return _moved(replace(request, approver=_approver(caller, caller.kind)), "ACCEPTED", call)


def reject_delegation_request(account: Account, input: Input, call: Call) -> Answer:
    """Also one that was accepted, until its token is sent.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_RejectDelegationRequest.html
    """
    request = _get_in_state(account, input, call, *_OPEN, "ACCEPTED")
    return _moved(replace(request, rejection_reason=input.get("Notes")), "REJECTED", call)


def send_delegation_token(account: Account, input: Input, call: Call) -> Answer:
    """From now on the requestor can fetch the token, and exchange it until the time it asked for is over.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SendDelegationToken.html
    """
    request = _get_in_state(account, input, call, "ACCEPTED")
    if request.only_send_by_owner and call.caller.principal_arn != request.owner_arn:
        raise InvalidInput("Only the owner of this delegation request can send its token.")
    return _moved(request, "FINALIZED", call)


# Shared ---------------------------------------------------------------------------------------------------------------


def get_visible_request(account: Account, request_id: str, call: Call) -> DelegationRequest:
    """The request, if it is its account's or nobody's yet. Raises NoSuchEntity."""
    request = account.directory.delegation_requests.get(request_id)
    if request is None or request.owner_account_id not in (None, call.caller.account_id):
        raise NoSuchEntity(f"The delegation request with id {request_id} cannot be found.")
    return request


def _get_in_state(account: Account, input: Input, call: Call, *states: State) -> DelegationRequest:
    request = get_visible_request(account, input["DelegationRequestId"], call)
    state = request.state_at(call.time)
    if state not in states:
        raise InvalidInput(f"The delegation request {request.id} is in the state {state}.")
    return request


def _approver(caller: Caller, kind: Literal["root", "user", "role"]) -> Approver:
    session = caller.session
    if session is None:
        return Approver(arn=caller.arn, kind=kind, entity_id=caller.entity_id)
    return Approver(
        arn=caller.arn,
        kind=kind,
        entity_id=caller.entity_id,
        session_name=session.name or "",
        source_identity=session.source_identity,
        mfa_time=session.mfa_time,
        tags=tuple(session.tags.items()),
        transitive_tag_keys=session.transitive_tag_keys,
        federated_provider=session.federated_provider,
        federated_context=tuple(session.federated_context.items()),
    )


def _moved(request: DelegationRequest, state: State, call: Call) -> Answer:
    return {}, [PutDelegationRequest(replace(request, state=state, updated=call.time))]


def _answer(request: DelegationRequest, time: int) -> dict[str, Any]:
    """The shape ``DelegationRequest``."""
    parameters = [{"Name": each.name, "Values": list(each.values), "Type": each.type} for each in request.parameters]
    answer = {
        "DelegationRequestId": request.id,
        "OwnerAccountId": request.owner_account_id,
        "Description": request.description,
        "RequestMessage": request.message,
        "Permissions": {"PolicyTemplateArn": request.template_arn, "Parameters": parameters},
        "PermissionPolicy": request.policy,
        "OwnerId": request.owner_arn,
        "ApproverId": None if request.approver is None else request.approver.arn,
        "State": request.state_at(time),
        "ExpirationTime": request.expires,
        "RequestorId": request.requestor_id,
        "CreateDate": request.created,
        "SessionDuration": request.session_duration,
        "RedirectUrl": request.redirect_url,
        "Notes": request.notes,
        "RejectionReason": request.rejection_reason,
        "OnlySendByOwner": request.only_send_by_owner,
        "UpdatedTime": request.updated,
    }
    return {name: value for name, value in answer.items() if value is not None}

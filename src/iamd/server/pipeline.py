"""The life of a request: the one place that sees every step (docs/life-of-a-request.md)."""

import asyncio
from contextlib import nullcontext

from iamd.account.ids import find_account_id
from iamd.account.operation import Input, Output
from iamd.account.state import Account
from iamd.authentication.authenticate import authenticate, get_signature
from iamd.authentication.issuer_keys import IssuerKeys
from iamd.authorization.authorize import Denied, authorize
from iamd.authorization.targets import find_account_acted_on
from iamd.call import Call, NotComputed, NotLoaded, Sealer, Source, now
from iamd.errors import InternalFailure, NotImplementedYet, ServiceError
from iamd.replica.batch import Committed
from iamd.replica.replica import Replica, Written
from iamd.server.audit import audit_event, is_recorded, is_told_by_both, told_event
from iamd.server.consistency import REVISION_HEADER, wait_for_revision
from iamd.server.federation import endpoint_region, identify
from iamd.server.issuers import renew_token_keys
from iamd.server.mfa_codes import spend_mfa_code
from iamd.server.operations import find_operation_function, reads_only
from iamd.server.trace import Trace
from iamd.wire.http import HttpRequest, HttpResponse
from iamd.wire.models import OperationModel, ServiceModel
from iamd.wire.parameters import parse_parameters
from iamd.wire.protocols import WireProtocol, protocol_of

GLOBAL_REGION = "us-east-1"


async def answer(
    request: HttpRequest, replica: Replica, sealer: Sealer, issuer_keys: IssuerKeys, trace: Trace
) -> HttpResponse:
    """Answer one request. Every refusal becomes AWS's error document; only a bug raises."""
    protocol = protocol_of(request)
    service: ServiceModel | None = None
    try:
        parameters = parse_parameters(request)
        operation = protocol.find_operation(parameters)
        service = operation.service
        trace.service, trace.operation = service.name, operation.name
        signature = get_signature(request, parameters) if operation.signed else None
        trace.access_key_id = signature.access_key_id if signature else None
        input = protocol.decode_input(operation, parameters)
        await wait_for_revision(request, replica)
        asked = asyncio.get_running_loop().time()
        if signature is None:
            time, region = now(), endpoint_region(request)
            account: Account | None
            account, caller = await identify(operation, input, replica, sealer, issuer_keys, time)
        else:
            account = await _account_of(signature.access_key_id, replica)
            time, region = now(), signature.region
            caller = authenticate(request, parameters, signature, service.prefix, account, sealer, time)
        trace.principal, trace.account_id = caller.arn, caller.account_id
        if account is None:
            raise InternalFailure("A caller was authenticated without an account.")
        source = _source(request, service, region)
        # Denied or not, as AWS counts.
        replica.note_use(account, caller, time, service.prefix, operation.name, source.region)
        call = Call(
            caller=caller,
            source=source,
            operation=operation.name,
            service=service.name,
            time=time,
            request_id=trace.request_id,
            sealer=sealer,
            mfa_time=await spend_mfa_code(operation, input, caller, time, replica, sealer),
        )
        if operation.name == "GetWebIdentityToken":
            await renew_token_keys(account, replica, sealer, time)
        acted_on = await _account_acted_on(operation, input, account, replica)
        output = await _run(operation, input, acted_on, account, call, replica, trace, asked)
        if service.name in ("sts", "iamd"):
            trace.note_credentials(output)
        return _respond(200, protocol.encode_output(operation, output, trace.request_id), trace, protocol)
    except ServiceError as error:
        trace.error_code = error.code
        body = protocol.encode_error(service, error, trace.request_id)
        return _respond(protocol.status_of(error), body, trace, protocol, error.headers)


async def _run(
    operation: OperationModel,
    input: Input,
    account: Account,
    callers_account: Account,
    call: Call,
    replica: Replica,
    trace: Trace,
    asked: float,
) -> Output:
    """Authorize and perform on ``account``. A write is decided against the very records it changes, and answered when
    durable. One on another account than the caller's is decided by the caller's records as they were when it came.
    ``asked`` is the event loop's time since when the client waits for the store.
    """
    function = find_operation_function(operation)
    if function is None:
        raise NotImplementedYet(
            f"{operation.name} is an operation of this API version that iamd does not answer yet; "
            "see docs/supported-operations.md."
        )

    callers_event: bytes | None = None

    def run(account: Account) -> Written:
        nonlocal callers_event
        try:
            other = None if account.account_id == callers_account.account_id else callers_account
            decision = authorize(operation, input, account, call, other)
        except Denied as denial:
            trace.decision = denial.decision.outcome
            raise
        trace.decision = decision.outcome if decision else None
        output, changes = function(account, input, call)
        event = None
        if changes or is_recorded(operation, input, call, replica.directory.recorded_actions):
            event = audit_event(operation, input, output, call, account.account_id)
            if other is not None and is_told_by_both(input):
                callers_event = audit_event(operation, input, output, call, other.account_id)
                event = told_event(operation, input, call, account.account_id)
        return Written(output, changes, event)

    while True:
        try:
            if reads_only(operation):
                read = run(account)
                if read.event is None:
                    return dict(read.answer)
                committed = await _record(read, account.account_id, replica, asked)
            else:
                committed = await replica.commit(account.account_id, run, asked)
                if callers_event is not None:
                    told = Written(None, [], callers_event)
                    await _record(told, callers_account.account_id, replica, asked)
            trace.revision = committed.revision
            return dict(committed.answer)
        except NotComputed as slow:
            await compute(slow, replica.analyses)
            asked = asyncio.get_running_loop().time()
        except NotLoaded as missing:
            missing.give(await replica.account(missing.account_id))


async def compute(slow: NotComputed, analyses: asyncio.Lock) -> None:
    """Compute in a thread, and under the lock what is computed alone."""
    async with analyses if slow.alone else nullcontext():
        await asyncio.to_thread(slow.compute)


async def _record(read: Written, account_id: str, replica: Replica, asked: float) -> Committed:
    """INVARIANT: what is to be recorded is on record before anyone has its answer. Raises ServiceUnavailable."""
    return await replica.commit(account_id, lambda _: read, asked)


async def _account_of(access_key_id: str, replica: Replica) -> Account | None:
    directory = replica.directory
    account_id = directory.seeded_access_keys.get(access_key_id) or find_account_id(access_key_id)
    if account_id is None:
        await replica.follow()  # another process may just have given it to an account, or restored a backup
        account_id = directory.seeded_access_keys.get(access_key_id)
    if account_id is None:
        return None
    return replica.find_account(account_id) or await replica.account(account_id)


async def _account_acted_on(operation: OperationModel, input: Input, callers: Account, replica: Replica) -> Account:
    """The account that the call acts on: the caller's, but for a role of another one, if that is hosted here, and for
    what delegated administrators do to their organization.
    """
    account_id = find_account_acted_on(operation, input, callers)
    if account_id is None or account_id == callers.account_id:
        return callers
    return replica.find_account(account_id) or await replica.account(account_id) or callers


def _source(request: HttpRequest, service: ServiceModel, region: str) -> Source:
    """``region`` is the signature's or endpoint's. IAM has one endpoint for all, which counts as the first one's."""
    return Source(
        region=GLOBAL_REGION if service.name == "iam" else region,
        ip=request.peer,
        user_agent=request.header(b"user-agent") or "",
        referer=request.header(b"referer"),
        secure=request.secure,
        host=request.header(b"host") or "",
    )


def _respond(
    status: int, body: bytes, trace: Trace, protocol: WireProtocol, headers: tuple[tuple[str, str], ...] = ()
) -> HttpResponse:
    trace.status = status
    return HttpResponse(
        status=status,
        headers=(
            (b"x-amzn-requestid", trace.request_id.encode("ascii")),
            (b"content-type", protocol.content_type),
            *(() if trace.revision is None else ((REVISION_HEADER, b"%d" % trace.revision),)),
            *((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers),
        ),
        body=body,
    )

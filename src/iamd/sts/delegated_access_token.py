"""GetDelegatedAccessToken: credentials of whoever accepted a delegation request, limited to what was asked for.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-temporary-delegation.html
"""

from iamd.account.ids import find_account_of_uuid
from iamd.account.operation import Answer, Input
from iamd.account.state import Account
from iamd.authentication.session_token import SessionAttributes, SessionCredential
from iamd.authentication.trade_in_token import find_traded_request_id
from iamd.call import Call
from iamd.errors import AccessDenied, ExpiredTradeInTokenException
from iamd.sts.sessions import issue, pack_attributes


def get_delegated_access_token(account: Account, input: Input, call: Call) -> Answer:
    """``account`` is the product provider's. The time that it asked for begins when the token is sent.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetDelegatedAccessToken.html
    """
    request_id = find_traded_request_id(input["TradeInToken"], account.account_id, call.sealer)
    request = account.directory.delegation_requests.get(request_id or "")
    approver = request.approver if request is not None else None
    if request is None or approver is None or request.owner_account_id is None:
        raise AccessDenied("The trade-in token is not valid.")
    ends = request.updated + request.session_duration
    if request.state != "FINALIZED" or find_account_of_uuid(request.id) != account.account_id or ends <= call.time:
        raise ExpiredTradeInTokenException("The trade-in token provided in the request has expired.")
    attributes = SessionAttributes(
        policy=request.policy, tags=approver.tags, transitive_tag_keys=approver.transitive_tag_keys
    )
    packed, percent = pack_attributes(attributes)
    credential = SessionCredential(
        kind=approver.kind,
        account_id=request.owner_account_id,
        entity_id=approver.entity_id,
        name=approver.session_name,
        secret_access_key=call.new_secret_access_key(),
        # Since when it may act: so denying sessions older than some time ends what the token still gives, too.
        issued=request.updated,
        expires=ends,
        packed=packed,
        source_identity=approver.source_identity,
        mfa_time=approver.mfa_time,
        federated_provider=approver.federated_provider,
        federated_context=approver.federated_context,
        delegated=True,
    )
    return {
        "Credentials": issue(credential, input, call),
        "PackedPolicySize": percent,
        "AssumedPrincipal": approver.arn,
    }, []

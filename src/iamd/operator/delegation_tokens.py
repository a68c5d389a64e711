"""GetTradeInToken: how a product provider gets the token that AWS would send to its SNS topic.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SendDelegationToken.html
"""

from iamd.account.operation import Answer, Input
from iamd.account.state import Account
from iamd.authentication.trade_in_token import seal_trade_in_token
from iamd.call import Call
from iamd.errors import InvalidInput, NoSuchEntity


def get_trade_in_token(account: Account, input: Input, call: Call) -> Answer:
    """Of a request of the caller's own account whose token was sent. Raises NoSuchEntity, InvalidInput."""
    request = account.directory.delegation_requests.get(input["DelegationRequestId"])
    if request is None or request.requestor_id != call.caller.account_id:
        raise NoSuchEntity(f"The delegation request with id {input['DelegationRequestId']} cannot be found.")
    if request.state_at(call.time) != "FINALIZED":
        raise InvalidInput(f"The delegation request {request.id} is in the state {request.state_at(call.time)}.")
    ends = request.updated + request.session_duration
    return {"TradeInToken": seal_trade_in_token(request, call.sealer), "Expiration": ends}, []

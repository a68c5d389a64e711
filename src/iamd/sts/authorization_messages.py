"""DecodeAuthorizationMessage: why a service denied a request.

https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
"""

from iamd.account.operation import Answer, Input
from iamd.account.state import Account
from iamd.authorization.encoded_messages import decode_denial
from iamd.call import Call


def decode_authorization_message(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html"""
    return {"DecodedMessage": decode_denial(input["EncodedMessage"], account.account_id, call.sealer)}, []

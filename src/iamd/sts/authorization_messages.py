"""DecodeAuthorizationMessage: why a service denied a request.

https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
"""

from collections.abc import Mapping
from typing import Any

from iamd.account.changes import Change
from iamd.account.state import Account
from iamd.authorization.encoded_messages import decode_denial
from iamd.call import Call


def decode_authorization_message(
    account: Account, input: Mapping[str, Any], call: Call
) -> tuple[dict[str, Any], list[Change]]:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html"""
    return {"DecodedMessage": decode_denial(input["EncodedMessage"], account.account_id, call.sealer)}, []

"""Encoded authorization messages: what a service puts in a denial for those who may ask STS what is in it.

The APIs of iamd say why they deny. Services that should not, a gateway before one of them for example, send this.
https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
"""

from iamd.call import SealBroken, Sealer
from iamd.policy import Decision, decode_authorization_message, encode_authorization_message


def encode_denial(decision: Decision, account_id: str, sealer: Sealer) -> str:
    """The decision as text that only STS reads again, for principals of ``account_id``, the one that denies.

    A service appends it to its message as ``Encoded authorization failure message: …``.
    """
    context = _context(account_id)
    return encode_authorization_message(decision, lambda message: sealer.seal(message, context))


def decode_denial(encoded: str, account_id: str, sealer: Sealer) -> str:
    """The JSON text that an encoded message of this account holds. Raises InvalidAuthorizationMessageException."""

    def unseal(encoded: str) -> bytes | None:
        try:
            return sealer.unseal(encoded, _context(account_id))
        except SealBroken:
            return None

    return decode_authorization_message(encoded, unseal)


def _context(account_id: str) -> str:
    return f"authorization message of {account_id}"

"""Trade-in tokens: what a product provider exchanges for the access that an account's owner delegated to it.

A token is sealed for the provider's account and names the delegation request, so that nothing is stored; it is good as
long as the request says.
https://docs.aws.amazon.com/STS/latest/APIReference/API_GetDelegatedAccessToken.html
"""

from iamd.account.delegation import DelegationRequest
from iamd.call import SealBroken, Sealer


def seal_trade_in_token(request: DelegationRequest, sealer: Sealer) -> str:
    return sealer.seal(request.id.encode("ascii"), _context(request.requestor_id))


def find_traded_request_id(token: str, account_id: str, sealer: Sealer) -> str | None:
    """The id of the delegation request that a token of this account names, None for anything else."""
    try:
        return sealer.unseal(token, _context(account_id)).decode("ascii")
    except (SealBroken, UnicodeDecodeError):
        return None


def _context(account_id: str) -> str:
    return f"trade-in token of {account_id}"

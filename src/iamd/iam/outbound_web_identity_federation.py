"""Outbound federation: whether an account issues web identity tokens, by which its principals sign in elsewhere.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound.html
"""

from msgspec.structs import replace

from iamd.account.changes import Put
from iamd.account.ids import new_account_uuid
from iamd.account.operation import Answer, Input
from iamd.account.records import WebIdentityIssuer
from iamd.account.state import Account
from iamd.authentication.token_keys import generate_keys, seal_keys
from iamd.call import Call
from iamd.errors import FeatureDisabled, FeatureEnabled

_DISABLED = "Outbound web identity federation is not enabled for this account."


def enable_outbound_web_identity_federation(account: Account, input: Input, call: Call) -> Answer:
    """An account keeps its issuer and keys whenever it is enabled again.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableOutboundWebIdentityFederation.html
    """
    issuer = account.web_identity_issuer
    if issuer is None:
        keys = seal_keys(call.compute(generate_keys), call.sealer, call.time)
        issuer = WebIdentityIssuer(id=new_account_uuid(account.account_id, call.choose), keys=keys)
    elif issuer.enabled:
        raise FeatureEnabled("Outbound web identity federation is already enabled for this account.")
    return {"IssuerIdentifier": account.directory.issuer_url(issuer.id)}, [Put(replace(issuer, enabled=True))]


def disable_outbound_web_identity_federation(account: Account, input: Input, call: Call) -> Answer:
    """Tokens that were issued stay valid: their keys stay published.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DisableOutboundWebIdentityFederation.html
    """
    issuer = account.web_identity_issuer
    if issuer is None or not issuer.enabled:
        raise FeatureDisabled(_DISABLED)
    return {}, [Put(replace(issuer, enabled=False))]


def get_outbound_web_identity_federation_info(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetOutboundWebIdentityFederationInfo.html"""
    issuer = account.web_identity_issuer
    if issuer is None:
        raise FeatureDisabled(_DISABLED)
    answer = {"IssuerIdentifier": account.directory.issuer_url(issuer.id), "JwtVendingEnabled": issuer.enabled}
    return answer, []

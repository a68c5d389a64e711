"""Identifies users of identity providers, whose requests are not signed but carry an assertion about them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers.html
"""

import asyncio
import re

from iamd.account.operation import Input
from iamd.account.state import Account
from iamd.authentication.assertions import asserted_caller
from iamd.authentication.issuer_keys import IssuerKeys
from iamd.authentication.oidc import find_provider, read_issuer, verify_web_identity_token
from iamd.authentication.saml import find_saml_provider, verify_saml_assertion
from iamd.authorization.targets import account_of_role
from iamd.call import Assertion, Caller, Sealer
from iamd.errors import InvalidIdentityToken
from iamd.replica.replica import Replica
from iamd.wire.http import HttpRequest
from iamd.wire.models import OperationModel

# https://docs.aws.amazon.com/general/latest/gr/sts.html
_REGIONAL = re.compile(r"sts(?:-fips)?\.([a-z]{2,3}(?:-[a-z]+)+-\d)\.(?:amazonaws\.com|api\.aws)(?::\d+)?")
_GLOBAL_REGION = "us-east-1"


def endpoint_region(request: HttpRequest) -> str:
    """The region of an unsigned request: the one in the name of STS's endpoint, else the global endpoint's."""
    regional = _REGIONAL.fullmatch(request.header(b"host") or "")
    return regional[1] if regional else _GLOBAL_REGION


async def identify(
    operation: OperationModel, input: Input, replica: Replica, sealer: Sealer, issuer_keys: IssuerKeys, time: int
) -> tuple[Account, Caller]:
    """The account of the role asked for, and who an identity provider of that account says is asking.

    INVARIANT: whoever calls has nothing to lose, so an account that is not hosted here is refused as one without
    providers is. Raises ValidationError, AccessDenied, and what the verifiers raise.
    """
    account_id = account_of_role(input["RoleArn"])
    account = replica.find_account(account_id) or await replica.account(account_id)
    account = account or Account(account_id, replica.directory)
    assertion = await _verify(operation, input, account, sealer, issuer_keys, time)
    return account, asserted_caller(assertion, account_id)


async def _verify(
    operation: OperationModel, input: Input, account: Account, sealer: Sealer, issuer_keys: IssuerKeys, time: int
) -> Assertion:
    """In a thread: signatures take a millisecond, and anybody may send them."""
    if operation.name == "AssumeRoleWithSAML":
        saml_provider = find_saml_provider(account, input)
        private_keys = [sealer.unseal(key.sealed, key.id) for key in saml_provider.private_keys]
        public_url = account.directory.public_url
        return await asyncio.to_thread(verify_saml_assertion, input, saml_provider, private_keys, public_url, time)
    issuer = read_issuer(input)
    if issuer.startswith(account.directory.issuers_url):
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound_getting_started.html
        raise InvalidIdentityToken("A token of GetWebIdentityToken cannot be used with AssumeRoleWithWebIdentity.")
    provider = find_provider(account, issuer)
    keys = await issuer_keys.find(provider.issuer)
    return await asyncio.to_thread(verify_web_identity_token, input, provider, keys, time)

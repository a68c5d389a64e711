"""Publishes the issuers of web identity tokens: for each account that has one, what OpenID Connect clients look up.

https://openid.net/specs/openid-connect-discovery-1_0.html
"""

import asyncio
import re

from iamd.account.changes import Put
from iamd.account.ids import find_account_of_uuid
from iamd.account.records import WebIdentityIssuer
from iamd.account.state import Account
from iamd.authentication.token_keys import are_keys_due, discovery_document, generate_keys, key_set, with_new_keys
from iamd.call import Sealer
from iamd.errors import ServiceUnavailable
from iamd.replica.replica import Replica, Written
from iamd.wire.http import HttpResponse

_ROUTE = re.compile(rb"issuers/([0-9a-f-]{36})/\.well-known/(openid-configuration|jwks\.json)")
_MAX_AGE = 3_600  # seconds that anybody may keep an answer; far less than keys are published before they sign


async def find_published(route: bytes, replica: Replica, time: int) -> HttpResponse | None:
    """The answer to whoever asks for a document of an issuer, None if there is no such. ``time`` is epoch seconds.

    What is answered is public. Raises ServiceUnavailable.
    """
    asked = _ROUTE.fullmatch(route)
    account_id = find_account_of_uuid(asked[1].decode()) if asked else None
    if asked is None or account_id is None:
        return None
    account = replica.find_account(account_id) or await replica.account(account_id)
    issuer = account.web_identity_issuer if account else None
    if issuer is None or issuer.id != asked[1].decode():
        return None
    if asked[2] == b"jwks.json":
        body = key_set(issuer, time)
    else:
        body = discovery_document(replica.directory.issuer_url(issuer.id))
    headers = (
        (b"content-type", b"application/json"),
        (b"cache-control", b"public, max-age=%d" % _MAX_AGE),
        (b"access-control-allow-origin", b"*"),
    )
    return HttpResponse(status=200, headers=headers, body=body)


async def renew_token_keys(account: Account, replica: Replica, sealer: Sealer, time: int) -> None:
    """Give the account's issuer new keys, if it is time for them.

    They sign only a day later, so a store that cannot write now is no reason to refuse a token.
    """
    issuer = account.web_identity_issuer
    if issuer is None or not are_keys_due(issuer, time):
        return
    new = await asyncio.to_thread(generate_keys)

    def run(account: Account) -> Written:
        issuer: WebIdentityIssuer | None = account.web_identity_issuer
        if issuer is None or not are_keys_due(issuer, time):
            return Written(None, [], None)  # another process was first
        return Written(None, [Put(with_new_keys(issuer, new, sealer, time))], None)

    try:
        await replica.write(account.account_id, run)
    except ServiceUnavailable:
        return

"""Decides who is calling: finds the credential in a request, makes every check, and answers with the caller."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, cast

from iamd.account.ids import TEMPORARY_ACCESS_KEY
from iamd.account.records import AccessKey, User
from iamd.account.state import Account
from iamd.arn import root_arn
from iamd.authentication.session_token import open_session_token, session_caller
from iamd.authentication.signature import Signature, find_signature
from iamd.authentication.sigv4 import (
    SigningKeyName,
    SigningKeys,
    derive_signing_key,
    make_ready,
    verify_expiry,
    verify_scope,
    verify_signature,
    verify_time,
)
from iamd.call import Caller, Sealer
from iamd.errors import IncompleteSignature, InvalidClientTokenId, MissingAuthenticationToken
from iamd.wire.http import HttpRequest

_SIGNING_KEYS = SigningKeys(size=10_000)  # some 13 MB
_SESSION_SIGNING_KEYS = SigningKeys(size=5_000)  # some 8 MB, in which sessions cannot drive out access keys

# A presigned GetCallerIdentity is a proof of identity, handed to somebody else who redeems it. STS takes it for 15
# minutes whatever expiry it carries, and clients rely on that: EKS tokens sign 60 seconds and are used for 14 minutes.
# It reveals whose it is and grants nothing, so iamd does as STS does; every other request expires when it says.
_EXPIRES_WITH_SIGNATURE = "GetCallerIdentity"


class _Credential(NamedTuple):
    """What a request claims to be signed with."""

    caller: Caller
    sealed_secret: str  # text that stands for the secret; the session token of a session
    secret: Callable[[], bytes]
    signing_keys: SigningKeys  # where the keys derived from it are kept


def get_signature(request: HttpRequest, parameters: Mapping[str, str]) -> Signature:
    """What the request says of its signature, all of it unverified.

    Raises MissingAuthenticationToken if it has none, IncompleteSignature or SignatureDoesNotMatch if it is not of the
    form AWS asks for: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
    """
    signature = find_signature(request)
    if signature is not None:
        return signature
    if "AWSAccessKeyId" in parameters:  # Signature Version 2
        raise IncompleteSignature(
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
        )
    raise MissingAuthenticationToken("Request is missing Authentication Token")


def authenticate(
    request: HttpRequest,
    parameters: Mapping[str, str],
    signature: Signature,
    service_name: str,
    account: Account | None,
    sealer: Sealer,
    now: int,
) -> Caller:
    """Who calls ``service_name`` (``iam``, ``sts``) with this request.

    ``signature`` is the request's own (``get_signature``). ``account`` is the one that its access key id belongs to,
    None if there is no such account; ``now`` is epoch seconds. Raises SignatureDoesNotMatch, InvalidClientTokenId,
    ExpiredToken or RequestExpired: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
    """
    verify_scope(signature, service_name)
    if account is None:
        raise _invalid_token()
    find_credential = _temporary if signature.access_key_id.startswith(TEMPORARY_ACCESS_KEY) else _long_term
    credential = find_credential(signature, account, sealer, now)
    verify_time(signature, now)
    if parameters.get("Action") != _EXPIRES_WITH_SIGNATURE:
        verify_expiry(signature, now)
    _verify_with_secret(request, signature, credential)
    return credential.caller


def _temporary(signature: Signature, account: Account, sealer: Sealer, now: int) -> _Credential:
    """The session whose token came along. Its order of checks is AWS's: the token, then role or user, then the rest."""
    token = signature.session_token or ""
    session = open_session_token(token, signature.access_key_id, sealer, now)
    caller = session_caller(session, signature.access_key_id, account)
    return _Credential(caller, token, session.secret_access_key.encode, _SESSION_SIGNING_KEYS)


def _long_term(signature: Signature, account: Account, sealer: Sealer, now: int) -> _Credential:
    """The access key and whose it is. AWS words all that can be wrong with it the same."""
    if signature.session_token is not None:
        raise _invalid_token()
    key, caller = _holder(account, signature.access_key_id)
    return _Credential(caller, key.sealed_secret, lambda: sealer.unseal(key.sealed_secret, key.id), _SIGNING_KEYS)


def _holder(account: Account, access_key_id: str) -> tuple[AccessKey, Caller]:
    """An active access key and its owner, found once between two changes of the account."""
    name = (_holder, access_key_id)
    found = account.derived.get(name)
    if found is None:
        key = account.access_keys.find(access_key_id)
        if key is None or not key.active:
            raise _invalid_token()
        found = account.derived[name] = (key, _owner(account, key))
    return cast(tuple[AccessKey, Caller], found)


def _owner(account: Account, key: AccessKey) -> Caller:
    if key.owner_id == account.account_id:
        arn = root_arn(account.account_id)
        return Caller(
            kind="root",
            account_id=account.account_id,
            arn=arn,
            principal_arn=arn,
            user_id=account.account_id,
            access_key_id=key.id,
        )
    user = account.find_by_id(key.owner_id)
    if not isinstance(user, User):
        raise _invalid_token()
    return Caller(
        kind="user",
        account_id=account.account_id,
        arn=user.arn,
        principal_arn=user.arn,
        user_id=user.id,
        name=user.name,
        access_key_id=key.id,
    )


def _verify_with_secret(request: HttpRequest, signature: Signature, credential: _Credential) -> None:
    keys = credential.signing_keys
    name = SigningKeyName(
        signature.access_key_id, credential.sealed_secret, signature.date, signature.region, signature.service
    )
    signing_key = keys.find(name)
    if signing_key is not None:
        verify_signature(request, signature, signing_key)
        return
    derived = derive_signing_key(credential.secret(), signature.date, signature.region, signature.service)
    signing_key = make_ready(derived)
    verify_signature(request, signature, signing_key)
    keys.add(name, signing_key)


def _invalid_token() -> InvalidClientTokenId:
    return InvalidClientTokenId("The security token included in the request is invalid.")

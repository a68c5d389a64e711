"""Session tokens: temporary credentials sealed into what their bearer sends along, so that none are ever stored.

A token is ``Sealer.seal`` of a ``SessionCredential`` in MessagePack, bound to its access key id. Any process with the
key ring opens it; docs/decisions/0008-session-credentials.md says why, and how sessions end.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp.html
"""

import zlib
from typing import Final, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from iamd.account.records import Role, User
from iamd.account.state import Account
from iamd.arn import assumed_role_arn, federated_user_arn, root_arn
from iamd.call import Caller, SealBroken, Sealer, Session
from iamd.errors import ExpiredToken, InvalidClientTokenId

MAX_TOKEN: Final = 8_192  # characters
MAX_PACKED: Final = 1_024  # bytes of packed attributes, which PackedPolicySize counts in percent

_PLAIN: Final = 256  # bytes of attributes that are not worth compressing
_DEFLATED: Final = b"\x01"  # no array of MessagePack begins so
_MAX_UNPACKED: Final = 65_536  # bytes; session policies and 50 tags of the greatest length take 22,000


class SessionAttributes(Struct, frozen=True, array_like=True, gc=False):
    """What a caller gives a session: policies that limit it, and tags."""

    policy: str | None = None  # inline session policy
    policy_arns: tuple[str, ...] = ()  # managed session policies
    tags: tuple[tuple[str, str], ...] = ()  # inherited ones first
    transitive_tag_keys: tuple[str, ...] = ()


class SessionCredential(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """What a session token holds. ``expires`` and the other times are epoch seconds."""

    kind: Literal["role", "user", "root", "federated"]
    account_id: str
    entity_id: str  # unique id of the role, or of the user who asked for the session; root: the account id
    name: str = ""  # role session name or federated user name
    secret_access_key: str
    issued: int
    expires: int
    packed: bytes = b""  # SessionAttributes
    source_identity: str | None = None
    mfa_time: int | None = None
    federated_provider: str | None = None
    padding: int | bytes = 0  # makes the token longer, where that was asked for
    federated_context: tuple[tuple[str, str | tuple[str, ...]], ...] = ()  # condition keys that the provider left
    assumed_root: bool = False  # by AssumeRoot
    delegated: bool = False  # by GetDelegatedAccessToken

    def __repr__(self) -> str:
        return f"SessionCredential({self.kind} {self.entity_id} {self.name!r}, expires {self.expires})"  # no secret


_CREDENTIAL: Final = msgspec.msgpack.Decoder(SessionCredential)
_ATTRIBUTES: Final = msgspec.msgpack.Decoder(SessionAttributes)
_ENCODER: Final = msgspec.msgpack.Encoder()
_NO_ATTRIBUTES: Final = SessionAttributes()


def pack(attributes: SessionAttributes) -> bytes:
    """The attributes in their shortest form, in which they travel in the token; empty for none.

    Policies and tags are their bearer's own, so that what compression tells of them is nothing new.
    """
    if attributes == _NO_ATTRIBUTES:
        return b""
    plain = _ENCODER.encode(attributes)
    if len(plain) <= _PLAIN:
        return plain
    return min(plain, _DEFLATED + zlib.compress(plain, 9, -zlib.MAX_WBITS), key=len)


def unpack(packed: bytes) -> SessionAttributes:
    """The attributes again. INVARIANT: ``packed`` was sealed, so ``pack`` made it."""
    if not packed:
        return _NO_ATTRIBUTES
    if packed.startswith(_DEFLATED):
        packed = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed[1:], _MAX_UNPACKED)
    return _ATTRIBUTES.decode(packed)


def seal_session_token(credential: SessionCredential, access_key_id: str, sealer: Sealer, min_size: int = 0) -> str:
    """The token of a session, at least ``min_size`` characters long."""
    token = _seal(credential, access_key_id, sealer)
    if len(token) < min_size:
        padding = bytes((min_size - len(token)) * 3 // 4 + 3)
        token = _seal(replace(credential, padding=padding), access_key_id, sealer)
    return token


def open_session_token(token: str, access_key_id: str, sealer: Sealer, now: int) -> SessionCredential:
    """What the token of this access key id holds. ``now`` is epoch seconds.

    Raises InvalidClientTokenId for anything that is not a token sealed for this access key id with a key of the ring,
    ExpiredToken for one whose time is over.
    """
    if len(token) > MAX_TOKEN:
        raise _invalid()
    try:
        credential = _CREDENTIAL.decode(sealer.unseal(token, _context(access_key_id)))
    except (SealBroken, msgspec.DecodeError):
        raise _invalid() from None
    if credential.expires <= now:
        raise ExpiredToken("The security token included in the request is expired")
    return credential


def session_caller(credential: SessionCredential, access_key_id: str, account: Account) -> Caller:
    """The caller that an opened credential stands for, as ``account`` knows it now.

    INVARIANT: role and user are found by unique id, so a session ends with them; one of the same name that is created
    afterwards is another. Raises InvalidClientTokenId.
    """
    if credential.account_id != account.account_id:
        raise _invalid()
    attributes = unpack(credential.packed)
    session = Session(
        issued=credential.issued,
        expires=credential.expires,
        name=credential.name or None,
        mfa_time=credential.mfa_time,
        tags=dict(attributes.tags),
        transitive_tag_keys=attributes.transitive_tag_keys,
        policies=() if attributes.policy is None else (attributes.policy,),
        policy_arns=attributes.policy_arns,
        source_identity=credential.source_identity,
        federated_provider=credential.federated_provider,
        federated_context=dict(credential.federated_context),
        assumed_root=credential.assumed_root,
        delegated=credential.delegated,
    )
    if credential.kind == "role":
        return _role_caller(credential, access_key_id, account, session)
    arn, name = _issuer(credential, account)
    if credential.kind == "federated":
        shown = federated_user_arn(account.account_id, credential.name)
        return Caller(
            kind="federated",
            account_id=account.account_id,
            arn=shown,
            principal_arn=shown,
            user_id=f"{account.account_id}:{credential.name}",
            name=credential.name,
            issuer_arn=arn,
            issuer_id=credential.entity_id,
            access_key_id=access_key_id,
            session=session,
        )
    return Caller(
        kind=credential.kind,
        account_id=account.account_id,
        arn=arn,
        principal_arn=arn,
        user_id=credential.entity_id,
        name=name,
        access_key_id=access_key_id,
        session=session,
    )


def _role_caller(credential: SessionCredential, access_key_id: str, account: Account, session: Session) -> Caller:
    role = account.find_by_id(credential.entity_id)
    if not isinstance(role, Role):
        raise _invalid()
    return Caller(
        kind="role",
        account_id=account.account_id,
        arn=assumed_role_arn(account.account_id, role.name, credential.name),
        principal_arn=role.arn,
        user_id=f"{role.id}:{credential.name}",
        name=role.name,
        access_key_id=access_key_id,
        session=session,
    )


def _issuer(credential: SessionCredential, account: Account) -> tuple[str, str | None]:
    """ARN and name of the user, or ARN of the root user, who asked for the session."""
    if credential.entity_id == account.account_id:
        return root_arn(account.account_id), None
    user = account.find_by_id(credential.entity_id)
    if not isinstance(user, User):
        raise _invalid()
    return user.arn, user.name


def _seal(credential: SessionCredential, access_key_id: str, sealer: Sealer) -> str:
    return sealer.seal(_ENCODER.encode(credential), _context(access_key_id))


def _context(access_key_id: str) -> str:
    return f"session token of {access_key_id}"


def _invalid() -> InvalidClientTokenId:
    return InvalidClientTokenId("The security token included in the request is invalid.")

"""SSH public keys of users, with which they reach CodeCommit.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_ssh-keys.html
"""

import binascii
import hashlib
from typing import Any, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
    load_ssh_public_key,
)
from msgspec.structs import replace

from iamd.account.changes import Delete, Put
from iamd.account.ids import new_public_key_id
from iamd.account.operation import Answer, Input
from iamd.account.records import SSHPublicKey, User
from iamd.account.state import Account
from iamd.call import Call
from iamd.errors import DuplicateSSHPublicKey, InvalidPublicKey, NoSuchEntity, UnrecognizedPublicKeyEncoding
from iamd.iam.pagination import paginate
from iamd.iam.statuses import requested_status, status_answer
from iamd.iam.users import get_named_user_or_caller

MINIMUM_BITS = 2048


def upload_ssh_public_key(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_UploadSSHPublicKey.html"""
    user = account.get_user(input["UserName"])
    keys = account.ssh_public_keys_of(user)
    account.require_room("SSHPublicKeysPerUser", len(keys))
    body = input["SSHPublicKeyBody"]
    fingerprint = _fingerprint(_load(body))
    if any(key.fingerprint == fingerprint for key in keys):
        raise DuplicateSSHPublicKey("The SSH public key is already associated with the specified IAM user.")
    key = SSHPublicKey(
        id=new_public_key_id(call.choose), owner_id=user.id, body=body, fingerprint=fingerprint, created=call.time
    )
    return {"SSHPublicKey": _key_answer(key, user, body)}, [Put(key)]


def get_ssh_public_key(account: Account, input: Input, call: Call) -> Answer:
    """A key comes back as it was sent, or in the other encoding.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetSSHPublicKey.html
    """
    user = account.get_user(input["UserName"])
    key = _get_key(account, user, input)
    body = key.body if _find_encoding(key.body) == input["Encoding"] else _encode(_load(key.body), input["Encoding"])
    return {"SSHPublicKey": _key_answer(key, user, body)}, []


def update_ssh_public_key(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateSSHPublicKey.html"""
    active = requested_status(input)
    return {}, [Put(replace(_get_key(account, account.get_user(input["UserName"]), input), active=active))]


def delete_ssh_public_key(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteSSHPublicKey.html"""
    return {}, [Delete(_get_key(account, account.get_user(input["UserName"]), input))]


def list_ssh_public_keys(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSSHPublicKeys.html"""
    user = get_named_user_or_caller(account, input, call)
    page, more = paginate(account.ssh_public_keys_of(user), input, call, lambda key: f"{key.created:012}/{key.id}")
    return {"SSHPublicKeys": [_metadata_answer(key, user) for key in page], **more}, []


# Shared ---------------------------------------------------------------------------------------------------------------


def _metadata_answer(key: SSHPublicKey, user: User) -> dict[str, Any]:
    """The shape ``SSHPublicKeyMetadata``."""
    return {
        "UserName": user.name,
        "SSHPublicKeyId": key.id,
        "Status": status_answer(key.active),
        "UploadDate": key.created,
    }


def _key_answer(key: SSHPublicKey, user: User, body: str) -> dict[str, Any]:
    """The shape ``SSHPublicKey``."""
    return {**_metadata_answer(key, user), "Fingerprint": key.fingerprint, "SSHPublicKeyBody": body}


def _get_key(account: Account, user: User, input: Input) -> SSHPublicKey:
    """The key that ``SSHPublicKeyId`` names among the user's. Raises NoSuchEntity."""
    for key in account.ssh_public_keys_of(user):
        if key.id == input["SSHPublicKeyId"]:
            return key
    raise NoSuchEntity(f"The Public Key with id {input['SSHPublicKeyId']} cannot be found.")


def _find_encoding(body: str) -> Literal["SSH", "PEM"] | None:
    text = body.lstrip()
    if text.startswith("-----BEGIN "):
        return "PEM"
    return "SSH" if text.startswith("ssh-") else None


def _load(body: str) -> RSAPublicKey:
    """The key in ``body``. Raises UnrecognizedPublicKeyEncoding or InvalidPublicKey."""
    encoding, data = _find_encoding(body), body.strip().encode()
    if encoding is None:
        raise UnrecognizedPublicKeyEncoding("The public key encoding format is unsupported or unrecognized.")
    try:
        key = load_pem_public_key(data) if encoding == "PEM" else load_ssh_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey) or key.key_size < MINIMUM_BITS:
        raise InvalidPublicKey("The public key is malformed or otherwise invalid.")
    return key


def _encode(key: RSAPublicKey, encoding: str) -> str:
    if encoding == "PEM":
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode("ascii")


def _fingerprint(key: RSAPublicKey) -> str:
    """What ``ssh-keygen -l -E md5`` shows. MD5 because AWS shows it: a name for a key, no proof of one."""
    blob = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1]
    return hashlib.md5(binascii.a2b_base64(blob), usedforsecurity=False).digest().hex(":")

"""SSH public keys of users: RSA, in either encoding, five each, no one twice."""

import base64
import hashlib
import re

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from iamd.account.records import SSHPublicKey
from iamd.iam.ssh_public_keys import (
    delete_ssh_public_key,
    get_ssh_public_key,
    list_ssh_public_keys,
    update_ssh_public_key,
    upload_ssh_public_key,
)
from iamd.iam.users import delete_user, update_user
from tests.iam.certificates import rsa_key
from tests.iam.world import CREATED, NOW, World

ID = "APKAEIBAERJR2EXAMPLE"
NOT_FOUND = f"NoSuchEntity: The Public Key with id {ID} cannot be found."

pytestmark = pytest.mark.usefixtures("bob_and_alice")


def ssh(bits: int = 2048) -> str:
    return rsa_key(bits).public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def pem(form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    return rsa_key().public_key().public_bytes(Encoding.PEM, form).decode()


def put(world: World, number: int = 0, key_id: str = ID) -> None:
    """Given: a key of Bob's whose content does not matter."""
    world.put(SSHPublicKey(id=key_id, owner_id="AIDABOB", body="", fingerprint=str(number), created=CREATED))


def test_a_key_is_shown_as_it_was_sent_or_in_the_other_encoding(world: World) -> None:
    sent = f"{ssh()} bob@example.com"
    key = world.run(upload_ssh_public_key, UserName="Bob", SSHPublicKeyBody=sent)["SSHPublicKey"]
    assert key == {
        "UserName": "Bob",
        "SSHPublicKeyId": key["SSHPublicKeyId"],
        "Fingerprint": key["Fingerprint"],
        "SSHPublicKeyBody": sent,
        "Status": "Active",
        "UploadDate": NOW,
    }
    assert re.fullmatch("APKA[A-Z2-7]{16}", key["SSHPublicKeyId"])
    named = {"UserName": "Bob", "SSHPublicKeyId": key["SSHPublicKeyId"]}
    assert world.run(get_ssh_public_key, **named, Encoding="SSH") == {"SSHPublicKey": key}
    assert world.run(get_ssh_public_key, **named, Encoding="PEM") == {"SSHPublicKey": key | {"SSHPublicKeyBody": pem()}}
    del key["Fingerprint"], key["SSHPublicKeyBody"]
    assert world.run(list_ssh_public_keys, UserName="Bob") == {"SSHPublicKeys": [key], "IsTruncated": False}


def test_the_fingerprint_is_the_md5_that_ssh_keygen_shows_in_either_encoding(world: World) -> None:
    digest = hashlib.md5(base64.b64decode(ssh().split()[1])).hexdigest()  # noqa: S324
    expected = ":".join(digest[start : start + 2] for start in range(0, 32, 2))
    for body in (ssh(), pem(), pem(PublicFormat.PKCS1)):
        output, _ = world.try_run(upload_ssh_public_key, UserName="Bob", SSHPublicKeyBody=body)
        assert output["SSHPublicKey"]["Fingerprint"] == expected


def test_a_key_sent_as_pem_is_shown_as_ssh_too(world: World) -> None:
    key = world.run(upload_ssh_public_key, UserName="Bob", SSHPublicKeyBody=pem())["SSHPublicKey"]
    named = {"UserName": "Bob", "SSHPublicKeyId": key["SSHPublicKeyId"]}
    assert world.run(get_ssh_public_key, **named, Encoding="SSH")["SSHPublicKey"]["SSHPublicKeyBody"] == ssh()
    assert world.run(get_ssh_public_key, **named, Encoding="PEM")["SSHPublicKey"]["SSHPublicKeyBody"] == pem()


def test_only_rsa_keys_of_2048_bits_or_more_are_taken(world: World) -> None:
    edwards = ed25519.Ed25519PrivateKey.generate().public_key()
    for body in (
        ssh(1024),
        edwards.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode(),
        "ssh-rsa AAAA",
        "ssh-rsa not base64",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
    ):
        assert world.refusal(upload_ssh_public_key, UserName="Bob", SSHPublicKeyBody=body) == (
            "InvalidPublicKey: The public key is malformed or otherwise invalid."
        )
    for body in ("key", "ecdsa-sha2-nistp256 AAAA"):
        assert world.refusal(upload_ssh_public_key, UserName="Bob", SSHPublicKeyBody=body) == (
            "UnrecognizedPublicKeyEncoding: The public key encoding format is unsupported or unrecognized."
        )


def test_a_user_has_at_most_five_and_none_twice(world: World) -> None:
    world.run(upload_ssh_public_key, UserName="Bob", SSHPublicKeyBody=ssh())
    assert world.refusal(upload_ssh_public_key, UserName="Bob", SSHPublicKeyBody=pem()) == (
        "DuplicateSSHPublicKey: The SSH public key is already associated with the specified IAM user."
    )
    world.run(upload_ssh_public_key, UserName="Alice", SSHPublicKeyBody=ssh())
    for number in range(4):
        put(world, number, f"APKA{number}")
    assert world.refusal(upload_ssh_public_key, UserName="Bob", SSHPublicKeyBody=ssh(3072)) == (
        "LimitExceeded: Cannot exceed quota for SSHPublicKeysPerUser: 5"
    )


def test_a_key_is_found_only_under_its_user(world: World) -> None:
    put(world)
    for name, refusal in (("Alice", NOT_FOUND), ("Nobody", "NoSuchEntity: The user with name Nobody cannot be found.")):
        named = {"UserName": name, "SSHPublicKeyId": ID}
        assert world.refusal(get_ssh_public_key, **named, Encoding="SSH") == refusal
        assert world.refusal(update_ssh_public_key, **named, Status="Active") == refusal
        assert world.refusal(delete_ssh_public_key, **named) == refusal
    world.run(update_ssh_public_key, UserName="Bob", SSHPublicKeyId=ID, Status="Inactive")
    assert world.run(list_ssh_public_keys, world.user("Bob"))["SSHPublicKeys"][0]["Status"] == "Inactive"
    assert world.refusal(list_ssh_public_keys) == (
        "ValidationError: Must specify userName when calling with non-User credentials"
    )


def test_a_key_follows_its_user_to_a_new_name_and_keeps_it_from_being_deleted(world: World) -> None:
    put(world)
    world.run(update_user, UserName="Bob", NewUserName="Robert")
    assert world.run(list_ssh_public_keys, UserName="Robert")["SSHPublicKeys"][0]["UserName"] == "Robert"
    assert world.refusal(delete_user, UserName="Robert") == (
        "DeleteConflict: Cannot delete entity, must remove referenced objects first."
    )
    world.run(delete_ssh_public_key, UserName="Robert", SSHPublicKeyId=ID)
    world.run(delete_user, UserName="Robert")

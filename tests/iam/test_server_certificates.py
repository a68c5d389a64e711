"""Server certificates: they are what they say, their key is theirs, and nobody sees it again."""

import msgspec
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from iamd.account.records import ServerCertificate
from iamd.iam.account_settings import get_account_summary
from iamd.iam.server_certificates import (
    delete_server_certificate,
    get_server_certificate,
    list_server_certificate_tags,
    list_server_certificates,
    tag_server_certificate,
    untag_server_certificate,
    update_server_certificate,
    upload_server_certificate,
)
from tests.iam.certificates import YEAR, Issued, issue, rsa_key
from tests.iam.world import ACCOUNT_ID, CREATED, NOW, World

NOT_FOUND = "NoSuchEntity: The Server Certificate with name web cannot be found."
BROKEN_CHAIN = (
    "MalformedCertificate: Unable to validate certificate chain. The certificate chain must start with the immediate "
    "signing certificate, followed by any intermediaries in order. The index within the chain of the invalid "
    "certificate is: "
)
UNREADABLE = "MalformedCertificate: Unable to parse certificate. Please ensure the certificate is in PEM format."


def upload(world: World, server: Issued, name: str = "web", **more: str) -> dict:
    return world.run(
        upload_server_certificate,
        ServerCertificateName=name,
        CertificateBody=server.pem,
        PrivateKey=server.key_pem,
        **more,
    )


def refusal(world: World, body: str, private_key: str, **more: str) -> str:
    return world.refusal(
        upload_server_certificate,
        ServerCertificateName="web",
        CertificateBody=body,
        PrivateKey=private_key,
        **more,
    )


def put(world: World, name: str = "web", **attributes: object) -> None:
    """Given: a certificate whose content does not matter."""
    values = {"id": f"ASCA{name.upper()}", "body": "body", "sealed_private_key": "", "created": CREATED, "expires": NOW}
    world.put(ServerCertificate(account_id=ACCOUNT_ID, name=name, **(values | attributes)))


# UploadServerCertificate ----------------------------------------------------------------------------------------------


def test_a_certificate_is_shown_with_its_chain_and_without_its_key(world: World) -> None:
    root = issue("root")
    intermediate = issue("intermediate", root)
    server = issue(issuer=intermediate, key=rsa_key())
    chain = intermediate.pem + root.pem
    tags = [{"Key": "Team", "Value": "blue"}]
    uploaded = upload(world, server, Path="/cloudfront/x/", CertificateChain=chain, Tags=tags)
    metadata = {
        "Path": "/cloudfront/x/",
        "ServerCertificateName": "web",
        "ServerCertificateId": uploaded["ServerCertificateMetadata"]["ServerCertificateId"],
        "Arn": f"arn:aws:iam::{ACCOUNT_ID}:server-certificate/cloudfront/x/web",
        "UploadDate": NOW,
        "Expiration": NOW - 86_400 + int(YEAR.total_seconds()),
    }
    assert uploaded == {"ServerCertificateMetadata": metadata, "Tags": tags}
    assert metadata["ServerCertificateId"].startswith("ASCA")
    assert world.run(get_server_certificate, ServerCertificateName="web") == {
        "ServerCertificate": {
            "ServerCertificateMetadata": metadata,
            "CertificateBody": server.pem,
            "CertificateChain": chain,
            "Tags": tags,
        }
    }
    assert world.run(list_server_certificates) == {"ServerCertificateMetadataList": [metadata], "IsTruncated": False}
    assert world.run(get_account_summary)["SummaryMap"]["ServerCertificates"] == 1


def test_a_private_key_is_stored_sealed_for_its_certificate(world: World) -> None:
    server = issue()
    assert "Tags" not in upload(world, server)
    [change] = world.changes
    assert isinstance(change.record, ServerCertificate)
    stored = msgspec.json.encode(change.record)
    assert server.key_pem.split("\n")[1].encode() not in stored
    assert world.sealer.unseal(change.record.sealed_private_key, change.record.id).decode() == server.key_pem


def test_the_key_must_be_the_certificates(world: World) -> None:
    assert refusal(world, issue().pem, issue().key_pem) == (
        "KeyPairMismatch: The private key does not match the public key of the certificate."
    )
    assert refusal(world, issue(key=rsa_key()).pem, issue().key_pem).startswith("KeyPairMismatch: ")


def test_the_key_is_pem_of_a_usable_kind_and_not_locked(world: World) -> None:
    server = issue()
    edwards = ed25519.Ed25519PrivateKey.generate()
    edwards_pem = edwards.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for private_key in (server.locked_key_pem, "key", server.pem, edwards_pem):
        assert refusal(world, server.pem, private_key) == "MalformedCertificate: Invalid Private Key."


def test_the_body_is_one_certificate(world: World) -> None:
    server = issue()
    for body in ("body", server.key_pem, server.pem * 2, server.pem.replace("MII", "AAA", 1)):
        assert refusal(world, body, server.key_pem) == UNREADABLE


def test_each_certificate_of_a_chain_is_signed_by_the_next(world: World) -> None:
    root, other = issue("root"), issue("root")
    intermediate = issue("intermediate", root)
    server = issue(issuer=intermediate)
    for chain, index in (
        (root.pem + intermediate.pem, "-1"),
        (intermediate.pem + other.pem, "0"),
        (intermediate.pem + root.pem + other.pem, "1"),
        ("chain", "-1"),
    ):
        assert refusal(world, server.pem, server.key_pem, CertificateChain=chain) == BROKEN_CHAIN + index
    upload(world, server, CertificateChain=intermediate.pem)


def test_a_certificate_is_valid_when_it_is_uploaded(world: World) -> None:
    early, late = issue(start=NOW + 60), issue(start=NOW - 86_400 * 366)
    assert refusal(world, early.pem, early.key_pem) == "MalformedCertificate: The certificate is not valid yet."
    assert refusal(world, late.pem, late.key_pem) == "MalformedCertificate: The certificate has expired."


def test_a_name_is_taken_in_whatever_case_and_under_whatever_path(world: World) -> None:
    put(world)
    server = issue()
    assert (
        world.refusal(
            upload_server_certificate,
            ServerCertificateName="WEB",
            Path="/other/",
            CertificateBody=server.pem,
            PrivateKey=server.key_pem,
        )
        == "EntityAlreadyExists: The Server Certificate with name WEB already exists."
    )


def test_an_account_has_at_most_twenty(world: World) -> None:
    for number in range(20):
        put(world, f"c{number}")
    server = issue()
    assert refusal(world, server.pem, server.key_pem) == "LimitExceeded: Cannot exceed quota for ServerCertificates: 20"


# Afterwards -----------------------------------------------------------------------------------------------------------


def test_a_certificate_keeps_its_id_under_a_new_name_and_path(world: World) -> None:
    put(world)
    put(world, "mail")
    change = {"ServerCertificateName": "web", "NewServerCertificateName": "www", "NewPath": "/x/"}
    assert world.run(update_server_certificate, **change) == {}
    metadata = world.run(get_server_certificate, ServerCertificateName="www")["ServerCertificate"][
        "ServerCertificateMetadata"
    ]
    assert metadata["Arn"] == f"arn:aws:iam::{ACCOUNT_ID}:server-certificate/x/www"
    assert metadata["ServerCertificateId"] == "ASCAWEB"
    assert world.refusal(update_server_certificate, **change) == NOT_FOUND
    assert (
        world.refusal(update_server_certificate, ServerCertificateName="www", NewServerCertificateName="Mail")
        == "EntityAlreadyExists: The Server Certificate with name Mail already exists."
    )
    world.run(update_server_certificate, ServerCertificateName="www", NewServerCertificateName="WWW")
    world.run(update_server_certificate, ServerCertificateName="WWW")
    assert world.changes == []
    world.verify_indexes()


def test_a_certificate_that_is_not_there_is_told(world: World) -> None:
    for operation in (
        get_server_certificate,
        update_server_certificate,
        delete_server_certificate,
        list_server_certificate_tags,
    ):
        assert world.refusal(operation, ServerCertificateName="web") == NOT_FOUND
    assert world.refusal(tag_server_certificate, ServerCertificateName="web", Tags=[]) == NOT_FOUND
    assert world.refusal(untag_server_certificate, ServerCertificateName="web", TagKeys=[]) == NOT_FOUND
    put(world)
    assert world.run(delete_server_certificate, ServerCertificateName="web") == {}
    assert world.refusal(delete_server_certificate, ServerCertificateName="web") == NOT_FOUND


def test_certificates_are_listed_by_path_and_page_by_page(world: World) -> None:
    for name, path in (("b", "/x/"), ("a", "/x/y/"), ("c", "/z/")):
        put(world, name, path=path)

    def names(**input: object) -> list[str]:
        page = world.run(list_server_certificates, **input)
        return [entry["ServerCertificateName"] for entry in page["ServerCertificateMetadataList"]]

    assert names() == ["a", "b", "c"]
    assert names(PathPrefix="/x") == ["a", "b"]
    first = world.run(list_server_certificates, MaxItems=2)
    assert first["IsTruncated"] is True
    assert names(Marker=first["Marker"]) == ["c"]


def test_keys_of_tags_are_told_apart_by_case(world: World) -> None:
    put(world)
    tags = [{"Key": "Team", "Value": "red"}, {"Key": "team", "Value": "blue"}]
    world.run(tag_server_certificate, ServerCertificateName="web", Tags=tags)
    assert world.run(list_server_certificate_tags, ServerCertificateName="web") == {"Tags": tags, "IsTruncated": False}
    world.run(untag_server_certificate, ServerCertificateName="web", TagKeys=["Team"])
    assert world.run(get_server_certificate, ServerCertificateName="web")["ServerCertificate"]["Tags"] == tags[1:]

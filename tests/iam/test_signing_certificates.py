"""Signing certificates of users and root: two each, no one twice in an account."""

import pytest

from iamd.account.records import SigningCertificate
from iamd.iam.account_settings import get_account_summary
from iamd.iam.signing_certificates import (
    delete_signing_certificate,
    list_signing_certificates,
    update_signing_certificate,
    upload_signing_certificate,
)
from iamd.iam.users import delete_user, update_user
from tests.iam.certificates import issue
from tests.iam.world import CREATED, NOW, World

ID = "TA7SMP42TDN5Z26OBPJE7EXAMPLE"
NOT_FOUND = f"NoSuchEntity: The Certificate with id {ID} cannot be found."

pytestmark = pytest.mark.usefixtures("bob_and_alice")


def put(world: World, owner_id: str = "AIDABOB") -> None:
    """Given: a certificate whose content does not matter."""
    world.put(SigningCertificate(id=ID, owner_id=owner_id, body="body", fingerprint="00", created=CREATED))


def test_a_certificate_is_shown_as_it_was_sent(world: World) -> None:
    body = issue().pem
    certificate = world.run(upload_signing_certificate, UserName="Bob", CertificateBody=body)["Certificate"]
    assert certificate == {
        "UserName": "Bob",
        "CertificateId": certificate["CertificateId"],
        "CertificateBody": body,
        "Status": "Active",
        "UploadDate": NOW,
    }
    assert len(certificate["CertificateId"]) == 32
    assert world.run(list_signing_certificates, world.user("Bob")) == {
        "Certificates": [certificate],
        "IsTruncated": False,
    }


def test_a_certificate_is_pem_of_one_certificate(world: World) -> None:
    good = issue()
    for body in ("BODY", good.key_pem, good.pem * 2):
        assert world.refusal(upload_signing_certificate, UserName="Bob", CertificateBody=body) == (
            f"MalformedCertificate: Certificate {body} is malformed."
        )


def test_a_user_has_at_most_two_and_none_twice(world: World) -> None:
    first = issue().pem
    world.run(upload_signing_certificate, UserName="Bob", CertificateBody=first)
    assert world.refusal(upload_signing_certificate, UserName="Bob", CertificateBody=f"{first}\n") == (
        "DuplicateCertificate: The certificate is already associated with the user."
    )
    world.run(upload_signing_certificate, UserName="Bob", CertificateBody=issue().pem)
    assert world.refusal(upload_signing_certificate, UserName="Bob", CertificateBody=issue().pem) == (
        "LimitExceeded: Cannot exceed quota for CertificatesPerUser: 2"
    )


def test_a_certificate_is_one_users_of_the_account_or_roots(world: World) -> None:
    body = issue().pem
    certificate = world.run(upload_signing_certificate, UserName="Bob", CertificateBody=body)["Certificate"]
    taken = "DuplicateCertificate: The certificate is already associated with the user."
    assert world.refusal(upload_signing_certificate, UserName="Alice", CertificateBody=body) == taken
    assert world.refusal(upload_signing_certificate, CertificateBody=body) == taken
    world.run(delete_signing_certificate, UserName="Bob", CertificateId=certificate["CertificateId"])
    world.run(upload_signing_certificate, CertificateBody=body)


def test_root_has_certificates_of_its_own(world: World) -> None:
    certificate = world.run(upload_signing_certificate, CertificateBody=issue().pem)["Certificate"]
    assert "UserName" not in certificate
    assert world.run(list_signing_certificates)["Certificates"] == [certificate]
    assert world.run(get_account_summary)["SummaryMap"]["AccountSigningCertificatesPresent"] == 1


def test_a_certificate_is_found_only_under_its_user(world: World) -> None:
    put(world, "AIDAALICE")
    named = {"UserName": "Bob", "CertificateId": ID}
    assert world.refusal(delete_signing_certificate, **named) == NOT_FOUND
    assert world.refusal(update_signing_certificate, **named, Status="Inactive") == NOT_FOUND
    alice = world.user("Alice")
    world.run(update_signing_certificate, alice, CertificateId=ID, Status="Inactive")
    assert world.run(list_signing_certificates, alice)["Certificates"][0]["Status"] == "Inactive"
    assert world.refusal(update_signing_certificate, alice, CertificateId=ID, Status="Expired") == (
        "ValidationError: 1 validation error detected: Value at 'status' failed to satisfy constraint: "
        "Member must satisfy enum value set"
    )
    assert world.run(delete_signing_certificate, alice, CertificateId=ID) == {}
    assert world.refusal(delete_signing_certificate, alice, CertificateId=ID) == NOT_FOUND


def test_a_certificate_follows_its_user_to_a_new_name_and_keeps_it_from_being_deleted(world: World) -> None:
    put(world)
    world.run(update_user, UserName="Bob", NewUserName="Robert")
    assert world.run(list_signing_certificates, UserName="Robert")["Certificates"][0]["UserName"] == "Robert"
    assert world.refusal(delete_user, UserName="Robert") == (
        "DeleteConflict: Cannot delete entity, must remove referenced objects first."
    )
    world.run(delete_signing_certificate, UserName="Robert", CertificateId=ID)
    world.run(delete_user, UserName="Robert")


def test_a_role_session_must_name_a_user(world: World) -> None:
    must_name = "ValidationError: Must specify userName when calling with non-User credentials"
    assert world.refusal(list_signing_certificates, world.role()) == must_name
    assert world.refusal(upload_signing_certificate, world.role(), CertificateBody="BODY") == must_name

"""X.509 signing certificates of users and of the root user.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SigningCertificate.html
"""

from typing import Any

from msgspec.structs import replace

from iamd.account.changes import Delete, Put
from iamd.account.ids import new_certificate_id
from iamd.account.operation import Answer, Input
from iamd.account.records import SigningCertificate, User
from iamd.account.state import Account
from iamd.call import Call
from iamd.errors import DuplicateCertificate, MalformedCertificate, NoSuchEntity
from iamd.iam.certificates import examine_certificate
from iamd.iam.pagination import paginate
from iamd.iam.statuses import requested_status, status_answer
from iamd.iam.users import get_named_or_calling_user, owner_id_of, user_name_answer


def upload_signing_certificate(account: Account, input: Input, call: Call) -> Answer:
    """A certificate is one user's of the account, or root's: nobody else there can have it.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UploadSigningCertificate.html
    """
    owner = get_named_or_calling_user(account, input, call)
    owner_id, body = owner_id_of(account, owner), input["CertificateBody"]
    certificates = account.signing_certificates_of(owner_id)
    account.require_room("SigningCertificatesPerUser", len(certificates))
    examined = call.compute(examine_certificate, body)
    if examined is None:
        raise MalformedCertificate(f"Certificate {body} is malformed.")
    if any(certificate.fingerprint == examined.fingerprint for certificate in account.signing_certificates):
        raise DuplicateCertificate("The certificate is already associated with the user.")
    certificate = SigningCertificate(
        id=new_certificate_id(call.choose),
        owner_id=owner_id,
        body=body,
        fingerprint=examined.fingerprint,
        created=call.time,
    )
    return {"Certificate": _answer(certificate, owner)}, [Put(certificate)]


def update_signing_certificate(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateSigningCertificate.html"""
    active = requested_status(input)
    return {}, [Put(replace(_get_certificate(account, input, call), active=active))]


def delete_signing_certificate(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteSigningCertificate.html"""
    return {}, [Delete(_get_certificate(account, input, call))]


def list_signing_certificates(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSigningCertificates.html"""
    owner = get_named_or_calling_user(account, input, call)
    certificates = account.signing_certificates_of(owner_id_of(account, owner))
    page, more = paginate(certificates, input, call, lambda certificate: f"{certificate.created:012}/{certificate.id}")
    return {"Certificates": [_answer(certificate, owner) for certificate in page], **more}, []


# Shared ---------------------------------------------------------------------------------------------------------------


def _answer(certificate: SigningCertificate, owner: User | None) -> dict[str, Any]:
    """The shape ``SigningCertificate``."""
    return {
        **user_name_answer(owner),
        "CertificateId": certificate.id,
        "CertificateBody": certificate.body,
        "Status": status_answer(certificate.active),
        "UploadDate": certificate.created,
    }


def _get_certificate(account: Account, input: Input, call: Call) -> SigningCertificate:
    """The certificate that ``CertificateId`` names among those of the user named, or calling. Raises NoSuchEntity."""
    owner_id = owner_id_of(account, get_named_or_calling_user(account, input, call))
    for certificate in account.signing_certificates_of(owner_id):
        if certificate.id == input["CertificateId"]:
            return certificate
    raise NoSuchEntity(f"The Certificate with id {input['CertificateId']} cannot be found.")

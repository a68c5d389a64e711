"""Server certificates: kept with their private keys for services that terminate TLS.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_server-certs.html
"""

from typing import Any

from msgspec.structs import replace

from iamd.account.changes import Delete, Put
from iamd.account.ids import SERVER_CERTIFICATE
from iamd.account.operation import Answer, Input
from iamd.account.records import ServerCertificate
from iamd.account.state import Account
from iamd.call import Call
from iamd.errors import EntityAlreadyExists, MalformedCertificate
from iamd.iam.certificates import examine_server_certificate
from iamd.iam.pagination import paginate_records
from iamd.iam.tags import tags_answer, tags_page, with_tags, without_tags


def upload_server_certificate(account: Account, input: Input, call: Call) -> Answer:
    """No answer ever shows the private key.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UploadServerCertificate.html
    """
    name, body, chain = input["ServerCertificateName"], input["CertificateBody"], input.get("CertificateChain")
    tags = with_tags((), input.get("Tags", ()), fold_case=False)
    _verify_free(account, name)
    account.require_room("ServerCertificates")
    examined = call.compute(examine_server_certificate, body, input["PrivateKey"], chain)
    if call.time < examined.valid_from:
        raise MalformedCertificate("The certificate is not valid yet.")
    if call.time > examined.valid_until:
        raise MalformedCertificate("The certificate has expired.")
    certificate_id = call.new_id(SERVER_CERTIFICATE)
    certificate = ServerCertificate(
        account_id=account.account_id,
        name=name,
        path=input.get("Path", "/"),
        id=certificate_id,
        body=body,
        chain=chain,
        sealed_private_key=call.sealer.seal(input["PrivateKey"].encode(), certificate_id),
        created=call.time,
        expires=examined.valid_until,
        tags=tags,
    )
    answer: dict[str, Any] = {"ServerCertificateMetadata": _metadata_answer(certificate)}
    if tags:
        answer["Tags"] = tags_answer(tags)
    return answer, [Put(certificate)]


def get_server_certificate(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServerCertificate.html"""
    certificate = account.get_server_certificate(input["ServerCertificateName"])
    answer = {
        "ServerCertificateMetadata": _metadata_answer(certificate),
        "CertificateBody": certificate.body,
        "Tags": tags_answer(certificate.tags),
    }
    if certificate.chain is not None:
        answer["CertificateChain"] = certificate.chain
    return {"ServerCertificate": answer}, []


def update_server_certificate(account: Account, input: Input, call: Call) -> Answer:
    """A new name or path keeps the unique id.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateServerCertificate.html
    """
    certificate = account.get_server_certificate(input["ServerCertificateName"])
    changed = replace(
        certificate,
        name=input.get("NewServerCertificateName", certificate.name),
        path=input.get("NewPath", certificate.path),
    )
    if changed == certificate:
        return {}, []
    if changed.key == certificate.key:
        return {}, [Put(changed)]
    _verify_free(account, changed.name)
    return {}, [Delete(certificate), Put(changed)]


def delete_server_certificate(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServerCertificate.html"""
    return {}, [Delete(account.get_server_certificate(input["ServerCertificateName"]))]


def list_server_certificates(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServerCertificates.html"""
    prefix = input.get("PathPrefix", "/")
    page, more = paginate_records(
        account.server_certificates, input, call, lambda certificate: certificate.path.startswith(prefix)
    )
    return {"ServerCertificateMetadataList": [_metadata_answer(certificate) for certificate in page], **more}, []


# Tags -----------------------------------------------------------------------------------------------------------------


def tag_server_certificate(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagServerCertificate.html"""
    certificate = account.get_server_certificate(input["ServerCertificateName"])
    return {}, [Put(replace(certificate, tags=with_tags(certificate.tags, input["Tags"], fold_case=False)))]


def untag_server_certificate(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagServerCertificate.html"""
    certificate = account.get_server_certificate(input["ServerCertificateName"])
    return {}, [Put(replace(certificate, tags=without_tags(certificate.tags, input["TagKeys"], fold_case=False)))]


def list_server_certificate_tags(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServerCertificateTags.html"""
    return tags_page(account.get_server_certificate(input["ServerCertificateName"]).tags, input, call), []


# Shared ---------------------------------------------------------------------------------------------------------------


def _metadata_answer(certificate: ServerCertificate) -> dict[str, Any]:
    """The shape ``ServerCertificateMetadata``."""
    return {
        "Path": certificate.path,
        "ServerCertificateName": certificate.name,
        "ServerCertificateId": certificate.id,
        "Arn": certificate.arn,
        "UploadDate": certificate.created,
        "Expiration": certificate.expires,
    }


def _verify_free(account: Account, name: str) -> None:
    """Raise EntityAlreadyExists if a server certificate has this name, in whatever case."""
    if account.server_certificates.find(name.lower()):
        raise EntityAlreadyExists(f"The Server Certificate with name {name} already exists.")

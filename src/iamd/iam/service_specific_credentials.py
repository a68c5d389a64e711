"""Service-specific credentials: names and passwords of users, or API keys, that one service alone takes.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_service-specific-creds.html
"""

import base64
from itertools import count
from typing import Any, Final

from msgspec.structs import replace

from iamd.account.changes import Delete, Put
from iamd.account.ids import SECRET_ALPHABET, SERVICE_SPECIFIC_CREDENTIAL
from iamd.account.operation import Answer, Input
from iamd.account.records import ServiceSpecificCredential, User
from iamd.account.state import Account
from iamd.call import Call
from iamd.errors import NoSuchEntity, ValidationError
from iamd.iam.pagination import paginate
from iamd.iam.statuses import requested_status, status_answer
from iamd.iam.users import get_named_user_or_caller

DAY: Final = 86_400  # seconds
PASSWORD_SERVICES: Final = frozenset({"codecommit.amazonaws.com", "cassandra.amazonaws.com"})
API_KEY_PREFIXES: Final = {"bedrock.amazonaws.com": "ABSK", "logs.amazonaws.com": "ACWL"}


def create_service_specific_credential(account: Account, input: Input, call: Call) -> Answer:
    """The answer alone, and that of a reset, shows the secret.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceSpecificCredential.html
    """
    user = account.get_user(input["UserName"])
    service, days = input["ServiceName"], input.get("CredentialAgeDays")
    _verify_service(service)
    if days is not None and service not in API_KEY_PREFIXES:
        raise ValidationError(f"CredentialAgeDays is not supported for service {service}.")
    same = [each for each in account.service_specific_credentials_of(user) if each.service == service]
    account.require_room("ServiceSpecificCredentialsPerUser", len(same))
    credential = ServiceSpecificCredential(
        id=call.new_id(SERVICE_SPECIFIC_CREDENTIAL),
        owner_id=user.id,
        service=service,
        name=_free_name(account, user, service),
        sealed_secret="",
        created=call.time,
        expires=None if days is None else call.time + days * DAY,
    )
    return _with_secret(credential, user, call)


def reset_service_specific_credential(account: Account, input: Input, call: Call) -> Answer:
    """A new secret; id, name and status stay.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ResetServiceSpecificCredential.html
    """
    user = get_named_user_or_caller(account, input, call)
    return _with_secret(_get_credential(account, user, input), user, call)


def update_service_specific_credential(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateServiceSpecificCredential.html"""
    active = requested_status(input)
    credential = _get_credential(account, get_named_user_or_caller(account, input, call), input)
    return {}, [Put(replace(credential, active=active))]


def delete_service_specific_credential(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceSpecificCredential.html"""
    return {}, [Delete(_get_credential(account, get_named_user_or_caller(account, input, call), input))]


def list_service_specific_credentials(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServiceSpecificCredentials.html"""
    service = input.get("ServiceName")
    if input.get("AllUsers"):
        if "UserName" in input:
            raise ValidationError("UserName and AllUsers cannot be specified together.")
        users = list(account.users)
    else:
        users = [get_named_user_or_caller(account, input, call)]
    if service is not None:
        _verify_service(service)
    credentials = [
        (credential, user)
        for user in users
        for credential in account.service_specific_credentials_of(user)
        if service is None or credential.service == service
    ]
    credentials.sort(key=_page_key)
    page, more = paginate(credentials, input, call, _page_key)
    answers = [_metadata_answer(credential, user, call.time) for credential, user in page]
    return {"ServiceSpecificCredentials": answers, **more}, []


# Shared ---------------------------------------------------------------------------------------------------------------


def _verify_service(service: str) -> None:
    if service not in PASSWORD_SERVICES and service not in API_KEY_PREFIXES:
        raise NoSuchEntity(f"No such service {service} is supported for Service Specific Credentials")


def _free_name(account: Account, user: User, service: str) -> str:
    """The user's name at the service, with a number if it is taken: by this user, or by one who was renamed since."""
    taken = {each.name for each in account.service_specific_credentials if each.service == service}
    numbered = (f"{user.name}{f'+{number}' if number else ''}-at-{account.account_id}" for number in count())
    return next(name for name in numbered if name not in taken)


def _with_secret(credential: ServiceSpecificCredential, user: User, call: Call) -> Answer:
    """The credential with a new secret, and the shape ``ServiceSpecificCredential`` that shows it."""
    secret = call.choose(SECRET_ALPHABET, 43) + "="
    prefix = API_KEY_PREFIXES.get(credential.service)
    if prefix is None:
        shown = {"ServicePassword": secret}
    else:
        secret = prefix + base64.b64encode(f"{credential.name}:{secret}".encode()).decode("ascii")
        shown = {"ServiceCredentialSecret": secret}
    changed = replace(credential, sealed_secret=call.sealer.seal(secret.encode("ascii"), credential.id))
    return {"ServiceSpecificCredential": _metadata_answer(changed, user, call.time) | shown}, [Put(changed)]


def _metadata_answer(credential: ServiceSpecificCredential, user: User, time: int) -> dict[str, Any]:
    """The shape ``ServiceSpecificCredentialMetadata``."""
    expired = credential.expires is not None and credential.expires <= time
    name = "ServiceCredentialAlias" if credential.service in API_KEY_PREFIXES else "ServiceUserName"
    answer = {
        "UserName": user.name,
        "Status": "Expired" if expired else status_answer(credential.active),
        name: credential.name,
        "CreateDate": credential.created,
        "ServiceSpecificCredentialId": credential.id,
        "ServiceName": credential.service,
    }
    if credential.expires is not None:
        answer["ExpirationDate"] = credential.expires
    return answer


def _get_credential(account: Account, user: User, input: Input) -> ServiceSpecificCredential:
    """The credential that ``ServiceSpecificCredentialId`` names among the user's. Raises NoSuchEntity."""
    for credential in account.service_specific_credentials_of(user):
        if credential.id == input["ServiceSpecificCredentialId"]:
            return credential
    raise NoSuchEntity(f"No such credential {input['ServiceSpecificCredentialId']} exists")


def _page_key(entry: tuple[ServiceSpecificCredential, User]) -> str:
    return f"{entry[0].created:012}/{entry[0].id}"

"""GetWebIdentityToken: a signed token by which a principal of the account proves elsewhere who it is.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound.html
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from iamd.account.operation import Answer, Input
from iamd.account.records import Role, User
from iamd.account.state import Account
from iamd.authentication.token_keys import ALGORITHMS, key_in_use, sign_token, unseal_key
from iamd.call import Call
from iamd.errors import (
    InvalidParameterValue,
    JWTPayloadSizeExceededException,
    OutboundWebIdentityFederationDisabledException,
    SessionDurationEscalationException,
    ValidationError,
)

DEFAULT_DURATION: Final = 300  # seconds
MAX_PAYLOAD: Final = 8_192  # bytes of claims; AWS has not told its own limit
_NAMESPACE: Final = "https://sts.amazonaws.com/"


def get_web_identity_token(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html"""
    algorithm = input["SigningAlgorithm"]
    if algorithm not in ALGORITHMS:
        raise ValidationError(
            f"1 validation error detected: Value '{algorithm}' at 'signingAlgorithm' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(ALGORITHMS)}]"
        )
    issuer = account.web_identity_issuer
    if issuer is None or not issuer.enabled:
        raise OutboundWebIdentityFederationDisabledException(
            "Outbound web identity federation is not enabled for this account."
        )
    expires = call.time + input.get("DurationSeconds", DEFAULT_DURATION)
    session = call.caller.session
    if session is not None and expires > session.expires:
        raise SessionDurationEscalationException(
            "The requested token duration would extend the session beyond its original expiration time."
        )
    audiences = input["Audience"]
    claims = {
        "iss": account.directory.issuer_url(issuer.id),
        "aud": audiences[0] if len(audiences) == 1 else audiences,
        "sub": call.caller.principal_arn,
        "iat": call.time,
        "exp": expires,
        _NAMESPACE: _claims_of_aws(account, input, call),
    }
    text = json.dumps(claims)
    if len(text) > MAX_PAYLOAD:
        raise JWTPayloadSizeExceededException("The token payload size exceeds the maximum allowed size.")
    key = key_in_use(issuer, algorithm, call.time)
    token = call.compute(sign_token, text, algorithm, key.id, unseal_key(key, call.sealer))
    return {"WebIdentityToken": token, "Expiration": expires}, []


def _claims_of_aws(account: Account, input: Input, call: Call) -> dict[str, Any]:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound_token_claims.html"""
    caller = call.caller
    organization = account.directory.find_organization(account.account_id)
    entity = account.find_by_id(caller.entity_id)
    tags = dict(entity.tags) if isinstance(entity, User | Role) else {}
    claims: dict[str, Any] = {
        "aws_account": account.account_id,
        "source_region": call.source.region,
        "org_id": None if organization is None else organization.id,
        "request_tags": _request_tags(input),
    }
    if caller.session is not None:
        claims |= {
            "original_session_exp": datetime.fromtimestamp(caller.session.expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "federated_provider": caller.session.federated_provider,
            "source_identity": caller.session.source_identity,
        }
        session_keys = {key.lower() for key in caller.session.tags}
        tags = {key: value for key, value in tags.items() if key.lower() not in session_keys} | dict(
            caller.session.tags
        )
    claims["principal_tags"] = tags
    return {name: value for name, value in claims.items() if value}


def _request_tags(input: Input) -> Mapping[str, str]:
    tags = {tag["Key"]: tag["Value"] for tag in input.get("Tags", ())}
    if len({key.lower() for key in tags}) != len(input.get("Tags", ())):
        raise InvalidParameterValue("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    return tags

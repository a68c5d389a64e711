"""Web identity tokens: JSON Web Tokens by which an OpenID Connect provider says who its user is.

Nothing in a token is believed before its signature is verified, with a key that is known to be the issuer's own. Until
then only the issuer, the algorithm and the key's id are read, to find that key.
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
https://www.rfc-editor.org/rfc/rfc8725
"""

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from iamd.account.operation import Input
from iamd.account.state import Account
from iamd.authentication.assertions import verified_source_identity, verified_tags
from iamd.authentication.issuer_keys import IssuerKey
from iamd.call import Assertion
from iamd.errors import ExpiredTokenException, IDPCommunicationError, InvalidIdentityToken, InvalidParameterValue
from iamd.policy.json_text import NotJson, NumberText, read_json

ALGORITHMS: Final = frozenset({"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"})

_SCHEME: Final = "https://"
_CLOCK_SKEW: Final = 300  # seconds that an issuer's clock may be ahead
_MAX_SUBJECT: Final = 255
_MAX_HEADER: Final = 8_192  # bytes; certificates may stand in it, unread

# Whose tokens roles trust by name alone, without a record in their account.
_BUILT_IN: Final = {
    f"{_SCHEME}accounts.google.com": "accounts.google.com",
    f"{_SCHEME}cognito-identity.amazonaws.com": "cognito-identity.amazonaws.com",
}
_OAUTH_2_PROVIDERS: Final = ("www.amazon.com", "graph.facebook.com")  # their tokens say nothing without asking them

_TAGS: Final = "https://aws.amazon.com/tags"
_ROLES: Final = "https://aws.amazon.com/roles"
_SOURCE_IDENTITY: Final = "https://aws.amazon.com/source_identity"

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
_GITHUB: Final = (
    "actor actor_id enterprise_id environment job_workflow_ref ref repository repository_id repository_owner_id "
    "workflow"
)
_CLAIMS: Final = tuple(
    (re.compile(providers), tuple(claims.split()))
    for providers, claims in (
        (r".*", "email"),
        (r"accounts\.google\.com", "google/organization_number"),
        (r"token\.actions\.(githubusercontent\.com|[^/]+\.ghe\.com)(/.*)?", _GITHUB),
        (
            r"gitlab\.com",
            "namespace_id pipeline_source project_id ref_protected runner_environment user_access_level user_email "
            "user_id user_login",
        ),
        (r"oidc\.circleci\.com/org/.+", "oidc.circleci.com/project-id"),
        (r"idcs-[^/]+\.identity\.oraclecloud\.com", "rpst_id"),
        (
            r"agent\.(buildkite\.com|[^/]+\.buildkite\.(dev|site))",
            "build_branch cluster_id cluster_name organization_id organization_slug pipeline_id pipeline_slug",
        ),
    )
)
_LATER: Final = ("amr", "aud", "sub")  # what sessions keep

_NOT_A_JWT: Final = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
_NO_KEY: Final = (
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity "
    "documentation for requirements"
)
_PART: Final = re.compile(r"[A-Za-z0-9_-]+")
_TIME: Final = re.compile(r"[0-9]{1,11}")


class Provider(NamedTuple):
    """An identity provider that roles of an account may trust."""

    name: str  # as a Federated principal: the ARN of its record, or AWS's name for it
    url: str  # without https://; what its condition keys begin with
    client_ids: tuple[str, ...] | None  # the audiences it may issue tokens for, None for any

    @property
    def issuer(self) -> str:
        """The URL that its keys are known by."""
        return _SCHEME + self.url


def read_issuer(input: Input) -> str:
    """Who, as an AssumeRoleWithWebIdentity's token says, issued it: unverified.

    Raises InvalidIdentityToken for what is no token, InvalidParameterValue or IDPCommunicationError for a ProviderId.
    """
    provider_id = input.get("ProviderId")
    if provider_id in _OAUTH_2_PROVIDERS:
        raise IDPCommunicationError(f"The identity provider {provider_id} could not be reached.")
    if provider_id is not None:
        raise InvalidParameterValue(f"The identity provider {provider_id} is not supported.")
    issuer = _split(input["WebIdentityToken"])[1].get("iss")
    if not _is_text(issuer):
        raise InvalidIdentityToken("Missing a required claim: iss")
    return str(issuer)


def find_provider(account: Account, issuer: str) -> Provider:
    """The provider of ``account`` with exactly this issuer URL. Raises InvalidIdentityToken."""
    url = issuer if issuer.startswith(_SCHEME) else _SCHEME + issuer
    if url == issuer or url in _BUILT_IN:  # Google's tokens come without a scheme too
        record = account.open_id_connect_providers.find(url.removeprefix(_SCHEME))
        if record is not None:
            return Provider(record.arn, record.url, record.client_ids)
        if url in _BUILT_IN:
            return Provider(_BUILT_IN[url], _BUILT_IN[url], None)
    raise InvalidIdentityToken(f"No OpenIDConnect provider found in your account for {issuer}")


def verify_web_identity_token(
    input: Input, provider: Provider, keys: Sequence[IssuerKey] | None, now: int
) -> Assertion:
    """What the token of an AssumeRoleWithWebIdentity says, in truth. Milliseconds, of which other threads may use most.

    ``keys`` are those of the provider's issuer, None if nobody knows them. ``now`` is epoch seconds. Raises
    InvalidIdentityToken or ExpiredTokenException.
    """
    token = input["WebIdentityToken"]
    header, claims = _split(token)
    _verify_signature(token, header, keys)
    for name in ("iss", "aud", "sub", "exp", "iat"):
        if name not in claims:
            raise InvalidIdentityToken(f"Missing a required claim: {name}")
    if claims["iss"] not in (provider.issuer, *([provider.url] if provider.issuer in _BUILT_IN else [])):
        raise InvalidIdentityToken(_NOT_A_JWT)
    _verify_times(claims, now)
    subject = claims["sub"]
    if not _is_text(subject) or not 1 <= len(subject) <= _MAX_SUBJECT:
        raise InvalidIdentityToken("The claim sub is not valid.")
    audience = _verified_audience(claims, provider)
    tags, transitive = _tags(claims)
    context = dict(_provider_context(claims, provider, audience))
    context["sts:roleauthorizedbyidp"] = _authorized_by_provider(claims, input["RoleArn"])
    source_identity = claims.get(_SOURCE_IDENTITY)
    if source_identity is not None and not _is_text(source_identity):
        raise InvalidIdentityToken(f"The claim {_SOURCE_IDENTITY} is not valid.")
    prefix = provider.url.lower()
    return Assertion(
        provider=provider.name,
        context=context,
        session_context={key: context[key] for name in _LATER if (key := f"{prefix}:{name}") in context},
        shown={"SubjectFromWebIdentityToken": subject, "Audience": audience, "Provider": provider.name},
        session_name=input["RoleSessionName"],
        tags=tags,
        transitive_tag_keys=verified_tags(tags, transitive),
        source_identity=None if source_identity is None else verified_source_identity(source_identity),
    )


# The token ------------------------------------------------------------------------------------------------------------


def _split(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims, neither of them verified. Raises InvalidIdentityToken."""
    parts = token.split(".")
    if len(parts) != 3 or not all(map(_PART.fullmatch, parts)) or len(parts[0]) > _MAX_HEADER:
        raise InvalidIdentityToken(_NOT_A_JWT)
    header, claims = _object(parts[0]), _object(parts[1])
    if "crit" in header:  # no extension is understood that must be
        raise InvalidIdentityToken(_NOT_A_JWT)
    return header, claims


def _object(encoded: str) -> Mapping[str, Any]:
    """The one JSON object in base64url; INVARIANT: without a member twice, which two readers might read differently."""
    try:
        text = b64decode(encoded + "=" * (-len(encoded) % 4), b"-_", validate=True).decode("utf-8")
        value = read_json(text)
    except (ValueError, NotJson):
        raise InvalidIdentityToken(_NOT_A_JWT) from None
    if not isinstance(value, dict):
        raise InvalidIdentityToken(_NOT_A_JWT)
    return value


def _verify_signature(token: str, header: Mapping[str, Any], keys: Sequence[IssuerKey] | None) -> None:
    """Raise InvalidIdentityToken unless one of ``keys`` signed the token.

    INVARIANT: a key verifies nothing but its own algorithms, whatever the header says; keys in the header are not read.
    """
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise InvalidIdentityToken(_NOT_A_JWT)
    fitting = [key for key in keys or () if algorithm in key.algorithms]
    if key_id is not None:
        fitting = [key for key in fitting if key.id == key_id]
    elif len(fitting) > 1:
        fitting = []  # nothing says which one
    if not fitting:
        raise InvalidIdentityToken(_NO_KEY)
    if not any(_is_signed(token, algorithm, key) for key in fitting):
        raise InvalidIdentityToken("The token's signature is not valid.")


def _is_signed(token: str, algorithm: str, key: IssuerKey) -> bool:
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, RSAKey
    from joserfc.jws import JWSRegistry, deserialize_compact

    class Registry(JWSRegistry):
        max_header_length = _MAX_HEADER

    imported: RSAKey | ECKey
    try:
        imported = (RSAKey if key.jwk["kty"] == "RSA" else ECKey).import_key(dict(key.jwk))
        registry = Registry(algorithms=[algorithm], strict_check_header=False)
        deserialize_compact(token, imported, [algorithm], registry)
    except (JoseError, ValueError):
        return False
    return True


# The claims -----------------------------------------------------------------------------------------------------------


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, NumberText)


def _verify_times(claims: Mapping[str, Any], now: int) -> None:
    times = {}
    for name in ("exp", "iat", "nbf"):
        if name not in claims:
            continue
        if not isinstance(claims[name], NumberText) or not _TIME.fullmatch(claims[name]):
            raise InvalidIdentityToken(f"The claim {name} must be an integer.")
        times[name] = int(claims[name])
    if times["exp"] <= now:
        raise ExpiredTokenException(
            f"Token expired: current date/time {now} must be before the expiration date/time {times['exp']}"
        )
    if max(times["iat"], times.get("nbf", 0)) > now + _CLOCK_SKEW:
        raise InvalidIdentityToken("The token is not valid yet.")


def _verified_audience(claims: Mapping[str, Any], provider: Provider) -> str:
    """Whom the token is for: ``azp``, or without it the first of ``aud`` that the provider may issue tokens for."""
    audiences = _audiences(claims)
    if "azp" in claims:
        audiences = [claims["azp"]] if _is_text(claims["azp"]) else []
    allowed = provider.client_ids
    for audience in audiences:
        if audience and (allowed is None or audience in allowed):
            return audience
    raise InvalidIdentityToken("Incorrect token audience")


def _audiences(claims: Mapping[str, Any]) -> list[str]:
    audience = claims["aud"]
    return [each for each in (audience if isinstance(audience, list) else [audience]) if _is_text(each)]


def _provider_context(
    claims: Mapping[str, Any], provider: Provider, audience: str
) -> Iterator[tuple[str, str | tuple[str, ...]]]:
    prefix = provider.url.lower()
    yield f"{prefix}:aud", audience
    yield f"{prefix}:sub", claims["sub"]
    if "azp" in claims:
        original = _audiences(claims)
        yield f"{prefix}:oaud", original[0] if len(original) == 1 else tuple(original)
    methods = claims.get("amr")
    if isinstance(methods, list):
        yield f"{prefix}:amr", tuple(each for each in methods if _is_text(each))
    for providers, names in _CLAIMS:
        if not providers.fullmatch(provider.url):
            continue
        for name in names:
            value = _plain(claims.get(name))
            if value is not None:
                yield f"{prefix}:{name.lower()}", value


def _plain(value: Any) -> str | None:
    """A claim as a condition compares it, None if it is no single value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str) else None


def _authorized_by_provider(claims: Mapping[str, Any], role_arn: str) -> str:
    """``true`` if the provider names the role; it may name none, but then no other either."""
    if _ROLES not in claims:
        return "false"
    roles = claims[_ROLES]
    listed = roles.split(";") if _is_text(roles) else roles if isinstance(roles, list) else []
    if role_arn not in [each.strip() for each in listed if _is_text(each)]:
        raise InvalidIdentityToken(f"The token does not authorize the role {role_arn}.")
    return "true"


def _tags(claims: Mapping[str, Any]) -> tuple[tuple[tuple[str, str], ...], list[str]]:
    """Session tags and transitive keys, nested in one claim or flattened into several."""
    nested = claims.get(_TAGS, {})
    if not isinstance(nested, dict):
        raise InvalidIdentityToken(f"The claim {_TAGS} is not valid.")
    principal_tags = nested.get("principal_tags", {})
    transitive = nested.get("transitive_tag_keys", [])
    flat = f"{_TAGS}/principal_tags/"
    flattened = {name.removeprefix(flat): value for name, value in claims.items() if name.startswith(flat)}
    more = claims.get(f"{_TAGS}/transitive_tag_keys", [])
    sound = isinstance(principal_tags, dict) and isinstance(transitive, list) and isinstance(more, list)
    if not sound or not all(map(_is_text, [*transitive, *more])):
        raise InvalidIdentityToken(f"The claim {_TAGS} is not valid.")
    tags = [(key, _tag_value(value)) for key, value in [*principal_tags.items(), *flattened.items()]]
    return tuple(tags), [*transitive, *more]


def _tag_value(value: Any) -> str:
    """The value of a tag, which stands in a list of one."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not _is_text(value):
        raise InvalidIdentityToken(f"The claim {_TAGS} is not valid.")
    return str(value)

"""The keys with which accounts sign web identity tokens of their own: made, used, published and renewed.

A key is published a day before it signs, and stays published for a day after the next one took its place: whoever
fetches the published set once a day has the key of every token that is valid.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound.html
"""

import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import load_der_private_key
from msgspec import Struct
from msgspec.structs import replace

from iamd.account.records import TokenKey, WebIdentityIssuer
from iamd.call import Sealer

ALGORITHMS: Final = ("ES384", "RS256")
LIFE: Final = 90 * 86_400  # seconds after which keys are renewed
OVERLAP: Final = 86_400  # seconds: published before the first use, and after the last


class NewKey(Struct, frozen=True):
    """A key pair that was just made."""

    algorithm: str
    id: str
    private: bytes  # PKCS #8 DER
    public: dict[str, str]  # JSON Web Key

    def __repr__(self) -> str:
        return f"NewKey({self.algorithm}, {self.id})"  # no secret


def generate_keys() -> tuple[NewKey, ...]:
    """A fresh key for each algorithm. Slow: ask for it with ``Call.compute``, or in a thread."""
    return tuple(map(_generate, ALGORITHMS))


def _generate(algorithm: str) -> NewKey:
    from joserfc.jwk import ECKey, RSAKey

    key: ECKey | RSAKey = ECKey.generate_key("P-384") if algorithm == "ES384" else RSAKey.generate_key(2048)
    public = {name: str(value) for name, value in key.as_dict(private=False).items()}
    return NewKey(algorithm, key.thumbprint(), key.as_der(private=True), public)


def seal_keys(new: Sequence[NewKey], sealer: Sealer, time: int) -> tuple[TokenKey, ...]:
    """The keys as an account keeps them. ``time`` is epoch seconds."""
    return tuple(
        TokenKey(
            id=key.id,
            algorithm=key.algorithm,
            sealed=sealer.seal(b64encode(key.private), key.id),
            public=key.public,
            created=time,
        )
        for key in new
    )


def key_in_use(issuer: WebIdentityIssuer, algorithm: str, time: int) -> TokenKey:
    """The key that signs now: the newest that is published long enough, or the only one."""
    keys = [key for key in issuer.keys if key.algorithm == algorithm]
    known = [key for key in keys if key.created + OVERLAP <= time]
    return known[-1] if known else keys[0]


def published_keys(issuer: WebIdentityIssuer, time: int) -> tuple[TokenKey, ...]:
    """The keys that sign now, that soon will, and that did until a day ago."""
    return tuple(key for key in issuer.keys if key.created >= key_in_use(issuer, key.algorithm, time - OVERLAP).created)


def are_keys_due(issuer: WebIdentityIssuer, time: int) -> bool:
    """Whether it is time for new keys."""
    return max(key.created for key in issuer.keys) + LIFE <= time


def with_new_keys(issuer: WebIdentityIssuer, new: Sequence[NewKey], sealer: Sealer, time: int) -> WebIdentityIssuer:
    """The issuer with these keys too, and without those that are not published any more."""
    return replace(issuer, keys=(*published_keys(issuer, time), *seal_keys(new, sealer, time)))


def key_set(issuer: WebIdentityIssuer, time: int) -> bytes:
    """The published JSON Web Key Set. https://www.rfc-editor.org/rfc/rfc7517#section-5"""
    keys = [{**key.public, "kid": key.id, "alg": key.algorithm, "use": "sig"} for key in published_keys(issuer, time)]
    return json.dumps({"keys": keys}).encode()


def discovery_document(issuer_url: str) -> bytes:
    """https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata"""
    document = {
        "issuer": issuer_url,
        "jwks_uri": f"{issuer_url}/.well-known/jwks.json",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
        "claims_supported": ["iss", "aud", "sub", "iat", "exp", "jti", "https://sts.amazonaws.com/"],
    }
    return json.dumps(document).encode()


def sign_token(claims: str, algorithm: str, key_id: str, private: bytes) -> str:
    """The claims, a JSON object, as a token with a fresh ``jti``; ``private`` is what ``unseal_key`` gives.

    A millisecond or two: ask for it with ``Call.compute``.
    """
    from joserfc.jwk import ECKey, RSAKey
    from joserfc.jws import serialize_compact

    # See iamd.iam.certificates for why the factors are not proved prime: it would take forty milliseconds.
    loaded: Any = load_der_private_key(private, password=None, unsafe_skip_rsa_key_validation=True)
    key = (ECKey if algorithm == "ES384" else RSAKey).import_key(loaded)
    payload: dict[str, Any] = {**json.loads(claims), "jti": secrets.token_hex(16)}
    header = {"alg": algorithm, "kid": key_id, "typ": "JWT"}
    return serialize_compact(header, json.dumps(payload), key, [algorithm])


def unseal_key(key: TokenKey, sealer: Sealer) -> bytes:
    """The private key, PKCS #8 DER. Raises SealBroken."""
    return b64decode(sealer.unseal(key.sealed, key.id))

"""Identity providers that an account trusts, and the account as an issuer of web identity tokens itself."""

from collections.abc import Mapping
from typing import ClassVar

from msgspec import Struct

from iamd.account.records.base import NamedRecord, Record, Tags
from iamd.arn import iam_arn


class OpenIDConnectProvider(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetOpenIDConnectProvider.html"""

    kind: ClassVar[str] = "oidc-provider"

    account_id: str
    url: str  # without https://
    client_ids: tuple[str, ...] = ()
    thumbprints: tuple[str, ...] = ()  # SHA-1 of certificates, hexadecimal, as sent
    created: int
    tags: Tags = ()

    @property
    def key(self) -> str:
        return self.url

    @property
    def arn(self) -> str:
        return iam_arn(self.account_id, "oidc-provider", "/", self.url)


class SAMLPrivateKey(Struct, frozen=True, kw_only=True, gc=False):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_SAMLPrivateKey.html"""

    id: str  # SAMLSP…
    sealed: str  # PEM as sent, sealed with the id as context
    created: int


class SAMLProvider(NamedRecord, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Its id is the SAMLProviderUUID; it has no path.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetSAMLProvider.html
    """

    kind: ClassVar[str] = "saml-provider"

    metadata: str  # XML as sent
    valid_until: int
    encryption_mode: str = "Allowed"  # or Required: assertions that are not encrypted are refused
    private_keys: tuple[SAMLPrivateKey, ...] = ()  # that decrypt assertions, oldest first
    tags: Tags = ()


class TokenKey(Struct, frozen=True, kw_only=True, gc=False):
    """A key pair that signs web identity tokens; see ``iamd.authentication.token_keys``."""

    id: str  # its JWK thumbprint
    algorithm: str  # RS256, ES384
    sealed: str  # the private key as PKCS #8 DER, sealed with the id as context
    public: Mapping[str, str]  # the public key's own members as a JSON Web Key
    created: int


class WebIdentityIssuer(Record, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The account as an issuer of web identity tokens, from the first time that it wanted to be one.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound.html
    """

    kind: ClassVar[str] = "web-identity-issuer"

    id: str  # a UUID that carries the account's id
    enabled: bool = True
    keys: tuple[TokenKey, ...]  # oldest first

    @property
    def key(self) -> str:
        return "issuer"

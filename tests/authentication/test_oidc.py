"""Web identity tokens: what is believed of them, and by which attacks they are not."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from iamd.authentication.issuer_keys import IssuerKey
from iamd.authentication.oidc import Provider, find_provider, read_issuer, verify_web_identity_token
from iamd.call import Assertion
from iamd.errors import ExpiredTokenException, IDPCommunicationError, InvalidIdentityToken, ServiceError
from tests.authentication.issuers import Issuer, raw_token
from tests.iam.world import ACCOUNT_ID, NOW, World

ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/R"
ARN = f"arn:aws:iam::{ACCOUNT_ID}:oidc-provider/idp.example.com"
PROVIDER = Provider(ARN, "idp.example.com", ("app", "other-app"))
ISSUER = Issuer()
NOT_A_JWT = (
    "InvalidIdentityToken: The ID Token provided is not a valid JWT. "
    "(You may see this error if you sent an Access Token)"
)
NO_KEY = (
    "InvalidIdentityToken: Couldn't retrieve verification key from your identity provider,  please reference "
    "AssumeRoleWithWebIdentity documentation for requirements"
)
BAD_SIGNATURE = "InvalidIdentityToken: The token's signature is not valid."


def given_input(token: str, **more: Any) -> dict[str, Any]:
    return {"RoleArn": ROLE, "RoleSessionName": "session", "WebIdentityToken": token, **more}


def verify(
    token: str, keys: tuple[IssuerKey, ...] | None = None, provider: Provider = PROVIDER, now: int = NOW
) -> Assertion:
    return verify_web_identity_token(given_input(token), provider, ISSUER.keys() if keys is None else keys, now)


def refusal(token: str, keys: tuple[IssuerKey, ...] | None = None, provider: Provider = PROVIDER) -> str:
    with pytest.raises(ServiceError) as refused:
        verify(token, keys, provider)
    return f"{refused.value.code}: {refused.value.message}"


def token(issuer: Issuer = ISSUER, **claims: Any) -> str:
    return issuer.token(issuer.claims(NOW, **claims))


# What a token says ----------------------------------------------------------------------------------------------------


def test_a_token_tells_who_its_bearer_is() -> None:
    assert verify(token()) == Assertion(
        provider=ARN,
        context={
            "idp.example.com:aud": "app",
            "idp.example.com:sub": "user-1",
            "sts:roleauthorizedbyidp": "false",
        },
        session_context={"idp.example.com:aud": "app", "idp.example.com:sub": "user-1"},
        shown={"SubjectFromWebIdentityToken": "user-1", "Audience": "app", "Provider": ARN},
        session_name="session",
    )


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"])
def test_the_algorithms_that_aws_takes(algorithm: str) -> None:
    issuer = Issuer(algorithm=algorithm)
    assert verify(token(issuer), issuer.keys()).shown["SubjectFromWebIdentityToken"] == "user-1"


@pytest.mark.parametrize("algorithm", ["PS256", "PS384", "PS512"])
def test_the_algorithms_that_it_does_not(algorithm: str) -> None:
    assert refusal(ISSUER.token(ISSUER.claims(NOW), algorithm=algorithm)) == NOT_A_JWT


def test_the_authorized_party_is_the_audience() -> None:
    context = verify(token(aud="https://api.example.com", azp="other-app")).context
    assert context["idp.example.com:aud"] == "other-app"
    assert context["idp.example.com:oaud"] == "https://api.example.com"


def test_of_several_audiences_the_one_counts_that_the_provider_may_issue_tokens_for() -> None:
    assertion = verify(token(aud=["stranger", "other-app", "app"]))
    assert assertion.context["idp.example.com:aud"] == assertion.shown["Audience"] == "other-app"
    assert "idp.example.com:oaud" not in assertion.context


def test_methods_of_authentication_are_many_valued_and_last() -> None:
    assertion = verify(token(amr=["mfa", "pwd", 7], email="alice@example.com"))
    assert assertion.context["idp.example.com:amr"] == ("mfa", "pwd")
    assert assertion.context["idp.example.com:email"] == "alice@example.com"
    assert assertion.session_context["idp.example.com:amr"] == ("mfa", "pwd")
    assert "idp.example.com:email" not in assertion.session_context


GITHUB = "token.actions.githubusercontent.com"


@pytest.mark.parametrize(
    ("url", "claims", "expected"),
    [
        (GITHUB, {"repository": "o/r", "actor_id": 7, "unknown": "x"}, {"repository": "o/r", "actor_id": "7"}),
        (f"{GITHUB}/enterprise", {"ref": "refs/heads/main"}, {"ref": "refs/heads/main"}),
        ("gitlab.com", {"ref_protected": True, "ref": "main"}, {"ref_protected": "true"}),
        ("oidc.circleci.com/org/1", {"oidc.circleci.com/project-id": "p"}, {"oidc.circleci.com/project-id": "p"}),
        ("agent.buildkite.com", {"pipeline_slug": "deploy"}, {"pipeline_slug": "deploy"}),
        ("idp.example.com", {"repository": "o/r"}, {}),
        (f"{GITHUB}.example.com", {"repository": "o/r"}, {}),
    ],
)
def test_some_providers_claims_are_condition_keys(url: str, claims: dict[str, Any], expected: dict[str, str]) -> None:
    issuer = Issuer(f"https://{url}")
    assertion = verify(token(issuer, **claims), provider=Provider("arn", url, ("app",)))
    usual = {f"{url}:aud": "app", f"{url}:sub": "user-1", "sts:roleauthorizedbyidp": "false"}
    assert assertion.context == usual | {f"{url}:{name}": value for name, value in expected.items()}


def test_a_provider_may_name_the_roles_of_its_user() -> None:
    roles = "https://aws.amazon.com/roles"
    for listed in ([ROLE, "arn:aws:iam::123456789012:role/S"], f"arn:aws:iam::123456789012:role/S;{ROLE}"):
        assert verify(token(**{roles: listed})).context["sts:roleauthorizedbyidp"] == "true"
    for listed in ([], "", [ROLE + "2"], ROLE[:-1], 7, {ROLE: True}):
        assert refusal(token(**{roles: listed})) == (
            f"InvalidIdentityToken: The token does not authorize the role {ROLE}."
        )


def test_tags_and_source_identity() -> None:
    nested = {"principal_tags": {"Project": ["iamd"], "Team": ["blue"]}, "transitive_tag_keys": ["project"]}
    assertion = verify(
        token(**{"https://aws.amazon.com/tags": nested, "https://aws.amazon.com/source_identity": "alice"})
    )
    assert assertion.tags == (("Project", "iamd"), ("Team", "blue"))
    assert assertion.transitive_tag_keys == ("Project",)
    assert assertion.source_identity == "alice"
    flat = verify(
        token(
            **{
                "https://aws.amazon.com/tags/principal_tags/Project": "iamd",
                "https://aws.amazon.com/tags/transitive_tag_keys": ["Project"],
            }
        )
    )
    assert (flat.tags, flat.transitive_tag_keys) == ((("Project", "iamd"),), ("Project",))


DUPLICATE = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
MISSING = "The specified transitive tag key must be included in the requested tags."
INVALID_CLAIM = "The claim https://aws.amazon.com/tags is not valid."
INVALID_TAG = "A session tag has an invalid key or value."


@pytest.mark.parametrize(
    ("claims", "text"),
    [
        ({"": {"principal_tags": {"a": ["1"], "A": ["2"]}}}, DUPLICATE),
        ({"": {"principal_tags": {"a": ["1"]}}, "/principal_tags/a": "2"}, DUPLICATE),
        ({"": {"transitive_tag_keys": ["a"]}}, MISSING),
        ({"": {"principal_tags": {"a": ["1", "2"]}}}, INVALID_CLAIM),
        ({"": {"principal_tags": {"a": 1}}}, INVALID_CLAIM),
        ({"": {"principal_tags": ["a"]}}, INVALID_CLAIM),
        ({"": {"transitive_tag_keys": "a"}}, INVALID_CLAIM),
        ({"": "a"}, INVALID_CLAIM),
        ({"": {"principal_tags": {"aws:a": ["1"]}}}, INVALID_TAG),
        ({"": {"principal_tags": {"a": ["<"]}}}, INVALID_TAG),
        ({"": {"principal_tags": {"a" * 129: ["1"]}}}, INVALID_TAG),
        ({"": {"principal_tags": {"a": ["1" * 257]}}}, INVALID_TAG),
        ({"": {"principal_tags": {str(n): ["1"] for n in range(51)}}}, "More than 50 session tags were passed."),
    ],
)
def test_tags_that_no_session_may_have(claims: dict[str, Any], text: str) -> None:
    tagged = token(**{f"https://aws.amazon.com/tags{name}": value for name, value in claims.items()})
    assert refusal(tagged) == f"InvalidIdentityToken: {text}"


@pytest.mark.parametrize("identity", ["a", "a" * 65, "aws:alice", "al ice", ""])
def test_source_identities_that_no_session_may_have(identity: str) -> None:
    assert refusal(token(**{"https://aws.amazon.com/source_identity": identity})) == (
        'InvalidIdentityToken: Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"'
    )


# Claims that must be there, and right ---------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "exp", "iat"])
def test_a_claim_that_is_missing(claim: str) -> None:
    assert refusal(token(**{claim: None})) == f"InvalidIdentityToken: Missing a required claim: {claim}"


@pytest.mark.parametrize(
    "claims", [{"aud": "stranger"}, {"aud": []}, {"aud": 7}, {"aud": "app", "azp": "stranger"}, {"azp": 7}, {"aud": ""}]
)
def test_a_token_for_somebody_else(claims: dict[str, Any]) -> None:
    assert refusal(token(**claims)) == "InvalidIdentityToken: Incorrect token audience"


def test_a_provider_without_client_ids_has_no_audience() -> None:
    assert (
        refusal(token(), provider=PROVIDER._replace(client_ids=())) == "InvalidIdentityToken: Incorrect token audience"
    )
    assert verify(token(aud="any"), provider=PROVIDER._replace(client_ids=None)).shown["Audience"] == "any"


def test_a_token_ends_on_the_second() -> None:
    assert verify(token(exp=NOW + 1))
    with pytest.raises(ExpiredTokenException) as refused:
        verify(token(exp=NOW))
    assert refused.value.message == (
        f"Token expired: current date/time {NOW} must be before the expiration date/time {NOW}"
    )


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_a_token_of_the_future(claim: str) -> None:
    assert verify(token(**{claim: NOW + 300}))  # its issuer's clock may be ahead
    assert refusal(token(**{claim: NOW + 301})) == "InvalidIdentityToken: The token is not valid yet."


@pytest.mark.parametrize("value", [NOW + 600.5, str(NOW + 600), True, [NOW + 600], 1e30, -5])
@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
def test_times_are_integers(claim: str, value: Any) -> None:
    assert refusal(token(**{claim: value})) == f"InvalidIdentityToken: The claim {claim} must be an integer."


@pytest.mark.parametrize("subject", ["", 7, ["user-1"], "x" * 256])
def test_a_subject_is_a_short_text(subject: Any) -> None:
    assert refusal(raw_signed(sub=subject)) == "InvalidIdentityToken: The claim sub is not valid."


def raw_signed(**claims: Any) -> str:
    """A token whose claims the signing library would not sign."""
    payload = json.dumps(ISSUER.claims(NOW, **claims)).encode()
    return jwt.api_jws.encode(payload, ISSUER.key, "RS256", {"kid": ISSUER.key_id})


# Providers ------------------------------------------------------------------------------------------------------------


def world_with_provider(url: str = "https://idp.example.com") -> World:
    from iamd.iam.open_id_connect_providers import create_open_id_connect_provider

    world = World()
    world.run(create_open_id_connect_provider, Url=url, ClientIDList=["app"])
    return world


@pytest.mark.parametrize(
    "issuer",
    [
        "https://idp.example.com/",
        "https://IDP.example.com",
        "http://idp.example.com",
        "idp.example.com",
        "https://idp.example.com/tenant",
        "https://idp.example.co",
        "",
    ],
)
def test_an_issuer_must_be_exactly_a_provider(issuer: str) -> None:
    account = world_with_provider().account
    assert find_provider(account, "https://idp.example.com") == Provider(ARN, "idp.example.com", ("app",))
    with pytest.raises(InvalidIdentityToken) as refused:
        find_provider(account, issuer)
    assert refused.value.message == f"No OpenIDConnect provider found in your account for {issuer}"


def test_some_providers_need_no_record() -> None:
    account = World().account
    google = Provider("accounts.google.com", "accounts.google.com", None)
    assert find_provider(account, "https://accounts.google.com") == google
    assert find_provider(account, "accounts.google.com") == google
    cognito = find_provider(account, "https://cognito-identity.amazonaws.com")
    assert cognito == Provider("cognito-identity.amazonaws.com", "cognito-identity.amazonaws.com", None)
    issuer = Issuer("https://accounts.google.com")
    for iss in ("https://accounts.google.com", "accounts.google.com"):
        assert verify(token(issuer, iss=iss), provider=google).context["accounts.google.com:sub"] == "user-1"


def test_a_record_comes_before_the_built_in_provider() -> None:
    account = world_with_provider("https://accounts.google.com").account
    provider = find_provider(account, "accounts.google.com")
    assert provider.name == f"arn:aws:iam::{ACCOUNT_ID}:oidc-provider/accounts.google.com"
    assert provider.client_ids == ("app",)


@pytest.mark.parametrize("provider_id", ["www.amazon.com", "graph.facebook.com"])
def test_access_tokens_of_oauth_2_cannot_be_verified_without_their_provider(provider_id: str) -> None:
    with pytest.raises(IDPCommunicationError) as refused:
        read_issuer(given_input("Atza|IQEBLj", ProviderId=provider_id))
    assert refused.value.message == f"The identity provider {provider_id} could not be reached."


# Attacks --------------------------------------------------------------------------------------------------------------


def test_a_token_without_known_keys_is_refused() -> None:
    assert refusal(token(), ()) == NO_KEY
    with pytest.raises(InvalidIdentityToken):
        verify_web_identity_token(given_input(token()), PROVIDER, None, NOW)


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "EdDSA", "RS1"])
def test_an_algorithm_that_proves_nothing(name: str) -> None:
    claims = json.dumps(ISSUER.claims(NOW))
    for signature in (b"x", b"\0" * 256):
        assert refusal(raw_token(json.dumps({"alg": name, "kid": "key-0"}), claims, signature)) == NOT_A_JWT


def test_an_empty_signature() -> None:
    header = json.dumps({"alg": "none"})
    assert refusal(raw_token(header, json.dumps(ISSUER.claims(NOW)), b"")) == NOT_A_JWT
    assert refusal(token().rpartition(".")[0] + ".") == NOT_A_JWT


@pytest.mark.parametrize("form", [PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1])
def test_the_public_key_is_no_shared_secret(form: PublicFormat) -> None:
    """The classic confusion of algorithms: a MAC whose key everybody knows."""
    pem = ISSUER.key.public_key().public_bytes(Encoding.PEM, form)
    unsigned = raw_token(json.dumps({"alg": "HS256", "kid": "key-0"}), json.dumps(ISSUER.claims(NOW))).rpartition(".")[
        0
    ]
    mac = urlsafe_b64encode(hmac.digest(pem, unsigned.encode(), sha256)).decode().rstrip("=")
    assert refusal(f"{unsigned}.{mac}") == NOT_A_JWT


def test_a_shared_secret_among_the_keys_is_no_key() -> None:
    from iamd.authentication.issuer_keys import parse_key_set

    document = json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "key-0", "alg": "HS256"}]})
    assert parse_key_set(document) == (None, ())


def test_a_key_is_good_for_its_own_algorithm_alone() -> None:
    assert refusal(token(), ISSUER.keys(alg="RS512")) == NO_KEY
    assert refusal(token(), ISSUER.keys(use="enc")) == NO_KEY
    assert refusal(token(), ISSUER.keys(key_ops=["encrypt"])) == NO_KEY
    curve = Issuer(algorithm="ES256")
    assert refusal(token(curve), Issuer(algorithm="ES384").keys()) == NO_KEY
    assert refusal(token(curve), ISSUER.keys()) == NO_KEY


def test_a_key_that_is_too_short_is_none() -> None:
    weak = Issuer(number=9, bits=1024)
    assert refusal(token(), weak.keys()) == NO_KEY


def test_another_issuers_key_signs_nothing() -> None:
    stranger = Issuer(number=1)
    forged = stranger.token(ISSUER.claims(NOW), {"kid": ISSUER.key_id})
    assert refusal(forged) == BAD_SIGNATURE
    assert refusal(stranger.token(ISSUER.claims(NOW))) == NO_KEY


def test_a_token_of_another_issuer_is_none_of_this_provider() -> None:
    stranger = Issuer("https://stranger.example.com")
    assert refusal(token(stranger), stranger.keys()) == NOT_A_JWT


@pytest.mark.parametrize("key_id", ["../../key-0", "key-0\0", "' OR 1=1 --", "", "KEY-0", 0, None, ["key-0"], {}])
def test_the_id_of_a_key_is_compared_and_nothing_else(key_id: Any) -> None:
    header = json.dumps({"alg": "RS256", "kid": key_id})
    forged = raw_token(header, json.dumps(ISSUER.claims(NOW)), b"\0" * 256)
    assert refusal(forged) == (BAD_SIGNATURE if key_id is None else NO_KEY)


def test_without_an_id_there_must_be_but_one_key() -> None:
    anonymous = ISSUER.token(ISSUER.claims(NOW), {"kid": None})
    assert verify(anonymous)
    assert refusal(anonymous, ISSUER.keys(Issuer(number=1))) == NO_KEY
    assert verify(anonymous, ISSUER.keys(Issuer(algorithm="ES256", number=2)))


def test_keys_in_the_header_are_not_read() -> None:
    stranger = Issuer(number=1)
    carried = {"kid": "key-0", "jwk": stranger.jwk(), "jku": "https://stranger.example.com/jwks.json", "x5c": ["MIIB"]}
    assert refusal(stranger.token(ISSUER.claims(NOW), carried)) == BAD_SIGNATURE


def test_no_extension_is_understood() -> None:
    assert refusal(ISSUER.token(ISSUER.claims(NOW), {"crit": ["exp"], "exp": 0})) == NOT_A_JWT
    assert refusal(raw_token('{"alg":"RS256","b64":false,"crit":["b64"]}', json.dumps(ISSUER.claims(NOW)))) == NOT_A_JWT


def test_unknown_parts_of_a_header_do_not_matter() -> None:
    assert verify(ISSUER.token(ISSUER.claims(NOW), {"nonce": "n" * 600, "typ": "at+jwt"}))


def test_a_claim_that_stands_twice_makes_no_token() -> None:
    claims = json.dumps(ISSUER.claims(NOW))[:-1] + ', "sub": "admin"}'
    signed = jwt.api_jws.encode(claims.encode(), ISSUER.key, "RS256", {"kid": "key-0"})
    assert refusal(signed) == NOT_A_JWT
    assert refusal(raw_token('{"alg":"RS256","kid":"key-0","alg":"none"}', claims)) == NOT_A_JWT


@pytest.mark.parametrize("part", [0, 1, 2])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_token_that_was_changed_is_refused(part: int, data: st.DataObject) -> None:
    parts = token().split(".")
    decoded = bytearray(urlsafe_b64decode(parts[part] + "=="))
    at = data.draw(st.integers(0, len(decoded) - 1))
    decoded[at] ^= data.draw(st.integers(1, 255))
    parts[part] = urlsafe_b64encode(decoded).decode().rstrip("=")
    with pytest.raises(InvalidIdentityToken):
        verify(".".join(parts))


@given(
    st.one_of(st.text(max_size=400), st.from_regex(r"[A-Za-z0-9_-]{0,60}(\.[A-Za-z0-9_-]{0,90}){1,4}", fullmatch=True))
)
@example("a.b.c")
@example("e30.e30.e30")
@example("bnVsbA.bnVsbA.bnVsbA")
@example(raw_token("[" * 15_000, "{}"))
@example(raw_token("{}", "[" * 5_000))
@example(raw_token('{"alg":"RS256"}', '{"iss":"\\ud800"}'))
@example(raw_token('{"alg":"RS256"}', '{"iss":NaN}'))
@example(raw_token('{"alg":"RS256"}', '{"iss":1}'))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_is_answered(text: str) -> None:
    for ask in (lambda: read_issuer(given_input(text)), lambda: verify(text)):
        with pytest.raises(InvalidIdentityToken):
            ask()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
CLAIMS = st.sampled_from(
    ["iss", "aud", "azp", "sub", "exp", "iat", "nbf", "amr", "email"]
    + [f"https://aws.amazon.com/{name}" for name in ("tags", "roles", "source_identity", "tags/principal_tags/x")]
)


@given(st.dictionaries(CLAIMS, JSON, min_size=1, max_size=4))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_signed_claims_are_answered(claims: dict[str, Any]) -> None:
    """A provider may sign anything: it is taken or refused, and what is taken has the forms that sessions need."""
    payload = json.dumps(ISSUER.claims(NOW) | claims).encode()
    try:
        assertion = verify(jwt.api_jws.encode(payload, ISSUER.key, "RS256", {"kid": "key-0"}))
    except (InvalidIdentityToken, ExpiredTokenException):
        return
    values = list(assertion.context.values())
    assert all(isinstance(value, str) or all(isinstance(each, str) for each in value) for value in values)
    assert all(isinstance(text, str) for pair in assertion.tags for text in pair)
    assert assertion.shown["Audience"] in ("app", "other-app")

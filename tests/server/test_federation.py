"""Users of identity providers end to end: tokens in files, profiles, and what nobody gets without one."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import jwt
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from iamd.server.federation import endpoint_region
from iamd.wire.http import HttpRequest
from tests.authentication.identity_provider import IdentityProvider, decryption_pem, encoded, encrypt
from tests.authentication.issuers import Issuer
from tests.server.process import ACCOUNT_ID, ServerProcess, environment
from tests.server.shell import Shell

ISSUER = Issuer("https://idp.example.com/tenant")
PROVIDER = f"arn:aws:iam::{ACCOUNT_ID}:oidc-provider/idp.example.com/tenant"
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/Deployer"
CALLER = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Deployer"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that knows one issuer, with a role for its user-1."""
    home = tmp_path_factory.mktemp("server")
    keys = home / "keys"
    keys.mkdir()
    (keys / "idp.json").write_text(ISSUER.key_set())
    with ServerProcess(home, "--issuer-keys", str(keys)) as process:
        iam = process.client()
        iam.create_open_id_connect_provider(Url=ISSUER.url, ClientIDList=["app"])
        trust = {
            "Effect": "Allow",
            "Principal": {"Federated": PROVIDER},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {"idp.example.com/tenant:sub": "user-1"}},
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam.create_role(RoleName="Deployer", AssumeRolePolicyDocument=document)
        policy = {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"}
        iam.put_role_policy(
            RoleName="Deployer",
            PolicyName="list",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [policy]}),
        )
        yield process


def token(**claims: Any) -> str:
    return ISSUER.token(ISSUER.claims(int(time.time()), **claims))


def unsigned(server: ServerProcess) -> Any:
    """A client of STS without any credential."""
    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
    return boto3.session.Session().client("sts", "us-east-1", endpoint_url=server.endpoint, config=config)


def refusal(call: Any, **input: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call(**input)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_token_is_exchanged_for_credentials(server: ServerProcess) -> None:
    answer = unsigned(server).assume_role_with_web_identity(
        RoleArn=ROLE, RoleSessionName="job", WebIdentityToken=token(), DurationSeconds=900
    )
    assert answer["AssumedRoleUser"]["Arn"] == f"{CALLER}/job"
    told = {name: answer[name] for name in ("SubjectFromWebIdentityToken", "Audience", "Provider")}
    assert told == {"SubjectFromWebIdentityToken": "user-1", "Audience": "app", "Provider": PROVIDER}
    made = answer["Credentials"]
    keys = {"key_id": made["AccessKeyId"], "secret": made["SecretAccessKey"], "aws_session_token": made["SessionToken"]}
    assert server.client("sts", **keys).get_caller_identity()["Arn"] == f"{CALLER}/job"
    assert server.client("iam", **keys).list_users()["Users"] == []
    log = [json.loads(line) for line in server.log().splitlines() if "AssumeRoleWithWebIdentity" in line]
    assert (log[-1]["principal"], log[-1]["issued_to"]) == (PROVIDER, f"{CALLER}/job")
    assert token().split(".")[0] not in server.log()


@pytest.mark.parametrize(
    ("claims", "role", "expected"),
    [
        ({"sub": "user-2"}, ROLE, ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)),
        ({}, ROLE + "s", ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)),
        ({"aud": "else"}, ROLE, ("InvalidIdentityToken", "Incorrect token audience", 400)),
        (
            {},
            "arn:aws:iam::999999999999:role/Deployer",
            ("InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {ISSUER.url}", 400),
        ),
        (
            {"iss": "https://accounts.google.com"},
            ROLE,
            (
                "InvalidIdentityToken",
                "Couldn't retrieve verification key from your identity provider,  please reference "
                "AssumeRoleWithWebIdentity documentation for requirements",
                400,
            ),
        ),
    ],
)
def test_refusals_in_aws_words(
    server: ServerProcess, claims: dict[str, Any], role: str, expected: tuple[str, str, int]
) -> None:
    call = unsigned(server).assume_role_with_web_identity
    assert refusal(call, RoleArn=role, RoleSessionName="job", WebIdentityToken=token(**claims)) == expected


def test_an_expired_token_and_a_role_that_is_no_arn(server: ServerProcess) -> None:
    call = unsigned(server).assume_role_with_web_identity
    code, message, status = refusal(
        call, RoleArn=ROLE, RoleSessionName="job", WebIdentityToken=token(exp=1_700_000_000)
    )
    assert (code, status) == ("ExpiredTokenException", 400)
    assert message.endswith(" must be before the expiration date/time 1700000000")
    no_arn = "a-role-that-is-no-arn"
    assert refusal(call, RoleArn=no_arn, RoleSessionName="job", WebIdentityToken=token()) == (
        "ValidationError",
        f"{no_arn} is invalid",
        400,
    )


def test_other_operations_stay_closed_to_requests_without_a_signature(server: ServerProcess) -> None:
    sts = unsigned(server)
    expected = ("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    assert refusal(sts.get_caller_identity) == expected
    assert refusal(sts.assume_role, RoleArn=ROLE, RoleSessionName="job") == expected


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("sts.eu-central-1.amazonaws.com", "eu-central-1"),
        ("sts-fips.us-gov-west-1.amazonaws.com:443", "us-gov-west-1"),
        ("sts.ap-southeast-2.api.aws", "ap-southeast-2"),
        ("sts.amazonaws.com", "us-east-1"),
        ("127.0.0.1:4567", "us-east-1"),
        ("sts.eu-central-1.amazonaws.com.example.com", "us-east-1"),
        ("", "us-east-1"),
    ],
)
def test_the_region_of_an_unsigned_request_is_its_endpoints(host: str, region: str) -> None:
    assert endpoint_region(HttpRequest(method="POST", path=b"/", headers=((b"host", host.encode()),))) == region


# What people use ------------------------------------------------------------------------------------------------------


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(token())
    return path


def test_a_profile_of_the_aws_cli_reads_the_token_from_its_file(
    server: ServerProcess, tmp_path: Path, token_file: Path
) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(
        f"[profile deploy]\nregion = us-east-1\nrole_arn = {ROLE}\nweb_identity_token_file = {token_file}\n"
        "role_session_name = build-7\n"
    )
    shell = Shell(tmp_path, AWS_ENDPOINT_URL=server.endpoint)
    assert shell.succeed("aws sts get-caller-identity --profile deploy")["Arn"] == f"{CALLER}/build-7"
    assert shell.succeed("aws iam list-users --profile deploy") == {"Users": []}


def test_the_aws_cli_exchanges_a_token_without_any_credential(server: ServerProcess, tmp_path: Path) -> None:
    shell = Shell(tmp_path, AWS_ENDPOINT_URL=server.endpoint, AWS_DEFAULT_REGION="us-east-1", TOKEN=token())
    answer = shell.succeed(
        f'aws sts assume-role-with-web-identity --role-arn {ROLE} --role-session-name job --web-identity-token "$TOKEN"'
    )
    assert answer["Provider"] == PROVIDER


def test_boto3_finds_the_token_in_its_environment(server: ServerProcess, tmp_path: Path, token_file: Path) -> None:
    script = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    shell = Shell(
        tmp_path,
        **environment(tmp_path),
        AWS_ENDPOINT_URL=server.endpoint,
        AWS_DEFAULT_REGION="us-east-1",
        AWS_ROLE_ARN=ROLE,
        AWS_ROLE_SESSION_NAME="pod",
        AWS_WEB_IDENTITY_TOKEN_FILE=str(token_file),
    )
    done = shell.run(f'python -c "{script}"')
    assert (done.stdout, done.returncode) == (f"{CALLER}/pod\n", 0), done.stderr


def test_a_directory_of_keys_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "idp.json").write_text("{}")
    with pytest.raises(AssertionError, match=r'idp\.json: it has no list "keys"\.'):
        ServerProcess(tmp_path, "--issuer-keys", str(tmp_path))


# Tokens of iamd's own ------------------------------------------------------------------------------------------------


def own_token(server: ServerProcess, **more: Any) -> tuple[str, str]:
    """The issuer and a token of the root user's account."""
    iam = server.client()
    if not _federation_info(iam):
        iam.enable_outbound_web_identity_federation()
    input = {"Audience": ["app"], "SigningAlgorithm": "ES384"} | more
    answer = server.client("sts").get_web_identity_token(**input)
    return _federation_info(iam)["IssuerIdentifier"], answer["WebIdentityToken"]


def _federation_info(iam: Any) -> dict[str, Any]:
    try:
        return iam.get_outbound_web_identity_federation_info()
    except iam.exceptions.FeatureDisabledException:
        return {}


@pytest.mark.parametrize("algorithm", ["ES384", "RS256"])
def test_a_token_is_verified_by_what_its_issuer_publishes(server: ServerProcess, algorithm: str) -> None:
    issuer, own = own_token(server, SigningAlgorithm=algorithm)
    path = issuer.removeprefix(server.endpoint)
    status, text = server.ask(f"{path}/.well-known/openid-configuration")
    document = json.loads(text)
    assert (status, document["issuer"]) == (200, issuer)
    key = jwt.PyJWKClient(document["jwks_uri"]).get_signing_key_from_jwt(own)
    claims = jwt.decode(own, key, [algorithm], audience="app", issuer=issuer)
    assert claims["sub"] == f"arn:aws:iam::{ACCOUNT_ID}:root"
    assert algorithm in document["id_token_signing_alg_values_supported"]
    assert own.rpartition(".")[2] not in server.log()


def test_issuers_that_are_none(server: ServerProcess) -> None:
    issuer, _ = own_token(server)
    path = issuer.removeprefix(server.endpoint)
    last = "0" if path[-1] != "0" else "1"
    for other in (path[:-1] + last, "/_iamd/issuers/x", "/_iamd/issuers/" + "f" * 36, path + "/../"):
        assert server.ask(f"{other}/.well-known/jwks.json") == (404, "There is no such issuer.\n")
    assert server.ask(f"{path}/.well-known/jwks.json", "POST") == (405, "Ask with GET.\n")


def test_iamds_own_tokens_are_no_way_back_in(server: ServerProcess) -> None:
    _, own = own_token(server)
    call = unsigned(server).assume_role_with_web_identity
    assert refusal(call, RoleArn=ROLE, RoleSessionName="job", WebIdentityToken=own) == (
        "InvalidIdentityToken",
        "A token of GetWebIdentityToken cannot be used with AssumeRoleWithWebIdentity.",
        400,
    )


def test_another_installation_trusts_them_like_anybodys(server: ServerProcess, tmp_path: Path) -> None:
    """A user of one installation takes on a role of another, without a key there."""
    with ServerProcess(tmp_path, "--public-url", "https://iamd.example.com") as home:
        issuer, own = own_token(home)
        assert issuer.startswith("https://iamd.example.com/_iamd/issuers/")
        _, published = home.ask(f"{issuer.removeprefix('https://iamd.example.com')}/.well-known/jwks.json")
    (server.home / "keys" / "iamd.json").write_text(json.dumps(json.loads(published) | {"issuer": issuer}))
    iam = server.client()
    provider = iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["app"])["OpenIDConnectProviderArn"]
    trust = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity"}
    document = json.dumps({"Version": "2012-10-17", "Statement": trust})
    role = iam.create_role(RoleName="Visitor", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    answer = unsigned(server).assume_role_with_web_identity(RoleArn=role, RoleSessionName="visit", WebIdentityToken=own)
    assert answer["SubjectFromWebIdentityToken"] == f"arn:aws:iam::{ACCOUNT_ID}:root"


def test_a_public_url_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"--public-url iamd\.example\.com is no URL of a server"):
        ServerProcess(tmp_path, "--public-url", "iamd.example.com")


# SAML -----------------------------------------------------------------------------------------------------------------


def test_a_saml_assertion_is_exchanged_for_credentials(server: ServerProcess, tmp_path: Path) -> None:
    provider = f"arn:aws:iam::{ACCOUNT_ID}:saml-provider/Example"
    role = f"arn:aws:iam::{ACCOUNT_ID}:role/Employee"
    idp = IdentityProvider()
    iam = server.client()
    iam.create_saml_provider(
        Name="Example",
        SAMLMetadataDocument=idp.metadata() + " " * 1000,
        AddPrivateKey=decryption_pem().decode(),
        AssertionEncryptionMode="Required",
    )
    trust = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithSAML"}
    document = json.dumps({"Version": "2012-10-17", "Statement": trust})
    iam.create_role(RoleName="Employee", AssumeRolePolicyDocument=document)
    recipient = f"{server.endpoint}/saml"
    signed = idp.sign(
        idp.assertion(
            {"https://aws.amazon.com/SAML/Attributes/Role": [f"{role},{provider}"]},
            now=int(time.time()),
            recipient=recipient,
        )
    )
    response = encoded(idp.response(encrypt(signed), destination=recipient))
    (tmp_path / "response").write_text(response)
    shell = Shell(tmp_path, AWS_ENDPOINT_URL=server.endpoint, AWS_DEFAULT_REGION="us-east-1")
    answer = shell.succeed(
        f"aws sts assume-role-with-saml --role-arn {role} --principal-arn {provider} "
        f"--saml-assertion file://{tmp_path}/response"
    )
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Employee/alice"
    assert (answer["Subject"], answer["Audience"]) == ("alice", recipient)
    call = unsigned(server).assume_role_with_saml
    changed = response[:-40] + ("A" if response[-40] != "A" else "B") + response[-39:]
    assert refusal(call, RoleArn=role, PrincipalArn=provider, SAMLAssertion=changed)[0] == "InvalidIdentityToken"
    plain = encoded(idp.response(signed, destination=recipient))
    assert refusal(call, RoleArn=role, PrincipalArn=provider, SAMLAssertion=plain) == (
        "InvalidIdentityToken",
        "The provider requires encrypted assertions.",
        400,
    )

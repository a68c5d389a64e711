"""An account with access keys, and requests signed by real clients and by hand, for the tests of authentication."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from iamd.account.directory import Directory
from iamd.account.records import AccessKey, User
from iamd.account.state import Account
from iamd.authentication.authenticate import authenticate, get_signature
from iamd.call import Caller, SealBroken, Sealer
from iamd.errors import ServiceError
from iamd.wire.http import HttpRequest
from iamd.wire.parameters import parse_parameters

ACCOUNT_ID = "111122223333"
NOW = int(datetime(2026, 11, 23, 20, 53, 12, tzinfo=UTC).timestamp())
TIMESTAMP = "20261123T205312Z"
FORM = "application/x-www-form-urlencoded; charset=utf-8"

ROOT = Credentials("AKIAROOTKEYEXAMPLE11", "rootSecretKeyEXAMPLEKEYrootSecretKeyEXAM")
BOB = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
SESSION = Credentials("ASIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "AQoEXAMPLEH4aoAH0gNCAPy")

LIST_USERS = {"Action": "ListUsers", "Version": "2010-05-08"}
GET_CALLER_IDENTITY = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}

MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
INVALID_TOKEN = "The security token included in the request is invalid."


class PlainSealer:
    """Seals by spelling out, and counts how often it had to unseal."""

    def __init__(self) -> None:
        self.unsealed = 0

    def seal(self, secret: bytes, context: str) -> str:
        return f"{context}:{base64.b64encode(secret).decode('ascii')}"

    def unseal(self, sealed: str, context: str) -> bytes:
        self.unsealed += 1
        sealed_for, _, secret = sealed.partition(":")
        if sealed_for != context:
            raise SealBroken
        return base64.b64decode(secret)


def access_key(credentials: Credentials, owner_id: str, **changes: Any) -> AccessKey:
    sealed = PlainSealer().seal(credentials.secret_key.encode("ascii"), credentials.access_key)
    fields: dict[str, Any] = {"id": credentials.access_key, "owner_id": owner_id, "sealed_secret": sealed, "created": 1}
    return AccessKey(**fields | changes)


USER = User(account_id=ACCOUNT_ID, name="Bob", path="/division/", id="AIDACKCEVSQ6C2EXAMPLE", created=1)
ROOT_KEY = access_key(ROOT, ACCOUNT_ID)
BOBS_KEY = access_key(BOB, USER.id)


def account(*records: Any) -> Account:
    return Account(ACCOUNT_ID, Directory(), records or (USER, ROOT_KEY, BOBS_KEY))


ACCOUNT = account()


def caller_of(
    request: HttpRequest,
    service: str = "iam",
    now: int = NOW,
    account: Account | None = ACCOUNT,
    sealer: Sealer | None = None,
) -> Caller:
    parameters = parse_parameters(request)
    signature = get_signature(request, parameters)
    return authenticate(request, parameters, signature, service, account, sealer or PlainSealer(), now)


def refusal_of(
    request: HttpRequest,
    service: str = "iam",
    now: int = NOW,
    account: Account | None = ACCOUNT,
    sealer: Sealer | None = None,
) -> Any:
    """The code and message that the request is refused with."""
    try:
        caller = caller_of(request, service, now, account, sealer)
    except ServiceError as error:
        return error.code, error.message
    raise AssertionError(f"{caller.arn} was let in")


# Signed by hand, at NOW ---------------------------------------------------------------------------------------------


def signature(
    canonical_request: str,
    credentials: Credentials = BOB,
    timestamp: str = TIMESTAMP,
    scope: str = "20261123/us-east-1/iam/aws4_request",
) -> str:
    """The signature over a canonical request that a test spells out."""
    digest = hashlib.sha256(canonical_request.encode()).hexdigest()
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n{digest}"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def sent(
    method: str = "POST",
    path: str = "/",
    query: str = "",
    headers: Sequence[tuple[str, str]] = (),
    body: str = "",
) -> HttpRequest:
    """A request as the server receives it; header names in any case."""
    return HttpRequest(
        method=method,
        path=path.encode(),
        query_string=query.encode(),
        headers=tuple((name.lower().encode(), value.encode("latin-1")) for name, value in headers),
        body=body.encode(),
    )


def signed(
    parameters: dict[str, str] = LIST_USERS,
    *,
    credentials: Credentials = BOB,
    service: str = "iam",
    region: str = "us-east-1",
    timestamp: str = TIMESTAMP,
    date: str | None = None,
    authorization: str = "{algorithm} Credential={credential}, SignedHeaders={names}, Signature={signature}",
    algorithm: str = "AWS4-HMAC-SHA256",
    headers: dict[str, str] | None = None,
    unsigned: Sequence[tuple[str, str]] = (),
) -> HttpRequest:
    """A POST at NOW, signed as AWS documents; the arguments say what is to be unusual about it."""
    body = urlencode(parameters)
    all_headers = {"content-type": FORM, "host": "iam.amazonaws.com", "x-amz-date": timestamp, **(headers or {})}
    names = sorted(all_headers)
    lines = "".join(f"{name}:{all_headers[name]}\n" for name in names)
    scope = f"{date or timestamp[:8]}/{region}/{service}/aws4_request"
    canonical = f"POST\n/\n\n{lines}\n{';'.join(names)}\n{sha256(body)}"
    header = authorization.format(
        algorithm=algorithm,
        credential=f"{credentials.access_key}/{scope}",
        names=";".join(names),
        signature=signature(canonical, credentials, timestamp, scope),
    )
    return sent(headers=[*all_headers.items(), ("authorization", header), *unsigned], body=body)


def presigned(
    parameters: dict[str, str] = LIST_USERS,
    *,
    credentials: Credentials = BOB,
    service: str = "iam",
    without: Sequence[str] = (),
    headers: Sequence[tuple[str, str]] = (),
    **changes: str,
) -> HttpRequest:
    """A presigned GET at NOW; ``changes`` are X-Amz- parameters without that prefix, ``without`` are left out."""
    scope = f"20261123/us-east-1/{service}/aws4_request"
    names = {
        "Algorithm": "AWS4-HMAC-SHA256",
        "Credential": f"{credentials.access_key}/{scope}",
        "Date": TIMESTAMP,
        "Expires": "60",
        "SignedHeaders": "host",
    } | changes
    query = parameters | {f"X-Amz-{name}": value for name, value in names.items() if name not in without}
    encoded = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(query.items()))
    canonical = f"GET\n/\n{encoded}\nhost:iam.amazonaws.com\n\nhost\n{sha256('')}"
    if "Signature" not in without:
        encoded += f"&X-Amz-Signature={signature(canonical, credentials, names['Date'], scope)}"
    return sent("GET", query=encoded, headers=[("host", "iam.amazonaws.com"), *headers])


# Signed by botocore, at its own time ---------------------------------------------------------------------------------


def received(request: AWSRequest) -> HttpRequest:
    """What the server receives of a request that botocore signed."""
    prepared = request.prepare()
    path, _, query = prepared.url.removeprefix("https://iam.amazonaws.com").partition("?")
    headers = [("Host", "iam.amazonaws.com")]
    for name, value in prepared.headers.items():
        headers.append((name, value.decode("latin-1") if isinstance(value, bytes) else str(value)))
    body = prepared.body or b""
    return sent(prepared.method, path, query, headers, body if isinstance(body, str) else body.decode())


def signed_by_botocore(
    method: str, parameters: dict[str, str], headers: dict[str, str], path: str = "/", region: str = "us-east-1"
) -> HttpRequest:
    encoded = urlencode(parameters, quote_via=quote, safe="-_.~")
    if method == "POST":
        request = AWSRequest(method, f"https://iam.amazonaws.com{path}", {"Content-Type": FORM, **headers}, encoded)
    else:
        request = AWSRequest(method, f"https://iam.amazonaws.com{path}?{encoded}", headers)
    SigV4Auth(BOB, "iam", region).add_auth(request)
    return received(request)


def presigned_by_botocore(
    parameters: dict[str, str], headers: dict[str, str], expires: int = 900, region: str = "us-east-1"
) -> HttpRequest:
    encoded = urlencode(parameters, quote_via=quote, safe="-_.~")
    request = AWSRequest("GET", f"https://iam.amazonaws.com/?{encoded}", headers)
    SigV4QueryAuth(BOB, "iam", region, expires=expires).add_auth(request)
    return received(request)


def time_of(request: HttpRequest) -> int:
    """When the request was signed, epoch seconds."""
    text = request.header(b"x-amz-date") or parse_parameters(request)["X-Amz-Date"]
    return int(datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp())

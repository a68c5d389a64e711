"""How long verifying a signature takes: ``python -m bench.sigv4``, µs a request with its signing key cached."""

import sys
import time
from collections.abc import Callable
from timeit import repeat

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from iamd.account.directory import Directory
from iamd.account.records import AccessKey
from iamd.account.state import Account
from iamd.authentication.authenticate import authenticate, get_signature
from iamd.wire.http import HttpRequest
from iamd.wire.parameters import parse_parameters

ACCOUNT_ID = "111122223333"
CREDENTIALS = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


class OpenSealer:
    def seal(self, secret: bytes, context: str) -> str:
        return secret.decode("ascii")

    def unseal(self, sealed: str, context: str) -> bytes:
        return sealed.encode("ascii")


def received(request: AWSRequest) -> HttpRequest:
    """What a server gets of a request that botocore signed."""
    prepared = request.prepare()
    path, _, query = prepared.url.removeprefix("https://iam.amazonaws.com").partition("?")
    body = prepared.body or b""
    headers = {"Host": "iam.amazonaws.com", **prepared.headers}
    return HttpRequest(
        method=prepared.method,
        path=path.encode(),
        query_string=query.encode(),
        headers=tuple(
            (name.lower().encode(), value if isinstance(value, bytes) else str(value).encode())
            for name, value in headers.items()
        ),
        body=body if isinstance(body, bytes) else body.encode(),
    )


def post() -> HttpRequest:
    request = AWSRequest(
        method="POST",
        url="https://iam.amazonaws.com/",
        data="Action=GetUser&UserName=Bob&Version=2010-05-08",
        headers={
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            "User-Agent": "Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 os/linux md/arch#x86_64 lang/python#3.11.7",
            "Accept-Encoding": "identity",
            "amz-sdk-invocation-id": "2c9d0f4e-6f0a-4f4e-9f2f-2b8c8d0c6a11",
            "amz-sdk-request": "attempt=1",
        },
    )
    SigV4Auth(CREDENTIALS, "iam", "us-east-1").add_auth(request)
    return received(request)


def presigned() -> HttpRequest:
    request = AWSRequest(method="GET", url="https://iam.amazonaws.com/?Action=GetUser&UserName=Bob&Version=2010-05-08")
    SigV4QueryAuth(CREDENTIALS, "iam", "us-east-1", expires=900).add_auth(request)
    return received(request)


def measure(work: Callable[[], object]) -> float:
    """µs a run: the best of several rounds, so that a neighbour's noise does not count."""
    number = 2_000
    return min(repeat(work, number=number, repeat=7)) / number * 1e6


def main() -> int:
    sealer = OpenSealer()
    key = AccessKey(
        id=CREDENTIALS.access_key,
        owner_id=ACCOUNT_ID,
        sealed_secret=sealer.seal(CREDENTIALS.secret_key.encode(), CREDENTIALS.access_key),
        created=0,
    )
    account = Account(ACCOUNT_ID, Directory(), [key])
    now = int(time.time())
    for name, request in (("header-signed POST", post()), ("presigned GET", presigned())):
        parameters = parse_parameters(request)
        signature = get_signature(request, parameters)
        read = measure(lambda r=request, p=parameters: get_signature(r, p))
        verify = measure(
            lambda r=request, p=parameters, s=signature: authenticate(r, p, s, "iam", account, sealer, now)
        )
        print(f"{name:20} get_signature {read:6.1f} µs   authenticate {verify:6.1f} µs")
    return 0


if __name__ == "__main__":
    sys.exit(main())

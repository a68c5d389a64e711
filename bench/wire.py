"""What the wire costs: microseconds to parse, decode and encode typical requests and answers.

Run with ``python bench/wire.py``.
"""

import sys
from timeit import Timer
from urllib.parse import quote

from iamd.errors import NoSuchEntity
from iamd.wire import models, query
from iamd.wire.http import HttpRequest

POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],'
    '"Resource":["arn:aws:s3:::amzn-s3-demo-bucket","arn:aws:s3:::amzn-s3-demo-bucket/*"]}]}'
)
TAGS = "".join(f"&Tags.member.{n}.Key=key-{n}&Tags.member.{n}.Value=value-{n}" for n in range(1, 51))
REQUESTS = {
    "GetCallerIdentity": "Action=GetCallerIdentity&Version=2011-06-15",
    "GetUser": "Action=GetUser&Version=2010-05-08&UserName=alice",
    "CreateUser, 50 tags": f"Action=CreateUser&Version=2010-05-08&UserName=alice&Path=%2Fdivision%2F{TAGS}",
    "PutUserPolicy": "Action=PutUserPolicy&Version=2010-05-08&UserName=alice&PolicyName=read"
    f"&PolicyDocument={quote(POLICY, safe='')}",
    "AssumeRole": "Action=AssumeRole&Version=2011-06-15&RoleSessionName=alice&DurationSeconds=3600"
    "&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Freader",
}
USER = {"Path": "/", "UserName": "alice", "UserId": "AIDACKCEVSQ6C2EXAMPLE", "CreateDate": 1792922000}
ANSWERS = {
    "GetUser": ("iam", {"User": {**USER, "Arn": "arn:aws:iam::111122223333:user/alice"}}, 1),
    "ListUsers, a user of 1,000": (
        "iam",
        {
            "IsTruncated": False,
            "Users": [
                {**USER, "UserName": f"user-{n}", "Arn": f"arn:aws:iam::111122223333:user/user-{n}", "CreateDate": n}
                for n in range(1000)
            ],
        },
        1000,
    ),
    "GetUserPolicy": ("iam", {"UserName": "alice", "PolicyName": "read", "PolicyDocument": POLICY}, 1),
}


def microseconds(timer: Timer) -> float:
    """The best of five measurements of one run."""
    runs, _ = timer.autorange()
    return min(timer.repeat(5, runs)) / runs * 1e6


def main() -> None:
    load = Timer(lambda: [models.load_service(service) for service in models.API_VERSIONS]).timeit(1)
    print(f"{'load both models, once':40} {load * 1e6:9.0f} µs")
    for name, body in REQUESTS.items():
        request = HttpRequest(
            method="POST",
            path=b"/",
            headers=((b"content-type", b"application/x-www-form-urlencoded"),),
            body=body.encode(),
        )
        parameters = query.parse_parameters(request)
        operation = query.find_operation(parameters)
        print(f"{'parse ' + name:40} {microseconds(Timer(lambda r=request: query.parse_parameters(r))):9.2f} µs")
        decode = Timer(lambda o=operation, p=parameters: query.decode_input(o, p))
        print(f"{'decode ' + name:40} {microseconds(decode):9.2f} µs")
    for name, (service, output, per) in ANSWERS.items():
        operation = models.load_service(service).operations[name.partition(",")[0]]
        encode = Timer(lambda o=operation, out=output: query.encode_output(o, out, "request-id"))
        print(f"{'encode ' + name:40} {microseconds(encode) / per:9.2f} µs")
    error = NoSuchEntity("The user with name alice cannot be found.")
    encode = Timer(lambda: query.encode_error(models.load_service("iam"), error, "request-id"))
    print(f"{'encode an error':40} {microseconds(encode):9.2f} µs")


if __name__ == "__main__":
    sys.exit(main())

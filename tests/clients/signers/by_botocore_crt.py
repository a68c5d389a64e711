"""botocore where awscrt is installed, which then signs: sends the requests of standard input, prints the answers."""

import json
import sys

from botocore.auth import AUTH_TYPE_MAPS
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

Signer = AUTH_TYPE_MAPS["v4"]
assert Signer.__module__ == "botocore.crt.auth"


def send(request: dict) -> list:
    credentials = Credentials(request["keyId"], request["secret"], request["token"])
    form = {"Content-Type": "application/x-www-form-urlencoded"} if request["method"] == "POST" else {}
    made = AWSRequest(request["method"], request["url"], form, request["body"] or None)
    Signer(credentials, request["service"], request["region"]).add_auth(made)
    answer = URLLib3Session().send(made.prepare())
    return [answer.status_code, answer.content.decode()]


print(json.dumps([send(request) for request in json.load(sys.stdin)]))

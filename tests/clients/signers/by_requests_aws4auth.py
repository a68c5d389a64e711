"""requests-aws4auth: sends the requests of standard input, prints the answers."""

import json
import sys

import requests
from requests_aws4auth import AWS4Auth

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def send(request: dict) -> list:
    auth = AWS4Auth(
        request["keyId"], request["secret"], request["region"], request["service"], session_token=request["token"]
    )
    headers = FORM if request["method"] == "POST" else {}
    answer = requests.request(
        request["method"], request["url"], data=request["body"], headers=headers, auth=auth, timeout=60
    )
    return [answer.status_code, answer.content.decode()]


print(json.dumps([send(request) for request in json.load(sys.stdin)]))

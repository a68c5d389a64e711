"""awscurl: sends the requests of standard input, prints the answers."""

import json
import sys

from awscurl.awscurl import make_request


def send(request: dict) -> list:
    form = "application/x-www-form-urlencoded" if request["method"] == "POST" else "application/json"  # its default
    answer = make_request(
        *(request["method"], request["service"], request["region"], request["url"]),
        *({"Accept": "application/xml", "Content-Type": form}, request["body"]),
        *(request["keyId"], request["secret"], request["token"] or None, False),
    )
    return [answer.status_code, answer.content.decode()]


print(json.dumps([send(request) for request in json.load(sys.stdin)]))

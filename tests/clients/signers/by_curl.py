"""libcurl's --aws-sigv4: sends the requests of standard input, prints the answers."""

import io
import json
import sys

import pycurl


def send(request: dict) -> list:
    answer = io.BytesIO()
    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, request["url"])
    curl.setopt(pycurl.AWS_SIGV4, f"aws:amz:{request['region']}:{request['service']}")
    curl.setopt(pycurl.USERPWD, f"{request['keyId']}:{request['secret']}")
    curl.setopt(pycurl.CUSTOMREQUEST, request["method"])
    if request["method"] == "POST":
        curl.setopt(pycurl.POSTFIELDS, request["body"])
    if request["token"]:
        curl.setopt(pycurl.HTTPHEADER, [f"X-Amz-Security-Token: {request['token']}"])
    curl.setopt(pycurl.WRITEDATA, answer)
    curl.perform()
    return [curl.getinfo(pycurl.RESPONSE_CODE), answer.getvalue().decode()]


print(json.dumps([send(request) for request in json.load(sys.stdin)]))

"""Requests that other signers than the SDKs' own signed are understood and verified."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.clients.install import JAVASCRIPT, clients, node
from tests.clients.life import TIMEOUT, iam_arn
from tests.server.process import ACCOUNT_ID, ROOT_KEY_ID, ROOT_SECRET, ServerProcess, environment

SIGNERS = Path(__file__).parent / "signers"


def in_python(name: str) -> Callable[[], Sequence[Path]]:
    return lambda: [clients() / "python", SIGNERS / name]


COMMANDS: Mapping[str, Callable[[], Sequence[Path]]] = {
    "libcurl": in_python("by_curl.py"),
    "awscurl": in_python("by_awscurl.py"),
    "requests-aws4auth": in_python("by_requests_aws4auth.py"),
    "botocore-crt": in_python("by_botocore_crt.py"),
    "npm-aws4": lambda: [node(), JAVASCRIPT / "by_aws4.mjs"],
}
CALLER = "Action=GetCallerIdentity&Version=2011-06-15"


@pytest.fixture(params=COMMANDS)
def send(request: pytest.FixtureRequest, server: ServerProcess) -> Callable[..., list[tuple[int, str]]]:
    """Sends requests by one signer: their answers' status and body."""
    command = COMMANDS[request.param]()

    def answers(*requests: dict[str, Any]) -> list[tuple[int, str]]:
        filled = [
            {
                "method": "GET",
                "body": "",
                "region": "us-east-1",
                "service": "iam",
                "keyId": ROOT_KEY_ID,
                "secret": ROOT_SECRET,
                "token": "",
                **each,
                "url": server.endpoint + each.get("path", "/"),
            }
            for each in requests
        ]
        done = subprocess.run(
            command,
            input=json.dumps(filled),
            env=environment(server.home),
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return [(status, body) for status, body in json.loads(done.stdout)]

    return answers


def told(answer: tuple[int, str], element: str) -> tuple[int, list[str]]:
    """The status of an answer, and the texts of its elements of a name."""
    return answer[0], re.findall(f"<{element}>(.*?)</{element}>", answer[1])


def test_queries_and_forms(server: ServerProcess, send: Callable[..., list[tuple[int, str]]]) -> None:
    created, tagged, listed, tags, bare = send(
        {"method": "POST", "body": "Action=CreateUser&Version=2010-05-08&UserName=Bob%40example.com&Path=%2Fteam%2F"},
        {
            "method": "POST",
            "body": "Version=2010-05-08&Tags.member.1.Value=v+%2B%40%3A+%C3%A9&UserName=Bob%40example.com"
            "&Tags.member.1.Key=Cost+%C3%BCnit%2F&Action=TagUser",
        },
        {"path": "/?Action=ListUsers&Version=2010-05-08&PathPrefix=/team/&MaxItems=5"},
        {"path": "/?Version=2010-05-08&Action=ListUserTags&UserName=Bob@example.com"},
        {"path": "?Version=2010-05-08&Action=ListUsers"},
    )
    assert told(created, "Arn") == (200, [iam_arn("user/team/Bob@example.com")])
    assert tagged[0] == 200
    for users in (listed, bare):
        assert told(users, "UserName") == (200, ["Bob@example.com"])
    assert (told(tags, "Key"), told(tags, "Value")) == ((200, ["Cost ünit/"]), (200, ["v +@: é"]))


def test_any_region_and_a_session(server: ServerProcess, send: Callable[..., list[tuple[int, str]]]) -> None:
    session = server.client("sts").get_session_token()["Credentials"]
    temporary = {
        "keyId": session["AccessKeyId"],
        "secret": session["SecretAccessKey"],
        "token": session["SessionToken"],
    }
    north, form, by_session = send(
        {"path": f"/?{CALLER}", "region": "eu-north-1", "service": "sts"},
        {"method": "POST", "body": CALLER, "region": "ap-southeast-7", "service": "sts"},
        {"path": f"/?{CALLER}", "service": "sts", **temporary},
    )
    for answer in (north, form, by_session):
        assert told(answer, "Arn") == (200, [iam_arn("root")])
        assert told(answer, "Account") == (200, [ACCOUNT_ID])


def test_another_secret_is_refused(send: Callable[..., list[tuple[int, str]]]) -> None:
    for answer in send(
        {"path": f"/?{CALLER}", "service": "sts", "secret": "another"},
        {"method": "POST", "body": CALLER, "service": "sts", "secret": "another"},
    ):
        assert told(answer, "Code") == (403, ["SignatureDoesNotMatch"])


@pytest.mark.tools
def test_the_curl_of_this_machine(server: ServerProcess) -> None:
    curl = shutil.which("curl")
    assert curl, "curl is not installed: https://curl.se/download.html"
    signing = ["--aws-sigv4", "aws:amz:us-east-1:sts", "--user", f"{ROOT_KEY_ID}:{ROOT_SECRET}"]
    for request in (["--data", CALLER, server.endpoint], [f"{server.endpoint}/?{CALLER}"]):
        done = subprocess.run(
            [curl, "--silent", "--fail-with-body", *signing, *request], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
        assert f"<Arn>{iam_arn('root')}</Arn>" in done.stdout

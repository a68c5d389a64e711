"""What every client sees in the life of a small account: its programs do the same, and print the same."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.server.process import ACCOUNT_ID, ROOT_KEY_ID, ROOT_SECRET, ServerProcess, environment

TIMEOUT = 120.0  # seconds, on a machine that is busy with other tests


def iam_arn(resource: str) -> str:
    return f"arn:aws:iam::{ACCOUNT_ID}:{resource}"


def session_arn(name: str) -> str:
    return f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Keeper/{name}"


LIFE = {
    "caller": iam_arn("root"),
    "pages": [["Alice", "Bob"], ["Mateo", "Nikki"], ["Zhang"]],
    "user": [iam_arn("user/team/Bob"), [{"Key": "Cost ünit/=+", "Value": "v +@: é"}], True],
    "tags": [{"Key": "Extra", "Value": ""}],
    "documentReturned": True,
    "members": ["Bob"],
    "version": "v2",
    "attached": [{"PolicyName": "AssumeAny", "PolicyArn": iam_arn("policy/AssumeAny")}],
    "callerWithKey": iam_arn("user/team/Bob"),
    "assumed": session_arn("night"),
    "callerWithRole": session_arn("night"),
    "userSeenByRole": iam_arn("user/team/Alice"),
    "callerByProvider": session_arn("provider"),
    "refusals": [
        ["NoSuchEntity", "The user with name Jane cannot be found.", 404],
        ["EntityAlreadyExists", "User with name bob already exists.", 409],
        ["DeleteConflict", "Cannot delete entity, must detach all policies first.", 409],
        ["LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", 409],
        ["MalformedPolicyDocument", "Syntax errors in policy.", 400],
        [
            "ValidationError",
            "The specified value for userName is invalid. It must contain only alphanumeric characters and/or "
            "the following: +=,.@_-",
            400,
        ],
        [
            "AccessDenied",
            f"User: {session_arn('night')} is not authorized to perform: iam:DeleteUser on resource: user Alice "
            "because no identity-based policy allows the iam:DeleteUser action",
            403,
        ],
    ],
    "left": [],
}


def root_environment(server: ServerProcess, **more: str) -> dict[str, str]:
    """The environment of a client that is to call the server as the root user."""
    return environment(
        server.home,
        AWS_ENDPOINT_URL=server.endpoint,
        AWS_ACCESS_KEY_ID=ROOT_KEY_ID,
        AWS_SECRET_ACCESS_KEY=ROOT_SECRET,
        AWS_REGION="us-east-1",
        AWS_DEFAULT_REGION="us-east-1",
        AWS_EC2_METADATA_DISABLED="true",
        **more,
    )


def printed(command: Sequence[str | Path], env: dict[str, str]) -> Any:
    """What a client's program saw, printed as JSON."""
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return json.loads(done.stdout)

"""The one question that each client asks by a command of its own: who calls? The answer is printed as JSON."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.clients.install import JAVASCRIPT, go_program, node

BOTO3 = "import boto3, json; print(json.dumps(boto3.client('sts').get_caller_identity()['Arn']))"

CALLERS: Mapping[str, Callable[[], Sequence[str | Path]]] = {
    "AWS CLI": lambda: [Path(sys.executable).parent / "aws", "sts", "get-caller-identity", "--query", "Arn"],
    "boto3": lambda: [sys.executable, "-c", BOTO3],
    "JavaScript": lambda: [node(), JAVASCRIPT / "caller.mjs"],
    "Go": lambda: [go_program(), "caller"],
}

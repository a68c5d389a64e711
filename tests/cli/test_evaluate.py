"""``iamd evaluate``: a line in, a line out."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.cli.command import run_here
from tests.server.process import environment

ALLOW = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}


def line(id: object, action: str = "s3:GetObject", **members: Any) -> str:
    request = {
        "principal": "arn:aws:iam::111122223333:user/Ana",
        "action": action,
        "resource": "arn:aws:s3:::bucket/key",
    }
    return json.dumps({"id": id, "request": request, "identity_policies": [ALLOW], **members})


def answers(text: str) -> list[Any]:
    return [json.loads(each) for each in text.splitlines()]


def test_a_line_for_each_case(tmp_path: Path) -> None:
    text = f"{line(1)}\n\n{line(2, 's3:PutObject')}\n  \n{line(3, scps=[[]])}"
    file = tmp_path / "cases.jsonl"
    file.write_text(text)
    for result in (
        run_here("evaluate", str(file)),
        run_here("evaluate", "-", input=text),
        run_here("evaluate", input=f"{text}\n"),
    ):
        assert (result.exit_code, result.stderr) == (0, "")
        assert [(each["id"], each["decision"], each["blocked_by"]) for each in answers(result.stdout)] == [
            (1, "allowed", None),
            (2, "implicitDeny", "identity"),
            (3, "implicitDeny", "serviceControl"),
        ]
        assert answers(result.stdout)[0] == {
            "id": 1,
            "decision": "allowed",
            "matched_statements": [
                {
                    "policy_type": "identity",
                    "policy": "identity_policies[0]",
                    "sid": None,
                    "index": 0,
                    "effect": "Allow",
                    "start": {"line": 1, "column": 41},
                    "end": {"line": 1, "column": 97},
                }
            ],
            "blocked_by": None,
            "missing_context_keys": [],
        }


def test_a_bad_line_does_not_stop_the_stream() -> None:
    result = run_here("evaluate", input=f"{line(1)}\n[1] nonsense\n{line('two', action='all')}\r\n{line(3)}\n")
    assert result.exit_code == 1
    first, second, third, fourth = answers(result.stdout)
    assert (first["decision"], fourth["decision"]) == ("allowed", "allowed")
    assert second == {"id": None, "error": "Line 2: Expected `object`, got `array`"}
    assert third == {"id": "two", "error": '"all" is no action: write service:Operation, without wildcards.'}


def test_no_lines() -> None:
    result = run_here("evaluate", input="")
    assert (result.exit_code, result.stdout) == (0, "")


def test_a_line_without_end_is_cut_and_the_next_is_read() -> None:
    result = run_here("evaluate", input=b'{"id": 1, "x": "' + b"x" * 20_000_000 + b'"}\n' + line(2).encode())
    assert result.exit_code == 1
    first, second = answers(result.stdout)
    assert first == {"id": None, "error": "Line 1: A case has at most 16,777,216 bytes."}
    assert (second["id"], second["decision"]) == (2, "allowed")


def test_whoever_waits_for_an_answer_gets_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "iamd", "evaluate"]
    with subprocess.Popen(
        command, env=environment(tmp_path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for id in range(3):
            process.stdin.write(f"{line(id)}\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == id
        process.stdin.close()
        assert process.wait(timeout=60) == 0

"""``iamd explain``: one case, its decision and its reasons."""

import json
from pathlib import Path

import pytest

from tests.cli.command import run_here

CASE = """{
  "request": {
    "principal": "arn:aws:iam::111122223333:user/Ana", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k"
  },
  "identity_policies": [
    {
      "Version": "2012-10-17",
      "Statement": [
        {"Sid": "Home", "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::home/${aws:username}/*"}
      ]
    }
  ]
}"""
TEXT = """\
Denied: arn:aws:iam::111122223333:user/Ana may not s3:GetObject on arn:aws:s3:::b/k, \
because no identity-based policy allows it.

No identity-based policy allows it.
Nearest, but for one element each:
  identity_policies[0]: Statement[0] "Home", line 4:10
    Resource does not cover arn:aws:s3:::b/k: it is arn:aws:s3:::home/${aws:username}/* (${aws:username} is "Ana")
"""


def test_a_case_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_text(CASE)
    for result in (run_here("explain", str(file)), run_here("explain", input=CASE)):
        assert (result.exit_code, result.stdout) == (0, TEXT)


def test_as_json() -> None:
    result = run_here("explain", "--output", "json", input=CASE)
    assert result.exit_code == 0
    explanation = json.loads(result.stdout)
    assert (explanation["outcome"], explanation["policy_type"]) == ("implicitDeny", "identity")
    (reason,) = explanation["blocks"][0]["nearest"]
    assert (reason["statement"]["sid"], [element["element"] for element in reason["elements"]]) == (
        "Home",
        ["Resource"],
    )


@pytest.mark.parametrize(
    ("case", "error"),
    [
        ("", "Error: Input data was truncated\n"),
        (f"{CASE}{CASE}", "Error: JSON is malformed: trailing characters (byte 349)\n"),
        (CASE.replace("s3:GetObject", "s3"), 'Error: "s3" is no action: write service:Operation, without wildcards.\n'),
    ],
)
def test_what_is_no_case(case: str, error: str) -> None:
    result = run_here("explain", input=case)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", error)

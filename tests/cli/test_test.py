"""``iamd test``: policy unit tests in YAML, their failures explained, for people and for CI."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from iamd.cli.policy_tests import run_file
from tests.cli.command import run_here

READ = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::home/${aws:username}/*"}
  ]
}"""
HOME = """\
policies:
  read: policies/read.json
  no-deletes:
    Version: 2012-10-17
    Statement: [{Sid: NoDeletes, Effect: Deny, Action: "s3:Delete*", Resource: "*"}]
defaults:
  request:
    principal: arn:aws:iam::111122223333:user/Ana
    context: {aws:SecureTransport: true}
  identity_policies: [read]
cases:
  - name: Ana reads her home
    request: {action: "s3:GetObject", resource: "arn:aws:s3:::home/Ana/x"}
    expect: allowed
  - name: nobody deletes
    request: {action: "s3:DeleteObject", resource: "arn:aws:s3:::home/Ana/x"}
    identity_policies: [policies/read.json, no-deletes]
    expect: {decision: explicitDeny, blocked_by: identity, matched_statements: [NoDeletes, "no-deletes[0]"]}
"""
FAILING = """\
  - name: Ana reads Bo's home
    request: {action: "s3:GetObject", resource: "arn:aws:s3:::home/Bo/x"}
    expect: {decision: allowed, blocked_by: session, matched_statements: [Read]}
  - request: {action: "s3:GetObject"}
    identity_polices: []
    expect: allowed
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests/policies").mkdir(parents=True)
    (tmp_path / "tests/policies/read.json").write_text(READ)
    (tmp_path / "tests/home.yaml").write_text(HOME)
    return tmp_path


def test_all_pass(files: Path) -> None:
    result = run_here("test", "tests")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "tests/home.yaml\n  ok     Ana reads her home\n  ok     nobody deletes\n2 tests, all passed.\n"
    )


def test_failures_are_explained(files: Path) -> None:
    (files / "tests/home.yaml").write_text(HOME + FAILING)
    result = run_here("test", "tests/home.yaml")
    assert (result.exit_code, result.stderr) == (1, "")
    assert (
        result.stdout
        == """\
tests/home.yaml
  ok     Ana reads her home
  ok     nobody deletes
  FAILED Ana reads Bo's home (line 19)
         decision: allowed was expected, it is implicitDeny
         blocked_by: session was expected, it is identity
         matched_statements: Read was expected among them, they are: none

           Denied: arn:aws:iam::111122223333:user/Ana may not s3:GetObject on arn:aws:s3:::home/Bo/x, \
because no identity-based policy allows it.

           No identity-based policy allows it.
           Nearest, but for one element each:
             read: Statement[0] "Read", line 4:6
               Resource does not cover arn:aws:s3:::home/Bo/x: \
it is arn:aws:s3:::home/${aws:username}/* (${aws:username} is "Ana")

  ERROR  case 4 (line 22)
         Object contains unknown field `identity_polices`
4 tests, 2 failed.
"""
    )


def test_as_json(files: Path) -> None:
    (files / "tests/home.yaml").write_text(HOME + FAILING)
    result = run_here("test", "--output", "json", "tests")
    assert result.exit_code == 1
    outcomes = json.loads(result.stdout)
    assert [(each["name"], each["line"], each["passed"]) for each in outcomes] == [
        ("Ana reads her home", 12, True),
        ("nobody deletes", 15, True),
        ("Ana reads Bo's home", 19, False),
        ("case 4", 22, False),
    ]
    assert outcomes[0].keys() == {"file", "line", "name", "passed", "problems", "explanation", "error", "seconds"}
    assert outcomes[2]["explanation"].startswith("Denied: arn:aws:iam::111122223333:user/Ana may not s3:GetObject")
    assert outcomes[3]["error"] == "Object contains unknown field `identity_polices`"


def test_junit_xml(files: Path) -> None:
    (files / "tests/home.yaml").write_text(HOME + FAILING)
    (files / "tests/more.yml").write_text(HOME.replace("nobody deletes", r'"no\x01body <&> deletes"'))
    result = run_here("test", "--junit", "results.xml", "tests")
    assert result.exit_code == 1
    root = ElementTree.parse(files / "results.xml").getroot()  # noqa: S314 - our own file
    counts = ("name", "tests", "failures", "errors")
    assert [root.attrib[name] for name in counts] == ["iamd test", "6", "1", "1"]
    assert [[suite.attrib[name] for name in counts] for suite in root] == [
        ["tests/home.yaml", "4", "1", "1"],
        ["tests/more.yml", "2", "0", "0"],
    ]
    cases = list(root.iter("testcase"))
    assert [(case.attrib["name"], case.attrib["line"], [each.tag for each in case]) for case in cases] == [
        ("Ana reads her home", "12", []),
        ("nobody deletes", "15", []),
        ("Ana reads Bo's home", "19", ["failure"]),
        ("case 4", "22", ["error"]),
        ("Ana reads her home", "12", []),
        ("no\N{REPLACEMENT CHARACTER}body <&> deletes", "15", []),
    ]
    failure = cases[2][0]
    assert failure.attrib["message"].startswith("decision: allowed was expected, it is implicitDeny; blocked_by: ")
    assert failure.text is not None
    assert 'read: Statement[0] "Read", line 4:6' in failure.text


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "cases is to be a list of cases."),
        ("- a", "The file is to be a mapping."),
        ("cases: []", "cases is to be a list of cases."),
        ("case: []", "unknown: case. A file has policies, defaults and cases."),
        ("policies: []\ncases: [{}]", "policies is to be a mapping."),
        ("cases:\n  - name: a\n    name: b\n", 'line 3: "name" is here twice'),
        ("cases:\n  - &a [*a]\n", "line 2: this contains itself"),
        ("cases:\n  - !!python/name:os.system x\n", "line 2: tags and merge keys are not known here"),
        ("cases:\n  - !secret x\n", "line 2: tags and merge keys are not known here"),
        ("cases:\n  - &a {name: x}\n  - {<<: *a}\n", "line 3: a key is to be text"),
        ("cases:\n  - {[a]: x}\n", "line 2: a key is to be text"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, text: str, error: str) -> None:
    file = tmp_path / "test.yaml"
    file.write_text(text)
    result = run_here("test", str(file))
    assert result.exit_code == 1
    assert result.stdout == f"{file}\n  ERROR  test.yaml (line 1)\n         {error}\n1 test, 1 failed.\n"


def test_what_is_no_yaml(tmp_path: Path) -> None:
    file = tmp_path / "test.yaml"
    file.write_text("cases: a: b")
    (outcome,) = run_file(file)
    assert outcome.error is not None
    assert outcome.error.startswith("line 1: mapping values are not allowed ")


def test_aliases_that_grow_without_bound_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]" for number in range(1, 9)]
    file = tmp_path / "test.yaml"
    file.write_text("policies:\n" + "".join(f"  {each}\n" for each in lines) + "cases: [{}]")
    (outcome,) = run_file(file)
    assert outcome.error == "line 7: this is too much with its aliases written out"


CASE = """\
cases:
  - request: {principal: 111122223333, action: "s3:GetObject"}
    expect: allowed
"""


A_POLICY = "is to be a policy: its name under policies, its file, or itself."
AN_EXPECTATION = "expect is to be a decision, or a mapping of decision, blocked_by and matched_statements."


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ("name: x", "A case is a mapping with request and expect."),
        ("expect: yes", "expect: the decision is one of allowed, explicitDeny, implicitDeny."),
        ("expect: {decisions: allowed}", AN_EXPECTATION),
        ("expect: allowed\n    request: x", "request is to be a mapping."),
        ("expect: allowed\n    scps: [x]", "scps[0] is to be a list."),
        ("expect: allowed\n    resource_policy: [x]", f"resource_policy {A_POLICY}"),
        (
            "expect: allowed\n    request: {principal: '*', action: x}",
            '"x" is no action: write service:Operation, without wildcards.',
        ),
    ],
)
def test_cases_that_cannot_be_run(tmp_path: Path, lines: str, error: str) -> None:
    file = tmp_path / "test.yaml"
    file.write_text(f"cases:\n  - {lines}\n")
    (outcome,) = run_file(file)
    assert (outcome.passed, outcome.error) == (False, error)


def outcome_of(tmp_path: Path, policy: str, **members: Any) -> Any:
    file = tmp_path / "test.yaml"
    file.write_text(f"{CASE}    permissions_boundary:\n      - {policy}\n")
    (outcome,) = run_file(file)
    return outcome


def test_a_policy_that_is_nowhere(tmp_path: Path) -> None:
    for name, shown in (("limits.json", "limits.json"), ("x" * 5000, "x" * 200 + "…")):
        assert outcome_of(tmp_path, name).error == (
            f'There is no policy "{shown}": neither under policies nor a file beside this one.'
        )


def test_plain_words_stay_text(tmp_path: Path) -> None:
    """Dates, numbers with leading zeros and Null are not what YAML makes of them elsewhere."""
    policy = (
        "{Version: 2012-10-17, Statement: {Effect: Allow, Action: '*', Resource: '*', Condition: "
        "{'Null': {aws:TokenIssueTime: true}, StringEquals: {aws:PrincipalAccount: 111122223333, "
        "aws:PrincipalType: Account}, NumericLessThanIfExists: {s3:max-keys: 010}}}}"
    )
    for each in (policy, policy.replace("'Null'", "Null")):
        assert outcome_of(tmp_path, each).passed


def test_policies_as_json_text(tmp_path: Path) -> None:
    allow = '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
    assert outcome_of(tmp_path, f"'{allow}'").passed
    denied = outcome_of(tmp_path, f"'{allow.replace('Allow', 'Deny')}'")
    assert denied.problems == ("decision: allowed was expected, it is explicitDeny",)
    assert f"{tmp_path / 'test.yaml'}, permissions_boundary[0]: Statement[0]" in denied.explanation


def test_a_policy_in_yaml_is_told_by_its_line(tmp_path: Path) -> None:
    denied = outcome_of(tmp_path, "Statement: {Effect: Deny, Action: '*', Resource: '*'}")
    assert f"{tmp_path / 'test.yaml'}:5: Statement[0]" in denied.explanation


def test_levels_of_an_organization(files: Path) -> None:
    (files / "tests/scps.yaml").write_text("""\
defaults:
  request: {principal: "arn:aws:iam::111122223333:root", action: "s3:GetObject"}
policies:
  all: {Statement: {Effect: Allow, Action: "*", Resource: "*"}}
cases:
  - {scps: [[all], [all]], expect: allowed}
  - {scps: [[all], []], expect: {decision: implicitDeny, blocked_by: serviceControl}}
  - {scps: [[all], [{Statement: {Effect: Deny, Action: "s3:*", Resource: "*"}}]], expect: explicitDeny}
  - {scps: [[all], []], principal_account_is_management: true, expect: allowed}
""")
    assert [outcome.passed for outcome in run_file(files / "tests/scps.yaml")] == [True] * 4


def test_directories_without_tests(tmp_path: Path) -> None:
    result = run_here("test", str(tmp_path))
    assert (result.exit_code, result.stderr) == (1, f"Error: There are no YAML files in {tmp_path}.\n")


def test_results_that_cannot_be_written(files: Path) -> None:
    result = run_here("test", "--junit", "nowhere/results.xml", "tests")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: nowhere/results.xml cannot be written: No such file or directory.\n",
    )

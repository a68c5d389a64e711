"""Auditors of AWS accounts read an account of ours without a stumble, and find the weaknesses that are in it."""

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.clients.install import aws_nuke, tool
from tests.clients.life import iam_arn, root_environment
from tests.clients.seeded import seed
from tests.server.process import ACCOUNT_ID, ROOT_KEY_ID, ROOT_SECRET, ServerProcess

pytestmark = pytest.mark.tools

# principalmapper is older than Python 3.10, which moved these names.
PRINCIPALMAPPER = """
import collections, collections.abc, sys
collections.Mapping, collections.MutableMapping = collections.abc.Mapping, collections.abc.MutableMapping
from principalmapper.__main__ import main
sys.exit(main())
"""


@pytest.fixture
def audited(server: ServerProcess) -> ServerProcess:
    seed(server.client())
    return server


def printed(server: ServerProcess, folder: Path, *command: str | Path, status: int = 0) -> str:
    """What a tool prints that ends with a status; it writes its files into the folder."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=root_environment(server) | {"HOME": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == status, done.stdout
    assert "Traceback" not in done.stdout, done.stdout
    return done.stdout


def read(folder: Path, pattern: str) -> Any:
    """The JSON in the one file of a name, after what an assignment of JavaScript has before it."""
    [path] = folder.glob(pattern)
    text = path.read_text()
    return json.loads(text[re.search(r"[\[{]", text).start() :])  # type: ignore[union-attr]


def named(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each.get("name") or each["PolicyName"]: each for each in found.values()}


def download(server: ServerProcess, folder: Path) -> Path:
    printed(server, folder, tool("cloudsplaining") / "cloudsplaining", "download", "--output", folder)
    return folder / "default.json"


def test_cloudsplaining(audited: ServerProcess, tmp_path: Path) -> None:
    details = download(audited, tmp_path)
    command: Sequence[str | Path] = (tool("cloudsplaining") / "cloudsplaining", "scan", "--skip-open-report")
    printed(audited, tmp_path, *command, "--input-file", details, "--output", tmp_path)
    results = read(tmp_path, "iam-results-*.json")
    assert named(results["users"]).keys() == {"Alice", "Bob"}
    assert named(results["roles"]).keys() == {"Admin", "Door"}
    policies = named(results["customer_managed_policies"]) | named(results["inline_policies"])
    escalations = {
        name: [finding["type"] for finding in policy["PrivilegeEscalation"]["findings"]]
        for name, policy in policies.items()
    }
    assert {name: types for name, types in escalations.items() if types} == {
        "Deploy": ["CreateEC2WithExistingIP"],
        "door": ["AttachUserPolicy"],
    }
    assert policies["wide"]["ServiceWildcard"]["findings"] == ["s3"]


def test_parliament(audited: ServerProcess, tmp_path: Path) -> None:
    command: Sequence[str | Path] = (tool("parliament") / "parliament", "--json", "--auth-details-file")
    lines = printed(audited, tmp_path, *command, download(audited, tmp_path), status=1).splitlines()
    findings = [json.loads(line) for line in lines]
    assert {(finding["issue"], finding["location"]["filepath"]) for finding in findings} == {
        ("RESOURCE_STAR", iam_arn("policy/Deploy")),
        ("RESOURCE_STAR", iam_arn("user/Bob")),
        ("RESOURCE_STAR", iam_arn("role/Door")),
    }


def test_principalmapper(audited: ServerProcess, tmp_path: Path) -> None:
    def pmapper(*arguments: str) -> str:
        command = (tool("principalmapper") / "python", "-c", PRINCIPALMAPPER)
        return printed(audited, tmp_path, *command, *arguments)

    graph = pmapper("graph", "create", "--localstack-endpoint", audited.endpoint)
    assert "# of Nodes:              4 (1 admins)" in graph
    assert "user/Alice can access via sts:AssumeRole role/Door" in graph
    assert pmapper("query", "who can do iam:DeleteUser").splitlines()[0] == (
        "user/Bob CAN call action iam:DeleteUser for resource * THRU role/Admin"
    )
    assert "user/Bob can escalate privileges by accessing the administrative principal role/Admin" in pmapper(
        "query", "preset privesc *"
    )


def test_scoutsuite(audited: ServerProcess, tmp_path: Path) -> None:
    scout = tool("scoutsuite") / "scout"
    printed(audited, tmp_path, scout, "aws", "--services", "iam", "--no-browser", "--report-dir", tmp_path)
    assert not list(tmp_path.glob("scoutsuite-results/scoutsuite_errors_*"))
    results = read(tmp_path, "scoutsuite-results/scoutsuite_results_*.js")
    assert results["account_id"] == ACCOUNT_ID
    iam = results["services"]["iam"]
    assert {kind: iam[f"{kind}_count"] for kind in ("groups", "policies", "roles", "users")} == {
        "groups": 1,
        "policies": 3,  # those that are attached
        "roles": 2,
        "users": 2,
    }
    flagged = {name for name, finding in iam["findings"].items() if finding["flagged_items"]}
    assert flagged >= {"iam-root-account-no-mfa", "iam-user-without-mfa", "iam-managed-policy-allows-iam-PassRole"}


def test_prowler(audited: ServerProcess, tmp_path: Path) -> None:
    command: Sequence[str | Path] = (tool("prowler") / "prowler", "aws", "--services", "iam", "--region", "us-east-1")
    output = ("--output-formats", "json-ocsf", "--output-directory", tmp_path, "--log-level", "ERROR")
    printed(audited, tmp_path, *command, *output, "--no-banner", "--ignore-exit-code-3")
    findings = read(tmp_path, "*.ocsf.json")
    verdicts = {
        (finding["metadata"]["event_code"], resource["name"]): finding["status_code"]
        for finding in findings
        for resource in finding["resources"]
    }
    assert len({check for check, _ in verdicts}) > 35
    assert {
        ("iam_no_root_access_key", "<root_account>"): "FAIL",
        ("iam_root_mfa_enabled", "<root_account>"): "FAIL",
        ("iam_user_mfa_enabled_console_access", "Alice"): "FAIL",
        ("iam_user_mfa_enabled_console_access", "Bob"): "PASS",
        ("iam_user_console_access_unused", "Alice"): "PASS",
        ("iam_user_no_setup_initial_access_key", "Alice"): "FAIL",
        ("iam_rotate_access_key_90_days", "Bob"): "PASS",
        ("iam_aws_attached_policy_no_administrative_privileges", "AdministratorAccess"): "FAIL",
        ("iam_customer_attached_policy_no_administrative_privileges", "Deploy"): "PASS",
        ("iam_policy_attached_only_to_group_or_roles", "Bob/wide"): "FAIL",
        ("iam_password_policy_minimum_length_14", ACCOUNT_ID): "FAIL",
    }.items() <= verdicts.items()


def test_aws_nuke(audited: ServerProcess, tmp_path: Path) -> None:
    services = "".join(f'  - {{service: "{name}", url: "{audited.endpoint}"}}\n' for name in ("iam", "sts", ""))
    (tmp_path / "nuke.yml").write_text(
        f'regions: [global]\naccount-blocklist: ["444455556666"]\naccounts: {{"{ACCOUNT_ID}": {{}}}}\n'
        f"endpoints:\n- region: global\n  services:\n{services}- region: us-east-1\n  services:\n{services}"
    )
    listed = printed(audited, tmp_path, aws_nuke(), "resource-types").split()
    kinds = [option for kind in listed if kind.startswith("IAM") for option in ("--target", kind)]
    ended = printed(
        audited,
        tmp_path,
        *(aws_nuke(), "--config", "nuke.yml", "--no-dry-run", "--force", "--force-sleep", "3"),
        *("--access-key-id", ROOT_KEY_ID, "--secret-access-key", ROOT_SECRET, *kinds),
    )
    assert "Nuke complete: 0 failed, 0 skipped, 19 finished." in ended
    details = audited.client().get_account_authorization_details()
    assert not any(details[kind] for kind in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"))

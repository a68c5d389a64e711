"""What the pages about workloads and emergencies show can be used as it stands."""

import json
import re
from pathlib import Path

import pytest

from iamd.policy import check_identity_policy, check_trust_policy
from iamd.server.webhook import read_webhooks
from iamd.workload.instances import read_fleet

DOCS = Path(__file__).parents[2] / "docs"
WORKLOADS = (DOCS / "workloads.md").read_text()
BREAK_GLASS = (DOCS / "break-glass.md").read_text()


def blocks(page: str) -> list[str]:
    return re.findall(r"```json\n(.*?)```", page, re.DOTALL)


def test_the_file_of_instances(tmp_path: Path) -> None:
    [text] = [block for block in blocks(WORKLOADS) if '"instances"' in block]
    (tmp_path / "instances.json").write_text(text)
    fleet = read_fleet(tmp_path / "instances.json")
    assert [instance.id for instance in fleet.instances] == ["thumbnails-1", "i-1234567890abcdef0"]
    assert fleet.instances[1].request.service == "ec2.amazonaws.com"


def test_the_file_of_webhooks(tmp_path: Path) -> None:
    [text] = blocks(BREAK_GLASS)
    file = tmp_path / "webhooks.json"
    file.touch(mode=0o600)
    file.write_text(text)
    assert [webhook.name for webhook in read_webhooks(file)] == ["security"]


@pytest.mark.parametrize("page", [WORKLOADS, BREAK_GLASS], ids=["workloads", "break-glass"])
def test_the_policies(page: str) -> None:
    commands = re.findall(r"--(assume-role-policy-document|policy-document) '(\{.*?\})'", page, re.DOTALL)
    assert len(commands) == 2
    for option, text in commands:
        if option.startswith("assume"):
            check_trust_policy(text)
        else:
            check_identity_policy(text, managed=False)
    for block in blocks(page):
        if "Statement" in json.loads(block):
            check_identity_policy(block, managed=True)

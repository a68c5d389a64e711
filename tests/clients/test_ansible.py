"""Ansible's amazon.aws modules for IAM: what they make is there, and a second run finds nothing to change."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.clients.install import tool
from tests.clients.life import root_environment
from tests.server.process import ServerProcess

pytestmark = pytest.mark.tools

PLAYBOOKS = Path(__file__).parent / "ansible"


def changed(server: ServerProcess, home: Path, playbook: str) -> int:
    """How many tasks of a playbook changed something; none of them failed."""
    commands = tool("ansible")
    done = subprocess.run(
        [
            *(commands / "ansible-playbook", "--inventory", "localhost,", PLAYBOOKS / playbook),
            *("--extra-vars", f"ansible_python_interpreter={commands / 'python'}"),
        ],
        env=root_environment(server) | {"HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    counts = re.search(r"changed=(\d+) +unreachable=0 +failed=0", done.stdout)
    assert counts, done.stdout + done.stderr
    assert done.returncode == 0
    return int(counts[1])


def test_a_second_run_changes_nothing(server: ServerProcess, tmp_path: Path) -> None:
    assert changed(server, tmp_path, "create.yml") == 9
    assert changed(server, tmp_path, "create.yml") == 0
    assert changed(server, tmp_path, "keys.yml") == 3
    assert changed(server, tmp_path, "delete.yml") == 7
    assert changed(server, tmp_path, "delete.yml") == 0
    details = server.client().get_account_authorization_details()
    assert not any(details[kind] for kind in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"))

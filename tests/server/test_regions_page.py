"""The commands of docs/regions.md, word for word but for the ports."""

import re
import subprocess
import sys
from pathlib import Path

from tests.etcd import find_etcd, free_ports
from tests.server.process import environment

PAGE = Path(__file__).parents[2] / "docs" / "regions.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
PORTS = ["12379", "12380", "22379", "22380", "32379", "32380", "4561", "4562", "4563"]


def test_three_regions_come_up_lose_two_and_come_back(tmp_path: Path) -> None:
    script = "set -eu\ntrap 'kill -9 $(jobs -p) 2>/dev/null || true' EXIT\n" + "\n".join(BLOCKS)
    for port, free in zip(PORTS, free_ports(len(PORTS)), strict=True):
        assert re.search(rf"\b{port}\b", script)
        script = re.sub(rf"\b{port}\b", str(free), script)
    path = f"{Path(sys.executable).parent}:{Path(find_etcd()).parent}"
    home = environment(tmp_path, AWS_PAGER="", AWS_EC2_METADATA_DISABLED="true")
    done = subprocess.run(
        ["bash", "-c", script],
        env=home | {"PATH": f"{path}:{home['PATH']}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, (done, *(path.read_text() for path in tmp_path.glob("*.log")))
    assert done.stdout.count('"UserName": "alice"') == 2
    assert '"UserName": "bob"' in done.stdout
    names = re.findall(r"\[\n((?: +\"\w+\",?\n)+)\]", done.stdout)
    assert [re.findall(r"\w+", each) for each in names] == [["alice", "bob"], ["alice", "bob", "carol"]]
    assert re.search(r'^"ASIA\w{16}"$', done.stdout, re.MULTILINE)
    assert '"status":"stale","reason":"etcd ' in done.stdout
    assert "An error occurred (ServiceUnavailable) when calling the CreateUser operation" in done.stderr

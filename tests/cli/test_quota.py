"""``iamd quota``: what it shows, and what it refuses."""

import json
from pathlib import Path

from tests.cli.command import refused, succeeded
from tests.server.process import ACCOUNT_ID, ServerProcess


def test_the_list_shows_values_defaults_and_maxima(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        server.stop()
    data_dir = ("--data-dir", str(tmp_path / "data"))
    succeeded(tmp_path, "quota", "set", "L-FE177D64", "4000", *data_dir)
    lines = succeeded(tmp_path, "quota", "list", *data_dir).splitlines()
    assert lines[0] == "quota                                  value default maximum  code"
    assert "Roles                                   4000    1000   10000  L-FE177D64" in lines
    assert "Users                                   5000    5000    5000  L-F55AF5E4" in lines
    assert "AccessKeysPerUser                          2       2       2" in lines
    assert "RolesPerInstanceProfile                    1       1   fixed" in lines
    rows = json.loads(succeeded(tmp_path, "quota", "list", "--output", "json", *data_dir))
    assert {"quota": "Roles", "value": 4000, "default": 1000, "maximum": 10000, "code": "L-FE177D64"} in rows
    assert {"quota": "RolesPerInstanceProfile", "value": 1, "default": 1, "maximum": "fixed", "code": ""} in rows


def test_awss_maximum_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        data_dir = ("--data-dir", str(server.data_dir))
        assert refused(tmp_path, "quota", "set", "Users", "5001", *data_dir) == (
            "Error: AWS raises Users to 5000 at most. Add --beyond-aws to go further than AWS.\n"
        )
        succeeded(tmp_path, "quota", "set", "Users", "5001", "--beyond-aws", *data_dir)
        assert server.client().get_account_summary()["SummaryMap"]["UsersQuota"] == 5001
        assert refused(tmp_path, "quota", "set", "Wizards", "1", *data_dir) == (
            "Error: There is no quota Wizards. iamd quota list shows them.\n"
        )
        assert refused(tmp_path, "quota", "approve", "x", *data_dir) == (
            "Error: There is no request x. iamd quota requests shows them.\n"
        )


def test_among_several_accounts_one_is_named(tmp_path: Path) -> None:
    accounts = tmp_path / "accounts.json"
    accounts.write_text(json.dumps([{"account_id": "444455556666"}]))
    with ServerProcess(tmp_path, "--accounts-file", str(accounts)) as server:
        server.stop()
    data_dir = ("--data-dir", str(tmp_path / "data"))
    assert refused(tmp_path, "quota", "set", "Users", "7", *data_dir) == (
        f"Error: Name one of the accounts with --account: {ACCOUNT_ID}, 444455556666.\n"
    )
    assert succeeded(tmp_path, "quota", "set", "Users", "7", "--account", ACCOUNT_ID, *data_dir) == (
        f"The quota Users of account {ACCOUNT_ID} is 7.\n"
    )
    other = succeeded(tmp_path, "quota", "list", "--account", "444455556666", *data_dir)
    assert "Users                                   5000    5000" in other
    assert refused(tmp_path, "quota", "list", "--account", "123456789012", *data_dir) == (
        f"Error: There is no account 123456789012. There are: {ACCOUNT_ID}, 444455556666.\n"
    )


def test_without_a_store_nothing_is_made(tmp_path: Path) -> None:
    assert refused(tmp_path, "quota", "list", "--data-dir", str(tmp_path / "data")) == (
        f"Error: There is no store {tmp_path / 'data/iamd.db'}. Name its directory with --data-dir.\n"
    )
    assert not (tmp_path / "data").exists()

"""Every quota is filled and exceeded, through boto3, in AWS's words; writers that race at its edge stay within it."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from botocore import xform_name
from botocore.exceptions import ClientError
from click.testing import CliRunner

from iamd.account.quotas import QUOTAS as ALL
from iamd.cli import main
from tests.iam.test_role_templates import version
from tests.operations.quotas import QUOTAS
from tests.operations.story import ACCOUNT_ID, ROOT, start


def set_beside(data_dir: Path, name: str, value: int) -> None:
    """Set a quota as an operator does beside the server, but in this process, which is quicker."""
    command = ["quota", "set", name, str(value), "--account", ACCOUNT_ID, "--data-dir", str(data_dir)]
    done = CliRunner().invoke(main, command)
    assert done.output == f"The quota {name} of account {ACCOUNT_ID} is {value}.\n"


def test_every_quota_has_its_row() -> None:
    assert {quota.name for quota in QUOTAS} - {""} == set(ALL)


def test_every_quota_is_exceeded_by_one(tmp_path: Path) -> None:
    templates = tmp_path / "templates.json"
    templates.write_text(json.dumps([version()]))
    problems = []
    with start(tmp_path, "--role-templates", str(templates)) as server:
        iam = server.client("iam", *ROOT)
        for quota in QUOTAS:
            try:
                for operation, input in quota.fill:
                    getattr(iam, xform_name(operation))(**input)
            except ClientError as error:
                problems.append(f"{quota.name}: {error}")
            if quota.limit is not None:
                set_beside(server.data_dir, quota.name, quota.limit)
            try:
                getattr(iam, xform_name(quota.operation))(**quota.input)
            except ClientError as error:
                answer = error.response
                found = (
                    answer["ResponseMetadata"]["HTTPStatusCode"],
                    answer["Error"]["Code"],
                    answer["Error"]["Message"],
                )
                if found != (409, "LimitExceeded", quota.message):
                    problems.append(f"{quota.name}: {found}")
            else:
                problems.append(f"{quota.name} was exceeded by {quota.operation}")
        server.stop()
    assert problems == []


def test_sixteen_writers_at_the_edge_never_exceed_it(tmp_path: Path) -> None:
    with start(tmp_path, "--workers", "2") as server:
        set_beside(server.data_dir, "Users", 10)

        def write(writer: int) -> set[str]:
            client = server.client("iam", *ROOT)
            messages = set()
            for number in range(3):
                try:
                    client.create_user(UserName=f"user-{writer}-{number}")
                except ClientError as error:
                    messages.add(error.response["Error"]["Message"])
            return messages

        with ThreadPoolExecutor(16) as pool:
            refusals = set().union(*pool.map(write, range(16)))
        assert refusals == {"Cannot exceed quota for UsersPerAccount: 10"}
        assert len(server.client("iam", *ROOT).list_users()["Users"]) == 10
        server.stop()


def test_two_renames_race_without_a_lost_record(tmp_path: Path) -> None:
    with start(tmp_path, "--workers", "2") as server:
        iam = server.client("iam", *ROOT)
        for name in ("a", "b"):
            iam.create_user(UserName=name)
            iam.create_access_key(UserName=name)
        ids = {user["UserId"] for user in iam.list_users()["Users"]}

        def rename(writer: int) -> set[str]:
            client = server.client("iam", *ROOT)
            codes = set()
            for _ in range(6):
                for old in ("a", "b", "taken"):
                    for new in ("a", "b", "taken"):
                        try:
                            client.update_user(UserName=old, NewUserName=new)
                        except ClientError as error:
                            codes.add(error.response["Error"]["Code"])
            return codes

        with ThreadPoolExecutor(4) as pool:
            refusals = set().union(*pool.map(rename, range(4)))
        assert refusals <= {"NoSuchEntity", "EntityAlreadyExists"}
        users = iam.list_users()["Users"]
        assert {user["UserId"] for user in users} == ids
        for user in users:
            keys = iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]
            assert [key["UserName"] for key in keys] == [user["UserName"]]
        server.stop()

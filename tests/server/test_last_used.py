"""When keys and roles were last used, as boto3 and a restarted server see it."""

import json
from pathlib import Path
from typing import Any

from tests.server.process import ACCOUNT_ID, ServerProcess

TRUST = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT_ID}, "Action": "sts:AssumeRole"}


def last_used(iam: Any, key_id: str) -> tuple[str, str, bool]:
    """Service and region of a key's last use, and whether it has a date."""
    answer = iam.get_access_key_last_used(AccessKeyId=key_id)
    assert answer["UserName"] == "Bob"
    used = answer["AccessKeyLastUsed"]
    return used["ServiceName"], used["Region"], "LastUsedDate" in used


def test_keys_and_roles_tell_their_last_use_across_a_restart(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        iam = server.client()
        iam.create_user(UserName="Bob")
        iam.attach_user_policy(UserName="Bob", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        made = iam.create_access_key(UserName="Bob")["AccessKey"]
        key = {"key_id": made["AccessKeyId"], "secret": made["SecretAccessKey"]}
        assert last_used(iam, made["AccessKeyId"]) == ("N/A", "N/A", False)
        server.client("sts", **key).get_caller_identity()
        assert last_used(iam, made["AccessKeyId"]) == ("sts", "us-east-1", True)
        server.client("iam", **key).list_users()
        assert last_used(iam, made["AccessKeyId"]) == ("iam", "us-east-1", True)

        role = iam.create_role(
            RoleName="Reader",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": TRUST}),
        )["Role"]
        session = server.client("sts", **key).assume_role(RoleArn=role["Arn"], RoleSessionName="shift")["Credentials"]
        assert iam.get_role(RoleName="Reader")["Role"]["RoleLastUsed"] == {}
        temporary = {"key_id": session["AccessKeyId"], "secret": session["SecretAccessKey"]}
        server.client("sts", **temporary, aws_session_token=session["SessionToken"]).get_caller_identity()
        before = iam.get_role(RoleName="Reader")["Role"]["RoleLastUsed"]
        assert before["Region"] == "us-east-1"
        server.stop()
    with ServerProcess(tmp_path) as server:
        iam = server.client()
        assert iam.get_role(RoleName="Reader")["Role"]["RoleLastUsed"] == before
        assert last_used(iam, made["AccessKeyId"])[2]

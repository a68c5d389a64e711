"""AWS's own documents, collected from AWS, take the place of the shipped ones; attachments stay."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.server.process import ROOT_KEY_ID, ROOT_SECRET, ServerProcess, environment

TOOL = Path(__file__).parent.parent.parent / "tools/collect_aws_managed_policies.py"
BILLING = "arn:aws:iam::aws:policy/job-function/Billing"


def collected(server: ServerProcess, home: Path) -> dict[str, Any]:
    """What the tool prints of a server that stands for AWS."""
    credentials = {"AWS_ACCESS_KEY_ID": ROOT_KEY_ID, "AWS_SECRET_ACCESS_KEY": ROOT_SECRET}
    done = subprocess.run(
        [sys.executable, TOOL, "--path-prefix", "/job-function/"],
        env=environment(home, AWS_ENDPOINT_URL=server.endpoint, AWS_DEFAULT_REGION="us-east-1", **credentials),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout)


def test_collected_documents_replace_the_shipped_ones_where_they_are_attached(tmp_path: Path) -> None:
    file = tmp_path / "aws-managed-policies.json"
    with ServerProcess(tmp_path) as server:
        iam = server.client()
        shipped = {policy["Arn"] for policy in iam.list_policies(PathPrefix="/job-function/")["Policies"]}
        policies = collected(server, tmp_path)
        assert {policy["Arn"] for policy in policies["Policies"]} == shipped
        iam.create_user(UserName="alice")
        iam.attach_user_policy(UserName="alice", PolicyArn=BILLING)
        key = iam.create_access_key(UserName="alice")["AccessKey"]
        alice = server.client("iam", key["AccessKeyId"], key["SecretAccessKey"])
        with pytest.raises(ClientError, match="AccessDenied"):
            alice.list_groups()
        server.stop()
    billing = next(policy for policy in policies["Policies"] if policy["Arn"] == BILLING)
    statement = {"Effect": "Allow", "Action": "iam:ListGroups", "Resource": "*"}
    version = {
        "VersionId": "v7",
        "IsDefaultVersion": True,
        "CreateDate": "2025-01-02T03:04:05+00:00",
        "Document": {"Version": "2012-10-17", "Statement": [statement]},
    }
    billing |= {"DefaultVersionId": "v7", "PolicyVersionList": [version]}
    file.write_text(json.dumps(policies))
    with ServerProcess(tmp_path, "--aws-managed-policies", str(file)) as server:
        iam = server.client()
        policy = iam.get_policy(PolicyArn=BILLING)["Policy"]
        assert (policy["DefaultVersionId"], policy["AttachmentCount"]) == ("v7", 1)
        versions = iam.list_policy_versions(PolicyArn=BILLING)["Versions"]
        assert [each["VersionId"] for each in versions] == ["v7"]
        assert server.client("iam", key["AccessKeyId"], key["SecretAccessKey"]).list_groups()["Groups"] == []
        server.stop()


def test_what_the_cli_prints_of_attached_policies_is_read_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "details.json"
    with ServerProcess(tmp_path) as server:
        iam = server.client()
        iam.create_group(GroupName="accountants")
        iam.attach_group_policy(GroupName="accountants", PolicyArn=BILLING)
        details = iam.get_account_authorization_details(Filter=["AWSManagedPolicy"])
        file.write_text(json.dumps(details, default=lambda time: time.isoformat()))
        server.stop()
    with ServerProcess(tmp_path, "--aws-managed-policies", str(file)) as server:
        assert server.client().get_policy(PolicyArn=BILLING)["Policy"]["AttachmentCount"] == 1
        server.stop()

"""The credential report as boto3 and a restarted server see it."""

import csv
import io
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.server.process import ACCOUNT_ID, ServerProcess


def test_a_report_outlives_the_server(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        iam = server.client()
        with pytest.raises(iam.exceptions.CredentialReportNotPresentException) as error:
            iam.get_credential_report()
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410
        iam.create_user(UserName="Bob")
        key = iam.create_access_key(UserName="Bob")["AccessKey"]
        bob = server.client(key_id=key["AccessKeyId"], secret=key["SecretAccessKey"])
        for operation in (bob.generate_credential_report, bob.get_credential_report):
            with pytest.raises(ClientError, match=r"on resource: \* because no identity-based policy allows"):
                operation()
        assert iam.generate_credential_report()["State"] == "STARTED"
        report = iam.get_credential_report()
        server.stop()
    with ServerProcess(tmp_path) as server:
        iam = server.client()
        assert iam.generate_credential_report()["State"] == "COMPLETE"
        again = iam.get_credential_report()
    assert (again["Content"], again["GeneratedTime"]) == (report["Content"], report["GeneratedTime"])
    root, user = csv.DictReader(io.StringIO(report["Content"].decode()))
    assert (root["user"], root["arn"]) == ("<root_account>", f"arn:aws:iam::{ACCOUNT_ID}:root")
    assert (root["access_key_1_active"], root["access_key_1_last_used_service"]) == ("true", "iam")
    assert (user["user"], user["access_key_1_last_used_service"]) == ("Bob", "iam")
    assert user["access_key_1_last_used_date"].endswith("+00:00")

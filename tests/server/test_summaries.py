"""Summaries of policies as boto3 sees them."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.server.process import ACCOUNT_ID, ServerProcess


def test_a_policy_is_told_in_words_to_who_may_ask(server: ServerProcess) -> None:
    root: Any = server.client()
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    arn = root.create_policy(PolicyName="Sends", PolicyDocument=document)["Policy"]["Arn"]
    answer = root.get_human_readable_summary(EntityArn=arn, Locale="ja")
    assert (answer["SummaryState"], answer["Locale"]) == ("AVAILABLE", "ja")
    assert answer["SummaryContent"] == "1. 許可: Amazon SQS (SendMessage). リソース: すべてのリソース."
    root.create_user(UserName="Bob")
    key = root.create_access_key(UserName="Bob")["AccessKey"]
    bob = server.client(key_id=key["AccessKeyId"], secret=key["SecretAccessKey"])
    with pytest.raises(ClientError) as error:
        bob.get_human_readable_summary(EntityArn=arn)
    assert error.value.response["Error"]["Message"] == (
        f"User: arn:aws:iam::{ACCOUNT_ID}:user/Bob is not authorized to perform: iam:GetHumanReadableSummary on "
        f"resource: {arn} because no identity-based policy allows the iam:GetHumanReadableSummary action"
    )

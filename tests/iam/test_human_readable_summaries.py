"""Policies in words: what is said of statements, in which languages, and of what there is nothing to say."""

import json
from typing import Any

import pytest

from iamd.account.directory import Directory
from iamd.account.records import ManagedPolicy, PolicyVersion
from iamd.iam.aws_managed import load_aws_managed_policies
from iamd.iam.human_readable_summaries import get_human_readable_summary
from iamd.iam.policy_summary import MAX_LENGTH, find_language, summarize
from tests.iam.world import ACCOUNT_ID, CREATED, World

LANGUAGES = ("de", "en", "es", "fr", "id", "it", "ja", "ko", "pt-BR", "zh-CN", "zh-TW")
POLICY = f"arn:aws:iam::{ACCOUNT_ID}:policy/team/Reads"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


READS = {"Effect": "Allow", "Action": ["s3:getobject", "S3:List*", "sqs:*"], "Resource": "*"}


@pytest.fixture
def world() -> World:
    world = World(directory=Directory(load_aws_managed_policies()))
    version = PolicyVersion(id="v1", document=document(READS), created=CREATED)
    world.put(
        ManagedPolicy(
            account_id=ACCOUNT_ID,
            name="Reads",
            path="/team/",
            id="ANPAREADS",
            created=CREATED,
            updated=CREATED,
            versions=(version,),
        )
    )
    return world


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        (READS, "Allows: Amazon S3 (GetObject, List*); all actions of Amazon SQS. Resources: all resources."),
        (
            {"Effect": "Deny", "Action": "*", "NotResource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]},
            "Denies: all actions of all services. Resources: everything except arn:aws:s3:::b, arn:aws:s3:::b/*.",
        ),
        (
            {
                "Effect": "Allow",
                "NotAction": ["iam:*", "app:DoIt"],
                "Resource": "arn:aws:s3:::b",
                "Condition": {
                    "StringEquals": {"aws:username": ["Bob", "Alice"]},
                    "Bool": {"aws:SecureTransport": True},
                },
            },
            "Allows: everything except all actions of AWS Identity and Access Management (IAM); app (DoIt). Resources: "
            "arn:aws:s3:::b. Only if: aws:username StringEquals Bob, Alice, aws:SecureTransport Bool true.",
        ),
    ],
)
def test_a_statement_is_a_line(statement: dict[str, Any], line: str) -> None:
    assert summarize([document(statement)], "en") == f"1. {line}"


def test_statements_are_counted_through_all_policies() -> None:
    single = json.dumps({"Version": "2012-10-17", "Statement": READS})
    lines = summarize([document(READS, READS), single], "de").split("\n")
    assert [line.split(" ")[0] for line in lines] == ["1.", "2.", "3."]
    assert (
        lines[2]
        == "3. Erlaubt: Amazon S3 (GetObject, List*); alle Aktionen von Amazon SQS. Ressourcen: alle Ressourcen."
    )


def test_a_long_policy_is_cut() -> None:
    many = summarize([document(*([READS] * 500))], "en").split("\n")
    assert many[-1] == f"Further statements: {500 - (len(many) - 1)}"
    assert many[-3].startswith(f"{len(many) - 2}. Allows: Amazon S3")
    assert many[-2].endswith("…")
    long = summarize([document({**READS, "Action": [f"s3:Get{number}" for number in range(3000)]}, READS)], "en")
    assert [line[:20] for line in long.split("\n")] == ["1. Allows: Amazon S3", "Further statements: "]
    assert all(len(text) <= MAX_LENGTH for text in ("\n".join(many), long))


@pytest.mark.parametrize("locale", LANGUAGES)
def test_every_language_says_the_same(world: World, locale: str) -> None:
    answer = world.run(get_human_readable_summary, EntityArn=POLICY, Locale=locale)
    assert (answer["SummaryState"], answer["Locale"]) == ("AVAILABLE", locale)
    assert "Amazon S3 (GetObject, List*)" in answer["SummaryContent"]
    english = world.run(get_human_readable_summary, EntityArn=POLICY)
    assert (english["Locale"], english["SummaryContent"]) == (
        "en",
        "1. Allows: Amazon S3 (GetObject, List*); all actions of Amazon SQS. Resources: all resources.",
    )
    assert (answer["SummaryContent"] == english["SummaryContent"]) == (locale == "en")


@pytest.mark.parametrize(
    ("locale", "language"), [("en-US", "en"), ("pt_BR", "pt-br"), ("ZH-cn", "zh-cn"), ("zh", None), ("tlh", None)]
)
def test_a_locale_leads_to_its_language(locale: str, language: str | None) -> None:
    assert find_language(locale) == language


def test_a_policy_of_awss_own_has_a_summary(world: World) -> None:
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    assert world.run(get_human_readable_summary, EntityArn=arn)["SummaryContent"] == (
        "1. Allows: all actions of all services. Resources: all resources."
    )


@pytest.mark.parametrize(
    ("arn", "locale"), [(f"arn:aws:iam::{ACCOUNT_ID}:user/Bob", "en"), (POLICY, "tlh"), (POLICY, "zh")]
)
def test_of_other_things_and_in_other_languages_there_is_none(world: World, arn: str, locale: str) -> None:
    assert world.run(get_human_readable_summary, EntityArn=arn, Locale=locale) == {
        "SummaryContent": "",
        "Locale": locale,
        "SummaryState": "NOT_SUPPORTED",
    }


@pytest.mark.parametrize(
    ("arn", "refusal"),
    [
        ("arn:aws:s3:::a-long-bucket-name", "InvalidInput: ARN arn:aws:s3:::a-long-bucket-name is not valid."),
        ("no ARN, though long enough", "InvalidInput: ARN no ARN, though long enough is not valid."),
        (
            f"arn:aws:iam::{ACCOUNT_ID}:policy/Reads",
            f"NoSuchEntity: Policy arn:aws:iam::{ACCOUNT_ID}:policy/Reads was not found.",
        ),
        (
            f"arn:aws:iam::{ACCOUNT_ID}:delegation-request/d-1",
            "NoSuchEntity: The delegation request with id d-1 cannot be found.",
        ),
    ],
)
def test_what_there_is_not_has_none(world: World, arn: str, refusal: str) -> None:
    assert world.refusal(get_human_readable_summary, EntityArn=arn) == refusal

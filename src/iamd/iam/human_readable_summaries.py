"""Summaries of entities in words, for people who are to decide about them.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetHumanReadableSummary.html
"""

from iamd.account.operation import Answer, Input
from iamd.account.state import Account
from iamd.arn import find_arn
from iamd.call import Call
from iamd.errors import InvalidInput, NoSuchEntity
from iamd.iam.delegation_requests import get_visible_request
from iamd.iam.managed_policies import is_policy_arn
from iamd.iam.policy_summary import find_language, summarize

DEFAULT_LOCALE = "en"


def get_human_readable_summary(account: Account, input: Input, call: Call) -> Answer:
    """What a delegation request asks for, by rule and not by a language model, so at once and always the same.

    AWS summarizes delegation requests alone; iamd managed policies too.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetHumanReadableSummary.html
    """
    arn, locale = input["EntityArn"], input.get("Locale", DEFAULT_LOCALE)
    parsed = find_arn(arn)
    if parsed is None or parsed.service != "iam":
        raise InvalidInput(f"ARN {arn} is not valid.")
    language = find_language(locale)
    if parsed.resource_type == "delegation-request":
        request = get_visible_request(account, parsed.name, call)
        if language is None:
            return {"SummaryContent": "", "Locale": locale, "SummaryState": "NOT_SUPPORTED"}, []
        return {
            "SummaryContent": summarize([request.policy], language),
            "Locale": locale,
            "SummaryState": "AVAILABLE",
        }, []
    if language is None or not is_policy_arn(arn):
        return {"SummaryContent": "", "Locale": locale, "SummaryState": "NOT_SUPPORTED"}, []
    policy = account.find_policy(arn)
    if policy is None:
        raise NoSuchEntity(f"Policy {arn} was not found.")
    content = summarize([policy.document], language)
    return {"SummaryContent": content, "Locale": locale, "SummaryState": "AVAILABLE"}, []

"""AssumeRoleForService: a session of a role that trusts a service, for a workload that an operator runs.

On AWS services assume such roles by themselves: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-service.html
"""

from collections.abc import Mapping
from typing import Final

from iamd.account.operation import Answer, Input
from iamd.account.state import Account
from iamd.arn import find_arn
from iamd.call import Call
from iamd.errors import InternalFailure, InvalidParameterValue
from iamd.sts.role_sessions import DEFAULT_DURATION, RoleSession, issue_role_session
from iamd.sts.sessions import session_attributes

# What sessions tell of where they were delivered, by the service that they were delivered through.
# https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-policies-for-amazon-ec2.html
_SOURCE_KEYS: Final = {"lambda.amazonaws.com": "lambda:sourcefunctionarn", "ec2.amazonaws.com": "ec2:sourceinstancearn"}


def assume_role_for_service(account: Account, input: Input, call: Call) -> Answer:
    """That the caller may do so, and that the role exists and trusts the service, is decided before.

    A session of a service lasts as long as the service asks: the role's MaxSessionDuration is for people.
    Raises InvalidParameterValue and MalformedPolicyDocument.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-settings.html#id_roles_update-session-duration
    """
    role = account.find_role_by_arn(input["RoleArn"])
    if role is None:
        raise InternalFailure("A role that does not exist was authorized.")
    _verify_source(input)
    session = RoleSession(
        role=role,
        name=input["RoleSessionName"],
        duration=input.get("DurationSeconds", DEFAULT_DURATION),
        attributes=session_attributes(account, input, None),
        federated_context=_source_context(input),
    )
    return issue_role_session(session, input, call), []


def _verify_source(input: Input) -> None:
    """SourceArn and SourceAccount say the same, or a trust policy that asks for one could be met with the other."""
    text, account_id = input.get("SourceArn"), input.get("SourceAccount")
    arn = None if text is None else find_arn(text)
    if text is not None and arn is None:
        raise InvalidParameterValue(f"SourceArn {text} is not an ARN.")
    if arn is not None and account_id is not None and arn.account_id not in ("", account_id):
        raise InvalidParameterValue(f"SourceArn {text} is not of the account {account_id}.")


def _source_context(input: Input) -> Mapping[str, str]:
    key = _SOURCE_KEYS.get(input["ServicePrincipal"])
    if key is None or "SourceArn" not in input:
        return {}
    context = {key: input["SourceArn"]}
    if key.startswith("ec2:"):
        context["ec2:roledelivery"] = "2.0"
    return context

"""The condition keys that policies ask for, and a simulation of them therefore needs.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForCustomPolicy.html
"""

from collections.abc import Iterable

from iamd.account.operation import Answer, Input
from iamd.account.state import Account
from iamd.call import Call
from iamd.errors import InvalidInput, MalformedPolicyDocument
from iamd.iam.policy_sources import find_boundary_source, find_policy_sources, get_identity
from iamd.policy import check_identity_policy, parse_policy, written_keys


def get_context_keys_for_custom_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForCustomPolicy.html"""
    return _answer(_verified(input))


def get_context_keys_for_principal_policy(account: Account, input: Input, call: Call) -> Answer:
    """The keys of the entity's policies, its groups' and its permissions boundary, and of those sent besides.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForPrincipalPolicy.html
    """
    identity = get_identity(account, input["PolicySourceArn"])
    sources = find_policy_sources(account, identity)
    boundary = find_boundary_source(account, identity)
    if boundary is not None:
        sources.append(boundary)
    return _answer([*(source.document for source in sources), *_verified(input)])


def _verified(input: Input) -> list[str]:
    documents: list[str] = input.get("PolicyInputList", [])
    for document in documents:
        try:
            check_identity_policy(document, managed=False)
        except MalformedPolicyDocument as error:
            raise InvalidInput(error.message) from None
    return documents


def _answer(documents: Iterable[str]) -> Answer:
    """Each key once, whatever its case, as it is first written and in the order of the policies."""
    found: dict[str, str] = {}
    for document in documents:
        for key in written_keys(parse_policy(document)):
            found.setdefault(key.lower(), key)
    return {"ContextKeyNames": list(found.values())}, []

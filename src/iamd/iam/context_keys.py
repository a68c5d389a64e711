"""The condition keys that policies ask for, and a simulation of them therefore needs.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForCustomPolicy.html
"""

from collections.abc import Iterable, Sequence

from iamd.account.operation import Answer, Input
from iamd.account.state import Account
from iamd.call import Call
from iamd.iam.policy_sources import (
    READ_AT_ONCE,
    find_boundary_source,
    find_policy_sources,
    get_identity,
    verify_documents,
)
from iamd.policy import Policy, check_identity_policy, parse_policy, written_keys


def get_context_keys_for_custom_policy(account: Account, input: Input, call: Call) -> Answer:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForCustomPolicy.html"""
    return _answer(_verified(input, call), call)


def get_context_keys_for_principal_policy(account: Account, input: Input, call: Call) -> Answer:
    """The keys of the entity's policies, its groups' and its permissions boundary, and of those sent besides.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForPrincipalPolicy.html
    """
    identity = get_identity(account, input["PolicySourceArn"])
    sources = find_policy_sources(account, identity)
    boundary = find_boundary_source(account, identity)
    if boundary is not None:
        sources.append(boundary)
    return _answer([*(source.document for source in sources), *_verified(input, call)], call)


def _verified(input: Input, call: Call) -> list[str]:
    documents: list[str] = input.get("PolicyInputList", [])
    verify_documents(call, _check, documents)
    return documents


def _check(document: str) -> Policy:
    return check_identity_policy(document, managed=False)


def _answer(documents: Sequence[str], call: Call) -> Answer:
    """Each key once, whatever its case, as it is first written and in the order of the policies."""
    much = sum(map(len, documents)) > READ_AT_ONCE
    keys = call.compute_alone(_find_keys, tuple(documents)) if much else _find_keys(documents)
    return {"ContextKeyNames": keys}, []


def _find_keys(documents: Iterable[str]) -> list[str]:
    found: dict[str, str] = {}
    for document in documents:
        for key in written_keys(parse_policy(document)):
            found.setdefault(key.lower(), key)
    return list(found.values())

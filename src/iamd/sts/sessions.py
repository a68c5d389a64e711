"""What every operation that issues credentials shares: session policies, session tags, and the credentials themselves.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
"""

from typing import Any

from iamd.account.ids import TEMPORARY_ACCESS_KEY
from iamd.account.operation import Input
from iamd.account.state import Account
from iamd.authentication.session_token import (
    MAX_PACKED,
    SessionAttributes,
    SessionCredential,
    pack,
    seal_session_token,
)
from iamd.call import Call, Session
from iamd.errors import InvalidParameterValue, PackedPolicyTooLarge
from iamd.policy import check_session_policy

MAX_POLICIES = 2_048  # characters of the inline policy and the ARNs together


def session_attributes(account: Account, input: Input, inherited: Session | None) -> SessionAttributes:
    """The policies and tags that a request gives a session in ``account``, with the tags that it inherits.

    ``inherited`` is the calling session if its transitive tags are handed on. Raises InvalidParameterValue and
    MalformedPolicyDocument.
    """
    tags, transitive_tag_keys = _tags(input, inherited)
    policy = input.get("Policy")
    if policy is not None:
        check_session_policy(policy)
    arns = tuple(dict.fromkeys(descriptor.get("arn", "") for descriptor in input.get("PolicyArns", ())))
    for arn in arns:
        if account.find_policy(arn) is None:
            raise InvalidParameterValue(f"Policy {arn} does not exist or is not attachable.")
    return SessionAttributes(policy, arns, tags, transitive_tag_keys)


def pack_attributes(attributes: SessionAttributes) -> tuple[bytes, int]:
    """The attributes as the token holds them, and how many percent they take of what there is room for.

    AWS has not told how it packs; the figures here are those of what iamd packs, and of the characters of the policies.
    Raises PackedPolicyTooLarge.
    """
    packed = pack(attributes)
    characters = len(attributes.policy or "") + sum(map(len, attributes.policy_arns))
    percent = max(100 * len(packed) // MAX_PACKED, 100 * characters // MAX_POLICIES if characters > MAX_POLICIES else 0)
    if percent > 100 or characters > MAX_POLICIES:
        raise PackedPolicyTooLarge(
            f"Packed policy consumes {max(percent, 101)}% of allotted space, please use smaller policy."
        )
    return packed, percent


def issue(credential: SessionCredential, input: Input, call: Call) -> dict[str, Any]:
    """The member ``Credentials`` of an answer: a fresh access key id, and the session token that binds to it."""
    access_key_id = call.new_access_key_id(TEMPORARY_ACCESS_KEY, credential.account_id)
    token = seal_session_token(credential, access_key_id, call.sealer, input.get("MinimumSessionTokenSize", 0))
    return {
        "AccessKeyId": access_key_id,
        "SecretAccessKey": credential.secret_access_key,
        "SessionToken": token,
        "Expiration": credential.expires,
    }


def _tags(input: Input, inherited: Session | None) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """The session's tags, inherited ones first, and the keys of those it hands on. The case of keys does not count."""
    if inherited is None and not input.keys() & {"Tags", "TransitiveTagKeys"}:
        return (), ()
    kept = {} if inherited is None else {key.lower(): key for key in inherited.transitive_tag_keys}
    passed = {tag["Key"].lower(): (tag["Key"], tag["Value"]) for tag in input.get("Tags", ())}
    if len(passed) != len(input.get("Tags", ())):
        raise InvalidParameterValue("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if any(key.startswith("aws:") for key in passed):
        raise InvalidParameterValue("aws: prefixed tag key names are not allowed for external use.")
    if not kept.keys().isdisjoint(passed):
        raise InvalidParameterValue(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from "
            "the calling session."
        )
    transitive = {key.lower(): key for key in input.get("TransitiveTagKeys", ())}
    if not transitive.keys() <= passed.keys():
        raise InvalidParameterValue("The specified transitive tag key must be included in the requested tags.")
    handed_on = (
        () if inherited is None else tuple((key, value) for key, value in inherited.tags.items() if key.lower() in kept)
    )
    return (*handed_on, *passed.values()), (*kept.values(), *(passed[key][0] for key in transitive))

"""Tags of any entity: check, add, replace, remove and list them.

The keys of users' and roles' tags are compared whatever their case, all other entities' keys exactly: ``fold_case``.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from iamd.account.operation import Input
from iamd.account.records import Tags
from iamd.call import Call
from iamd.errors import InvalidInput, LimitExceeded
from iamd.iam.pagination import MAX_KEY_BYTES, paginate

MAX_TAGS = 50  # of one entity; AWS raises it for nobody

TagList = Sequence[Mapping[str, str]]  # [{"Key": …, "Value": …}], the shape tagListType


def with_tags(tags: Tags, added: TagList, *, fold_case: bool) -> Tags:
    """``tags`` with ``added``: a key that is there takes the new value and spelling in its place, others follow.

    For a new entity ``tags`` is ``()``. All or nothing: raises InvalidInput for a key that is reserved or comes twice
    in ``added``, LimitExceeded if there would be more than 50 tags.
    """
    identity = _identity(fold_case)
    fresh = {identity(tag["Key"]): (tag["Key"], tag["Value"]) for tag in added}
    if len(fresh) != len(added):
        hint = " Please note that Tag keys are case insensitive." if fold_case else ""
        raise InvalidInput(f"Duplicate tag keys found.{hint}")
    if any(tag["Key"].lower().startswith("aws:") for tag in added):
        raise InvalidInput("aws: prefixed tag key names are not allowed for external use.")
    result = {identity(key): (key, value) for key, value in tags} | fresh
    if len(result) > MAX_TAGS:
        raise LimitExceeded("The number of tags has reached the maximum limit.")
    return tuple(result.values())


def without_tags(tags: Tags, keys: Iterable[str], *, fold_case: bool) -> Tags:
    """``tags`` but those with ``keys``; keys that are not there do not matter."""
    identity = _identity(fold_case)
    removed = {identity(key) for key in keys}
    return tuple((key, value) for key, value in tags if identity(key) not in removed)


def tags_answer(tags: Tags) -> list[dict[str, str]]:
    """``tags`` as the member ``Tags`` of an answer, in their stored order."""
    return [{"Key": key, "Value": value} for key, value in tags]


def tags_page(tags: Tags, input: Input, call: Call) -> dict[str, Any]:
    """The whole answer of a List…Tags operation: one page of ``tags``, sorted by key."""
    page, more = paginate(sorted(tags, key=_order), input, call, _order)
    return {"Tags": tags_answer(tuple(page)), **more}


def page_key(key: str) -> str:
    """What a tag key is ordered by: itself, or if it is too long for a marker its beginning and a digest."""
    if len(key.encode()) <= MAX_KEY_BYTES - 3:
        return key
    return key[:40] + hashlib.sha256(key.encode()).hexdigest()[:32]


def _order(tag: tuple[str, str]) -> str:
    return page_key(tag[0])


def _identity(fold_case: bool) -> Callable[[str], str]:
    return str.lower if fold_case else str

"""NextToken and MaxResults: how the lists of Service Quotas are cut into pages."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, TypeVar

from iamd.account.operation import Input
from iamd.call import Call, SealBroken
from iamd.errors import InvalidPaginationTokenException

T = TypeVar("T")

DEFAULT_MAX_RESULTS = 100


def paginate(items: Iterable[T], input: Input, call: Call, key: Callable[[T], str]) -> tuple[list[T], dict[str, Any]]:
    """One page of ``items``, and the member ``NextToken`` of the answer if there are more.

    ``items`` are in ascending order of ``key``. INVARIANT: a token holds the key of the last item shown, sealed and
    bound to account and operation. Raises InvalidPaginationTokenException for any other.
    """
    context = f"marker/{call.caller.account_id}/{call.service}/{call.operation}"
    last = ""
    if "NextToken" in input:
        try:
            last = call.sealer.unseal(input["NextToken"], context).decode()
        except SealBroken:
            raise InvalidPaginationTokenException("Invalid NextToken.") from None
    rest = (item for item in items if key(item) > last)
    page = list(islice(rest, input.get("MaxResults", DEFAULT_MAX_RESULTS)))
    if page and next(rest, None) is not None:
        return page, {"NextToken": call.sealer.seal(key(page[-1]).encode(), context)}
    return page, {}

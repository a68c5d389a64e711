"""Marker, MaxItems and IsTruncated: how every list operation is cut into pages.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from iamd.account.operation import Input
from iamd.account.records import Record
from iamd.account.tables import Table
from iamd.call import Call, SealBroken
from iamd.errors import ValidationError

R = TypeVar("R", bound=Record)
T = TypeVar("T")

DEFAULT_MAX_ITEMS = 100
MAX_KEY_BYTES = 195  # of UTF-8: what fits into a marker of 320 characters


def paginate_records(
    table: Table[R], input: Input, call: Call, keep: Callable[[R], bool] | None = None
) -> tuple[list[R], dict[str, Any]]:
    """One page of a table, in key order, of the records that ``keep`` accepts (default: all).

    See ``paginate`` for what is returned and raised.
    """
    records = table.after(_read_marker(input, call))
    return _page(filter(keep, records) if keep else records, input, call, lambda record: record.key)


def paginate(items: Iterable[T], input: Input, call: Call, key: Callable[[T], str]) -> tuple[list[T], dict[str, Any]]:
    """One page of ``items``, and the members ``IsTruncated`` and ``Marker`` of the answer.

    ``items`` must be in ascending order of ``key``, which must not be empty and has at most ``MAX_KEY_BYTES``.
    INVARIANT: a marker holds the key of the last item shown, so items that come or go between two pages neither repeat
    nor hide others. It is sealed, bound to account and operation. Raises ValidationError for any other marker.
    """
    last = _read_marker(input, call)
    return _page((item for item in items if key(item) > last), input, call, key)


def _page(items: Iterator[T], input: Input, call: Call, key: Callable[[T], str]) -> tuple[list[T], dict[str, Any]]:
    page = list(islice(items, input.get("MaxItems", DEFAULT_MAX_ITEMS)))
    if page and next(items, None) is not None:
        return page, {"IsTruncated": True, "Marker": call.sealer.seal(key(page[-1]).encode(), _context(call))}
    return page, {"IsTruncated": False}


def _read_marker(input: Input, call: Call) -> str:
    """The key of the last item shown before, or the empty string at the start."""
    if "Marker" not in input:
        return ""
    try:
        return call.sealer.unseal(input["Marker"], _context(call)).decode()
    except SealBroken:
        raise ValidationError("Invalid Marker.") from None


def _context(call: Call) -> str:
    return f"marker/{call.caller.account_id}/{call.operation}"

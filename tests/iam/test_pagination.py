"""Pages: MaxItems, markers that hold the last key, and markers that are refused."""

from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iamd.account.records import Group
from iamd.errors import ValidationError
from iamd.iam.pagination import MAX_KEY_BYTES, paginate, paginate_records
from tests.iam.world import OTHER_ACCOUNT_ID, World

LETTERS = list(ascii_lowercase)


def group(name: str, path: str = "/") -> Group:
    return Group(account_id="123456789012", name=name, path=path, id=f"AGPA{name}", created=0)


def pages(world: World, items: list[str], size: int) -> list[list[str]]:
    found: list[list[str]] = []
    marker: dict[str, str] = {}
    while True:
        page, more = paginate(items, {"MaxItems": size, **marker}, world.call("ListGroups"), str)
        found.append(page)
        if not more["IsTruncated"]:
            assert "Marker" not in more
            return found
        marker = {"Marker": more["Marker"]}


def test_a_page_holds_100_items_by_default(world: World) -> None:
    items = [f"{number:04}" for number in range(101)]
    page, more = paginate(items, {}, world.call("ListGroups"), str)
    assert page == items[:100]
    assert more["IsTruncated"] is True


def test_the_last_page_has_no_marker(world: World) -> None:
    assert paginate(LETTERS, {"MaxItems": 26}, world.call("ListGroups"), str) == (LETTERS, {"IsTruncated": False})
    assert paginate([], {}, world.call("ListGroups"), str) == ([], {"IsTruncated": False})


@given(st.sets(st.text(min_size=1, max_size=4)), st.integers(1, 10))
def test_pages_together_hold_every_item_once(items: set[str], size: int) -> None:
    found = pages(World(), sorted(items), size)
    assert [item for page in found for item in page] == sorted(items)
    assert all(len(page) == size for page in found[:-1])


def test_items_that_come_and_go_between_pages_neither_repeat_nor_hide_others(world: World) -> None:
    call = world.call("ListGroups")
    world.put(*(group(name) for name in "bdfh"))
    page, more = paginate_records(world.account.groups, {"MaxItems": 2}, call)
    assert [record.name for record in page] == ["b", "d"]
    world.account._tables["group"]._remove("d")
    world.put(group("A"), group("e"))
    page, more = paginate_records(world.account.groups, {"Marker": more["Marker"]}, call)
    assert [record.name for record in page] == ["e", "f", "h"]


def test_a_page_is_filled_with_the_records_that_are_kept(world: World) -> None:
    world.put(*(group(name, "/even/" if index % 2 else "/odd/") for index, name in enumerate(LETTERS)))
    page, more = paginate_records(
        world.account.groups, {"MaxItems": 3}, world.call("ListGroups"), lambda record: record.path == "/even/"
    )
    assert [record.name for record in page] == ["b", "d", "f"]
    assert more["IsTruncated"] is True


def test_a_marker_fits_its_constraint_whatever_the_key(world: World) -> None:
    _, more = paginate(["x" * MAX_KEY_BYTES, "y"], {"MaxItems": 1}, world.call("GetAccountAuthorizationDetails"), str)
    assert len(more["Marker"]) <= 320


@pytest.mark.parametrize(
    "change",
    [
        lambda marker: marker[:-5] + ("A" if marker[-5] != "A" else "B") + marker[-4:],
        lambda marker: marker[:8],
        lambda marker: marker + marker,
        lambda _: "1",
        lambda _: "ÿ",
    ],
)
def test_a_changed_marker_is_refused(world: World, change) -> None:
    call = world.call("ListGroups")
    _, more = paginate(LETTERS, {"MaxItems": 1}, call, str)
    with pytest.raises(ValidationError, match=r"^Invalid Marker\.$"):
        paginate(LETTERS, {"Marker": change(more["Marker"])}, call, str)


def test_a_marker_is_bound_to_its_operation_and_account(world: World) -> None:
    _, more = paginate(LETTERS, {"MaxItems": 1}, world.call("ListGroups"), str)
    for call in (world.call("ListUsers"), World(OTHER_ACCOUNT_ID).call("ListGroups")):
        with pytest.raises(ValidationError, match=r"^Invalid Marker\.$"):
            paginate(LETTERS, more, call, str)

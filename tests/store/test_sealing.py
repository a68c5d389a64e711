"""Sealed secrets open with the right key and context only, and the store never holds what opens them."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iamd.call import SealBroken
from iamd.store.interface import Store
from iamd.store.layout import DATA_KEY_PREFIX
from iamd.store.master_keys import MasterKey, MasterKeyError, MasterKeys, new_master_keys
from iamd.store.sealing import KeyRing, add_data_key, open_key_ring, rewrap_data_keys
from iamd.store.sqlite import SQLiteStore
from tests.store.contract import put, read_all

SECRET = b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
CONTEXT = "AKIAIOSFODNN7EXAMPLE"


def with_store(test: Callable[[Store], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        async def in_loop() -> None:
            store = SQLiteStore()
            await store.open()
            await test(store)
            await store.close()

        asyncio.run(in_loop())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


def new_ring() -> KeyRing:
    async def make() -> KeyRing:
        store = SQLiteStore()
        await store.open()
        ring = await open_key_ring(store, new_master_keys())
        await store.close()
        return ring

    return asyncio.run(make())


RING = new_ring()


@settings(deadline=None)
@given(st.binary(max_size=300), st.text(max_size=50))
def test_what_is_sealed_opens_in_its_context(secret: bytes, context: str) -> None:
    assert RING.unseal(RING.seal(secret, context), context) == secret


@settings(deadline=None)
@given(st.binary(max_size=60), st.data())
def test_no_character_of_a_sealed_text_can_be_changed(secret: bytes, data: st.DataObject) -> None:
    sealed = RING.seal(secret, CONTEXT)
    place = data.draw(st.integers(0, len(sealed) - 1))
    changed = sealed[:place] + data.draw(st.characters().filter(lambda c: c != sealed[place])) + sealed[place + 1 :]
    with pytest.raises(SealBroken):
        RING.unseal(changed, CONTEXT)


@pytest.mark.parametrize("sealed", ["", ".", "1", "1.", "1.AAAA", "2.AAAA", "1.\n", "1.====", "1." + "A" * 2000, "é.é"])
def test_what_was_never_sealed_is_refused(sealed: str) -> None:
    with pytest.raises(SealBroken):
        RING.unseal(sealed, CONTEXT)


def test_a_sealed_text_does_not_open_in_another_context() -> None:
    sealed = RING.seal(SECRET, CONTEXT)
    with pytest.raises(SealBroken, match=r"^The sealed text, or what it belongs to, was changed\.$"):
        RING.unseal(sealed, "AKIAI44QH8DHBEXAMPLE")


def test_a_sealed_text_does_not_open_with_another_stores_keys() -> None:
    with pytest.raises(SealBroken):
        new_ring().unseal(RING.seal(SECRET, CONTEXT), CONTEXT)


def test_the_same_secret_is_never_sealed_alike() -> None:
    assert len({RING.seal(SECRET, CONTEXT) for _ in range(100)}) == 100


def test_sealed_text_is_short_and_names_its_data_key() -> None:
    sealed = RING.seal(SECRET, CONTEXT)
    assert (sealed[:2], len(sealed)) == ("1.", 94)


@with_store
async def test_every_process_opens_what_another_sealed(store: Store) -> None:
    master_keys = new_master_keys()
    one, other = await asyncio.gather(open_key_ring(store, master_keys), open_key_ring(store, master_keys))
    assert list(await read_all(store, DATA_KEY_PREFIX)) == ["meta/data-key/1"]
    assert other.unseal(one.seal(SECRET, CONTEXT), CONTEXT) == SECRET


@with_store
async def test_the_wrong_master_key_is_refused_at_the_start(store: Store) -> None:
    right, wrong = new_master_keys(), new_master_keys()
    await open_key_ring(store, right)
    with pytest.raises(MasterKeyError) as refusal:
        await open_key_ring(store, wrong)
    assert str(refusal.value) == (
        f"The master key given (id {wrong.current.id}) is not the one that the store's secrets are sealed with "
        f"(id {right.current.id}): give that one."
    )


@with_store
async def test_a_data_key_that_was_changed_is_refused_at_the_start(store: Store) -> None:
    master_keys = new_master_keys()
    await open_key_ring(store, master_keys)
    [(key, item)] = (await read_all(store, DATA_KEY_PREFIX)).items()
    stored = json.loads(item.value)
    wrapped = bytearray(base64.b64decode(stored["wrapped"]))
    wrapped[20] ^= 1
    await store.commit(put({key: json.dumps(stored | {"wrapped": base64.b64encode(wrapped).decode()}).encode()}))
    with pytest.raises(MasterKeyError, match=r"^The store's data key 1 was changed: restore a backup\.$"):
        await open_key_ring(store, master_keys)


@with_store
async def test_a_new_data_key_seals_and_the_old_one_goes_on_opening(store: Store) -> None:
    master_keys = new_master_keys()
    ring, other = await open_key_ring(store, master_keys), await open_key_ring(store, master_keys)
    old = ring.seal(SECRET, CONTEXT)
    assert await add_data_key(store, ring) == "2"
    new = ring.seal(SECRET, CONTEXT)
    assert new.startswith("2.")
    assert [ring.unseal(sealed, CONTEXT) for sealed in (old, new)] == [SECRET, SECRET]
    with pytest.raises(SealBroken, match=r"^The data key that this was sealed with is not known\.$"):
        other.unseal(new, CONTEXT)
    for key, item in (await read_all(store, DATA_KEY_PREFIX)).items():
        other.hear(key, item.value)
    assert [other.unseal(sealed, CONTEXT) for sealed in (old, new)] == [SECRET, SECRET]
    assert other.seal(SECRET, CONTEXT).startswith("2.")


@with_store
async def test_data_keys_are_numbered_beyond_nine(store: Store) -> None:
    master_keys = new_master_keys()
    ring = await open_key_ring(store, master_keys)
    assert [await add_data_key(store, ring) for _ in range(10)] == [str(number) for number in range(2, 12)]
    assert (await open_key_ring(store, master_keys)).seal(SECRET, CONTEXT).startswith("11.")


@with_store
async def test_a_new_master_key_takes_over_and_the_old_one_is_needed_no_more(store: Store) -> None:
    old, new = new_master_keys(), new_master_keys()
    ring = await open_key_ring(store, old)
    await add_data_key(store, ring)
    sealed = ring.seal(SECRET, CONTEXT)
    both = MasterKeys(new.current, (old.current,))
    assert (await open_key_ring(store, both)).unseal(sealed, CONTEXT) == SECRET  # before anything is wrapped anew
    assert await rewrap_data_keys(store, both) == 2
    assert await rewrap_data_keys(store, both) == 0
    assert (await open_key_ring(store, new)).unseal(sealed, CONTEXT) == SECRET
    with pytest.raises(MasterKeyError):
        await open_key_ring(store, old)
    with pytest.raises(MasterKeyError):
        await rewrap_data_keys(store, old)


@with_store
async def test_a_data_key_of_an_unknown_master_key_is_left_aside(store: Store) -> None:
    old, new = new_master_keys(), new_master_keys()
    ring = await open_key_ring(store, old)
    await rewrap_data_keys(store, MasterKeys(new.current, (old.current,)))
    await add_data_key(store, await open_key_ring(store, new))
    for key, item in (await read_all(store, DATA_KEY_PREFIX)).items():
        ring.hear(key, item.value)
    assert ring.unseal(ring.seal(SECRET, CONTEXT), CONTEXT) == SECRET


def test_nothing_secret_is_shown() -> None:
    key = MasterKey(b"\x01" * 32)
    assert repr(MasterKeys(key, (key,))) == f"MasterKeys(current=MasterKey({key.id}), earlier=(MasterKey({key.id}),))"
    assert key.id == "a09c9240974c76e9"
    assert repr(RING) == "KeyRing(1 data keys)"


def test_no_file_of_the_store_holds_what_was_sealed(tmp_path: Path) -> None:
    async def test() -> None:
        store = SQLiteStore(tmp_path / "iamd.db")
        await store.open()
        master_keys = new_master_keys()
        ring = await open_key_ring(store, master_keys)
        secrets = [SECRET + b"%d" % number for number in range(50)]
        for number, secret in enumerate(secrets):
            await store.commit(put({f"k{number}": ring.seal(secret, str(number)).encode()}))
        hidden = [*secrets, master_keys.current.secret]
        for closed in (False, True):
            content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
            for secret in hidden:
                assert secret not in content
                assert base64.b64encode(secret)[:40] not in content
                assert secret.hex().encode() not in content
            if not closed:
                await store.close()

    asyncio.run(test())

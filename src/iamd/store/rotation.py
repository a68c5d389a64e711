"""Rotation of the master key while servers use the store: afterwards the earlier one opens nothing that comes.

``docs/operations.md`` tells operators what it does for them, and what it does not.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from iamd.store.interface import Store
from iamd.store.master_keys import (
    MasterKeyError,
    MasterKeys,
    keep_master_key_file,
    load_master_keys,
    new_master_keys,
    write_master_key_file,
)
from iamd.store.sealing import add_data_key, open_key_ring, rewrap_data_keys


class Rotation(NamedTuple):
    """What a rotation did."""

    master_key_id: str  # of the one now in force
    data_keys: int  # how many it wraps
    kept: tuple[Path, ...]  # files with the earlier master keys, which backups made before need


async def rotate_master_key(store: Store, source: str) -> Rotation:
    """Wrap the data keys with a new master key, add a data key that seals from now on, and forget the old wrappings.

    ``source`` is as in ``load_master_keys``. A file gets a new master key here; other sources must give it already,
    the earlier one below it. Raises MasterKeyError, Unavailable. After a failure at any point the source opens the
    store as before, and the rotation can be run again.
    """
    if not source.startswith("file:"):
        master_keys = load_master_keys(source)
        if not master_keys.earlier:
            raise MasterKeyError(
                f"The master key comes from {source}, where iamd cannot put another. Let it give two lines, a new key "
                "(head -c 32 /dev/urandom | base64) and below it the present one; restart every server of this store; "
                "then run this again."
            )
        return Rotation(master_keys.current.id, await _take_over(store, source, master_keys), ())
    path = Path(source.removeprefix("file:"))
    with _alone(path):
        present = load_master_keys(source)
        await open_key_ring(store, present)  # or it is not this store's key, and must not be replaced
        earlier = (present.current, *present.earlier)
        kept = tuple(keep_master_key_file(path, key) for key in earlier)
        both = MasterKeys(new_master_keys().current, earlier)
        # INVARIANT: at each moment the file opens whatever the store holds, for servers that start meanwhile.
        write_master_key_file(path, both)
        count = await _take_over(store, source, both)
        write_master_key_file(path, MasterKeys(both.current))
    return Rotation(both.current.id, count, kept)


async def _take_over(store: Store, source: str, master_keys: MasterKeys) -> int:
    """How many data keys the current master key, and no other, wraps now."""
    ring = await open_key_ring(store, source)
    await add_data_key(store, ring)
    await rewrap_data_keys(store, master_keys)
    # The log still has the data keys as the earlier master keys wrap them.
    _, head = await store.head()
    await store.compact(head)
    alone = await open_key_ring(store, MasterKeys(master_keys.current))
    return alone.data_keys


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Nobody else rotates this file: of two at once, one would throw away the key that the other has just used."""
    try:
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise MasterKeyError(
            f"The directory of the master key, {path.parent}, cannot be read: {error.strerror}."
        ) from None
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise MasterKeyError("Another process is rotating this master key.") from None
    else:
        yield
    finally:
        os.close(directory)

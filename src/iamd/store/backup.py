"""Backup and restore of a SQLite store while it is in use, each compared with what it was made from."""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple, TypeAlias

import apsw

from iamd.store.database import Database, create_file, explain, sync_directory
from iamd.store.interface import Revision, Unavailable
from iamd.store.migrations import find_version, migrate

COPY_PAGES = 2000  # between two reports of progress

Progress: TypeAlias = Callable[[int, int], None]  # pages copied, and of how many


class BackupError(Exception):
    """There is no backup, or nothing was restored. The message says why, for people."""


class StoreExists(BackupError):
    """There is something where a backup was to be restored."""


class Backup(NamedTuple):
    """What was backed up or restored."""

    epoch: str
    revision: Revision
    size: int  # bytes of the file


def _no_progress(done: int, total: int) -> None:
    return


async def back_up(database: Path, destination: Path, progress: Progress = _no_progress) -> Backup:
    """Copy the store in ``database``, as it is at one moment, to the new file ``destination``, and compare the two.

    The store may be in use. Secrets in the copy stay sealed; it opens with the master key of the store, which it does
    not hold. Raises BackupError; ``destination`` is there if and only if it is whole.
    """
    return await asyncio.to_thread(_back_up, database, destination, progress)


async def restore(backup: Path, database: Path, *, force: bool = False, progress: Progress = _no_progress) -> Backup:
    """Make the store in ``database`` what ``backup`` holds, under a new epoch, and compare the two.

    A backup of an older schema is migrated. A store that holds anything is only replaced with ``force``; that happens
    in one transaction, and processes that use it read everything anew. Raises BackupError, with nothing changed.
    """
    return await asyncio.to_thread(_restore, backup, database, force, progress)


def verify_new(destination: Path) -> None:
    """Raise BackupError if there is a file of that name."""
    if destination.exists():
        raise BackupError(f"{destination} exists, and a backup overwrites nothing: name another file.")


def _back_up(path: Path, destination: Path, progress: Progress) -> Backup:
    if not path.exists():
        raise BackupError(f"There is no store {path}.")
    verify_new(destination)
    with _explaining(path), _aside(destination) as aside:
        with closing(Database(path, name=str(path))) as source, closing(Database(aside)) as copy:
            source.prepare_to_read()
            source.begin_read()
            _copy(source, copy, progress)
            _verify(copy, source)
            copy.connection.execute("PRAGMA journal_mode = DELETE")  # one file, that read-only disks can hold too
            backup = Backup(copy.epoch(), copy.head(), aside.stat().st_size)
        aside.rename(destination)
        sync_directory(destination.parent)
    return backup


def _restore(backup: Path, path: Path, force: bool, progress: Progress) -> Backup:
    if not backup.exists():
        raise BackupError(f"There is no backup {backup}.")
    if path.exists() and not force:
        with _explaining(path), closing(Database(path, name=str(path))) as old:
            if find_version(old.connection, str(path)) and old.head():
                raise StoreExists(f"{path} holds a store: restoring would replace all that is in it.")
    with _aside(path) as aside, closing(Database(aside)) as restored:
        _take_in(backup, restored, progress)
        with _explaining(path):
            restored.begin_write()
            restored.set_property("epoch", secrets.token_hex(16))
            restored.commit()
            create_file(path)
            with closing(Database(path)) as database:
                _copy(restored, database, progress)
                _verify(database, restored)
            return Backup(restored.epoch(), restored.head(), aside.stat().st_size)


def unpack(backup: Path, file: Path, progress: Progress = _no_progress) -> None:
    """Make the new file ``file`` a store of the newest schema with all that ``backup`` holds. Raises BackupError."""
    if not backup.exists():
        raise BackupError(f"There is no backup {backup}.")
    create_file(file)
    with closing(Database(file)) as unpacked:
        _take_in(backup, unpacked, progress)


def _take_in(backup: Path, copy: Database, progress: Progress) -> None:
    with _explaining(backup), closing(Database(backup, name=str(backup))) as source:
        if not find_version(source.connection, str(backup)):
            raise BackupError(f"{backup} is empty.")
        source.begin_read()
        _copy(source, copy, progress)
        migrate(copy.connection, str(backup))
        _verify(copy, source)


def _copy(source: Database, copy: Database, progress: Progress) -> None:
    with copy.connection.backup("main", source.connection, "main") as job:
        while not job.done:
            job.step(COPY_PAGES)
            progress(job.page_count - job.remaining, job.page_count)


def _verify(copy: Database, source: Database) -> None:
    """Raise BackupError unless the copy is in order and has every entry that the source has.

    It may have later ones: a store that is restored while in use is written to at once.
    """
    finding = next(copy.findings(), None)
    if finding is not None:
        raise BackupError(f"What was copied is not in order, so the original hardly is: {finding}")
    last = source.connection.execute("SELECT max(id) FROM entry").get
    entries = "SELECT * FROM entry WHERE id <= ? ORDER BY id"
    for original, copied in zip_longest(
        source.connection.execute(entries, (last,)), copy.connection.execute(entries, (last,))
    ):
        if original != copied:
            raise BackupError("The copy differs from the original.")


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """A new database file beside ``path``, gone at the end unless it was given another name."""
    aside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    create_file(aside)
    try:
        yield aside
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def _explaining(path: Path) -> Iterator[None]:
    try:
        yield
    except (apsw.Error, OSError) as error:
        raise BackupError(explain(error, str(path))) from error
    except Unavailable as error:
        raise BackupError(str(error)) from error

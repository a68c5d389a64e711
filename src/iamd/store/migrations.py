"""The schema of a SQLite store, and how a file of an older version becomes one of the newest.

The version stands in the file (``PRAGMA user_version``). A new version is a new step at the end of ``STEPS``; steps
that were ever released do not change. A file of a newer version than these steps lead to is refused, never guessed at.
"""

import apsw

from iamd.store.interface import Unavailable

APPLICATION_ID = 0x69616D64  # "iamd": marks the file as a store

# entry is the log: one row for each key that a commit put or, with no value, deleted. Its id holds the revision and,
# in the lowest 16 bits, the place within the commit, so that the log needs no index but itself. item leads from a key
# to the entry that holds its current value; each value is stored once.
STEPS: tuple[str, ...] = (
    """
    CREATE TABLE entry (id INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB) STRICT;
    CREATE TABLE item (key TEXT PRIMARY KEY, entry INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE property (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO property VALUES ('epoch', lower(hex(randomblob(16)))), ('compacted', 0);
    """,
)

VERSION = len(STEPS)


def find_version(connection: apsw.Connection, name: str) -> int:
    """The file's schema version, 0 for an empty file. ``name`` is what people call the file. Writes nothing.

    Raises Unavailable if the file is another program's database.
    """
    version = connection.pragma("user_version")
    if connection.pragma("application_id") != APPLICATION_ID:
        if version or connection.execute("SELECT count(*) FROM sqlite_schema").get:
            raise Unavailable(f"{name} is a database of another program, not a store of iamd.")
        return 0
    return int(version)


def migrate(connection: apsw.Connection, name: str, steps: tuple[str, ...] = STEPS) -> None:
    """Bring the file to the schema version that ``steps`` lead to; all of it happens or nothing.

    Raises Unavailable as ``find_version`` does, and if the file is of a newer version.
    """
    if find_version(connection, name) == len(steps):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = find_version(connection, name)  # again, now that no other process can change it
        verify_version(version, name, len(steps))
        for step in steps[version:]:
            connection.execute(step)
        connection.pragma("application_id", APPLICATION_ID)
        connection.pragma("user_version", len(steps))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def verify_version(version: int, name: str, newest: int = VERSION) -> None:
    """Raise Unavailable if the schema version is newer than ``newest``, what this program can read."""
    if version > newest:
        raise Unavailable(
            f"{name} was written by a newer version of iamd (schema {version}; this one knows up to {newest}). "
            "Start the newer version, or restore a backup that this one made."
        )

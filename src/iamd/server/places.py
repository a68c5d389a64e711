"""Where a data directory keeps what."""

from pathlib import Path


def store_path(data_dir: Path) -> Path:
    """The file that holds the store."""
    return data_dir / "iamd.db"


def master_key_path(data_dir: Path) -> Path:
    """The file that holds the master key, unless it comes from elsewhere."""
    return data_dir / "master.key"


def snapshot_path(data_dir: Path) -> Path:
    """The directory that holds the replica of a store which is elsewhere, for when that is out of reach."""
    return data_dir / "replica"

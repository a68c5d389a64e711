"""Where a data directory keeps what."""

from pathlib import Path


def store_path(data_dir: Path) -> Path:
    """The file that holds the store."""
    return data_dir / "iamd.db"


def master_key_path(data_dir: Path) -> Path:
    """The file that holds the master key, unless it comes from elsewhere."""
    return data_dir / "master.key"

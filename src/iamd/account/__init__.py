"""An account's records and the indexed, read-only view of them that operations run against."""

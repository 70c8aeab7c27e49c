"""What the benchmarks share."""

from tests.stores import migrated_file, store

__all__ = ["migrated_file", "store"]

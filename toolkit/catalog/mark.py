"""The high-water mark: a small file outside the database that knows the last commit's number.

DuckDB opens a file whose write-ahead log is missing or cut short without a word, with commits
absent. The mark is written after every commit, so that such a loss is noticed.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from toolkit.core.errors import CatalogDamagedError


class HighWaterMark:
    """The number of the last commit that was acknowledged, in a file of 20 bytes.

    It is not fsynced: after a crash of the machine it may be too low, which only makes it notice
    less. It is never too high, because it is written after the commit.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> int:
        """The last number, or 0 when there is none."""
        try:
            return int(self._path.read_bytes())
        except (FileNotFoundError, ValueError):
            return 0

    def write(self, number: int) -> None:
        """Replace the number. A failure is ignored: the commit itself is durable already."""
        with suppress(OSError):
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o666)
            try:
                os.write(descriptor, b"%-20d" % number)
            finally:
                os.close(descriptor)

    def check(self, committed: int, catalog: Path) -> None:
        """Raise CatalogDamagedError when the catalog knows fewer commits than were acknowledged."""
        missing = self.read() - committed
        if missing > 0:
            raise CatalogDamagedError(
                f"{missing} acknowledged commit{'s are' if missing > 1 else ' is'} missing from "
                f"the catalog {catalog}: the catalog or its write-ahead log "
                f"({catalog.name}.wal) was removed, cut short or replaced by an older copy. "
                f"Restore both from a backup, or delete {self._path} to accept the loss."
            )

"""Early write-back: the disk works while the next bytes are read and hashed.

Without it the kernel keeps most of a large file in memory until the final fsync, which then writes
it alone (1 GB: read, hash, write, fsync in 0.8 of the time of a copy with fsync instead of 1.3).
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType

from toolkit.storage.backends.failures import local_failures

_EVERY = 32 << 20
"""Bytes between two flushes. Smaller files start no thread."""

_flush = getattr(os, "fdatasync", os.fsync)


class WriteBack:
    """Flushes an open file in a helper thread, at most one flush at a time.

    A context manager; the file descriptor has to stay open until its end, which waits for the
    flush under way. A failed flush is raised: the kernel reports a lost page only once, so that
    the final fsync would succeed although bytes are missing.
    """

    def __init__(self, descriptor: int, path: Path) -> None:
        """``path`` is what messages call the file."""
        self._descriptor = descriptor
        self._path = path
        self._unflushed = 0
        self._thread: threading.Thread | None = None
        self._error: OSError | None = None

    def __enter__(self) -> WriteBack:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._thread is not None:
            self._thread.join()
        if error is None:
            self._raise_failure()

    def wrote(self, count: int) -> None:
        """Count bytes that were written. Raises StorageError when an earlier flush failed."""
        self._unflushed += count
        if self._unflushed >= _EVERY and (self._thread is None or not self._thread.is_alive()):
            self._raise_failure()
            self._unflushed = 0
            self.start()

    def start(self) -> None:
        """Flush what is written so far, in the background."""
        self._thread = threading.Thread(
            target=self._run, name="toolkit-storage-write-back", daemon=True
        )
        self._thread.start()

    def _run(self) -> None:
        try:
            _flush(self._descriptor)
        except OSError as error:
            self._error = error

    def _raise_failure(self) -> None:
        if self._error is not None:
            with local_failures("write the staged file", self._path):
                raise self._error

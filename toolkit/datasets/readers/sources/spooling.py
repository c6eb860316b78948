"""Random access to bytes that can only be read from their beginning: by a temporary copy."""

from __future__ import annotations

import errno
import io
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from typing import Any

from fsspec.spec import AbstractFileSystem

from toolkit.datasets.readers.sources.handles import RandomAccessFile

KEPT_FREE = 1 << 28
"""Bytes that a copy leaves free where temporary files go."""

_LOOK_EVERY = 1 << 26
"""Bytes that are copied between two looks at the room that is left."""

ReadAt = Callable[[int, int], bytes]
"""Bytes from an offset on, fewer than asked for only at the end."""


class Window(RandomAccessFile):
    """A file of its own position over bytes that others read too. Closing it closes nothing."""

    def __init__(self, read_at: ReadAt, size: int) -> None:
        self._read_at = read_at
        self._position = 0
        self.size = size

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        if start + offset < 0:
            # As files do: zipfile looks for what short archives do not have.
            raise OSError(errno.EINVAL, "a position before the beginning")
        self._position = start + offset
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, self.size - self._position)
        wanted = left if size is None or size < 0 else min(size, left)
        data = self._read_at(self._position, wanted) if wanted else b""
        self._position += len(data)
        return data


class Spool:
    """A temporary copy, which has no name and is gone with this object or the process."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        """Copy all of ``parts``. Raises OSError when it would fill the disk."""
        self._handle, name = tempfile.mkstemp(prefix="toolkit-")
        close = weakref.finalize(self, os.close, self._handle)
        os.unlink(name)
        self.size = 0
        try:
            self._copy(parts)
        except BaseException:
            # Its room is needed at once: the traceback, which a notebook keeps, has this object.
            close()
            raise

    def _copy(self, parts: Iterable[bytes]) -> None:
        unlooked = _LOOK_EVERY
        for part in parts:
            unlooked += len(part)
            if unlooked >= _LOOK_EVERY:
                _require_space(unlooked)
                unlooked = 0
            view = memoryview(part)
            while view:
                view = view[os.write(self._handle, view) :]
            self.size += len(part)

    def read_at(self, offset: int, size: int) -> bytes:
        """See ReadAt."""
        return os.pread(self._handle, size, offset)

    def open(self) -> Window:
        return Window(self.read_at, self.size)


class SpoolingFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """Files whose content comes in order, from their beginning.

    The first open for random access (``cache_type="none"``) copies the file; the copy lives as
    long as the file system."""

    cachable = False
    protocol = "spooled"

    def __init__(
        self,
        parts: Callable[[str], Generator[bytes, None, None]],
        sequential: Callable[[str], Any],
    ) -> None:
        """``parts`` gives the content of a path; ``sequential`` opens it to be read in order."""
        super().__init__()
        self._parts = parts
        self._sequential = sequential
        self._lock = threading.Lock()
        self._spools: dict[str, Spool] = {}

    def open(self, path: str, mode: str = "rb", cache_type: str = "", **options: Any) -> Any:
        if cache_type != "none" and path not in self._spools:
            return self._sequential(path)
        return self._spool(path).open()

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        return {"name": path, "size": self._spool(path).size, "type": "file"}

    def _spool(self, path: str) -> Spool:
        with self._lock:
            if path not in self._spools:
                with closing(self._parts(path)) as parts:
                    self._spools[path] = Spool(parts)
            return self._spools[path]


def _require_space(more: int) -> None:
    place = tempfile.gettempdir()
    if shutil.disk_usage(place).free < KEPT_FREE + more:
        raise OSError(
            f"a temporary copy of it would fill the disk of {place}: make room, or set TMPDIR to a "
            "folder with room"
        )

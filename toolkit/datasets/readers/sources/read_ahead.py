"""Reading a remote file in order: little for the first bytes, much at a time for all of them."""

from __future__ import annotations

import io
import threading
from typing import Any

FIRST_BYTES = 1 << 18
"""Of the first request."""
MOST_BYTES = 1 << 24
"""Of a request at most."""
KEPT_BYTES = 1 << 23
"""Of all files of a reader together."""


class Beginnings:
    """The first bytes of the files of one reader, which are read several times: to tell the format,
    to find columns and types, for the first rows. At most 8 MB of all files together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parts: dict[str, tuple[str, bytes]] = {}
        self._room = KEPT_BYTES

    def has(self, path: str) -> bool:
        """Whether some of a file is kept."""
        return path in self._parts

    def of(self, path: str, state: str) -> bytes:
        """What is kept of a file in this state; what was of another is forgotten."""
        with self._lock:
            known, data = self._parts.get(path, (state, b""))
            if known == state:
                return data
            del self._parts[path]
            self._room += len(data)
            return b""

    def add(self, path: str, state: str, offset: int, data: bytes) -> None:
        """Keep what follows the bytes that are kept already."""
        with self._lock:
            known, before = self._parts.get(path, (state, b""))
            if known == state and len(before) == offset and len(data) <= self._room:
                self._parts[path] = state, before + data
                self._room -= len(data)


class ReadAhead(io.RawIOBase):
    """A file that is read from its beginning, by requests of which each is twice as large.

    fsspec's own read-ahead has one size: on S3, 50 MB are fetched for the first byte. ``file`` has
    none, and is closed with this one. ``state`` differs where a file was written anew."""

    def __init__(self, file: Any, path: str, state: str, beginnings: Beginnings) -> None:
        self._file = file
        self._path = path
        self._state = state
        self._beginnings = beginnings
        self._held = memoryview(beginnings.of(path, state))
        self._fetched = len(self._held)
        self._next = max(FIRST_BYTES, min(len(self._held), MOST_BYTES))
        if self._held:
            file.seek(len(self._held))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        if not self._held:
            self._held = memoryview(self._fetch())
        size = min(len(buffer), len(self._held))
        buffer[:size], self._held = self._held[:size], self._held[size:]
        return size

    def _fetch(self) -> bytes:
        data = bytes(self._file.read(self._next))
        self._beginnings.add(self._path, self._state, self._fetched, data)
        self._fetched += len(data)
        self._next = min(2 * self._next, MOST_BYTES)
        return data

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

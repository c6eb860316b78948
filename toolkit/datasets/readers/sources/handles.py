"""Open files of fsspec's file systems as Python's own files behave."""

from __future__ import annotations

import io
from typing import Any, BinaryIO, cast


def random_access(filesystem: Any, path: str) -> BinaryIO:
    """Open a file to read it anywhere, without read-ahead: some stores fetch tens of megabytes for
    every jump."""
    file = filesystem.open(path, "rb", cache_type="none")
    return cast(BinaryIO, file if isinstance(file, io.IOBase) else _Conforming(file))


class _Conforming(io.RawIOBase):
    """A client's own file (of SFTP, for instance), whose ``seek`` does not say where it came to."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return int(self._file.tell())

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._file.seek(offset, whence)
        return self.tell()

    def readinto(self, buffer: Any, /) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

"""Open files of fsspec's file systems as Python's own files behave."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from toolkit.datasets.readers.failures import AdvisedError, first_line

_PIECE = 1 << 20

_STATES = (
    *("ETag", "etag", "generation", "md5Hash", "LastModified"),
    *("last_modified", "mtime", "modify", "modificationTime", "updated", "created"),
)
"""What file systems call what changes with a file, the surest first."""


def random_access(filesystem: Any, path: str) -> BinaryIO:
    """Open a file to read it anywhere, without read-ahead: some stores fetch tens of megabytes for
    every jump."""
    with _reaching():
        return conforming(filesystem.open(path, "rb", cache_type="none"))


def in_order(filesystem: Any, path: str) -> BinaryIO:
    """Open a file of a file system that knows itself how to read it from its beginning."""
    with _reaching():
        return conforming(filesystem.open(path, "rb"))


def state_of(filesystem: Any, path: str, file: BinaryIO | None = None) -> str:
    """What changes when a file is written anew. ``file`` is what ``random_access`` opened of it."""
    # What a client asked to open it is not asked twice.
    told = getattr(getattr(file, "inner", None), "details", None)
    with _reaching():
        told = told if isinstance(told, Mapping) else filesystem.info(path)
    return repr((told.get("size"), next((told[key] for key in _STATES if key in told), None)))


def conforming(file: Any) -> BinaryIO:
    """An open file of a client, whose failures are told from those of what is in it."""
    return cast(BinaryIO, _Conforming(file))


def pieces(file: Any) -> Generator[bytes, None, None]:
    """What is left of an open file, piece by piece."""
    while part := file.read(_PIECE):
        yield part


def read_fully(file: Any, size: int) -> bytes:
    """The next bytes of an open file; fewer than ``size`` only at its end, whereas one call of its
    ``read`` may give fewer anywhere."""
    found = b""
    while len(found) < size and (part := file.read(size - len(found))):
        found += part
    return found


class RandomAccessFile(io.RawIOBase):
    """What follows from ``read``, ``seek`` and ``tell``, which a subclass has."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, buffer: Any, /) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Conforming(RandomAccessFile):
    """A client's own file. That of SFTP, for instance, has a ``seek`` that does not say where it
    came to."""

    def __init__(self, file: Any) -> None:
        self._file = file

    @property
    def inner(self) -> Any:
        """The file of the client."""
        return self._file

    def tell(self) -> int:
        return int(self._file.tell())

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._file.seek(offset, whence)
        return self.tell()

    def read(self, size: int | None = -1, /) -> bytes:
        with _reaching():
            return bytes(self._file.read(-1 if size is None else size))

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


@contextmanager
def _reaching() -> Iterator[None]:
    """Raise AdvisedError for what goes wrong between here and a store."""
    try:
        yield
    except Exception as error:
        if isinstance(error, FileNotFoundError | AdvisedError) or not _of_client(error):
            raise
        raise AdvisedError(
            f"its place does not give it ({first_line(error)}): try again, and check "
            "storage_options and your permissions if it stays so"
        ) from error


def _of_client(error: Exception) -> bool:
    """Whether it is a failure of a connection, a store or the client of one."""
    if isinstance(error, OSError):
        # Those raised here have a message only.
        return error.errno is not None or isinstance(error, ConnectionError | TimeoutError)
    return type(error).__module__.partition(".")[0] not in ("builtins", "pyarrow", "toolkit")

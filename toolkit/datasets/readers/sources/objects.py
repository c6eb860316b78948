"""Bytes in memory and open files as sources: a file system of what a person passed."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

from fsspec.spec import AbstractFileSystem

from toolkit.core.errors import InvalidArgumentError, SourceError
from toolkit.core.redaction import without_credentials
from toolkit.datasets.readers.sources.handles import pieces
from toolkit.datasets.readers.sources.spooling import Spool, Window

_PATH_BYTES = 4096


def is_object(member: Any) -> bool:
    """Whether something is read itself, and does not name what is to be read."""
    if isinstance(member, bytes | bytearray | memoryview):
        return True
    return hasattr(member, "read") and not isinstance(member, os.PathLike | type)


class ObjectFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """The objects of one source.

    An object is read from the position that it has now; the position is left as it is, and nothing
    is closed. One that cannot seek is copied to a temporary file at the first read."""

    cachable = False
    protocol = "object"

    def __init__(self, members: Sequence[Any]) -> None:
        super().__init__()
        self._files: dict[str, _Content] = {}
        self._names: list[str] = []
        accepted = [_accept(member) for member in members]
        for number, (name, content) in enumerate(accepted, start=1):
            unnamed = name.startswith("<") and len(accepted) > 1
            self._names.append(f"{name[:-1]} #{number}>" if unnamed else name)
            self._files[f"#{number}/{name}"] = content

    @property
    def paths(self) -> tuple[str, ...]:
        """What ``open`` takes for each."""
        return tuple(self._files)

    @property
    def names(self) -> tuple[str, ...]:
        """What each is called in messages and lineage: its path, or ``<bytes>``."""
        return tuple(self._names)

    def open(self, path: str, mode: str = "rb", **options: Any) -> Window:
        return self._files[path].open()

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        return {"name": path, "size": self._files[path].open().size, "type": "file"}


class _Content(Protocol):
    """An object that can be read any number of times, by several threads."""

    def open(self) -> Window: ...


class _InMemory:
    """The bytes of an object."""

    def __init__(self, data: memoryview) -> None:
        self._data = data

    def open(self) -> Window:
        return Window(self._read, len(self._data))

    def _read(self, offset: int, size: int) -> bytes:
        return bytes(self._data[offset : offset + size])


class _Seekable:
    """An open file. Its size is asked for at each open: it may have grown."""

    def __init__(self, file: Any, name: str) -> None:
        self._file = file
        self._name = name
        self._lock = threading.Lock()
        self._start: int = file.tell()
        if self._start and not self._length():
            raise SourceError(
                f"{name} has been read or written to its end, and is read from where it stands. "
                "Call its seek(0) first."
            )

    def open(self) -> Window:
        return Window(self._read, self._length())

    def _length(self) -> int:
        self._require_open()
        with self._lock:
            position = self._file.tell()
            try:
                self._file.seek(0, io.SEEK_END)
                end: int = self._file.tell()
                return max(0, end - self._start)
            finally:
                self._file.seek(position)

    def _require_open(self) -> None:
        if getattr(self._file, "closed", False):
            raise SourceError(
                f"{self._name} was closed, and is read when rows are asked for. Make the reader "
                "anew of a file that stays open, or of its path or bytes."
            )

    def _read(self, offset: int, size: int) -> bytes:
        self._require_open()
        parts = []
        with self._lock:
            position = self._file.tell()
            try:
                self._file.seek(self._start + offset)
                while size and (part := self._file.read(size)):
                    parts.append(part)
                    size -= len(part)
            finally:
                self._file.seek(position)
        return b"".join(parts)


class _Once:
    """An open stream, which goes to a temporary file as it is read."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._spool: Spool | None = None
        self._started = False

    def open(self) -> Window:
        with self._lock:
            if self._spool is None:
                if self._started:
                    raise OSError("it was read in part before, and cannot be read again")
                self._started = True
                self._spool = Spool(pieces(self._file))
            return self._spool.open()


def _accept(member: Any) -> tuple[str, _Content]:
    if isinstance(member, io.StringIO):
        member = member.getvalue()[member.tell() :].encode()
    if isinstance(member, bytes | bytearray | memoryview):
        data = memoryview(bytes(member))
        _require_content(data)
        return "<bytes>", _InMemory(data)
    name = _name(member)
    _require_binary(member, name)
    return name, _Seekable(member, name) if _can_seek(member) else _Once(member)


def _require_content(data: memoryview) -> None:
    short = bytes(data[:_PATH_BYTES])
    if len(data) < _PATH_BYTES and b"\n" not in short and os.path.exists(short):
        raise InvalidArgumentError(
            f"{short!r} is the path of a file, as bytes: bytes are read as content. Pass the path "
            "as text."
        )


def _require_binary(file: Any, name: str) -> None:
    try:
        readable = file.readable() if hasattr(file, "readable") else True
        empty = file.read(0) if readable else b""
    except ValueError as error:
        raise InvalidArgumentError(f"{name} cannot be read: {error}.") from error
    except (TypeError, LookupError, AttributeError) as error:
        # A ZipFile, say: its ``read`` is none of a file's.
        raise InvalidArgumentError(
            f"{name} is not an open file: pass a path, or a file opened in binary mode."
        ) from error
    if not readable:
        raise InvalidArgumentError(f"{name} is not open for reading: open it with mode 'rb'.")
    if not isinstance(empty, bytes):
        raise InvalidArgumentError(
            f"{name} is open as text, which hides its bytes: open it with mode 'rb', or pass its "
            "path."
        )


def _can_seek(file: Any) -> bool:
    if hasattr(file, "seekable"):
        return bool(file.seekable())
    with suppress(Exception):
        file.seek(file.tell())
        return True
    return False


def _name(file: Any) -> str:
    """The path or URL of an open file, else what kind of thing it is."""
    name = getattr(file, "name", None)
    if isinstance(name, str) and os.path.isfile(name):
        return os.path.abspath(name)
    url = getattr(file, "full_name", None)
    if isinstance(url, str) and "://" in url:
        return without_credentials(url)
    return f"<{type(file).__name__}>"

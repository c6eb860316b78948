"""Staged files: private files that are being written, and are published or thrown away."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar, cast

from blake3 import blake3

from toolkit.core.errors import InvalidArgumentError
from toolkit.core.interfaces import ITransaction
from toolkit.core.types import ProducedFile
from toolkit.storage.backends.failures import local_failures
from toolkit.storage.backends.leftovers import end_use, mark_in_use
from toolkit.storage.services.hashing import content_hash, hash_file
from toolkit.storage.services.write_back import WriteBack

T = TypeVar("T")

_SYNC_AHEAD_FROM = 4 << 20
"""Bytes from which hashing takes long enough to sync the file beside it."""

_NAME = re.compile(r"[0-9]+-[0-9a-f]{16}(\.[A-Za-z0-9_.]*)?")


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A complete staged file and what is known of its bytes."""

    path: Path
    content_hash: str
    byte_size: int


class Publish(Protocol):
    """Makes a sealed file part of the store; see ``IStagedFile.commit``."""

    def __call__(
        self, sealed: SealedFile, record: Callable[[ITransaction, ProducedFile], T]
    ) -> T: ...


def staged_name(suffix: str) -> str:
    """A name in a staging folder that no other file has."""
    return f"{os.getpid()}-{os.urandom(8).hex()}{suffix}"


def is_staged_name(name: str) -> bool:
    """Whether a name in a staging folder was made by ``staged_name``."""
    return _NAME.fullmatch(name) is not None


class _Sink(io.RawIOBase):
    """What engines write to. It has no position to return to: bytes are hashed as they come."""

    def __init__(
        self, descriptor: int, path: Path, hasher: blake3, write_back: WriteBack | None
    ) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._path = path
        self._hasher = hasher
        self._write_back = write_back
        self.written = 0
        self.failure: BaseException | None = None
        """What failed first: engines turn it into an error of their own."""

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.written

    def write(self, data: Any) -> int:
        rest = memoryview(data).cast("B")
        total = len(rest)
        try:
            self._hasher.update(rest)
            with local_failures("write the staged file", self._path):
                while rest:
                    count = os.write(self._descriptor, rest)
                    rest = rest[count:]
                    self.written += count
                    if self._write_back is not None:
                        self._write_back.wrote(count)
        except BaseException as error:
            self.failure = self.failure or error
            raise
        return total


class StagedFile:
    """An implementation of ``IStagedFile``; made by ``ArtifactProducer.stage``, which removes it.

    It is written through ``open`` or ``write``, or else, by an engine that needs a path, through
    ``path``: then it is read once more when it is committed.
    """

    def __init__(self, path: Path, publish: Publish, *, sync_ahead: bool) -> None:
        """``sync_ahead``: the file itself becomes the object and has to be durable at the end."""
        self._path = path
        self._publish = publish
        self._sync_ahead = sync_ahead
        self._pid = os.getpid()
        self._hasher: blake3 | None = None
        self._written = 0
        self._complete = True
        self._committed = False
        self._mark: int | None = None

    @property
    def path(self) -> Path:
        return self._path

    def create(self) -> None:
        """Create the file, empty, for this user alone, and mark it as being in use."""
        with local_failures("create the staged file", self._path):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._mark = os.open(self._path, flags, 0o600)
        mark_in_use(self._mark)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """A binary file for an engine to write from its beginning to its end, hashing on the way:
        one pass, and the disk works while the engine computes the next bytes.

        Raises StorageError when the disk is full or fails, whatever the engine made of that; what
        the block raises passes.
        """
        if self._hasher is None:
            self._hasher = blake3()
        self._complete = False
        with local_failures("write the staged file", self._path):
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            with WriteBack(handle, self._path) as write_back:
                ahead = write_back if self._sync_ahead else None
                sink = _Sink(handle, self._path, self._hasher, ahead)
                try:
                    yield cast(BinaryIO, sink)
                except BaseException as error:
                    if sink.failure is not None and sink.failure is not error:
                        raise sink.failure from error
                    raise
        finally:
            os.close(handle)
        self._written += sink.written
        self._complete = True

    def write(self, chunks: Iterable[bytes]) -> None:
        """Append chunks, hashing on the way: one pass, memory independent of the size.

        Raises StorageError when the disk is full or fails; what ``chunks`` raises passes.
        """
        with self.open() as file:
            for chunk in chunks:
                file.write(chunk)

    def commit(self, record: Callable[[ITransaction, ProducedFile], T]) -> T:
        """Publish the bytes and count one reference, in one transaction with ``record``.

        Whatever fails, no row names bytes that are not there. Raises InvalidArgumentError when it
        was committed before (the bytes may have been moved away), or when a ``write`` failed.
        """
        if not self._complete:
            raise InvalidArgumentError(
                f"The staged file {self._path} is incomplete: writing to it failed. "
                "Stage the bytes again."
            )
        if self._committed:
            raise InvalidArgumentError(
                f"The staged file {self._path} was committed already. Stage the bytes again."
            )
        self._committed = True
        return self._publish(self._seal(), record)

    def discard(self) -> None:
        """Remove the file where it is still there. A forked child leaves it to its parent."""
        if self._pid == os.getpid():
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            mark, self._mark = self._mark, None
            if mark is not None:
                end_use(mark)

    def _seal(self) -> SealedFile:
        with local_failures("read the staged file", self._path):
            # The object keeps this time, and an old one would let gc take it for an orphan.
            os.utime(self._path)
            byte_size = self._path.stat().st_size
            if self._hasher is not None and self._written == byte_size:
                return SealedFile(self._path, content_hash(self._hasher), byte_size)
            return SealedFile(self._path, self._hash_and_sync(byte_size), byte_size)

    def _hash_and_sync(self, byte_size: int) -> str:
        if not self._sync_ahead or byte_size < _SYNC_AHEAD_FROM:
            return hash_file(self._path, byte_size)
        handle = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            with WriteBack(handle, self._path) as write_back:
                write_back.start()
                return hash_file(self._path, byte_size)
        finally:
            os.close(handle)

"""Access to bytes that are in the store, after a look that they are the ones that were stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from blake3 import blake3

from toolkit.core.errors import (
    FileChangedError,
    FileMissingError,
    ObjectNotFoundError,
    StorageError,
    ToolkitError,
)
from toolkit.core.interfaces import ICatalog
from toolkit.core.types import FileLocation, FileRecord
from toolkit.storage.interfaces import DEFAULT_CHUNK_SIZE, IStorageBackend, ObjectStat
from toolkit.storage.services.hashing import content_hash, hash_chunks

_VERIFY_CHUNK = 8 << 20

_ADVICE = (
    "Restore it from a backup, or save the same content again, which stores it anew. "
    "ws.check() tells what else is affected."
)


class StoredFiles:
    """An implementation of ``IStoredFiles``.

    A look costs one ``stat``. Only where the change token differs from the recorded one (the
    workspace was moved or copied, or somebody touched the file) are the bytes hashed again, once.
    """

    def __init__(self, backend: IStorageBackend, catalog: ICatalog) -> None:
        self._backend = backend
        self._catalog = catalog
        self._verified: dict[str, str] = {}

    def locate(self, file: FileRecord) -> FileLocation:
        """Where the bytes are, after a look that they are still the ones that were stored.

        Raises FileMissingError, FileChangedError, or StorageError when the store cannot be asked.
        """
        found = self._stat(file)
        if found.stamp != file.stamp and self._verified.get(file.key) != found.stamp:
            self._verify_bytes(file)
            self._remember(file, found)
        return self._backend.locate(file.key)

    def uri(self, file: FileRecord) -> str:
        return self._backend.locate(file.key).uri

    def owns(self, path: Path) -> bool:
        """Whether a local path lies in the store, where only the producer writes."""
        root = self._backend.root
        return "://" not in root and path.resolve().is_relative_to(Path(root).resolve())

    def usable(self, file: FileRecord) -> bool:
        """Whether ``locate`` would succeed."""
        try:
            self.locate(file)
        except StorageError:
            return False
        return True

    def read(self, file: FileRecord, chunk_size: int = DEFAULT_CHUNK_SIZE) -> Iterator[bytes]:
        """The bytes in order, verified against the content hash at the end.

        Raises FileMissingError here, and FileChangedError after the last chunk, or before the
        first one when the size differs already: use nothing of it before the iterator has ended.
        """
        self._stat(file)
        return self._verified_chunks(file, self._chunks(file, chunk_size))

    def verify(self, file: FileRecord) -> None:
        """Read and hash the bytes, whatever the change token says.

        Raises FileMissingError, FileChangedError, or StorageError when they cannot be read.
        """
        self._stat(file)
        self._verify_bytes(file)

    def _stat(self, file: FileRecord) -> ObjectStat:
        try:
            found = self._backend.stat(file.key)
        except ObjectNotFoundError:
            raise self._missing(file) from None
        if found.byte_size != file.byte_size:
            raise self._changed(
                file, f"it has {found.byte_size:,} bytes instead of {file.byte_size:,}"
            )
        return found

    def _chunks(self, file: FileRecord, chunk_size: int) -> Iterator[bytes]:
        try:
            return self._backend.read_stream(file.key, chunk_size)
        except ObjectNotFoundError:
            raise self._missing(file) from None

    def _verified_chunks(self, file: FileRecord, chunks: Iterator[bytes]) -> Iterator[bytes]:
        hasher = blake3()
        for chunk in chunks:
            hasher.update(chunk)
            yield chunk
        self._compare(file, content_hash(hasher))

    def _verify_bytes(self, file: FileRecord) -> None:
        try:
            found = hash_chunks(self._chunks(file, _VERIFY_CHUNK))
        except ObjectNotFoundError:
            raise self._missing(file) from None
        self._compare(file, found)

    def _compare(self, file: FileRecord, found: str) -> None:
        if found != file.content_hash:
            raise self._changed(file, f"its content hash is {found}, not {file.content_hash}")

    def _remember(self, file: FileRecord, found: ObjectStat) -> None:
        self._verified[file.key] = found.stamp
        # A help only: a catalog that is busy, or in use by this very thread, costs a rehash later.
        with suppress(ToolkitError), self._catalog.transaction() as transaction:
            row = transaction.files.by_id(file.id)
            if row is not None and row.key == file.key:
                transaction.files.restamp(file.id, found.stamp)

    def _missing(self, file: FileRecord) -> FileMissingError:
        return FileMissingError(
            f"The stored file {file.key} is gone: nothing is at {self._place(file)}. {_ADVICE}"
        )

    def _changed(self, file: FileRecord, how: str) -> FileChangedError:
        return FileChangedError(
            f"The stored file {file.key} is not what was stored: at {self._place(file)} {how}. "
            f"{_ADVICE}"
        )

    def _place(self, file: FileRecord) -> str:
        return self._backend.locate(file.key).uri

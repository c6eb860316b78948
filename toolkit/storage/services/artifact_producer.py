"""The one door through which bytes enter the store."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from toolkit.core.errors import InvalidArgumentError
from toolkit.core.interfaces import ICatalog, ITransaction
from toolkit.core.types import FileId, ProducedFile
from toolkit.storage.backends.failures import local_failures
from toolkit.storage.backends.keys import validate_chunk_size
from toolkit.storage.interfaces import DEFAULT_CHUNK_SIZE, IStorageBackend
from toolkit.storage.services.publication import Publication
from toolkit.storage.services.staging import StagedFile, staged_name

_SUFFIX = re.compile(r"(\.[A-Za-z0-9_]+){1,4}", re.ASCII)
_SUFFIX_LENGTH = 40


class ArtifactProducer:
    """An implementation of ``IArtifactProducer``.

    Bytes are staged and hashed in one pass; bytes that the store has are only counted once more;
    new ones are durable under a key of their own before one transaction names them. A crash at any
    point leaves at most an orphan, never a row without bytes. Safe to share between threads.
    """

    def __init__(
        self,
        backend: IStorageBackend,
        catalog: ICatalog,
        staging: Path,
        *,
        chunk_size: int = DEFAULT_CHUNK_SIZE,
    ) -> None:
        """``staging`` is the local folder for backends without one; it is created when needed.

        Raises InvalidArgumentError for a ``chunk_size`` below 1.
        """
        self._backend = backend
        self._catalog = catalog
        self._fallback = staging
        self._chunk_size = validate_chunk_size(chunk_size)

    @contextmanager
    def stage(self, media_type: str, *, suffix: str = "") -> Iterator[StagedFile]:
        """Open a staged file; whatever was not committed is removed at the end of the block.

        ``suffix`` (``.parquet``) ends the object's name. It is for people and tools to recognise;
        one that an object's key cannot hold is left out.

        Raises StorageError when the staging folder or the file cannot be created.
        """
        if len(suffix) > _SUFFIX_LENGTH or not _SUFFIX.fullmatch(suffix):
            suffix = ""
        folder = self._backend.staging
        publication = Publication(
            self._backend, self._catalog, media_type=media_type, suffix=suffix
        )
        staged = StagedFile(
            (self._own_folder() if folder is None else folder) / staged_name(suffix),
            publication,
            sync_ahead=folder is not None,
        )
        try:
            staged.create()
            yield staged
        finally:
            staged.discard()

    def produce(
        self,
        stream: BinaryIO | Iterable[bytes],
        media_type: str,
        *,
        suffix: str = "",
        chunk_size: int | None = None,
    ) -> ProducedFile:
        """Store a stream's bytes once. The caller owns one reference, to be given back by
        ``release``. Memory is bounded by ``chunk_size`` whatever the stream's length.

        ``stream`` is a binary file, bytes, or an iterable of bytes, which is taken chunk by chunk
        as it comes. Raises InvalidArgumentError for a stream of text, StorageError when the store
        fails; whatever the stream itself raises passes, and nothing is stored.
        """
        size = self._chunk_size if chunk_size is None else validate_chunk_size(chunk_size)
        with self.stage(media_type, suffix=suffix) as staged:
            staged.write(_chunks(stream, size))
            return staged.commit(_own)

    def release(self, file_id: FileId) -> None:
        """Give back a reference that ``produce`` returned.

        Raises InvalidArgumentError when there is none left.
        """
        with self._catalog.transaction() as transaction:
            if not transaction.versions.release_file_hold(file_id):
                raise InvalidArgumentError(
                    f"File {file_id} has no reference to release: it was released already, or "
                    "never returned by produce()."
                )

    def _own_folder(self) -> Path:
        with local_failures("create the staging folder", self._fallback):
            self._fallback.parent.mkdir(parents=True, exist_ok=True)
            self._fallback.mkdir(mode=0o700, exist_ok=True)
        return self._fallback


def _own(transaction: ITransaction, produced: ProducedFile) -> ProducedFile:
    """Give the caller's reference an edge of its own, from which it can be recounted."""
    transaction.versions.hold(version_id=None, file_id=produced.file_id, reason="produced")
    # The hold counted its file, and so did the commit: one of both is enough.
    transaction.files.add_references({produced.file_id: -1})
    return produced


def _chunks(stream: BinaryIO | Iterable[bytes], chunk_size: int) -> Iterator[bytes]:
    if isinstance(stream, bytes | bytearray | memoryview):
        yield bytes(stream)
        return
    read = getattr(stream, "read", None)
    for chunk in stream if read is None else iter(lambda: read(chunk_size), b""):
        if not isinstance(chunk, bytes | bytearray | memoryview):
            raise InvalidArgumentError(
                f"A stream of {type(chunk).__name__} cannot be stored: only bytes can. "
                'Open a file with mode "rb", or encode the text.'
            )
        yield chunk if isinstance(chunk, bytes) else bytes(chunk)

"""What the store is to the other slices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from toolkit.core.interfaces.catalog import ITransaction
from toolkit.core.types import CheckReport, FileId, FileLocation, FileRecord, GcReport, ProducedFile

T = TypeVar("T")


class IStagedFile(Protocol):
    """A private file that is being written and will be published or thrown away."""

    @property
    def path(self) -> Path:
        """Where to write. Mode 0600; only complete files are ever published from it."""

    def open(self) -> AbstractContextManager[BinaryIO]:
        """A binary file for an engine to write from its beginning to its end, hashed on the way.

        Raises StorageError when the disk is full or fails, whatever the engine makes of that."""

    def write(self, chunks: Iterable[bytes]) -> None:
        """Append chunks, hashing on the way: one pass, memory independent of the size."""

    def commit(self, record: Callable[[ITransaction, ProducedFile], T]) -> T:
        """Publish the bytes and count one reference, in one transaction with ``record``.

        ``record`` runs inside that transaction: what it writes is committed together with the
        file's row, or neither is."""


class IArtifactProducer(Protocol):
    """The one door through which bytes enter the store."""

    def stage(self, media_type: str, *, suffix: str = "") -> AbstractContextManager[IStagedFile]:
        """Open a staged file; whatever was not committed is removed at the end of the block."""

    def produce(
        self,
        stream: BinaryIO | Iterable[bytes],
        media_type: str,
        *,
        suffix: str = "",
        chunk_size: int | None = None,
    ) -> ProducedFile:
        """Store a stream's bytes once. The caller owns one reference, to be given back by
        ``release``. Memory is bounded by ``chunk_size`` whatever the stream's length."""

    def release(self, file_id: FileId) -> None:
        """Give back a reference that ``produce`` returned."""


class IStoredFiles(Protocol):
    """Access to bytes that are in the store."""

    def locate(self, file: FileRecord) -> FileLocation:
        """Where the bytes are, after a look that they are still the ones that were stored.

        Raises FileMissingError or FileChangedError."""

    def uri(self, file: FileRecord) -> str:
        """The absolute path or URL of the bytes, without a look whether they are there."""

    def owns(self, path: Path) -> bool:
        """Whether a local path lies in the store, where only the producer writes."""

    def usable(self, file: FileRecord) -> bool:
        """Whether ``locate`` would succeed."""

    def read(self, file: FileRecord, chunk_size: int = 1 << 20) -> Iterator[bytes]:
        """The bytes in order, verified against the content hash at the end."""


class IGarbageCollector(Protocol):
    """Deletes what nothing uses."""

    def collect(self, *, grace: timedelta | float, dry_run: bool) -> GcReport:
        """Delete what nothing uses since longer than ``grace`` (a number: seconds)."""


class IChecker(Protocol):
    """Compares catalog, edges and bytes."""

    def check(self, *, rehash: bool) -> CheckReport:
        """Compare; with ``rehash`` every byte. Repairs nothing."""

"""What the catalog is to the other slices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from toolkit.core.types import (
    Binding,
    ColumnRecord,
    DataRef,
    Event,
    FileId,
    FileRecord,
    Fragment,
    HoldRecord,
    InputRecord,
    NewFile,
    NewFragment,
    NewRun,
    NewVersion,
    PartlyUsedFile,
    RunId,
    SpreadVersion,
    StoredColumn,
    VersionId,
    VersionRecord,
)

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


class IEventBus(Protocol):
    """Tells listeners what was committed. Listeners run after the commit, in the caller's thread;
    one that raises is reported as a warning and stops neither the save nor other listeners."""

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call ``listener`` with every later event; returns the function that ends it."""

    def publish(self, events: Iterable[Event]) -> None:
        """Deliver events in order."""


class IFileRepository(Protocol):
    """Rows of ``files`` and their reference counts, within one transaction."""

    def by_id(self, file_id: FileId) -> FileRecord | None: ...

    def by_hash(self, content_hash: str) -> FileRecord | None: ...

    def reference(self, file: NewFile) -> tuple[FileRecord, bool]:
        """Count one more use of these bytes.

        Inserts the row with ``ref_count`` 1, adds 1 to the row that has the hash already, or takes
        over a row that is being deleted (its bytes are replaced by ``file``'s). Returns the row as
        it is now, and True when ``file``'s own object is the one in use."""

    def add_references(self, counts: Mapping[FileId, int]) -> None:
        """Add to several counts at once; negative numbers release. A count that reaches 0 starts
        the file's grace period."""

    def relocate(self, file_id: FileId, file: NewFile) -> None:
        """Point a row at another object with the same bytes (the old one was lost or damaged)."""

    def restamp(self, file_id: FileId, stamp: str) -> None:
        """Remember the change token under which the bytes were verified."""

    def mark_garbage(self, cutoff: datetime, limit: int) -> Sequence[FileRecord]:
        """Set files at 0 since before ``cutoff`` to ``deleting`` and return all that are in that
        state, also those that an interrupted collection left."""

    def unreferenced(self) -> Sequence[FileRecord]:
        """Every file at 0 references, whatever its age."""

    def remove(self, files: Iterable[FileRecord]) -> Sequence[FileId]:
        """Delete the rows that are still ``deleting`` and still name the same object."""

    def used_bytes(self) -> int:
        """Bytes of the files that something uses."""

    def known_keys(self) -> set[str]:
        """The key of every row: what the store is allowed to hold."""

    def all(self) -> Sequence[FileRecord]: ...

    def recount(self) -> Mapping[FileId, int]:
        """What every ``ref_count`` should be, counted from versions and holds."""


class IVersionRepository(Protocol):
    """Datasets, their versions, manifests, columns, lineage, tags and holds."""

    def resolve(self, ref: DataRef) -> VersionRecord:
        """Raises DatasetNotFoundError, naming the nearest match and what exists."""

    def newest(self, dataset: str) -> VersionRecord | None: ...

    def by_fingerprint(self, fingerprint: str, prefer: str = "") -> VersionRecord | None:
        """A version with this content, if there is one the newest of the dataset ``prefer``."""

    def by_id(self, version_id: VersionId) -> VersionRecord | None: ...

    def by_file_key(self, key: str) -> Sequence[VersionRecord]:
        """The versions whose manifest names the object, newest first."""

    def create(self, version: NewVersion) -> VersionRecord:
        """Number and record a version with its columns, manifest and lineage. The reference counts
        of its files are the caller's to raise in the same transaction."""

    def add_inputs(self, version_id: VersionId, inputs: Sequence[InputRecord], note: str) -> None:
        """Complete the lineage of a version: edges that it lacks, and what was done where nothing
        says so. An edge that would make the version its own ancestor is left out."""

    def with_digests(self, digests: Sequence[bytes], limit: int) -> Sequence[StoredColumn]:
        """Columns with these digests in frames that are stored; for each digest those of the
        ``limit`` newest versions."""

    def replace_manifest(self, version_id: VersionId, fragments: Sequence[NewFragment]) -> None:
        """Say anew where a version's data lies: the new files are counted, the old ones released.
        ``check`` of the content is the caller's."""

    def same_content(self, fingerprint: str) -> Sequence[VersionRecord]:
        """Every version with this content, newest first."""

    def partly_used(self) -> Sequence[PartlyUsedFile]:
        """Files that manifests name for some of their columns only, the most wasteful first."""

    def users(self, file_id: FileId) -> Sequence[VersionId]:
        """The versions whose manifest names the file."""

    def spread(self) -> Sequence[SpreadVersion]:
        """Versions that lie in several files, the most read first."""

    def add_run(self, run: NewRun) -> RunId: ...

    def bind(self, run_id: RunId, variable: str, version_id: VersionId | None, note: str) -> None:
        """Record what a variable was after a run."""

    def last_bindings(self, notebook: str, besides: str) -> tuple[Binding, ...]:
        """What every variable was at the end of the notebook's last session but ``besides``."""

    def keep(self, version_id: VersionId) -> None:
        """A captured version does not expire any more."""

    def expendable(self) -> Sequence[tuple[VersionId, str, int, int]]:
        """Captured versions that nothing protects, oldest first: id, reference, bytes, place."""

    def incomplete(self) -> Sequence[VersionId]:
        """Frames whose manifest lacks rows, or does not have each column exactly once."""

    def add_reads(self, reads: Mapping[VersionId, int]) -> None:
        """Count reads of versions."""

    def columns(self, version_id: VersionId) -> tuple[ColumnRecord, ...]: ...

    def manifest(self, version_id: VersionId) -> tuple[Fragment, ...]: ...

    def inputs(self, version_id: VersionId) -> tuple[InputRecord, ...]: ...

    def drop(self, version_id: VersionId) -> None:
        """Delete a version and release its files."""

    def datasets(self) -> Sequence[str]: ...

    def tag(self, version: VersionRecord, tag: str, *, move: bool) -> None: ...

    def untag(self, dataset: str, tag: str) -> bool: ...

    def tags(self, version_id: VersionId) -> tuple[str, ...]: ...

    def hold(self, *, version_id: VersionId | None, file_id: FileId | None, reason: str) -> int:
        """Record a hold and count its files."""

    def release_hold(self, hold_id: int) -> bool:
        """Delete a hold and release its files; False when there is none."""

    def release_file_hold(self, file_id: FileId) -> bool:
        """Delete one hold that names the file itself."""

    def holds(self, version_id: VersionId | None = None) -> tuple[HoldRecord, ...]: ...


class ITransaction(Protocol):
    """One transaction on the catalog: everything in it is committed, or nothing is."""

    @property
    def committed(self) -> bool:
        """False when it certainly was rolled back: true once it is durable, also when an interrupt
        came out of the block after that, and when its outcome is not known."""

    @property
    def files(self) -> IFileRepository: ...

    @property
    def versions(self) -> IVersionRepository: ...

    def emit(self, event: Event) -> None:
        """Publish an event once the transaction is committed; drop it otherwise."""


class ICatalog(Protocol):
    """The catalog of a workspace: one embedded file, shared by threads and processes."""

    def transaction(self) -> AbstractContextManager[ITransaction]:
        """Commit on success; roll back and re-raise on any BaseException.

        Raises CatalogBusyError when another process keeps the catalog past the deadline."""

    def listing(self, name: str, parameters: Sequence[Any] = ()) -> pl.DataFrame:
        """One of the catalog's prepared listings (``toolkit/catalog/listings.py``) as a frame."""

    def snapshot(self, tables: Iterable[str]) -> Mapping[str, pa.Table]:
        """The named catalog tables as they are now, all from one transaction."""

    def setting(self, key: str, default: str) -> str:
        """Return the stored setting; store and return ``default`` when there is none."""

    def keep(self, key: str, value: str, *, replace: bool = False) -> str:
        """Store a setting unless there is one, and return the one that is stored. ``value``, when
        it is that one, is written again to a catalog that is made anew."""

    def close(self) -> None:
        """Give the file back. Idempotent; a later use opens it anew."""

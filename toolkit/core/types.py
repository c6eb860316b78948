"""The frozen value types that slices exchange: data, and no behaviour beyond their own text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

FileId: TypeAlias = int
"""Primary key of a row of the catalog's ``files`` table."""

VersionId: TypeAlias = int
"""Primary key of a row of the catalog's ``versions`` table."""

FileState: TypeAlias = Literal["ready", "deleting"]
VersionKind: TypeAlias = Literal["frame", "file"]

HeldColumns: TypeAlias = "tuple[str | None, ...] | None"
"""For each column of a version its name in a file, or None where another file of the fragment has
it. None as a whole: the file has the version's columns under their names, in order, and no more."""

PARQUET_MEDIA_TYPE = "application/vnd.apache.parquet"


@dataclass(frozen=True, slots=True)
class ProducedFile:
    """What the one door returns: the file's row, and whether its bytes were already there."""

    file_id: FileId
    content_hash: str
    """``blake3:<hex>`` of the bytes."""
    uri: str
    """Absolute path or URL of the bytes."""
    byte_size: int
    deduplicated: bool
    """True when the bytes were stored before and only a reference was added."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A row of ``files``."""

    id: FileId
    content_hash: str
    key: str
    """The object's key below the storage root; relative, so that a workspace can be moved."""
    byte_size: int
    media_type: str
    ref_count: int
    """How many versions and holds use the file; at 0 it is garbage after its grace period."""
    state: FileState
    stamp: str
    """The backend's change token when the bytes were last verified (see ``ObjectStat.stamp``)."""
    created_at: datetime
    unreferenced_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewFile:
    """Bytes that are published in storage and not yet in the catalog."""

    content_hash: str
    key: str
    byte_size: int
    media_type: str
    stamp: str


@dataclass(frozen=True, slots=True)
class ColumnRecord:
    """One column of one version."""

    name: str
    type: str
    """The logical type's canonical text, the same whichever engine made the column."""
    digest: bytes
    """32 bytes: BLAKE3 over type, row count and values; independent of the column's name."""
    null_count: int
    block_digests: bytes = b""
    """32 bytes for each full block of 131,072 rows, in order: appending continues from them."""
    byte_size: int = field(default=0, compare=False)
    """Bytes of its column chunks, as stored; 0 while that is not known. No part of what it is."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A range of a version's rows and the files that hold it."""

    rows: int
    files: tuple[FragmentFile, ...]


@dataclass(frozen=True, slots=True)
class FragmentFile:
    """A file of a fragment, and which of the version's columns it holds there."""

    file: FileRecord
    columns: HeldColumns = None
    offset: int | None = None
    """The row of the file at which the fragment begins. None: its rows are the file's, all."""


@dataclass(frozen=True, slots=True)
class LocatedFragment:
    """A fragment whose files an engine can open."""

    rows: int
    files: tuple[LocatedFile, ...]


@dataclass(frozen=True, slots=True)
class LocatedFile:
    """A ``FragmentFile`` after a look that its bytes are the ones that were stored."""

    location: FileLocation
    columns: HeldColumns = None
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class NewFragment:
    """A ``Fragment`` that is about to be recorded."""

    rows: int
    files: tuple[NewFragmentFile, ...]

    @classmethod
    def whole(cls, rows: int, file_id: FileId) -> NewFragment:
        """Rows of which one file has every column."""
        return cls(rows, (NewFragmentFile(file_id),))


@dataclass(frozen=True, slots=True)
class NewFragmentFile:
    """A ``FragmentFile`` that is about to be recorded."""

    file_id: FileId
    columns: HeldColumns = None
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """A column of some version, as a later save may share it."""

    digest: bytes
    byte_size: int
    """Bytes of its column chunks, as stored."""
    version_id: VersionId
    ordinal: int


@dataclass(frozen=True, slots=True)
class PartlyUsedFile:
    """A file that manifests name for some of its columns only."""

    file: FileRecord
    used_bytes: int
    columns: tuple[str, ...]
    """The columns in use, by their names in the file."""


@dataclass(frozen=True, slots=True)
class SpreadVersion:
    """A version that lies in several files."""

    id: VersionId
    byte_size: int
    reads: int
    """How often it was loaded, as far as it was counted."""
    files: int


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What a save is about to record."""

    dataset: str
    kind: VersionKind
    fingerprint: str
    rows: int
    columns: tuple[ColumnRecord, ...]
    schema: bytes
    """The frame's Arrow schema as an IPC message; empty for a raw file."""
    fragments: tuple[NewFragment, ...]
    byte_size: int
    """Bytes of what the manifest names: whole files, or the column chunks of a shared one."""
    new_bytes: int = 0
    """Bytes that the save added to the store."""
    inputs: tuple[InputRecord, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """What a frame carries beside columns, such as a pandas index; part of its identity."""
    note: str = ""
    captured: bool = False
    """Saved by the notebook extension: it may expire until a person saves, tags or holds it."""


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """A row of ``versions`` with its dataset's name."""

    id: VersionId
    dataset: str
    number: int
    kind: VersionKind
    fingerprint: str
    rows: int
    byte_size: int
    """Bytes of what the manifest names: whole files, or the column chunks of a shared one."""
    schema: bytes
    metadata: Mapping[str, Any]
    created_at: datetime

    @property
    def ref(self) -> str:
        return f"{self.dataset}@{self.number}"


@dataclass(frozen=True, slots=True)
class InputRecord:
    """One edge of lineage: a version of this workspace or a source outside of it."""

    ref: str
    """``name@3`` for a version, else the URI or path of the source."""
    version_id: VersionId | None = None
    """None for an outside source, or for a version that was dropped since."""
    how: str = ""
    """The code or the operation that derived the version, as far as it is known."""


RunId: TypeAlias = int
"""Primary key of a row of the catalog's ``runs`` table."""


@dataclass(frozen=True, slots=True)
class NewRun:
    """A cell of a notebook that was run."""

    notebook: str
    session: str
    """One start of a kernel; unique."""
    source: str
    started_at: datetime
    seconds: float
    succeeded: bool


@dataclass(frozen=True, slots=True)
class Binding:
    """What a variable was at the end of a session."""

    variable: str
    ref: str
    """``name@3``, or empty when it was no saved frame or the version was dropped since."""
    note: str
    """What is known of a frame that was not saved, such as the inputs of a lazy one."""
    saved: bool
    """False for what was only noted."""
    at: datetime


@dataclass(frozen=True, slots=True)
class HoldRecord:
    """A hold: a named reason why files must stay although no version asks for them."""

    id: int
    reason: str
    ref: str
    """``name@3`` for a held version, empty for a file of its own."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a save returns: a version, its files, and what it cost."""

    id: VersionId
    name: str
    version: int
    kind: VersionKind
    rows: int
    byte_size: int
    """Bytes of the version's distinct files, as stored."""
    new_bytes: int
    """Bytes that this save added to the storage root; 0 when everything was there."""
    fingerprint: str
    files: tuple[ProducedFile, ...]
    deduplicated: bool
    """True when the very content was stored before: nothing was encoded or written."""
    created_at: datetime
    columns: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        """``name@version``, as every method of the workspace takes it."""
        return f"{self.name}@{self.version}"

    def __str__(self) -> str:
        state = "already stored" if self.deduplicated else "new"
        return f"{self.ref}: {self.rows:,} rows, {self.byte_size:,} bytes, {state}"


@dataclass(frozen=True, slots=True)
class DataRef:
    """A parsed reference to data: ``name`` (newest), ``name@3`` (version) or ``name@tag``."""

    name: str
    version: int | None = None
    tag: str | None = None

    def __str__(self) -> str:
        if self.version is not None:
            return f"{self.name}@{self.version}"
        return f"{self.name}@{self.tag}" if self.tag is not None else self.name


@dataclass(frozen=True, slots=True)
class FileLocation:
    """Where an engine finds the bytes of a stored file."""

    uri: str
    """Absolute path (a local folder) or full URL."""
    path: Path | None
    """The local path, or None for a remote store."""
    filesystem: Any = None
    """The fsspec filesystem that opens ``fs_path``, or None for a local path."""
    fs_path: str = ""


@dataclass(frozen=True, slots=True)
class GcReport:
    """What a garbage collection deleted, or would delete with ``dry_run=True``."""

    files: int
    bytes: int
    orphans: int
    """Objects that no row of the catalog names: left by a crash or a lost race."""
    orphan_bytes: int
    waiting: int
    """Files at 0 references whose grace period is not over."""
    waiting_bytes: int
    dry_run: bool
    partly_used: int = 0
    """Files that stay for some of their columns only; ``optimize`` rewrites them when it pays.
    Told with ``dry_run=True``."""
    unused_bytes: int = 0
    """Bytes of their other columns."""


@dataclass(frozen=True, slots=True)
class OptimizeReport:
    """What ``optimize`` rewrote."""

    versions: tuple[str, ...]
    """The versions that lie in one file now, also others of the same content."""
    files: int
    """Files that were rewritten without columns that nothing uses."""
    written_bytes: int
    garbage_bytes: int
    """Bytes of files that nothing uses any more: ``gc`` deletes them."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that ``check`` found wrong."""

    kind: Literal["missing", "changed", "count", "unreadable", "manifest"]
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The result of comparing catalog, edges and bytes."""

    files: int
    bytes: int
    versions: int
    problems: tuple[Problem, ...]
    orphans: int
    """Objects without a row. They cost space and harm nothing; ``gc`` sweeps them."""

    @property
    def ok(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened and is committed."""

    kind: Literal[
        "file_produced",
        "file_deduplicated",
        "file_deleted",
        "version_created",
        "version_dropped",
        "version_expired",
    ]
    subject: str
    """The content hash of a file, or ``name@version``."""
    detail: Mapping[str, Any] = field(default_factory=dict)
